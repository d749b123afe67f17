"""Everything CKAN's tables hold of a dataset, deleted for good: its rows, those that point to them, its traces.

CKAN's own `dataset_purge` removes the document from Solr first and fails where Solr is away, leaves activities (which
hold the whole dataset) and tags behind, and fails on rows of other plugins that point to the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from ckan import model
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables

#: other plugins' chains of rows that point to rows that point to … a dataset end here
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted: rows by table, and what is still to be removed outside the database."""

    rows: Mapping[str, int]
    resources: Sequence[str] = ()
    stored: Sequence[Mapping[str, str]] = field(default=())  # files of CKAN's storages: {storage, location}


def purge(session: Session, package_id: str) -> Purged:
    """Delete a dataset's rows, whatever their state; the caller commits. Nothing for one CKAN does not know."""
    package, resource = model.package_table, model.resource_table
    name = session.scalar(sa.select(package.c.name).where(package.c.id == package_id))
    resources = list(session.scalars(sa.select(resource.c.id).where(resource.c.package_id == package_id)))
    pairs = model.package_tag_table.c
    tags = list(session.scalars(sa.select(pairs.tag_id).where(pairs.package_id == package_id)))
    counts: dict[str, int] = {}
    stored = _stored(session, [package_id, *resources], counts)
    member = model.member_table
    _count(session, counts, sa.delete(member).where(member.c.table_name == "package", member.c.table_id == package_id))
    _delete(session, "package", "id", [package_id], counts)
    _forget_tags(session, tags, counts)
    _traces(session, package_id, name, counts)
    for table in (tables.trace, tables.released):
        _count(session, counts, sa.delete(table).where(table.c.package_id == package_id))
    session.expire_all()
    return Purged({table: count for table, count in counts.items() if count}, resources, stored)


def _count(session: Session, counts: dict[str, int], statement: sa.Delete) -> None:
    done: Any = session.execute(statement)
    table = str(getattr(statement.table, "name", ""))
    counts[table] = counts.get(table, 0) + int(done.rowcount)


def _delete(
    session: Session, table: str, column: str, values: Sequence[str], counts: dict[str, int], depth: int = 0
) -> None:
    """Delete rows, and before them the rows that point to them."""
    if not values or depth > _DEEPEST:
        return
    here = sa.table(table, sa.column(column))
    for other, pointing, key in _references(session, table):
        ids = values
        if key != column:
            pointed = sa.table(table, sa.column(column), sa.column(key))
            found = sa.select(pointed.c[key]).where(pointed.c[column].in_(values))
            ids = [str(value) for value in session.scalars(found)]
        _delete(session, other, pointing, ids, counts, depth + 1)
    _count(session, counts, sa.delete(here).where(here.c[column].in_(values)))


_FOREIGN_KEYS = sa.text("""
SELECT c.conrelid::regclass::text, a.attname, b.attname
  FROM pg_constraint c
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
  JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
 WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 1 AND c.confrelid = CAST(:name AS regclass)
   AND c.conrelid <> c.confrelid AND c.confdeltype <> 'c'
""")


def _references(session: Session, table: str) -> list[tuple[str, str, str]]:
    """(table, its column, the column here it points to) of every foreign key that does not clear itself."""
    rows = session.execute(_FOREIGN_KEYS, {"name": f'"{table}"'}).all()
    return [(str(one).strip('"'), str(pointing), str(key)) for one, pointing, key in rows]


def _forget_tags(session: Session, tags: Sequence[str], counts: dict[str, int]) -> None:
    """Free tags that only this dataset had say what it was about."""
    tag, pairs = model.tag_table, model.package_tag_table
    used = sa.exists().where(pairs.c.tag_id == tag.c.id)
    _count(session, counts, sa.delete(tag).where(tag.c.id.in_(tags), tag.c.vocabulary_id.is_(None), ~used))


#: tables of CKAN's plugins that name a dataset without a foreign key, and the column that does
_TRACES = (("activity", "object_id"), ("tracking_summary", "package_id"), ("user_following_dataset", "object_id"))


def _traces(session: Session, package_id: str, name: str | None, counts: dict[str, int]) -> None:
    known = set(sa.inspect(session.connection()).get_table_names())
    for table, column in _TRACES:
        if table in known:
            here = sa.table(table, sa.column(column))
            _count(session, counts, sa.delete(here).where(here.c[column] == package_id))
    if "tracking_raw" in known and name:
        here = sa.table("tracking_raw", sa.column("url"))
        ends = sa.or_(here.c.url.like(f"%/dataset/{name}"), here.c.url.like(f"%/dataset/{name}/%"))
        _count(session, counts, sa.delete(here).where(ends))


def _stored(session: Session, owners: Sequence[str], counts: dict[str, int]) -> list[dict[str, str]]:
    """Files of CKAN's storages that belong to these; their rows are deleted here."""
    file, owner = model.File.__table__, model.FileOwner.__table__
    mine = sa.select(owner.c.file_id).where(owner.c.owner_id.in_(owners))
    found = session.execute(sa.select(file.c.id, file.c.storage, file.c.location).where(file.c.id.in_(mine))).all()
    _delete(session, "file", "id", [row.id for row in found], counts)
    return [{"storage": row.storage, "location": row.location} for row in found]
