"""Stopping, starting and hampering the services of these tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy import postgres, redis_server, solr, testservices
from deploy.layout import service_account
from deploy.testservices import STOP_SIGNALS, TestServices
from tests.e2e.stack import _family, until


class Control:
    """The services by name: `postgres`, `redis`, `solr`."""

    def __init__(self, services: TestServices) -> None:
        self.services = services

    def stop(self, name: str) -> None:
        """Stop one as its supervisor would, and wait until it is gone."""
        pid = self.services.pids[name]
        os.kill(pid, STOP_SIGNALS[name])
        until(lambda: _gone(pid), f"{name} stops", 30)

    def start(self, name: str) -> None:
        """Start it again on its data, and wait until it answers."""
        server = getattr(self.services, name)
        log = Path(self.services.folder) / "log" / f"{name}.log"
        again = testservices.spawn(server.command, log, service_account(), STOP_SIGNALS[name], bound=True)
        self.services.pids[name] = again.pid
        answers = {
            "postgres": postgres.accepts_connections, "redis": redis_server.answers, "solr": solr.answers,
        }[name]  # fmt: skip
        until(lambda: answers(server), f"{name} is back", 60)
        if name == "solr":
            cores = [path.parent.name for path in self.services.solr.home.glob("*/core.properties")]
            until(lambda: all(solr.answers(server, core) for core in cores), "its cores are loaded", 60)

    def supervised(self, name: str) -> None:
        """Wait until it has ended by itself, and start it again, as a supervisor does."""
        pid = self.services.pids[name]
        until(lambda: _gone(pid), f"{name} ends by itself", 60)
        self.start(name)

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """Without this service while the block lasts."""
        self.stop(name)
        try:
            yield
        finally:
            self.start(name)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """It takes what is sent to it and answers nothing while the block lasts: every process of it stands still."""
        pids = _family(self.services.pids[name])
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    @contextmanager
    def full_disk(self, name: str) -> Iterator[None]:
        """No file of this service can grow while the block lasts."""
        self._limit(name, "1")
        try:
            yield
        finally:
            self._limit(name, "unlimited")

    def _limit(self, name: str, size: str) -> None:
        """Bytes a file of this service may hold; set under its own account, which may always do so."""
        command = ["prlimit", f"--pid={self.services.pids[name]}", f"--fsize={size}:"]
        subprocess.run(command, check=True, **service_account().popen_arguments())


def _gone(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    return True


def hold(pid: int) -> None:
    """Stop a process where it stands, and wait until it has."""
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.05)
