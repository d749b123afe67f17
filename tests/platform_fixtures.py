"""What the fixtures of `conftest.py` make: a database, a Solr core, a Redis number and an INI of one test session."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deploy import postgres, programs, solr, testservices
from deploy.bring_up import answers_http
from deploy.ckan_ini import CkanSettings, write_ini
from deploy.layout import CHECKOUT, service_account
from deploy.ports import free_ports
from deploy.testservices import TestServices

MIGRATIONS = CHECKOUT / "ckanext-satudata" / "ckanext" / "satudata" / "migration"
ROLE = "ckan_test"
#: Tables that a test fills; people, organisations and CKAN's own settings stay.
KEPT_TABLES = {"user", "group", "group_revision", "system_info", "api_token", "dashboard", "alembic_version"}
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Index:
    """One Solr core."""

    url: str

    def commit(self) -> None:
        """Make every document that was sent visible to searches."""
        self.post("update?commit=true", {})

    def clear(self) -> None:
        """Delete every document."""
        self.post("update?commit=true", {"delete": {"query": "*:*"}})

    def documents(self, query: str = "*:*", rows: int = 1000, **parameters: str) -> list[dict[str, Any]]:
        """Search as Solr's own client would; every stored field."""
        return list(self.select(query, rows=str(rows), **parameters)["response"]["docs"])

    def select(self, query: str = "*:*", **parameters: str) -> dict[str, Any]:
        """Return the whole answer of a search."""
        asked = urllib.parse.urlencode({"q": query, "wt": "json", **parameters})
        with _direct.open(f"{self.url}/select?{asked}", timeout=30) as response:
            return dict(json.load(response))

    def post(self, path: str, body: object) -> None:
        """Send JSON to a handler of the core."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/{path}", json.dumps(body).encode(), headers)  # noqa: S310
        with _direct.open(request, timeout=30) as response:
            response.read()


@dataclass(frozen=True)
class Platform:
    """Everything one session has to itself."""

    services: TestServices
    name: str
    ini: Path
    database_url: str
    redis_url: str
    index: Index
    site_url: str
    #: Free ports on 127.0.0.1 that the administrator's `allow_networks` permits: serve a test's sources there.
    allowed_ports: tuple[int, ...]

    @property
    def port(self) -> int:
        """The port of the web server, where a test starts it."""
        return int(self.site_url.rpartition(":")[2])

    @property
    def venv(self) -> Path:
        """The environment of this Python: programs a test starts come from it."""
        return Path(sys.prefix)

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which `ckan`, the web server and the workers run on this session's services."""
        return {**os.environ, **programs.environment(self.ini, CHECKOUT)}

    @contextmanager
    def running(self, name: str, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Run a program while the block lasts; its log is `<name>.log` beside the INI."""
        with (self.ini.parent / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env=self.environment,
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=testservices.ends_with_parent(signal.SIGTERM),  # noqa: PLW1509  # prctl alone
            )
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def wait_for_web(self, seconds: float = 60) -> None:
        """Wait until the web server answers; its log is in the error when it does not."""
        deadline = time.monotonic() + seconds
        while not answers_http(f"{self.site_url}/api/3/action/status_show"):
            if time.monotonic() > deadline:
                log = (self.ini.parent / "web.log").read_text("utf-8")[-3000:]
                raise RuntimeError(f"the web server did not come up:\n{log}")
            time.sleep(0.1)

    def empty(self) -> None:
        """Remove datasets, our rows, documents and keys."""
        from ckan import model

        model.Session.remove()
        with model.meta.engine.begin() as connection:
            if self._filled_tables:
                connection.exec_driver_sql(self._emptying)
        self.index.clear()
        from ckan.lib.redis import connect_to_redis

        connect_to_redis().flushdb()

    @cached_property
    def _filled_tables(self) -> list[str]:
        from ckan import model

        with model.meta.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            return sorted(f'"{name}"' for (name,) in rows if name not in KEPT_TABLES and "alembic" not in name)

    @cached_property
    def _emptying(self) -> str:
        # DELETE, not TRUNCATE: on tables of a few rows it is ten times as fast. `replica` leaves foreign keys
        # unchecked, which is safe since every table that could refer is emptied, too.
        deletes = "; ".join(f"DELETE FROM {table}" for table in self._filled_tables if table != '"member"')  # noqa: S608
        members = "DELETE FROM member WHERE table_name = 'package'"
        return f"SET LOCAL session_replication_role = replica; {deletes}; {members}"


@contextmanager
def open_platform(services: TestServices, folder: Path, options: Mapping[str, str] | None = None) -> Iterator[Platform]:
    """Clone the migrated database, make a core, take a Redis number; give all of it back at the end.

    `options` are further lines of the INI.
    """
    name = f"uji_{secrets.token_hex(5)}"
    role_password = _role_password(services)
    template = _template(services, role_password, folder)
    postgres.sql(
        services.postgres,
        'CREATE DATABASE :"name" TEMPLATE :"template" OWNER :"role"',
        variables={"name": name, "template": template, "role": ROLE},
    )
    core = services.solr.home / name
    solr.write_core(core, ckan_schema(), service_account())
    solr.create_core(services.solr, name)
    allowed_ports = tuple(free_ports(4))
    settings = replace(_settings(services, name, role_password, folder, allowed_ports), more=options or {})
    try:
        yield Platform(
            services=services,
            name=name,
            ini=write_ini(folder / "ckan.ini", settings, _ourselves()),
            database_url=settings.database_url,
            redis_url=settings.redis_url,
            index=Index(settings.solr_url),
            site_url=settings.site_url,
            allowed_ports=allowed_ports,
        )
    finally:
        _close_database_connections()
        postgres.sql(services.postgres, 'DROP DATABASE IF EXISTS :"name" WITH (FORCE)', variables={"name": name})
        solr.remove_core(services.solr, name)


def ckan_schema() -> Path:
    """Find the schema of the installed CKAN without importing it."""
    spec = find_spec("ckan")
    if spec is None or spec.origin is None:
        raise RuntimeError("CKAN is not installed here: pip install .[ckan,dev]")
    return Path(spec.origin).parent / "config" / "solr" / "schema.xml"


def _settings(
    services: TestServices, database: str, role_password: str, folder: Path, allowed_ports: tuple[int, ...] = ()
) -> CkanSettings:
    token_keys = folder / "token-keys"
    token_keys.mkdir(mode=0o700, exist_ok=True)
    sealing = folder / "source-secrets"
    sealing.write_bytes(base64.urlsafe_b64encode(os.urandom(32)) + b"\n")
    sealing.chmod(0o600)
    return CkanSettings(
        site_id=database,
        site_url=f"http://127.0.0.1:{free_ports(1)[0]}",
        database_url=services.postgres.url(ROLE, role_password, database),
        redis_url=services.redis.url(redis_number(services)),
        solr_url=services.solr.core_url(database),
        storage=folder / "storage",
        session_secret=secrets.token_hex(32),
        source_secrets_file=sealing,
        token_keys=token_keys,
        allow_networks=tuple(f"127.0.0.1/32:{port}" for port in allowed_ports),
    )


def _ourselves() -> Any:
    account = service_account()
    return account.__class__(account.name, account.uid, account.gid, switch=False)


def redis_number(services: TestServices) -> int:
    """Take the next of the numbered databases; 0 counts how many were taken."""
    import redis

    with redis.Redis.from_url(services.redis.url(0)) as connection:
        number = 1 + int(connection.incr("taken")) % 511
    with redis.Redis.from_url(services.redis.url(number)) as connection:
        connection.flushdb()
    return number


def _role_password(services: TestServices) -> str:
    """Return the password of the role of all test databases, made with the first of them."""
    with _only_one(services):
        file = Path(services.folder) / "role.password"
        if not file.exists():
            password = secrets.token_hex(16)
            # A superuser, so that cleaning may set `session_replication_role`; a real one owns just its database.
            statement = "CREATE ROLE :\"role\" LOGIN SUPERUSER PASSWORD :'password'"
            postgres.sql(services.postgres, statement, variables={"role": ROLE, "password": password})
            file.write_text(password, "utf-8")
        return file.read_text("utf-8")


def _template(services: TestServices, role_password: str, folder: Path) -> str:
    """Return the name of a database with all migrations, made once for each state of them."""
    digest = hashlib.sha256(version("ckan").encode())
    for path in sorted(MIGRATIONS.rglob("*.py")):
        digest.update(path.read_bytes())
    name = f"acuan_{digest.hexdigest()[:12]}"
    with _only_one(services):
        found = postgres.sql(
            services.postgres, "SELECT 1 FROM pg_database WHERE datname = :'name'", variables={"name": name}
        )
        if not found:
            _migrate(services, name, role_password, folder)
    return name


def _migrate(services: TestServices, name: str, role_password: str, folder: Path) -> None:
    draft = f"{name}_draf"
    names = {"draft": draft, "name": name, "role": ROLE}
    postgres.sql(services.postgres, 'DROP DATABASE IF EXISTS :"draft" WITH (FORCE)', variables=names)
    postgres.sql(services.postgres, 'CREATE DATABASE :"draft" OWNER :"role" TEMPLATE template0', variables=names)
    ini_folder = folder / "template"
    ini_folder.mkdir()
    settings = _settings(services, draft, role_password, ini_folder)
    ini = write_ini(ini_folder / "ckan.ini", settings, _ourselves())
    ckan = Path(sys.executable).parent / "ckan"
    upgraded = subprocess.run(
        [str(ckan), "-c", str(ini), "db", "upgrade"], capture_output=True, text=True, check=False, timeout=300
    )
    if upgraded.returncode != 0:
        raise RuntimeError(f"migrations failed:\n{upgraded.stdout}\n{upgraded.stderr}")
    postgres.sql(services.postgres, 'ALTER DATABASE :"draft" RENAME TO :"name"', variables=names)


@contextmanager
def _only_one(services: TestServices) -> Iterator[None]:
    """Keep other test sessions on the same services out."""
    with (Path(services.folder) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _close_database_connections() -> None:
    if "ckan.model" in sys.modules:
        model = sys.modules["ckan.model"]
        model.Session.remove()
        if model.meta.engine is not None:
            model.meta.engine.dispose()
