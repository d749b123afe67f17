"""Records whose keys are the contract's, or other known spellings of them (`judul`, `deskripsi`, `nama_opd`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.mappings import Draft, Ready
from satudata_harvesters.mappings.fields import contract_name, resources

#: Keys under which applications keep the identifier of a dataset, most telling first.
IDENTIFIERS = ("identifier", "guid", "id_dataset", "uuid", "id", "slug", "kode")
PUBLISHERS = ("produsen_data", "nama_opd", "nama_skpd", "opd", "skpd", "organisasi", "instansi", "penerbit")
RESOURCES = ("resources", "berkas", "distribution", "files")
LINKS = ("download_url", "downloadurl", "url_download", "tautan", "link", "file_url", "url")


def read(raw: Mapping[str, Any], _: str = "") -> Draft:
    """The contract fields found by name; everything else stays in `rest`."""
    draft = Draft(rest={key: value for key, value in raw.items() if value is not None})
    for key in IDENTIFIERS:
        if not values.is_missing(raw.get(key)) and (found := values.text(raw[key])):
            draft.identifier = found
            draft.rest.pop(key, None)
            break
    for key in RESOURCES:
        if isinstance(raw.get(key), list):
            draft.dataset["resources"], others = resources(raw[key])
            draft.rest.pop(key)
            if any(others):
                draft.rest["resources"] = others
            break
    for key, value in raw.items():
        name = contract_name(key)
        if name is None or name in draft.dataset or values.is_missing(value):
            continue
        found = values.reader(name)(value)
        if found is not None:
            draft.dataset[name] = found
            draft.rest.pop(key, None)
    _publisher(raw, draft)
    _link(raw, draft)
    return draft


def _publisher(raw: Mapping[str, Any], draft: Draft) -> None:
    for key in PUBLISHERS:
        if "produsen_data_name" in draft.dataset:
            return
        value = raw.get(key)
        if isinstance(value, Mapping):
            value = value.get("title") or value.get("nama") or value.get("name")
        if not values.is_missing(value) and (found := values.text(value)):
            draft.dataset["produsen_data_name"] = found
            if not isinstance(raw[key], Mapping):
                draft.rest.pop(key, None)


def _link(raw: Mapping[str, Any], draft: Draft) -> None:
    """A record with one address and no list of files is about that one file."""
    if draft.dataset.get("resources"):
        return
    for key in LINKS:
        found = values.url(raw.get(key))
        if found and found.startswith(("http://", "https://")):
            resource = {"name": draft.dataset.get("title") or found, "url": found}
            if written := values.reader("format", "resource")(raw.get("format")):
                resource["format"] = written
                draft.rest.pop("format", None)
            draft.dataset["resources"] = [resource]
            draft.rest.pop(key, None)
            return


READY = Ready(read)
