"""CKAN loaded once, and commands run in it as they are typed: one JSON line asks, one answers."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import resource
import sys
import time
import traceback
from collections import Counter
from typing import Any

import click
import psycopg2.extensions  # type: ignore[import-untyped]

#: Statements sent to Postgres, COPY included, and commits.
sent: Counter[str] = Counter()


class _Counting(psycopg2.extensions.cursor):
    """Counts what is sent; the statements themselves stay what they are."""

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        sent["statements"] += 1
        return super().execute(*args, **kwargs)

    def executemany(self, query: Any, rows: Any) -> Any:
        rows = list(rows)
        sent["statements"] += len(rows)
        return super().executemany(query, rows)

    def copy_expert(self, *args: Any, **kwargs: Any) -> Any:
        sent["statements"] += 1
        return super().copy_expert(*args, **kwargs)


def _count_statements() -> None:
    from ckan import model
    from sqlalchemy import event

    engine = model.meta.engine
    if engine is None:
        raise RuntimeError("CKAN has no database")

    def counting(connection: Any, *_: Any) -> None:
        connection.cursor_factory = _Counting

    event.listen(engine, "connect", counting)
    event.listen(engine, "commit", lambda _connection: sent.update(commits=1))
    engine.dispose()


def make_walidata() -> None:
    """Make the user who allows the source to publish by itself, and the office of the Walidata."""
    from ckan.common import config
    from ckan.plugins import toolkit

    site = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})["name"]

    def act(action: str, **data: Any) -> Any:
        return toolkit.get_action(action)({"user": site, "ignore_auth": True}, data)

    act("user_create", name="walidata-ukur", email="walidata@contoh.go.id", password="kata-sandi-ukur")  # noqa: S106
    office = act("organization_create", name="walidata", title="Walidata")
    act("organization_member_create", id=office["id"], username="walidata-ukur", role="editor")
    config["ckanext.satudata.walidata_org"] = "walidata"


def reading_token() -> str:
    """The token of a client that may read the catalogue."""
    from ckan import model

    from ckanext.satudata.api import clients

    made = clients.add(model.Session(), name="pengukur", scopes=["catalog:read"])
    return clients.issue_token(model.Session(), made.client)


def database_bytes() -> int:
    """What the database takes on disk."""
    from ckan import model
    from sqlalchemy import func, select

    return int(model.Session.scalar(select(func.pg_database_size(func.current_database()))) or 0)


def _run(flask: Any, words: list[str]) -> dict[str, Any]:
    from ckanext.satudata.cli import satudata

    name, *rest = words
    if name != "satudata":
        return _ckans_own(flask, words)
    out, code = io.StringIO(), 0
    parent = click.Context(click.Group("ckan"), info_name="ckan")
    parent.meta["flask_app"] = flask
    begun = time.perf_counter()
    with parent, contextlib.redirect_stdout(out), contextlib.redirect_stderr(sys.stderr):
        try:
            with satudata.make_context("satudata", rest, parent=parent) as context:
                satudata.invoke(context)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return {"seconds": time.perf_counter() - begun, "out": out.getvalue(), "code": code}


def _ckans_own(flask: Any, words: list[str]) -> dict[str, Any]:
    """One of CKAN's own commands, by its module: `["search_index", "rebuild"]`."""
    module, *rest = words
    group = getattr(importlib.import_module(f"ckan.cli.{module}"), module)
    parent = click.Context(click.Group("ckan"), info_name="ckan")
    parent.meta["flask_app"] = flask
    begun, out = time.perf_counter(), io.StringIO()
    with (
        parent,
        contextlib.redirect_stdout(out),
        flask.test_request_context(),
        contextlib.suppress(SystemExit),
        group.make_context(module, rest, parent=parent) as context,
    ):
        group.invoke(context)
    return {"seconds": time.perf_counter() - begun, "out": "", "code": 0}


def _call(name: str, arguments: dict[str, Any], flask: Any) -> dict[str, Any]:
    module, _, function = name.partition(":")
    begun = time.perf_counter()
    with flask.test_request_context():
        out = getattr(importlib.import_module(module), function)(**arguments)
    return {"seconds": time.perf_counter() - begun, "out": out, "code": 0}


def _answer(asked: dict[str, Any], flask: Any) -> dict[str, Any]:
    sent.clear()
    try:
        done = _run(flask, asked["run"]) if "run" in asked else _call(asked["call"], asked["with"], flask)
    except Exception:  # noqa: BLE001  # told to whoever measures
        return {"error": traceback.format_exc()}
    if done["code"] > 1:
        return {"error": f"{asked} ended with {done['code']}"}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**done, "statements": sent["statements"], "commits": sent["commits"], "peak_kb": peak}


def main() -> None:
    """Load CKAN and obey."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from ckan.cli import load_config
    from ckan.config.middleware import make_app

    flask = make_app(load_config(sys.argv[1]))._wsgi_app  # noqa: SLF001  # CKAN keeps its own application there
    _count_statements()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line), flask)), file=answers, flush=True)


if __name__ == "__main__":
    sys.modules["bench.driven"] = sys.modules["__main__"]
    main()
