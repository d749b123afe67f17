"""What is due and what was left lying: the small process that needs no cron and no memory.

Everything it knows stands in Postgres, so it may run on any number of hosts at once and be killed at any moment.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from ckan.lib import jobs as ckan_jobs
from ckan.plugins import toolkit
from cronsim import CronSim, CronSimError
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import erase, index, renaming, solr
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.harvest import hosts, runs
from ckanext.satudata.harvest.errors import Refused, SourceRefused
from ckanext.satudata.harvest.sessions import session

log = logging.getLogger(__name__)

_r = t.run.c

#: Seconds for which a worker leaves a Solr alone that did not answer in time.
REST = 30.0
#: Datasets in one request to Solr: few enough for a busy machine to take them in time, and for little memory.
REQUEST = 250


@dataclass(frozen=True, slots=True)
class Ticked:
    """What one tick has done."""

    queued: tuple[str, ...]
    interrupted: int
    indexed: int


#: The queue of the harvests, and what a worker calls for each: by name, because the jobs are above this room.
QUEUE = "satudata"
JOB = "ckanext.satudata.jobs.harvest"
#: Indonesia's time zones by the names people use.
ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
#: Words for the usual schedules: in the night, when applications have little to do.
USUAL = {"harian": "30 1 * * *", "mingguan": "30 1 * * 0", "bulanan": "30 1 1 * *", "jam": "15 * * * *"}


def read(text: str) -> tuple[str, str]:
    """(cron expression, time zone) of a source's `schedule`: five cron fields, or a word such as "harian", and maybe
    a zone.

    The zone is WIB, WITA, WIT or an IANA name, WIB where it is missing. Both are empty where there is no schedule.
    Raises `SourceRefused` E-SRC-009.
    """
    words = text.split()
    if not words:
        return "", ZONES["WIB"]
    last = words[-1]
    named = last in ZONES or ("/" in last and last.partition("/")[0].isalpha())
    zone = ZONES.get(last, last) if named else ZONES["WIB"]
    expression = " ".join(words[:-1] if named else words)
    expression = USUAL.get(expression, expression)
    if len(expression.split()) != 5:
        raise SourceRefused("E-SRC-009", schedule=text)
    next_time(expression, zone, after=datetime.now(timezone.utc))
    return expression, zone


def next_time(expression: str, zone: str, *, after: datetime) -> datetime:
    """When a cron expression in a time zone comes due next, in UTC; `SourceRefused` E-SRC-009 for one that cannot be
    read.
    """
    try:
        found: datetime = next(CronSim(expression, after.astimezone(ZoneInfo(zone))))
    except (CronSimError, StopIteration, KeyError, ValueError, OSError):
        raise SourceRefused("E-SRC-009", schedule=f"{expression} {zone}") from None
    return found.astimezone(timezone.utc)


def tick() -> Ticked:
    """Start the runs that are due, take up orphaned ones, hand all to the workers, bring the index up to date,
    remove what is left of erased datasets, and give datasets of renamed offices the new name.

    A missed time is caught up once, however often it was missed.
    """
    with session() as opened:
        interrupted = _interrupted(opened)
        _start_due(opened)
        waiting = _take_waiting(opened)
        opened.commit()
        for run_id in waiting:
            enqueue(run_id)
        sent = drain(opened, insist=True)
        erase.finish(opened)
        renaming.work_off(opened)
        return Ticked(tuple(waiting), interrupted, sent)


def drain(opened: Session, *, insist: bool = False, within: float | None = None) -> int:
    """Send to Solr what is newer in Postgres; how many. Where Solr is down they stay in the outbox for the next time.

    A worker may call it between two of its transactions: it takes a third of a lease at most, and a Solr that hung is
    left alone for a while. `insist` (the tick) tries again at once. `within` so many seconds searches show what was
    sent; without it, as soon as Solr is set to.
    """
    if not insist and time.monotonic() < _solr.rests_until:
        return 0
    sent, began, patience = 0, time.monotonic(), runs.lease_seconds() / 3
    try:
        while batch := index.drain(opened, limit=REQUEST, timeout=min(solr.TIMEOUT, patience), within=within):
            opened.commit()
            sent += batch
            if time.monotonic() - began > patience:
                break
    except solr.IndexUnavailable as error:
        opened.rollback()
        log.warning("the index lags behind: %r", str(error))
        _solr.rests_until = time.monotonic() + (REST if time.monotonic() - began > 1 else 0)
    except Exception as error:  # noqa: BLE001 - the index is derived: whatever it fails on must not stop the work before it
        opened.rollback()
        log.warning("the index lags behind: %s", type(error).__name__)
    return sent


@dataclass(slots=True)
class _Solr:
    """What this process has seen of Solr: it hung, and is left alone until then (monotonic seconds)."""

    rests_until: float = 0.0


_solr = _Solr()


def enqueue(run_id: str) -> None:
    """Hand a run to the workers, unless it already waits there. Only after the commit that made it."""
    job_id = f"satudata-{run_id}"
    try:
        queue = ckan_jobs.get_queue(QUEUE)
        job = Job.fetch(job_id, connection=queue.connection)
        # A worker that died between taking it and starting it leaves it `queued` in no queue.
        if job.get_status() == JobStatus.QUEUED and queue.get_job_position(job_id) is not None:
            return
    except NoSuchJobError:
        pass
    toolkit.enqueue_job(
        JOB,
        [run_id],
        title=f"harvest {run_id}",
        queue=QUEUE,
        rq_kwargs={"timeout": -1, "job_id": job_id, "result_ttl": 0, "failure_ttl": 3600},
    )


def _start_due(opened: Session) -> None:
    source = t.source.c
    due = opened.execute(
        sa.select(source.id, source.name, source.schedule, source.timezone, sa.func.now().label("now"))
        .where(source.state == "aktif", source.next_run <= sa.func.now())
        .order_by(source.next_run)
        .limit(100)
        .with_for_update(skip_locked=True)
    ).all()
    for row in due:
        opened.execute(sa.update(t.source).where(source.id == row.id).values(next_run=_after(row)))
        try:
            runs.start(opened, row.id, actor=None, trigger="schedule")
        except Refused as refused:
            log.info("%r is due but not started: %s", row.name, refused.code)


def _after(row: Any) -> datetime | None:
    if not row.schedule:
        return None
    try:
        return next_time(row.schedule, row.timezone, after=row.now)
    except SourceRefused:
        log.warning("the schedule of %r cannot be read", row.name)
        return None


def _interrupted(opened: Session) -> int:
    orphaned = opened.execute(
        sa.select(_r.id, _r.attempt)
        .where(_r.state == "berjalan", _r.lease_until < sa.func.now())
        .with_for_update(skip_locked=True)
    ).all()
    tired = [row.id for row in orphaned if row.attempt >= runs.MAX_ATTEMPTS]
    again = [row.id for row in orphaned if row.attempt < runs.MAX_ATTEMPTS]
    if again:
        opened.execute(sa.update(t.run).where(_r.id.in_(again)).values(state="terputus", lease_until=None))
    if tired:
        gone = {"error_code": "E-RUN-005", "error_params": {"attempts": runs.MAX_ATTEMPTS}}
        opened.execute(
            sa.update(t.run)
            .where(_r.id.in_(tired))
            .values(state="gagal", lease_until=None, finished=sa.func.now(), **gone)
        )
        opened.execute(sa.delete(t.seen).where(t.seen.c.run_id.in_(tired)))
    return len(orphaned)


def _take_waiting(opened: Session) -> list[str]:
    """Runs that wait for a worker and whose host is free, one a host, the oldest first.

    The lease keeps another tick from handing them over again at once.
    """
    host = hosts.of_url(t.source.c.url)
    rows = opened.execute(
        sa.select(_r.id, host.label("host"))
        .join(t.source, t.source.c.id == _r.source_id, isouter=True)
        .where(_r.state.in_(("antre", "terputus")), sa.or_(_r.lease_until.is_(None), _r.lease_until < sa.func.now()))
        .order_by(_r.created)
        .with_for_update(of=t.run, skip_locked=True)
    ).all()
    busy = hosts.busy(opened, [row.host for row in rows if row.host])
    waiting = []
    for row in rows:
        if row.host in busy:
            continue
        if row.host:
            busy.add(row.host)
        waiting.append(row.id)
    if waiting:
        opened.execute(sa.update(t.run).where(_r.id.in_(waiting)).values(lease_until=runs.lease_end()))
    return waiting
