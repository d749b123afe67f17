"""Profiles: which rules bind, how much they count, and from when.

A region brings its own as YAML; nothing here is code to change.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from satudata_schemas import contract
from satudata_schemas.issue import SEVERITIES, USUAL, Issue, Severity, excerpt, messages

FOLDER = Path(__file__).parent / "profiles"
DEFAULT = "transisi"

#: Findings that keep a record out whatever a profile says: no identity, or personal data in what the public may see.
GATE = frozenset({"E-META-002", "E-PDP-001", "E-PDP-002"})
_KEYS = {
    "nama",
    "judul",
    "judul_en",
    "keterangan",
    "dasar_hukum",
    "turunan_dari",
    "isian_wajib",
    "tingkat_isian",
    "tingkat_kesalahan",
    "isian",
    "aturan",
}


class ProfileError(ValueError):
    """A profile that cannot be used; `issue` says what is wrong, where, and what to do about it."""

    def __init__(self, code: str, **params: Any) -> None:
        self.issue = Issue(code, "error", "", None, {name: excerpt(value, 300) for name, value in params.items()})
        super().__init__(f"{code}: {self.issue.message('en')} {self.issue.remedy('en')}")


@dataclass(frozen=True)
class Weight:
    """How much a finding counts: `severity`, or None for switched off; an error `since` a date is a warning before
    it.
    """

    severity: Severity | None
    since: str | None = None

    def on(self, today: date | None) -> tuple[Severity | None, int | None]:
        """The severity that counts on a day and, while the date is still ahead, the days left.

        Without a day the date counts as ahead.
        """
        if self.since is None or self.severity != "error":
            return self.severity, None
        if today is None:
            return "warning", None
        left = (date.fromisoformat(self.since) - today).days
        return ("warning", left) if left > 0 else ("error", None)


@dataclass(frozen=True)
class Profile:
    """A rule book's choice of what binds.

    `required` maps field names to their weight, `rules` issue codes to theirs.
    """

    name: str
    label: str
    label_en: str
    note: str = ""
    legal_basis: str = ""
    errors: Severity = "error"
    required: Mapping[str, Weight] = field(default_factory=dict)
    rules: Mapping[str, Weight] = field(default_factory=dict)

    @staticmethod
    def load(name_or_path: str | Path | Mapping[str, Any] = DEFAULT) -> Profile:
        """A bundled profile by name, a region's own by the path of its YAML file, or one already read as a mapping.

        Raises ProfileError for an unknown name, unreadable YAML, an unknown key, field or code, and for one that
        would let personal data pass.
        """
        if isinstance(name_or_path, Mapping):
            return _read(name_or_path, "profile")
        text = str(name_or_path)
        if "/" not in text and not text.endswith((".yaml", ".yml")):
            return _bundled(text)
        path = Path(name_or_path)
        return _read(_parsed(path), path.name)

    @staticmethod
    def names() -> list[str]:
        """The bundled profiles."""
        return sorted(path.stem for path in FOLDER.glob("*.yaml"))

    def weight(self, code: str) -> Weight:
        """How much a rule's finding counts."""
        known = self.rules.get(code)
        if known is not None:
            return known
        usual = USUAL[code[0]]
        return Weight(self.errors if usual == "error" else usual)

    def in_force(self, today: date | None) -> list[str]:
        """The dated rules and fields that already bind: when this list grows, what is stored is to be assessed
        again.
        """
        dated = {**self.rules, **self.required}
        return sorted(name for name, weight in dated.items() if weight.since and weight.on(today)[0] == "error")

    def digest(self, today: date | None = None) -> str:
        """A hash over everything that can change an outcome."""
        told = [
            self.name,
            self.errors,
            sorted((name, weight.severity, weight.since) for name, weight in self.required.items()),
            sorted((code, weight.severity, weight.since) for code, weight in self.rules.items()),
            self.in_force(today),
        ]
        return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


@cache
def _bundled(name: str) -> Profile:
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise ProfileError("E-PRF-001", nama=name, pilihan=", ".join(Profile.names()))
    return _read(_parsed(path), name)


class _DatesAsWritten(yaml.SafeLoader):
    """A date that is none is told with its place, so it has to come here as it is written."""


