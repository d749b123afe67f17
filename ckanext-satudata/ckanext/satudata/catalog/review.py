"""Review: the Walidata approves or returns what waits, the Pembina re-checks priority data where one is configured.

Perpres 39/2019 Pasal 18-19: data that does not conform is returned with the result of the check; priority data is then
checked again by the Pembina Data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import audit, held, roles, tables
from ckanext.satudata.catalog.write import Write, write
from satudata_schemas.dataset import Dataset

#: statuses that wait for a decision of the Walidata
WAITING = ("menunggu",)

NOT_FOUND = "E-TIN-001"
NOT_WAITING = "E-TIN-002"
NOT_FIT = "E-TIN-003"
NO_REASON = "E-TIN-004"


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one dataset: `approved | returned | refused`, its status now; a refusal has its code."""

    id: str
    outcome: Literal["approved", "returned", "refused"]
    status: str = ""
    code: str | None = None


def approve(
    session: Session,
    ids: Sequence[str],
    *,
    actor: str | None,
    reason: str | None = None,
    deadline: dt.date | None = None,
) -> list[Decided]:
    """Publish what waits; the caller commits. `ids` are dataset ids or URL names.

    Priority data becomes `disetujui` and waits for the Pembina, where one is configured; the Pembina's own approval
    publishes it. What is not `layak` is never published. Raises `roles.NotAllowed` for anyone but Walidata and Pembina.
    """
    del deadline  # an approval has none; the two decisions share one signature
    walidata = roles.is_walidata(session, actor)
    pembina = roles.has_pembina() and roles.is_pembina(session, actor)
    if not (walidata or pembina):
        raise roles.NotAllowed("walidata")
    found = _records(session, ids)
    decided: dict[str, Decided] = {}
    asked: dict[str, Write] = {}
    for id_ in ids:
        row = found.get(id_)
        refusal = _why_not(row, walidata=walidata, pembina=pembina)
        if row is None or refusal:
            decided[id_] = Decided(id_, "refused", row["status"] if row else "", refusal)
            continue
        waits_on = roles.has_pembina() and not pembina and is_priority(_newest(row))
        asked[id_] = _write(
            row, "hold" if waits_on else "publish", "disetujui" if waits_on else None, _by(actor, None, None)
        )
    return _settled(session, ids, asked, decided, "approved", actor=actor, reason=reason)


def send_back(
    session: Session,
    ids: Sequence[str],
    *,
    actor: str | None,
    reason: str | None = None,
    deadline: dt.date | None = None,
) -> list[Decided]:
    """Return datasets to their OPD with a reason and, where given, a day; the caller commits.

    What is published is taken from the public until it comes back mended. Raises `roles.NotAllowed` for anyone but
    Walidata and Pembina.
    """
    walidata = roles.is_walidata(session, actor)
    pembina = roles.has_pembina() and roles.is_pembina(session, actor)
    if not (walidata or pembina):
        raise roles.NotAllowed("walidata")
    found = _records(session, ids)
    decided: dict[str, Decided] = {}
    asked: dict[str, Write] = {}
    for id_ in ids:
        row = found.get(id_)
        refusal = NOT_FOUND if row is None else NO_REASON if not (reason or "").strip() else None
        if (
            row is not None
            and not refusal
            and (row["status"] == "ditarik" or not (walidata or row["status"] == "disetujui"))
        ):
            refusal = NOT_WAITING
        if row is None or refusal:
            decided[id_] = Decided(id_, "refused", row["status"] if row else "", refusal)
            continue
        asked[id_] = _write(row, "hold", "dikembalikan", _by(actor, reason, deadline))
    return _settled(session, ids, asked, decided, "returned", actor=actor, reason=reason)


def is_priority(dataset: Dataset) -> bool:
    """Whether a dataset is Data Prioritas of any year."""
    return dataset.filled("prioritas_tahun")


def _why_not(row: Mapping[str, Any] | None, *, walidata: bool, pembina: bool) -> str | None:
    if row is None:
        return NOT_FOUND
    allowed = {
        *(WAITING if walidata else ()),
        *(("draf", "dikembalikan") if walidata else ()),
        *(("disetujui",) if pembina else ()),
    }
    next_version = walidata and row["status"] == "tayang" and row["pending"] is not None
    if row["status"] not in allowed and not next_version:
        return NOT_WAITING
    return None if row["hasil"] == "layak" else NOT_FIT


def _newest(row: Mapping[str, Any]) -> Dataset:
    return Dataset(row["pending"] or row["dataset"] or {})


def _by(actor: str | None, reason: str | None, deadline: dt.date | None) -> dict[str, Any]:
    return {
        "reviewed_by": actor,
        "reviewed_at": dt.datetime.now(dt.timezone.utc),
        "return_reason": reason,
        "return_deadline": deadline,
    }


def _write(row: Mapping[str, Any], action: Any, status: str | None, by: Mapping[str, Any]) -> Write:
    return Write(
        row["source_id"], row["identifier"], action, row["owner_org"],
        status=status, package_id=row["id"], expected_version=row["version"], standing=by,
    )  # fmt: skip


def _records(session: Session, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    record = tables.record
    rows = session.execute(select(record).where(record.c.id.in_(ids) | record.c.name.in_(ids))).mappings().all()
    return {key: dict(row) for row in rows for key in (row["name"], row["id"]) if key}


def _show_again(session: Session, asked: Iterable[Write]) -> None:
    """What its office has hidden and the Walidata publishes is no longer kept from the public."""
    published = [one.package_id for one in asked if one.action == "publish"]
    kept = tables.held.c
    session.execute(delete(tables.held).where(kept.package_id.in_(published), kept.field == held.PRIVATE))


def _settled(
    session: Session,
    ids: Sequence[str],
    asked: Mapping[str, Write],
    decided: dict[str, Decided],
    outcome: Literal["approved", "returned"],
    *,
    actor: str | None,
    reason: str | None,
) -> list[Decided]:
    _show_again(session, asked.values())
    for id_, written in zip(
        asked, write(session, list(asked.values()), actor=actor, run=None, cause="review"), strict=True
    ):
        refused = written.outcome == "refused"
        decided[id_] = Decided(
            written.record_id, "refused" if refused else outcome, written.status, written.code if refused else None
        )
    done = [decided[id_].id for id_ in asked if decided[id_].outcome != "refused"]
    audit.note(session, f"review.{outcome}", "dataset", done, actor=actor, reason=reason)
    return [decided[id_] for id_ in ids]
