"""The sentences of issue codes, whichever room they come from: rules, reading, harvesting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satudata_harvesters.errors import Lang
from satudata_schemas.issue import Issue


def render(code: str, params: Mapping[str, Any] | None = None, lang: Lang = "id", pointer: str = "") -> tuple[str, str]:
    """(message, remedy) of a code in a language; `pointer` names the field that a rule's sentence speaks of.

    A code that nobody knows is shown as itself, so that no page breaks.
    """
    issue = Issue(code, "info", pointer, None, params or {})
    return issue.message(lang), issue.remedy(lang)
