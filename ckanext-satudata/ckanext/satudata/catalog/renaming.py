"""An office's name changed: the answers and documents of its datasets, which hold it, are made anew.

A few are made anew within the request that renames; more are left to `tick`, which works them off in batches of one
transaction each, so that no page waits for thousands. Until then they bear the old name.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables
from ckanext.satudata.catalog.bulk import upsert
from ckanext.satudata.catalog.write import Write, Written, write

#: an office with more datasets than this does not have them made anew while somebody waits
AT_ONCE = 200
_BATCH = 500
#: how long a tick works at it before it looks after other things
_SECONDS = 2.0


def touch_datasets(session: Session, organization_ids: Iterable[str], *, actor: str | None) -> None:
    """Make answers and documents of these offices' datasets anew, or have it done; the caller commits."""
    wanted = sorted(set(organization_ids))
    if not wanted:
        return
    record = tables.record.c
    counted = session.execute(
        select(record.owner_org, func.count()).where(_theirs(wanted)).group_by(record.owner_org)
    )  # fmt: skip
    counts = {row[0]: row[1] for row in counted}
    few = [id_ for id_ in wanted if 0 < counts.get(id_, 0) <= AT_ONCE]
    if few:
        written(session, _anew(session, _theirs(few), limit=None), actor)
    many = [{"organization_id": id_, "after": "", "actor": actor} for id_ in wanted if counts.get(id_, 0) > AT_ONCE]
    if many:
        upsert(session, tables.renamed, [{**one, "at": _now(session)} for one in many])


def work_off(session: Session) -> int:
    """Make anew what renamed offices still have under their old name, for a short while; how many. Commits.

    An office that is renamed once more in the meantime is begun again. Any number of ticks may work at once.
    """
    began, done, renamed = time.monotonic(), 0, tables.renamed
    while time.monotonic() - began < _SECONDS:
        one = session.execute(
            select(renamed).order_by(renamed.c.at).limit(1).with_for_update(skip_locked=True)
        ).first()  # fmt: skip
        if one is None:
            break
        theirs = _theirs([one.organization_id]) & (tables.record.c.id > one.after)
        some = _anew(session, theirs, limit=_BATCH)
        same = renamed.c.organization_id == one.organization_id
        if some:
            written(session, some, one.actor)
            session.execute(update(renamed).where(same).values(after=str(some[-1].package_id)))
        else:
            session.execute(delete(renamed).where(same))
        session.commit()
        done += len(some)
    session.commit()
    return done


def standing_action(status: str) -> Any:
    """The action of a write that leaves a dataset where it stands."""
    return "withdraw" if status == "ditarik" else "hold"


def written(session: Session, asked: Sequence[Write], actor: str | None) -> list[Written]:
    """Write in batches."""
    return [
        result
        for start in range(0, len(asked), _BATCH)
        for result in write(session, asked[start : start + _BATCH], actor=actor, run=None, cause="opd")
    ]


def _theirs(organization_ids: Sequence[str]) -> Any:
    record = tables.record.c
    return (
        record.owner_org.in_(organization_ids) & record.package_id.is_not(None) & (record.status != "ditarik")
    )  # fmt: skip


def _anew(session: Session, which: Any, *, limit: int | None) -> list[Write]:
    record = tables.record.c
    columns = (record.id, record.source_id, record.identifier, record.status, record.owner_org)
    rows = session.execute(select(*columns).where(which).order_by(record.id).limit(limit))
    return [
        Write(
            row.source_id, row.identifier, standing_action(row.status), row.owner_org,
            status=row.status, package_id=row.id, anew=True,
        )
        for row in rows
    ]  # fmt: skip


def _now(session: Session) -> Any:
    return session.execute(select(func.clock_timestamp())).scalar_one()
