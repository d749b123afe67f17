"""A hundred thousand datasets on one small installation: harvested, looked for, harvested again, taken back.

The memory that a first harvest of them takes is held against that of a tenth. Each harvest runs in a process of its
own, and all of them as a person types them. What has no bar is only told.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import corpus
from bench.api_reading import API, Asked
from bench.figure import Figure
from bench.installation import Installation, Ran, installed, services
from bench.portal import Portal, opened
from deploy import programs
from deploy.testservices import TestServices

FEW = int(os.environ.get("SATUDATA_BENCH_FEW", "10000"))
MANY = int(os.environ.get("SATUDATA_BENCH_MANY", "100000"))
QUERIES = 200
MEGABYTE = 1024 * 1024


def measure() -> Iterator[Figure]:
    """Everything, one after the other."""
    with services() as running:
        with _source(running, FEW) as (ours, _):
            few = ours.harvest(found=FEW)
        with _source(running, MANY) as (ours, portal):
            many = ours.harvest(found=MANY)
            yield from _harvested(ours, few, many)
            token = ours.call("bench.driven:reading_token")
            yield from _looked_for(ours, token)
            yield _again(ours, portal)
            yield _taken_back(ours, many, token)


@contextmanager
def _source(running: TestServices, datasets: int) -> Iterator[tuple[Installation, Portal]]:
    unlimited = {f"ckanext.satudata.api.{name}": str(10**9) for name in ("rate_limit", "anonymous_rate_limit")}
    with (
        installed(running, **unlimited) as ours,
        opened(datasets, port=ours.platform.allowed_ports[0]) as portal,
    ):
        ours.add_source(portal.address)
        yield ours, portal


def _harvested(ours: Installation, few: Ran, many: Ran) -> Iterator[Figure]:
    raw = {
        "datasets": [FEW, MANY],
        "peak_megabytes": [few.peak_megabytes, many.peak_megabytes],
        "seconds": [few.seconds, many.seconds],
        "per_second": [round(FEW / few.seconds, 1), round(MANY / many.seconds, 1)],
        "statements": many.statements,
        "stages": many.stages,
        "processor": many.processor,
    }
    ratio = round(many.peak_megabytes / few.peak_megabytes, 3)
    yield Figure("memory", ratio, bar=1.2, aim=1.0, better="lower", raw=raw)
    yield Figure("memory_peak", many.peak_megabytes, bar=400, aim=400, unit="MB", better="lower", raw=raw)
    yield Figure("many_harvest", round(MANY / many.seconds, 1), unit="datasets/s", raw=raw)
    database = ours.call("bench.driven:database_bytes") / MEGABYTE
    yield Figure("many_database", round(database), unit="MB", better="lower", raw={"datasets": MANY})
    yield Figure("many_index", round(_index_bytes(ours) / MEGABYTE), unit="MB", better="lower", raw={"datasets": MANY})


def _index_bytes(ours: Installation) -> int:
    ours.platform.index.commit()
    folder: Path = ours.platform.services.solr.home / ours.platform.name
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _looked_for(ours: Installation, token: str) -> Iterator[Figure]:
    """As a browser and an application do it, over HTTP and one after the other; nothing is asked twice."""
    with _web(ours) as site:
        for name, path in (
            ("many_page", "/dataset/"),
            ("many_search", "/api/3/action/package_search"),
            ("many_list", f"{API}/datasets"),
        ):
            taken = _milliseconds(_connected(site, path, token), path, _queries())
            raw = {"datasets": MANY, "queries": len(taken), "p95": round(sorted(taken)[len(taken) * 95 // 100], 1)}
            yield Figure(name, round(statistics.median(taken), 1), unit="ms", better="lower", raw=raw)


@contextmanager
def _web(ours: Installation) -> Iterator[str]:
    platform = ours.platform
    with platform.running("web", programs.web(platform.venv, platform.port, workers=1)):
        platform.wait_for_web()
        yield platform.site_url


def _connected(site: str, path: str, token: str) -> Asked:
    """A connection, to our API with a token."""
    return Asked(site, Authorization=f"Bearer {token}") if path.startswith(API) else Asked(site)


def _queries() -> list[str]:
    draw = random.Random(100_000)
    return [" ".join(draw.sample(corpus.WORDS, 2 + place % 3)) for place in range(QUERIES)]


def _milliseconds(ask: Asked, path: str, queries: list[str]) -> list[float]:
    taken = []
    for words in ("", *queries):  # the first one loads what a page needs
        begun = time.perf_counter()
        ask(f"{path}?{urllib.parse.urlencode({'q': words})}")
        taken.append((time.perf_counter() - begun) * 1000)
    return taken[1:]


def _again(ours: Installation, portal: Portal) -> Figure:
    """All pages sent again, and different as bytes."""
    portal.manner("varied")
    ran = ours.harvest()
    if ran.told["unchanged"] != MANY:
        raise RuntimeError(f"only {ran.told['unchanged']} of {MANY} datasets were found unchanged")
    raw = {"datasets": MANY, "stages": ran.stages, "processor": ran.processor, "peak_megabytes": ran.peak_megabytes}
    return Figure("many_unchanged", ran.seconds, unit="s", better="lower", raw=raw)


def _taken_back(ours: Installation, first: Ran, token: str) -> Figure:
    """Until the command has ended, and with it the index; then nothing may be found any more, whoever looks."""
    ran = ours.run("satudata", "run", "undo", first.told["run"], "--as", "walidata-ukur", "--json")
    if (ran.told["state"], ran.told["withdrawn"]) != ("selesai", MANY):
        raise RuntimeError(f"the run was not taken back: {ran.told['state']}, {ran.told['withdrawn']}")
    ours.platform.index.commit()
    with _web(ours) as site:
        ours_found = json.loads(_connected(site, API, token)(f"{API}/datasets"))["meta"]["total"]
        ckan_found = json.loads(Asked(site)("/api/3/action/package_search"))["result"]["count"]
    if any(found := (ours_found, ckan_found, ours.indexed())):
        raise RuntimeError(f"{found} datasets are still found")
    raw: dict[str, Any] = {
        "datasets": MANY, "seconds": ran.seconds, "statements_per_dataset": round(ran.statements / MANY, 4),
        "peak_megabytes": ran.peak_megabytes, "processor": ran.processor,
    }  # fmt: skip
    return Figure("many_undone", round(MANY / ran.seconds, 1), unit="datasets/s", raw=raw)


FIGURES = {
    "memory,memory_peak,many_harvest,many_database,many_index,many_page,many_search,many_list,many_unchanged,"
    "many_undone": measure
}
