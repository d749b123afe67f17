"""Whether this process lives, and whether what it needs answers; stands at `/health`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import answering, database, guard
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Unavailable
from ckanext.satudata.api.routing import route
from ckanext.satudata.catalog import search


@route("/live", scope=None, counted=False)
def live(_caller: Caller, _values: dict[str, Any]) -> Response:
    """This process answers."""
    return _uncached(answering.document({"status": "ok"}))


@route("/ready", scope=None, counted=False)
def ready(_caller: Caller, _values: dict[str, Any]) -> Response:
    """Postgres, Redis and Solr answer; 503 and which one does not otherwise."""
    checks = {name: _state(check) for name, check in _CHECKS.items()}
    whole = all(state == "ok" for state in checks.values())
    response = _uncached(answering.document({"status": "ok" if whole else "unavailable", "checks": checks}))
    if not whole:
        response.status_code = 503
        response.headers["Retry-After"] = "5"
    return response


def _postgres() -> None:
    database.rows(text("SELECT 1"))


def _redis() -> None:
    guard.ping()


def _solr() -> None:
    search.select([("q", "*:*"), ("rows", "0"), ("wt", "json"), ("omitHeader", "true")])


_CHECKS: dict[str, Callable[[], None]] = {"postgres": _postgres, "redis": _redis, "solr": _solr}


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except (Unavailable, search.SearchUnavailable):
        return "unavailable"
    return "ok"


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
