"""Reading Postgres for an answer: one statement, no transaction around it, and a plain 503 when it is gone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ckan import model
from psycopg2 import errors  # type: ignore[import-untyped]
from sqlalchemy import URL, Connection, Engine, Executable, Row, TextClause, create_engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from ckanext.satudata.api.problems import Unavailable
from ckanext.satudata.api.silence import Watch
from ckanext.satudata.catalog.search import Reader

#: SQL on a record `r`: whether the reader may know of the dataset, and which answer the reader gets. What everyone
#: reads whole is kept once, for the public.
VISIBLE = "r.status = 'tayang' OR (r.status <> 'ditarik' AND (:everything OR r.owner_org = ANY(:own)))"
AUDIENCE = (
    "CASE WHEN r.status = 'tayang' AND r.hak_akses = 'terbuka' THEN 'public'"
    " WHEN :everything OR r.owner_org = ANY(:own) OR (r.hak_akses = 'terbatas' AND r.owner_org = ANY(:granted))"
    " THEN 'full' ELSE 'public' END"
)

#: Seconds a reader waits for a free connection.
TIMEOUT = 1.5
#: Seconds since its last answer, after which Postgres is asked for a word before a transaction begins.
LATELY = 1.0
_engines: dict[URL, Engine] = {}
_watches: dict[Engine, Watch] = {}

GONE = (OperationalError, InterfaceError, PoolTimeout)


#: Seconds a plan is kept: a table that has grown a thousandfold since wants another one.
REPLAN = 60.0
#: A pooler between us and the server may hand the next statement to a server that was not told of this one.
_NOT_PREPARED = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement, errors.FeatureNotSupported)


@dataclass(frozen=True)
class Prepared:
    """A statement that is asked often: planned once a connection, where planning takes longer than reading.

    `sql` has parameters as `:name`, of which `types` names the types in Postgres.
    """

    name: str
    sql: str
    types: Mapping[str, str]
    preparing: str = field(init=False)
    executing: str = field(init=False)
    plain: TextClause = field(init=False)

    def __post_init__(self) -> None:
        places = {name: place for place, name in enumerate(self.types, 1)}
        body = _PARAMETER.sub(lambda found: f"${places[found[1]]}", self.sql)
        arguments = ", ".join(f"%({name})s::{kind}" for name, kind in self.types.items())
        told = {
            "preparing": f"PREPARE {self.name}({', '.join(self.types.values())}) AS {body}",
            "executing": f"EXECUTE {self.name}({arguments})",
            "plain": text(_PARAMETER.sub(lambda found: f"CAST(:{found[1]} AS {self.types[found[1]]})", self.sql)),
        }
        for name, value in told.items():
            object.__setattr__(self, name, value)


_PARAMETER = re.compile(r":(\w+)")


def rows(statement: Executable | Prepared, params: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
    """The rows of one statement. A connection the server has closed is replaced once; then `Unavailable`."""
    read: Callable[..., Sequence[Row[Any]]] = _read_prepared if isinstance(statement, Prepared) else _read
    try:
        return read(statement, params)
    except DBAPIError as error:
        if not error.connection_invalidated and not isinstance(error, GONE):
            raise
    except PoolTimeout as error:
        raise Unavailable("postgres") from error
    try:
        return read(statement, params)
    except GONE as error:
        raise Unavailable("postgres") from error


def _read(statement: Executable, params: Mapping[str, Any] | None) -> Sequence[Row[Any]]:
    here = engine()
    with here.connect() as connection, _watches[here].waiting(connection):
        return connection.execute(statement, dict(params or {})).all()


def _read_prepared(statement: Prepared, params: Mapping[str, Any] | None) -> Sequence[Row[Any]]:
    here = engine()
    with here.connect() as connection, _watches[here].waiting(connection):
        known, now = connection.info, time.monotonic()
        if now - known.get(f"{statement.name} refused", -REPLAN) < REPLAN:
            return connection.execute(statement.plain, dict(params or {})).all()
        try:
            if now - known.get(statement.name, -REPLAN) >= REPLAN:
                if statement.name in known:
                    connection.exec_driver_sql(f"DEALLOCATE {statement.name}")
                connection.exec_driver_sql(statement.preparing)
                known[statement.name] = now
            return connection.exec_driver_sql(statement.executing, dict(params or {})).all()
        except DBAPIError as error:
            if not isinstance(error.orig, _NOT_PREPARED):
                raise
            known.pop(statement.name, None)
            if isinstance(error.orig, errors.DuplicatePreparedStatement):  # the server has it, and not from us
                known[f"{statement.name} refused"] = now
            return connection.execute(statement.plain, dict(params or {})).all()


def engine() -> Engine:
    """Connections for reading alone, to CKAN's database: one round trip a statement, where CKAN's own take four."""
    url = model.meta.engine.url
    if url not in _engines:
        made = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,
            pool_size=8,
            pool_timeout=TIMEOUT,
            hide_parameters=True,
            connect_args={"connect_timeout": 2},
        )
        _watches[made] = Watch(made)
        _engines[url] = made
    return _engines[url]


def readership(reader: Reader) -> dict[str, Any]:
    """The parameters of `VISIBLE` and `AUDIENCE`."""
    return {"everything": reader.everything, "own": list(reader.own), "granted": list(reader.granted)}


def snapshot() -> Connection:
    """A connection in which every statement sees the same moment; the caller closes it."""
    _expect_an_answer()
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        connection = engine().connect().execution_options(**options)
    except GONE as error:
        raise Unavailable("postgres") from error
    return connection


def session() -> Session:
    """CKAN's session, for what writes; it is taken away again when the request ends."""
    _expect_an_answer()
    current: Session = model.Session()
    return current


def _expect_an_answer() -> None:
    """Raises `Unavailable` where Postgres is gone or silent: what follows waits for it without end."""
    if not _watches[engine()].heard_within(LATELY):
        rows(_A_WORD)


_A_WORD = text("SELECT 1")
