"""What a developer runs: the tests on real services, the linters, the audit, the files made from others."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from typing import NoReturn

from deploy import machine, python_environment, solr, testservices
from deploy.layout import CHECKOUT, data_root, make_folder, own_account
from deploy.steps import StepError, step
from deploy.wording import say

VENV = CHECKOUT / ".venv"
#: Modules that write files of the repository from others when they are run.
GENERATORS: tuple[str, ...] = ("satudata_schemas.generate",)
#: Folders whose tests need neither CKAN nor a service; in them, what asks for a service is left out, too.
PURE_TESTS = ["schemas", "harvesters", "house", "demo", "docs", "deploy"]
#: How pytest ends where `ARGS` leaves nothing of a part.
NOTHING_TO_RUN = 5
TYPED = ["schemas", "harvesters", "ckanext-satudata/ckanext/satudata", "demo", "deploy", "bench"]


def test() -> NoReturn:
    """Run every test but the long ones; pytest's summary is the last that is printed."""
    _prepare(services=True)
    _pytest(["-m", "not long", *_extra()])


def test_pure() -> NoReturn:
    """Run the quick tests that need no service."""
    _prepare(services=False)
    folders = [f"tests/{name}" for name in PURE_TESTS if (CHECKOUT / "tests" / name).exists()]
    workers = ["-n", str(os.cpu_count() or 1), "--dist", "worksteal"]
    # Plugins of other tests, which every worker would import: they take longer than a hundred of these tests.
    without = ["-p", "no:schemathesis", "-p", "no:anyio"]
    _pytest(["-m", "not long and not heavy", "--pure", *without, *workers, *folders, *_extra()])


def test_long() -> int:
    """Run the tests that take minutes; 1 at the first failure.

    Once all of them, two files at a time, since they mostly wait for processes to start and leases to end; then, with
    nothing beside them, those that measure. `REPEAT` repeats what is drawn from a seed (`pytest --seeded`), each time
    with another one: another moment is another test, the same steps in the same order are not.
    """
    _prepare(services=True)
    times = _repetitions()
    first = int(os.environ.get("SATUDATA_SEED") or random.SystemRandom().randrange(10**6))
    beside = ["-m", "long and not alone", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    ran = False
    for number in range(times):
        seed = str(first + number)
        print(f"==> {number + 1}/{times}, SATUDATA_SEED={seed}", flush=True)
        os.environ["SATUDATA_SEED"] = seed
        for chosen in [[*beside, "--seeded"]] if number else [beside, ["-m", "long and alone"]]:
            code = _inside(["python", "-m", "pytest", *chosen, *_extra()])
            if code not in (0, NOTHING_TO_RUN):
                return code
            ran = ran or code == 0
    return 0 if ran else NOTHING_TO_RUN


def _repetitions() -> int:
    told = os.environ.get("REPEAT") or "1"
    if not told.isdigit() or int(told) < 1:
        raise StepError(
            say(f"REPEAT bukan bilangan: {told}", f"REPEAT is no number: {told}"), "make test-long REPEAT=3"
        )
    return int(told)


def bench() -> int:
    """Measure the figures that `ONLY` names, or all; 1 when a bar is missed."""
    _prepare(services=True)
    return _inside(["python", "-m", "bench", "--only", os.environ.get("ONLY", "")])


def lint() -> int:
    """Check style, format and types; 1 when one of them finds something."""
    _prepare(services=False)
    checks = [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["mypy", *(t for t in TYPED if (CHECKOUT / t).exists())],
    ]
    codes = []
    for check in checks:
        print(f"==> {' '.join(check)}", flush=True)
        codes.append(_inside(check))
    return max(codes)


def audit() -> int:
    """Hold every pinned package against the advisories; a service that cannot be reached is said, never passed over."""
    _prepare(services=False)
    lock = str(python_environment.REQUIREMENTS / "development.txt")
    code = _inside(["pip-audit", "--require-hashes", "--disable-pip", "--progress-spinner=off", "-r", lock])
    if code not in (0, 1):
        raise StepError(
            say(
                "Daftar kerentanan tidak dapat dihubungi; tidak ada yang diperiksa",
                "No advisories: nothing checked",
            ),
            say("Periksa sambungan internet lalu jalankan lagi", "Check the network and run again"),
        )
    return code


def lock() -> int:
    """Pin the newest packages that are at least a week old."""
    _prepare(services=False)
    return _inside(["python", "-m", "deploy.lock"])


def _prepare(*, services: bool) -> None:
    """Bring the machine and `.venv` to what tests and linters need; `services` adds those and Chromium."""
    ourselves = own_account()
    logs = make_folder(make_folder(data_root(), ourselves, 0o755) / "setup-log", ourselves)
    with step(say("Memeriksa sistem dan paketnya", "Checking the system and its packages")):
        machine.prepare(logs / "machine.log", tests=services)
    with step(say("Menyiapkan lingkungan Python", "Preparing the Python environment")):
        python_environment.install(VENV, CHECKOUT, logs / "python-environment.log", development=True)
    if services:
        with step(say("Menyiapkan Solr", "Preparing Solr")):
            solr.install_programs(testservices.solr_programs(), logs / "solr-programs.log")


def _pytest(arguments: Sequence[str]) -> NoReturn:
    os.chdir(CHECKOUT)
    sys.stdout.flush()
    program = VENV / "bin" / "python"
    os.execve(program, [str(program), "-m", "pytest", *arguments], _environment())  # noqa: S606  # its end is our end


def _inside(command: Sequence[str]) -> int:
    program, *arguments = command
    return subprocess.run(
        [str(VENV / "bin" / program), *arguments], check=False, cwd=CHECKOUT, env=_environment()
    ).returncode


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', '')}"}


def _extra() -> list[str]:
    """Return what the developer adds: `make test ARGS="tests/api -x"`."""
    return os.environ.get("ARGS", "").split()


def screenshots() -> int:
    """Take pictures of the running demo."""
    _prepare(services=True)
    return _inside(["python", "-m", "deploy.screenshots"])


def generated() -> int:
    """Write again every file that is made from the contract, the rules or the API."""
    _prepare(services=False)
    return max(_inside(["python", "-m", module]) for module in GENERATORS)
