"""What the database holds already of a batch of writes, read in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ckan import model
from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import held, rows, tables
from ckanext.satudata.catalog.package import slug
from ckanext.satudata.catalog.writing import Write


@dataclass(slots=True)
class Known:
    """What the database holds already of a batch."""

    records: dict[str, Mapping[str, Any]]
    cks: rows.Existing
    names: set[str]
    foreign_resources: dict[str, str]
    held: dict[str, list[held.Held]]
    organizations: dict[str, Mapping[str, Any]]
    sources: dict[str, Mapping[str, Any]]
    statuses: dict[str, str]


def read(session: Session, writes: Sequence[Write]) -> Known:
    """Read it, and lock the records until the transaction ends, in the order of their ids so that no two writers wait
    for each other.
    """
    ids = sorted({asked.record_id for asked in writes})
    record = tables.record
    keys = [(asked.source_id, asked.identifier) for asked in writes if asked.package_id]
    same: Any = record.c.id.in_(ids)
    if keys:
        same = or_(same, tuple_(record.c.source_id, record.c.identifier).in_(keys))
    found = session.execute(select(record).where(same).order_by(record.c.id).with_for_update()).mappings()
    records: dict[str, Mapping[str, Any]] = {row["id"]: dict(row) for row in found}
    cks = rows.existing(session, ids)
    wanted = {name for asked in writes for name in _names_for(asked, records)}
    owners = {asked.owner_org for asked in writes} | {str(row["owner_org"]) for row in records.values()}
    return Known(
        records=records,
        cks=cks,
        names=_taken(session, wanted, ids),
        foreign_resources=_foreign_resources(session, writes),
        held=held.load(session, list(cks.packages)) if cks.packages else {},
        organizations=_by_id(session, model.group_table, ("id", "name", "title"), owners),
        sources=_by_id(
            session,
            tables.source,
            ("id", "name", "title", "connector", "url", "identitas"),
            {asked.source_id for asked in writes},
        ),
        statuses=_statuses_before_withdrawal(session, writes, records),
    )


def _names_for(asked: Write, records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    id_ = asked.record_id
    if asked.dataset is None or (id_ in records and records[id_]["name"]):
        return []
    return [name for name in (asked.name, slug(asked.dataset.text("title"))) if name]


def _taken(session: Session, names: set[str], mine: Sequence[str]) -> set[str]:
    """Of these names those another dataset bears, or bore before it was withdrawn."""
    if not names:
        return set()
    package, record = model.package_table.c, tables.record.c
    wanted = sorted(names)
    in_ckan = select(package.name).where(package.name.in_(wanted), package.id.not_in(mine))
    in_records = select(record.name).where(record.name.in_(wanted), record.id.not_in(mine))
    return set(session.execute(in_ckan.union(in_records)).scalars())


def _foreign_resources(session: Session, writes: Sequence[Write]) -> dict[str, str]:
    """Resource ids that kept identities name and CKAN knows, with the package they belong to."""
    wanted = [
        str(resource["id"])
        for asked in writes
        if asked.package_id and asked.dataset is not None
        for resource in asked.dataset.resources
        if resource.get("id")
    ]
    if not wanted:
        return {}
    table = model.resource_table.c
    return dict(session.execute(select(table.id, table.package_id).where(table.id.in_(wanted))).tuples().all())


def _by_id(session: Session, table: Any, columns: Iterable[str], ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    found = session.execute(select(*(table.c[name] for name in columns)).where(table.c.id.in_(sorted(ids)))).mappings()
    return {row["id"]: dict(row) for row in found}


def _statuses_before_withdrawal(
    session: Session, writes: Sequence[Write], records: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    ids = [
        asked.record_id
        for asked in writes
        if asked.action == "restore" and asked.status is None and asked.record_id in records
    ]
    if not ids:
        return {}
    change = tables.change.c
    newest = (
        select(change.package_id, change.before["status"].astext)
        .where(change.package_id.in_(ids), change.kind == "removed", change.before.is_not(None))
        .distinct(change.package_id)
        .order_by(change.package_id, change.seq.desc())
    )
    return dict(session.execute(newest).tuples().all())
