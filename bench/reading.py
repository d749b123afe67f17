"""What reading a portal costs beside speed: memory when it grows, and hardly anything when nothing has changed."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from bench.figure import Figure
from bench.portal import opened
from satudata_harvesters.connector import Validators
from satudata_harvesters.source import Source, http_for

FEW = 1000
TURNS = 3
PAGES = 16


def _source(port: int) -> Source:
    network = f"127.0.0.1/32:{port}"
    given = {"name": "ukur", "connector": "ckan", "url": f"http://127.0.0.1:{port}", "allow_networks": [network]}
    return Source.from_dict(given)


def _read(source: Source, validators: dict[str, Validators] | None = None) -> tuple[int, int, dict[str, Validators]]:
    """(datasets mapped, pages unchanged, what to give back next time) of one run over the portal."""
    mapped, unchanged, kept = 0, 0, {}
    for page in source.open(http_for(source, permitted=source.allow_networks)).pages(validators=validators):
        mapped += sum(1 for raw in page.records if source.mapper.apply(raw, source).identifier)
        unchanged += page.unchanged
        kept[page.key] = page.validators or {}
    return mapped, unchanged, kept


def _peak() -> int:
    """The most memory this process has held since it began, in kB; unlike `ru_maxrss` nothing of its parent's."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def _child(port: int, expected: int, answer: Connection) -> None:
    source = _source(port)
    source.mapper  # noqa: B018 - what a run loads before its first page is not what its pages take
    before = _peak()
    mapped, _, _ = _read(source)
    answer.send((mapped == expected, before, _peak()))


def _in_child(port: int, expected: int) -> tuple[int, int]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(port, expected, theirs))
    child.start()
    theirs.close()
    whole, before, peak = ours.recv()
    child.join()
    if not whole:
        raise RuntimeError("not every dataset was read")
    return before, peak


def memory(few: int = FEW, turns: int = TURNS) -> Iterator[Figure]:
    """Read a portal and one of ten times the size, each in a process of its own, and compare their peaks."""
    with opened(few) as small, opened(10 * few) as large:
        peaks = [(_in_child(small.port, few), _in_child(large.port, 10 * few)) for _ in range(turns)]
    fewer, more = (statistics.median(pair[place][1] for pair in peaks) for place in (0, 1))
    raw = {
        "datasets": [few, 10 * few],
        "peak_kb": [[pair[0][1], pair[1][1]] for pair in peaks],
        "before_reading_kb": [[pair[0][0], pair[1][0]] for pair in peaks],
    }
    yield Figure("read_memory", round(more / fewer, 3), bar=1.1, aim=1.0, better="lower", raw=raw)


def not_modified(pages: int = PAGES, turns: int = TURNS) -> Iterator[Figure]:
    """Read all pages, then ask again with what they sent: 304 for each; the best turn of both counts."""
    datasets = pages * 250
    with opened(datasets) as portal:
        source = _source(portal.port)
        mapped, _, known = _read(source)
        if (mapped, len(known)) != (datasets, pages):
            raise RuntimeError("not every dataset was read")
        read, asked = [], []
        for _ in range(turns):
            portal.manner("equal")
            begun = time.perf_counter()
            _read(source)
            read.append(time.perf_counter() - begun)
            portal.manner("conditional")
            begun = time.perf_counter()
            found, unchanged, _ = _read(source, known)
            asked.append(time.perf_counter() - begun)
            if (found, unchanged) != (0, pages):
                raise RuntimeError("not every page was answered with 304")
    raw = {
        "pages": pages,
        "read_seconds": [round(one, 4) for one in read],
        "asked_seconds": [round(one, 4) for one in asked],
    }
    yield Figure("read_304", round(min(read) / min(asked), 1), bar=5, aim=20, raw=raw)


FIGURES = {"read_memory": memory, "read_304": not_modified}
