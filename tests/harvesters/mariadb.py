"""A MariaDB of the tests' own, made in two seconds and gone with the session: nothing of it stays on the machine."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from deploy.machine import mariadb_server
from deploy.ports import free_ports

SYSTEM_TABLES = ("mysql_system_tables.sql", "mysql_system_tables_data.sql")
#: An empty server needs no more.
SMALL = ("--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", "--skip-log-bin", "--skip-name-resolve")


@dataclass(frozen=True)
class MariaDb:
    """A server on 127.0.0.1; `password` is that of `reader`, which may read `database` and nothing else."""

    port: int
    database: str
    reader: str
    password: str
    socket: Path
    owner_password: str

    def run(self, *statements: str) -> None:
        """Run statements as the server's owner."""
        import pymysql

        opened: Any = pymysql.connect(unix_socket=str(self.socket), user="root", password=self.owner_password,
                                      database=self.database)  # fmt: skip
        with opened, opened.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            opened.commit()


@contextmanager
def running(folder: Path) -> Iterator[MariaDb]:
    """Make a server in this folder and end it with the block; RuntimeError with its log where it does not come up."""
    server = mariadb_server()
    if server is None:
        raise RuntimeError("mariadbd is missing; the set-up of the tests installs it")
    whom = ["--user=root"] if os.geteuid() == 0 else []
    common = [str(server), "--no-defaults", *whom, f"--datadir={folder / 'data'}", *SMALL]
    (folder / "data").mkdir()
    shared = Path("/usr/share/mysql")
    tables = b"".join((shared / name).read_bytes() + b"\n" for name in SYSTEM_TABLES)
    made = subprocess.run([*common, "--bootstrap"], input=b"CREATE DATABASE mysql;\nUSE mysql;\n" + tables,
                          capture_output=True, check=False)  # fmt: skip
    if made.returncode:
        raise RuntimeError(made.stderr.decode()[-2000:])
    found = MariaDb(
        free_ports(1)[0], "aplikasi", "pembaca", secrets.token_hex(8), folder / "s.sock", secrets.token_hex(8)
    )
    account = f"{found.reader}@'127.0.0.1'"
    (folder / "awal.sql").write_text(
        f"CREATE DATABASE aplikasi;\nCREATE OR REPLACE USER root@localhost IDENTIFIED BY '{found.owner_password}';\n"
        "GRANT ALL ON *.* TO root@localhost;\n"
        f"CREATE USER {account} IDENTIFIED BY '{found.password}';\nGRANT SELECT ON aplikasi.* TO {account};\n"
    )
    options = [f"--socket={found.socket}", f"--port={found.port}", "--bind-address=127.0.0.1",
               f"--init-file={folder / 'awal.sql'}", f"--pid-file={folder / 'pid'}"]  # fmt: skip
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen([*common, *options], stdout=written, stderr=written)
    try:
        until = monotonic() + 30
        while b"ready for connections" not in log.read_bytes():
            if process.poll() is not None or monotonic() > until:
                raise RuntimeError(log.read_text("utf-8", "replace")[-2000:])
            sleep(0.05)
        yield found
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
