"""Edits by people through CKAN's actions: the same assessment, change log and index as the writer's."""

from __future__ import annotations

from typing import Any


def notify(_entity: Any, _operation: str) -> None:
    """Take note that a person's transaction touches a dataset."""
