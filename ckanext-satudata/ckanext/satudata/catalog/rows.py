"""A package dict as rows of CKAN's tables, as CKAN's own actions would have written them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid5

from ckan import model
from ckan.lib.helpers import unified_resource_format
from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from ckanext.satudata.catalog.bulk import Row, put, upsert
from ckanext.satudata.catalog.package import NS, RESOURCE_COLUMNS
from ckanext.satudata.catalog.storable import TITLE_LENGTH

package_table = model.package_table
resource_table = model.resource_table
tag_table = model.tag_table
package_tag_table = model.package_tag_table
member_table = model.member_table

#: columns of `package` that a version of the dataset decides; the others belong to CKAN's users and are left alone
WRITTEN = (
    "name", "title", "notes", "license_id", "type", "owner_org", "metadata_modified", "private", "state", "extras",
)  # fmt: skip
_PLAIN_RESOURCE_COLUMNS = [name for name in RESOURCE_COLUMNS if name != "created"]
_COMPARED = (*RESOURCE_COLUMNS, "position", "extras", "state")

#: CKAN compares the index's copy of `metadata_modified` cut to hundredths of a second, and Solr drops trailing zeros: a
#: time that ends in five thousandths reads equal in both
_STEP = dt.timedelta(milliseconds=10)


def moment(after: dt.datetime | None = None) -> dt.datetime:
    """Now in naive UTC as CKAN stores it: never a whole second, at least 10 ms after the given one."""
    now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    now = now.replace(microsecond=now.microsecond // 10_000 * 10_000 + 5_000)
    if after is None or now - after >= _STEP:
        return now
    later = after + _STEP + _STEP
    return later.replace(microsecond=later.microsecond // 10_000 * 10_000 + 5_000)


@dataclass(slots=True)
class Existing:
    """What CKAN's tables hold already of the packages of a batch."""

    packages: dict[str, Row] = field(default_factory=dict)
    resources: dict[str, dict[str, Row]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)  # package -> tag id -> state
    owners: dict[str, dict[str, str]] = field(default_factory=dict)  # package -> organisation id -> state


def existing(session: Session, ids: Iterable[str]) -> Existing:
    """Read what there is: one statement where nothing is, four where something is."""
    found = Existing()
    table = package_table.c
    columns = [
        table[name]
        for name in ("id", "name", "title", "owner_org", "private", "state", "metadata_modified", "metadata_created")
    ]
    for row in session.execute(select(*columns).where(table.id.in_(list(ids)))).mappings():
        found.packages[row["id"]] = dict(row)
    if not found.packages:
        return found
    known = list(found.packages)
    for row in session.execute(select(resource_table).where(resource_table.c.package_id.in_(known))).mappings():
        found.resources.setdefault(row["package_id"], {})[row["id"]] = dict(row)
    pairs = package_tag_table.c
    for pair in session.execute(
        select(pairs.package_id, pairs.tag_id, pairs.state)
        .join(tag_table, tag_table.c.id == pairs.tag_id)
        .where(pairs.package_id.in_(known), tag_table.c.vocabulary_id.is_(None))
    ):
        found.tags.setdefault(pair.package_id, {})[pair.tag_id] = pair.state
    member = member_table.c
    for owner in session.execute(
        select(member.table_id, member.group_id, member.state).where(
            member.table_id.in_(known), member.capacity == "organization"
        )
    ):
        found.owners.setdefault(owner.table_id, {})[owner.group_id] = owner.state
    return found


def package_row(package: Mapping[str, Any], creator: str | None) -> dict[str, Any]:
    """The row of `package`."""
    return {
        "id": package["id"],
        "name": package["name"],
        "title": package["title"][:TITLE_LENGTH],
        "notes": package["notes"],
        "license_id": package["license_id"],
        "type": package["type"],
        "owner_org": package["owner_org"],
        "creator_user_id": creator,
        "metadata_created": package["metadata_created"],
        "metadata_modified": package["metadata_modified"],
        "private": package["private"],
        "state": package["state"],
        "extras": {extra["key"]: extra["value"] for extra in package["extras"]},
    }


def resource_rows(package: Mapping[str, Any], known: Mapping[str, Row]) -> list[dict[str, Any]]:
    """Rows of the resources that are new or differ, and of those that are gone, marked `deleted` as CKAN does."""
    now = package["metadata_modified"]
    rows = []
    for item in package["resources"]:
        before = known.get(item["id"])
        row = _resource_row(item, before, now)
        if before is None or _differs(row, before):
            rows.append(row)
    kept = {item["id"] for item in package["resources"]}
    for id_, before in known.items():
        if id_ not in kept and before["state"] == "active":
            rows.append(_plain({name: before[name] for name in _RESOURCE_ROW}) | {"state": "deleted"})
    return rows


def _resource_row(item: Mapping[str, Any], before: Row | None, now: str) -> dict[str, Any]:
    extras = {key: value for key, value in item.items() if key not in _RESOURCE_ROW}
    row: dict[str, Any] = {name: item.get(name) for name in _PLAIN_RESOURCE_COLUMNS}
    created = item.get("created") or (_iso(before["created"]) if before else now)
    return row | {
        "id": item["id"],
        "package_id": item["package_id"],
        "position": item["position"],
        "url": (item.get("url") or "").strip(),
        "format": unified_resource_format(item["format"]) if item.get("format") else "",
        "hash": item.get("hash") or "",
        "created": created,
        "metadata_modified": now,
        "extras": json.dumps(extras, ensure_ascii=False) if extras else None,
        "state": "active",
    }


