"""An installation to be measured: its own Postgres that waits for the disk, Redis, Solr, and CKAN loaded in a process.

Commands are given to that process as a person types them, `["satudata", "harvest", NAME, "--json"]`, and run by the
same code; only Python and CKAN are already loaded, which takes two seconds and has nothing to do with what is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deploy import testservices
from tests.platform_fixtures import Platform, open_platform

OFFICE = "dinas-kesehatan"
SOURCE = "portal-terukur"
#: How often Solr is asked whether everything is found, in seconds.
LOOK = 0.05
#: How long a command and the index after it may take, in seconds.
LONGEST = 3600.0


@dataclass(frozen=True)
class Ran:
    """One command: seconds until everything was found, what it printed, and what it cost.

    `processor` has the processor's seconds of the command's process, of Postgres and of Solr.
    """

    seconds: float
    told: Any
    statements: int
    commits: int
    peak_megabytes: float
    processor: Mapping[str, float]
    stages: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Installation:
    """CKAN with our extension on services of its own; `commands` go to one process that has it loaded."""

    platform: Platform
    process: subprocess.Popen[str] = field(repr=False)

    def run(self, *words: str, found: int | None = None) -> Ran:
        """Run a command; with `found` the clock stops when a search finds so many datasets."""
        before, begun = self._processor(), time.perf_counter()
        self._begin({"run": list(words)})
        if found is not None:
            self._until_found(found)
        seconds = time.perf_counter() - begun
        told = self._ended()
        return Ran(
            round(seconds if found is not None else told["seconds"], 3),
            json.loads(told["out"]) if told["out"].startswith(("{", "[")) else told["out"],
            told["statements"],
            told["commits"],
            round(told["peak_kb"] / 1024, 1),
            {name: round(value - before[name], 2) for name, value in self._processor().items()},
        )

    def call(self, function: str, **arguments: Any) -> Any:
        """Call a function `module:name` in the process that has CKAN loaded."""
        self._begin({"call": function, "with": arguments})
        return self._ended()["out"]

    def add_source(self, address: str) -> None:
        """Register a portal whose datasets are published as they come, of an office that is there."""
        folder = self.platform.ini.parent
        offices, source = folder / "opd.yaml", folder / "sumber.yaml"
        offices.write_text(json.dumps([{"name": OFFICE, "title": "Dinas Kesehatan", "kode_skpd": "1.02.01"}]), "utf-8")
        definition = {
            "name": SOURCE, "title": "Portal terukur", "connector": "ckan", "url": address, "penayangan": "otomatis",
            "allow_networks": [f"127.0.0.1/32:{address.rpartition(':')[2]}"],
        }  # fmt: skip
        source.write_text(json.dumps(definition), "utf-8")
        self.run("satudata", "opd", "import", str(offices))
        self.call("bench.driven:make_walidata")
        more = ("--organization", OFFICE, "--approved-by", "walidata-ukur")
        self.run("satudata", "source", "add", SOURCE, "--file", str(source), *more)

    def harvest(self, *, found: int | None = None) -> Ran:
        """Harvest the source as a person would; raises when it did not end well."""
        ran = self.run("satudata", "harvest", SOURCE, "--json", found=found)
        if ran.told["state"] != "selesai":
            raise RuntimeError(f"the harvest did not end well: {ran.told}")
        stages = self.run("satudata", "run", "show", ran.told["run"], "--json").told["stages"]
        return replace(ran, stages=stages)

    def indexed(self) -> int:
        """How many datasets a search finds now."""
        return int(self.platform.index.select("entity_type:package", rows="0")["response"]["numFound"])

    def _begin(self, asked: dict[str, Any]) -> None:
        print(json.dumps(asked), file=self.process.stdin, flush=True)

    def _ended(self) -> dict[str, Any]:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError("the process that runs the commands has ended")
        told = dict(json.loads(line))
        if told.get("error"):
            raise RuntimeError(told["error"])
        return told

    def _processor(self) -> dict[str, float]:
        pids = self.platform.services.pids
        return {
            "command": processor_seconds(self.process.pid),
            "postgres": processor_seconds(pids["postgres"]),
            "solr": processor_seconds(pids["solr"]),
        }

    def _until_found(self, datasets: int) -> None:
        deadline = time.monotonic() + LONGEST
        while self.indexed() < datasets:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"only {self.indexed()} of {datasets} datasets are found")
            time.sleep(LOOK)


def processor_seconds(pid: int) -> float:
    """What a process and its children, those that have ended too, have had of the processors."""
    own = _stat(pid)
    children = [child for child in Path("/proc").glob("[0-9]*") if _stat(int(child.name))[1] == pid]
    return own[0] + sum(processor_seconds(int(child.name)) for child in children)


def _stat(pid: int) -> tuple[float, int]:
    """(seconds of the process and of its children that have ended, its parent)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0, 0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK"), int(fields[1])


@contextmanager
def services() -> Iterator[testservices.TestServices]:
    """Postgres (fsync on, the settings of a small server), Redis and Solr, ended with the block."""
    running = testservices.start(bound_to_this_process=True, throwaway=False)
    try:
        yield running
    finally:
        testservices.stop(running)


@contextmanager
def installed(running: testservices.TestServices, **options: str) -> Iterator[Installation]:
    """An empty installation on these services; `options` are lines of its INI."""
    with tempfile.TemporaryDirectory(prefix="satudata-ukur-") as folder:
        Path(folder).chmod(0o755)
        with open_platform(running, Path(folder), options) as platform, loaded(platform) as process:
            yield Installation(platform, process)


@contextmanager
def loaded(platform: Platform, program: Sequence[str] = ("-m", "bench.driven")) -> Iterator[subprocess.Popen[str]]:
    """A process that has CKAN loaded and waits for commands."""
    log = platform.ini.parent / "driven.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, *program, str(platform.ini)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **platform.environment},
            text=True,
        )
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError(f"CKAN did not load:\n{log.read_text('utf-8')[-3000:]}")
            yield process
        finally:
            process.terminate()
            process.wait(30)
