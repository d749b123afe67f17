"""Review: the Walidata approves or returns what waits, the Pembina re-checks priority data where one is configured.

Perpres 39/2019 Pasal 18-19: data that does not conform is returned with the result of the check; priority data is then
checked again by the Pembina Data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
_BATCH = 500


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
    publishes it. Of a next version this is told as its status while the published one stays `tayang`. What is not
    `layak` is never published. Raises `roles.NotAllowed` for anyone but Walidata and Pembina.
    """
    del deadline  # an approval has none; the two decisions share one signature
    asking = _asking(session, ids, actor)
    for id_, row in asking.found():
        refusal = _why_not(row, asking)
        if refusal:
            asking.refuse(id_, row, refusal)
        elif roles.has_pembina() and not asking.pembina and is_priority(_newest(row)):
            asking.writes[id_] = _for_the_pembina(row, actor)
        else:
            asking.writes[id_] = _write(row, "publish", None, _by(actor, None, None))
    return _settled(session, asking, "approved", actor=actor, reason=reason)


def send_back(
    session: Session,
    ids: Sequence[str],
    *,
    actor: str | None,
    reason: str | None = None,
    deadline: dt.date | None = None,
) -> list[Decided]:
    """Return datasets to their OPD with a reason and, where given, a day; the caller commits.

    What the Walidata returns is taken from the public until it comes back mended. The Pembina returns only what waits
    for the Pembina: of a next version the published one stays (decision 0007). Raises `roles.NotAllowed` for anyone but
    Walidata and Pembina.
    """
    asking = _asking(session, ids, actor)
    for id_, row in asking.found():
        if not (reason or "").strip():
            asking.refuse(id_, row, NO_REASON)
        elif row["status"] == "ditarik" or not (asking.walidata or _waits_for_the_pembina(row)):
            asking.refuse(id_, row, NOT_WAITING)
        elif row["status"] == "tayang" and not asking.walidata:
            back = {**_by(actor, reason, deadline), "pending_status": "dikembalikan"}
            asking.writes[id_] = _write(row, "hold", "tayang", back)
        else:
            asking.writes[id_] = _write(row, "hold", "dikembalikan", _by(actor, reason, deadline))
    return _settled(session, asking, "returned", actor=actor, reason=reason)


@dataclass(slots=True)
class _Asking:
    """What one decision is asked of, by whom, and what is settled so far."""

    ids: Sequence[str]
    records: Mapping[str, Mapping[str, Any]]
    walidata: bool
    pembina: bool
    writes: dict[str, Write] = field(default_factory=dict)
    decided: dict[str, Decided] = field(default_factory=dict)

    def found(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """What there is of what was asked, each once; what there is not is refused."""
        met = set()
        for id_ in dict.fromkeys(self.ids):
            row = self.records.get(id_)
            if row is None or row["id"] in met:
                self.decided[id_] = Decided(id_, "refused", code=NOT_FOUND if row is None else NOT_WAITING)
                continue
            met.add(row["id"])
            yield id_, row

    def refuse(self, id_: str, row: Mapping[str, Any], code: str) -> None:
        self.decided[id_] = Decided(id_, "refused", row["status"], code)


def _asking(session: Session, ids: Sequence[str], actor: str | None) -> _Asking:
    walidata = roles.is_walidata(session, actor)
    pembina = roles.has_pembina() and roles.is_pembina(session, actor)
    if not (walidata or pembina):
        raise roles.NotAllowed("walidata")
    return _Asking(ids, _records(session, ids), walidata, pembina)


def is_priority(dataset: Dataset) -> bool:
    """Whether a dataset is Data Prioritas of any year."""
    return dataset.filled("prioritas_tahun")


def _why_not(row: Mapping[str, Any], asking: _Asking) -> str | None:
    beside = row["status"] == "tayang" and row["pending"] is not None
    for_walidata = row["status"] in (*WAITING, "draf", "dikembalikan") or (beside and row["pending_status"] is None)
    waits = (asking.walidata and for_walidata) or (asking.pembina and _waits_for_the_pembina(row))
    if not waits:
        return NOT_WAITING
    return None if row["hasil"] == "layak" else NOT_FIT


def _waits_for_the_pembina(row: Mapping[str, Any]) -> bool:
    beside = row["status"] == "tayang" and row["pending"] is not None
    return row["status"] == "disetujui" or (beside and row["pending_status"] == "disetujui")


def _for_the_pembina(row: Mapping[str, Any], actor: str | None) -> Write:
    """Approved by the Walidata; what is published already stays so until the Pembina has decided about the next."""
    if row["status"] == "tayang":
        return _write(row, "hold", "tayang", {**_by(actor, None, None), "pending_status": "disetujui"})
    return _write(row, "hold", "disetujui", _by(actor, None, None))


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
    asking: _Asking,
    outcome: Literal["approved", "returned"],
    *,
    actor: str | None,
    reason: str | None,
) -> list[Decided]:
    _show_again(session, asking.writes.values())
    asked = list(asking.writes.items())
    for start in range(0, len(asked), _BATCH):
        some = asked[start : start + _BATCH]
        results = write(session, [one for _, one in some], actor=actor, run=None, cause="review")
        for (id_, one), written in zip(some, results, strict=True):
            refused = written.outcome == "refused"
            stands = str(one.standing.get("pending_status") or written.status)
            asking.decided[id_] = Decided(
                written.record_id, "refused" if refused else outcome, stands, written.code if refused else None
            )
    done = [asking.decided[id_].id for id_, _ in asked if asking.decided[id_].outcome != "refused"]
    audit.note(session, f"review.{outcome}", "dataset", done, actor=actor, reason=reason)
    return [asking.decided[id_] for id_ in asking.ids]
