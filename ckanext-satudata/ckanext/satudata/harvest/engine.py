"""One run from its first page to its end, in transactions of one portion each.

    fetch (a thread, one page ahead) → portion → map, compare, judge, write → commit → index

Kill it anywhere: what is committed stands together with the checkpoint that says how far it goes, and the next
worker goes on from there. What goes wrong with the source ends the run as `gagal`; what was published stays published.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from ckan.common import config
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.catalog.opd import Resolver
from ckanext.satudata.catalog.stopwatch import during, measuring
from ckanext.satudata.catalog.write import Write, write
from ckanext.satudata.harvest import assessing, batch, removal, rows, runs, schedule, undo
from ckanext.satudata.harvest.ahead import ahead
from ckanext.satudata.harvest.errors import Refused, RunLost
from ckanext.satudata.harvest.indexing import Indexers, indexing
from ckanext.satudata.harvest.pages_read import validators
from ckanext.satudata.harvest.portions import Checkpoint, Portion, portions
from ckanext.satudata.harvest.reading import open_source
from ckanext.satudata.harvest.reckoning import Reckoning
from ckanext.satudata.harvest.runs import Claim
from ckanext.satudata.harvest.sessions import session
from satudata_harvesters.connector import Page
from satudata_harvesters.errors import ReadingError

log = logging.getLogger(__name__)


#: Called with the run's progress `{phase, records, total, rate, eta}` (seconds) after each portion.
Progress = Callable[[dict[str, Any]], None]


def run(run_id: str, *, progress: Progress | None = None) -> bool:
    """Do the work of a run; whether this process had it. Never raises for what a source does.

    A lost connection to Postgres does raise: the run's lease then runs out and another worker takes it up.
    """
    with session() as opened:
        held = runs.claim(opened, run_id)
        opened.commit()
        if held is None:
            return False
        try:
            _work(opened, held, progress or (lambda _: None))
        except RunLost:
            log.info("run %s is no longer ours", run_id)
        except ReadingError as error:
            _fail(opened, held, error.code, error.params)
        except Refused as refused:
            _fail(opened, held, refused.code, refused.params)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - a run must end with a reason, whatever the reason is
            _log_fault(run_id, error)
            _fail(opened, held, "E-RUN-006", {"kind": type(error).__name__, "run": run_id})
        schedule.drain(opened)
    return True


def _work(opened: Session, held: Claim, progress: Progress) -> None:
    if held.trigger in _WORK:
        _WORK[held.trigger](opened, held, progress).do()
        return
    reckoning = Reckoning(held.counts)
    with measuring(reckoning.stages), indexing() as index:
        _Run(opened, held, progress, index, reckoning).do()
    runs.note_stages(opened, held, reckoning.stages.to_json())  # the index was told of the last batch after its end
    opened.commit()


def _fail(opened: Session, held: Claim, code: str, params: dict[str, Any]) -> None:
    opened.rollback()
    counts = opened.scalar(sa.select(t.run.c.counts).where(t.run.c.id == held.run_id)) or {}
    try:
        runs.end(opened, held, "gagal", error_code=code, error_params=params, counts=counts)
    except RunLost:
        return
    opened.commit()


def _log_fault(run_id: str, error: BaseException) -> None:
    """Where it happened, without the message: a database driver's message quotes the values of the row."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("run %s stopped by %s at\n%s", run_id, type(error).__name__, frames)


