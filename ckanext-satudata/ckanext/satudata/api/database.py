"""Reading Postgres for an answer: one statement, no transaction around it, and a plain 503 when it is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ckan import model
from sqlalchemy import URL, Connection, Engine, Executable, Row, create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from ckanext.satudata.api.problems import Unavailable
from ckanext.satudata.catalog.search import Reader

#: SQL on a record `r`: whether the reader may know of the dataset, and which answer the reader gets.
VISIBLE = "r.status = 'tayang' OR (r.status <> 'ditarik' AND (:everything OR r.owner_org = ANY(:own)))"
AUDIENCE = (
    "CASE WHEN :everything OR r.owner_org = ANY(:own) OR (r.hak_akses = 'terbatas' AND r.owner_org = ANY(:granted))"
    " THEN 'full' ELSE 'public' END"
)

#: Seconds a reader waits for a free connection.
TIMEOUT = 1.5
_engines: dict[URL, Engine] = {}

GONE = (OperationalError, InterfaceError, PoolTimeout)


def rows(statement: Executable, params: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
    """The rows of one statement. A connection the server has closed is replaced once; then `Unavailable`."""
    try:
        return _read(statement, params)
    except DBAPIError as error:
        if not error.connection_invalidated and not isinstance(error, GONE):
            raise
    except PoolTimeout as error:
        raise Unavailable("postgres") from error
    try:
        return _read(statement, params)
    except GONE as error:
        raise Unavailable("postgres") from error


def _read(statement: Executable, params: Mapping[str, Any] | None) -> Sequence[Row[Any]]:
    with engine().connect() as connection:
        return connection.execute(statement, dict(params or {})).all()


def engine() -> Engine:
    """Connections for reading alone, to CKAN's database: one round trip a statement, where CKAN's own take four."""
    url = model.meta.engine.url
    if url not in _engines:
        _engines[url] = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,
            pool_size=8,
            pool_timeout=TIMEOUT,
            hide_parameters=True,
            connect_args={"connect_timeout": 2},
        )
    return _engines[url]


def readership(reader: Reader) -> dict[str, Any]:
    """The parameters of `VISIBLE` and `AUDIENCE`."""
    return {"everything": reader.everything, "own": list(reader.own), "granted": list(reader.granted)}


def snapshot() -> Connection:
    """A connection in which every statement sees the same moment; the caller closes it."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        connection = engine().connect().execution_options(**options)
    except GONE as error:
        raise Unavailable("postgres") from error
    return connection


def session() -> Session:
    """CKAN's session, for what writes; it is taken away again when the request ends."""
    current: Session = model.Session()
    return current
