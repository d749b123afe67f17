"""Services for tests: Postgres, Redis and Solr on free ports, with data that is thrown away.

A test session starts its own set and ends it. To keep one up between sessions:

    python -m deploy.testservices start     # prints the file that SATUDATA_TEST_SERVICES must name
    python -m deploy.testservices stop
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy import postgres, redis_server, solr
from deploy.layout import Account, data_root, make_folder, own_account, reachable, service_account, write_private
from deploy.ports import free_ports
from deploy.steps import StepError
from deploy.wording import say

VARIABLE = "SATUDATA_TEST_SERVICES"
START_SECONDS = 60
STOP_SECONDS = 20
STOP_SIGNALS = {"postgres": signal.SIGINT, "redis": signal.SIGTERM, "solr": signal.SIGTERM}
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class TestServices:
    """A running set, as its file describes it."""

    __test__ = False  # pytest takes a class of this name for tests

    folder: str
    postgres_port: int
    redis_port: int
    solr_port: int
    solr_programs: str
    pids: dict[str, int]

    @property
    def postgres(self) -> postgres.PostgresServer:
        """The database server."""
        root = Path(self.folder)
        return postgres.PostgresServer(root / "postgres", self.postgres_port, root / "postgres.password")

    @property
    def redis(self) -> redis_server.RedisServer:
        """The Redis server."""
        root = Path(self.folder)
        return redis_server.RedisServer(root / "redis", self.redis_port, root / "redis.password")

    @property
    def solr(self) -> solr.SolrNode:
        """The Solr node."""
        return solr.SolrNode(Path(self.solr_programs), Path(self.folder) / "solr", self.solr_port)

    @property
    def file(self) -> Path:
        """The file that describes this set."""
        return Path(self.folder) / "services.json"

    @classmethod
    def read(cls, file: Path) -> TestServices:
        """Read the description of a running set."""
        return cls(**json.loads(file.read_text("utf-8")))


def solr_programs() -> Path:
    """Return the folder of Solr's programs, shared by the demo and the tests of this checkout."""
    return make_folder(data_root() / "programs", own_account(), 0o755) / solr.programs_name()


def start(*, bound_to_this_process: bool, throwaway: bool = True) -> TestServices:
    """Start a set; with `bound_to_this_process` the kernel ends it when we die, however that happens.

    Without `throwaway` Postgres keeps what it acknowledges, as an installation's does: what is measured waits for the
    disk.
    """
    account = service_account()
    parent = _parent_folder(account)
    folder = make_folder(Path(tempfile.mkdtemp(prefix="services-", dir=parent)), account, 0o755)
    account.own(folder)
    logs = make_folder(folder / "log", account, 0o755)
    for name in ("postgres", "redis"):
        write_private(folder / f"{name}.password", secrets.token_hex(16), account)
        make_folder(folder / name, account)
    programs = solr_programs()
    solr.install_programs(programs, logs / "solr-programs.log")
    postgres_port, redis_port, solr_port = free_ports(3)
    services = TestServices(str(folder), postgres_port, redis_port, solr_port, str(programs), {})
    postgres.initialise(services.postgres, account, logs / "initdb.log", throwaway=throwaway)
    redis_server.write_configuration(services.redis, account, throwaway=True)
    solr.write_home(services.solr.home, account)
    commands = {
        "solr": services.solr.command,
        "postgres": services.postgres.command,
        "redis": services.redis.command,
    }
    for name, command in commands.items():
        process = spawn(command, logs / f"{name}.log", account, STOP_SIGNALS[name], bound=bound_to_this_process)
        services.pids[name] = process.pid
    _wait("Postgres", lambda: postgres.accepts_connections(services.postgres), logs / "postgres.log", services)
    _wait("Redis", lambda: redis_server.answers(services.redis), logs / "redis.log", services)
    _wait("Solr", lambda: solr.answers(services.solr), logs / "solr.log", services)
    services.file.write_text(json.dumps(asdict(services), indent=2) + "\n", "utf-8")
    return services


def stop(services: TestServices) -> None:
    """End a set and delete all it held."""
    for name, pid in services.pids.items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, STOP_SIGNALS[name])
    deadline = time.monotonic() + STOP_SECONDS
    for pid in services.pids.values():
        while _is_running(pid):
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
    shutil.rmtree(services.folder, ignore_errors=True)


def _parent_folder(account: Account) -> Path:
    folder = data_root() / "test"
    if reachable(data_root(), account):
        return make_folder(folder, account, 0o755)
    return Path(tempfile.gettempdir())


def ends_with_parent(ending: signal.Signals) -> Callable[[], None]:
    """Make a `preexec_fn` by which the kernel ends the program when we die, so that a killed session leaves none."""

    def ask_the_kernel() -> None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ending)  # after the change of user, which would clear it

    return ask_the_kernel


def spawn(
    command: list[str], log: Path, account: Account, ending: signal.Signals, *, bound: bool
) -> subprocess.Popen[bytes]:
    """Start one service in a session of its own, its output appended to `log`; `ending` is how the kernel ends it."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            preexec_fn=ends_with_parent(ending) if bound else None,  # noqa: PLW1509  # no thread runs yet
            **account.popen_arguments(),  # type: ignore[call-overload]
        )


def _wait(name: str, ready: Callable[[], bool], log: Path, services: TestServices) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if time.monotonic() > deadline or not _is_running(services.pids[name.lower()]):
            raise StepError(
                say(f"Layanan uji {name} tidak hidup", f"The test service {name} did not come up"),
                say("Baca catatannya, lalu jalankan lagi", "Read its log, then run again"),
                log,
            )
        time.sleep(0.05)


def _is_running(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def main(arguments: list[str]) -> int:
    """Start or stop the set that stays up between test sessions."""
    pointer = _parent_folder(service_account()) / "kept.json"
    if arguments == ["start"]:
        services = start(bound_to_this_process=False)
        pointer.write_text(str(services.file), "utf-8")
        print(services.file)
        return 0
    if arguments == ["stop"]:
        if pointer.exists():
            stop(TestServices.read(Path(pointer.read_text("utf-8"))))
            pointer.unlink()
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StepError as failure:
        print(failure.report(), file=sys.stderr)
        sys.exit(1)
