"""Issues as a list for people and programs: of a run or of a source, as JSON by pages or as one CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import answering, database, paging, publishing
from ckanext.satudata.api.problems import preferred_language
from satudata_schemas.issue import Issue
from satudata_schemas.spreadsheet import csv_text

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
BATCH = 2000
COLUMNS = (
    "id",
    "name",
    "identifier",
    "title",
    "hasil",
    "code",
    "severity",
    "pointer",
    "principle",
    "message",
    "remedy",
)

#: What each list is of: the records of a source, or what a run found.
OF_SOURCE = "r.source_id = :of"
OF_RUN = "i.run_id = :of"

# A record that must not be loaded may be named by a person's number: its title is not kept, its identifier hidden.
_ISSUES = """
SELECT i.id AS number, i.record_id AS id, r.name, r.identifier, r.hasil, i.code, i.severity, i.pointer, i.principle,
       i.params, coalesce(r.pending, r.dataset) ->> 'title' AS title
  FROM satudata_issue i LEFT JOIN satudata_record r ON r.id = i.record_id
 WHERE {of} AND i.id > :after ORDER BY i.id LIMIT :limit
"""
_TOTAL = "SELECT count(*) AS total FROM satudata_issue i LEFT JOIN satudata_record r ON r.id = i.record_id WHERE {of}"


def page(of: str, id_: str, values: Mapping[str, Any]) -> Response:
    """A page of issues; `of` is one of the clauses above, `id_` what it names."""
    binding = f"issues {of} {id_}"
    after = int(paging.opened(values["cursor"], binding)) if "cursor" in values else 0
    limit = values.get("limit", DEFAULT_LIMIT)
    asked = {"of": id_, "after": after, "limit": limit}
    rows = database.rows(text(_ISSUES.format(of=of)), asked)
    cursor = paging.sealed(str(rows[-1].number), binding) if len(rows) == limit else None
    language = preferred_language()
    response = answering.listing(
        [orjson.dumps(_told(row, language)).decode() for row in rows],
        total=database.rows(text(_TOTAL.format(of=of)), {"of": id_})[0].total,
        cursor=cursor,
        following=paging.following(cursor) if cursor else None,
    )
    response.headers["Content-Language"] = language
    return response


def table(of: str, id_: str, name: str) -> Response:
    """All of them as CSV for spreadsheets, sent as it is read."""
    language = preferred_language()
    response = Response(_lines(of, id_, language), content_type="text/csv; charset=utf-8")
    response.headers["Content-Language"] = language
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(of: str, id_: str, language: str) -> Iterator[bytes]:
    statement = text(_ISSUES.format(of=of))
    after, rows = 0, [[*COLUMNS]]
    while True:
        found = database.rows(statement, {"of": id_, "after": after, "limit": BATCH})
        rows += [[_told(row, language)[name] for name in COLUMNS] for row in found]
        yield csv_text(rows).removeprefix("" if after == 0 else "\ufeff").encode()
        if len(found) < BATCH:
            return
        after, rows = found[-1].number, []


def _told(row: Any, language: str) -> dict[str, Any]:
    issue = Issue(row.code, row.severity, row.pointer, row.principle, row.params)
    hidden = publishing.holds_person(row.identifier or "")
    return {
        "id": row.id,
        "name": row.name,
        "identifier": None if hidden else row.identifier,
        "title": None if row.hasil == "tidak_dimuat" else row.title,
        "hasil": row.hasil,
        **issue.told(language),
    }
