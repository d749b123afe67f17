"""Accepting suggestions: what was inferred becomes the dataset's, held through every harvest and marked as inferred."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import audit, held, roles, tables
from ckanext.satudata.catalog.write import Write, write
from ckanext.satudata.harvest.standing import Known, Standing, standing
from satudata_schemas.assess import Assessment, assess
from satudata_schemas.dataset import Dataset
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

#: From the least to the most certain.
CONFIDENCES = ("low", "medium", "high")
NOT_FOUND, NOT_YOURS, NOTHING, NOT_FIT = "E-TIN-001", "E-SRC-005", "E-SAR-001", "E-TIN-003"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one dataset; a refusal has its code."""

    id: str
    outcome: Literal["accepted", "refused"]
    fields: tuple[str, ...] = ()
    status: str = ""
    code: str | None = None


def accept(
    session: Session,
    ids: Sequence[str],
    *,
    actor: str,
    fields: Collection[str] | None = None,
    confidence: str = "low",
) -> list[Accepted]:
    """Take over what is suggested for datasets (by id or URL name); the caller commits. Answers in the order of `ids`.

    `fields` and the least `confidence` narrow it down. Only for who acts for the dataset's OPD, and the Walidata. The
    dataset is judged again, and stands where a harvest of the same content would leave it.
    """
    found = rows_of(session, ids)
    walidata, own = roles.is_walidata(session, actor), roles.organizations_of(session, actor)
    accepted: dict[str, Accepted] = {}
    asked: dict[str, tuple[Write, tuple[str, ...]]] = {}
    for id_ in ids:
        row = found.get(id_)
        if row is None or row["status"] == "ditarik" or not (row["pending"] or row["dataset"]):
            accepted[id_] = Accepted(id_, "refused", code=NOT_FOUND)
            continue
        if not walidata and row["owner_org"] not in own:
            accepted[id_] = Accepted(id_, "refused", code=NOT_YOURS)
            continue
        chosen = _chosen(row, fields, confidence)
        if not chosen:
            accepted[id_] = Accepted(row["id"], "refused", status=row["status"], code=NOTHING)
            continue
        planned = _planned(row, chosen)
        if planned is None:
            accepted[id_] = Accepted(row["id"], "refused", status=row["status"], code=NOT_FIT)
            continue
        _hold(session, row, chosen, actor)
        asked[id_] = (planned, tuple(sorted(chosen)))
    written = write(session, [one for one, _ in asked.values()], actor=actor, run=None, cause="edit")
    for (id_, (_, names)), made in zip(asked.items(), written, strict=True):
        refused = made.outcome == "refused"
        accepted[id_] = Accepted(
            made.record_id,
            "refused" if refused else "accepted",
            () if refused else names,
            made.status,
            made.code if refused else None,
        )
    done = [accepted[id_].id for id_ in asked if accepted[id_].outcome == "accepted"]
    audit.note(session, "suggestion.accept", "dataset", done, actor=actor)
    return [replace(accepted[id_]) for id_ in ids]


def rows_of(session: Session, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Records by each of these ids and URL names, locked, with the columns of their source that decide about them."""
    record, source = tables.record, tables.source
    query = (
        select(record, source.c.profile, source.c.penayangan, source.c.identitas)
        .join(source, source.c.id == record.c.source_id)
        .where(record.c.id.in_(ids) | record.c.name.in_(ids))
        .with_for_update(of=record)
    )
    rows = session.execute(query).mappings().all()
    return {key: dict(row) for row in rows for key in (row["name"], row["id"]) if key}


def _chosen(row: Mapping[str, Any], fields: Collection[str] | None, confidence: str) -> dict[str, Mapping[str, Any]]:
    """The suggestions that are taken, by field; of several for one field the most certain."""
    certain = [
        one
        for one in row["suggestions"]
        if (fields is None or one["field"] in fields)
        and CONFIDENCES.index(one["confidence"]) >= CONFIDENCES.index(confidence)
    ]
    return {one["field"]: one for one in sorted(certain, key=lambda one: CONFIDENCES.index(one["confidence"]))}


def _planned(row: Mapping[str, Any], chosen: Mapping[str, Mapping[str, Any]]) -> Write | None:
    """The write of the completed dataset; None where it would spoil what is published."""
    before = Dataset(row["pending"] or row["dataset"])
    asked = rewritten(row, before.with_fields(**{name: one["value"] for name, one in chosen.items()}))
    spoils = row["status"] == "tayang" and row["pending"] is None and asked.action == "hold"
    return None if spoils else asked


def rewritten(row: Mapping[str, Any], dataset: Dataset) -> Write:
    """The write of a dataset as a person has changed it, of a row of `rows_of`: judged again, and standing where a
    harvest of the same content would leave it.
    """
    assessment = _judged(row, dataset)
    place = _place(row, assessment)
    return Write(
        row["source_id"],
        row["identifier"],
        place.action,
        row["owner_org"],
        dataset=dataset,
        rest=row["rest"] or {},
        assessment=assessment,
        status=place.status,
        package_id=row["id"],
        expected_version=row["version"],
        standing={"tidak_ditemukan_sejak": row["tidak_ditemukan_sejak"]},  # a person's choice finds nothing again
    )


def _judged(row: Mapping[str, Any], dataset: Dataset) -> Assessment:
    today = dt.date.today()  # noqa: DTZ011 - a rule binds from a day of the office's calendar
    whole = dataset.with_fields(owner_org=row["owner_org"])
    return assess(whole, Profile.load(row["profile"]), reference=Reference.load(), today=today)


def _place(row: Mapping[str, Any], assessment: Assessment) -> Standing:
    if row["pending"] is not None and row["status"] == "tayang":
        return Standing("hold")  # what waits beside the published version goes on waiting
    if row["status"] == "disetujui" and assessment.hasil == "layak":
        return Standing("hold", "disetujui")
    version = row["rules_version"] or ""
    return standing(Known.of(row), assessment.hasil, penayangan=row["penayangan"], rules_version=version)


def _hold(session: Session, row: Mapping[str, Any], chosen: Mapping[str, Mapping[str, Any]], actor: str) -> None:
    values = [held.Held(name, "", one["value"]) for name, one in chosen.items()]
    reasons = {name: str(one["reason"]) for name, one in chosen.items()}
    held.keep(session, row["id"], values, source_values=row["dataset"] or {}, user_id=actor, inferred=reasons)
