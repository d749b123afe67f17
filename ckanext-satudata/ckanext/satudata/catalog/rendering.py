"""Solr documents of packages, made by CKAN's own code with every plugin's hook and label, many at a time.

Only the connection is replaced, by one that collects; what a batch needs to know is read before, in a fixed number of
statements.
"""

from __future__ import annotations

import json
import logging
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import orjson
from ckan import model
from ckan.lib.search import index as ckan_index
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, scoped_session

from ckanext.satudata.catalog import documents, show

log = logging.getLogger(__name__)

#: what the catalogue knows of the packages of a batch, so that the hook need not ask for each
_prepared: ContextVar[Mapping[str, documents.Facts] | None] = ContextVar("satudata_prepared", default=None)


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


class _Json:
    """CKAN's two copies of a dataset, written in a tenth of the time: the same values in a shorter text."""

    @staticmethod
    def dumps(value: Any, cls: type[json.JSONEncoder] | None = None) -> str:
        """As `json.dumps`, which takes what is beyond JSON's usual: integers of more than 64 bits, lone surrogates."""
        try:
            return orjson.dumps(value, default=cls().default if cls else None).decode()
        except TypeError:
            return json.dumps(value, cls=cls)


def _ckans_index_package(collector: _Collector) -> Any:
    """CKAN's `index_package`, the same code, with another way to a connection."""
    ckans = ckan_index.PackageSearchIndex.index_package
    names = {**vars(ckan_index), "make_connection": lambda: collector, "json": _Json}
    return types.FunctionType(ckans.__code__, names, ckans.__name__, ckans.__defaults__, ckans.__closure__)


def what_can_be_made(session: Session, ids: Sequence[str]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Documents as `documents_of` gives them, and of packages whose document cannot be made the reason, by id.

    Reads under a savepoint; a lost connection is raised.
    """
    try:
        with session.begin_nested():
            return documents_of(session, ids), {}
    except Exception as error:
        if isinstance(error, DBAPIError) and (error.connection_invalidated or _about_the_server(error)):
            raise
        if len(ids) == 1:
            log.warning("no document can be made of %r: %s", ids[0], type(error).__name__)
            return {}, {ids[0]: type(error).__name__}
    made: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    middle = len(ids) // 2
    for half in (ids[:middle], ids[middle:]):
        more, unmade = what_can_be_made(session, half)
        made |= more
        failed |= unmade
    return made, failed


def _about_the_server(error: DBAPIError) -> bool:
    """Postgres is shutting down, or out of something: no document's fault."""
    return str(getattr(error.orig, "pgcode", None) or "")[:2] in ("", "08", "53", "57", "58")
