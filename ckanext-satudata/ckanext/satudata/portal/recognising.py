"""What answers at an address, found out for the person who connects it: kind, list of records, paging, mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ckanext.satudata.harvest import reading
from ckanext.satudata.harvest.errors import Refused
from satudata_harvesters.connect import connect
from satudata_harvesters.errors import ReadingError, SourceError
from satudata_harvesters.source import Source

#: The form's choice "look for yourself".
KIND = "otomatis"
#: A person waits for the whole look around.
_SECONDS = 25
#: Where the form mends what stands in the way: credentials that are refused, a network that is closed.
_FIELDS = {"E-TRK-003": "key", "E-TRK-011": "network"}


class NotRecognised(Refused):
    """What stands in the way; `field` of the form is where it can be mended."""

    def __init__(self, error: ReadingError, field: str) -> None:
        super().__init__(error.code, **error.params)
        self.field = field


def recognise(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of a source with what was seen at its address: connector, configuration, mapping.

    The person's own answers (names, OPD, schedule, networks, credentials) stay. Raises `NotRecognised`.
    """
    given = dict(definition)
    # Which networks and credentials may be used is asked of the same client that reads later.
    asked = Source.from_dict({**given, "connector": "ckan"})
    auth = (given.get("config") or {}).get("auth")
    try:
        found = connect(given["url"], reading.client(asked), name=given["name"], auth=auth, seconds=_SECONDS)
    except ReadingError as error:
        raise NotRecognised(error, _FIELDS.get(error.code, "url")) from None
    if found.needs_key and not auth:
        raise NotRecognised(SourceError("E-TRK-003", url=given["url"], status=401), "key")
    seen = {name: value for name, value in found.source.to_dict().items() if value}
    return {**seen, **given, "url": found.source.url, "config": {**seen.get("config", {}), **given.get("config", {})}}
