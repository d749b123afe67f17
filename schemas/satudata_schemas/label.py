"""The label the public sees: whether a dataset meets the four principles of Satu Data Indonesia (Perpres 39/2019
Pasal 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from satudata_schemas.issue import Issue

_TEXT = {
    True: {"id": "Memenuhi Prinsip SDI", "en": "Meets the SDI principles"},
    False: {"id": "Masih dalam proses pemenuhan Prinsip SDI", "en": "Still on the way to meeting the SDI principles"},
}


def conforms(issues: Iterable[Issue | Mapping[str, Any]]) -> bool:
    """Whether nothing is found that the principles themselves forbid: no code with the letter E, whatever severity a
    lenient profile gave it.

    Takes issues as objects or as they are stored.
    """
    return not any((issue.code if isinstance(issue, Issue) else issue["code"]).startswith("E-") for issue in issues)


def text(conforming: bool, lang: str = "id") -> str:
    """The label in words."""
    return _TEXT[conforming]["en" if lang == "en" else "id"]