_RESOURCE_ROW = (*RESOURCE_COLUMNS, "id", "package_id", "position", "metadata_modified", "extras", "state")


def _differs(row: Mapping[str, Any], before: Row) -> bool:
    plain = _plain({name: before[name] for name in _COMPARED})
    return any(row[name] != plain[name] for name in _COMPARED)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    extras = row.get("extras")
    return {name: _iso(value) for name, value in row.items()} | {
        "extras": json.dumps(extras, ensure_ascii=False) if extras else None
    }


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value


def store_packages(session: Session, rows: list[dict[str, Any]], known: Existing) -> None:
    """Insert or replace rows of `package`; columns that people alone fill keep their values."""
    put(session, package_table, rows, new=lambda row: row["id"] not in known.packages, replace=WRITTEN)


def store_resources(session: Session, rows: list[dict[str, Any]], changed: list[str], known: Existing) -> None:
    """Insert or replace rows of `resource`; what an earlier version had marked `deleted` goes, as CKAN does it."""
    if changed:
        fresh = [row["id"] for row in rows]
        gone = resource_table.c.package_id.in_(changed) & (resource_table.c.state == "deleted")
        session.execute(delete(resource_table).where(gone, resource_table.c.id.not_in(fresh)))
    put(
        session,
        resource_table,
        rows,
        new=lambda row: row["package_id"] not in known.packages,
        replace=[name for name in _RESOURCE_ROW if name not in ("id", "package_id")],
    )


def store_tags(session: Session, tags: Mapping[str, list[str]], known: Existing) -> None:
    """Give each package its free tags: tags that are new are made, pairs that are gone are marked `deleted`.

    Nothing in CKAN's tables keeps two free tags of one name apart (a unique key ignores NULL), so a new tag's id is
    derived from its name: two writers make the same one.
    """
    names = sorted({name for wanted in tags.values() for name in wanted})
    ids: dict[str, str] = {}
    if names:
        tag = tag_table.c
        rows = session.execute(
            select(tag.name, tag.id).where(tag.vocabulary_id.is_(None), tag.name.in_(names)).order_by(tag.id.desc())
        )
        ids = dict(rows.tuples().all())
        new = {name: str(uuid5(NS, f"tag\n{name}")) for name in names if name not in ids}
        upsert(session, tag_table, [{"id": id_, "name": name} for name, id_ in new.items()], replace=())
        ids |= new
    added = []
    removed = []
    back = []
    for package, wanted in tags.items():
        has = known.tags.get(package, {})
        wanted_ids = {ids[name] for name in wanted}
        added += [
            {"id": str(uuid5(NS, f"{package}\n{id_}")), "package_id": package, "tag_id": id_, "state": "active"}
            for id_ in wanted_ids
            if id_ not in has
        ]
        removed += [(package, id_) for id_, state in has.items() if state == "active" and id_ not in wanted_ids]
        back += [(package, id_) for id_, state in has.items() if state != "active" and id_ in wanted_ids]
    put(
        session,
        package_tag_table,
        added,
        new=lambda row: row["package_id"] not in known.packages,
        replace=("state",),
    )
    for pairs, state in ((removed, "deleted"), (back, "active")):
        if pairs:
            table = package_tag_table
            both = _pairs(table.c.package_id, table.c.tag_id, pairs)
            session.execute(update(table).where(both).values(state=state))


def store_owners(session: Session, owners: Mapping[str, str], known: Existing) -> None:
    """Make each package a member of its organisation, and of no other."""
    table = member_table
    new = []
    left = []
    back = []
    for package, owner in owners.items():
        has = known.owners.get(package, {})
        if owner not in has:
            new.append(
                {
                    "id": str(uuid5(NS, f"{package}\n{owner}\nmember")),
                    "table_name": "package",
                    "table_id": package,
                    "capacity": "organization",
                    "group_id": owner,
                    "state": "active",
                }
            )
        elif has[owner] != "active":
            back.append((package, owner))
        left += [(package, other) for other, state in has.items() if other != owner and state == "active"]
    put(session, table, new, new=lambda row: row["table_id"] not in known.packages, replace=("state",))
    for pairs, state in ((left, "deleted"), (back, "active")):
        if pairs:
            both = _pairs(table.c.table_id, table.c.group_id, pairs) & (table.c.capacity == "organization")
            session.execute(update(table).where(both).values(state=state))


def leave_owners(session: Session, packages: list[str]) -> None:
    """What is deleted belongs to no organisation and no group any more, as CKAN's `package_delete` has it."""
    if packages:
        table = member_table
        theirs = (table.c.table_name == "package") & table.c.table_id.in_(packages) & (table.c.state == "active")
        session.execute(update(table).where(theirs).values(state="deleted"))


def _pairs(first: Any, second: Any, pairs: list[tuple[str, str]]) -> Any:
    return tuple_(first, second).in_(pairs)
