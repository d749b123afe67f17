"""History that is too old goes by itself: older versions from the change log, older runs.

The newest line of each dataset stays for each audience, so that who reads the change log from its beginning still
learns of every dataset that is there and of every one that is gone; only the version before it is forgotten. The audit
and incidents are no history: they stay.
"""

from __future__ import annotations

import datetime as dt

from ckan.common import config
from sqlalchemy import ColumnElement, delete, exists, func, null, select, update
from sqlalchemy.orm import Session, aliased

from ckanext.satudata.catalog import tables

#: rows removed in one transaction
BATCH = 5000
#: states in which a run has ended
ENDED = ("selesai", "gagal", "dibatalkan")


def kept_days() -> int:
    """How many days of history are kept."""
    return int(config.get("ckanext.satudata.history_days", 365))


def prune(session: Session) -> int:
    """Remove history older than `kept_days`, in transactions of their own; how many lines and runs went."""
    removed = 0
    for step in (_lines, _versions, _runs):
        while count := step(session):
            session.commit()
            removed += count
    session.commit()
    return removed


def _before() -> ColumnElement[dt.datetime]:
    return func.now() - func.make_interval(0, 0, 0, kept_days())


def _lines(session: Session) -> int:
    change, newer = tables.change, aliased(tables.change)
    overtaken = exists().where(
        newer.c.package_id == change.c.package_id, newer.c.audience == change.c.audience, newer.c.seq > change.c.seq
    )
    old = select(change.c.seq).where(change.c.at < _before(), overtaken).limit(BATCH)
    return _count(session.execute(delete(change).where(change.c.seq.in_(old))))


def _versions(session: Session) -> int:
    change = tables.change
    old = select(change.c.seq).where(change.c.at < _before(), change.c.before.is_not(None)).limit(BATCH)
    return _count(session.execute(update(change).where(change.c.seq.in_(old)).values(before=null())))


def _runs(session: Session) -> int:
    run, newer = tables.run, aliased(tables.run)
    overtaken = exists().where(newer.c.source_id == run.c.source_id, newer.c.created > run.c.created)
    old = select(run.c.id).where(run.c.finished < _before(), run.c.state.in_(ENDED), overtaken).limit(BATCH)
    return _count(session.execute(delete(run).where(run.c.id.in_(old))))


def _count(result: object) -> int:
    return int(getattr(result, "rowcount", 0))
