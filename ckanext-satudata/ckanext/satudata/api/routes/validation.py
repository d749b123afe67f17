"""Checking without storing: datasets as they would be sent, or a file as an office keeps it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from flask import Response, request

from ckanext.satudata.api import answering, bodies, parameters
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Fault, Problem, preferred_language
from ckanext.satudata.api.refusals import fault
from ckanext.satudata.api.routing import route
from satudata_harvesters.check import Terms, check_file, check_records
from satudata_harvesters.errors import ReadingError
from satudata_harvesters.preview import Preview
from satudata_schemas.profile import DEFAULT, Profile

#: Datasets that one request may hold, and bytes of a file.
MAX_DATASETS = 100
MAX_FILE = 10 * 1024 * 1024
#: Media types of files -> the suffix under which they are read.
FILES = {
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
    bodies.NDJSON: ".ndjson",
}


PARAMETERS = {"profile": parameters.one_of(sorted(Profile.names()))}


@route("/validate", scope="dataset:write", methods=("POST",), parameters=PARAMETERS)
def validate(_caller: Caller, values: dict[str, Any]) -> Response:
    """What the rules say of datasets (JSON: one, or a list) or of a file; nothing is stored."""
    terms = Terms(Profile.load(values.get("profile", DEFAULT)), limit=MAX_DATASETS)
    if request.mimetype == bodies.JSON:
        found = check_records(_datasets(bodies.json_value(MAX_FILE)), terms)
    else:
        found = _file(bodies.content([*FILES, bodies.JSON], MAX_FILE), FILES.get(request.mimetype, ""), terms)
    language = preferred_language()
    told = found.to_dict(language)  # type: ignore[arg-type]
    response = answering.document({"items": told["items"], "summary": told["summary"]})
    response.headers["Content-Language"] = language
    return response


def _datasets(sent: Any) -> list[dict[str, Any]]:
    datasets = sent if isinstance(sent, list) else [sent]
    if len(datasets) > MAX_DATASETS:
        raise Problem(413)
    if not datasets or not all(isinstance(one, dict) for one in datasets):
        raise Problem(400, faults=[Fault("E-API-430", "")])
    return datasets


def _file(content: bytes, suffix: str, terms: Terms) -> Preview:
    with tempfile.TemporaryDirectory(prefix="satudata-") as folder:
        path = Path(folder, f"berkas{suffix}")
        path.write_bytes(content)
        try:
            found = check_file(path, terms)
            if found.error is not None:
                raise found.error
        except ReadingError as error:
            raise Problem(422, "E-API-435", faults=[fault(error.code, error.params)]) from error
    return found
