"""Variables of the BPS web API in contract fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.mappings import Draft, Ready

_FIELDS = {"title": "title", "def": "definisi", "notes": "notes", "unit": "satuan"}


def read(raw: Mapping[str, Any], portal: str = "") -> Draft:
    """A variable as `connectors/bps.py` yields it. Its table stands at the API, which wants the reader's own key."""
    draft = Draft(rest={key: value for key, value in raw.items() if value is not None})
    variable, domain = values.text(raw.get("var_id")), values.text(raw.get("domain"))
    if variable and domain:
        draft.identifier = f"{domain}-{variable}"
    for key, name in _FIELDS.items():
        found = None if values.is_missing(raw.get(key)) else values.reader(name)(raw[key])
        if found is not None:
            draft.dataset[name] = found
            draft.rest.pop(key)
    tags = values.texts([raw.get("sub_name"), raw.get("subcsa_name")])
    if tags:
        draft.dataset["tags"] = tags
    draft.dataset |= {"jenis_data": "statistik", "produsen_data_name": "Badan Pusat Statistik"}
    if draft.identifier:
        url = f"{portal.rstrip('/') or 'https://webapi.bps.go.id/v1/api'}/list/model/data/lang/ind/domain/{domain}/var/{variable}"
        name = draft.dataset.get("title") or draft.identifier
        draft.dataset["resources"] = [{"id": variable, "name": name, "url": url, "format": "json"}]
    return draft


READY = Ready(read)
