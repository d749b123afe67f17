"""What runs tell: as `--json` prints them (contracts.md), and what a page needs beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.harvest.errors import RunRefused

#: What contracts.md prints of every run, in this order; a count that never moved is 0.
COUNTS = (
    "read", "created", "updated", "unchanged", "missing", "withdrawn", "layak", "perlu_perbaikan", "tidak_dimuat",
)  # fmt: skip

_r = t.run.c


def show(session: Session, run_id: str) -> dict[str, Any]:
    """One run as `--json` prints it (contracts.md), and what a page needs beside: times, progress, error, removals.

    `changes` names, as `{id, name, title}`, what was `withdrawn`, what is `missing` and what a held run would mark
    (`held`, up to 200 each), and groups the changed `fields` with their number and examples; `history.changes_of_run`
    has them all. `left` are the datasets that an undo has left alone, each with its reason.
    """
    row = session.execute(_rows().where(_r.id == run_id)).mappings().first()
    if row is None:
        raise RunRefused("E-RUN-001", run=run_id)
    report = dict(row["report"])
    left = report.pop("left", ())
    fields, gone = row["counts"].get("changed_fields", {}), row["counts"].get("gone", {})
    examples = [id_ for told in fields.values() for id_ in told["examples"]]
    named = _names(session, {one["id"] for one in left}.union(examples, *gone.values(), (row["removals"] or ())[:200]))
    return _shown(row) | {
        "removals": list(row["removals"] or []),
        "report": report,
        "left": [{**one, **named[one["id"]]} for one in left],
        "changes": {
            "fields": [
                {"field": field, "count": told["count"], "examples": [named[id_] for id_ in told["examples"]]}
                for field, told in sorted(fields.items(), key=lambda item: (-item[1]["count"], item[0]))
            ],
            **{how: [named[id_] for id_ in ids] for how, ids in gone.items()},
            "held": [named[id_] for id_ in (row["removals"] or ())[:200]],
        },
    }


class _Named(dict[str, dict[str, Any]]):
    def __missing__(self, id_: str) -> dict[str, Any]:
        return {"id": id_, "name": None, "title": None}


def _names(session: Session, ids: Iterable[str]) -> _Named:
    """`{id, name, title}` of datasets as they are called today: a report keeps ids only, so that nothing that is erased
    stays behind in it.
    """
    record = t.record.c
    title = sa.func.coalesce(record.pending["title"].astext, record.dataset["title"].astext)
    rows = session.execute(sa.select(record.id, record.name, title).where(record.id.in_(sorted(ids))))
    return _Named({id_: {"id": id_, "name": name, "title": text} for id_, name, text in rows})


def listing(
    session: Session, *, source_id: str | None = None, states: Sequence[str] = (), limit: int = 50, offset: int = 0
) -> list[dict[str, Any]]:
    """Runs, newest first, as `show` gives them but without the list of removals."""
    query = _rows().order_by(_r.created.desc(), _r.id).limit(limit).offset(offset)
    if source_id:
        query = query.where(_r.source_id == source_id)
    if states:
        query = query.where(_r.state.in_(states))
    return [_shown(row) for row in session.execute(query).mappings()]


def summary(run: Mapping[str, Any]) -> dict[str, Any]:
    """Exactly what contracts.md says `harvest NAME --json` prints of a run that `show` gave."""
    return {name: run[name] for name in ("run", "source", "state", "complete", *COUNTS, "issues")}


def _rows() -> sa.Select[Any]:
    return sa.select(t.run, t.source.c.name.label("source_name"), t.source.c.organization_id).join_from(
        t.run, t.source, t.source.c.id == _r.source_id, isouter=True
    )


def _shown(row: Any) -> dict[str, Any]:
    counts = row["counts"]
    error = {"code": row["error_code"], "params": row["error_params"] or {}} if row["error_code"] else None
    return {
        "run": row["id"],
        "source": row["source_name"],
        "state": row["state"],
        "complete": row["complete"],
        **{name: counts.get(name, 0) for name in COUNTS},
        "issues": counts.get("issues", {}),
        "refused": counts.get("refused", []),
        "error": error,
        "held": len(row["removals"] or ()),
        "trigger": row["trigger"],
        "actor": row["actor"],
        "attempt": row["attempt"],
        "progress": row["progress"],
        "stages": counts.get("stages", {}),
        "bytes": row["bytes"],
        "requests": row["requests"],
        "decided_by": row["decided_by"],
        "queued": _iso(row["created"]),  # `created` is the count of new datasets
        **{name: _iso(row[name]) for name in ("started", "finished", "decided_at")},
        "source_id": row["source_id"],
        "undoes": row["report"].get("undoes"),
        "undone_by": row["report"].get("undone_by"),
        "left_count": counts.get("left", 0),
    }


def _iso(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
