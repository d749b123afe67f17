"""The API as its users get it, beside what it stands on: raw Solr, CKAN's own API in the same process, a plain SELECT.

One catalogue of the corpus, one web server as it is deployed, a client with a token; scope, revocation, rate limit and
counting are on, answers are not compressed, and every query is asked once only of each side. Both sides are asked in
turns, so that what else the machine does falls on both.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import statistics
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]

from bench.figure import Figure
from bench.installation import Installation, installed, services
from deploy import programs

#: The issue's catalogue; fewer while working on it (`SATUDATA_BENCH_DATASETS`), which every figure then tells.
DATASETS = int(os.environ.get("SATUDATA_BENCH_DATASETS", "100000"))
QUERIES = 200
#: Other searches, asked of each side before: Java compiles what it runs, and Solr has just begun to search.
WARMING = 600
CONNECTIONS = 8
#: Requests to one side before it is the other one's turn.
TURN = 10
API = "/api/satudata/v1"
Ask = Callable[[str], bytes]


class Asked:
    """One kept connection."""

    def __init__(self, address: str, **headers: str) -> None:
        parts = urllib.parse.urlsplit(address)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self.headers = {"Accept-Encoding": "identity", **{name.replace("_", "-"): one for name, one in headers.items()}}

    def __call__(self, path: str, expected: int = 200, **headers: str) -> bytes:
        """The body of an answer; RuntimeError for another status than the expected one."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("GET", path, headers={**self.headers, **more})
        self.answer = self.connection.getresponse()
        content = self.answer.read()
        if self.answer.status != expected:
            raise RuntimeError(f"{path[:200]} answers {self.answer.status}: {content[:500]!r}")
        return content


@dataclass(frozen=True)
class Catalogue:
    """What is read: addresses, a token, the id of one dataset, and the process behind the web server."""

    site: str
    solr: str
    database: str
    token: str
    dataset: str
    queries: list[str]
    installation: Installation
    web: int

    def api(self) -> Asked:
        """A connection to the API with the token."""
        return Asked(self.site, Authorization=f"Bearer {self.token}")


@contextmanager
def _catalogue() -> Iterator[Catalogue]:
    unlimited = {f"ckanext.satudata.api.{name}": str(10**9) for name in ("rate_limit", "anonymous_rate_limit")}
    with services() as running, installed(running, **unlimited) as made:
        client = made.call("bench.filling:fill", datasets=DATASETS)
        queries = made.call("bench.filling:queries", count=2 * QUERIES + 2 * WARMING)
        _until_indexed(made)
        platform = made.platform
        with platform.running("web", programs.web(platform.venv, platform.port, workers=1)) as web:
            platform.wait_for_web()
            catalogue = Catalogue(
                platform.site_url, platform.index.url, platform.database_url, client["token"], client["dataset"],
                queries[: 2 * QUERIES], made, web.pid,
            )  # fmt: skip
            _warm(catalogue, queries[2 * QUERIES :])
            yield catalogue


def _warm(catalogue: Catalogue, queries: list[str]) -> None:
    _rate(catalogue.api, [_search(words) for words in queries[:WARMING]])
    _rate(lambda: Asked(catalogue.site), [_ckans_search(words) for words in queries[WARMING:]])


def _search(words: str) -> str:
    return f"{API}/datasets?{urllib.parse.urlencode({'q': words})}"


def _ckans_search(words: str) -> str:
    return f"/api/3/action/package_search?{urllib.parse.urlencode({'q': words, 'rows': 20})}"


def _until_indexed(made: Installation) -> None:
    until = time.monotonic() + 120
    while made.indexed() < DATASETS:
        if time.monotonic() > until:
            raise RuntimeError(f"only {made.indexed()} of {DATASETS} datasets are found")
        time.sleep(0.5)


def reading() -> Iterator[Figure]:
    """Every figure of reading; one catalogue serves them all."""
    with _catalogue() as catalogue:
        for measured in (
            _search_vs_solr, _search_vs_ckan, _one_vs_ckan, _not_modified, _deep_page, _changes_page, _export_rate,
            _statements,
        ):  # fmt: skip
            yield from measured(catalogue)


