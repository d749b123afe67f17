"""CKAN's own writes to Solr, made by people's edits before their commit, do not fail the edit while Solr is away.

CKAN indexes synchronously: with Solr down nobody could make a dataset private, delete it or mend it. The connection it
uses is wrapped: what does not reach Solr goes to the outbox, in the transaction of the edit, and is sent when Solr is
back. What Solr refuses (a document it cannot take) is still an error.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any

import pysolr
from ckan import model
from ckan.lib.search import index as ckan_index
from sqlalchemy import select

from ckanext.satudata.catalog import tables
from ckanext.satudata.catalog.bulk import upsert

log = logging.getLogger(__name__)

#: how pysolr says that nobody answered, apart from what Solr itself answers
_AWAY = ("Failed to connect", "Connection to server", "timed out", "(reason: None)")
_ID = re.compile(r'\bid:"([^"]+)"')


class Line:
    """CKAN's connection, of which adding and deleting wait for a Solr that is away."""

    def __init__(self, connection: pysolr.Solr) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def add(self, docs: Sequence[dict[str, Any]], **more: Any) -> Any:
        """Add documents, now or later."""
        try:
            return self._connection.add(docs=docs, **more)
        except (pysolr.SolrError, OSError) as error:
            _later(error, [str(document["id"]) for document in docs], "index")

    def delete(self, **more: Any) -> Any:
        """Delete documents, now or later."""
        try:
            return self._connection.delete(**more)
        except (pysolr.SolrError, OSError) as error:
            _later(error, _ID.findall(str(more.get("q") or "")), "delete")


def _later(error: Exception, ids: Sequence[str], op: str) -> None:
    if isinstance(error, pysolr.SolrError) and not any(word in str(error) for word in _AWAY):
        raise error
    log.warning("Solr is away: %d documents wait in the outbox", len(ids))
    session, record = model.Session, tables.record.c
    known = dict(session.execute(select(record.id, record.version).where(record.id.in_(ids))).tuples().all())
    rows = [{"package_id": id_, "version": known.get(id_, 0), "op": op} for id_ in ids]
    upsert(session(), tables.outbox, rows, replace=())


def wrap() -> None:
    """Give CKAN's index such a connection; once per process."""
    make = ckan_index.make_connection
    if not getattr(make, "forgiving", False):

        def made(*args: Any, **more: Any) -> Line:
            return Line(make(*args, **more))

        made.forgiving = True  # type: ignore[attr-defined]
        ckan_index.make_connection = made
