"""Writing: a source's own dataset under its own identifier. The same checks and outcomes as a harvest."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request
from werkzeug.datastructures import ETags

from ckanext.satudata.api import answering, bodies, database, problems, publishing, settings
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Fault, Problem, preferred_language
from ckanext.satudata.api.routing import route
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import Issue

#: Lines of a batch and their bytes, and how many are written in one transaction.
MAX_BATCH = 1000
MAX_BATCH_BYTES = 10 * 1024 * 1024
BATCH = 500


@route("/sources/<source>/datasets/<path:identifier>", scope="dataset:write", methods=("PUT",))
def put_dataset(caller: Caller, _values: dict[str, Any], source: str, identifier: str) -> Response:
    """Create or replace the dataset that the source knows by this identifier."""
    _check_identifier(identifier)
    session = database.session()
    row = publishing.source_for(session, caller, source)
    dataset = publishing.read_dataset(bodies.json_value(), identifier)
    conditions = {"if_match": request.if_match, "if_none_match": request.if_none_match}
    outcome = publishing.put(session, caller, row, dataset, **conditions)
    language = preferred_language()
    if outcome.hasil == "tidak_dimuat":
        raise _not_loaded(outcome)
    response = answering.document(_told(outcome, language))
    response.status_code = 201 if outcome.is_new else 200
    response.headers["Content-Language"] = language
    if outcome.is_new:
        response.headers["Location"] = f"{settings.PREFIX}{settings.VERSION_PREFIX}/datasets/{outcome.id}"
    return response


@route("/sources/<source>/datasets", scope="dataset:write", methods=("POST",))
def put_datasets(caller: Caller, _values: dict[str, Any], source: str) -> Response:
    """Create or replace many datasets of a source: one JSON document a line, and a result for each line."""
    session = database.session()
    row = publishing.source_for(session, caller, source)
    sent = bodies.content([bodies.NDJSON], MAX_BATCH_BYTES).splitlines()
    if len(sent) > MAX_BATCH:
        raise Problem(413)
    read = {number: _line(line) for number, line in enumerate(sent, start=1) if line.strip()}
    datasets = {number: found for number, found in read.items() if isinstance(found, Dataset)}
    results: dict[int, publishing.Outcome | Problem] = {}
    numbers = list(datasets)
    for start in range(0, len(numbers), BATCH):
        some = numbers[start : start + BATCH]
        outcomes = publishing.put_all(
            session,
            caller,
            row,
            [datasets[number] for number in some],
            if_match=ETags(),
            if_none_match=ETags(star_tag="*" in request.headers.get("If-None-Match", "")),
            overwrite=request.if_match.star_tag,
        )
        results |= zip(some, outcomes, strict=True)
    language = preferred_language()
    lines = [_result(number, read[number], results.get(number), language) for number in read]
    response = Response(b"".join(lines), content_type=bodies.NDJSON)
    response.headers["Content-Language"] = language
    return response


@route("/sources/<source>/datasets/<path:identifier>", scope="dataset:write", methods=("DELETE",))
def delete_dataset(caller: Caller, _values: dict[str, Any], source: str, identifier: str) -> Response:
    """Withdraw it from the catalogue; a tombstone stays."""
    _check_identifier(identifier)
    session = database.session()
    row = publishing.source_for(session, caller, source)
    publishing.withdraw(session, caller, row, identifier, if_match=request.if_match)
    return Response(status=204)


def _check_identifier(identifier: str) -> None:
    unfit = len(identifier) > publishing.LONGEST_IDENTIFIER or "\x00" in identifier
    if unfit or publishing.holds_person(identifier):
        raise Problem(400, faults=[Fault("E-API-434", "/identifier")])


def _line(line: bytes) -> Dataset | Problem:
    """The dataset of a line, or what is wrong with it."""
    try:
        sent = bodies.decoded(line)
        identifier = sent.get("identifier") if isinstance(sent, dict) else None
        if not isinstance(identifier, str) or not identifier:
            return Problem(422, faults=[Fault("E-API-436", "/identifier", {"name": "identifier"})])
        _check_identifier(identifier)
        return publishing.read_dataset(sent, identifier)
    except Problem as problem:
        return problem


def _result(number: int, read: Dataset | Problem, result: publishing.Outcome | Problem | None, language: str) -> bytes:
    told: dict[str, Any] = {"line": number}
    if isinstance(read, Dataset):
        told["identifier"] = read["identifier"]
    settled = result if result is not None else read
    if isinstance(settled, publishing.Outcome) and settled.hasil == "tidak_dimuat":
        settled = _not_loaded(settled)
    if isinstance(settled, Problem):
        words = problems.document(settled, language)
        told |= {name: words[name] for name in ("status", "code", "detail", "errors") if name in words}
    elif isinstance(settled, publishing.Outcome):
        told |= {"status": 201 if settled.is_new else 200, "dataset": _told(settled, language)}
    return orjson.dumps(told) + b"\n"


def _told(outcome: publishing.Outcome, language: str) -> dict[str, Any]:
    return {
        "id": outcome.id,
        "hasil": outcome.hasil,
        "status": outcome.status,
        "issues": [issue.told(language) for issue in outcome.issues],
    }


def _not_loaded(outcome: publishing.Outcome) -> Problem:
    return Problem(422, faults=[_fault(issue) for issue in outcome.issues if issue.severity == "error"])


def _fault(issue: Issue) -> Fault:
    language = preferred_language()
    return Fault(issue.code, issue.pointer, detail=f"{issue.message(language)} {issue.remedy(language)}".strip())
