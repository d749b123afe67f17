"""What is kept of a table made of rows: how it came about, for an auditor, and what has been published, for the next.

No row of an application gets here, only counts, hashes of what the source sent, and the rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables as t
from satudata_harvesters.aggregate import Released, Table, first_series
from satudata_harvesters.source import Source
from satudata_schemas.issue import Issue

#: Rows of the table that its page shows.
SHOWN_ROWS = 10
#: Codes of what counting finds; those of a run replace those of the run before.
_CODES = ("W-AGR-%", "I-AGR-%")

_trace, _released, _record = t.trace.c, t.released.c, t.record.c


def load(session: Session, package_id: str) -> tuple[Released | None, bool]:
    """(what has been published of a table, whether the public has ever seen it)."""
    rows = session.execute(
        sa.select(_released.period, _released.shape, _released.cells).where(_released.package_id == package_id)
    ).all()
    if not rows:
        return None, False
    known = session.execute(
        sa.select(_record.status, _record.reviewed_at).where(_record.id == package_id, _record.package_id.is_not(None))
    ).first()
    seen = known is not None and (known.status == "tayang" or known.reviewed_at is not None)
    return Released.from_json(rows[0].shape, {row.period: row.cells for row in rows}), seen


def keep(
    session: Session, package_id: str, table: Table, *, source: Source, run: str | None, files: Mapping[str, Any]
) -> None:
    """Write down what is published now, and how it came about where it differs from the last time."""
    released = table.released
    if released is None or table.rules is None:
        return
    session.execute(sa.delete(t.released).where(_released.package_id == package_id))
    rows = [
        {
            "package_id": package_id,
            "period": name,
            "shape": released.shape(),
            "cells": one.to_json(),
            "run_id": run,
        }
        for name, one in released.periods.items()
    ]
    if rows:
        session.execute(sa.insert(t.released), rows)
    last = newest(session, package_id)
    told = {
        "package_id": package_id,
        "run_id": run,
        "template": source.template or None,
        "template_version": table.rules.version or None,
        "rules_hash": table.rules.digest,
        "rules": {name: value for name, value in dict(source.aggregate or {}).items() if name != "dataset"},
        "rows_read": table.rows_read,
        "pages": [{"key": one.key, "rows": one.rows, "hash": one.hash} for one in table.pages],
        "periods": [
            {"period": one.period, "cells": one.cells, "suppressed": one.suppressed, "state": one.state}
            for one in table.periods
        ],
        "columns": _columns(table),
        "counts": {
            "cells": table.total_cells,
            "suppressed": table.suppressed,
            "small": table.small,
            "level": table.level,
            "k": table.rules.k,
            "pages": len(table.pages),
            "last_page": table.pages[-1].hash if table.pages else "",
        },
        "files": dict(files),
        "shown": {"columns": table.columns, "rows": table.rows[:SHOWN_ROWS], "chart": first_series(table)},
    }
    same = ("rules_hash", "rows_read", "pages", "files", "columns")
    if last is None or any(last[name] != told[name] for name in same):
        session.execute(sa.insert(t.trace), [told])


def newest(session: Session, package_id: str) -> dict[str, Any] | None:
    """How the table that is published came about; None for a dataset that is no such table."""
    query = sa.select(t.trace).where(_trace.package_id == package_id).order_by(_trace.id.desc()).limit(1)
    row = session.execute(query).mappings().first()
    return None if row is None else dict(row)


def shown(session: Session, package_id: str) -> dict[str, Any] | None:
    """As `newest`, without the list of pages and the rules: what a page for people needs."""
    wanted = [column for column in t.trace.c if column.name not in {"pages", "rules"}]
    query = sa.select(*wanted).where(_trace.package_id == package_id).order_by(_trace.id.desc()).limit(1)
    row = session.execute(query).mappings().first()
    return None if row is None else dict(row)


def listing(session: Session, package_id: str) -> list[dict[str, Any]]:
    """Every trace of a dataset, newest first."""
    query = sa.select(t.trace).where(_trace.package_id == package_id).order_by(_trace.id.desc()).limit(200)
    return [dict(row) for row in session.execute(query).mappings()]


def columns_changed(session: Session, package_id: str, table: Table) -> Issue | None:
    """An issue where the application has gained or lost columns since the last table; None where it has not."""
    last = newest(session, package_id)
    if last is None or not last["columns"]:
        return None
    before = {*last["columns"].get("read", ()), *last["columns"].get("dropped", ())}
    now = _columns(table)
    after = {*now["read"], *now["dropped"]}
    if before == after:
        return None
    params = {"muncul": len(after - before), "hilang": len(before - after)}
    return Issue("W-AGR-008", "warning", "/aggregate/columns", None, params)


def note(session: Session, record_id: str, run: str | None, issues: tuple[Issue, ...]) -> None:
    """Attach to a dataset's record what counting has found this time, and nothing of earlier times."""
    issue = t.issue.c
    mine = sa.or_(*(issue.code.like(code) for code in _CODES))
    session.execute(sa.delete(t.issue).where(issue.record_id == record_id, mine))
    if issues:
        rows = [{"record_id": record_id, "run_id": run, **one.to_dict()} for one in issues]
        session.execute(sa.insert(t.issue), rows)


def _columns(table: Table) -> dict[str, list[str]]:
    """Names of what was read; of what was dropped only hashes, since a source may put anything there."""
    dropped = sorted(hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12] for name in table.dropped)
    return {"read": sorted(table.read), "dropped": dropped}
