"""The first datasets of a source for a person or a program that waits: nothing is stored, and not for long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ckanext.satudata.harvest import reading, secrets
from satudata_harvesters.errors import ReadingError
from satudata_harvesters.preview import Preview, preview
from satudata_harvesters.source import Source

#: Somebody waits: one attempt, a quarter of a minute.
_LIMITS = {"connect": 5, "read": 10, "deadline": 15, "attempts": 1}
_PAGE = 20


def first_datasets(definition: Mapping[str, Any], *, limit: int) -> Preview:
    """Read the first datasets of a checked definition through the guarded client; what stopped it is in `error`."""
    try:
        source = Source.from_dict(_hasty(definition))
        return preview(source, reading.client(source), limit=limit)
    except ReadingError as error:
        return Preview(error=error)


def first_datasets_of(row: Mapping[str, Any], *, limit: int) -> Preview:
    """The same of a registered source, from its row with the sealed secrets, which are opened for this reading alone.

    Raises `SourceRefused` where they cannot be.
    """
    whole = secrets.put_back(row["definition"], row["secrets"], name=row["name"])
    return first_datasets({**whole, "organization": row["organization_id"]}, limit=limit)


def _hasty(definition: Mapping[str, Any]) -> dict[str, Any]:
    settings = dict(definition.get("config") or {})
    if definition.get("connector") == "ckan":
        settings.setdefault("page_size", _PAGE)
    return {**definition, "config": settings, "limits": {**(definition.get("limits") or {}), **_LIMITS}}
