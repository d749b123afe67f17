"""Mixed reading at 70 % of what the server can do, while a harvest writes: no error, and nobody waits long."""

from __future__ import annotations

import http.client
import itertools
import os
import random
import statistics
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.small_ckan import portal_of

BASE = "/api/satudata/v1"
#: Ten minutes, as the figure says; less while working on it.
SECONDS = float(os.environ.get("SATUDATA_LOAD_SECONDS", "600"))
READERS, CLIENTS = 8, 160
SHARE = 0.7
WORDS = ("penduduk", "puskesmas", "jumlah kecamatan", "kematian ibu", "umkm", "sekolah", "jalan", "air minum")


class Reader:
    """One kept connection that asks different things in turn and remembers how long each took."""

    def __init__(self, site: str, tokens: list[str], ids: list[str], seed: int) -> None:
        parts = urllib.parse.urlsplit(site)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self.tokens = itertools.cycle(tokens)
        self.draw, self.ids = random.Random(seed), ids
        self.seconds: list[float] = []
        self.errors: list[str] = []

    def ask(self) -> None:
        path = self._path()
        begun = time.perf_counter()
        self.connection.request("GET", f"{BASE}{path}", headers={"Authorization": f"Bearer {next(self.tokens)}"})
        answer = self.connection.getresponse()
        content = answer.read()
        self.seconds.append(time.perf_counter() - begun)
        if answer.status != 200:
            self.errors.append(f"{path} {answer.status} {content[:200]!r}")

    def _path(self) -> str:
        kind = self.draw.random()
        if kind < 0.5:
            return f"/datasets?{urllib.parse.urlencode({'q': self.draw.choice(WORDS)})}"
        if kind < 0.9:
            return f"/datasets/{self.draw.choice(self.ids)}"
        return self.draw.choice(("/changes?limit=20", "/organizations", "/statistics", "/vocabularies/kategori"))


def read_for(readers: list[Reader], seconds: float, pause: float) -> float:
    """Let all readers ask for some seconds, each waiting `pause` between two requests; requests a second."""
    until = time.monotonic() + seconds

    def work(reader: Reader) -> None:
        due = time.monotonic()
        while time.monotonic() < until:
            reader.ask()
            due = max(due + pause, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))

    begun, before = time.monotonic(), sum(len(reader.seconds) for reader in readers)
    with ThreadPoolExecutor(len(readers)) as pool:
        list(pool.map(work, readers))
    return (sum(len(reader.seconds) for reader in readers) - before) / (time.monotonic() - begun)


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.usefixtures("worker", "tick")
def test_readers_meet_no_error_and_wait_little_while_a_harvest_runs(
    web, platform, office, make_office, client_of, session, unique
):
    from sqlalchemy import update

    from ckanext.satudata.catalog import tables
    from ckanext.satudata.harvest import runs, schedule, sources
    from ckanext.satudata.harvest.sessions import session as opened

    ids = [office.put(str(number), index=False, title=f"Jumlah Penduduk {number}") for number in range(300)]
    make_office.catch_up()
    tokens = [client_of("catalog:read").token for _ in range(CLIENTS)]  # each has a rate of its own
    readers = [Reader(web, tokens[seed::READERS], ids, seed) for seed in range(READERS)]
    most = read_for(readers, min(15.0, SECONDS / 4), 0)
    for reader in readers:
        reader.seconds.clear()
    stop = threading.Event()
    with portal_of(platform, count=400) as definition:
        source = sources.add(session, definition(f"{unique}-portal"), organization=office.name)
        session.execute(update(tables.source).where(tables.source.c.id == source).values(penayangan="otomatis"))
        session.commit()
        harvests = 0

        def harvesting() -> None:
            nonlocal harvests
            while not stop.is_set():
                with opened() as own:
                    run = runs.start(own, source, actor=None)
                    own.commit()
                schedule.enqueue(run)
                under_way = True
                while under_way and not stop.wait(0.5):
                    with opened() as own:
                        under_way = runs.show(own, run)["state"] in runs.UNDER_WAY
                harvests += 1

        writing = threading.Thread(target=harvesting)
        writing.start()
        try:
            rate = read_for(readers, SECONDS, READERS / (most * SHARE))
        finally:
            stop.set()
            writing.join()
    taken = sorted(itertools.chain.from_iterable(reader.seconds for reader in readers))
    errors = list(itertools.chain.from_iterable(reader.errors for reader in readers))
    p50, p99 = statistics.median(taken), taken[int(len(taken) * 0.99)]
    told = (
        f"{most:.0f}/s at most, {rate:.0f}/s asked, {len(taken)} requests, {harvests} harvests, p99/p50 {p99 / p50:.1f}"
    )
    print(told)  # noqa: T201 - the figure, for who runs it with -s
    assert not errors, (told, errors[:5])
    assert harvests >= 1, told
    assert p99 <= 10 * p50, told
