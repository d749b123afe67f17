"""What is to be mended in a source, by code with a count and examples, so that one remedy is read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.portal import records, wording
from ckanext.satudata.portal.records import Problem
from satudata_schemas import contract

_EXAMPLES = 3
_SEVERITY = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Example:
    """One dataset that has the issue; without `name` it has no page."""

    title: str
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """All datasets of a source with one issue code: in words, how many, and some of them."""

    problem: Problem
    count: int
    examples: Sequence[Example]


def standing_of(session: Session, source_id: str) -> dict[str, int]:
    """How many records of a source stand where: by `status`, and `tidak_dimuat` for those that are no datasets."""
    record = t.record.c
    kind = sa.case((record.hasil == "tidak_dimuat", "tidak_dimuat"), else_=record.status)
    rows = session.execute(sa.select(kind, sa.func.count()).where(record.source_id == source_id).group_by(kind))
    return {row[0]: row[1] for row in rows}


def of_source(session: Session, source_id: str) -> list[Finding]:
    """The issues of a source's records as they stand now, errors first, then by how many datasets they touch.

    Issues with one code about one field are one finding: its remedy is the same.
    """
    place = sa.func.regexp_replace(t.issue.c.pointer, "/[0-9]+", "", "g")
    counts = session.execute(
        sa.select(t.issue.c.code, place, sa.func.count(t.issue.c.record_id.distinct()))
        .select_from(t.issue.join(t.record, t.record.c.id == t.issue.c.record_id))
        .where(t.record.c.source_id == source_id)
        .group_by(t.issue.c.code, place)
    )
    total = {(code, field): count for code, field, count in counts}
    numbered = (
        _issues(source_id)
        .add_columns(
            place.label("field"),
            sa.func.row_number().over(partition_by=(t.issue.c.code, place), order_by=t.issue.c.id).label("place"),
        )
        .subquery()
    )
    rows = session.execute(
        sa.select(numbered).where(numbered.c.place <= _EXAMPLES).order_by(numbered.c.place)
    ).mappings()
    together: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        together.setdefault((row["code"], row["field"]), []).append(dict(row))
    found = [_finding(shown, total.get(key, len(shown))) for key, shown in together.items()]
    return sorted(found, key=lambda one: (_SEVERITY.get(one.problem.severity, 3), -one.count, one.problem.code))


def rows_of_source(session: Session, source_id: str) -> Iterator[list[str]]:
    """Every issue of a source as a line of the CSV file, after a heading; read in portions."""
    yield ["kode", "tingkat", "dataset", "pengenal_di_sumber", "isian", "pesan", "perbaikan"]
    query = _issues(source_id).order_by(t.issue.c.code, t.issue.c.id).execution_options(yield_per=500)
    for row in session.execute(query).mappings():
        problem = _problem(dict(row))
        yield [
            problem.code,
            problem.severity,
            _title(dict(row)),
            row["identifier"],
            _field_label(row["pointer"]),
            problem.message,
            problem.remedy,
        ]


def _issues(source_id: str) -> sa.Select[Any]:
    issue, record = t.issue.c, t.record.c
    title = sa.func.coalesce(record.pending["title"].astext, record.dataset["title"].astext)
    return (
        sa.select(issue.code, issue.severity, issue.params, issue.pointer, record.identifier, record.hasil)
        .add_columns(record.name, title.label("title"))
        .select_from(t.issue.join(t.record, record.id == issue.record_id))
        .where(record.source_id == source_id)
    )


def _finding(rows: Sequence[Mapping[str, Any]], count: int) -> Finding:
    examples = [Example(_title(row), row["name"] or "", _problem(row).message) for row in rows]
    return Finding(_problem(rows[0]), count, examples)


def _problem(row: Mapping[str, Any]) -> Problem:
    return records.problem(row["code"], row["severity"], row["params"], pointer=row["pointer"])


def _title(row: Mapping[str, Any]) -> str:
    """A dataset's title; of one that was not loaded the identifier, because its title may be what must not be shown."""
    if row["hasil"] == "tidak_dimuat":
        return wording.clean(row["identifier"], 120)
    return wording.clean(row["title"] or row["identifier"], 160)


def _field_label(pointer: str) -> str:
    found = contract.field_at(pointer) if pointer else None
    return found.label_in(wording.language()) if found else pointer