class _Run:
    def __init__(self, opened: Session, held: Claim, progress: Progress, index: Indexers, reckoning: Reckoning) -> None:
        self.session, self.held, self.progress, self.index = opened, held, progress, index
        self.reckoning, self.waited = reckoning, 0.0
        self.size = self.gather = int(config.get("ckanext.satudata.harvest.batch_size", 500))
        self.together = int(config.get("ckanext.satudata.harvest.read_together", 8))
        self.began, self.read_before = time.monotonic(), self.reckoning["read"]

    def do(self) -> None:
        """Read what is not yet read, then settle what has vanished."""
        self.reading = open_source(self.held.source)
        rules = self.reading.source.aggregation
        self.aggregate = (
            rows.Aggregate(self.reading, rules, counted=self._counted, run=self.held.run_id) if rules else None
        )
        if not self.held.complete:
            self._read()
        self._settle_vanished()

    def _read(self) -> None:
        start = Checkpoint.parse(self.held.checkpoint)
        complete = False
        for portion in portions(self._pages(start), start, self.size, gather=lambda: self.gather):
            complete, total, left = portion.last, portion.total, portion
            while left.slices:
                left = self._settle(left, total)
        if not complete:
            raise ReadingError("E-RUN-007")

    def _settle(self, portion: Portion, total: int | None) -> Portion:
        """Settle a portion, or as much of it as one transaction takes; what is left of it."""
        with during("postgres"):
            runs.keep(self.session, self.held)
        done, left, results = batch.settle(
            self.session, self.reading, self.held, portion, self.reckoning, size=self.size
        )
        if self.aggregate is not None:
            self.aggregate.store(self.session, results)
        self._commit("membaca", total=total, checkpoint=str(done.checkpoint), complete=done.last)
        if results:
            self.index.tell()
        # Where next to nothing changes, a transaction for every few hundred records is most of what it costs.
        little = len(results) * 4 <= self.size
        self.gather = min(self.gather * 2, self.size * self.together) if little else self.size
        return left

    def _pages(self, start: Checkpoint) -> Iterator[Page]:
        every = max(runs.lease_seconds() / 3, 1)
        if self.aggregate is not None:
            # What was counted of an application is not kept: an interrupted run counts again from its first row.
            return self.aggregate.pages(ahead(self.reading.pages(None, {}), idle=self._still_waiting, every=every))
        circumstances = Resolver(self.session).circumstances
        rules = self.reading.rules_version
        known = validators(self.session, self.reading.source_id, rules_version=rules, circumstances=circumstances)
        return ahead(self.reading.pages(start.after, known), idle=self._still_waiting, every=every)

    def _counted(self, read: int) -> None:
        self.reckoning.add(read=max(read - 1, 0))

    def _still_waiting(self) -> None:
        runs.keep(self.session, self.held)
        self.session.commit()

    def _commit(self, phase: str, *, total: int | None = None, **values: Any) -> None:
        with during("postgres"):
            self._keep_and_commit(self._progress(phase, total), **values)

    def _keep_and_commit(self, state: dict[str, Any], **values: Any) -> None:
        waited = self.reading.seconds_fetching - self.waited
        self.waited += waited
        self.reckoning.stages.add("fetch", waited)
        self.reckoning.stages.add("parse", -waited)  # the thread that fetches counts both as one
        runs.keep(
            self.session,
            self.held,
            counts=self.reckoning.to_json(),
            progress=state,
            bytes=self.held.bytes + self.reading.bytes_read,
            requests=self.held.requests + self.reading.requests,
            **values,
        )
        self.session.commit()
        self.progress(state)

    def _progress(self, phase: str, total: int | None) -> dict[str, Any]:
        read = self.reckoning["read"]
        seconds = max(time.monotonic() - self.began, 0.001)
        rate = (read - self.read_before) / seconds
        left = round((total - read) / rate) if total and rate and total > read else None
        return {"phase": phase, "records": read, "total": total, "rate": round(rate, 1), "eta": left}

    def _settle_vanished(self) -> None:
        opened, source_id, run_id = self.session, self.reading.source_id, self.held.run_id
        guard = removal.Guard.configured()
        runs.keep(opened, self.held, progress=self._progress("memeriksa yang hilang", None))
        gone, live = removal.vanished(opened, source_id, run_id)
        if guard.holds(vanished=len(gone), live=live, read=self.reckoning["read"]):
            self._end("ditahan", removals=gone)
            return
        self._mark(gone)
        for due in removal.due(opened, source_id, run_id, guard.grace_days, self.size):
            self._withdraw(due)
        removal.forget_unloaded(opened, source_id, run_id)
        if not self.reckoning.skipped_pages:
            batch.forget_old_notes(opened, source_id, run_id)
        opened.execute(sa.delete(t.page).where(t.page.c.source_id == source_id, t.page.c.run_id != run_id))
        self._end("selesai")

    def _mark(self, gone: list[str]) -> None:
        for start in range(0, len(gone), self.size):
            runs.keep(self.session, self.held)
            some = gone[start : start + self.size]
            removal.mark(self.session, some, run=self.held.run_id)
            self.reckoning.name_gone("missing", some)
            self.reckoning.add(missing=len(some))  # with its transaction: a run that is taken up counts the others
            self._commit("menandai yang hilang")

    def _withdraw(self, due: Any) -> None:
        source_id = self.reading.source_id
        runs.keep(self.session, self.held)
        writes = [
            Write(source_id, row.identifier, "withdraw", owner_org=row.owner_org, package_id=row.id) for row in due
        ]
        self.reckoning.written(write(self.session, writes, actor=None, run=self.held.run_id), datasets={})
        self._commit("menandai yang hilang")
        self.index.tell()

    def _end(self, state: str, **values: Any) -> None:
        runs.supersede(self.session, self.reading.source_id, self.held.run_id)
        runs.end(self.session, self.held, state, counts=self.reckoning.to_json(), **values)
        self.session.commit()


#: What runs do that read no source.
_WORK: Mapping[str, type[Any]] = {runs.UNDO: undo.Undoing, runs.ASSESS: assessing.Assessing}
