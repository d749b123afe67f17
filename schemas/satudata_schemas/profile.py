"""Profiles: which rules bind, how much they count, and from when.

A region brings its own as YAML; nothing here is code to change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from satudata_schemas import contract
from satudata_schemas.issue import SEVERITIES, USUAL, Severity, messages

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
    """A profile that cannot be used; the message says what and where."""


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
        raise ProfileError(f"profile {name!r} is not known; there are: {', '.join(Profile.names())}")
    return _read(_parsed(path), name)


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            document = yaml.safe_load(file.read(1_000_000))
    except (OSError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileError(f"{path.name} cannot be read: {type(error).__name__}") from error
    if not isinstance(document, Mapping):
        raise ProfileError(f"{path.name} is not a mapping")
    return document


def _read(told: Mapping[str, Any], where: str) -> Profile:
    unknown = set(told) - _KEYS
    if unknown:
        raise ProfileError(
            f"{where}: unknown key {', '.join(sorted(map(str, unknown)))}; known are {', '.join(sorted(_KEYS))}"
        )
    base = Profile.load(told["turunan_dari"]) if told.get("turunan_dari") else None
    required = dict(base.required) if base else {}
    field_severity = _severity(told.get("tingkat_isian"), f"{where}: tingkat_isian")
    for name in _required_by(told.get("isian_wajib"), where):
        required[name] = Weight(field_severity or "error")
    if field_severity and "isian_wajib" not in told:
        required = {name: Weight(field_severity, weight.since) for name, weight in required.items()}
    for name, weight in _weights(told.get("isian"), f"{where}: isian").items():
        if name not in contract.fields():
            raise ProfileError(f"{where}: isian: the contract knows no field {name!r}")
        required[name] = weight
    rules = dict(base.rules) if base else {}
    for code, weight in _weights(told.get("aturan"), f"{where}: aturan").items():
        if code not in messages():
            raise ProfileError(f"{where}: aturan: there is no issue code {code!r}")
        if code in GATE and weight != Weight("error"):
            raise ProfileError(
                f"{where}: aturan: {code} keeps personal data and records without identity out and cannot be weakened"
            )
        rules[code] = weight
    errors = _severity(told.get("tingkat_kesalahan"), f"{where}: tingkat_kesalahan") or (
        base.errors if base else "error"
    )
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


def _required_by(profile: Any, where: str) -> list[str]:
    if profile is None:
        return []
    names = [found.name for found in contract.fields().values() if profile in found.required_by]
    if not names:
        raise ProfileError(f"{where}: isian_wajib: no field of the contract is required by {profile!r}")
    return names


def _weights(told: Any, where: str) -> dict[str, Weight]:
    if told is None:
        return {}
    if not isinstance(told, Mapping):
        raise ProfileError(f"{where} is not a mapping")
    found = {}
    for name, said in told.items():
        here = f"{where}: {name}"
        if isinstance(said, Mapping):
            if set(said) - {"tingkat", "wajib_sejak"}:
                raise ProfileError(f"{here}: only tingkat and wajib_sejak may stand here")
            found[str(name)] = Weight(
                _severity(said.get("tingkat", "error"), here), _day(said.get("wajib_sejak"), here)
            )
        else:
            found[str(name)] = Weight(_severity(said, here))
    return found


def _severity(said: Any, where: str) -> Severity | None:
    # YAML 1.1 reads a bare `off` as false.
    if said is None or said is False or said == "mati":
        return None
    if said in SEVERITIES:
        return said
    raise ProfileError(f"{where}: {said!r} is none of {', '.join(SEVERITIES)}, mati")


def _day(said: Any, where: str) -> str | None:
    if said is None:
        return None
    try:
        return said.isoformat()[:10] if isinstance(said, date) else date.fromisoformat(str(said)).isoformat()
    except ValueError as error:
        raise ProfileError(f"{where}: wajib_sejak {said!r} is not a date like 2027-01-01") from error
