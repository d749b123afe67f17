"""Runs: one harvest of one source each, their states, and what people decide about them.

The rows in Postgres are the only truth about who works on what: a worker owns a run while its `lease_until` lies
ahead and its `attempt` is the row's. Functions with a `session` leave the commit to their caller.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from ckan.common import config
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import audit, roles
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.catalog.facts import count_codes
from ckanext.satudata.harvest import hosts, removal
from ckanext.satudata.harvest.errors import RunLost, RunRefused, SourceRefused
from ckanext.satudata.harvest.messages import render
from ckanext.satudata.harvest.run_reports import COUNTS, listing, show, summary

__all__ = [
    "ASSESS",
    "COUNTS",
    "INTERNAL",
    "KEY_MISSING",
    "MAX_ATTEMPTS",
    "UNDER_WAY",
    "UNDO",
    "Claim",
    "assess",
    "cancel",
    "claim",
    "confirm",
    "end",
    "keep",
    "lease_end",
    "lease_seconds",
    "listing",
    "note_stages",
    "reject",
    "show",
    "start",
    "summary",
    "supersede",
    "undo",
]

#: States in which somebody works on a run or soon will.
UNDER_WAY = ("antre", "berjalan", "terputus")
#: Triggers of runs that read no source: one that takes another back, one that judges anew what is stored.
INTERNAL = UNDO, ASSESS = hosts.READS_NONE
#: A run that was taken up so often without an end is given up: it is the run that kills its workers.
MAX_ATTEMPTS = 10
#: Why a source is paused at once: its credentials cannot be opened.
KEY_MISSING = ("E-SRC-007", "E-SRC-008")

_r = t.run.c


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a run; worthless from the moment in which another attempt begins."""

    run_id: str
    attempt: int
    source: Mapping[str, Any]
    checkpoint: str | None
    counts: Mapping[str, Any]
    complete: bool
    started: datetime
    bytes: int
    requests: int
    trigger: str
    actor: str | None
    report: Mapping[str, Any]


def lease_seconds() -> int:
    """How long a silent worker keeps its run, in seconds."""
    return int(config.get("ckanext.satudata.harvest.lease_seconds", 60))


def lease_end() -> Any:
    """The SQL expression of when a lease taken now will end."""
    return sa.func.now() + sa.text(f"interval '{lease_seconds()} seconds'")


def start(session: Session, source_id: str, *, actor: str | None, trigger: str = "command") -> str:
    """Queue a run of a source and return its id; `tick` or `schedule.enqueue` brings it to a worker.

    `actor` is a user's id, or None for the platform itself. Raises `SourceRefused` for a paused, built-in or unknown
    source and for an actor of another office, `RunRefused` E-RUN-002 while another run of the source is under way.
    """
    source = session.execute(sa.select(t.source).where(t.source.c.id == source_id).with_for_update()).mappings().first()
    if source is None:
        raise SourceRefused("E-SRC-001", name=source_id)
    _may_manage(session, actor, source["organization_id"])
    if source["connector"] == "formulir":
        raise SourceRefused("E-SRC-011", name=source["name"])
    if source["state"] != "aktif":
        raise SourceRefused("E-SRC-010", name=source["name"])
    busy = session.scalar(sa.select(_r.id).where(_r.source_id == source_id, _r.state.in_(UNDER_WAY)))
    if busy:
        raise RunRefused("E-RUN-002", run=busy)
    run_id = str(uuid.uuid4())
    session.execute(sa.insert(t.run).values(id=run_id, source_id=source_id, actor=actor, trigger=trigger))
    return run_id


def claim(session: Session, run_id: str) -> Claim | None:
    """Take up a queued, interrupted or orphaned run; None where another worker has it, it has ended, or its host is
    being read by another run: then it waits for the next tick.
    """
    if not hosts.is_free(session, run_id):
        waits = sa.update(t.run).where(_r.id == run_id, _r.state.in_(("antre", "terputus")))
        session.execute(waits.values(lease_until=None))
        return None
    free = sa.or_(
        _r.state.in_(("antre", "terputus")), sa.and_(_r.state == "berjalan", _r.lease_until < sa.func.clock_timestamp())
    )
    taken = (
        session.execute(
            sa.update(t.run)
            .where(_r.id == run_id, free)
            .values(
                state="berjalan",
                attempt=_r.attempt + 1,
                lease_until=lease_end(),
                started=sa.func.coalesce(_r.started, sa.func.now()),
            )
            .returning(t.run)
        )
        .mappings()
        .first()
    )
    if taken is None:
        return None
    # The day comes from the database, too: a rule must not bind a day early because one host's clock is wrong.
    day = sa.cast(sa.func.timezone("Asia/Jakarta", sa.func.now()), sa.Date).label("today")
    source = session.execute(sa.select(t.source, day).where(t.source.c.id == taken["source_id"])).mappings().one()
    return Claim(
        run_id=run_id,
        attempt=taken["attempt"],
        source=dict(source),
        checkpoint=taken["checkpoint"],
        counts=taken["counts"],
        complete=taken["complete"],
        started=taken["started"],
        bytes=taken["bytes"],
        requests=taken["requests"],
        trigger=taken["trigger"],
        actor=taken["actor"],
        report=taken["report"],
    )


