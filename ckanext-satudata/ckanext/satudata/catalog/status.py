"""Where datasets stand: what waits for a decision, and when each was last met at its source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import DateTime, case, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables

_HEAVY = frozenset({"dataset", "pending", "rest"})
#: since when what is not known since when has waited
_EVER = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_COLUMNS = [column for column in tables.record.columns if column.name not in _HEAVY]


def waiting(
    session: Session,
    *,
    organization_ids: Sequence[str] | None = None,
    source_ids: Sequence[str] | None = None,
    statuses: Sequence[str] = ("menunggu",),
    limit: int = 100,
    after: str | None = None,
) -> list[dict[str, Any]]:
    """What waits for a decision, the longest first: `{id, name, title, owner_org, source_id, status, hasil, score,
    menunggu_sejak, …}`.

    A next version that is fit and waits beside the published one is among them. `after` is the `place` of the last
    row of the page before; ValueError where it is none.
    """
    record = tables.record.c
    newest = func.coalesce(record.pending, record.dataset)
    statement = (
        select(*_COLUMNS, newest["title"].astext.label("title"))
        .where(waits(statuses))
        .order_by(_since(), record.id)
        .limit(limit)
    )
    if organization_ids is not None:
        statement = statement.where(record.owner_org.in_(organization_ids))
    if source_ids is not None:
        statement = statement.where(record.source_id.in_(source_ids))
    if after is not None:
        since, _, id_ = after.partition(" ")
        last = literal(dt.datetime.fromisoformat(since), DateTime(timezone=True))
        statement = statement.where(tuple_(_since(), record.id) > tuple_(last, literal(id_)))
    return [dict(row) for row in session.execute(statement).mappings()]


def place(row: Mapping[str, Any]) -> str:
    """Where a row of `waiting` stands in the queue."""
    return f"{(row['menunggu_sejak'] or _EVER).isoformat()} {row['id']}"


def _since() -> Any:
    return func.coalesce(tables.record.c.menunggu_sejak, _EVER)


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
