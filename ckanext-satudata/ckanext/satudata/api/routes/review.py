"""Review: what waits for the Walidata, and approving or returning it, one by one or many at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
from flask import Response

from ckanext.satudata.api import answering, bodies, database, paging, parameters
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Fault, Problem
from ckanext.satudata.api.refusals import changing, fault
from ckanext.satudata.api.routing import route
from ckanext.satudata.catalog import erase as erasing
from ckanext.satudata.catalog import review, roles, status
from ckanext.satudata.catalog.review import Decided
from ckanext.satudata.harvest import suggestions

#: Datasets decided in one request.
MAX_IDS = 500
_SHOWN = (
    "id", "name", "title", "identifier", "owner_org", "status", "hasil", "score", "menunggu_sejak", "metadata_changed",
    "last_seen",
)  # fmt: skip


@route(
    "/review/waiting",
    scope="review",
    parameters={"limit": parameters.limit(100), "cursor": parameters.cursor()},
)
def waiting(caller: Caller, values: dict[str, Any]) -> Response:
    """What waits for a decision of the caller, the longest first."""
    session = database.session()
    statuses = _statuses(session, caller)
    after = paging.opened(values["cursor"], "waited") if "cursor" in values else None
    limit = values.get("limit", 100)
    rows = status.waiting(session, statuses=statuses, limit=limit, after=after)
    cursor = paging.sealed(status.place(rows[-1]), "waited") if len(rows) == limit else None
    told = [orjson.dumps({name: row.get(name) for name in _SHOWN}).decode() for row in rows]
    following = paging.following(cursor) if cursor else None
    return answering.listing(told, total=status.waiting_count(session, statuses), cursor=cursor, following=following)


@route("/review/approve", scope="review", methods=("POST",))
def approve(caller: Caller, _values: dict[str, Any]) -> Response:
    """Publish what waits; each dataset has a result of its own."""
    _statuses(database.session(), caller)
    sent = bodies.json_object({"ids": list, "reason": str}, required=["ids"])
    ids = bodies.texts(sent["ids"], "ids", most=MAX_IDS)
    with changing() as session:
        decided = review.approve(session, ids, actor=caller.actor, reason=sent.get("reason"))
    return _decided(ids, decided)


@route("/review/return", scope="review", methods=("POST",))
def send_back(caller: Caller, _values: dict[str, Any]) -> Response:
    """Return datasets to their OPD with a reason and, where given, a day."""
    _statuses(database.session(), caller)
    sent = bodies.json_object({"ids": list, "reason": str, "deadline": str}, required=["ids", "reason"])
    ids = bodies.texts(sent["ids"], "ids", most=MAX_IDS)
    deadline = _day(sent["deadline"]) if "deadline" in sent else None
    with changing() as session:
        decided = review.send_back(session, ids, actor=caller.actor, reason=sent["reason"][:2000], deadline=deadline)
    return _decided(ids, decided)


@route("/datasets/<id_or_name>/erase", scope="review", methods=("POST",))
def erase(caller: Caller, _values: dict[str, Any], id_or_name: str) -> Response:
    """Erase a dataset that must not exist, from every version, index and file; answers the incident to be reported."""
    if not roles.is_walidata(database.session(), caller.actor):
        raise Problem(403, "E-API-439")
    sent = bodies.json_object({"reason": str, "known_at": str}, required=["reason"])
    known_at = _moment(sent["known_at"]) if "known_at" in sent else None
    with changing() as session:
        asked = id_or_name.replace("\x00", "")
        incident = erasing.erase(session, asked, actor=caller.actor, reason=sent["reason"], known_at=known_at)
    erasing.finish(session)
    return answering.document({"incident": incident})


@route("/datasets/<id_or_name>/suggestions", scope="dataset:write", methods=("POST",))
def accept(caller: Caller, _values: dict[str, Any], id_or_name: str) -> Response:
    """Accept what was suggested for one dataset: all of it, or only these fields."""
    sent = bodies.json_object(_WHICH)
    return _accepted(caller, [id_or_name], sent)


@route("/suggestions/accept", scope="dataset:write", methods=("POST",))
def accept_many(caller: Caller, _values: dict[str, Any]) -> Response:
    """Accept what was suggested for many datasets; each has a result of its own."""
    sent = bodies.json_object({"ids": list, **_WHICH}, required=["ids"])
    return _accepted(caller, bodies.texts(sent["ids"], "ids", most=MAX_IDS), sent)


_WHICH: dict[str, type | tuple[type, ...]] = {"fields": list, "confidence": str}


def _accepted(caller: Caller, ids: Sequence[str], sent: dict[str, Any]) -> Response:
    fields = bodies.texts(sent["fields"], "fields", most=100) if "fields" in sent else None
    confidence = sent.get("confidence", "low")
    if confidence not in suggestions.CONFIDENCES:
        raise Problem(400, faults=[Fault("E-API-437", "/confidence", {"name": "confidence"})])
    with changing() as session:
        found = suggestions.accept(session, ids, fields=fields, confidence=confidence, actor=caller.actor)
    told = []
    for asked, one in zip(ids, found, strict=True):
        line: dict[str, Any] = {"id": one.id, "asked": asked, "outcome": one.outcome, "status": one.status or None}
        line["fields"] = list(one.fields)
        if one.code:
            line |= {"code": one.code, "detail": fault(one.code).detail}
        told.append(line)
    return answering.document({"data": told})


def _moment(sent: str) -> dt.datetime:
    try:
        told = dt.datetime.fromisoformat(sent.replace("Z", "+00:00"))
    except ValueError as error:
        raise Problem(400, faults=[Fault("E-API-437", "/known_at", {"name": "known_at"})]) from error
    return told if told.tzinfo else told.replace(tzinfo=dt.timezone.utc)


def _statuses(session: Any, caller: Caller) -> tuple[str, ...]:
    """The statuses that wait for this caller; 403 for who decides nothing."""
    walidata = roles.is_walidata(session, caller.actor)
    pembina = roles.has_pembina() and roles.is_pembina(session, caller.actor)
    if not (walidata or pembina):
        raise Problem(403, "E-API-439")
    return ("menunggu",) * walidata + ("disetujui",) * pembina


def _decided(ids: Sequence[str], decided: Sequence[Decided]) -> Response:
    told = []
    for asked, one in zip(ids, decided, strict=True):
        line: dict[str, Any] = {"id": one.id, "asked": asked, "outcome": one.outcome, "status": one.status or None}
        if one.code:
            words = fault(one.code)
            line |= {"code": one.code, "detail": words.detail}
        told.append(line)
    return answering.document({"data": told})


def _day(sent: str) -> dt.date:
    try:
        return dt.date.fromisoformat(sent)
    except ValueError as error:
        raise Problem(400, faults=[Fault("E-API-437", "/deadline", {"name": "deadline"})]) from error
