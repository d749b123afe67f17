"""Runs: starting a harvest, watching it, and deciding about what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Response
from sqlalchemy.orm import Session

from ckanext.satudata.api import answering, bodies, database, findings, parameters, publishing, settings
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.refusals import changing, fault, raise_problem
from ckanext.satudata.api.routing import route
from ckanext.satudata.catalog import audit
from ckanext.satudata.harvest import runs, schedule
from ckanext.satudata.harvest.errors import Refused

_STATES = ("antre", "berjalan", "terputus", "selesai", "gagal", "dibatalkan", "ditahan")
_PAGE = {"limit": parameters.limit(findings.MAX_LIMIT), "cursor": parameters.cursor()}
_RUNS = {"state": parameters.one_of(_STATES, many=True), "limit": parameters.limit(100)}


@route("/sources/<source>/runs", scope="harvest:run", parameters=_RUNS)
def listing(caller: Caller, values: dict[str, Any], source: str) -> Response:
    """The newest runs of a source."""
    session = database.session()
    row = publishing.source_for(session, caller, source)
    found = runs.listing(session, source_id=row.id, states=values.get("state", ()), limit=values.get("limit", 20))
    return answering.listing([orjson.dumps(_told(run)).decode() for run in found], total=len(found))


@route("/sources/<source>/runs", scope="harvest:run", methods=("POST",))
def start(caller: Caller, _values: dict[str, Any], source: str) -> Response:
    """Start a harvest of a source; it waits for a worker, and its address tells how far it is."""
    bodies.json_object({})
    with changing() as session:
        row = publishing.source_for(session, caller, source)
        run_id = runs.start(session, row.id, actor=caller.actor, trigger="api")
        audit.note(session, "run.start", "run", [run_id], actor=caller.actor)
        told = _told(runs.show(session, run_id))
    schedule.enqueue(run_id)
    return _queued(told)


@route("/runs/<run>", scope="harvest:run")
def show(caller: Caller, _values: dict[str, Any], run: str) -> Response:
    """One run: state, progress, counts, what stopped it, and the datasets it would take away."""
    return answering.document(_told(_run(database.session(), caller, run)))


@route("/runs/<run>/issues", scope="harvest:run", parameters=_PAGE)
def issues(caller: Caller, values: dict[str, Any], run: str) -> Response:
    """What a run found to be mended."""
    found = _run(database.session(), caller, run)
    return findings.page(findings.OF_RUN, found["run"], values)


@route("/runs/<run>/issues.csv", scope="harvest:run")
def issues_table(caller: Caller, _values: dict[str, Any], run: str) -> Response:
    """The same as CSV."""
    found = _run(database.session(), caller, run)
    return findings.table(findings.OF_RUN, found["run"], f"kesalahan-{found['run']}.csv")


@route("/runs/<run>/cancel", scope="harvest:run", methods=("POST",))
def cancel(caller: Caller, _values: dict[str, Any], run: str) -> Response:
    """Stop a run; what it has written stays."""
    return _decided(caller, run, "cancel", runs.cancel)


@route("/runs/<run>/confirm", scope="review", methods=("POST",))
def confirm(caller: Caller, _values: dict[str, Any], run: str) -> Response:
    """Let a held run mark its vanished datasets after all."""
    return _decided(caller, run, "confirm", runs.confirm)


@route("/runs/<run>/reject", scope="review", methods=("POST",))
def reject(caller: Caller, _values: dict[str, Any], run: str) -> Response:
    """Close a held run without removing anything."""
    return _decided(caller, run, "reject", runs.reject)


@route("/runs/<run>/undo", scope="review", methods=("POST",))
def undo(caller: Caller, _values: dict[str, Any], run: str) -> Response:
    """Take back everything a run has touched, by a run of its own."""
    bodies.json_object({})
    with changing() as session:
        undo_id = runs.undo(session, _run(session, caller, run)["run"], actor=caller.actor)
        told = _told(runs.show(session, undo_id))
    schedule.enqueue(undo_id)
    return _queued(told)


def _queued(told: Mapping[str, Any]) -> Response:
    response = answering.document(told)
    response.status_code = 202
    response.headers["Location"] = f"{settings.PREFIX}{settings.VERSION_PREFIX}/runs/{told['run']}"
    return response


def _decided(caller: Caller, run: str, action: str, decide: Callable[..., Any]) -> Response:
    bodies.json_object({})
    with changing() as session:
        found = _run(session, caller, run)
        decide(session, found["run"], actor=caller.actor)
        audit.note(session, f"run.{action}", "run", [found["run"]], actor=caller.actor)
        told = _told(runs.show(session, found["run"]))
    return answering.document(told)


def _run(session: Session, caller: Caller, run: str) -> Mapping[str, Any]:
    """A run of a source that the caller may manage."""
    try:
        found = runs.show(session, run.replace("\x00", ""))
    except Refused as refused:
        raise_problem(refused)
    publishing.source_for(session, caller, found["source_id"])
    return found


def _told(run: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in run.items() if name not in {"source_id", "refused"}}
    if run["error"]:
        words = fault(run["error"]["code"], run["error"]["params"])
        shown["error"] = {"code": words.code, "detail": words.detail}
    return shown
