"""The catalogue's side of Solr: our own fields in CKAN's documents, the outbox, and what must not be found any more.

A document is made by CKAN's own code, with every plugin's hook and label, only with the connection replaced by one that
collects: a batch goes out as one request.
"""

from __future__ import annotations

import hashlib
import logging
import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import orjson
import requests
from ckan import model
from ckan.common import config
from ckan.lib.search import index as ckan_index
from ckan.lib.search.common import make_connection
from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session, scoped_session

from ckanext.satudata.catalog import documents, hidden, labels, show, tables
from ckanext.satudata.catalog.bulk import copy
from ckanext.satudata.catalog.solr_fields import INTERNAL_FIELDS

log = logging.getLogger(__name__)

#: seconds Solr has for a batch
TIMEOUT = 60
UNINDEXABLE = "E-SMP-007"

#: what the catalogue knows of the packages of a batch, so that the hook need not ask for each
_prepared: ContextVar[Mapping[str, documents.Facts] | None] = ContextVar("satudata_prepared", default=None)


class IndexUnavailable(RuntimeError):  # noqa: N818 - a state, not a mistake
    """Solr does not answer, or not as Solr does; the outbox keeps what was to be sent."""


class _Collector:
    """Takes documents where CKAN thinks it sends them."""

    url = ""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []

    def add(self, docs: Sequence[dict[str, Any]], **_more: Any) -> None:
        self.documents += docs


def add_fields(document: dict[str, Any]) -> dict[str, Any]:
    """Our declared `sd_*` fields for a document on its way to Solr, and only what everyone may see of the dataset.

    Solr's copy of a `terbatas` or `tertutup` dataset holds no more than the public sees, whoever asks and however; it
    is marked so that `package_show` reads the database for them.
    """
    prepared = _prepared.get()
    facts = prepared.get(document["id"]) if prepared is not None else None
    if facts is None and prepared is None:
        facts = documents.facts(model.Session, [document["id"]]).get(document["id"])
    return documents.with_fields(document, facts)


