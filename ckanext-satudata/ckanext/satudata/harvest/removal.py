"""What a complete run no longer met: marked first, withdrawn after the grace, held when it is suspiciously much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from ckan.common import config
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.catalog.write import Write, write

_rec = t.record.c


@dataclass(frozen=True, slots=True)
class Guard:
    """When vanished datasets are too many to believe: more than `share` of the source and more than `minimum`."""

    share: float
    minimum: int
    grace_days: int

    @classmethod
    def configured(cls) -> Guard:
        """As the administrator set it; by default 20 %, 5, 7 days."""
        prefix = "ckanext.satudata.harvest."
        return cls(
            float(config.get(f"{prefix}removal_share", "0.2")),
            int(config.get(f"{prefix}removal_minimum", 5)),
            int(config.get(f"{prefix}grace_days", 7)),
        )

    def holds(self, *, vanished: int, live: int, read: int) -> bool:
        """Whether the Walidata must confirm: also when the source answered well but sent nothing at all."""
        if vanished == 0:
            return False
        return read == 0 or (vanished > self.share * live and vanished > self.minimum)


def _live(source_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(_rec.source_id == source_id, _rec.package_id.is_not(None), _rec.status != "ditarik")


def listed(source_id: str, run_id: str) -> sa.Subquery:
    """The identifiers on the pages that a run has read or found unchanged, as a column `identifier`."""
    identifiers = sa.func.unnest(t.page.c.identifiers).label("identifier")
    return sa.select(identifiers).where(t.page.c.source_id == source_id, t.page.c.run_id == run_id).subquery("listed")


def unmet(source_id: str, run_id: str) -> sa.ColumnElement[bool]:
    """Whether a run has met a record of its source neither among what it read nor on an unchanged page.

    NOT IN, and not NOT EXISTS: Postgres looks these up in a hash however few rows it takes the tables for. Right after
    a first harvest of 20,000 nobody has counted them, and a nested loop over both took 2.7 s of a run of 2.9.
    Neither column holds a null.
    """
    seen, on_pages = t.seen.c, listed(source_id, run_id)
    return sa.and_(
        _rec.id.not_in(sa.select(seen.record_id).where(seen.run_id == run_id)),
        _rec.identifier.not_in(sa.select(on_pages.c.identifier)),
    )


def vanished(session: Session, source_id: str, run_id: str) -> tuple[list[str], int]:
    """(ids that this run is the first to miss, number of the source's datasets that are not withdrawn)."""
    live = session.scalar(sa.select(sa.func.count()).where(_live(source_id))) or 0
    ids = session.scalars(
        sa.select(_rec.id)
        .where(_live(source_id), _rec.tidak_ditemukan_sejak.is_(None), unmet(source_id, run_id))
        .order_by(_rec.id)
    )
    return list(ids), live


def mark(session: Session, ids: Sequence[str], *, run: str, actor: str | None = None, met_before: Any = None) -> int:
    """Mark records as not found at their source, from today on; they stay as they stand and readable. How many were
    marked.

    With `met_before` (a time) only those that no run has met since are marked.
    """
    query = sa.select(
        _rec.id, _rec.source_id, _rec.identifier, _rec.status, _rec.owner_org, sa.func.current_date()
    ).where(_rec.id.in_(ids), _rec.tidak_ditemukan_sejak.is_(None), _rec.status != "ditarik")
    if met_before is not None:
        query = query.where(
            sa.or_(_rec.last_seen.is_(None), _rec.last_seen < met_before), ~_on_a_later_page(met_before)
        )
    writes = [
        Write(
            source_id=source_id,
            identifier=identifier,
            action="hold",
            owner_org=owner,
            status=status,
            standing={"tidak_ditemukan_sejak": today},
            package_id=id_,
        )
        for id_, source_id, identifier, status, owner, today in session.execute(query)
    ]
    write(session, writes, actor=actor, run=run)
    return len(writes)


def _on_a_later_page(moment: Any) -> sa.ColumnElement[bool]:
    """Whether a run that began after this moment has found the record on an unchanged page, which it does not touch."""
    page, run = t.page.c, t.run.c
    return sa.exists().where(
        page.source_id == _rec.source_id, page.run_id == run.id, run.started > moment,
        _rec.identifier == sa.any_(page.identifiers),
    )  # fmt: skip


def due(session: Session, source_id: str, run_id: str, grace_days: int, size: int) -> Iterator[Sequence[Any]]:
    """Rows `(id, identifier, owner_org)` whose grace is over and which this run did not meet either, in batches.

    The caller withdraws a batch before it takes the next.
    """
    limit = sa.func.current_date() - grace_days
    query = (
        sa.select(_rec.id, _rec.identifier, _rec.owner_org)
        .where(_live(source_id), _rec.tidak_ditemukan_sejak <= limit, unmet(source_id, run_id))
        .order_by(_rec.id)
        .limit(size)
    )
    last = ""
    while rows := session.execute(query.where(_rec.id > last)).all():
        last = rows[-1].id
        yield rows


def forget_unloaded(session: Session, source_id: str, run_id: str) -> None:
    """Drop records that were never loaded as datasets and that the source no longer sends."""
    gone = sa.select(_rec.id).where(_rec.source_id == source_id, _rec.package_id.is_(None), unmet(source_id, run_id))
    session.execute(sa.delete(t.issue).where(t.issue.c.record_id.in_(gone)))
    session.execute(sa.delete(t.record).where(_rec.id.in_(gone)))
