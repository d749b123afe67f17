"""What people hold against a source: shown beside what the source says, and given back when they no longer insist."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ckan import model
from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import audit, held, roles, tables
from ckanext.satudata.catalog.package import resource_ids
from ckanext.satudata.catalog.write import Written, write
from ckanext.satudata.harvest.errors import Refused
from ckanext.satudata.harvest.suggestions import rewritten, rows_of
from satudata_schemas.dataset import Dataset

NOT_FOUND, NOTHING_HELD = "E-TIN-001", "E-HLD-001"


@dataclass(frozen=True, slots=True)
class HeldValue:
    """One value that a person holds: of a field, or of a file's field (`resource` is the file's name).

    `key` names it when it is given back. `inferred` is the reason's code of an accepted suggestion.
    """

    key: str
    field: str
    resource: str
    value: Any
    source_value: Any
    user: str | None
    at: dt.datetime
    inferred: str | None


def of_package(session: Session, package_id: str) -> list[HeldValue]:
    """What people hold of a dataset, in the order of its fields."""
    row, user = tables.held.c, model.User.__table__.c
    record = tables.record.c
    rows = session.execute(
        select(tables.held, func.coalesce(func.nullif(user.fullname, ""), user.name).label("user"))
        .outerjoin(model.User.__table__, user.id == row.user_id)
        .where(row.package_id == package_id)
        .order_by(row.resource_id, row.field)
    ).all()
    if not rows:
        return []
    stands = session.execute(
        select(record.dataset, tables.source.c.identitas)
        .outerjoin(tables.source, tables.source.c.id == record.source_id)
        .where(record.id == package_id)
    ).first()
    names = _file_names(package_id, stands.dataset, keep=stands.identitas == "pertahankan") if stands else {}
    return [
        HeldValue(
            _key(one.field, one.resource_id), one.field, names.get(one.resource_id, "") if one.resource_id else "",
            one.value, one.source_value, one.user, one.at, one.inferred,
        )
        for one in rows
    ]  # fmt: skip


def give_back(session: Session, package_id: str, fields: Collection[str], *, actor: str | None) -> Written:
    """Let the source have its say again in these fields (keys of `of_package`; `private` shows what was hidden); the
    caller commits.

    What the source last said stands from now on, judged anew, as a harvest would have it: what is published stays as it
    is where the source's value would spoil it, and the new version waits. Raises `Refused` for an unknown dataset
    (E-TIN-001) or where nothing of it is held (E-HLD-001), `roles.NotAllowed` for who neither acts for its office nor
    is the Walidata.
    """
    row = rows_of(session, [package_id]).get(package_id)
    if row is None or not (row["pending"] or row["dataset"]):
        raise Refused(NOT_FOUND, name=package_id)
    if not (roles.is_walidata(session, actor) or roles.acts_for(session, actor, row["owner_org"])):
        raise roles.NotAllowed("opd")
    id_ = str(row["id"])
    back = [item for item in held.load(session, [id_]).get(id_, []) if _key(item.field, item.resource_id) in fields]
    if not back:
        raise Refused(NOTHING_HELD, name=package_id)
    table = tables.held.c
    keys = [(item.field, item.resource_id) for item in back]
    session.execute(
        delete(tables.held).where(table.package_id == id_, tuple_(table.field, table.resource_id).in_(keys))
    )  # fmt: skip
    dataset = _as_the_source_has_it(row, back)
    [written] = write(session, [rewritten(row, dataset)], actor=actor, run=None, cause="edit")
    names = sorted(_key(item.field, item.resource_id) for item in back)
    audit.note(session, "dataset.give_back", "dataset", [id_], actor=actor, details={"fields": names})
    return written


def _as_the_source_has_it(row: Mapping[str, Any], back: Sequence[held.Held]) -> Dataset:
    said = [held.Held(item.field, item.resource_id, item.source_value) for item in back if item.field != held.PRIVATE]
    newest = Dataset(row["pending"] or row["dataset"])
    return held.apply(newest, said, str(row["id"]), keep_resource_ids=row["identitas"] == "pertahankan")


def _key(field: str, resource_id: str) -> str:
    return f"{resource_id}/{field}" if resource_id else field


def _file_names(package_id: str, dataset: Mapping[str, Any] | None, *, keep: bool) -> dict[str, str]:
    files = Dataset(dataset or {}).resources
    ids = resource_ids(package_id, files, keep=keep)
    return {id_: str(item.get("name") or item.get("url") or id_) for id_, item in zip(ids, files, strict=True)}
