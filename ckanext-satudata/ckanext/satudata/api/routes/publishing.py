"""Writing: a source's own dataset under its own identifier. The same checks and outcomes as a harvest."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from ckanext.satudata.api import answering, bodies, database, publishing, settings
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Fault, Problem, Unavailable, preferred_language
from ckanext.satudata.api.routing import route
from satudata_schemas.issue import Issue


@route("/sources/<source>/datasets/<path:identifier>", scope="dataset:write", methods=("PUT",))
def put_dataset(caller: Caller, _values: dict[str, Any], source: str, identifier: str) -> Response:
    """Create or replace the dataset that the source knows by this identifier."""
    _check_identifier(identifier)
    dataset = publishing.read_dataset(bodies.json_value(), identifier)
    session = database.session()
    try:
        outcome = publishing.put(
            session,
            caller,
            publishing.source_for(session, caller, source),
            dataset,
            if_match=request.if_match,
            if_none_match=request.if_none_match,
        )
    except database.GONE as error:
        raise Unavailable("postgres") from error
    language = preferred_language()
    if outcome.hasil == "tidak_dimuat":
        raise Problem(422, faults=[_fault(issue) for issue in outcome.issues if issue.severity == "error"])
    told = {
        "id": outcome.id,
        "hasil": outcome.hasil,
        "status": outcome.status,
        "issues": [_shown(issue, language) for issue in outcome.issues],
    }
    response = answering.document(told)
    response.status_code = 201 if outcome.is_new else 200
    response.headers["Content-Language"] = language
    if outcome.is_new:
        response.headers["Location"] = f"{settings.PREFIX}{settings.VERSION_PREFIX}/datasets/{outcome.id}"
    return response


@route("/sources/<source>/datasets/<path:identifier>", scope="dataset:write", methods=("DELETE",))
def delete_dataset(caller: Caller, _values: dict[str, Any], source: str, identifier: str) -> Response:
    """Withdraw it from the catalogue; a tombstone stays."""
    _check_identifier(identifier)
    session = database.session()
    try:
        row = publishing.source_for(session, caller, source)
        publishing.withdraw(session, caller, row, identifier, if_match=request.if_match)
    except database.GONE as error:
        raise Unavailable("postgres") from error
    return Response(status=204)


def _check_identifier(identifier: str) -> None:
    unfit = len(identifier) > publishing.LONGEST_IDENTIFIER or "\x00" in identifier
    if unfit or publishing.holds_person(identifier):
        raise Problem(400, faults=[Fault("E-API-434", "/identifier")])


def _shown(issue: Issue, language: str) -> dict[str, Any]:
    return {
        "code": issue.code,
        "severity": issue.severity,
        "pointer": issue.pointer,
        "principle": issue.principle,
        "message": issue.message(language),
        "remedy": issue.remedy(language),
    }


def _fault(issue: Issue) -> Fault:
    language = preferred_language()
    return Fault(issue.code, issue.pointer, detail=f"{issue.message(language)} {issue.remedy(language)}".strip())
