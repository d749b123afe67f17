"""A read-only view in a database: PostgreSQL, MySQL or MariaDB, or an SQLite file.

The owner of an application makes a view that holds what may be harvested, and an account that may read only that view.
Everything here keeps to reading all the same: the session is read-only, the statement is one SELECT built by
SQLAlchemy Core, and its time is bounded. The drivers are the optional extra `database`.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urlsplit

from satudata_harvesters.connector import Connector, Page, Validators
from satudata_harvesters.connectors.table import FOLDER_VARIABLE
from satudata_harvesters.credentials import secret
from satudata_harvesters.errors import ConfigError, RecordError, SourceError
from satudata_harvesters.guard import Blocked, permitted_address, plugged
from satudata_harvesters.paging import Bounds

if TYPE_CHECKING:
    from sqlalchemy import ColumnClause, Engine, Select

SQLITE = "sqlite:"
#: scheme -> (driver, usual port)
SERVERS = {"postgresql": ("psycopg2", 5432), "mysql": ("pymysql", 3306)}
_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"
_VIEW = r"^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$"
_BEGIN = "awal"
#: What servers say when an account may not log in or not read: SQLSTATE of PostgreSQL, error numbers of MySQL.
_REFUSED = frozenset({"28P01", "28000", "42501", "1045", "1044", "1142", "1227", "1698"})
_TOO_SLOW = frozenset({"57014", "1969", "3024", "1317"})
#: So many seconds a server has beyond a statement's deadline to say that it is over.
GRACE = 2
_NOT_THERE = frozenset({"42P01", "42703", "3D000", "1146", "1054", "1049"})


class Database(Connector):
    """Rows of one view, in the order of a column that tells them apart; read by a cursor on the server's side."""

    kind = "database"
    title: ClassVar[Mapping[str, str]] = {
        "id": "Basis data (PostgreSQL, MySQL, SQLite)",
        "en": "Database (PostgreSQL, MySQL, SQLite)",
    }
    knows_changes = True
    speaks_http = False
    config_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "required": ["url", "view", "key"],
        "additionalProperties": False,
        "properties": {
            "url": {"type": "string", "title": "Alamat: postgresql://, mysql://, atau sqlite:nama.db"},
            "view": {"type": "string", "pattern": _VIEW, "title": "Nama view (tampilan) yang dibaca"},
            "key": {"type": "string", "pattern": _NAME, "title": "Kolom pengenal yang unik"},
            "changed": {"type": "string", "pattern": _NAME, "title": "Kolom waktu perubahan (UTC)"},
            "page_size": {
                "type": "integer",
                "minimum": 1,
                "maximum": 10_000,
                "default": 500,
                "title": "Ukuran halaman",
            },
            "auth": {
                "type": "object",
                "title": "Kredensial",
                "required": ["type", "username", "password"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "basic"},
                    "username": {"type": "string", "minLength": 1},
                    "password": {"type": "string", "minLength": 1, "secret": True},
                },
            },
            "ca": {"type": "string", "title": "Sertifikat CA (PEM)"},
        },
    }

    @classmethod
    def check(cls, config: Mapping[str, Any]) -> None:
        """The address is a server and a database, or a file's name without a way out of its folder."""
        url = str(config.get("url", ""))
        if url.startswith(SQLITE):
            name = url.removeprefix(SQLITE)
            if not name or ".." in Path(name).parts or name.startswith(("/", "\\")):
                raise ConfigError("E-CFG-009", url=url, pointer="/url")
            return
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ConfigError("E-CFG-009", url="***", pointer="/url") from None
        if "@" in parts.netloc:
            raise ConfigError("E-CFG-007", field="url")
        fine = parts.scheme in SERVERS and parts.hostname and port != 0 and parts.path.strip("/")
        if not fine or parts.query or parts.fragment:
            raise ConfigError("E-CFG-009", url=f"{parts.scheme}://{parts.netloc}{parts.path}", pointer="/url")

    def pages(
        self, after: str | None = None, validators: Mapping[str, Validators] | None = None, since: str | None = None
    ) -> Iterator[Page]:
        """Yield the view's rows, some hundred a page; see `Connector.pages`. A checkpoint is the last row's key."""
        self.check(self.config)
        bounds = Bounds(self.http.limits, self.url)
        size = int(self.config.get("page_size", 500))
        place = after or _BEGIN
        with self._rows(after, since, size) as rows:
            page = list(islice(rows, size))
            while True:
                # One more tells whether this page is the last.
                ahead = list(islice(rows, 1))
                bounds.enter(place)
                bounds.read(page)
                self._told_apart([*page, *ahead])
                told = hashlib.sha256(json.dumps(page, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
                known = {} if since else dict((validators or {}).get(place, {}))
                behind = self._checkpoint(page[-1]) if page else place
                if known.get("hash") == told:
                    yield Page(place, [], behind, not ahead, unchanged=True, validators=known)
                else:
                    keyed = [row for row in page if row.get(self.config["key"]) is not None]
                    errors = (RecordError("E-TRK-021", url=self.url),) * (len(page) - len(keyed))
                    yield Page(place, keyed, behind, not ahead, validators={"hash": told}, errors=errors)
                if not ahead:
                    return
                place, page = behind, [*ahead, *islice(rows, size - 1)]

    def _checkpoint(self, row: Mapping[str, Any]) -> str:
        return json.dumps(row.get(self.config["key"]), ensure_ascii=False)

    def _told_apart(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Raise `ConfigError` where two rows in turn have one key, or a key is neither text nor a whole number."""
        keys = [row.get(self.config["key"]) for row in rows]
        doubled = any(one == other and one is not None for one, other in pairwise(keys))
        if doubled or not all(key is None or type(key) in {str, int} for key in keys):
            raise ConfigError("E-CFG-004", field="config.key", expected="kolom unik berisi teks atau bilangan bulat")

    @contextmanager
    def _rows(self, after: str | None, since: str | None, size: int) -> Iterator[Iterator[dict[str, Any]]]:
        watch = _Deadline(self.http.limits.deadline)
        engine = self._engine(watch)
        try:
            from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - optional, and there by now

            try:
                with engine.connect() as connection:
                    options = {"stream_results": True, "max_row_buffer": size}
                    found = connection.execution_options(**options).execute(self._select(after, since))
                    yield self._plain(found, size, watch)
            except SQLAlchemyError as error:
                raise self._problem(getattr(error, "orig", None)) from None
            except OSError as error:
                raise self._problem(error) from None
        finally:
            engine.dispose()

    def _plain(self, found: Any, size: int, watch: _Deadline) -> Iterator[dict[str, Any]]:
        """Rows in JSON's own types; a page of them is bounded as an answer of the web is."""
        names, read = list(found.keys()), 0
        for number, row in enumerate(found):
            record = {name: _json_value(value) for name, value in zip(names, row, strict=True)}
            read = (read if number % size else 0) + sum(len(text) for text in record.values() if type(text) is str)
            if read > self.http.limits.max_bytes:
                raise SourceError("E-TRK-010", url=self.url, limit=self.http.limits.max_bytes)
            yield record
            watch.restart()

    def _select(self, after: str | None, since: str | None) -> Select[Any]:
        from sqlalchemy import column, literal_column, select, table  # noqa: PLC0415 - optional

        schema, _, name = self.config["view"].rpartition(".")
        key: ColumnClause[Any] = column(self.config["key"])
        statement: Select[Any] = (
            select(literal_column("*")).select_from(table(name, schema=schema or None)).order_by(key)
        )
        if after and after != _BEGIN:
            last = json.loads(after)
            # Where rows without a key come first, all others are behind them.
            statement = statement.where(key.is_not(None) if last is None else key > last)
        if since and "changed" in self.config:
            begin = datetime.fromisoformat(since.replace("Z", "+00:00"))
            moment = begin.astimezone(timezone.utc).replace(tzinfo=None) if begin.tzinfo else begin
            lite = self.url.startswith(SQLITE)
            statement = statement.where(column(self.config["changed"]) >= (moment.isoformat(" ") if lite else moment))
        return statement

    def _engine(self, watch: _Deadline) -> Engine:
        create = _library("sqlalchemy").create_engine
        pool = _library("sqlalchemy.pool").NullPool
        scheme = "sqlite" if self.url.startswith(SQLITE) else urlsplit(self.url).scheme
        opening: Callable[[], Any] = partial(self._open_file, watch)
        dialect = "sqlite"
        if scheme != "sqlite":
            driver = _library(SERVERS[scheme][0])
            opening = partial(self._postgresql if scheme == "postgresql" else self._mysql, driver)
            dialect = f"{scheme}+{SERVERS[scheme][0]}"
        engine: Engine = create(f"{dialect}://", creator=opening, poolclass=pool)
        return engine

    def _open_file(self, watch: _Deadline) -> Any:
        import sqlite3  # noqa: PLC0415 - not built into every Python

        root = os.environ.get(FOLDER_VARIABLE)
        path = (Path(root) / self.url.removeprefix(SQLITE)).resolve() if root else None
        if root is None or path is None or not path.is_relative_to(Path(root).resolve()) or not path.is_file():
            raise SourceError("E-TRK-026", path=self.url)
        opened = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=self.http.limits.connect)
        opened.execute("PRAGMA query_only = ON")
        opened.execute("PRAGMA trusted_schema = OFF")
        opened.set_progress_handler(watch.over, 10_000)
        return opened

    def _login(self) -> tuple[str, str]:
        auth = self.config.get("auth") or {}
        names = ("username", "password")
        user, password = (secret(str(auth.get(name, "")), f"config.auth.{name}") for name in names)
        return user, password

    def _address(self) -> tuple[str, str, int]:
        """(host, address of it that may be connected to, port); the very answer of DNS that was checked is used."""
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or SERVERS[parts.scheme][1]
        try:
            return host, permitted_address(host, port, self.http.networks, self.http.limits.connect), port
        except OSError:
            raise SourceError("E-TRK-008", host=host) from None
        except Blocked:
            raise SourceError("E-TRK-011", host=host, port=str(port)) from None

    def _name(self) -> str:
        return unquote(urlsplit(self.url).path.strip("/"))

    def _postgresql(self, driver: Any) -> Any:
        host, address, port = self._address()
        limits, (user, password) = self.http.limits, self._login()
        milliseconds = int(limits.deadline * 1000)
        with _certificate(self.config.get("ca")) as ca:
            tls = {"sslmode": "verify-full", "sslrootcert": ca} if ca else {"sslmode": "prefer"}
            # The files and variables of this machine's user must not take part: no password file, no service.
            return driver.connect(
                host=host, hostaddr=address, port=port, dbname=self._name(), user=user or "anonymous",
                password=password, passfile="/dev/null", connect_timeout=max(int(limits.connect), 2),
                application_name="satudata-harvester", client_encoding="UTF8", gssencmode="disable",
                options=f"-c statement_timeout={milliseconds} -c default_transaction_read_only=on -c timezone=UTC",
                keepalives_idle=30, tcp_user_timeout=milliseconds, **tls,
            )  # fmt: skip

    def _mysql(self, driver: Any) -> Any:
        host, address, port = self._address()
        limits, (user, password) = self.http.limits, self._login()
        with _certificate(self.config.get("ca")) as ca:
            opened = driver.connect(
                host=host, port=port, user=user, password=password, database=self._name(), charset="utf8mb4",
                connect_timeout=max(int(limits.connect), 1), read_timeout=int(limits.deadline + GRACE),
                local_infile=False, ssl={"ca": ca, "check_hostname": True} if ca else None, defer_connect=True,
            )  # fmt: skip
            # The server ends a statement itself; the line is cut only where it does not.
            opened.connect(plugged(address, port, connect=limits.connect, read=limits.deadline + GRACE))
        with opened.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            cursor.execute("SET SESSION time_zone = '+00:00'")
            # MariaDB and MySQL bound a statement by different names, in seconds and milliseconds.
            if "mariadb" in str(opened.get_server_info()).lower():
                cursor.execute("SET SESSION max_statement_time = %s", (limits.deadline,))
            else:
                cursor.execute("SET SESSION max_execution_time = %s", (int(limits.deadline * 1000),))
        return opened

    def _problem(self, error: BaseException | None) -> Exception:
        """The driver's error as ours; its own words may hold a row or a secret and are not told."""
        code = str(getattr(error, "pgcode", None) or (getattr(error, "args", None) or ("",))[0])
        words = str(error).lower()
        if code in _REFUSED or "password authentication failed" in words or "no password supplied" in words:
            return SourceError("E-TRK-030", url=self.url)
        if code in _TOO_SLOW or any(said in words for said in ("interrupted", "timeout expired", "timed out")):
            return SourceError("E-TRK-009", url=self.url, seconds=round(self.http.limits.deadline))
        if code in _NOT_THERE or words.startswith("no such "):
            return SourceError("E-TRK-015", url=self.url, path=self.config["view"])
        if "certificate" in words or "ssl" in words:
            return SourceError("E-TRK-012", host=urlsplit(self.url).hostname or "")
        if "not a database" in words or "malformed" in words:
            return SourceError("E-TRK-026", path=self.url)
        return SourceError("E-TRK-007", url=self.url)


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigError("E-CFG-014", connector="database", library=name) from None


class _Deadline:
    """Ends an SQLite statement that gives no row for too long; the time a reader takes between rows does not count."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        self._until = monotonic() + self._seconds

    def over(self) -> int:
        return int(monotonic() > self._until)


@contextmanager
def _certificate(ca: str | None) -> Iterator[str | None]:
    """The path of a CA's certificate that is given as a path or as PEM text."""
    if ca and "-----BEGIN" in ca:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(ca)
            file.flush()
            yield file.name
    else:
        yield ca or None


def _json_value(value: Any) -> Any:  # noqa: PLR0911 - one line for each type of a driver
    """A value of a driver as JSON has it: whole numbers stay whole, times are ISO 8601, bytes are left out."""
    if value is None or type(value) in {int, bool}:
        return value
    if isinstance(value, Decimal | float):
        if not math.isfinite(value):
            return None
        return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return None
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    return str(value).replace("\x00", "")
