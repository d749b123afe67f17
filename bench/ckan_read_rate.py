"""How fast pages of a CKAN portal become datasets, against a bare loop that only fetches and parses them.

Both sides read the same pages in turns, and the best turn of each counts: the machine's other work slows a turn,
nothing speeds one up. 1.0 would mean that mapping costs nothing.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator

import requests

from bench.figure import Figure
from bench.portal import PAGE, serving
from satudata_harvesters.http import Http
from satudata_harvesters.source import Source, http_for

DATASETS = 4000
TURNS = 5


def bare(address: str, datasets: int, *, parse: bool = True) -> int:
    """The loop anybody would write: fetch a page, parse it, count what it holds; without `parse` only fetch it."""
    read = 0
    with requests.Session() as session:
        session.trust_env = False
        for start in range(0, datasets, PAGE):
            params: dict[str, str | int] = {"q": "*:*", "sort": "id asc", "rows": PAGE, "start": start}
            answer = session.get(f"{address}/api/3/action/package_search", params=params, timeout=60)
            read += len(json.loads(answer.content)["result"]["results"]) if parse else PAGE
    return read


def mapped(source: Source, http: Http) -> int:
    """The same pages through the guarded client, the connector and the mapping."""
    pages = source.open(http).pages()
    return sum(1 for page in pages for raw in page.records if source.mapper.apply(raw, source).identifier)


def _seconds(work: Callable[[], int], expected: int) -> float:
    gc.collect()
    begun = time.perf_counter()
    if work() != expected:
        raise RuntimeError("not every dataset was read")
    return time.perf_counter() - begun


def measure(datasets: int = DATASETS, turns: int = TURNS) -> Iterator[Figure]:
    """Read the pages both ways, in turns."""
    with serving(datasets) as port:
        address, network = f"http://127.0.0.1:{port}", f"127.0.0.1/32:{port}"
        plain = {"name": "laju", "connector": "ckan", "url": address, "allow_networks": [network]}
        source = Source.from_dict(plain)
        fetched = min(_seconds(lambda: bare(address, datasets, parse=False), datasets) for _ in range(2))
        mapped(source, http_for(source, permitted=[network]))
        pairs = []
        for _ in range(turns):
            loop = _seconds(lambda: bare(address, datasets), datasets)
            pairs.append((loop, _seconds(lambda: mapped(source, http_for(source, permitted=[network])), datasets)))
    if datasets / fetched < 5000:
        raise RuntimeError("the server gave fewer than 5,000 datasets per second: nothing was measured")
    loop, full = (min(column) for column in zip(*pairs, strict=True))
    raw = {
        "datasets": datasets,
        "served_per_second": round(datasets / fetched),
        "bare_per_second": round(datasets / loop),
        "mapped_per_second": round(datasets / full),
        "ratios": [round(one / other, 3) for one, other in pairs],
        "median_ratio": round(statistics.median(one / other for one, other in pairs), 3),
    }
    yield Figure("ckan_read_rate", round(loop / full, 3), bar=0.5, aim=0.8, raw=raw)


FIGURES = {"ckan_read_rate": measure}
