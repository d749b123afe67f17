"""Who did what to which thing, when and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables
from ckanext.satudata.catalog.bulk import copy


def note(
    session: Session,
    action: str,
    object_type: str,
    object_ids: Iterable[str],
    *,
    actor: str | None,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one line for each thing, in the caller's transaction. Details never hold a personal value."""
    line = {
        "actor": actor,
        "action": action,
        "object_type": object_type,
        "reason": reason,
        "details": dict(details or {}),
    }
    copy(session, tables.audit, [{**line, "outcome": "ok", "object_id": id_} for id_ in object_ids])
