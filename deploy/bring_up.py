"""From whatever state the machine is in to running services: each step looks first and does only what is missing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from deploy import machine, postgres, python_environment, redis_server, secret_files, solr
from deploy.installation import CORE, DATABASE, DEMO_APPLICATIONS, ROLE, ROOMS, Installation, open_installation
from deploy.layout import CHECKOUT, make_folder
from deploy.steps import StepError, step
from deploy.supervision import APPLICATION, DEMO, SERVICES, Supervisor
from deploy.wording import say

START_SECONDS = 180
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def prepare_machine(*, tests: bool = False) -> None:
    """Install what is missing of the system (apt)."""
    log = CHECKOUT / "var" / "log" / "machine.log" if os.geteuid() else Path("/var/log/satudata-machine.log")
    with step(say("Memeriksa sistem dan paketnya", "Checking the system and its packages")):
        machine.prepare(log, tests=tests)


def bring_up(*, demo: bool = False) -> Installation:
    """Bring every service up and return the installation; with `demo` its applications as well."""
    prepare_machine()
    installation = open_installation()
    print(f"    {say('Folder data', 'Data folder')}: {installation.data}")
    if demo or installation.has_demo:
        for name in ("complaints-key", "office-key"):
            secret_files.kept(installation.secrets / name, installation.account)
    with step(say("Menyiapkan lingkungan Python", "Preparing the Python environment")):
        installation.copy_code()
        log = installation.setup_logs / "python-environment.log"
        python_environment.install(installation.venv, installation.code, log, development=False)
    _prepare_solr(installation)
    supervisor = Supervisor(installation)
    _prepare_databases(installation)
    with step(say("Menulis konfigurasi CKAN", "Writing CKAN's configuration")):
        installation.write_ini()
    _start_services(installation, supervisor)
    _migrate(installation)
    _fill_index(installation)
    _start_applications(installation, supervisor)
    return installation


def run_inside(installation: Installation, arguments: Sequence[str], log: Path | None = None) -> int:
    """Run a module of this package inside the environment, under the service account, on our terminal or into `log`.

    Returns its exit code.
    """
    command = [str(installation.venv / "bin" / "python"), "-m", *arguments]
    with log.open("ab") if log else nullcontext() as output:
        finished = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            cwd=installation.code,
            env={**os.environ, **installation.environment()},
            umask=0o077,
            **installation.account.popen_arguments(),  # type: ignore[call-overload]
        )
    return finished.returncode


def run_ckan(installation: Installation, arguments: Sequence[str]) -> int:
    """Run CKAN's command line on this installation, under the service account; returns its exit code."""
    if not installation.ini.exists():
        raise StepError(
            say("Katalog belum dipasang di sini", "No catalogue is set up here"),
            say("Jalankan: make up", "Run: make up"),
        )
    finished = subprocess.run(
        [str(installation.venv / "bin" / "ckan"), "-c", str(installation.ini), *arguments],
        check=False,
        env={**os.environ, **installation.environment()},
        umask=0o077,
        **installation.account.popen_arguments(),  # type: ignore[call-overload]
    )
    return int(finished.returncode)


