"""Edits by people through CKAN's actions: the same assessment, change log, answers and index work as the writer's.

CKAN tells of every touched dataset before each commit, savepoints included; the ids are collected and settled once,
in the outermost. What a person may publish is decided here: nothing that assessment refuses, and nothing unapproved
but by the Walidata. Hiding and deleting always succeed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import uuid5

from ckan import model
from ckan.common import current_user
from ckan.logic import ValidationError
from flask import has_request_context
from sqlalchemy import delete, event, inspect, select, update
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import held, hidden, known, renaming, review, roles, show, tables
from ckanext.satudata.catalog.bulk import upsert
from ckanext.satudata.catalog.outcome import Outcome
from ckanext.satudata.catalog.package import NS, PACKAGE_TYPE, to_dataset, to_package, unpublished_fields
from ckanext.satudata.catalog.plan import Planned, Planner
from ckanext.satudata.catalog.storable import Refused
from ckanext.satudata.catalog.write import log_changes, store
from ckanext.satudata.catalog.writing import Write
from satudata_schemas.assess import Assessment, assess
from satudata_schemas.dataset import Dataset, fingerprint
from satudata_schemas.profile import DEFAULT, Profile
from satudata_schemas.reference import Reference

BY_HAND = "formulir"
_TOUCHED = "satudata_touched"
_RENAMED = "satudata_renamed"
_ACTOR = "satudata_actor"
#: dates of rules count in the earliest of Indonesia's zones, where a day ends last
_WIB = dt.timezone(dt.timedelta(hours=7))


def notify(entity: Any, _operation: str) -> None:
    """Take note that a transaction of CKAN's touches a dataset; settled when it commits."""
    if isinstance(entity, model.Package):
        id_ = entity.id
    elif isinstance(entity, model.Resource):
        id_ = entity.package_id or ""
    else:
        return
    model.Session().info.setdefault(_TOUCHED, set()).add(id_)


@event.listens_for(model.Session, "before_flush")
def _note_renamed(session: Session, *_: Any) -> None:
    """CKAN tells nobody that an organisation was renamed."""
    for entity in session.dirty:
        if isinstance(entity, model.Group) and entity.is_organization:
            seen = inspect(entity).attrs
            if seen.title.history.has_changes() or seen.name.history.has_changes():
                session.info.setdefault(_RENAMED, set()).add(entity.id)


@event.listens_for(model.Session, "before_commit")
def _settle(session: Session) -> None:
    if session.in_nested_transaction():
        return
    touched = session.info.pop(_TOUCHED, None)
    renamed = session.info.pop(_RENAMED, None)
    if not (touched or renamed):
        return  # asking who it is reads the caller's token, which commits that it was used
    actor = session.info.pop(_ACTOR, None) or _person()
    if touched:
        settle(session, sorted(touched - {""}), actor=actor)
    if renamed:
        renaming.touch_datasets(session, renamed, actor=actor)


