"""Reading what a client sends: of the announced type, within its size, and strict JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import request

from ckanext.satudata.api.problems import Fault, Problem
from satudata_harvesters.strict_json import InvalidJson, loads

JSON = "application/json"
NDJSON = "application/x-ndjson"
#: Bytes of one dataset or one command; more is 413.
LARGEST = 1024 * 1024


def content(expected: Collection[str], largest: int = LARGEST) -> bytes:
    """The body as it was sent; 415 for another type than these, 413 beyond `largest` bytes."""
    if request.mimetype not in expected:
        raise Problem(415, params={"expected": ", ".join(expected)})
    if (request.content_length or 0) > largest:
        raise Problem(413)
    sent = request.get_data(cache=False)
    if len(sent) > largest:
        raise Problem(413)
    return sent


def decoded(sent: bytes) -> Any:
    """The JSON value of some bytes; 400 for what is none."""
    try:
        return loads(sent)
    except (InvalidJson, ValueError, RecursionError) as error:
        raise Problem(400, faults=[Fault("E-API-430", "")]) from error


def json_value(largest: int = LARGEST) -> Any:
    """The JSON value of the request's body."""
    return decoded(content([JSON], largest))


def json_object(known: Mapping[str, type | tuple[type, ...]], required: Collection[str] = ()) -> dict[str, Any]:
    """The JSON object of the body with these members and no others; 400 naming each that is unknown, wrong or missing.

    An empty body stands for an empty object where nothing is required. A member of `null` counts as not sent.
    """
    if not required and not (request.content_length or "Transfer-Encoding" in request.headers):
        return {}
    sent = json_value()
    if not isinstance(sent, dict):
        raise Problem(400, faults=[Fault("E-API-430", "")])
    faults = [Fault("E-API-431", _pointer(name), {"name": name}) for name in sent if name not in known]
    given = {name: value for name, value in sent.items() if value is not None and name in known}
    faults += [Fault("E-API-436", _pointer(name), {"name": name}) for name in required if name not in given]
    faults += [
        Fault("E-API-437", _pointer(name), {"name": name})
        for name, value in given.items()
        if not isinstance(value, known[name]) or (isinstance(value, bool) and known[name] is not bool)
    ]
    if faults:
        raise Problem(400, faults=faults[:50])
    return given


def texts(value: Any, name: str, *, most: int) -> list[str]:
    """A list of at most `most` different short texts; 400 naming the member otherwise."""
    fine = isinstance(value, list) and 0 < len(value) <= most
    if not fine or not all(isinstance(one, str) and 0 < len(one) <= 200 and "\x00" not in one for one in value):
        raise Problem(400, faults=[Fault("E-API-438", _pointer(name), {"name": name, "most": most})])
    return list(dict.fromkeys(value))


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")[:100]
