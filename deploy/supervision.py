"""supervisord keeps the services of one installation running; here they are described, started, asked and stopped."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy import postgres, programs
from deploy.installation import Installation
from deploy.layout import write_private
from deploy.steps import StepError
from deploy.wording import say

LONGEST_SOCKET_PATH = 90  # the kernel's 107 bytes, less what supervisord appends while it makes the socket
STOP_SECONDS = 30


#: Programs of a group are started and stopped together.
SERVICES, APPLICATION, DEMO = "services", "application", "demo"


@dataclass(frozen=True)
class Program:
    """One supervised program."""

    name: str
    group: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_signal: str = "TERM"
    stop_seconds: int = 20


def described(installation: Installation) -> list[Program]:
    """List the programs of an installation, services first."""
    venv, ini, ports = installation.venv, installation.ini, installation.ports
    python, demo = str(venv / "bin" / "python"), installation.code / "demo"
    environment = installation.environment()
    marked = {"SATUDATA_INSTALLATION": environment["SATUDATA_INSTALLATION"], "TZ": "UTC"}
    found = []
    if installation.postgres:
        # INT is Postgres's fast shutdown; TERM would wait for every client to leave.
        found.append(Program("postgres", SERVICES, installation.postgres.command, marked, "INT", 60))
    if installation.redis:
        found.append(Program("redis", SERVICES, installation.redis.command, marked))
    if installation.solr:
        found.append(Program("solr", SERVICES, installation.solr.command, marked, stop_seconds=40))
    found += [
        Program("web", APPLICATION, programs.web(venv, ports["web"]), environment),
        Program("worker", APPLICATION, programs.worker(venv, ini), environment, stop_seconds=30),
        Program("tick", APPLICATION, programs.tick(venv, ini), environment),
    ]
    if installation.has_demo:
        key_file = str(installation.secrets / "complaints-key")
        complaints = [python, str(demo / "complaints.py"), "--port", str(ports["complaints"]), "--key-file", key_file]
        office = [python, str(demo / "office.py"), "--port", str(ports["office"])]
        office += ["--key-file", str(installation.secrets / "office-key"), "--folder", str(installation.demo_folder)]
        found += [
            Program(
                "demo-portal", DEMO, [python, str(demo / "portal.py"), "--port", str(ports["portal"])], environment
            ),
            Program("demo-complaints", DEMO, complaints, environment),
            Program("demo-office", DEMO, office, environment),
        ]
    return found


@dataclass(frozen=True)
class Supervisor:
    """The supervisord of one installation."""

    installation: Installation

    @property
    def configuration(self) -> Path:
        """Its configuration file."""
        return self.installation.data / "supervisord.conf"

    @property
    def log(self) -> Path:
        """What it says before its own log (supervisord.log) is open."""
        return self.installation.setup_logs / "supervisord-start.log"

    def write_configuration(self) -> bool:
        """Write the configuration; return whether it differs from before."""
        text = self._text()
        changed = not self.configuration.exists() or self.configuration.read_text("utf-8") != text
        if changed:
            write_private(self.configuration, text, self.installation.account)
        return changed

    def ensure_running(self) -> None:
        """Start supervisord where it does not run; programs that outlived an earlier one are ended first."""
        changed = self.write_configuration()
        if self._answers():
            if changed:
                self.control("reread")
                self.control("update")
            return
        end_orphans(self.installation)
        self._socket.unlink(missing_ok=True)
        with self.log.open("ab") as output:
            subprocess.Popen(
                [str(self.installation.venv / "bin" / "supervisord"), "-n", "-c", str(self.configuration)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                **self.installation.account.popen_arguments(),  # type: ignore[call-overload]
            )
        deadline = time.monotonic() + STOP_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise StepError(
                    say("supervisord tidak hidup", "supervisord did not come up"),
                    say("Baca catatannya, lalu jalankan lagi", "Read its log and run again"),
                    self.log,
                )
            time.sleep(0.1)

    def start(self, *groups: str) -> None:
        """Start the programs of these groups, side by side; those that run are left alone."""
        self.control("start", *(f"{group}:*" for group in groups))

    def restart(self, *groups: str) -> None:
        """Start the programs of these groups afresh, with new code or configuration."""
        self.control("restart", *(f"{group}:*" for group in groups))

    def stop(self, *groups: str) -> None:
        """Stop the programs of these groups and wait until they are gone."""
        self.control("stop", *(f"{group}:*" for group in groups))

    def shut_down(self) -> None:
        """Stop everything, supervisord last."""
        if self._answers():
            self.control("shutdown")
            deadline = time.monotonic() + 90
            while self._answers() and time.monotonic() < deadline:
                time.sleep(0.2)
        end_orphans(self.installation)

    def states(self) -> dict[str, str]:
        """Return name -> RUNNING, STARTING, STOPPED, BACKOFF, FATAL ...; empty where supervisord is not up."""
        lines = [line.split() for line in self.control("status").splitlines()]
        return {line[0].rpartition(":")[2]: line[1] for line in lines if len(line) > 1 and line[1].isupper()}

    def control(self, *arguments: str) -> str:
        """Run supervisorctl and return what it prints."""
        command = [str(self.installation.venv / "bin" / "supervisorctl"), "-c", str(self.configuration), *arguments]
        # Under the account of the services, whose file it reads: root must not obey what a service could have written.
        as_account: dict[str, Any] = self.installation.account.popen_arguments()
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", **as_account).stdout

    @property
    def _socket(self) -> Path:
        socket = self.installation.data / "run" / "supervisor.sock"
        if len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH:
            return socket
        digest = hashlib.sha256(os.fsencode(self.installation.data)).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"satudata-{digest}.sock"

    def _answers(self) -> bool:
        if not self._socket.exists():
            return False
        return "pid" not in (answer := self.control("pid")) and answer.strip().isdigit()

    def _text(self) -> str:
        data, socket = self.installation.data, self._socket
        lines = [
            "[supervisord]",
            f"logfile={self.installation.logs / 'supervisord.log'}",
            "logfile_maxbytes=5MB",
            f"pidfile={data / 'run' / 'supervisord.pid'}",
            f"childlogdir={self.installation.logs}",
            "nodaemon=true",
            "umask=077",
            "",
            "[unix_http_server]",
            f"file={socket}",
            "chmod=0600",
            "",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
            "",
            "[supervisorctl]",
            f"serverurl=unix://{socket}",
        ]
        every = described(self.installation)
        for group in sorted({program.group for program in every}):
            members = ",".join(program.name for program in every if program.group == group)
            lines += ["", f"[group:{group}]", f"programs={members}"]
        for program in every:
            lines += ["", *self._program(program)]
        return "\n".join(lines) + "\n"

    def _program(self, program: Program) -> list[str]:
        variables = ",".join(f'{name}="{_escaped(value)}"' for name, value in program.environment.items())
        return [
            f"[program:{program.name}]",
            f"command={_escaped(' '.join(_word(part) for part in program.command))}",
            f"directory={_escaped(str(self.installation.code))}",
            f"environment={variables}",
            "autostart=false",  # `make up` starts them in order, each when what it needs is ready
            "autorestart=true",
            "startsecs=1",
            "startretries=1000",
            f"stopsignal={program.stop_signal}",
            f"stopwaitsecs={program.stop_seconds}",
            "stopasgroup=false",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile={_escaped(str(self.installation.logs / program.name))}.log",
            "stdout_logfile_maxbytes=10MB",
            "stdout_logfile_backups=3",
        ]


def end_orphans(installation: Installation) -> None:
    """End programs of this installation that no supervisord watches, as after it was killed outright."""
    pids = _orphans(installation)
    for pid, ending in pids.items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, ending)
    deadline = time.monotonic() + STOP_SECONDS
    while any(_runs(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if installation.postgres:
        postgres.remove_stale_lock(installation.postgres)


def _orphans(installation: Installation) -> dict[int, signal.Signals]:
    found = {}
    marker = f"SATUDATA_INSTALLATION={installation.data}\0".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):
                if marker in (folder / "environ").read_bytes() + b"\0":
                    found[int(folder.name)] = signal.SIGTERM
    if installation.postgres:  # which writes its title over its environment
        pid = postgres.running_pid(installation.postgres)
        if pid:
            found[pid] = signal.SIGINT
    return found


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _word(part: str) -> str:
    return f'"{part}"' if " " in part else part