def _timed(ask: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


def _in_turns(first: Callable[[int], Any], second: Callable[[int], Any], turns: int) -> tuple[float, float]:
    """The medians of both, some of one after some of the other: a reader who reads on, as readers do.

    Single turns would measure how long a side takes whose memory the other has just pushed out of the processor.
    """
    taken: tuple[list[float], list[float]] = ([], [])
    for begin in range(0, turns, TURN):
        for side in (0, 1) if begin // TURN % 2 else (1, 0):
            for turn in range(begin, min(begin + TURN, turns)):
                taken[side].append(_timed(lambda: (first, second)[side](turn)))  # noqa: B023 - called at once
    return statistics.median(taken[0]), statistics.median(taken[1])


def _figure(name: str, value: float, bar: float, aim: float, better: Any, **raw: Any) -> Figure:
    return Figure(name, round(value, 3), bar, aim, better=better, raw={"datasets": DATASETS, **raw})


def _search_vs_solr(catalogue: Catalogue) -> Iterator[Figure]:
    queries = catalogue.queries[:QUERIES]
    asked = catalogue.installation.call("bench.filling:solr_parameters", queries=queries)
    ours, solr = catalogue.api(), Asked(catalogue.solr)
    core = urllib.parse.urlsplit(catalogue.solr).path
    addresses = [_search(words) for words in queries]
    mine, raw = _in_turns(
        lambda turn: json.loads(ours(addresses[turn])),
        lambda turn: json.loads(solr(f"{core}/select?{asked[turn]}")),
        QUERIES,
    )
    yield _figure("search_vs_solr", mine / raw, 2.5, 1.7, "lower", ours_ms=mine * 1e3, solr_ms=raw * 1e3)


def _search_vs_ckan(catalogue: Catalogue) -> Iterator[Figure]:
    """Raw Solr is asked, too: what no answer made from it can exceed."""
    queries = catalogue.queries[QUERIES:]
    asked = catalogue.installation.call("bench.filling:solr_parameters", queries=queries)
    core = urllib.parse.urlsplit(catalogue.solr).path
    sides: dict[str, tuple[Callable[[], Asked], list[str]]] = {
        "ours": (catalogue.api, [_search(words) for words in queries]),
        "ckan": (lambda: Asked(catalogue.site), [_ckans_search(words) for words in queries]),
        "solr": (lambda: Asked(catalogue.solr), [f"{core}/select?{parameters}" for parameters in asked]),
    }
    half = QUERIES // 2
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for some, order in ((slice(0, half), [*sides]), (slice(half, QUERIES), [*reversed(sides)])):
        for name in order:
            connect, paths = sides[name]
            rates[name].append(_rate(connect, paths[some]))
    _find_the_same(catalogue, sides["ours"][1], sides["ckan"][1])
    best = {name: max(found) for name, found in rates.items()}
    yield _figure("search_vs_ckan", best["ours"] / best["ckan"], 6, 10, "higher", requests_a_second=rates)


def _find_the_same(catalogue: Catalogue, ours: list[str], ckans: list[str]) -> None:
    """Each search has found a page full of datasets, and both sides the same number in all."""
    api, ckan = catalogue.api(), Asked(catalogue.site)
    for mine, theirs in zip(ours[::10], ckans[::10], strict=True):
        found, of = json.loads(api(mine)), json.loads(ckan(theirs))["result"]
        if found["meta"]["total"] != of["count"] or not len(found["data"]) == len(of["results"]) == min(
            20, of["count"]
        ):
            raise RuntimeError(f"{mine} finds {found['meta']['total']}, {theirs} {of['count']}")


def _rate(connect: Callable[[], Asked], paths: list[str]) -> float:
    """Requests a second over several connections."""
    shares = [paths[start::CONNECTIONS] for start in range(CONNECTIONS)]

    def work(share: list[str]) -> None:
        ask = connect()
        for path in share:
            ask(path)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        begun = time.perf_counter()
        list(pool.map(work, shares))
        return len(paths) / (time.perf_counter() - begun)


def _one_vs_ckan(catalogue: Catalogue) -> Iterator[Figure]:
    ours, ckan = catalogue.api(), Asked(catalogue.site)
    one, shown = f"{API}/datasets/{catalogue.dataset}", f"/api/3/action/package_show?id={catalogue.dataset}"
    ours(one), ckan(shown)
    mine, theirs = _in_turns(lambda _: json.loads(ours(one)), lambda _: json.loads(ckan(shown)), 100)
    yield _figure("one_vs_ckan", theirs / mine, 5, 12, "higher", ours_ms=mine * 1e3, ckan_ms=theirs * 1e3)


def _not_modified(catalogue: Catalogue) -> Iterator[Figure]:
    ask, one = catalogue.api(), f"{API}/datasets/{catalogue.dataset}"
    ask(one)
    tag = ask.answer.headers["ETag"]
    unchanged, whole = _in_turns(lambda _: ask(one, 304, If_None_Match=tag), lambda _: ask(one), 300)
    yield _figure("not_modified", unchanged / whole, 0.8, 0.5, "lower", unchanged_ms=unchanged * 1e3, ms=whole * 1e3)


def _deep_page(catalogue: Catalogue) -> Iterator[Figure]:
    ask, first = catalogue.api(), f"{API}/datasets?sort=title&limit=100"
    page, deep = json.loads(ask(first)), first
    for _ in range(min(10_000, DATASETS - 200) // 100):
        deep = page["links"]["next"].partition(catalogue.site)[2]
        page = json.loads(ask(deep))
    far, near = _in_turns(lambda _: json.loads(ask(deep)), lambda _: json.loads(ask(first)), 40)
    yield _figure("deep_page", far / near, 1.3, 1.1, "lower", deep_ms=far * 1e3, first_ms=near * 1e3)


_SAME_ROWS = """
SELECT c.seq, c.at, c.kind, c.package_id, r.name, a.etag, a.body FROM satudata_change c
  LEFT JOIN satudata_record r ON r.package_id = c.package_id
  LEFT JOIN satudata_answer a ON a.package_id = c.package_id AND a.audience = 'public'
 WHERE c.seq > %s ORDER BY c.seq LIMIT 1000
"""


def _changes_page(catalogue: Catalogue) -> Iterator[Figure]:
    ask = catalogue.api()
    with psycopg2.connect(catalogue.database) as connection:
        connection.autocommit = True
        cursor = connection.cursor()

        def select(turn: int) -> None:
            cursor.execute(_SAME_ROWS, (turn,))
            if len(cursor.fetchall()) != 1000:
                raise RuntimeError("fewer changes than a page")

        mine, plain = _in_turns(lambda turn: ask(f"{API}/changes?limit=1000&after={turn}"), select, 40)
    yield _figure("changes_page", mine / plain, 5, 2, "lower", ours_ms=mine * 1e3, select_ms=plain * 1e3)


def _export_rate(catalogue: Catalogue) -> Iterator[Figure]:
    ask, solr = catalogue.api(), Asked(catalogue.solr)
    before = _peak(catalogue.web)
    exported = min(_timed(lambda: _exported(ask)) for _ in range(2))
    grown = _peak(catalogue.web) - before
    drained = min(_timed(lambda: _drained(solr, urllib.parse.urlsplit(catalogue.solr).path)) for _ in range(2))
    rates = {"export": DATASETS / exported, "solr": DATASETS / drained}
    yield _figure("export_rate", drained / exported, 1.5, 3, "higher", datasets_a_second=rates, grown_megabytes=grown)


def _exported(ask: Asked) -> None:
    ask.connection.request("GET", f"{API}/exports/datasets.ndjson", headers=ask.headers)
    answer, lines = ask.connection.getresponse(), 0
    while piece := answer.read(1 << 20):
        lines += piece.count(b"\n")
    if lines != DATASETS:
        raise RuntimeError(f"{lines} of {DATASETS} datasets were exported")


def _drained(solr: Asked, core: str) -> None:
    mark, found = "*", 0
    while True:
        asked = {
            "q": "*:*", "rows": "1000", "sort": "index_id asc", "cursorMark": mark, "wt": "json", "omitHeader": "true",
            "fl": "sd_answer_public",
        }  # fmt: skip
        page = json.loads(solr(f"{core}/select?{urllib.parse.urlencode(asked)}"))
        found += len(page["response"]["docs"])
        if page["nextCursorMark"] == mark:
            break
        mark = page["nextCursorMark"]
    if found < DATASETS:
        raise RuntimeError(f"{found} of {DATASETS} documents were read")


def _peak(pid: int) -> float:
    """The most memory that the web server's processes have had so far, in megabytes."""
    family = [pid, *(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    told = [re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{one}/status").read_text()) for one in family]
    return sum(int(found[1]) for found in told if found) / 1024


def _statements(catalogue: Catalogue) -> Iterator[Figure]:
    paths = [f"{API}/datasets?q=penduduk&facets=format", f"{API}/datasets/{catalogue.dataset}"]
    counted = catalogue.installation.call("bench.filling:statements", token=catalogue.token, paths=paths)
    for name, bar, value in (("sql_list", 0, counted[0]), ("sql_one", 1, counted[1])):
        yield Figure(name, value, bar, bar, unit="statements", better="lower", raw={"datasets": DATASETS})


_NAMES = (
    "search_vs_solr", "search_vs_ckan", "one_vs_ckan", "not_modified", "deep_page", "changes_page", "export_rate",
    "sql_list", "sql_one",
)  # fmt: skip
FIGURES = {",".join(_NAMES): reading}
