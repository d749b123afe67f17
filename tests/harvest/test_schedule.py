"""What is due is started once, what was interrupted goes on, and no process but Postgres has to remember anything."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from tests.harvest.conftest import Catalogue, package

AGO = sa.func.now() - sa.text("interval '3 days'")


@pytest.fixture
def queue(platform, clean_catalog):
    from ckan.lib import jobs as ckan_jobs

    from ckanext.satudata.harvest.schedule import QUEUE

    found = ckan_jobs.get_queue(QUEUE)
    found.empty()
    return found


@pytest.fixture
def source_id(portal, add_source):
    return add_source(portal(Catalogue([package(1)])), schedule="0 3 * * * WIT")


def states(query, source_id):
    return [row["state"] for row in query(sa.select(t.run.c.state).where(t.run.c.source_id == source_id))]


def make_due(query, source_id):
    query(sa.update(t.source).where(t.source.c.id == source_id).values(next_run=AGO))


def test_a_missed_time_is_caught_up_once_and_the_next_is_set(queue, source_id, query):
    from ckanext.satudata.harvest.schedule import tick

    make_due(query, source_id)

    assert len(tick().queued) == 1
    assert tick().queued == ()
    [source] = query(sa.select(t.source.c.next_run).where(t.source.c.id == source_id))
    assert source["next_run"] > dt.datetime.now(dt.timezone.utc)
    assert source["next_run"].astimezone(dt.timezone(dt.timedelta(hours=9))).hour == 3
    assert (len(queue), states(query, source_id)) == (1, ["antre"])


def test_what_is_not_due_or_paused_is_left_alone(queue, source_id, query, fresh):
    from ckanext.satudata.harvest import sources
    from ckanext.satudata.harvest.schedule import tick

    assert tick().queued == ()
    make_due(query, source_id)
    [row] = sources.listing(fresh)
    sources.pause(fresh, row["name"])
    fresh.commit()

    assert tick().queued == ()
    assert states(query, source_id) == []


def test_the_job_carries_the_run_s_id_and_nothing_else(queue, source_id, query):
    from ckanext.satudata.harvest.schedule import tick

    make_due(query, source_id)
    [run_id] = tick().queued

    [job] = queue.jobs
    assert (job.args, job.kwargs, job.timeout) == ([run_id], {}, -1)
    assert job.func_name == "ckanext.satudata.jobs.harvest"


def test_a_worker_s_job_does_the_run(queue, source_id, query, records):
    from ckanext.satudata import jobs
    from ckanext.satudata.harvest.schedule import tick

    make_due(query, source_id)
    [run_id] = tick().queued
    jobs.harvest(run_id)

    assert states(query, source_id) == ["selesai"]
    assert len(records(source_id)) == 1
    jobs.harvest(run_id)
    assert states(query, source_id) == ["selesai"]


def test_a_run_that_redis_has_forgotten_is_queued_again(queue, source_id, query):
    from ckanext.satudata.harvest.schedule import tick

    make_due(query, source_id)
    [run_id] = tick().queued
    queue.empty()
    assert tick().queued == ()
    query(sa.update(t.run).where(t.run.c.id == run_id).values(lease_until=AGO))

    assert tick().queued == (run_id,)
    assert len(queue) == 1
    query(sa.update(t.run).where(t.run.c.id == run_id).values(lease_until=AGO))
    tick()
    assert len(queue) == 1


def test_a_job_lost_between_a_worker_s_take_and_the_run_s_start_is_queued_again(queue, source_id, query):
    from rq.job import Job, JobStatus

    from ckanext.satudata.harvest.schedule import tick

    make_due(query, source_id)
    [run_id] = tick().queued
    queue.pop_job_id()  # the worker that took it died: `queued`, but in no queue
    assert Job.fetch(f"satudata-{run_id}", connection=queue.connection).get_status() == JobStatus.QUEUED
    assert tick().queued == ()
    query(sa.update(t.run).where(t.run.c.id == run_id).values(lease_until=AGO))

    assert tick().queued == (run_id,)
    assert len(queue) == 1


@pytest.fixture
def neighbour(add_source, unique, query, source_id):
    """A second source on the same host."""
    [first] = query(sa.select(t.source.c.url).where(t.source.c.id == source_id))
    return add_source(first["url"], name=f"{unique}-dua", schedule="0 3 * * * WITA")


def test_a_host_is_read_by_one_run_at_a_time(queue, source_id, neighbour, query, fresh):
    from ckanext.satudata.harvest import runs
    from ckanext.satudata.harvest.schedule import tick

    make_due(query, source_id)
    make_due(query, neighbour)
    [first] = tick().queued
    assert tick().queued == ()
    assert runs.claim(fresh, first)
    fresh.commit()
    [second] = query(sa.select(t.run.c.id).where(t.run.c.state == "antre"))
    assert runs.claim(fresh, second["id"]) is None, "also not when somebody starts it by hand"
    fresh.commit()
    assert tick().queued == ()
    query(sa.update(t.run).where(t.run.c.id == first).values(state="selesai", lease_until=None))

    assert tick().queued == (second["id"],)
    assert runs.claim(fresh, second["id"])


def test_a_worker_that_fell_silent_keeps_no_other_source_of_its_host_waiting(queue, source_id, neighbour, query, fresh):
    from ckanext.satudata.harvest import runs

    first, second = (runs.start(fresh, one, actor=None) for one in (source_id, neighbour))
    assert runs.claim(fresh, first)
    fresh.commit()
    query(sa.update(t.run).where(t.run.c.id == first).values(lease_until=AGO))

    assert runs.claim(fresh, second)


def test_of_two_that_claim_runs_of_one_host_at_once_one_waits(queue, source_id, neighbour, fresh, query):
    import threading
    from concurrent.futures import ThreadPoolExecutor

    from ckanext.satudata.harvest import runs
    from ckanext.satudata.harvest.sessions import session

    started = [runs.start(fresh, one, actor=None) for one in (source_id, neighbour)]
    fresh.commit()
    together = threading.Barrier(2)

    def claim(run_id):
        with session() as opened:
            opened.connection()
            together.wait(10)
            taken = runs.claim(opened, run_id)
            opened.commit()
            return taken is not None

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(claim, started)) == [False, True]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Data.contoh.go.id/api", "data.contoh.go.id"),
        ("http://orang@aplikasi.contoh.go.id:8080/x", "aplikasi.contoh.go.id"),
        ("http://[2001:db8::1]:80/", "[2001:db8::1]"),
        ("/srv/berkas", None),
    ],
)
def test_the_host_of_an_address(fresh, url, host):
    from ckanext.satudata.harvest.hosts import of_url

    assert fresh.scalar(sa.select(of_url(sa.literal(url)))) == host


def test_a_worker_leaves_a_solr_alone_that_hung_and_the_tick_insists(queue, source_id, harvest, monkeypatch, query):
    import time

    from ckanext.satudata.catalog import index, solr
    from ckanext.satudata.harvest import indexing, schedule

    asked = []

    def hanging(*_args, **_more):
        asked.append(1)
        now = time.monotonic()
        monkeypatch.setattr(schedule.time, "monotonic", lambda: now + 15)
        raise solr.IndexUnavailable("ReadTimeout")

    drain = index.drain
    monkeypatch.setattr(schedule._solr, "rests_until", 0.0)
    with monkeypatch.context() as broken:
        broken.setattr(index, "drain", hanging)
        assert harvest(source_id)["state"] == "selesai"
    assert 1 <= len(asked) <= indexing.THREADS  # each asks once, and some before the other has hung
    asked[1:] = []
    monkeypatch.setattr(index, "drain", drain)
    assert schedule.tick().indexed == 1


def test_a_run_whose_worker_fell_silent_is_interrupted_and_queued(queue, source_id, query, fresh):
    from ckanext.satudata.harvest import runs
    from ckanext.satudata.harvest.schedule import tick

    run_id = runs.start(fresh, source_id, actor=None)
    runs.claim(fresh, run_id)
    fresh.commit()
    assert tick().interrupted == 0
    query(sa.update(t.run).where(t.run.c.id == run_id).values(lease_until=AGO))

    done = tick()

    assert (done.interrupted, done.queued) == (1, (run_id,))
    assert states(query, source_id) == ["terputus"]


def test_a_run_that_kills_its_workers_is_given_up(queue, source_id, query, fresh):
    from ckanext.satudata.harvest import runs
    from ckanext.satudata.harvest.schedule import tick

    run_id = runs.start(fresh, source_id, actor=None)
    fresh.commit()
    query(
        sa.update(t.run)
        .where(t.run.c.id == run_id)
        .values(state="berjalan", attempt=runs.MAX_ATTEMPTS, lease_until=AGO)
    )

    assert tick().queued == ()
    run = runs.show(fresh, run_id)
    assert (run["state"], run["error"]["code"]) == ("gagal", "E-RUN-005")


def test_two_ticks_at_once_start_a_source_once(queue, source_id, query):
    from concurrent.futures import ThreadPoolExecutor

    from ckanext.satudata.harvest.schedule import tick

    make_due(query, source_id)
    with ThreadPoolExecutor(4) as pool:
        done = [future.result() for future in [pool.submit(tick) for _ in range(4)]]

    assert sum(len(one.queued) for one in done) == 1
    assert states(query, source_id) == ["antre"]


def test_what_solr_missed_is_indexed_by_the_next_tick(queue, source_id, harvest, search_index, query, configured):
    from ckanext.satudata.harvest import schedule

    before, schedule.index.drain = schedule.index.drain, _solr_is_down
    try:
        assert harvest(source_id)["state"] == "selesai"
    finally:
        schedule.index.drain = before
    assert len(query(sa.select(t.outbox))) == 1

    assert schedule.tick().indexed == 1
    search_index.commit()
    assert len(search_index.documents("entity_type:package")) == 1
    assert query(sa.select(t.outbox)) == []


def _solr_is_down(*_args, **_kwargs):
    raise ConnectionError
