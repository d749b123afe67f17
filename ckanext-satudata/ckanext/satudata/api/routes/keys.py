"""Long-lived reading keys, made and taken back by who administers the catalogue."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from ckanext.satudata.api import answering, bodies, database, reading_keys
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.clients import ClientRefused
from ckanext.satudata.api.problems import Fault, Problem
from ckanext.satudata.api.refusals import changing
from ckanext.satudata.api.routing import route

LONGEST_NAME = 200
NO_STORE = {"Cache-Control": "no-store"}


@route("/keys", scope="admin")
def listing(_caller: Caller, _values: dict[str, Any]) -> Response:
    """Every key with its uses and times, never its value."""
    told = [
        {
            "id": row.id,
            "name": row.name,
            "scopes": row.scopes,
            "created": row.created,
            "last_used": row.last_used,
            "uses": row.uses,
            "revoked_at": row.revoked_at,
        }
        for row in reading_keys.listing(database.session())
    ]
    return answering.listing([orjson.dumps(one).decode() for one in told], total=len(told))


@route("/keys", scope="admin", methods=("POST",))
def add(caller: Caller, _values: dict[str, Any]) -> Response:
    """Make a key; its value is told this once."""
    sent = bodies.json_object({"name": str}, required=["name"])
    name = sent["name"].strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Problem(400, faults=[Fault("E-API-437", "/name", {"name": "name"})])
    with changing() as session:
        made = reading_keys.add(session, name=name, actor=caller.actor)
    told = {"id": made.id, "name": made.name, "scopes": list(reading_keys.SCOPES), "key": made.value}
    response = answering.document(told)
    response.status_code = 201
    response.headers.update(NO_STORE)
    return response


@route("/keys/<key>", scope="admin", methods=("DELETE",))
def revoke(caller: Caller, _values: dict[str, Any], key: str) -> Response:
    """Take a key back from this moment on."""
    try:
        with changing() as session:
            reading_keys.revoke(session, key.replace("\x00", ""), actor=caller.actor)
    except ClientRefused as error:
        raise Problem(404) from error
    return Response(status=204)
