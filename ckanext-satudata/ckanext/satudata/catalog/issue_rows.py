"""Rows of issues. A harvest stores some twenty a dataset, and most are the same of all: those are written once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from ckanext.satudata.catalog import bulk, tables
from ckanext.satudata.catalog.storable import storable
from satudata_schemas.issue import Issue, Severity

_COLUMNS = ("record_id", "run_id", "code", "severity", "pointer", "principle", "params")


def store(session: Session, found: Iterable[tuple[str, str | None, Iterable[Issue]]]) -> None:
    """Insert the issues of records that have none: (record, run, its issues)."""
    lines = []
    for record_id, run_id, issues in found:
        whose = bulk.line([record_id, run_id])[:-1]
        lines += [f"{whose}\t{_what(issue)}" for issue in issues]
    if lines:
        bulk.copy_lines(session, tables.issue, _COLUMNS, lines)


def _what(issue: Issue) -> str:
    params = tuple(issue.params.items())
    # Exactly these types: True and 1.0 are the same key as 1, and another value.
    if all(type(value) is str or type(value) is int for _, value in params):
        return _written(issue.code, issue.severity, issue.pointer, issue.principle, params)
    return _written.__wrapped__(issue.code, issue.severity, issue.pointer, issue.principle, params)


@lru_cache(maxsize=4096)
def _written(
    code: str, severity: Severity, pointer: str, principle: str | None, params: tuple[tuple[str, Any], ...]
) -> str:
    told = Issue(code, severity, pointer, principle, dict(params)).to_dict()
    return bulk.line([told[name] for name in _COLUMNS[2:-1]] + [storable(told["params"])])
