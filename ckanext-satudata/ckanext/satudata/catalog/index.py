"""From Postgres to Solr: the outbox is drained in batches of one request, and what cannot be indexed is set bad.

The doors of the index: `drain`, `rebuild`, and what CKAN's hooks ask for (`add_fields`, `exclude_hidden`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from ckan import model
from sqlalchemy import delete, exists, func, select, tuple_
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import hidden, rendering, solr, tables
from ckanext.satudata.catalog.bulk import copy, upsert
from ckanext.satudata.catalog.exclusion import exclude_hidden
from ckanext.satudata.catalog.rebuild import Progress, Rebuild, Rebuilt
from ckanext.satudata.catalog.rendering import add_fields, documents_of
from ckanext.satudata.catalog.solr import IndexUnavailable
from ckanext.satudata.catalog.stopwatch import during

__all__ = ["UNINDEXABLE", "IndexUnavailable", "add_fields", "documents_of", "drain", "exclude_hidden", "rebuild"]

UNINDEXABLE = "E-SMP-007"
#: seconds a rebuild, which holds no lease, gives Solr for a batch
LONG_TIMEOUT = 60.0
#: seconds within which searches show what a rebuild sends: nearly all of it is what they show already
REBUILT_WITHIN = 10.0
#: minutes after which a dataset that was set aside is tried again: doubled with each try, at most a day
FIRST_RETRY, LAST_RETRY = 1, 24 * 60


def drain(session: Session, *, limit: int = 1000, timeout: float = solr.TIMEOUT, within: float | None = None) -> int:
    """Send what waits in the outbox, oldest first, as one request, and clear it; the number of datasets dealt with.

    Commits. Rows are locked while they are sent, so that two drainers never send one dataset in the wrong order; a row
    that was written anew meanwhile stays. A dataset whose document cannot be made, or that Solr refuses, is set aside
    with its reason and tried again later; the others go through. Searches show what was sent `within` so many
    seconds; what is to be hidden from them stays so until they do. Raises IndexUnavailable when Solr is away or has
    not answered within `timeout` seconds; nothing is lost then.
    """
    outbox = tables.outbox
    waiting = session.execute(
        select(outbox.c.package_id, outbox.c.version, outbox.c.op)
        .where(~_set_aside())
        .order_by(outbox.c.at, outbox.c.package_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not waiting:
        session.commit()
        hidden.sweep(session)
        return 0
    versions = {row.package_id: row.version for row in waiting}
    hidden_before = hidden.since(list(versions), session)
    with during("document"):
        there = _there(session, waiting)
        made, failed = rendering.what_can_be_made(session, there) if there else ({}, {})
    try:
        gone = [id_ for id_ in versions if id_ not in made and id_ not in failed]
        with during("solr"):
            failed |= solr.send(list(made.values()), gone, timeout=timeout, within=within)
            if hidden_before is None or hidden_before:
                # Solr has taken the newer documents, but shows the older ones until it is told to look.
                solr.show(timeout=timeout)
    except IndexUnavailable:
        session.rollback()
        raise
    sent = [(id_, version) for id_, version in versions.items() if id_ not in failed]
    _set_them_aside(session, {id_: (versions[id_], reason) for id_, reason in failed.items()})
    if sent:
        session.execute(delete(outbox).where(tuple_(outbox.c.package_id, outbox.c.version).in_(sent)))
        _take_them_back(session, [id_ for id_, _ in sent])
    session.commit()
    hidden.show_again({id_: at for id_, at in (hidden_before or {}).items() if id_ not in failed})
    return len(versions)


def rebuild(session: Session, *, progress: Progress = lambda _: None, size: int = 1000) -> Rebuilt:
    """Make the whole index anew from Postgres while it is searched, in batches of `size`; commits.

    Nothing is emptied first; documents that belong to no dataset are removed at the end. Interrupted, the next call
    goes on where it stopped. Raises IndexUnavailable where Solr is away.
    """

    def send(own: Session, limit: int) -> int:
        return drain(own, limit=limit, timeout=LONG_TIMEOUT, within=REBUILT_WITHIN)

    return Rebuild(session, send, progress, size).run()


def _there(session: Session, waiting: Sequence[Any]) -> list[str]:
    """Of what waits all that a document may be made of: what was put down as deleted, and still is, need not be read
    whole to find that there is none.
    """
    deleted = {row.package_id for row in waiting if row.op == "delete"}
    if deleted:
        package = model.package_table.c
        back = select(package.id).where(package.id.in_(deleted), package.state != "deleted")
        deleted -= set(session.scalars(back))
    return [row.package_id for row in waiting if row.package_id not in deleted]


def _set_aside() -> Any:
    """Whether just this version of a dataset could not be indexed and is not to be tried yet."""
    bad, outbox = tables.unindexable.c, tables.outbox.c
    return exists().where(bad.package_id == outbox.package_id, bad.version == outbox.version, bad.retry_at > func.now())


def _set_them_aside(session: Session, failed: Mapping[str, tuple[int, str]]) -> None:
    if not failed:
        return
    bad = tables.unindexable.c
    tries = dict(session.execute(select(bad.package_id, bad.tries).where(bad.package_id.in_(failed))).tuples().all())
    now: dt.datetime = session.execute(select(func.now())).scalar_one()
    rows = []
    for id_, (version, reason) in failed.items():
        tried = tries.get(id_, 0) + 1
        minutes = min(FIRST_RETRY * 2 ** min(tried - 1, 20), LAST_RETRY)
        retry_at = now + dt.timedelta(minutes=minutes)
        rows.append({"package_id": id_, "version": version, "reason": reason, "tries": tried, "retry_at": retry_at})
    upsert(session, tables.unindexable, rows)
    _note_refused(session, list(failed))


def _take_them_back(session: Session, ids: Sequence[str]) -> None:
    """What was set aside once has passed."""
    bad = tables.unindexable.c
    mended = session.execute(delete(tables.unindexable).where(bad.package_id.in_(ids)).returning(bad.package_id))
    if passed := list(mended.scalars()):
        issue = tables.issue.c
        session.execute(delete(tables.issue).where(issue.record_id.in_(passed), issue.code == UNINDEXABLE))


def _note_refused(session: Session, ids: Sequence[str]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "record_id": id_,
            "run_id": None,
            "code": UNINDEXABLE,
            "severity": "error",
            "pointer": "",
            "principle": None,
            "params": {},
        }
        for id_ in ids
    ]
    session.execute(delete(tables.issue).where(tables.issue.c.record_id.in_(ids), tables.issue.c.code == UNINDEXABLE))
    copy(session, tables.issue, rows)
