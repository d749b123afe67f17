"""A Postgres that takes what is sent and answers nothing: 503 within two seconds on every route that needs it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.stack import API, until
from tests.faults.arena import DISTURBED
from tests.faults.services import Control

pytestmark = pytest.mark.long

SECONDS = 2.0


@pytest.fixture(scope="module")
def reader(arena):
    scopes = ("catalog:read", "dataset:read", "dataset:write", "harvest:run", "source:manage")
    return arena.stack.token("pembaca-beku", *scopes)


def _routes(dataset):
    yield "GET", f"{API}/datasets/{dataset}", {}
    yield "GET", f"{API}/datasets/{dataset}/assessment", {}
    yield "GET", f"{API}/datasets/{dataset}/history", {}
    yield "GET", f"{API}/changes?limit=5", {}
    yield "GET", f"{API}/exports/datasets.ndjson", {}
    yield "GET", f"{API}/statistics", {}
    yield "GET", f"{API}/organizations", {}
    yield "GET", f"{API}/nasional/api/3/action/package_search", {}
    yield "GET", f"{API}/sources", {}
    yield "POST", f"{API}/sources/{DISTURBED}/runs", {}
    yield "PUT", f"{API}/sources/{DISTURBED}/datasets/baru", {"json": {"title": "Jumlah Penduduk"}}
    yield "GET", "/health/ready", {}


def test_every_route_that_needs_it_says_so_in_time_and_works_again_afterwards(arena, own_services, reader):
    stack = arena.stack
    [[dataset]] = stack.sql("SELECT package_id FROM satudata_record WHERE status = 'tayang' LIMIT 1")
    one = f"{API}/datasets/{dataset}"
    with ThreadPoolExecutor(6) as pool:  # as many connections as there are threads
        assert {answer.status_code for answer in pool.map(lambda _: stack.get(one, headers=reader), range(24))} == {200}
    with Control(own_services).frozen("postgres"):
        for method, path, more in _routes(dataset):
            begun = time.monotonic()
            answer = stack.request(method, path, headers=reader, **more)
            seconds = time.monotonic() - begun
            assert answer.status_code == 503, (path, answer.status_code, answer.text[:300])
            assert seconds < SECONDS, (path, seconds)
            assert int(answer.headers["Retry-After"]) > 0, path
            time.sleep(1.2)  # each finds out by itself
        with ThreadPoolExecutor(8) as pool:  # more than there are threads: nobody is kept
            begun = time.monotonic()
            answers = list(pool.map(lambda _: stack.get(one, headers=reader), range(8)))
        assert {answer.status_code for answer in answers} == {503}
        assert stack.get(f"{API}/vocabularies/kategori", headers=reader).status_code == 200, "what needs none goes on"
    until(lambda: stack.get(one, headers=reader).status_code == 200, "it reads again", 10)
    arena.alike()
