"""What the catalogue knows of the datasets on a page: status, label, honest dates, source and issues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import openness
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.catalog.answer import label
from ckanext.satudata.catalog.status import last_seen
from ckanext.satudata.harvest import messages
from ckanext.satudata.portal import wording

_SHOWN = (
    "id", "package_id", "status", "hasil", "score", "principles", "rest", "perbaikan_tertunda", "jatuh_tempo",
    "tidak_ditemukan_sejak",
    "source_modified", "data_changed", "metadata_changed", "last_seen", "return_reason", "return_deadline",
    "hak_akses", "owner_org", "suggestions", "pending_status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """One issue in words: what is wrong and what to do."""

    code: str
    severity: str
    message: str
    remedy: str
    principle: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one dataset stands: its record's row, and `name, title, connector` of its application."""

    fields: Mapping[str, Any]
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def conforms(self) -> bool:
        """Whether all four principles of Satu Data Indonesia are met."""
        return label(self.fields.get("principles") or {}) == "memenuhi"


def standings(session: Session, package_ids: Iterable[str]) -> dict[str, Standing]:
    """Standing of each of these packages that the catalogue keeps a record of, in one query."""
    ids = list(package_ids)
    if not ids:
        return {}
    columns = [last_seen().label(name) if name == "last_seen" else t.record.c[name] for name in _SHOWN]
    columns.append(t.record.c.pending.is_not(None).label("waits"))
    named = [
        t.source.c.name.label("s_name"),
        t.source.c.title.label("s_title"),
        t.source.c.connector.label("s_connector"),
    ]
    rows = session.execute(
        sa.select(*columns, *named)
        .select_from(t.record.outerjoin(t.source, t.source.c.id == t.record.c.source_id))
        .where(t.record.c.package_id.in_(ids))
    ).mappings()
    found = {}
    for row in rows:
        source = {key: row[f"s_{key}"] for key in ("name", "title", "connector")} if row["s_name"] else {}
        found[row["package_id"]] = Standing({name: row[name] for name in (*_SHOWN, "waits")}, source)
    return found


def told_to_all(standing: Standing) -> tuple[bool, bool]:
    """Whether the configuration lets everyone read its score, and its issues."""
    row = standing.fields
    return openness.tells_score(row), openness.tells_issues(row, waits=row["waits"])


def problems(session: Session, record_id: str) -> list[Problem]:
    """The issues of a record's newest version, the most severe first."""
    order = sa.case({"error": 0, "warning": 1}, value=t.issue.c.severity, else_=2)
    rows = session.execute(
        sa.select(t.issue.c.code, t.issue.c.severity, t.issue.c.params, t.issue.c.principle, t.issue.c.pointer)
        .where(t.issue.c.record_id == record_id)
        .order_by(order, t.issue.c.code, t.issue.c.id)
        .limit(200)
    )
    return [problem(row.code, row.severity, row.params, row.principle, row.pointer) for row in rows]


def problem(
    code: str, severity: str, params: Mapping[str, Any] | None, principle: str | None = None, pointer: str = ""
) -> Problem:
    """An issue in the reader's language."""
    message, remedy = messages.render(code, params or {}, wording.language(), pointer)
    return Problem(code, severity, message, remedy, principle)