def documents_of(session: Session, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Solr documents of packages, as CKAN's index makes them; nothing for a package that is gone or deleted."""
    made: dict[str, dict[str, Any]] = {}
    with _as_ckans_own(session):
        batch = show.Batch(session, list(ids))
        token = _prepared.set(documents.facts(session, list(batch.packages)))
        try:
            for id_, package in batch.packages.items():
                if package.state == "deleted":
                    continue
                default, custom = batch.both(id_)
                collector = _Collector()
                _ckans_index_package(collector)(
                    ckan_index.PackageSearchIndex(), dict(default, with_custom_schema=custom)
                )
                made[id_] = collector.documents[0]
        finally:
            _prepared.reset(token)
    return made


@contextmanager
def _as_ckans_own(session: Session) -> Iterator[None]:
    """Let CKAN's code and its plugins' hooks find in `model.Session` what this session has loaded.

    Without it they would read each package again, over a second connection that nobody gives back.
    """
    registry = model.Session.registry
    if isinstance(session, scoped_session) or (registry.has() and registry() is session):
        yield
        return
    before = registry() if registry.has() else None
    registry.set(session)
    try:
        yield
    finally:
        registry.clear()
        if before is not None:
            registry.set(before)


def _ckans_index_package(collector: _Collector) -> Any:
    """CKAN's `index_package`, the same code, with another way to a connection."""
    ckans = ckan_index.PackageSearchIndex.index_package
    names = {**vars(ckan_index), "make_connection": lambda: collector}
    return types.FunctionType(ckans.__code__, names, ckans.__name__, ckans.__defaults__, ckans.__closure__)


def drain(session: Session, *, limit: int = 1000) -> int:
    """Send what waits in the outbox, oldest first, as one request, and clear it; the number of datasets sent.

    Commits. Rows are locked while they are sent, so that two drainers never send one dataset in the wrong order; a row
    that was written anew meanwhile stays. Raises IndexUnavailable when Solr is away; nothing is lost then.
    """
    outbox = tables.outbox
    waiting = session.execute(
        select(outbox.c.package_id, outbox.c.version)
        .order_by(outbox.c.at, outbox.c.package_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not waiting:
        session.commit()
        hidden.sweep(session)
        return 0
    ids = [row.package_id for row in waiting]
    hidden_before = hidden.since(ids)
    made = documents_of(session, ids)
    try:
        refused = _send(list(made.values()), [id_ for id_ in ids if id_ not in made])
    except IndexUnavailable:
        session.rollback()
        raise
    if refused:
        _note_refused(session, refused)
    session.execute(
        delete(outbox).where(tuple_(outbox.c.package_id, outbox.c.version).in_([tuple(row) for row in waiting]))
    )
    session.commit()
    hidden.show_again(hidden_before)
    return len(ids)


def _send(made: list[dict[str, Any]], gone: list[str]) -> list[str]:
    """Post documents and removals; ids that Solr refuses, found by halving."""
    status, text = _post(_body(made, gone))
    if status == 200:
        return []
    if status != 400:
        raise IndexUnavailable(f"Solr answers {status}: {text[:300]}")
    if gone:
        return _send([], gone) + _send(made, [])
    if len(made) <= 1:
        log.warning("Solr refuses %s: %r", [document["id"] for document in made], text[:300])
        return [document["id"] for document in made]
    middle = len(made) // 2
    return _send(made[:middle], []) + _send(made[middle:], [])


def _body(made: Iterable[dict[str, Any]], gone: Iterable[str]) -> bytes:
    parts = [b'"add":{"doc":' + _json(document) + b"}" for document in made]
    removed = [index_id(id_) for id_ in gone]
    if removed:
        parts.append(b'"delete":' + orjson.dumps(removed))
    return b"{" + b",".join(parts) + b"}"


def _json(document: Mapping[str, Any]) -> bytes:
    return orjson.dumps({str(key): value for key, value in document.items() if value is not None}, default=str)


def _post(body: bytes) -> tuple[int, str]:
    connection = make_connection()
    commit = "?commit=true" if config.get("ckan.search.solr_commit") else ""
    try:
        answer = connection.get_session().post(
            f"{connection.url.rstrip('/')}/update{commit}",
            data=body,
            headers={"Content-Type": "application/json"},
            auth=connection.auth,
            timeout=TIMEOUT,
        )
    except requests.RequestException as error:
        raise IndexUnavailable(type(error).__name__) from error
    return answer.status_code, answer.text


def index_id(package_id: str) -> str:
    """The key of a package's document, as CKAN makes it."""
    return hashlib.md5(f"{package_id}{config.get('ckan.site_id')}".encode(), usedforsecurity=False).hexdigest()


def _note_refused(session: Session, ids: Sequence[str]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "record_id": id_,
            "run_id": None,
            "code": UNINDEXABLE,
            "severity": "error",
            "pointer": "",
            "principle": None,
            "params": {},
        }
        for id_ in ids
    ]
    session.execute(delete(tables.issue).where(tables.issue.c.record_id.in_(ids), tables.issue.c.code == UNINDEXABLE))
    copy(session, tables.issue, rows)


#: as many ids as one clause of a query may hold
_IDS_A_CLAUSE = 500
_MENTIONS_INTERNAL = re.compile(rf"\b(?:{'|'.join(INTERNAL_FIELDS)})\b")
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
#: Solr's ways to name fields without their names: globs, functions and transformers
_NOT_A_PLAIN_NAME = re.compile(r"[*?\[\](){}:]")


def exclude_hidden(search_params: dict[str, Any]) -> dict[str, Any]:
    """Keep out of a search of CKAN's what is hidden in Postgres but still stands in Solr, and our internal fields.

    A search by or for an internal field finds nothing for those who are neither Walidata nor act for an OPD.
    """
    found = hidden.ids()
    clauses = list(search_params.get("fq_list") or [])
    for start in range(0, len(found), _IDS_A_CLAUSE):
        some = " OR ".join(f'"{id_}"' for id_ in found[start : start + _IDS_A_CLAUSE])
        clauses.append(f"-id:({some})")
    if not labels.sees_internals() and _mentions_internal(search_params):
        clauses.append("-*:*")
    if clauses:
        search_params["fq_list"] = clauses
    if search_params.get("fl"):
        search_params["fl"] = _without_answers(search_params["fl"])
    return search_params


def _mentions_internal(search_params: Mapping[str, Any]) -> bool:
    return any(_MENTIONS_INTERNAL.search(_unescaped(str(value))) for key, value in search_params.items() if key != "fl")


def _unescaped(text: str) -> str:
    """A query's text as Solr's parser reads field names in it: `sd\\_hasil` and `sd\\u005fhasil` are `sd_hasil`."""
    plain = text.replace("\\\\", "\\")  # a list's repr doubles them
    return _UNICODE_ESCAPE.sub(lambda match: chr(int(match[1], 16)), plain).replace("\\", "")


def _without_answers(wanted: Any) -> Any:
    """`fl` without rendered answers, which are the API's to give, and without what could bring them unnamed."""
    names = wanted if isinstance(wanted, list) else str(wanted).replace(",", " ").split()
    kept = [
        name for name in names if not _MENTIONS_INTERNAL.search(_unescaped(name)) and not _NOT_A_PLAIN_NAME.search(name)
    ] or ["id"]
    return kept if isinstance(wanted, list) else " ".join(kept)