def keep(session: Session, held: Claim, **values: Any) -> None:
    """Prolong the lease and store `values` on the run: the first statement of every transaction of a worker.

    Raises `RunLost` where the run is no longer this worker's.
    """
    row = session.execute(
        sa.update(t.run)
        .where(_r.id == held.run_id, _r.attempt == held.attempt, _r.state == "berjalan")
        .values(lease_until=lease_end(), **values)
    )
    if row.rowcount != 1:  # type: ignore[attr-defined]
        session.rollback()
        raise RunLost


def end(session: Session, held: Claim, state: str, **values: Any) -> None:
    """End a run that this worker holds: sums up what its records were judged, empties its list of met records."""
    counts = dict(values.get("counts", {}))
    keep(session, held, state=state, **values)
    session.execute(
        sa.update(t.run)
        .where(_r.id == held.run_id)
        .values(finished=sa.func.now(), lease_until=None, counts=counts | _judged(session, held, counts))
    )
    session.execute(sa.delete(t.seen).where(t.seen.c.run_id == held.run_id))
    if held.trigger in INTERNAL:
        return
    source = sa.update(t.source).where(t.source.c.id == held.source["id"])
    if state == "gagal":
        session.execute(source.values(failing_since=sa.func.coalesce(t.source.c.failing_since, sa.func.now())))
        if values.get("error_code") in KEY_MISSING:
            # No further run can succeed before an administrator has brought the key back.
            code, params = values["error_code"], values.get("error_params")
            reason = f"{' '.join(render(code, params))} [{code}]"
            session.execute(source.values(state="jeda", paused_reason=reason))
    elif state in ("selesai", "ditahan"):
        whole = {"last_complete": held.started} if state == "selesai" else {}
        session.execute(source.values(failing_since=None, last_success=sa.func.now(), **whole))


def note_stages(session: Session, held: Claim, stages: Mapping[str, float]) -> None:
    """Keep how long a run's stages took, those included that end after it."""
    told = sa.cast({"stages": dict(stages)}, JSONB)
    mine = sa.and_(_r.id == held.run_id, _r.attempt == held.attempt)
    session.execute(sa.update(t.run).where(mine).values(counts=_r.counts.op("||")(told)))


def _judged(session: Session, held: Claim, counts: Mapping[str, Any]) -> dict[str, Any]:
    """What the records a run has met were judged, and its issues by code; those that belong to no record included."""
    record, issue = t.record.c, t.issue.c
    met = sa.and_(record.source_id == held.source["id"], ~removal.unmet(held.source["id"], held.run_id))
    columns = (record.hasil, record.issue_codes, sa.func.count())
    rows = session.execute(sa.select(*columns).where(met).group_by(record.hasil, record.issue_codes)).tuples().all()
    hasil: Counter[str] = Counter()
    for name, _, records in rows:
        hasil[name] += records
    issues = count_codes((codes, records) for _, codes, records in rows)
    notes = sa.select(issue.code, sa.func.count()).join_from(t.issue, t.record, record.id == issue.record_id)
    issues.update(dict(session.execute(notes.where(t.is_note, met).group_by(issue.code)).tuples().all()))
    for code, count in counts.get("loose_issues", {}).items():
        # A refused record that is known has its issue already.
        issues[code] = max(issues[code], count)
    return {**hasil, "issues": dict(issues)}


def cancel(session: Session, run_id: str, *, actor: str | None) -> None:
    """Stop a run; what it has already written stays. A worker notices at its next batch."""
    run = _locked(session, run_id)
    _may_manage(session, actor, run["organization_id"])
    if run["trigger"] == UNDO and actor is not None and not roles.is_walidata(session, actor):
        raise RunRefused("E-RUN-004")
    if run["state"] not in UNDER_WAY:
        raise RunRefused("E-RUN-003", run=run_id, state=run["state"])
    session.execute(
        sa.update(t.run)
        .where(_r.id == run_id)
        .values(state="dibatalkan", attempt=_r.attempt + 1, lease_until=None, finished=sa.func.now(), decided_by=actor)
    )
    session.execute(sa.delete(t.seen).where(t.seen.c.run_id == run_id))


def confirm(session: Session, run_id: str, *, actor: str | None) -> int:
    """Let a held run mark its vanished datasets after all; returns how many. They are withdrawn when their grace is
    over.

    A dataset that a later run has met again is left alone. Raises `RunRefused` E-RUN-004 for an actor who is no
    Walidata.
    """
    run = _decide(session, run_id, actor)
    gone, size = run["removals"] or [], int(config.get("ckanext.satudata.harvest.batch_size", 500))
    marked = sum(
        removal.mark(session, gone[at : at + size], run=run_id, actor=actor, met_before=run["started"])
        for at in range(0, len(gone), size)
    )
    decided = {"counts": run["counts"] | {"missing": marked}, "report": run["report"] | {"decision": "confirm"}}
    session.execute(sa.update(t.run).where(_r.id == run_id).values(**decided))
    return marked


