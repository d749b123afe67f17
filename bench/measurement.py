"""Find the measurements of this folder and run each in a process of its own."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from importlib.metadata import distributions
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.figure import Figure

HERE = Path(__file__).parent
#: Packages whose version changes a figure.
VERSIONS = {"ckan", "sqlalchemy", "psycopg2", "pysolr", "requests", "jsonschema", "msgspec", "orjson", "duckdb"}


def measurements() -> dict[str, tuple[str, str]]:
    """Return {name of a figure: (module, key of its `FIGURES`)} of every module here that declares some."""
    found = {}
    for file in sorted(HERE.glob("[a-z]*.py")):
        if "FIGURES" in file.read_text("utf-8"):
            for key in getattr(importlib.import_module(f"bench.{file.stem}"), "FIGURES", {}):
                found.update(dict.fromkeys(key.split(","), (f"bench.{file.stem}", key)))
    return found


def measure(module: str, key: str) -> list[dict[str, Any]]:
    """Run one measurement in a process of its own; a failure becomes an entry without a value."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(module, key, theirs))
    begun = time.monotonic()
    child.start()
    theirs.close()
    try:
        told = ours.recv()
    except EOFError:
        told = f"{module} ended without an answer"
    child.join()
    if isinstance(told, str):
        print(told, file=sys.stderr)
        failed = {"value": None, "bar": None, "aim": None, "unit": "", "passed": False, "raw": {"error": told[-2000:]}}
        return [{"name": name, **failed} for name in key.split(",")]
    seconds = round(time.monotonic() - begun, 1)
    circumstances = {"seconds": seconds, "at": datetime.now(timezone.utc).isoformat(timespec="seconds"), **machine()}
    return [{**entry, "raw": {**entry["raw"], **circumstances}} for entry in told]


def _measure(module: str, key: str, answer: Connection) -> None:
    work: Callable[[], Iterable[Figure]] = importlib.import_module(module).FIGURES[key]
    try:
        answer.send([figure.to_dict() for figure in work()])
    except Exception:  # noqa: BLE001  # whatever stops one measurement, the others go on
        answer.send(traceback.format_exc())


def machine() -> dict[str, Any]:
    """Return what a figure depends on: processors, Python and packages."""
    names = {one.metadata["Name"]: one.version for one in distributions()}
    installed = {name: number for name, number in sorted(names.items()) if name.lower() in VERSIONS}
    return {"processors": os.cpu_count(), "python": platform.python_version(), "packages": installed}
