"""One run per host at a time: an office's small server is never read by two."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables as t

#: First key of the advisory lock on a host; the second is its hash.
LOCK = 0x5D1C
#: States in which a run reads its host or soon will.
UNDER_WAY = ("antre", "berjalan", "terputus")
#: Triggers of runs that read no source: one that takes another back, one that judges anew what is stored.
READS_NONE = ("undo", "assess")

_r = t.run.c


def of_url(url: sa.ColumnElement[str]) -> sa.ColumnElement[str | None]:
    """The SQL expression of the host an address names, without user, port and case; null where there is none."""
    return sa.func.lower(sa.func.substring(url, r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/:?#]+)"))


def busy(session: Session, hosts: Sequence[str], *, but: str | None = None) -> set[str]:
    """Which of these hosts a run is reading at this moment (other than the run `but`), or is about to."""
    if not hosts:
        return set()
    host = of_url(t.source.c.url)
    query = (
        sa.select(host)
        .join(t.run, t.source.c.id == _r.source_id)
        .where(_r.lease_until >= sa.func.clock_timestamp(), host.in_(sorted(set(hosts))), _r.trigger.not_in(READS_NONE))
    )
    reading = _r.state == "berjalan" if but else _r.state.in_(UNDER_WAY)
    return set(session.scalars(query.where(reading, _r.id != (but or ""))))


def is_free(session: Session, run_id: str) -> bool:
    """Whether no other run reads the same host: an office's server is never asked by two at a time.

    The lock lasts until the claim is committed, so that of two that ask at once one sees the other.
    """
    host = session.scalar(
        sa.select(of_url(t.source.c.url))
        .join(t.run, t.source.c.id == _r.source_id)
        .where(_r.id == run_id, _r.trigger.not_in(READS_NONE))
    )
    if not host:
        return True
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK, sa.func.hashtext(host))))
    return not busy(session, [host], but=run_id)