def wait_until(ready: Callable[[], bool], what: str, log: Path, seconds: float = START_SECONDS) -> None:
    """Wait for a service; StepError names its log when it does not come."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise StepError(
                say(f"{what} tidak siap dalam {seconds:.0f} detik", f"{what} was not ready in {seconds:.0f} s"),
                say("Baca catatannya, lalu jalankan lagi", "Read its log, then run again"),
                log,
            )
        time.sleep(0.1)


def answers_http(url: str) -> bool:
    """Tell whether a web address answers without a server error."""
    try:
        with _direct.open(url, timeout=10) as response:
            return bool(response.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _prepare_solr(installation: Installation) -> None:
    node = installation.solr
    with step(
        say(
            "Menyiapkan Solr: program, skema, analisis bahasa Indonesia", "Preparing Solr: programs, schema, Indonesian"
        )
    ):
        schema = python_environment.site_packages(installation.venv) / "ckan" / "config" / "solr" / "schema.xml"
        if node is None:
            folder = installation.data / "solr-core"
            there = folder.exists()
            changed = solr.write_core(folder, schema, installation.account) and there
            place = say("Inti Solr Anda harus memakai konfigurasi di", "Your Solr core must use the configuration in")
            print(f"    {place} {folder / 'conf'}")
            if changed:  # Lucene takes no document into an index whose fields were of another kind
                told = say("Konfigurasi berubah: kosongkan inti itu, lalu", "It has changed: empty that core, then")
                print(f"    {told} ckan satudata index rebuild")
            return
        solr.install_programs(node.programs, installation.setup_logs / "solr-programs.log")
        solr.write_home(node.home, installation.account)
        index = node.home / CORE / "data"
        if solr.write_core(node.home / CORE, schema, installation.account, name=CORE) and index.exists():
            # Another schema reads another index: the old one goes, Postgres fills the new one (`_fill_index`).
            Supervisor(installation).control("stop", f"{SERVICES}:solr")
            shutil.rmtree(index)
            _index_to_fill(installation).touch()


def _prepare_databases(installation: Installation) -> None:
    with step(say("Menyiapkan Postgres dan Redis", "Preparing Postgres and Redis")):
        if installation.postgres:
            secret_files.kept(installation.postgres.password_file, installation.account)
            make_folder(installation.postgres.folder, installation.account)
            postgres.initialise(installation.postgres, installation.account, installation.setup_logs / "initdb.log")
        if installation.redis:
            secret_files.kept(installation.redis.password_file, installation.account)
            make_folder(installation.redis.folder, installation.account)
            redis_server.write_configuration(installation.redis, installation.account)


def _start_services(installation: Installation, supervisor: Supervisor) -> None:
    database, cache, search = installation.postgres, installation.redis, installation.solr
    own = [name for name, server in (("postgres", database), ("redis", cache), ("solr", search)) if server]
    with step(say("Menjalankan ", "Starting ") + ", ".join(own or ["-"])):
        supervisor.ensure_running()
        if own:
            supervisor.start(SERVICES)
        if database:
            wait_until(lambda: postgres.accepts_connections(database), "Postgres", installation.logs / "postgres.log")
            _make_database(installation)
        if cache:
            wait_until(lambda: redis_server.answers(cache), "Redis", installation.logs / "redis.log")
        if search:
            wait_until(lambda: solr.answers(search, CORE), "Solr", installation.logs / "solr.log")
        elif not solr.core_answers(f"{installation.solr_url}/select?q=*:*&rows=0"):
            raise StepError(
                say("Solr di SATUDATA_SOLR_URL tidak menjawab", "Solr at SATUDATA_SOLR_URL does not answer"),
                say("Periksa alamat inti Solr itu", "Check the address of that Solr core"),
            )


def _make_database(installation: Installation) -> None:
    server = installation.postgres
    if server is None:
        return
    names = {"role": ROLE, "database": DATABASE, "password": installation.secret("postgres-satudata")}
    found = postgres.sql(server, "SELECT 1 FROM pg_database WHERE datname = :'database'", variables=names)
    if found:
        return
    if not postgres.sql(server, "SELECT 1 FROM pg_roles WHERE rolname = :'role'", variables=names):
        postgres.sql(server, "CREATE ROLE :\"role\" LOGIN PASSWORD :'password'", variables=names)
    postgres.sql(server, 'CREATE DATABASE :"database" OWNER :"role" TEMPLATE template0', variables=names)


def _migrate(installation: Installation) -> None:
    stamp = installation.data / "state" / "migrated"
    migrations = installation.code / "ckanext-satudata" / "ckanext" / "satudata" / "migration"
    lock = python_environment.REQUIREMENTS / "platform.txt"
    digest = _digest([*sorted(migrations.rglob("*.py")), lock]) + installation.database_url
    digest = hashlib.sha256(digest.encode()).hexdigest()
    if stamp.exists() and stamp.read_text("utf-8") == digest:
        return
    with step(say("Memutakhirkan tabel CKAN dan Satu Data", "Migrating the tables of CKAN and Satu Data")):
        log = installation.setup_logs / "migrate.log"
        if run_inside(installation, ["deploy.catalogue", "migrate"], log) != 0:
            raise StepError(
                say("Tabel tidak dapat dimutakhirkan", "The tables cannot be migrated"),
                say("Perbaiki yang disebut di catatan, lalu jalankan lagi", "Mend what the log names, then run again"),
                log,
            )
        stamp.write_text(digest, "utf-8")


def _index_to_fill(installation: Installation) -> Path:
    return installation.data / "state" / "index-to-fill"


def _fill_index(installation: Installation) -> None:
    if not _index_to_fill(installation).exists():
        return
    with step(say("Menyusun indeks pencarian", "Building the search index")):
        log = installation.setup_logs / "index.log"
        if run_inside(installation, ["deploy.catalogue", "reindex"], log) != 0:
            raise StepError(
                say("Indeks pencarian belum lengkap", "The search index is incomplete"),
                say("Perbaiki yang disebut di catatan, lalu jalankan lagi", "Mend what the log names, then run again"),
                log,
            )
    _index_to_fill(installation).unlink()


def _start_applications(installation: Installation, supervisor: Supervisor) -> None:
    groups = [APPLICATION, DEMO] if installation.has_demo else [APPLICATION]
    with step(say("Menjalankan portal, pekerja, dan penjadwal", "Starting the portal, the worker and the clock")):
        started, state = installation.data / "state" / "started", _state_of_code(installation)
        if started.exists() and started.read_text("utf-8") == state:
            supervisor.start(*groups)
        else:
            supervisor.restart(*groups)
        url = f"http://127.0.0.1:{installation.ports['web']}/"
        wait_until(lambda: answers_http(f"{url}api/3/action/status_show"), "Portal", installation.logs / "web.log")
        for name in DEMO_APPLICATIONS if installation.has_demo else ():
            address = f"http://127.0.0.1:{installation.ports[name]}/"
            wait_until(lambda at=address: answers_http(at), name, installation.logs / f"demo-{name}.log")  # type: ignore[misc]
        started.write_text(state, "utf-8")


def _state_of_code(installation: Installation) -> str:
    """Return what stands for code, packages and configuration of the programs: when it changes, they restart."""
    rooms = [installation.code / name for name in ROOMS]
    files = sorted(path for room in rooms for path in room.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return _digest([*files, installation.ini, python_environment.REQUIREMENTS / "platform.txt"])


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
