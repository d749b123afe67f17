"""The versions a dataset has had, and what differs between two of them."""

from __future__ import annotations

import re
from typing import Any

import orjson
from flask import Response

from ckanext.satudata.api import answering, database, paging, parameters
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Problem
from ckanext.satudata.api.routes.datasets import answer_of
from ckanext.satudata.api.routing import route
from ckanext.satudata.catalog import history as kept
from ckanext.satudata.catalog.answer import PERSONAL_PREFIX
from ckanext.satudata.catalog.package import unpublished_fields

DEFAULT_LIMIT = 50


@route(
    "/datasets/<id_or_name>/history",
    scope="dataset:read",
    parameters={"limit": parameters.limit(100), "cursor": parameters.cursor()},
)
def history(caller: Caller, values: dict[str, Any], id_or_name: str) -> Response:
    """The newest versions first: when, why, by whom, and which fields differ from the version before."""
    id_ = _own(caller, id_or_name)
    session = database.session()
    binding = f"history {id_}"
    before = int(paging.opened(values["cursor"], binding)) if "cursor" in values else None
    limit = values.get("limit", DEFAULT_LIMIT)
    found = kept.versions(session, id_, limit=limit, before=before)
    cursor = paging.sealed(str(found[-1].version), binding) if len(found) == limit else None
    told = [
        {
            "version": one.version,
            "at": one.at,
            "kind": one.kind,
            "cause": one.cause,
            "actor": one.actor,
            "run": one.run,
            "status": one.status,
            "fields": None if one.fields is None else list(one.fields),
        }
        for one in found
    ]
    return answering.listing(
        [orjson.dumps(one).decode() for one in told],
        total=kept.count(session, id_),
        cursor=cursor,
        following=paging.following(cursor) if cursor else None,
    )


@route("/datasets/<id_or_name>/history/<old>/<new>", scope="dataset:read")
def comparison(caller: Caller, _values: dict[str, Any], id_or_name: str, old: str, new: str) -> Response:
    """What differs between two versions, field by field; a person's contact is named but not shown."""
    id_ = _own(caller, id_or_name)
    try:
        found = kept.compare(database.session(), id_, _number(old), _number(new))
    except kept.NoSuchVersion as error:
        raise Problem(404) from error
    told = [
        {
            "field": one.field,
            "resource": one.resource or None,
            "before": None if _personal(one.field) else one.before,
            "after": None if _personal(one.field) else one.after,
        }
        for one in found
    ]
    return answering.document({"id": id_, "old": int(old), "new": int(new), "differences": told})


def _number(sent: str) -> int:
    if not re.fullmatch(r"\d{1,9}", sent, re.ASCII):
        raise Problem(404)
    return int(sent)


def _personal(field: str) -> bool:
    return field in unpublished_fields() or field.startswith(PERSONAL_PREFIX)


def _own(caller: Caller, id_or_name: str) -> str:
    """The id of a dataset whose inside is for the caller; 403 for one of which only the published state is."""
    row = answer_of(caller, id_or_name)
    if not caller.reads_inside(row.owner_org):
        raise Problem(403, "E-API-439")
    return str(row.package_id)