@event.listens_for(model.Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        for name in (_TOUCHED, _RENAMED, _ACTOR):
            session.info.pop(name, None)


def _person() -> str | None:
    if not has_request_context():
        return None
    return getattr(current_user, "id", None)


def guard(context: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Called by CKAN before it indexes and commits a person's edit: keep what may not be public from becoming so.

    What was not published becomes private again and waits for review; an edit that would spoil a published dataset is
    refused with what is wrong (`ValidationError`), so that the published version stays as it was.
    """
    session = model.Session()
    session.flush()
    package = model.Package.get(data["id"])
    if package is None or package.type != PACKAGE_TYPE:
        return
    actor = _actor(context)
    session.info[_ACTOR] = actor
    if package.state != "active" or package.private:
        return
    [edit] = _read(session, [package.id])
    if edit.public_before and edit.assessment.hasil != "layak":
        told = [issue.told() for issue in edit.assessment.issues if issue.severity == "error"]
        model.Session.rollback()
        raise ValidationError({_place(item["pointer"]): [f"{item['message']} {item['remedy']}"] for item in told})
    if not edit.outcome(session, actor).public:
        package.private = True


def _place(pointer: str) -> str:
    return pointer.strip("/").split("/")[0] or "title"


def _actor(context: Mapping[str, Any]) -> str | None:
    user = context.get("auth_user_obj") or (model.User.get(context["user"]) if context.get("user") else None)
    return getattr(user, "id", None) or _person()


def settle(session: Session, ids: list[str], *, actor: str | None) -> None:
    """Bring records, issues, answers, change log and outbox up to what CKAN's tables now say of these datasets."""
    found = _read(session, ids)
    missing = set(ids) - {edit.id for edit in found}
    if missing:
        _bury(session, sorted(missing), actor)
    stored = _known(session, found)
    plans: list[Planned] = []
    private: list[str] = []
    for edit in found:
        after = edit.outcome(session, actor)
        planner = _EditPlanner(edit, after, stored, actor)
        try:
            plan = planner.plan()
        except Refused as refused:
            raise ValidationError({"title": [refused.code]}) from refused
        plan.package, plan.resources, plan.tags = None, [], []
        if plan.written.outcome == "unchanged":
            continue
        plans.append(plan)
        _hold(session, edit, after, actor)
        if not after.public and not edit.private and edit.state == "active":
            private.append(edit.id)
    if private:
        table = model.package_table
        session.execute(update(table).where(table.c.id.in_(private)).values(private=True))
        for id_ in private:
            _expire(session, id_)
    store(session, plans, stored.cks, cause="edit")
    hidden.hide([str(plan.record["id"]) for plan in plans if plan.hides] + private)


def _expire(session: Session, id_: str) -> None:
    entity = session.get(model.Package, id_)
    if entity is not None:
        session.expire(entity, ["private"])


class _Edit:
    """One dataset as a person's edit leaves it in CKAN's tables, and what the catalogue knew of it."""

    def __init__(
        self, package: Any, shown: Mapping[str, Any], before: Mapping[str, Any] | None, source: Mapping[str, Any] | None
    ) -> None:
        self.id: str = package.id
        self.name: str = package.name
        self.state: str = package.state
        self.private: bool = bool(package.private)
        self.owner: str = package.owner_org or ""
        self.before = before
        self.source = source
        self.by_hand = source is None or source["connector"] == BY_HAND
        self.dataset = self._dataset(shown)
        self.assessment = self._assess()

    @property
    def public_before(self) -> bool:
        """Whether everyone found it before this edit."""
        return self.before is not None and self.before["status"] == "tayang"

    @property
    def source_id(self) -> str:
        """The source it belongs to: its own, or the built-in one of its office."""
        return str(self.before["source_id"]) if self.before else by_hand_id(self.owner)

    @property
    def identifier(self) -> str:
        """The record's identifier: the source's, or CKAN's id."""
        return str(self.before["identifier"]) if self.before else self.id

    def _dataset(self, shown: Mapping[str, Any]) -> Dataset:
        kept = (self.before["dataset"] or {}) if self.before else {}
        unseen = {name: kept[name] for name in unpublished_fields() if name in kept}
        found = held.untouched_kept(Dataset(kept), to_dataset(shown).with_fields(**unseen), self.id)
        return found.with_fields(identifier=found.get("identifier") or self.identifier, owner_org=self.owner)

    def _assess(self) -> Assessment:
        profile = Profile.load(self.source["profile"] if self.source else DEFAULT)
        return assess(self.dataset, profile, reference=Reference.load(), today=dt.datetime.now(_WIB).date())

    def outcome(self, session: Session, actor: str | None) -> Outcome:
        """Where the edit leaves it."""
        hasil = self.assessment.hasil
        if self.state == "deleted":
            return Outcome("ditarik", "new", hasil)
        if not self.private and hasil == "layak" and self.state == "active":
            if self.public_before:
                return Outcome("tayang", "new", hasil)
            if roles.is_walidata(session, actor):
                waits = review.is_priority(self.dataset) and roles.has_pembina()
                return Outcome("disetujui" if waits else "tayang", "new", hasil)
        return Outcome(self._status_while_private(), "new", hasil)

    def _status_while_private(self) -> str:
        status = str(self.before["status"]) if self.before else ""
        if self.assessment.hasil != "layak":
            return "dikembalikan" if status == "dikembalikan" else "draf"
        if self.public_before and self.private:
            return "draf"  # taken from the public by a person
        unchanged = self.before is not None and dict(self.dataset) == self.before["dataset"]
        return status if unchanged and status in ("draf", "menunggu", "disetujui", "dikembalikan") else "menunggu"


def _carried(edit: _Edit, after: Outcome) -> dict[str, Any]:
    """What an edit leaves as it is: it does not find again what the source has lost (what a person deletes is no longer
    lost but deleted), and a version that waited to be mended is judged anew by the next harvest.
    """
    before = edit.before
    if before is None:
        return {}
    lost = {"tidak_ditemukan_sejak": None if after.withdrawn else before["tidak_ditemukan_sejak"]}
    return lost | ({"fingerprint": None} if before["pending"] is not None else {})


class _EditPlanner(Planner):
    """Plans a record for what already stands in CKAN's tables."""

    def __init__(self, edit: _Edit, after: Outcome, stored: known.Known, actor: str | None) -> None:
        fresh = edit.before is None or edit.by_hand
        asked = Write(
            edit.source_id,
            edit.identifier,
            "hold",
            edit.owner,
            edit.dataset,
            rest=edit.before["rest"] if edit.before else {},
            assessment=edit.assessment,
            fingerprint=fingerprint(edit.dataset) if fresh else None,
            package_id=edit.id,
            name=edit.name,
            standing=_carried(edit, after),
        )
        super().__init__(asked, stored, actor=actor, run=None)
        self.edit, self.after = edit, after
        self.keep_ids = True

    def _check_owner(self) -> None:
        """CKAN has checked who may edit."""

    def _brought(self) -> tuple[Dataset, dict[str, Any]]:
        return self.edit.dataset, dict(self.asked.rest)

    def _outcome(self, _dataset: Dataset | None) -> Outcome:
        return self.after

    def _name(self, _version: Dataset | None) -> str:
        return self.edit.name


def _read(session: Session, ids: list[str]) -> list[_Edit]:
    batch = show.Batch(session, ids)
    record, source = tables.record, tables.source
    records = {
        row["id"]: dict(row)
        for row in session.execute(
            select(record).where(record.c.id.in_(list(batch.packages))).with_for_update()
        ).mappings()
    }
    of = {row["source_id"] for row in records.values()} | {
        by_hand_id(package.owner_org or "") for package in batch.packages.values()
    }
    sources = {row["id"]: dict(row) for row in session.execute(select(source).where(source.c.id.in_(of))).mappings()}
    found = []
    for id_, package in batch.packages.items():
        if package.type != PACKAGE_TYPE:
            continue
        before = records.get(id_)
        mine = sources.get(before["source_id"] if before else by_hand_id(package.owner_org or ""))
        found.append(_Edit(package, batch.both(id_)[0], before, mine))
    return found


def _known(session: Session, edits: list[_Edit]) -> known.Known:
    for owner in sorted({edit.owner for edit in edits if edit.before is None}):
        ensure_by_hand(session, owner)
    asked = [
        Write(edit.source_id, edit.identifier, "hold", edit.owner, package_id=edit.id, name=edit.name) for edit in edits
    ]
    return known.read(session, asked)


def by_hand_id(organization_id: str) -> str:
    """The id of an office's built-in source."""
    return str(uuid5(NS, f"{BY_HAND}\n{organization_id}"))


def ensure_by_hand(session: Session, organization_id: str) -> str:
    """The office's built-in source, to which the datasets its people make by hand belong; its id."""
    id_ = by_hand_id(organization_id)
    row = {
        "id": id_,
        "name": f"{BY_HAND}-{organization_id}",
        "title": "Formulir",
        "organization_id": organization_id,
        "connector": BY_HAND,
        "identitas": "pertahankan",
    }
    upsert(session, tables.source, [row], replace=())
    return id_


def _hold(session: Session, edit: _Edit, after: Outcome, actor: str | None) -> None:
    """What a person sets in a harvested dataset stays through the next harvest."""
    if edit.by_hand or edit.before is None or edit.before["dataset"] is None:
        return
    kept = Dataset(edit.before["dataset"])
    moment = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)
    stored = to_dataset(
        to_package(
            kept, package_id=edit.id, name=edit.name, owner_org=edit.owner, private=False, state="active",
            created=moment, modified=moment,
        )
    )  # fmt: skip
    leave = {"name", "owner_org", "identifier", *unpublished_fields()}
    values = [
        item for item in held.differences(stored, edit.dataset, edit.id) if item.resource_id or item.field not in leave
    ]
    if edit.public_before and edit.private and not after.public and after.hasil == "layak":
        values.append(held.Held(held.PRIVATE, "", value=True))
    held.keep(session, edit.id, values, source_values=kept, user_id=actor)
    if after.public:
        gone = tables.held.c
        session.execute(delete(tables.held).where(gone.package_id == edit.id, gone.field == held.PRIVATE))


def _bury(session: Session, ids: list[str], actor: str | None) -> None:
    """Datasets that were purged: their records become tombstones."""
    record = tables.record
    rows = session.execute(
        select(record.c.id, record.c.version, record.c.status).where(record.c.id.in_(ids)).with_for_update()
    ).all()
    if not rows:
        return
    mine = [row.id for row in rows]
    session.execute(
        update(record)
        .where(record.c.id.in_(mine))
        .values(
            status="ditarik", dataset=None, pending=None, rest={}, version=record.c.version + 1,
            tidak_ditemukan_sejak=None, perbaikan_tertunda=False,
        )
    )  # fmt: skip
    for table, column in (
        (tables.issue, tables.issue.c.record_id),
        (tables.raw, tables.raw.c.record_id),
        (tables.answer, tables.answer.c.package_id),
        (tables.held, tables.held.c.package_id),
    ):
        session.execute(delete(table).where(column.in_(mine)))
    upsert(
        session,
        tables.outbox,
        [{"package_id": row.id, "version": row.version + 1, "op": "delete"} for row in rows],
    )
    hidden.hide(mine)
    log_changes(
        session,
        [
            {
                "package_id": row.id,
                "version": row.version + 1,
                "kind": "removed",
                "audience": "public" if row.status == "tayang" else "full",
                "before": None,
                "actor": actor,
                "run_id": None,
            }
            for row in rows
            if row.status != "ditarik"
        ],
        cause="edit",
    )
