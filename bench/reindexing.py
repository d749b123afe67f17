"""How fast the whole index is made anew, against CKAN's own `search-index rebuild` on the first datasets."""

from __future__ import annotations

import os
from collections.abc import Iterator

from bench.figure import Figure
from bench.installation import installed, services
from bench.portal import opened
from deploy.testservices import TestServices

DATASETS = int(os.environ.get("SATUDATA_BENCH_DATASETS", "20000"))
CKANS = int(os.environ.get("SATUDATA_BENCH_STOCK", "1000"))


def measure() -> Iterator[Figure]:
    """Ours of all datasets, CKAN's of the first."""
    with services() as running:
        theirs = _seconds(running, CKANS, ("search_index", "rebuild"))
        ours = _seconds(running, DATASETS, ("satudata", "index", "rebuild", "--json"))
    rates = DATASETS / ours, CKANS / theirs
    raw = {"per_second": round(rates[0], 1), "ckans_per_second": round(rates[1], 1), "datasets": [DATASETS, CKANS]}
    yield Figure("reindex", round(rates[0] / rates[1], 2), bar=10, aim=20, raw=raw)


def _seconds(running: TestServices, datasets: int, command: tuple[str, ...]) -> float:
    with installed(running) as platform, opened(datasets, port=platform.platform.allowed_ports[0]) as portal:
        platform.add_source(portal.address)
        platform.harvest(found=datasets)
        seconds = platform.run(*command).seconds
        platform.platform.index.commit()
        if platform.indexed() != datasets:
            raise RuntimeError(f"{platform.indexed()} of {datasets} datasets are found after {' '.join(command)}")
        return seconds


FIGURES = {"reindex": measure}
