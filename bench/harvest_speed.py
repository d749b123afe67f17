"""How fast a harvest is: the first one, one that finds nothing new, one that finds a little, each against what the
machine can do and, the first one, against stock ckanext-harvest.

The timed command is `ckan satudata harvest NAME --json` with the settings of an installation: Postgres waits for the
disk, the profile is `transisi`, change log, answers and outbox are written. The clock stops when a search finds the
last dataset. Both sides of a ratio run in turns on the same services, and the best turn of each counts. Solr's virtual
machine is warmed up before.

`SATUDATA_BENCH_DATASETS` and `SATUDATA_BENCH_STOCK` make it smaller while it is worked on; figures of record are
measured with the numbers that stand here.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import bare
from bench.ckan_read_rate import bare as read_bare
from bench.figure import Figure
from bench.installation import Installation, Ran, installed, services
from bench.portal import Portal, opened
from deploy.testservices import TestServices
from tests.platform_fixtures import open_platform
from tests.stock_ckan import StockCkan, stock_ckan

DATASETS = int(os.environ.get("SATUDATA_BENCH_DATASETS", "20000"))
STOCK = int(os.environ.get("SATUDATA_BENCH_STOCK", "1000"))
WARMING = 6000
TURNS = 3
#: One package in so many differs when one percent has changed.
EVERY = 100


def measure() -> Iterator[Figure]:
    """Everything, in one run on one set of services."""
    with services() as running, tempfile.TemporaryDirectory() as kept:
        _warm_up(running)
        with installed(running) as ours, opened(DATASETS, port=ours.platform.allowed_ports[0]) as portal:
            ours.add_source(portal.address)
            first = ours.harvest(found=DATASETS)
            ours.call("bench.bare:write_down", folder=kept)
            yield from _against_bare(running, portal, Path(kept), first)
            yield from _again(ours, portal)
        yield _against_stock(running, first)


def _warm_up(running: TestServices) -> None:
    with installed(running) as ours, opened(WARMING, port=ours.platform.allowed_ports[0]) as portal:
        ours.add_source(portal.address)
        ours.harvest(found=WARMING)


def _against_bare(running: TestServices, portal: Portal, kept: Path, first: Ran) -> Iterator[Figure]:
    seconds, ckans = (_bare(running, portal, kept, tables) for tables in ({**bare.CKANS, **bare.OURS}, bare.CKANS))
    raw = {
        **_told(first),
        "bare_per_second": round(DATASETS / seconds, 1),
        "bare_seconds": round(seconds, 2),
        "bare_with_ckans_rows_alone_per_second": round(DATASETS / ckans, 1),
    }
    yield Figure("harvest_vs_bare", round(seconds / first.seconds, 3), bar=0.6, aim=1.0, raw=raw)
    per_dataset = round(first.statements / DATASETS, 4)
    raw = {"statements": first.statements, "commits": first.commits, "datasets": DATASETS}
    yield Figure("sql_per_dataset", per_dataset, bar=0.2, aim=0.05, unit="statements", better="lower", raw=raw)


def _bare(running: TestServices, portal: Portal, kept: Path, tables: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder, open_platform(running, Path(folder)) as platform:
        return bare.fill(portal.address, platform, kept, DATASETS, tables)


def _told(ran: Ran) -> dict[str, Any]:
    return {
        "datasets": DATASETS,
        "seconds": ran.seconds,
        "per_second": round(DATASETS / ran.seconds, 1),
        "stages": ran.stages,
        "processor": ran.processor,
        "peak_megabytes": ran.peak_megabytes,
    }


def _again(ours: Installation, portal: Portal) -> Iterator[Figure]:
    """The same source harvested again, in every manner in which nothing or little has changed."""
    portal.manner("varied")
    loop = _best(lambda: _timed(lambda: read_bare(portal.address, DATASETS)))
    portal.manner("conditional")
    not_sent = _unchanged(ours)
    portal.manner("equal")
    equal = _unchanged(ours)
    portal.manner("varied")
    varied = _unchanged(ours)
    changed = []
    for _ in range(TURNS):
        expected = portal.change(EVERY)
        ran = ours.harvest()
        if ran.told["updated"] != expected:
            raise RuntimeError(f"{expected} datasets were changed, not {ran.told['updated']}")
        changed.append(ran)
    little = min(changed, key=lambda ran: ran.seconds)

    def against_loop(name: str, ran: Ran, bar: float, aim: float) -> Figure:
        raw = {**_told(ran), "bare_seconds": round(loop, 3), "bare_per_second": round(DATASETS / loop)}
        return Figure(name, round(loop / ran.seconds, 3), bar=bar, aim=aim, raw=raw)

    yield against_loop("unchanged_vs_bare", varied, 0.5, 0.8)
    yield against_loop("unchanged_equal_page", equal, 1.5, 2.5)
    yield against_loop("unchanged_304", not_sent, 5, 20)
    raw = {**_told(little), "unchanged_seconds": varied.seconds}
    ratio = round(little.seconds / varied.seconds, 3)
    yield Figure("one_percent", ratio, bar=1.5, aim=1.2, better="lower", raw=raw)


def _unchanged(ours: Installation) -> Ran:
    runs = [ours.harvest() for _ in range(TURNS)]
    if any(ran.told["unchanged"] != DATASETS for ran in runs):
        raise RuntimeError("something was taken for changed")
    return min(runs, key=lambda ran: ran.seconds)


def _best(turn: Callable[[], float]) -> float:
    return min(turn() for _ in range(TURNS))


def _timed(work: Callable[[], int]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _against_stock(running: TestServices, first: Ran) -> Figure:
    with ExitStack() as block:
        folder = Path(block.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        stock = block.enter_context(stock_ckan(running, folder, {"ckan.plugins": "harvest ckan_harvester"}))
        portal = block.enter_context(opened(STOCK, page=100))
        _prepare(stock, portal.address)
        starting = _timed(lambda: len(stock.ckan("harvester", "sources")))
        seconds = _timed(lambda: len(stock.harvest("terukur"))) - starting
        stock.index.commit()
        found = stock.index.select("dataset_type:dataset", rows="0")["response"]["numFound"]
        if found < STOCK:
            raise RuntimeError(f"the stock harvester brought {found} of {STOCK} datasets")
    theirs, rate = STOCK / seconds, DATASETS / first.seconds
    raw = {"per_second": round(rate, 1), "stock_per_second": round(theirs, 2), "stock_datasets": STOCK}
    return Figure("harvest_vs_stock", round(rate / theirs, 1), bar=50, aim=100, raw=raw)


def _prepare(stock: StockCkan, address: str) -> None:
    office = ("organization_create", {"name": "kantor", "title": "Kantor"})
    source = {"name": "terukur", "title": "Terukur", "url": address, "source_type": "ckan", "owner_org": "kantor"}
    stock.act([office, ("harvest_source_create", source)])


FIGURES = {
    "harvest_vs_bare,sql_per_dataset,unchanged_vs_bare,unchanged_equal_page,unchanged_304,one_percent,harvest_vs_stock":
    measure
}  # fmt: skip
