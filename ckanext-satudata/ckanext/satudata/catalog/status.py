"""Where datasets stand: what pages, the API and commands read of records and their issues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables
from satudata_schemas.issue import Issue


@dataclass(frozen=True, slots=True)
class Status:
    """One dataset's record (its row, without the versions it keeps) and the issues of its newest version."""

    record: Mapping[str, Any]
    issues: tuple[Issue, ...]


_HEAVY = frozenset({"dataset", "pending", "rest", "raw"})
_COLUMNS = [column for column in tables.record.columns if column.name not in _HEAVY]


def of_package(session: Session, package_id: str) -> Status | None:
    """Where one dataset stands (by id or URL name); None for one the catalogue keeps no record of."""
    record = tables.record.c
    row = session.execute(
        select(*_COLUMNS).where(or_(record.id == package_id, record.name == package_id))
    ).mappings().first()  # fmt: skip
    if row is None:
        return None
    issue = tables.issue
    found = session.execute(select(issue).where(issue.c.record_id == row["id"]).order_by(issue.c.id)).mappings()
    return Status(dict(row), tuple(_issue(dict(item)) for item in found))


def _issue(row: Mapping[str, Any]) -> Issue:
    return Issue(row["code"], row["severity"], row["pointer"], row["principle"], row["params"])


def counts_per_source(session: Session) -> dict[str, dict[str, int]]:
    """By source id: `tayang, menunggu, dikembalikan, disetujui, draf, ditarik, tidak_dimuat, perlu_perbaikan, layak`.

    `draf` counts what is loaded and needs mending; what is not loaded counts as `tidak_dimuat` alone.
    """
    record = tables.record.c
    counts: dict[str, dict[str, int]] = {}
    rows = session.execute(
        select(record.source_id, record.status, record.hasil, func.count()).group_by(
            record.source_id, record.status, record.hasil
        )
    )
    for source, status, hasil, count in rows:
        mine = counts.setdefault(source, {})
        words = (hasil,) if hasil == "tidak_dimuat" and status == "draf" else (status, hasil)
        for word in words:
            mine[word] = mine.get(word, 0) + count
    return counts


def waiting(
    session: Session,
    *,
    organization_ids: Sequence[str] | None = None,
    source_ids: Sequence[str] | None = None,
    statuses: Sequence[str] = ("menunggu",),
    limit: int = 100,
    after: str | None = None,
) -> list[dict[str, Any]]:
    """What waits for a decision, longest first by name: `{id, name, title, owner_org, source_id, status, hasil,
    score, …}`.

    A next version that is fit and waits beside the published one is among them. `after` is the `id` of the last row
    of the page before.
    """
    record = tables.record.c
    newest = func.coalesce(record.pending, record.dataset)
    statement = (
        select(*_COLUMNS, newest["title"].astext.label("title")).where(waits(statuses)).order_by(record.id).limit(limit)
    )
    if organization_ids is not None:
        statement = statement.where(record.owner_org.in_(organization_ids))
    if source_ids is not None:
        statement = statement.where(record.source_id.in_(source_ids))
    if after is not None:
        statement = statement.where(record.id > after)
    return [dict(row) for row in session.execute(statement).mappings()]


def waiting_count(session: Session, statuses: Sequence[str]) -> int:
    """How many datasets `waiting` would tell of."""
    return session.scalar(select(func.count()).select_from(tables.record).where(waits(statuses))) or 0


def waits(statuses: Sequence[str]) -> Any:
    """The SQL expression of what waits in these statuses: datasets, and next versions beside published ones."""
    record = tables.record.c
    beside = (record.status == "tayang") & record.pending.is_not(None) & (record.hasil == "layak")
    either: list[Any] = [record.status.in_(statuses)]
    if "menunggu" in statuses:
        either.append(beside & record.pending_status.is_(None))
    if "disetujui" in statuses:
        either.append(beside & (record.pending_status == "disetujui"))
    return or_(*either)


#: When a record was last met at its source, as SQL on `satudata_record r` and `satudata_source s`: a complete run meets
#: what it does not mark as missing, also where it found a page unchanged and touched none of its records.
LAST_SEEN = """CASE WHEN r.tidak_ditemukan_sejak IS NULL AND r.status <> 'ditarik'
       THEN greatest(r.last_seen, s.last_complete) ELSE r.last_seen END"""


def last_seen() -> Any:
    """The same as an expression on `tables.record` and `tables.source`."""
    record, source = tables.record.c, tables.source.c
    there = record.tidak_ditemukan_sejak.is_(None) & (record.status != "ditarik")
    return case((there, func.greatest(record.last_seen, source.last_complete)), else_=record.last_seen)


def issues_of_run(session: Session, run_id: str) -> list[dict[str, Any]]:
    """Issues found in a run, grouped by code: `{code, severity, count, records, examples: [{record_id, pointer,
    params}]}`.
    """
    return _grouped(session, tables.issue.c.run_id == run_id)


def issues_of_source(session: Session, source_id: str) -> list[dict[str, Any]]:
    """Issues of the newest version of everything a source holds, grouped as `issues_of_run` does."""
    mine = select(tables.record.c.id).where(tables.record.c.source_id == source_id)
    return _grouped(session, tables.issue.c.record_id.in_(mine))


_EXAMPLES = 5


def _grouped(session: Session, which: Any) -> list[dict[str, Any]]:
    issue = tables.issue.c
    counted = session.execute(
        select(issue.code, issue.severity, func.count(), func.count(issue.record_id.distinct()))
        .where(which)
        .group_by(issue.code, issue.severity)
        .order_by(func.count().desc(), issue.code)
    ).all()
    place = func.row_number().over(partition_by=issue.code, order_by=issue.id).label("place")
    numbered = (
        select(issue.code, issue.record_id, issue.pointer, issue.principle, issue.params, place).where(which).subquery()
    )
    examples: dict[str, list[dict[str, Any]]] = {}
    for row in session.execute(
        select(numbered).where(numbered.c.place <= _EXAMPLES).order_by(numbered.c.place)
    ).mappings():
        shown = {name: row[name] for name in ("record_id", "pointer", "principle", "params")}
        examples.setdefault(row["code"], []).append(shown)
    return [
        {"code": code, "severity": severity, "count": count, "records": records, "examples": examples.get(code, [])}
        for code, severity, count, records in counted
    ]