_DatesAsWritten.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            document = yaml.load(file.read(1_000_000), _DatesAsWritten)  # noqa: S506 - a SafeLoader
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise ProfileError("E-PRF-002", berkas=path.name, alasan=_place_of(error)) from error
    if not isinstance(document, Mapping):
        raise ProfileError("E-PRF-002", berkas=path.name, alasan=type(document).__name__)
    return document


def _read(told: Mapping[str, Any], where: str) -> Profile:
    unknown = set(told) - _KEYS
    if unknown:
        keys = ", ".join(sorted(map(str, unknown)))
        raise ProfileError("E-PRF-003", berkas=where, kunci=keys, pilihan=", ".join(sorted(_KEYS)))
    base = Profile.load(told["turunan_dari"]) if told.get("turunan_dari") else None
    required = dict(base.required) if base else {}
    field_severity = _severity(told.get("tingkat_isian"), where, "tingkat_isian")
    for name in _required_by(told.get("isian_wajib")):
        required[name] = Weight(field_severity or "error")
    if field_severity and "isian_wajib" not in told:
        required = {name: Weight(field_severity, weight.since) for name, weight in required.items()}
    for name, weight in _weights(told.get("isian"), where, "isian").items():
        if name not in contract.fields():
            raise ProfileError("E-PRF-004", berkas=where, nama=name, usulan=_nearest(name, contract.fields()))
        required[name] = weight
    rules = dict(base.rules) if base else {}
    for code, weight in _weights(told.get("aturan"), where, "aturan").items():
        if code not in messages():
            raise ProfileError("E-PRF-005", berkas=where, nama=code, usulan=_nearest(code, messages()))
        if code in GATE and weight != Weight("error"):
            raise ProfileError("E-PRF-006", berkas=where, nama=code)
        rules[code] = weight
    errors = _severity(told.get("tingkat_kesalahan"), where, "tingkat_kesalahan") or (base.errors if base else "error")
    label = str(told.get("judul") or told.get("nama") or where)
    return Profile(
        name=str(told.get("nama") or Path(where).stem),
        label=label,
        label_en=str(told.get("judul_en") or label),
        note=str(told.get("keterangan") or ""),
        legal_basis=str(told.get("dasar_hukum") or ""),
        errors=errors,
        required={name: weight for name, weight in required.items() if weight.severity},
        rules={**rules, **{code: Weight("error") for code in GATE}},
    )


def _required_by(profile: Any) -> list[str]:
    if profile is None:
        return []
    names = [found.name for found in contract.fields().values() if profile in found.required_by]
    if not names:
        raise ProfileError("E-PRF-001", nama=profile, pilihan=", ".join(Profile.names()))
    return names


def _weights(told: Any, where: str, key: str) -> dict[str, Weight]:
    if told is None:
        return {}
    if not isinstance(told, Mapping):
        raise ProfileError("E-PRF-007", berkas=where, tempat=key, nilai=told)
    found = {}
    for name, said in told.items():
        here = f"{key}.{name}"
        if isinstance(said, Mapping):
            if set(said) - {"tingkat", "wajib_sejak"}:
                raise ProfileError("E-PRF-007", berkas=where, tempat=here, nilai=", ".join(map(str, said)))
            severity = _severity(said.get("tingkat", "error"), where, here)
            found[str(name)] = Weight(severity, _day(said.get("wajib_sejak"), where, here))
        else:
            found[str(name)] = Weight(_severity(said, where, here))
    return found


def _severity(said: Any, where: str, here: str) -> Severity | None:
    # YAML 1.1 reads a bare `off` as false.
    if said is None or said is False or said == "mati":
        return None
    if said in SEVERITIES:
        return said
    raise ProfileError("E-PRF-007", berkas=where, tempat=here, nilai=said)


def _nearest(name: object, known: Iterable[str]) -> str:
    """The known word that is most like one that is not."""
    every = sorted(known)
    return next(iter(difflib.get_close_matches(str(name), every, 1, 0)), every[0])


def _place_of(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return type(error).__name__ if mark is None else f"{mark.line + 1}:{mark.column + 1}"


def _day(said: Any, where: str, here: str) -> str | None:
    if said is None:
        return None
    try:
        return said.isoformat()[:10] if isinstance(said, date) else date.fromisoformat(str(said)).isoformat()
    except ValueError as error:
        raise ProfileError("E-PRF-008", berkas=where, tempat=here, nilai=said) from error
