"""The one question this package answers: what is this dataset worth, and what should be mended first?"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Literal

from satudata_schemas import checks, contract, label, score
from satudata_schemas.contract import Field
from satudata_schemas.dataset import Dataset, plain_text
from satudata_schemas.file_facts import FileFacts
from satudata_schemas.issue import Issue
from satudata_schemas.profile import GATE, Profile, Weight
from satudata_schemas.reference import Reference
from satudata_schemas.score import Principle
from satudata_schemas.suggest import WORDS_FILE, Suggestion, suggest

Hasil = Literal["layak", "perlu_perbaikan", "tidak_dimuat"]

#: How many findings of one code are kept: a catalogue page with 10,000 broken links needs no 10,000 sentences.
MOST_OF_ONE_CODE = 50
#: Bumped when a rule's code changes an outcome, so that stored assessments are made again.
RULES_EDITION = "2"
#: Findings after which a value that is there does not earn its points.
_SPOILS = frozenset(
    {
        "W-TIPE-001",
        "W-VOK-001",
        "W-WAKTU-001",
        "W-WAKTU-002",
        "E-REF-002",
        "W-REF-003",
        "W-REF-004",
        "W-META-010",
        "W-META-011",
        "W-META-012",
    }
)


@dataclass(frozen=True)
class Assessment:
    """What the machine says of one dataset: `hasil`, the score with all its points, every issue at once, and what
    could be filled in for it.
    """

    hasil: Hasil
    score: float
    principles: Mapping[str, Principle]
    issues: tuple[Issue, ...]
    suggestions: tuple[Suggestion, ...] = ()
    more: Mapping[str, int] = field(default_factory=dict)

    @property
    def conforms(self) -> bool:
        """Whether the dataset meets the four principles, whatever the profile lets pass."""
        return label.conforms(self.issues)

    def mend_first(self) -> list[dict[str, Any]]:
        """What to mend, most points first: `[{principle, name, pointer, points}]`."""
        open_points = [
            {
                "principle": principle.name,
                "name": part.name,
                "pointer": part.pointer,
                "points": round(part.max - part.points, 2),
            }
            for principle in self.principles.values()
            for part in principle.parts
            if part.max - part.points > 0.005
        ]
        return sorted(open_points, key=lambda one: -one["points"])

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, without text: sentences are made when read."""
        return {
            "hasil": self.hasil,
            "score": self.score,
            "principles": {name: principle.to_dict() for name, principle in self.principles.items()},
            "issues": [issue.to_dict() for issue in self.issues],
            "suggestions": [suggestion.to_dict() for suggestion in self.suggestions],
        }


def assess(
    dataset: Dataset | Mapping[str, Any],
    profile: Profile,
    *,
    reference: Reference,
    files: Mapping[str, FileFacts] | None = None,
    today: date | None = None,
) -> Assessment:
    """Judges one dataset by a profile. Touches neither network nor clock nor database, and never raises on what a
    source may send.

    `files` maps a resource's url to what is known of the file; what is absent is not counted. `today` decides rules
    binding from a date
    (`wajib_sejak`); without it they only warn.
    """
    subject = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
    issues: list[Issue] = []
    seen: Counter[str] = Counter()
    filled = score.given(subject)
    for code, at, principle, params, weight in _findings(subject, profile, reference, files, filled):
        severity, days_left = weight.on(today)
        if severity is None:
            continue
        seen[code] += 1
        if seen[code] <= MOST_OF_ONE_CODE:
            dated = {"wajib_sejak": weight.since, "sisa_hari": days_left or 0} if weight.since else {}
            issues.append(Issue(code, severity, at, principle, params | dated))
    wrong = {issue.pointer for issue in issues if issue.code in _SPOILS}
    earned = score.principles(subject, filled, wrong, files)
    more = {code: count - MOST_OF_ONE_CODE for code, count in seen.items() if count > MOST_OF_ONE_CODE}
    return Assessment(
        _hasil(issues), score.total(earned), earned, tuple(issues), tuple(suggest(subject, reference)), more
    )


def rules_version(profile: Profile, reference: Reference, mapping: object = None, *, today: date | None = None) -> str:
    """A hash over everything but the dataset that decides an assessment: contract, rules, profile, codes, mapping
    (anything with a stable `repr`).

    Equal version and equal fingerprint: the record need not be looked at again. `today` lets it change on the day a
    dated rule begins to bind.
    """
    told = (RULES_EDITION, _codes_digest(), contract.digest(), profile.digest(today), reference.version, repr(mapping))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _findings(
    dataset: Dataset,
    profile: Profile,
    reference: Reference,
    files: Mapping[str, FileFacts] | None,
    filled: Mapping[str, bool],
) -> Iterator[tuple[str, str, str | None, dict[str, Any], Weight]]:
    for rule in checks.RULES:
        if rule.reads == "files" and not files:
            continue
        for at, params, code, principle in rule.check(dataset, files if rule.reads == "files" else reference):
            named = code or rule.codes[0]
            yield named, at, principle or rule.principle, params, profile.weight(named)
    yield from _missing(dataset, profile, filled)


#: Fields whose absence has a code of its own.
_OWN_CODE = frozenset({"title", "owner_org", "resources"})


def _missing(
    dataset: Dataset, profile: Profile, filled: Mapping[str, bool]
) -> Iterator[tuple[str, str, str | None, dict[str, Any], Weight]]:
    """What the profile asks for and the dataset does not say: E-META-001, one a field."""
    known: Mapping[str, Field] = contract.fields()
    for name, weight in profile.required.items():
        if filled.get(name) or name in _OWN_CODE:
            continue
        field = known[name]
        if name not in filled and (
            field.required_by or dataset.filled(name) or not score.applies(field, score.context_of(dataset))
        ):
            continue
        yield "E-META-001", "/" + name, field.principle, {"isian": name}, weight
    if "resources" not in profile.required:
        return
    weight = profile.required["resources"]
    for at, resource in enumerate(dataset.resources):
        for name in ("name", "format"):
            if not plain_text(resource.get(name)):
                yield "E-META-001", f"/resources/{at}/{name}", contract.resource_fields()[name].principle, {}, weight


def _hasil(issues: list[Issue]) -> Hasil:
    errors = [issue for issue in issues if issue.severity == "error"]
    if any(issue.code in GATE for issue in errors):
        return "tidak_dimuat"
    return "perlu_perbaikan" if errors else "layak"


@cache
def _codes_digest() -> str:
    state = hashlib.sha256("\n".join(",".join(rule.codes) for rule in checks.RULES).encode())
    state.update(WORDS_FILE.read_bytes())
    return state.hexdigest()
