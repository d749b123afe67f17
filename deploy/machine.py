"""What the machine must have: found, or installed by apt on Debian 12 and Ubuntu 22.04/24.04; elsewhere it is named."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import postgres
from deploy.steps import StepError, run_logged, warn
from deploy.wording import say

#: (ID, VERSION_ID) of /etc/os-release -> the packages are known by these names there
KNOWN_SYSTEMS = {("debian", "12"), ("ubuntu", "22.04"), ("ubuntu", "24.04")}
OLDEST_JAVA = 17
EXTERNAL_SERVICES = {
    "postgres": "SATUDATA_POSTGRES_URL",
    "redis": "SATUDATA_REDIS_URL",
    "solr": "SATUDATA_SOLR_URL",
}
POLICY = Path("/usr/sbin/policy-rc.d")
#: The server alone: it brings no service that would start by itself.
_MARIADB_PACKAGE = "mariadb-server-core"
CLUSTER_SETTING = Path("/etc/postgresql-common/createcluster.d/satudata.conf")


@dataclass(frozen=True)
class Need:
    """One thing the machine must have, how to see it, and the packages that bring it."""

    what: str
    present: Callable[[], bool]
    packages: tuple[str, ...]


def external(service: str) -> str | None:
    """Return the address of a service that the operator runs already, or nothing."""
    return os.environ.get(EXTERNAL_SERVICES[service]) or None


def needs(*, tests: bool) -> list[Need]:
    """List what this machine must have; a service that runs elsewhere is not asked for."""
    wanted = [
        Need("CA certificates", lambda: Path("/etc/ssl/certs/ca-certificates.crt").exists(), ("ca-certificates",)),
        Need("curl", _program("curl"), ("curl",)),
        Need("C compiler", _program("gcc"), ("gcc", "libc6-dev")),
        Need("Python headers", _has_python_headers, ("python3-dev",)),
        Need("Python venv", lambda: importlib.util.find_spec("ensurepip") is not None, ("python3-venv",)),
        Need("libpq headers", _program("pg_config"), ("libpq-dev",)),
        Need("libmagic", lambda: ctypes.util.find_library("magic") is not None, ("libmagic1",)),
    ]
    if tests or not external("postgres"):
        wanted.append(Need("Postgres >= 12", lambda: postgres.find_binary("initdb") is not None, ("postgresql",)))
    if tests or not external("redis"):
        wanted.append(Need("Redis", _program("redis-server"), ("redis-server",)))
    if tests or not external("solr"):
        wanted.append(Need("JDK >= 17", _has_jdk, ("openjdk-17-jdk-headless",)))
        wanted.append(Need("Maven", _program("mvn"), ("maven",)))
    if tests:
        wanted.append(Need("Chromium", _has_browser, ("chromium", "chromium-driver")))
        wanted.append(Need("git", _program("git"), ("git",)))
        wanted.append(Need("MariaDB", lambda: mariadb_server() is not None, (_MARIADB_PACKAGE,)))
        wanted.append(Need("libfaketime", _has_faketime, ("libfaketime",)))
    return wanted


def mariadb_server() -> Path | None:
    """Return the server that the tests of reading databases start themselves; it is no service of this machine."""
    found = shutil.which("mariadbd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))
    return Path(found) if found else None


def prepare(log: Path, *, tests: bool = False) -> None:
    """Install what is missing; StepError says what to install where apt is not known or may not be used."""
    missing = [need for need in needs(tests=tests) if not need.present()]
    if not missing:
        return
    names = ", ".join(need.what for need in missing)
    packages = [package for need in missing for package in need.packages]
    if system() not in KNOWN_SYSTEMS:
        raise StepError(
            say("Mesin ini belum memiliki: ", "This machine lacks: ") + names,
            say(
                "Pasang sendiri (otomatis hanya di Debian 12 dan Ubuntu 22.04/24.04), atau tunjuk layanan yang sudah "
                "ada dengan ",
                "Install it (only Debian 12 and Ubuntu 22.04/24.04 are installed for you), or point at services that "
                "exist already with ",
            )
            + ", ".join(EXTERNAL_SERVICES.values()),
        )
    if "ubuntu" in system() and "chromium" in packages:
        warn(
            say(
                "Chromium di Ubuntu berasal dari snap; bila tidak dapat dipasang, pasang peramban lain lalu isi "
                "SATUDATA_BROWSER dan SATUDATA_DRIVER",
                "Chromium on Ubuntu comes by snap; where it cannot be installed, install another and set "
                "SATUDATA_BROWSER and SATUDATA_DRIVER",
            )
        )
        packages = [
            {"chromium": "chromium-browser", "chromium-driver": "chromium-chromedriver"}.get(p, p) for p in packages
        ]
    if system() == ("ubuntu", "22.04"):
        packages = [f"{package}-10.6" if package == _MARIADB_PACKAGE else package for package in packages]
    _apt_install(packages, log)
    still = [need.what for need in missing if not need.present()]
    if still:
        raise StepError(
            say("Sesudah pemasangan masih kurang: ", "Still missing after the installation: ") + ", ".join(still),
            say("Pasang sendiri lalu jalankan lagi", "Install it yourself and run again"),
            log,
        )


def system() -> tuple[str, str]:
    """Return (ID, VERSION_ID) of this system, or ('', '')."""
    file = Path("/etc/os-release")
    if not file.exists():
        return "", ""
    facts = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', file.read_text("utf-8"), re.MULTILINE))
    return facts.get("ID", ""), facts.get("VERSION_ID", "")


def browser() -> Path | None:
    """Return the headless browser of the page tests."""
    return _first_program("SATUDATA_BROWSER", ["chromium", "chromium-browser", "google-chrome"])


def browser_driver() -> Path | None:
    """Return the program that drives the browser."""
    return _first_program("SATUDATA_DRIVER", ["chromedriver"])


def _apt_install(packages: Sequence[str], log: Path) -> None:
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"] if _sudo_without_question() else ["sudo"]
    if as_root and shutil.which("sudo") is None:
        raise StepError(
            say("Paket sistem belum terpasang: ", "System packages are missing: ") + " ".join(packages),
            say("Jalankan sebagai root: apt-get install ", "Run as root: apt-get install ") + " ".join(packages),
        )
    print(f"    apt: {' '.join(packages)}", flush=True)
    environment = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"]
    options = ["-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    remedy = say(
        "Periksa sambungan ke sumber paket apt, lalu jalankan lagi", "Check apt's package sources, then run again"
    )
    with ExitStack() as undone:
        if "postgresql" in packages or "redis-server" in packages:
            undone.enter_context(_no_service_started(as_root))
        run_logged([*as_root, *environment, "apt-get", "update", "-q"], log, failing="apt-get update", remedy=remedy)
        command = [*as_root, *environment, "apt-get", "install", *options, *packages]
        run_logged(command, log, failing="apt-get install", remedy=remedy)
        if "redis-server" in packages and Path("/run/systemd/system").exists():
            run_logged(
                [*as_root, "systemctl", "disable", "redis-server"], log, failing="systemctl disable", remedy=remedy
            )


@contextmanager
def _no_service_started(as_root: Sequence[str]) -> Iterator[None]:
    """Keep the packages from starting a Postgres or Redis of their own on the standard ports.

    Only what is newly installed is held back; a service that runs here already is another package's and stays as it is.
    """
    policy = '#!/bin/sh\ncase "$1" in postgresql*|redis*) exit 101;; esac\nexit 0\n'
    ours = not POLICY.exists()
    if ours:
        _write_as_root(as_root, POLICY, policy, "755")
    _write_as_root(as_root, CLUSTER_SETTING, "create_main_cluster = false\n", "644")
    try:
        yield
    finally:
        written = [CLUSTER_SETTING, POLICY] if ours else [CLUSTER_SETTING]
        subprocess.run([*as_root, "rm", "-f", *map(str, written)], check=False)


def _write_as_root(as_root: Sequence[str], path: Path, text: str, mode: str) -> None:
    subprocess.run([*as_root, "install", "-D", "-m", mode, "/dev/stdin", str(path)], input=text, text=True, check=True)


def _sudo_without_question() -> bool:
    return (
        shutil.which("sudo") is not None
        and subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode == 0
    )


def _program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _has_python_headers() -> bool:
    return (Path(sysconfig.get_paths()["include"]) / "Python.h").exists()


def _has_jdk() -> bool:
    if shutil.which("javac") is None:
        return False
    said = subprocess.run(["javac", "-version"], check=False, capture_output=True, text=True)
    version = re.search(r"(\d+)", said.stdout + said.stderr)
    return version is not None and int(version[1]) >= OLDEST_JAVA


def _has_faketime() -> bool:
    return any(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def _has_browser() -> bool:
    return browser() is not None and browser_driver() is not None


def _first_program(variable: str, names: Sequence[str]) -> Path | None:
    configured = os.environ.get(variable)
    for name in [configured] if configured else names:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None
