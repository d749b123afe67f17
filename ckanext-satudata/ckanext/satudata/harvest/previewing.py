"""The first datasets of a source for a person or a program that waits: nothing is stored, and not for long.

Each holds a thread of the web server while another server takes its time, so only some are made at once.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ckan.common import config

from ckanext.satudata.harvest import reading, secrets
from ckanext.satudata.harvest.errors import Refused
from satudata_harvesters.errors import ReadingError
from satudata_harvesters.preview import Preview, preview
from satudata_harvesters.source import Source

#: Somebody waits: one attempt, a quarter of a minute.
_LIMITS = {"connect": 5, "read": 10, "deadline": 15, "attempts": 1}
_PAGE = 20
#: Seconds after which a preview that was refused may be asked for again.
RETRY = _LIMITS["deadline"]

_taking: Counter[str] = Counter()
_lock = threading.Lock()


class Busy(Refused):
    """As many previews as may be made at once are under way, in this process or for this client."""

    def __init__(self) -> None:
        super().__init__("E-SRC-015", retry=RETRY)


@contextmanager
def turn(client: str) -> Iterator[None]:
    """Hold one of this process's turns while the block looks at a source; `client` (a user or an API client) has one.

    Raises `Busy` at once where none is free: whoever waited would hold a thread for nothing.
    """
    with _lock:
        if _taking[client] or _taking.total() >= int(config.get("ckanext.satudata.previews", 2)):
            raise Busy
        _taking[client] += 1
    try:
        yield
    finally:
        with _lock:
            del _taking[client]


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
