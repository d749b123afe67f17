"""Sources: registering, previewing, changing and pausing the applications of an OPD, and what they have to mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from flask import Response

from ckanext.satudata.api import answering, bodies, database, findings, parameters, publishing, settings
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Fault, Problem, preferred_language
from ckanext.satudata.api.refusals import changing
from ckanext.satudata.api.routing import route
from ckanext.satudata.catalog import audit, roles
from ckanext.satudata.harvest import previewing, sources
from satudata_harvesters.preview import Preview

#: Datasets that a preview shows.
_PREVIEWED = 5
_PAGE = {"limit": parameters.limit(findings.MAX_LIMIT), "cursor": parameters.cursor()}
#: What of a source's row is told; its sealed secrets are not, and the connection's state is in `state`.
_SHOWN = (
    "id", "name", "title", "connector", "url", "organization", "organization_title", "penayangan", "identitas",
    "profile", "state", "paused_reason", "schedule", "timezone", "next_run", "last_success", "failing_since", "created",
    "modified", "definition",
)  # fmt: skip


@route("/sources", scope="source:manage")
def listing(caller: Caller, _values: dict[str, Any]) -> Response:
    """The sources the caller may manage, each with its definition; credentials are shown as "terisi"."""
    session = database.session()
    own = sorted(_own(caller, session))
    bodies_ = [orjson.dumps(_told(row)).decode() for row in sources.listing(session, organization_ids=own)]
    return answering.listing(bodies_, total=len(bodies_))


@route("/sources", scope="source:manage", methods=("POST",))
def add(caller: Caller, _values: dict[str, Any]) -> Response:
    """Register a source of an OPD."""
    definition = _definition()
    with changing() as session:
        organization = _organization(caller, definition)
        source_id = sources.add(session, definition, organization=organization, actor=caller.actor)
        _confined(caller, sources.get(session, source_id))
        audit.note(session, "source.add", "source", [source_id], actor=caller.actor)
        told = _told(sources.get(session, source_id))
    response = answering.document(told)
    response.status_code = 201
    response.headers["Location"] = f"{settings.PREFIX}{settings.VERSION_PREFIX}/sources/{told['name']}"
    return response


@route("/sources/preview", scope="source:manage", methods=("POST",))
def preview(caller: Caller, _values: dict[str, Any]) -> Response:
    """What a source would give, before anything is stored."""
    definition = _definition()
    with changing() as session:
        organization = _organization(caller, definition)
        _, owner = sources.checked(session, definition, organization=organization, actor=caller.actor)
        _confined(caller, {"organization_id": owner})
    named = {**definition, "organization": owner}
    with _turn(caller):
        return _previewed(previewing.first_datasets(named, limit=_PREVIEWED))


@route("/sources/<source>", scope="source:manage")
def show(caller: Caller, _values: dict[str, Any], source: str) -> Response:
    """One source with its definition."""
    session = database.session()
    row = publishing.source_for(session, caller, source)
    return answering.document(_told(sources.get(session, row.id)))


@route("/sources/<source>", scope="source:manage", methods=("PUT",))
def update(caller: Caller, _values: dict[str, Any], source: str) -> Response:
    """Change a source; a credential sent as "terisi" stays what it was."""
    with changing() as session:
        row = publishing.source_for(session, caller, source)
        definition = _definition()
        sources.update(session, row.name, definition, actor=caller.actor)
        audit.note(session, "source.update", "source", [row.id], actor=caller.actor)
        told = _told(sources.get(session, row.id))
    return answering.document(told)


@route("/sources/<source>/preview", scope="source:manage", methods=("POST",))
def preview_known(caller: Caller, _values: dict[str, Any], source: str) -> Response:
    """What a registered source gives at this moment; nothing is stored."""
    bodies.json_object({})
    with changing() as session:
        row = publishing.source_for(session, caller, source)
        if row.connector == sources.BY_HAND:
            raise Problem(409, faults=[Fault("E-API-409", "")])
        sources.refuse_networks(row.definition.get("allow_networks") or ())
        found = row._asdict()
    with _turn(caller):
        return _previewed(previewing.first_datasets_of(found, limit=_PREVIEWED))


@route("/sources/<source>/pause", scope="source:manage", methods=("POST",))
def pause(caller: Caller, _values: dict[str, Any], source: str) -> Response:
    """Stop harvesting a source; what it has published stays."""
    with changing() as session:
        row = publishing.source_for(session, caller, source)
        sent = bodies.json_object({"reason": str})
        sources.pause(session, row.name, actor=caller.actor, reason=sent.get("reason", "")[:500] or None)
        audit.note(session, "source.pause", "source", [row.id], actor=caller.actor)
        told = _told(sources.get(session, row.id))
    return answering.document(told)


@route("/sources/<source>/resume", scope="source:manage", methods=("POST",))
def resume(caller: Caller, _values: dict[str, Any], source: str) -> Response:
    """Harvest a paused source again."""
    bodies.json_object({})
    with changing() as session:
        row = publishing.source_for(session, caller, source)
        sources.resume(session, row.name, actor=caller.actor)
        audit.note(session, "source.resume", "source", [row.id], actor=caller.actor)
        told = _told(sources.get(session, row.id))
    return answering.document(told)


@route("/sources/<source>/issues", scope="harvest:run", parameters=_PAGE)
def issues(caller: Caller, values: dict[str, Any], source: str) -> Response:
    """What is to be mended in everything the source holds."""
    row = publishing.source_for(database.session(), caller, source)
    return findings.page(findings.OF_SOURCE, row.id, values)


@route("/sources/<source>/issues.csv", scope="harvest:run")
def issues_table(caller: Caller, _values: dict[str, Any], source: str) -> Response:
    """The same as CSV."""
    row = publishing.source_for(database.session(), caller, source)
    return findings.table(findings.OF_SOURCE, row.id, f"kesalahan-{row.name}.csv")


def _definition() -> dict[str, Any]:
    sent = bodies.json_value(256 * 1024)
    if not isinstance(sent, dict):
        raise Problem(400, faults=[Fault("E-API-430", "")])
    return sent


def _organization(caller: Caller, definition: Mapping[str, Any]) -> str:
    """The OPD a definition names, or the one the caller is confined to."""
    named = definition.get("organization") or caller.org_id
    if not isinstance(named, str) or not named:
        raise Problem(422, "E-API-435", faults=[Fault("E-API-436", "/organization", {"name": "organization"})])
    return named


def _confined(caller: Caller, row: Mapping[str, Any]) -> None:
    if caller.org_id is not None and row["organization_id"] != caller.org_id:
        raise Problem(403, "E-API-433")


def _own(caller: Caller, session: Any) -> set[str]:
    if caller.org_id is not None:
        return {caller.org_id}
    if roles.is_walidata(session, caller.actor):
        return roles.all_organizations(session)
    return roles.organizations_of(session, caller.actor)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _SHOWN}


@contextmanager
def _turn(caller: Caller) -> Iterator[None]:
    """A turn of the caller's at a preview, or 429: each holds a thread while another server takes its time."""
    try:
        with previewing.turn(caller.client_id):
            yield
    except previewing.Busy as busy:
        raise Problem(429, "E-API-440", params=busy.params, headers={"Retry-After": str(previewing.RETRY)}) from busy


def _previewed(found: Preview) -> Response:
    language = preferred_language()
    told = found.to_dict(language)  # type: ignore[arg-type]
    for item in told["items"]:
        if item["hasil"] == "tidak_dimuat":  # its words may be a person's
            item["title"] = item["identifier"] = None
    response = answering.document(told)
    response.headers["Content-Language"] = language
    return response
