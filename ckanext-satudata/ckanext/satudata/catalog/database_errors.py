"""Errors of the platform's database without the values of its rows.

Postgres quotes them: `DETAIL: Key (name)=(…)`, `invalid input syntax for type integer: "…"`, the statement's own line
with what was bound to it, the line of a COPY. Whatever prints such an error (a log, a worker's failed job, a command)
would print a person's data. What says where to look stays: the class of the error, its code, table, column and
constraint.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from ckan.common import config
from sqlalchemy.engine import ExceptionContext

#: Classes of errors (SQLSTATE) that are about the server, or about names in a statement: their first line names no
#: value, but for one.
_SAFE = frozenset({"08", "0A", "25", "26", "28", "34", "3D", "40", "42", "53", "55", "57", "58", "F0", "XX"})
_SYNTAX = "42601"  # … at or near a value


def listen() -> None:
    """Take the values out of every error of the platform's database in this process, whoever raised it."""
    if not sa.event.contains(sa.Engine, "handle_error", _handled):
        sa.event.listen(sa.Engine, "handle_error", _handled)


def without_values(error: BaseException) -> BaseException:
    """The same error of the driver, told without a value; for what is not sent through SQLAlchemy."""
    code, told = getattr(error, "pgcode", None), getattr(error, "diag", None)
    if code:
        error.args = (_told(str(code), told),)
    return error


def _handled(context: ExceptionContext) -> None:
    if context.engine is None or not _is_ours(context.engine.url):
        return
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    if not getattr(original, "pgcode", None):
        return
    without_values(original)
    if wrapped is not None:
        kind = type(original)
        wrapped.args = (f"({kind.__module__}.{kind.__name__}) {original}", *wrapped.args[1:])


def _told(code: str, told: Any) -> str:
    first = getattr(told, "message_primary", None) if code[:2] in _SAFE and code != _SYNTAX else None
    places = {name: getattr(told, f"{name}_name", None) for name in ("table", "column", "constraint")}
    where = [f"{name} {value}" for name, value in places.items() if value]
    return " ".join([f"[{code}]", *([str(first)] if first else []), *([f"({', '.join(where)})"] if where else [])])


def _is_ours(url: sa.URL) -> bool:
    """CKAN's datastore shows people what is wrong with the SQL they wrote themselves."""
    main = sa.make_url(config["sqlalchemy.url"])
    return (url.host, url.port, url.database) == (main.host, main.port, main.database)
