"""The virtual environment: every package pinned with its hash, then the project itself."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from importlib.metadata import distributions
from pathlib import Path

from deploy.layout import CHECKOUT
from deploy.steps import StepError, run_logged
from deploy.wording import say

REQUIREMENTS = CHECKOUT / "deploy" / "requirements"
OLDEST, NEWEST = (3, 10), (3, 12)
#: What an environment holds beside the locks: its installer, and the project.
NEVER_LOCKED = {"pip", "ckanext-satudata"}


def install(venv: Path, code: Path, log: Path, *, development: bool) -> None:
    """Make `venv`, or bring it up to the locks and to `code`; does nothing where nothing changed.

    Build tools come first and from a lock of their own: a source package is built with what is pinned here, not with
    whatever its build would fetch.
    """
    _refuse_other_pythons()
    lock = REQUIREMENTS / ("development.txt" if development else "platform.txt")
    if not _is_current(venv, lock, development=development):
        if not (venv / "bin" / "pip").exists():
            shutil.rmtree(venv, ignore_errors=True)
            _run([sys.executable, "-m", "venv", venv], log)
        pip_install: list[str | Path] = [venv / "bin" / "pip", "install", "--no-input", "--no-deps", "--require-hashes"]
        _run([*pip_install, "-r", REQUIREMENTS / "build.txt"], log)
        _run([*pip_install, "--no-build-isolation", "-r", lock], log)
        if surplus := _installed(venv) - _locked(lock) - _locked(REQUIREMENTS / "build.txt") - NEVER_LOCKED:
            _run([venv / "bin" / "pip", "uninstall", "--yes", "-q", *sorted(surplus)], log)
        _run([venv / "bin" / "pip", "check"], log)
        _stamp(venv, lock).write_text(_digest(lock), "utf-8")
    declared = _digest(code / "setup.py", code / "pyproject.toml") + str(code)
    installed = venv / "satudata-project"
    if not installed.exists() or installed.read_text("utf-8") != declared:
        without_dependencies = ["--no-input", "--no-deps", "--no-build-isolation"]
        _run([venv / "bin" / "pip", "install", *without_dependencies, "-e", code], log)
        installed.write_text(declared, "utf-8")
    # The service account may not write beside the code, so its programs would compile it at every start.
    rooms = [code / room for room in ("schemas", "harvesters", "ckanext-satudata", "deploy", "demo")]
    compiling: list[str | Path] = [venv / "bin" / "python", "-m", "compileall", "-q", "-j", "0"]
    _run([*compiling, *(room for room in rooms if room.exists())], log)


def site_packages(venv: Path) -> Path:
    """Return the folder that holds the installed packages."""
    return next((venv / "lib").glob("python3.*/site-packages"))


def _installed(venv: Path) -> set[str]:
    return {_normalised(one.metadata["Name"]) for one in distributions(path=[str(site_packages(venv))])}


def _locked(lock: Path) -> set[str]:
    return {_normalised(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text("utf-8"), re.MULTILINE)}


def _normalised(name: str) -> str:
    """Return a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_current(venv: Path, lock: Path, *, development: bool) -> bool:
    stamp = _stamp(venv, lock)
    if stamp.exists() and stamp.read_text("utf-8") == _digest(lock):
        return True
    # The development lock holds all of the platform's.
    return not development and _is_current(venv, REQUIREMENTS / "development.txt", development=True)


def _stamp(venv: Path, lock: Path) -> Path:
    return venv / f"satudata-{lock.name}"


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _refuse_other_pythons() -> None:
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = ".".join(map(str, sys.version_info[:2]))
        raise StepError(
            say(f"Python {found} tidak didukung CKAN 2.12", f"CKAN 2.12 does not support Python {found}"),
            say(
                "Jalankan dengan Python 3.10-3.12: make PYTHON=python3.12 ...",
                "Run with 3.10-3.12: make PYTHON=python3.12 ...",
            ),
        )


def _run(command: list[str | Path], log: Path) -> None:
    run_logged(
        command,
        log,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"},
        failing=say("Paket Python tidak dapat dipasang", "Python packages cannot be installed"),
        remedy=say(
            "Periksa sambungan ke sumber paket Python (pengaturan pip), lalu jalankan lagi",
            "Check the network to the Python package index (pip's settings), then run again",
        ),
    )
