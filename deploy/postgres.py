"""A Postgres of our own: its folder, its port, TCP on 127.0.0.1 only, passwords for everyone."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.layout import Account, write_private
from deploy.steps import StepError, run_logged
from deploy.wording import say

OLDEST_VERSION = 12
ADMINISTRATOR = "postgres"

#: For a machine of 2 cores and a few GB; a bigger one sets its own in conf.d or uses SATUDATA_POSTGRES_URL.
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",  # a socket's path may be at most 107 bytes, a checkout's may be longer
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    # A statement may hold what a record holds: errors are logged without it.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",  # an error's details quote the values of its row
}
#: What newer servers, or those that were built with it, do better: taken where the server knows it. Long values are
#: compressed in a quarter of the time that Postgres' own way takes, and a harvest writes 20 kB of them a dataset.
WHERE_KNOWN = {"default_toast_compression": "lz4"}
#: Only for data that is thrown away: a crash may corrupt it.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "autovacuum": "off",
}


@dataclass(frozen=True)
class PostgresServer:
    """One cluster: folder, port, and the file that holds the administrator's password."""

    folder: Path
    port: int
    password_file: Path

    @property
    def command(self) -> list[str]:
        """The command that runs it in the foreground; SIGINT stops it at once and cleanly."""
        return [str(binary("postgres")), "-D", str(self.folder), "-p", str(self.port)]

    def url(self, user: str, password: str, database: str) -> str:
        """Return the address that SQLAlchemy takes."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def environment(self) -> dict[str, str]:
        """Return the variables with which psql and pg_dump are let in as the administrator."""
        return {
            **os.environ,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": ADMINISTRATOR,
            "PGPASSWORD": self.password_file.read_text("utf-8").strip(),
            "PGDATABASE": "postgres",
            "PGCONNECT_TIMEOUT": "5",
        }


def binary(name: str) -> Path:
    """Find a program of the newest Postgres on this machine (Debian keeps them out of the PATH)."""
    found = find_binary(name)
    if found is None:
        raise StepError(
            say(f"Program Postgres '{name}' tidak ditemukan", f"The Postgres program '{name}' was not found"),
            say(
                f"Pasang Postgres {OLDEST_VERSION} atau lebih baru, atau isi SATUDATA_POSTGRES_URL",
                f"Install Postgres {OLDEST_VERSION} or newer, or set SATUDATA_POSTGRES_URL",
            ),
        )
    return found


def find_binary(name: str) -> Path | None:
    """Return the path of a Postgres program, or nothing."""
    versions = []
    for folder in Path("/usr/lib/postgresql").glob("*/bin"):
        version = folder.parent.name
        if version.isdigit() and int(version) >= OLDEST_VERSION and (folder / name).exists():
            versions.append((int(version), folder / name))
    if versions:
        return max(versions)[1]
    on_path = shutil.which(name)
    return Path(on_path) if on_path else None


def initialise(server: PostgresServer, account: Account, log: Path, *, throwaway: bool = False) -> None:
    """Make the cluster when it is not there yet, and write its settings; the data of an existing one is not touched."""
    if not (server.folder / "PG_VERSION").exists():
        command: list[str | Path] = [binary("initdb"), "-D", server.folder, "-U", ADMINISTRATOR, "--auth=scram-sha-256"]
        command += ["--pwfile", server.password_file, "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"]
        run_logged(
            [*command, *(["--no-sync"] if throwaway else [])],
            log,
            failing=say("Basis data tidak dapat disiapkan", "The database cluster cannot be prepared"),
            remedy=say(
                "Periksa ruang kosong dan hak akses folder data", "Check free space and the rights of the data folder"
            ),
            cwd=Path("/"),
            user=account.uid if account.switch else None,
            group=account.gid if account.switch else None,
        )
    settings = {**SETTINGS, **_known(server), **(THROWAWAY_SETTINGS if throwaway else {})}
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    write_private(server.folder / "postgresql.auto.conf", text, account)


def _known(server: PostgresServer) -> dict[str, str]:
    """Of `WHERE_KNOWN` what this server takes: it refuses to start with what it does not."""
    return {name: value for name, value in WHERE_KNOWN.items() if _takes(server, name, value)}


def _takes(server: PostgresServer, name: str, value: str) -> bool:
    command = [str(binary("postgres")), "-C", name, "-D", str(server.folder), "-c", f"{name}={value}"]
    asked = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
    return asked.returncode == 0 and asked.stdout.strip() == value


def sql(
    server: PostgresServer, statement: str, *, database: str = "postgres", variables: Mapping[str, str] | None = None
) -> str:
    """Run one statement as the administrator and return what it prints.

    `variables` are quoted by psql itself (`:'name'` a literal, `:"name"` an identifier); the statement travels by
    standard input, so no password is seen in the list of processes.
    """
    sets = "".join(f"\\set {name} '{_quoted(value)}'\n" for name, value in (variables or {}).items())
    finished = subprocess.run(
        [str(binary("psql")), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database],
        input=sets + statement + "\n",
        env=server.environment(),
        text=True,
        capture_output=True,
        check=False,
    )
    if finished.returncode != 0:
        raise StepError(
            say("Postgres menolak perintah", "Postgres refused a statement") + f": {finished.stderr.strip()}",
            say("Periksa catatan Postgres di folder log", "Read Postgres's log in the log folder"),
        )
    return finished.stdout.strip()


def accepts_connections(server: PostgresServer) -> bool:
    """Tell whether the server answers now."""
    command = [str(binary("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(server.port), "-t", "1"]
    return subprocess.run(command, check=False).returncode == 0


def running_pid(server: PostgresServer) -> int | None:
    """Return the process that holds this cluster, or nothing."""
    lock = server.folder / "postmaster.pid"
    first_line = lock.read_text("utf-8", errors="replace").split("\n", 1)[0] if lock.exists() else ""
    return int(first_line) if first_line.isdigit() and _is_postgres(int(first_line)) else None


def remove_stale_lock(server: PostgresServer) -> None:
    """Remove `postmaster.pid` of a killed server when its process is gone or is another program by now."""
    if running_pid(server) is None:
        (server.folder / "postmaster.pid").unlink(missing_ok=True)


def _is_postgres(pid: int) -> bool:
    try:
        return "postgres" in Path(f"/proc/{pid}/comm").read_text("utf-8")
    except OSError:
        return False


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