def reject(session: Session, run_id: str, *, actor: str | None) -> None:
    """Close a held run without removing anything."""
    run = _decide(session, run_id, actor)
    session.execute(sa.update(t.run).where(_r.id == run_id).values(report=run["report"] | {"decision": "reject"}))


def undo(session: Session, run_id: str, *, actor: str | None) -> str:
    """Queue a run that takes back everything another one has touched (`harvest.undo`), and return its id.

    Only for the Walidata (E-RUN-004). Raises `RunRefused` E-RUN-001 for an unknown run, E-RUN-003 while it is under
    way, E-RUN-002 while another run of its source is, E-RUN-009 when it has been taken back already. A held run is
    closed without removing anything. An undo that failed or was cancelled is taken up by a new one.
    """
    if actor is None or not roles.is_walidata(session, actor):
        raise RunRefused("E-RUN-004")
    run = _locked(session, run_id)
    if run["state"] in UNDER_WAY:
        raise RunRefused("E-RUN-003", run=run_id, state=run["state"])
    done = run["report"].get("undone_by")
    if done and _stands(session, done):
        raise RunRefused("E-RUN-009", run=run_id, undo=done)
    undo_id = _queue_internal(session, run["source_id"], UNDO, actor=actor, report={"undoes": run_id})
    values: dict[str, Any] = {"report": run["report"] | {"undone_by": undo_id}}
    if run["state"] == "ditahan":
        values |= {"state": "selesai", "decided_by": actor, "decided_at": sa.func.now()}
    session.execute(sa.update(t.run).where(_r.id == run_id).values(**values))
    audit.note(session, "run.undo", "run", [run_id], actor=actor, details={"undo": undo_id})
    return undo_id


def assess(session: Session, source_id: str, *, actor: str | None) -> str:
    """Queue a run that judges anew what is stored of a source (`harvest.assessing`), and return its id.

    Raises `SourceRefused` for an unknown source and for an actor of another office, `RunRefused` E-RUN-002 while
    another run of the source is under way. A paused source and what people made by hand are judged, too.
    """
    source = session.execute(sa.select(t.source).where(t.source.c.id == source_id)).mappings().first()
    if source is None:
        raise SourceRefused("E-SRC-001", name=source_id)
    _may_manage(session, actor, source["organization_id"])
    return _queue_internal(session, source_id, ASSESS, actor=actor, report={})


def _stands(session: Session, undo_id: str) -> bool:
    """Whether an undo is under way or done, and was not itself taken back since."""
    row = session.execute(sa.select(_r.state, _r.report).where(_r.id == undo_id)).first()
    if row is None or row.state in ("gagal", "dibatalkan"):
        return False
    again = row.report.get("undone_by")
    return not (again and _stands(session, again))


def _queue_internal(
    session: Session, source_id: str, trigger: str, *, actor: str | None, report: Mapping[str, Any]
) -> str:
    """Queue a run that reads no source, unless another run of that source is under way."""
    session.execute(sa.select(t.source.c.id).where(t.source.c.id == source_id).with_for_update())
    busy = session.scalar(sa.select(_r.id).where(_r.source_id == source_id, _r.state.in_(UNDER_WAY)))
    if busy:
        raise RunRefused("E-RUN-002", run=busy)
    run_id = str(uuid.uuid4())
    row = {"id": run_id, "source_id": source_id, "actor": actor, "trigger": trigger, "report": dict(report)}
    session.execute(sa.insert(t.run).values(**row))
    return run_id


def supersede(session: Session, source_id: str, run_id: str) -> None:
    """Close older held runs of a source: the newer one has looked again."""
    session.execute(
        sa.update(t.run)
        .where(_r.source_id == source_id, _r.state == "ditahan", _r.id != run_id)
        .values(state="selesai", report=_r.report.op("||")(sa.func.jsonb_build_object("superseded_by", run_id)))
    )


def _locked(session: Session, run_id: str) -> Mapping[str, Any]:
    row = (
        session.execute(
            sa.select(t.run, t.source.c.organization_id)
            .join(t.source, t.source.c.id == _r.source_id)
            .where(_r.id == run_id)
            .with_for_update(of=t.run)
        )
        .mappings()
        .first()
    )
    if row is None:
        raise RunRefused("E-RUN-001", run=run_id)
    return dict(row)


def _decide(session: Session, run_id: str, actor: str | None) -> Mapping[str, Any]:
    if actor is None or not roles.is_walidata(session, actor):
        raise RunRefused("E-RUN-004")
    run = _locked(session, run_id)
    if run["state"] != "ditahan":
        raise RunRefused("E-RUN-003", run=run_id, state=run["state"])
    session.execute(
        sa.update(t.run).where(_r.id == run_id).values(state="selesai", decided_by=actor, decided_at=sa.func.now())
    )
    return run


def _may_manage(session: Session, actor: str | None, organization_id: str) -> None:
    if actor is None or roles.is_walidata(session, actor) or roles.acts_for(session, actor, organization_id):
        return
    raise SourceRefused("E-SRC-005")
