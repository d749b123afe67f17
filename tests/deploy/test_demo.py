"""`make demo` as an operator uses it: from nothing to a tour, again, and after everything was killed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.serving import json_answer, serve
from deploy.layout import CHECKOUT

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Demo:
    """A demo of its own: another data folder, other ports, nothing shared with a demo of this checkout."""

    data: Path

    def make(self, target: str, **variables: str) -> tuple[str, float]:
        """Run a target; its output and how many seconds it took. A failing one fails the test with its words."""
        started = time.monotonic()
        run = subprocess.run(
            ["make", target],
            cwd=CHECKOUT,
            env={**os.environ, "SATUDATA_DATA": str(self.data), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        assert run.returncode == 0, run.stdout
        return run.stdout, time.monotonic() - started

    def ckan(self, *words: str, code: int | None = 0) -> Any:
        """What `deploy/ckan satudata … --json` answers here."""
        run = subprocess.run(
            [str(CHECKOUT / "deploy" / "ckan"), "satudata", *words, "--json"],
            env={**os.environ, "SATUDATA_DATA": str(self.data)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert code is None or run.returncode == code, run.stdout + run.stderr
        return json.loads(run.stdout)

    def processes(self) -> list[int]:
        """Every process of this demo, Postgres's first one by its own file."""
        marker = f"SATUDATA_INSTALLATION={self.data}".encode()
        found = [int((self.data / "postgres" / "postmaster.pid").read_text().split()[0])]
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if marker in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
        supervisor = self.data / "run" / "supervisord.pid"
        return [*found, int(supervisor.read_text())]


@pytest.fixture(scope="module")
def demo():
    folder = Path(tempfile.mkdtemp(prefix="satudata-demo-"))
    folder.chmod(0o755)
    started = Demo(folder / "data")
    try:
        yield started
    finally:
        started.make("clean", CONFIRM="yes")
        shutil.rmtree(folder, ignore_errors=True)


def curl_line(output: str) -> str:
    [line] = [line for line in output.splitlines() if line.startswith("curl ")]
    return line


def listed(output: str) -> dict:
    """What the tour's own curl line answers, run as it stands."""
    answer = subprocess.run(["sh", "-c", curl_line(output)], capture_output=True, text=True, check=True, timeout=30)
    return json.loads(answer.stdout)


def counts(output: str) -> list[str]:
    return re.findall(r"^(?:aduan-warga|portal-kabupaten) .*\d$", output, re.MULTILINE)


@pytest.fixture(scope="module")
def first(demo):
    return demo.make("demo")[0]


@pytest.fixture(scope="module")
def total(first):
    """How many datasets the API listed after the first run; never none."""
    found = listed(first)["meta"]["total"]
    assert found > 100
    return found


def test_the_tour_ends_with_one_call_that_answers_in_the_envelope(first):
    assert "\x1b" not in first
    answer = listed(first)
    assert set(answer) == {"data", "meta", "links"}
    assert answer["meta"]["total"] > 100
    assert answer["data"]


def test_the_tour_counts_each_source_and_says_why_some_is_not_shown(first):
    assert len(counts(first)) == 2
    assert "Mengapa perlu perbaikan" in first
    assert "Mengapa tidak dimuat" in first
    for login in ("admin", "walidata", "operator-dinkes"):
        assert re.search(rf"^  {login} +\S{{23}} ", first, re.MULTILINE)


def test_a_second_run_is_quick_and_neither_loses_nor_doubles(demo, first, total):
    again, seconds = demo.make("demo")
    assert seconds < 30
    assert counts(again) == counts(first)
    assert listed(again)["meta"]["total"] == total
    assert "baru 0, berubah 0" in again


def test_after_every_process_was_killed_a_run_brings_all_of_it_back(demo, first, total):
    for pid in demo.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    again, _ = demo.make("demo")
    assert counts(again) == counts(first)
    assert listed(again)["meta"]["total"] == total


def test_secrets_are_readable_for_their_owner_only_and_in_no_log(demo, first):
    secrets = [path for path in (demo.data / "secrets").rglob("*") if path.is_file()]
    assert len(secrets) >= 8
    for path in [*secrets, demo.data / "ckan.ini", demo.data / "supervisord.conf"]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    values = [line for path in secrets if path.suffix != ".pem" for line in path.read_text().split() if len(line) > 15]
    logs = b"".join(path.read_bytes() for name in ("log", "setup-log") for path in (demo.data / name).glob("*"))
    assert [value for value in values if value.encode() in logs] == []


