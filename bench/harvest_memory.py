"""What a worker needs at most: a first harvest of ten times as many datasets must not need more of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from bench.figure import Figure
from bench.installation import Ran, installed, services
from bench.portal import opened
from deploy.testservices import TestServices

FEW = int(os.environ.get("SATUDATA_BENCH_FEW", "10000"))
MANY = int(os.environ.get("SATUDATA_BENCH_MANY", "100000"))


def measure() -> Iterator[Figure]:
    """Harvest both, each in a process of its own."""
    with services() as running:
        few, many = _harvested(running, FEW), _harvested(running, MANY)
    raw = {
        "datasets": [FEW, MANY],
        "peak_megabytes": [few.peak_megabytes, many.peak_megabytes],
        "seconds": [few.seconds, many.seconds],
        "per_second": [round(FEW / few.seconds, 1), round(MANY / many.seconds, 1)],
        "stages": many.stages,
        "processor": many.processor,
    }
    ratio = round(many.peak_megabytes / few.peak_megabytes, 3)
    yield Figure("memory", ratio, bar=1.2, aim=1.0, better="lower", raw=raw)
    yield Figure("memory_peak", many.peak_megabytes, bar=400, aim=400, unit="MB", better="lower", raw=raw)


def _harvested(running: TestServices, datasets: int) -> Ran:
    with installed(running) as ours, opened(datasets, port=ours.platform.allowed_ports[0]) as portal:
        ours.add_source(portal.address)
        return ours.harvest(found=datasets)


FIGURES = {"memory,memory_peak": measure}
