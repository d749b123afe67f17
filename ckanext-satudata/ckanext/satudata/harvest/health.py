"""Whether everything the platform needs is there: services, tables, index fields, queue, connectors, sources."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
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
from ckanext.satudata.catalog import compare
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.catalog.compare import Difference
from ckanext.satudata.catalog.mend import mend
from ckanext.satudata.catalog.solr_fields import SOLR_FIELDS
from ckanext.satudata.harvest import schedule, secrets
from ckanext.satudata.harvest.errors import SourceRefused
from ckanext.satudata.harvest.sessions import session
from satudata_harvesters.connector import registry
from satudata_harvesters.errors import Lang

#: An outbox older than this many seconds means that nothing drains it.
STALE = 60
#: Less of a disk than this share being free is said.
LEAST_FREE = 0.05


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
    examples: tuple[Difference, ...] = ()

    def to_dict(self, lang: Lang = "id") -> dict[str, Any]:
        """`{name, title, ok, detail, code, examples: [{kind, package_id, detail}]}`."""
        title = self.title_en if lang == "en" else self.title
        told = {"name": self.name, "title": title, "ok": self.ok, "detail": self.detail, "code": self.code}
        return told | {"examples": [asdict(example) for example in self.examples]}


def examine(*, quick: bool = False) -> list[Check]:
    """Look at everything, unless `quick` at every dataset, too; never raises for what is missing."""
    found = [_postgres(), _redis(), _solr()]
    if found[0].ok:
        with session() as opened:
            found += [_migrations(opened), _outbox(opened), _set_aside(opened), *_sources(opened)]
    if found[1].ok:
        found.append(_workers())
    found += [_connectors(), _sealing(), _disk()]
    if not quick and all(check.ok for check in found if check.service or check.name == "migrations"):
        found += _consistency()
    return found


def repair() -> tuple[int, int]:
    """Mend what places of the catalogue say differently of a dataset: (found, mended). Raises IndexUnavailable."""
    found: Counter[str] = Counter()

    def seen(differences: Iterable[Difference]) -> Iterator[Difference]:
        for one in differences:
            found[one.kind] += 1
            yield one

    with session() as reading, session() as writing:
        compared = compare.differences(reading, compare.Counted())
        mended = mend(writing, seen(compared))
        schedule.drain(writing, insist=True)
    return found.total(), mended


#: Which differences make one line of the report: (name, titles, code).
_LINES: Mapping[tuple[str, str, str, str], tuple[str, ...]] = {
    ("index", "Indeks pencarian", "Search index", "E-SVC-008"): ("index_missing", "index_stale", "index_leftover"),
    ("packages", "Tabel CKAN", "CKAN's tables", "E-SVC-009"): ("package", "package_missing"),
    ("answers", "Jawaban API", "The API's answers", "E-SVC-010"): ("answer",),
    ("changes", "Catatan perubahan", "Change log", "E-SVC-011"): ("change",),
    ("hidden", "Dataset yang harus tersembunyi", "Datasets to be hidden", "E-SVC-012"): ("hidden",),
    ("unrecorded", "Dataset tanpa catatan", "Datasets without a record", "E-SVC-013"): ("unrecorded",),
}
#: So many datasets are named for each line.
EXAMPLES = 20


def _consistency() -> list[Check]:
    """What tables, index, answers and change log say of each dataset."""
    counted, counts = compare.Counted(), Counter[str]()
    examples: dict[str, list[Difference]] = defaultdict(list)
    with session() as opened:
        for one in compare.differences(opened, counted):
            counts[one.kind] += 1
            if len(examples[one.kind]) < EXAMPLES:
                examples[one.kind].append(one)
    found = []
    for (name, title, title_en, code), kinds in _LINES.items():
        count = sum(counts[kind] for kind in kinds)
        whole = f"{counted.datasets} / {counted.documents}" if name == "index" and not count else str(count)
        named = tuple(one for kind in kinds for one in examples[kind])[:EXAMPLES]
        found.append(
            Check(name, title, title_en, ok=not count, detail=whole, code=code if count else None,
                  params={"count": count}, examples=named)
        )  # fmt: skip
    return found


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


def _set_aside(opened: Session) -> Check:
    bad = t.unindexable.c
    rows = opened.execute(sa.select(bad.package_id, bad.reason).order_by(bad.package_id).limit(EXAMPLES)).all()
    count = opened.scalar(sa.select(sa.func.count()).select_from(t.unindexable)) or 0
    return Check(
        "aside", "Tidak dapat diindeks", "Cannot be indexed", ok=not count, detail=str(count),
        code="E-SVC-014" if count else None, params={"count": count},
        examples=tuple(Difference("index_missing", row.package_id, row.reason) for row in rows),
    )  # fmt: skip


def _disk() -> Check:
    """The disk of what is kept in files; that of Postgres and Solr is seen only where it is the same."""
    place = str(config.get("ckan.storage_path") or tempfile.gettempdir())
    try:
        usage = shutil.disk_usage(place)
    except OSError as error:
        return Check("disk", "Ruang disk", "Disk", ok=False, detail=type(error).__name__, code="E-RUN-008")
    share = usage.free / usage.total
    fine = share >= LEAST_FREE
    detail = f"{usage.free / 1e9:.1f} GB ({share:.0%})"
    return Check(
        "disk", "Ruang disk tersisa", "Free disk", ok=fine, detail=detail, code=None if fine else "E-SVC-015",
        params={"free": detail},
    )  # fmt: skip


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
    source, days = t.source.c, failing_days()
    failing = opened.scalars(
        sa.select(source.name)
        .where(source.state == "aktif", source.failing_since < sa.func.now() - sa.func.make_interval(0, 0, 0, days))
        .order_by(source.name)
    ).all()
    yield Check(
        "sources", f"Sumber yang gagal lebih dari {days} hari", f"Sources failing for more than {days} days",
        ok=not failing, detail=", ".join(failing) or "-", code="E-SVC-007" if failing else None,
    )  # fmt: skip
    rows = opened.execute(sa.select(source.name, source.secrets).order_by(source.name))
    shut = [row.name for row in rows if not secrets.opens(row.secrets)]
    yield Check(
        "sealed", "Sumber yang kuncinya hilang", "Sources whose key is missing",
        ok=not shut, detail=", ".join(shut) or "-", code="E-SVC-016" if shut else None,
        params={"names": ", ".join(shut)},
    )  # fmt: skip


def failing_days() -> int:
    """After how many days of failing a source is announced."""
    return int(config.get("ckanext.satudata.harvest.failing_days", 7))