def test_nothing_listens_beyond_this_machine(demo, first):
    ours = set(json.loads((demo.data / "ports.json").read_text()).values())
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, port = local.split(":")
            if state == "0A" and int(port, 16) in ours:
                listening.add((address, int(port, 16)))
    assert {port for _, port in listening} == ours
    assert {address for address, _ in listening} == {"0100007F"}


def test_a_backup_brings_back_what_was_lost(demo, first, total, tmp_path):
    archive = tmp_path / "cadangan.tar"
    demo.make("backup", FILE=str(archive))
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    demo.make("clean", CONFIRM="yes")
    demo.make("restore", FILE=str(archive), CONFIRM="yes")
    again, _ = demo.make("demo")
    assert counts(again) == counts(first)
    assert listed(again)["meta"]["total"] == total
    # Its files have moved with the ports of the new demo applications: changed they may be, new none.
    assert set(re.findall(r"baru (\d+)", again)) == {"0"}


class Halting:
    """A portal that stops answering at its third page until it is told to go on."""

    def __init__(self):
        from tests.harvest.conftest import package

        self.packages = [package(number) for number in range(1, 31)]
        self.reached, self.go_on = threading.Event(), threading.Event()

    def answer(self, request):
        if not request.path.endswith("package_search"):
            return json_answer({"success": False, "error": {"message": "Not found"}}, 404)
        start, rows = int(request.query.get("start", 0)), int(request.query.get("rows", 10))
        if start >= 15 and not self.go_on.is_set():
            self.reached.set()
            self.go_on.wait(600)
        found = self.packages[start : start + rows]
        return json_answer({"success": True, "result": {"count": len(self.packages), "results": found}})


def test_a_backup_taken_during_a_run_is_restored_in_an_empty_place_where_the_run_goes_on(demo, first, tmp_path):
    portal, archive = Halting(), tmp_path / "di-tengah.tar"
    with serve(portal) as url:
        network = f"127.0.0.1/32:{url.rpartition(':')[2]}"
        file = demo.data.parent / "terputus.yaml"
        file.write_text(
            f"name: terputus\ntitle: Portal\norganization: dinas-kesehatan\nconnector: ckan\nurl: {url}\n"
            "config: {page_size: 10}\npenayangan: otomatis\n"
            f"limits: {{attempts: 1, deadline: 900, read: 300}}\nallow_networks: ['{network}']\n"
        )
        demo.make("up", SATUDATA_ALLOW_NETWORKS=network)
        demo.ckan("source", "add", "terputus", "--file", str(file), "--approved-by", "walidata")
        run = demo.ckan("harvest", "terputus", "--background")["run"]
        assert portal.reached.wait(60)
        demo.make("backup", FILE=str(archive))
        demo.make("down")
        portal.go_on.set()
        other = Demo(demo.data.parent / "lain")
        try:
            other.make("restore", FILE=str(archive), CONFIRM="yes", SATUDATA_ALLOW_NETWORKS=network)
            deadline = time.monotonic() + 180
            while (ended := other.ckan("run", "show", run))["state"] not in ("selesai", "gagal"):
                assert time.monotonic() < deadline, ended
                time.sleep(1)
            assert (ended["state"], ended["created"], ended["attempt"]) == ("selesai", 30, 2), ended
            checks = {check["name"]: check for check in other.ckan("doctor", code=None)["checks"]}
            for place in ("index", "packages", "answers", "changes", "hidden", "sealed"):
                assert checks[place]["ok"], checks[place]
        finally:
            other.make("clean", CONFIRM="yes")
            demo.make("up")


def test_a_source_that_is_down_is_named_and_stops_nothing(demo, first):
    """One's own portal that does not answer: the demo is up, the tour is printed, the exit code tells."""
    run = subprocess.run(
        ["make", "demo", "SOURCE=https://portal.invalid"],
        cwd=CHECKOUT,
        env={**os.environ, "SATUDATA_DATA": str(demo.data)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert run.returncode != 0
    assert curl_line(run.stdout)
    assert "portal-sendiri-portal-invalid" in run.stderr
