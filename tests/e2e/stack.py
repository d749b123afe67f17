"""The platform as its users meet it: web, worker and tick as processes, commands, pages, the API."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]
import requests
import yaml

from demo.serving import Application, serve
from deploy import programs
from deploy.bring_up import answers_http
from deploy.layout import CHECKOUT
from deploy.testservices import ends_with_parent
from tests.platform_fixtures import Platform

#: Seconds after which something that should happen by itself counts as not happening.
PATIENCE = 120
API = "/api/satudata/v1"
PASSWORD = "kata-sandi-uji-menyeluruh"
#: The OPD of demo/opd.csv whose people are the Walidata here.
WALIDATA = "dinas-komunikasi-dan-informatika"
OVER = ("selesai", "gagal", "dibatalkan", "ditahan")


def until(look: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Look until there is something to see, and return it."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return seen


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed for programs."""
        return json.loads(self.out)


@dataclass
class Stack:
    """One running platform with a database, a Solr core and a Redis number of its own."""

    platform: Platform
    #: Where its processes may leave temporary files: their own folder, so that a test can look into it.
    temporary: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    #: Further variables of the processes that are started from now on.
    variables: dict[str, str] = field(default_factory=dict)
    _commands: subprocess.Popen[str] | None = None
    _administrator: requests.Session | None = None
    _looking: Any = None

    @property
    def folder(self) -> Path:
        """The folder of its INI, its logs and its storage."""
        return self.platform.ini.parent

    @property
    def storage(self) -> Path:
        """Where uploads and the files of aggregates lie."""
        return self.folder / "storage"

    @property
    def offices(self) -> Path:
        """The folder in which offices leave files to be read; theirs, not the platform's."""
        return self.folder / "berkas-opd"

    def log(self, name: str) -> Path:
        """The log of web, worker or tick."""
        return self.folder / f"{name}.log"

    # --- processes ---

    def start(self) -> None:
        """Start what is not running."""
        venv, ini = self.platform.venv, self.platform.ini
        commands = {
            "web": programs.web(venv, self.platform.port, workers=1),
            "worker": programs.worker(venv, ini),
            "tick": [*programs.tick(venv, ini), "--every", "0.5"],
        }
        for name, command in commands.items():
            if name not in self.processes:
                self.processes[name] = self._spawn(command, self.log(name))

    def ready(self) -> None:
        """Wait until pages are served."""
        until(lambda: answers_http(f"{self.platform.site_url}/api/3/action/status_show"), "the web server answers")

    def stop(self) -> None:
        """End everything politely."""
        with contextlib.ExitStack() as closing:
            if self._commands is not None and self._commands.stdin is not None:
                self._commands.stdin.close()
                closing.callback(self._commands.wait, 20)
            for process in self.processes.values():
                process.terminate()
                closing.callback(_gone, process)
        self.processes.clear()

    def kill(self, *names: str) -> None:
        """Kill -9 these processes, or all, with every process they have started."""
        chosen = names or tuple(self.processes)
        doomed = [pid for name in chosen for pid in _family(self.processes[name].pid)]
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for name in chosen:
            self.processes.pop(name).wait()

    def _spawn(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                env=self.environment,
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509  # prctl alone
            )

    @property
    def environment(self) -> dict[str, str]:
        """The variables of every process."""
        own = {"TMPDIR": str(self.temporary), "SATUDATA_FOLDER": str(self.offices)}
        return {**self.platform.environment, **own, **self.variables}

    # --- commands ---

    def ckan(self, *arguments: str) -> Ended:
        """Run a `ckan` command in a process of its own, which need not load CKAN first."""
        if self._commands is None:
            self._commands = self._serve_commands()
            assert self._commands.stdout is not None
            assert self._commands.stdout.readline() == "ready\n", self.log("commands").read_text("utf-8")[-3000:]
        said = [self.folder / f"command-{secrets.token_hex(4)}.{name}" for name in ("out", "err")]
        assert self._commands.stdin is not None
        assert self._commands.stdout is not None
        self._commands.stdin.write(json.dumps([arguments, *map(str, said)]) + "\n")
        self._commands.stdin.flush()
        code = int(self._commands.stdout.readline())
        ended = Ended(code, *(path.read_text("utf-8") for path in said))
        for path in said:
            path.unlink()
        return ended

    def _serve_commands(self) -> subprocess.Popen[str]:
        with self.log("commands").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.commands", str(self.platform.ini)],
                env=self.environment,
                cwd=CHECKOUT,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509  # prctl alone
            )

    def satudata(self, *arguments: str, code: int = 0) -> Any:
        """The JSON of a `ckan satudata` command that must end with `code`."""
        ended = self.ckan("satudata", *arguments, "--json")
        assert ended.code == code, (arguments, ended)
        return ended.json

    def ckan_alone(self, *arguments: str) -> Ended:
        """Run a `ckan` command as a person does at the terminal: the program itself, from nothing."""
        program = str(self.platform.venv / "bin" / "ckan")
        done = subprocess.run(
            [program, "-c", str(self.platform.ini), *arguments],
            env=self.environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    # --- sources and runs ---

    @contextmanager
    def serving(self, application: Application) -> Iterator[str]:
        """Serve an application at an address that the administrator's list permits."""
        for port in self.platform.allowed_ports:
            server = serve(application, port=port)
            try:
                url = server.__enter__()
            except OSError:  # another application of this test is there
                continue
            try:
                yield url
            finally:
                server.__exit__(None, None, None)
            return
        raise AssertionError("every permitted port is in use")

    def write_source(self, folder: Path, definition: dict[str, Any]) -> Path:
        """Write a source file; its network is the one its address needs unless the definition says otherwise."""
        port = re.search(r":(\d+)", definition["url"].partition("//")[2])
        if "allow_networks" not in definition and port:
            definition = {**definition, "allow_networks": [f"127.0.0.1/32:{port[1]}"]}
        path = folder / f"{definition['name']}.yaml"
        path.write_text(yaml.safe_dump(definition, allow_unicode=True), "utf-8")
        return path

    def run_of(self, source: str) -> dict[str, Any]:
        """The newest run of a source."""
        return dict(self.satudata("run", "list", "--source", source, "--limit", "1")[0])

    def harvest(self, source: str) -> dict[str, Any]:
        """Hand a run to the worker and return it when it is over."""
        run = self.satudata("harvest", source, "--background")["run"]
        return self.over(run)

    def over(self, run: str) -> dict[str, Any]:
        """Wait until a run is over."""

        def look() -> Any:
            [state] = self.sql("SELECT state FROM satudata_run WHERE id = %s", run)
            return state[0] in OVER

        until(look, f"run {run} ends")
        return dict(self.satudata("run", "show", run))

    def settled(self) -> None:
        """Wait until Solr holds what Postgres holds."""
        until(lambda: not self.sql("SELECT 1 FROM satudata_outbox LIMIT 1"), "the outbox is empty")
        self.platform.index.commit()

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement, as a look from outside; by one connection, made anew after Postgres was away."""
        try:
            return self._rows(statement, values)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            self._looking = None
            return self._rows(statement, values)

    def _rows(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        if self._looking is None:
            self._looking = psycopg2.connect(self.platform.database_url)
        with self._looking as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    # --- pages and API ---

    def url(self, path: str) -> str:
        """The address of a page."""
        return f"{self.platform.site_url}{path}"

    def get(self, path: str, **more: Any) -> requests.Response:
        """Read an address as the public, unless headers say otherwise."""
        return self.request("GET", path, **more)

    def request(self, method: str, path: str, **more: Any) -> requests.Response:
        """Send a request without cookies of others or a proxy of the machine."""
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, self.url(path), timeout=30, allow_redirects=False, **more)

    def signed_in(self, user: str) -> requests.Session:
        """A session of a person who has signed in by the form."""
        session = requests.Session()
        session.trust_env = False
        form = session.get(self.url("/user/login"), timeout=30).text
        filled = {"login": user, "password": PASSWORD, "_csrf_token": csrf_token(form)}
        answer = session.post(self.url("/user/login"), data=filled, timeout=30)
        assert answer.status_code == 200, answer.status_code
        return session

    def token(self, name: str, *scopes: str, confined: Sequence[str] = ()) -> dict[str, str]:
        """The header of a new client of the API, which asks for its token as any client does."""
        asked = [word for scope in scopes for word in ("--scope", scope)]
        client = self.satudata("client", "add", name, *asked, *confined)
        answer = self.request(
            "POST",
            f"{API}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
        )
        assert answer.status_code == 200, (answer.status_code, answer.headers, answer.text)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    # --- people ---

    def make_person(self, name: str, organization: str | None = None) -> None:
        """Make a user by command, and an editor of an OPD by the administrator's API."""
        mail = f"{name}@contoh.go.id"
        made = self.ckan("user", "add", name, f"email={mail}", f"password={PASSWORD}")
        assert made.code == 0, made
        if organization:
            member = {"id": organization, "username": name, "role": "editor"}
            self.act("organization_member_create", member)

    def act(self, action: str, values: dict[str, Any]) -> Any:
        """Call one of CKAN's actions as the system's administrator, who is signed in, again after Redis was emptied."""
        form = self._administrator and self._administrator.get(self.url("/user/edit"), timeout=30)
        if not form or form.status_code != 200:
            self._administrator = self.signed_in("administrator")
            form = self._administrator.get(self.url("/user/edit"), timeout=30)
        answer = self._administrator.post(
            self.url(f"/api/3/action/{action}"), json=values, headers={"X-CSRFToken": csrf_token(form.text)}, timeout=30
        )
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()["result"]

    def open_house(self) -> None:
        """Do what an administrator does on the first day: offices by the government's list, and the first people."""
        imported = self.ckan("satudata", "opd", "import", str(CHECKOUT / "demo" / "opd.csv"))
        assert imported.code == 0, imported
        self.make_person("administrator")
        assert self.ckan("sysadmin", "add", "administrator").code == 0
        self.ready()
        self.make_person("walidata", WALIDATA)
        self.make_person("operator", "dinas-kesehatan")


def csrf_token(page: str) -> str:
    """The form token of a page."""
    found = re.search(r'name="_csrf_token"[^>]*value="([^"]+)"', page) or re.search(
        r'content="([^"]+)"[^>]*name="_csrf_token"', page
    )
    assert found, page[:500]
    return found[1]


def _family(pid: int) -> list[int]:
    """A process and all below it, the eldest first."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text("ascii").split():
                found += _family(int(child))
    return found


def _gone(process: subprocess.Popen[Any]) -> None:
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
