"""A service that stops, restarts, forgets or is full, a wrong clock, two workers: it ends as if nothing had been."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import Counter
from itertools import count
from pathlib import Path

import pytest
import redis

from demo.serving import Answer
from tests.e2e.stack import until
from tests.faults.arena import DISTURBED, MANY, MISSING, PAGE, WALIDATA
from tests.faults.services import Control, hold

pytestmark = pytest.mark.long

PAGES = -(-(MANY - MISSING) // PAGE)
LIBFAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
#: libfaketime moves the end of Python's `time.sleep` by a day, too, also where it is told to leave that clock alone.
SLEEP = "import select, time\ntime.sleep = lambda seconds: select.select((), (), (), seconds) and None\n"


@pytest.fixture(scope="module")
def control(own_services):
    return Control(own_services)


@pytest.fixture(scope="module", autouse=True)
def patient(arena):
    """A lease that a busy machine does not outlast: where nobody is killed, no run may begin twice."""
    with arena.configured({"ckanext.satudata.harvest.lease_seconds": "12"}):
        yield


def _ends_well(arena, run, *, attempts=None):
    ended = arena.wait_for(run)
    assert (ended["state"], ended["complete"], ended["read"]) == ("selesai", True, MANY - MISSING), ended
    if attempts is not None:
        assert ended["attempt"] == attempts, ended
    return ended


def test_solr_is_away_for_a_whole_run(arena, control):
    arena.portal.advance()
    with control.stopped("solr"):
        _ends_well(arena, arena.begin(), attempts=1)
        assert arena.stack.sql("SELECT count(*) FROM satudata_outbox")[0][0] > 0
    arena.alike()
    arena.sound()


def test_solr_hangs_for_a_whole_run(arena, control, own_services):
    arena.portal.advance()
    hold(own_services.pids["solr"])
    try:
        # A work-horse asks Solr for its schema before it begins, and waits as long as CKAN lets it.
        ended = arena.wait_for(arena.begin(), 150)
        assert (ended["state"], ended["attempt"]) == ("selesai", 1), ended
    finally:
        os.kill(own_services.pids["solr"], 18)  # SIGCONT
    arena.alike()
    arena.sound()


def test_solr_s_disk_is_full(arena, control):
    arena.portal.advance()
    with control.full_disk("solr"):
        _ends_well(arena, arena.begin(), attempts=1)
        assert arena.stack.sql("SELECT count(*) FROM satudata_outbox")[0][0] > 0
        assert arena.stack.sql("SELECT 1 FROM satudata_unindexable") == [], "no document is to blame"
    # With room again, a node whose index was closed ends, and its supervisor starts it anew.
    control.supervised("solr")
    arena.alike()
    arena.sound()


def test_postgres_is_restarted_in_the_middle(arena, control):
    arena.portal.advance()
    with arena.in_the_middle() as run:
        control.stop("postgres")
        control.start("postgres")
    _ends_well(arena, run)
    arena.alike()
    arena.sound()


def _flush(arena):
    with redis.Redis.from_url(arena.stack.platform.redis_url) as connection:
        connection.flushdb()


def test_redis_is_flushed_in_the_middle(arena):
    arena.portal.advance()
    with arena.in_the_middle() as run:
        _flush(arena)
    _ends_well(arena, run, attempts=1)
    arena.alike()
    arena.sound()


def test_redis_is_flushed_before_a_worker_takes_the_run(arena):
    arena.portal.advance()
    worker = arena.stack.processes["worker"].pid
    hold(worker)
    try:
        run = arena.begin()
        _flush(arena)
    finally:
        os.kill(worker, 18)  # SIGCONT
    _ends_well(arena, run, attempts=1)
    arena.alike()


def test_redis_is_restarted_in_the_middle(arena, control):
    arena.portal.advance()
    with arena.in_the_middle() as run:
        control.stop("redis")
        control.start("redis")
    _ends_well(arena, run)
    arena.revive()
    arena.alike()
    arena.sound()


def test_two_workers_on_one_source_read_it_once(arena):
    arena.portal.advance()
    pages = Counter()
    arena.portal.asked = lambda start: pages.update([start])
    platform = arena.stack.platform
    ckan = [str(platform.venv / "bin" / "ckan"), "-c", str(platform.ini)]
    second = arena.stack._spawn([*ckan, "jobs", "worker", "satudata"], arena.stack.log("worker-dua"))
    try:
        run = arena.begin()
        by_hand = subprocess.Popen(
            [*ckan, "satudata", "harvest", DISTURBED], env=arena.stack.environment, stdout=subprocess.DEVNULL
        )
        _ends_well(arena, run, attempts=1)
        by_hand.wait(120)
    finally:
        second.terminate()
        second.wait(30)
        arena.portal.asked = lambda _start: None
    runs = arena.stack.satudata("run", "list", "--source", DISTURBED, "--limit", "2")
    read = [one for one in runs if one["run"] == run or one["unchanged"] == MANY - MISSING]
    assert len(read) == 2, "what came after it found nothing to do"
    assert set(pages.values()) <= {1, 2}
    arena.alike()


def test_the_web_server_is_restarted_in_the_middle(arena):
    arena.portal.advance()
    with arena.in_the_middle() as run:
        arena.stack.kill("web")
        arena.stack.start()
    _ends_well(arena, run, attempts=1)
    arena.stack.ready()
    arena.alike()


@pytest.fixture(scope="module", params=["+1d", "-1d"])
def wrong_clock(request, arena, patient, tmp_path_factory):
    """Web, worker and tick believe that it is another day; what is missing has a day of grace."""
    if LIBFAKETIME is None:
        raise RuntimeError("libfaketime is missing: apt-get install libfaketime")
    folder = tmp_path_factory.mktemp("jam")
    (folder / "sitecustomize.py").write_text(SLEEP, "utf-8")
    fooled = {
        "LD_PRELOAD": str(LIBFAKETIME), "FAKETIME": request.param,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": f"{folder}:{arena.stack.environment['PYTHONPATH']}",
    }  # fmt: skip
    with arena.configured({"ckanext.satudata.harvest.grace_days": "1"}, fooled):
        yield request.param


def test_a_clock_a_day_off_starts_nothing_twice_and_withdraws_nothing_early(arena, wrong_clock):
    sql = arena.stack.sql
    arena.portal.advance()
    _ends_well(arena, arena.begin(), attempts=1)
    marked = sql(
        "SELECT tidak_ditemukan_sejak = current_date, status FROM satudata_record r JOIN satudata_source s"
        " ON s.id = r.source_id WHERE s.name = %s AND r.tidak_ditemukan_sejak IS NOT NULL AND r.status = 'tayang'",
        DISTURBED,
    )
    assert marked, "what is missing is marked and not withdrawn"
    assert {row[0] for row in marked} == {True}
    again = _ends_well(arena, arena.begin(), attempts=1)
    assert again["withdrawn"] == 0
    before = sql("SELECT count(*) FROM satudata_run")
    when = "UPDATE satudata_source SET schedule = '0 3 * * *', next_run = now() + %s::interval WHERE name = %s"
    sql(when, "1 hour", DISTURBED)
    threading.Event().wait(3)  # six looks of the tick
    assert sql("SELECT count(*) FROM satudata_run") == before, "not due yet"
    sql(when, "-1 minute", DISTURBED)
    until(lambda: sql("SELECT count(*) FROM satudata_run")[0][0] == before[0][0] + 1, "what is due is started")
    due = sql("SELECT id FROM satudata_run ORDER BY created DESC LIMIT 1")[0][0]
    _ends_well(arena, due, attempts=1)
    assert sql("SELECT count(*) FROM satudata_run")[0][0] == before[0][0] + 1
    assert sql("SELECT next_run > now() FROM satudata_source WHERE name = %s", DISTURBED) == [(True,)]
    sql("UPDATE satudata_source SET schedule = NULL, next_run = NULL")
    sql("UPDATE satudata_record SET tidak_ditemukan_sejak = current_date - 2 WHERE tidak_ditemukan_sejak IS NOT NULL"
        " AND status = 'tayang'")  # fmt: skip
    assert _ends_well(arena, arena.begin())["withdrawn"] == len(marked)
    arena.sound()


def test_a_run_killed_under_a_wrong_clock_is_taken_up(arena, wrong_clock):
    arena.portal.advance()
    with arena.in_the_middle() as run:
        arena.strike("horse")
    _ends_well(arena, run, attempts=2)
    arena.sound()


def test_a_source_that_fails_on_a_page_removes_nothing_and_what_came_stays(arena, tmp_path):
    name, sql = "duapuluh", arena.stack.sql
    [[url]] = sql("SELECT url FROM satudata_source WHERE name = %s", DISTURBED)
    definition = {
        "name": name, "title": "Portal", "organization": WALIDATA, "connector": "ckan", "url": url,
        "config": {"page_size": 3}, "penayangan": "otomatis", "limits": {"attempts": 1, "deadline": 90},
    }  # fmt: skip
    file = arena.stack.write_source(tmp_path, definition)
    arena.stack.satudata("source", "add", name, "--file", str(file), "--approved-by", "walidata")
    arena.portal.missing = set()
    first = arena.wait_for(arena.begin(name))
    assert (first["created"], first["requests"] >= 20) == (MANY, True)
    arena.portal.advance()
    arena.portal.edition.update(range(MANY))
    pages = count(1)
    arena.portal.asked = lambda _start: Answer(b"gagal", 500, "text/plain") if next(pages) >= 7 else None
    failed = arena.wait_for(arena.begin(name))
    arena.portal.asked = lambda _start: None

    assert (failed["state"], failed["complete"], failed["withdrawn"], failed["missing"]) == ("gagal", False, 0, 0)
    assert failed["updated"] == 18
    standing = sql(
        "SELECT r.status, r.version, r.tidak_ditemukan_sejak FROM satudata_record r"
        " JOIN satudata_source s ON s.id = r.source_id WHERE s.name = %s", name
    )  # fmt: skip
    assert Counter(row[1] for row in standing) == {2: 18, 1: MANY - 18}
    assert {(row[0], row[2]) for row in standing} == {("tayang", None)}
    arena.stack.settled()
    arena.sound()
