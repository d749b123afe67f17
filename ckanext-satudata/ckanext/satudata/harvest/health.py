"""Whether everything the platform needs is there: services, tables, index fields, queue, connectors, sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from ckan.common import config
from ckan.lib import jobs as ckan_jobs
from ckan.lib.redis import connect_to_redis
from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

import ckanext.satudata
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.catalog.solr_fields import SOLR_FIELDS
from ckanext.satudata.harvest import schedule, secrets
from ckanext.satudata.harvest.errors import SourceRefused
from ckanext.satudata.harvest.sessions import session
from satudata_harvesters.connector import registry
from satudata_harvesters.errors import Lang

#: An outbox older than this many seconds means that nothing drains it.
STALE = 60


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `service`: without it nothing works; `code` leads to cause and remedy."""

    name: str
    title: str
    title_en: str
    ok: bool
    detail: str
    code: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    service: bool = False

    def to_dict(self, lang: Lang = "id") -> dict[str, Any]:
        """`{name, title, ok, detail, code}`."""
        title = self.title_en if lang == "en" else self.title
        return {"name": self.name, "title": title, "ok": self.ok, "detail": self.detail, "code": self.code}


def examine() -> list[Check]:
    """Look at everything; never raises for what is missing."""
    found = [_postgres(), _redis(), _solr()]
    if found[0].ok:
        with session() as opened:
            found += [_migrations(opened), _outbox(opened), *_sources(opened)]
    if found[1].ok:
        found.append(_workers())
    return [*found, _connectors(), _sealing()]


def _service(name: str, title: str, ask: Callable[[], str], failures: tuple[type[Exception], ...]) -> Check:
    try:
        return Check(name, title, title, ok=True, detail=ask(), service=True)
    except failures as error:
        return Check(
            name,
            title,
            title,
            ok=False,
            detail=type(error).__name__,
            code="E-SVC-001",
            params={"service": title},
            service=True,
        )


def _postgres() -> Check:
    def ask() -> str:
        with session() as opened:
            return str(opened.scalar(sa.text("show server_version")))

    return _service("postgres", "Postgres", ask, (SQLAlchemyError,))


def _redis() -> Check:
    return _service("redis", "Redis", lambda: str(connect_to_redis().info("server")["redis_version"]), (RedisError,))


def _solr() -> Check:
    wanted = {field["name"] for field in SOLR_FIELDS}

    def ask() -> str:
        url = str(config["solr_url"]).rstrip("/") + "/schema/fields?wt=json"
        answer = requests.get(url, timeout=5)
        answer.raise_for_status()
        missing = wanted - {entry["name"] for entry in answer.json()["fields"]}
        return f"{len(wanted)} sd_*" if not missing else "tanpa " + ", ".join(sorted(missing))

    found = _service("solr", "Solr", ask, (requests.RequestException, ValueError, KeyError))
    if found.ok and found.detail.startswith("tanpa"):
        return Check(
            "solr", "Solr", "Solr", ok=False, detail=found.detail, code="E-SVC-002", params={"fields": found.detail}
        )
    return found


def _migrations(opened: Session) -> Check:
    folder = Path(str(ckanext.satudata.__file__)).parent / "migration" / "satudata"
    settings = Config()
    settings.set_main_option("script_location", str(folder))
    head = ScriptDirectory.from_config(settings).get_current_head()
    try:
        now = opened.scalar(sa.text("select version_num from satudata_alembic_version"))
    except SQLAlchemyError:
        opened.rollback()
        now = None
    same = now == head
    return Check("migrations", "Tabel", "Tables", ok=same, detail=f"{now} / {head}", code=None if same else "E-SVC-003")


def _outbox(opened: Session) -> Check:
    waiting, age = opened.execute(
        sa.select(sa.func.count(), sa.func.extract("epoch", sa.func.now() - sa.func.min(t.outbox.c.at)))
    ).one()
    fine = not waiting or float(age) < STALE
    return Check(
        "outbox",
        "Menunggu diindeks",
        "Waiting for the index",
        ok=fine,
        detail=str(waiting),
        code=None if fine else "E-SVC-004",
    )


def _workers() -> Check:
    queue = ckan_jobs.get_queue(schedule.QUEUE)
    count = len(Worker.all(queue=queue))
    return Check(
        "workers", "Pekerja", "Workers", ok=count > 0, detail=f"{count}, {len(queue)} antre",
        code=None if count else "E-SVC-005",
    )  # fmt: skip


def _connectors() -> Check:
    known = registry()
    detail = ", ".join(f"{name} ({reason})" for name, reason in sorted(known.broken.items())) or ", ".join(known)
    return Check(
        "connectors", "Konektor", "Connectors", ok=not known.broken, detail=detail,
        code="E-SVC-006" if known.broken else None,
    )  # fmt: skip


def _sealing() -> Check:
    try:
        secrets.check()
    except SourceRefused as refused:
        return Check("secrets", "Kunci kredensial", "Credential keys", ok=False, detail="-", code=refused.code)
    return Check("secrets", "Kunci kredensial", "Credential keys", ok=True, detail="ada")


def _sources(opened: Session) -> Iterator[Check]:
    source = t.source.c
    failing = opened.scalars(
        sa.select(source.name)
        .where(source.state == "aktif", source.failing_since < sa.func.now() - sa.text("interval '7 days'"))
        .order_by(source.name)
    ).all()
    yield Check(
        "sources", "Sumber yang gagal lebih dari 7 hari", "Sources failing for more than 7 days",
        ok=not failing, detail=", ".join(failing) or "-", code="E-SVC-007" if failing else None,
    )  # fmt: skip
