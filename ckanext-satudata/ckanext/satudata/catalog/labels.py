"""Who may see which dataset, and how much of it."""

from __future__ import annotations

from typing import Any


def dataset_labels(_dataset: Any, labels: list[str]) -> list[str]:
    """Permission labels of a dataset, beginning from CKAN's own."""
    return labels


def user_labels(_user: Any, labels: list[str]) -> list[str]:
    """Permission labels a person holds, beginning from CKAN's own."""
    return labels


def redact(_context: Any, _package: dict[str, Any]) -> None:
    """Take away in place what the dataset's access class hides from the reader of this call."""
