"""An issue: what is wrong with a dataset, stored as a code with values and put into words when it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from satudata_schemas import contract

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
#: The severity a code's letter stands for; the profile decides the one that counts.
USUAL: Mapping[str, Severity] = {"E": "error", "W": "warning", "I": "info"}

MESSAGE_FOLDER = Path(__file__).parent / "messages"
_PLACE = re.compile(r"\{(\w+)\}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_LONG_DIGITS = re.compile(r"\d(?:[ .\-]?\d){8,}")
#: From the beginning of a word on, so that a long one is tried once.
_EMAIL = re.compile(r"(?<![^\s@])[^\s@]+@[^\s@]+")
_MONTHS = {
    "id": [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}


@dataclass(frozen=True)
class Issue:
    """One finding: `code` names the rule, `pointer` (RFC 6901) the place, `params` the JSON-able values its
    sentences need.

    `principle` is standar_data, metadata, interoperabilitas or kode_referensi, or None for what stands beside the
    four (personal data, harvesting).
    """

    code: str
    severity: Severity
    pointer: str
    principle: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As it is stored: without text."""
        return {
            "code": self.code,
            "severity": self.severity,
            "pointer": self.pointer,
            "principle": self.principle,
            "params": dict(self.params),
        }

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Issue:
        """The issue that `to_dict` gave."""
        return Issue(
            stored["code"],
            stored["severity"],
            stored["pointer"],
            stored.get("principle"),
            dict(stored.get("params") or {}),
        )

    def message(self, lang: str = "id") -> str:
        """What is wrong, one sentence."""
        return self._say("cause", lang)

    def remedy(self, lang: str = "id") -> str:
        """What to do about it, one sentence; and by when, where the rule will bind from a date."""
        return self._say("remedy", lang) + self._deadline(lang)

    def _deadline(self, lang: str) -> str:
        days, since = self.params.get("sisa_hari"), self.params.get("wajib_sejak")
        if not days or not since or self.severity == "error":
            return ""
        words = {"id": " Wajib mulai {since} ({days} hari lagi).", "en": " Required from {since} ({days} days left)."}
        lang = lang if lang in words else "id"
        return words[lang].format(since=_shown(since, lang), days=_shown(days, lang))

    def told(self, lang: str = "id") -> dict[str, Any]:
        """As shown to people: `{code, severity, pointer, principle, message, remedy}`."""
        shown = self.to_dict()
        del shown["params"]
        return shown | {"message": self.message(lang), "remedy": self.remedy(lang)}

    def _say(self, part: str, lang: str) -> str:
        lang = lang if lang in contract.LANGUAGES else contract.LANGUAGES[0]
        known = messages().get(self.code)
        if known is None:
            return self.code
        about = contract.field_at(self.pointer)
        named = self.params.get("isian")
        if isinstance(named, str):
            about = contract.field_at("/" + named.strip("/")) or contract.fields().get(named) or about

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name == "isian":
                return about.label_in(lang) if about else excerpt(named or self.pointer)
            if name == "bantuan":
                return about.help_in(lang) if about else ""
            return _shown(self.params.get(name, "…"), lang)

        return _PLACE.sub(value, known[lang][part])


@cache
def messages() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Every issue code: code → language → `{"cause", "remedy"}`."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Mapping[str, Mapping[str, str]]] = {}
    for path in sorted(MESSAGE_FOLDER.glob("*.yaml")):
        for code, texts in yaml.load(path.read_text(encoding="utf-8"), Loader=loader).items():  # noqa: S506 - both loaders are the safe one
            if code in found:
                raise ValueError(f"{code} is written twice, the second time in {path.name}")
            found[code] = texts
    return found


def excerpt(value: object, limit: int = 60) -> str:
    """A short, printable piece of an outside text for a message: no control characters, no long number, no e-mail
    address.
    """
    text = value if isinstance(value, str) else str(value)
    text = _UNPRINTABLE.sub(" ", text[: limit * 4]).strip()
    text = _LONG_DIGITS.sub(lambda match: match.group()[:2] + "…", text)
    text = _EMAIL.sub("…@…", text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def pointer(*parts: str | int) -> str:
    """The RFC 6901 pointer of a path: `pointer("resources", 0, "url")` → `/resources/0/url`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _shown(value: Any, lang: str) -> str:
    """A value as people write it: 1.234,5 and 9 Agustus 2024 in Indonesian, 1,234.5 and 9 August 2024 in English."""
    if isinstance(value, bool):
        return {"id": ("tidak", "ya"), "en": ("no", "yes")}[lang][value]
    if isinstance(value, int | float):
        written = f"{value:,}"
        return written if lang == "en" else written.translate(str.maketrans(",.", ".,"))
    if isinstance(value, list | tuple):
        return ", ".join(_shown(item, lang) for item in value[:10]) + (", …" if len(value) > 10 else "")
    text = str(value)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return text
        return f"{day.day} {_MONTHS[lang][day.month - 1]} {day.year}"
    return text
