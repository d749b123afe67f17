"""The sentences of issue codes, whichever room they come from: rules, reading, harvesting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from satudata_harvesters import errors as reading
from satudata_harvesters.errors import Lang
from satudata_schemas import issue as rules


@cache
def own() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Codes of this room: `{code: {"id" | "en": {"message", "remedy"}}}`."""
    text = resources.files("ckanext.satudata.harvest").joinpath("messages.json").read_text("utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


class _Params(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def render(
    code: str, params: Mapping[str, Any] | None = None, lang: Lang = "id", pointer: str = ""
) -> tuple[str, str]:
    """(message, remedy) of a code in a language; `pointer` names the field that a rule's sentence speaks of.

    A code that nobody knows is shown as itself, so that no page breaks.
    """
    values = params or {}
    if code in own():
        entry = own()[code][lang]
        shown = _Params({name: reading.clean(value) for name, value in values.items()})
        return entry["message"].format_map(shown), entry["remedy"].format_map(shown)
    if code in reading.messages():
        return reading.render(code, values, lang)
    return _of_rules(code, values, pointer, lang)


def _of_rules(code: str, params: Mapping[str, Any], pointer: str, lang: Lang) -> tuple[str, str]:
    if code not in rules.messages():
        return code, ""
    found = rules.Issue(code, "info", pointer, None, params)
    return found.message(lang), found.remedy(lang)
