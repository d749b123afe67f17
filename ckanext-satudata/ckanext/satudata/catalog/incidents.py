"""Incidents: the record of a failure to protect personal data, and its clock.

UU 27/2022 Pasal 46: whoever controls the data tells the people concerned and the authority in writing, at the latest
3 x 24 hours after it became known, which data came out, when and how, and what was done about it; in certain cases also
the public. A record names fields and kinds of data, never a value.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import audit, roles, tables

#: UU 27/2022 Pasal 46 ayat (1)
CLOCK = dt.timedelta(hours=72)
#: whom the law has told: ayat (1) huruf a and b; the public in certain cases (ayat 3), which a person decides
PEOPLE, AUTHORITY, PUBLIC = "subjek_data", "lembaga_pdp", "masyarakat"

_i = tables.incident.c


class UnknownIncident(LookupError):  # noqa: N818 - reads as what it says
    """There is no incident of that id."""

    code = "E-HPS-004"

    def __init__(self, incident_id: str) -> None:
        super().__init__(incident_id)
        self.params: dict[str, Any] = {"incident": incident_id}


@dataclass(frozen=True, slots=True)
class Told:
    """What the law asks to be told of an incident: which data, when and how it came out."""

    package_id: str
    source_id: str
    organization_id: str
    data: Mapping[str, Any]
    exposure: Mapping[str, Any]


def open_incident(
    session: Session,
    told: Told,
    *,
    actor: str | None,
    reason: str,
    known_at: dt.datetime | None,
    done: Sequence[Mapping[str, Any]],
    remaining: Mapping[str, Any],
) -> str:
    """Write the record and return its id; the caller commits. `known_at` is when it became known, now by default."""
    now = dt.datetime.now(dt.timezone.utc)
    known = min(known_at or now, now)
    notify = [PEOPLE, AUTHORITY, *([PUBLIC] if told.exposure.get("public") else [])]
    incident_id = str(uuid.uuid4())
    row = {
        "id": incident_id, "package_id": told.package_id, "source_id": told.source_id,
        "organization_id": told.organization_id, "known_at": known, "deadline": known + CLOCK, "actor": actor,
        "reason": reason, "data": dict(told.data), "exposure": dict(told.exposure), "done": list(done),
        "notify": notify, "remaining": dict(remaining),
    }  # fmt: skip
    session.execute(insert(tables.incident).values(**row))
    return incident_id


def show(session: Session, incident_id: str) -> dict[str, Any]:
    """One incident as a command and a page tell it; raises UnknownIncident. `state` is `terbuka | terlambat | selesai`,
    `seconds_left` counts down to the deadline and below zero beyond it.
    """
    row = session.execute(select(tables.incident).where(_i.id == incident_id)).mappings().first()
    if row is None:
        raise UnknownIncident(incident_id)
    return _shown(dict(row))


def of_package(session: Session, package_id: str) -> dict[str, Any] | None:
    """The newest incident of a dataset."""
    query = select(tables.incident).where(_i.package_id == package_id).order_by(_i.known_at.desc()).limit(1)
    row = session.execute(query).mappings().first()
    return _shown(dict(row)) if row is not None else None


def listing(session: Session, *, open_only: bool = False, limit: int = 100) -> list[dict[str, Any]]:
    """Incidents, those whose deadline comes first before the others, settled ones last."""
    query = select(tables.incident).order_by(_i.notified_at.is_not(None), _i.deadline, _i.id).limit(limit)
    if open_only:
        query = query.where(_i.notified_at.is_(None))
    return [_shown(dict(row)) for row in session.execute(query).mappings()]


def notified(session: Session, incident_id: str, *, actor: str | None, notes: str) -> dict[str, Any]:
    """Note that those concerned have been told (or why nobody needs to be), which stops the clock; the caller commits.

    Raises UnknownIncident, and `roles.NotAllowed` for anyone but the Walidata.
    """
    roles.require_walidata(session, actor)
    show(session, incident_id)
    now = dt.datetime.now(dt.timezone.utc)
    values = {"notified_at": now, "notified_by": actor, "notes": notes.strip()[:2000] or None}
    session.execute(update(tables.incident).where(_i.id == incident_id).values(**values))
    audit.note(session, "incident.notified", "incident", [incident_id], actor=actor)
    return show(session, incident_id)


def add_steps(session: Session, incident_id: str, steps: Sequence[Mapping[str, Any]], **values: Any) -> None:
    """Append what has been done since."""
    session.execute(
        update(tables.incident)
        .where(_i.id == incident_id)
        .values(done=_i.done.op("||")(_as_json(steps)), **values)
    )  # fmt: skip


def step(name: str, count: int) -> dict[str, Any]:
    """One thing that was done: `{step, count, at}`."""
    return {"step": name, "count": count, "at": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")}


def _as_json(steps: Sequence[Mapping[str, Any]]) -> Any:
    return literal([dict(one) for one in steps], JSONB)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    left = row["deadline"] - dt.datetime.now(dt.timezone.utc)
    state = "selesai" if row["notified_at"] else "terlambat" if left < dt.timedelta(0) else "terbuka"
    times = ("known_at", "deadline", "cleaned", "notified_at", "lifted_at")
    return {
        "incident": row["id"],
        "state": state,
        **{name: row[name] for name in ("package_id", "source_id", "organization_id", "actor", "reason")},
        **{name: row[name].isoformat() if row[name] else None for name in times},
        "seconds_left": None if row["notified_at"] else int(left.total_seconds()),
        **{name: row[name] for name in ("data", "exposure", "done", "notify", "notified_by", "notes", "lifted_by")},
        "legal_basis": "UU 27/2022 Pasal 46",
    }
