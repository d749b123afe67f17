"""The whole index made anew while the portal is open: nothing is emptied first, and what is left over goes last.

Every dataset goes through the outbox, so that a dataset that is written meanwhile is never overtaken by its older
document. How far it has come stands in Postgres: killed, it goes on where it stopped, and several processes that
rebuild at once share the work.
"""

from __future__ import annotations

import contextvars
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ckan import model
from ckan.common import config
from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import solr, tables
from ckanext.satudata.catalog.bulk import upsert

log = logging.getLogger(__name__)

#: batches that are made and posted at the same time: while Solr takes one, the next is made
AT_ONCE = 2
LEFTOVERS_A_LOOK = 5000

Drain = Callable[[Session, int], int]
#: Called with `{phase, records, total, rate, eta}` after each batch.
Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild has done: datasets indexed anew (by every process that took part), documents removed."""

    indexed: int
    removed: int
    seconds: float


class Rebuild:
    """One process's part in a rebuild. `drain(session, limit)` empties the outbox by one batch."""

    def __init__(self, session: Session, drain: Drain, progress: Progress, size: int) -> None:
        self.session, self.drain, self.progress, self.size = session, drain, progress, size
        self.site = str(config["ckan.site_id"])
        self.began = time.monotonic()
        self.done_before = 0

    def run(self) -> Rebuilt:
        """Index everything anew, then remove what belongs to no dataset; IndexUnavailable leaves it to be resumed."""
        total = self._begin()
        done = self._everything(total)
        removed = self._leftovers()
        self.session.execute(delete(tables.rebuild).where(tables.rebuild.c.site_id == self.site))
        self.session.commit()
        return Rebuilt(done, removed, time.monotonic() - self.began)

    def _begin(self) -> int:
        row = tables.rebuild
        count = select(func.count()).select_from(model.package_table).where(_there()).scalar_subquery()
        new = insert(row).from_select(["site_id", "total"], select(literal(self.site), count)).on_conflict_do_nothing()
        self.session.execute(new)
        total, self.done_before = self.session.execute(
            select(row.c.total, row.c.done).where(row.c.site_id == self.site)
        ).one()
        self.session.commit()
        return int(total)

    def _everything(self, total: int) -> int:
        """Put batch after batch into the outbox, and empty it `AT_ONCE` batches at a time."""
        done, under_way = self.done_before, set[Future[int]]()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="satudata-rebuild") as pool:
            while put := self._next():
                under_way.add(pool.submit(contextvars.copy_context().run, self._drained, put.count))
                if len(under_way) >= AT_ONCE:
                    finished, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    for one in finished:
                        one.result()
                done = put.done
                self._tell(done, total)
            for one in under_way:
                one.result()
        while self.drain(self.session, self.size):
            self.session.commit()
        return done

    def _drained(self, count: int) -> int:
        with model.meta.create_local_session() as own:
            return self.drain(own, count)

    def _next(self) -> _Put | None:
        """Put the next batch into the outbox and note how far that is, in one transaction."""
        row, package = tables.rebuild, model.package_table.c
        after = self.session.scalar(select(row.c.after).where(row.c.site_id == self.site).with_for_update())
        if after is None:  # another process has come to the end
            self.session.commit()
            return None
        found = self.session.execute(
            select(package.id, func.coalesce(tables.record.c.version, 0))
            .outerjoin(tables.record, tables.record.c.id == package.id)
            .where(_there(), package.id > after)
            .order_by(package.id)
            .limit(self.size)
        ).all()
        if not found:
            self.session.commit()
            return None
        upsert(
            self.session,
            tables.outbox,
            [{"package_id": id_, "version": version, "op": "index"} for id_, version in found],
            replace=(),
        )
        done = self.session.scalar(
            update(row)
            .where(row.c.site_id == self.site)
            .values(after=found[-1].id, done=row.c.done + len(found))
            .returning(row.c.done)
        )
        self.session.commit()
        return _Put(len(found), int(done or 0))

    def _leftovers(self) -> int:
        """Have every document removed whose dataset is gone."""
        solr.commit()
        removed = 0
        for ids in _in_pieces(document["id"] for document in solr.held(["id"])):
            package = model.package_table.c
            there = set(self.session.scalars(select(package.id).where(package.id.in_(ids), _there())))
            gone = sorted(set(ids) - there)
            removed += len(gone)
            ask_for(self.session, gone, op="delete")
            while gone and self.drain(self.session, self.size):
                self.session.commit()
        return removed

    def _tell(self, done: int, total: int) -> None:
        rate = (done - self.done_before) / max(time.monotonic() - self.began, 0.001)
        left = round((total - done) / rate) if rate and total > done else None
        self.progress({"phase": "mengindeks", "records": done, "total": total, "rate": round(rate, 1), "eta": left})


@dataclass(frozen=True, slots=True)
class _Put:
    count: int
    done: int


def ask_for(session: Session, ids: Sequence[str], *, op: str = "index") -> None:
    """Put packages into the outbox in the version they have, and commit; those that wait there already stay."""
    if ids:
        record = tables.record.c
        known = dict(session.execute(select(record.id, record.version).where(record.id.in_(ids))).tuples().all())
        rows = [{"package_id": id_, "version": known.get(id_, 0), "op": op} for id_ in ids]
        upsert(session, tables.outbox, rows, replace=())
        session.execute(delete(tables.unindexable).where(tables.unindexable.c.package_id.in_(ids)))
    session.commit()


def _there() -> Any:
    return model.package_table.c.state != "deleted"


def _in_pieces(found: Iterator[str]) -> Iterator[list[str]]:
    while piece := list(islice(found, LEFTOVERS_A_LOOK)):
        yield piece
