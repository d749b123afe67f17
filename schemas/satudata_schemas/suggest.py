"""Suggestions: what can be inferred is offered with its reason, never passed off as given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from satudata_schemas import contract
from satudata_schemas.dataset import Dataset
from satudata_schemas.reference import Reference

_YEARS = re.compile(
    r"(?<!\d)((?:19|20)\d{2})(?:\s*(?:-|–|s\.?d\.?|sampai(?: dengan)?|hingga)\s*((?:19|20)\d{2}))?(?!\d)", re.IGNORECASE
)
_REGION = re.compile(r"\b((?:kabupaten|kab\.?|kota|provinsi|prov\.?)\s+[a-z][a-z'’ \-]{2,60})", re.IGNORECASE)


@dataclass(frozen=True)
class Suggestion:
    """A value a field could take: `reason` is a code of the messages, `params` the values its sentence needs."""

    field: str
    value: Any
    confidence: Literal["high", "medium", "low"]
    reason: str
    params: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "field": self.field,
            "value": self.value,
            "confidence": self.confidence,
            "reason": self.reason,
            "params": self.params,
        }


def suggest(dataset: Dataset, reference: Reference) -> Iterator[Suggestion]:
    """What the dataset's own words say of fields it leaves empty."""
    title = dataset.text("title")[:500]
    if not dataset.filled("periode_awal"):
        yield from _period(title)
    if not dataset.filled("ukuran"):
        yield from _measure(title)
    if not dataset.filled("kode_wilayah"):
        yield from _region(title, reference)


def _period(title: str) -> Iterator[Suggestion]:
    found = list(_YEARS.finditer(title))
    if len(found) == 1:
        first, last = found[0][1], found[0][2] or found[0][1]
        if first <= last:
            yield Suggestion("periode_awal", first, "high", "I-USUL-001", {"kata": found[0][0]})
            yield Suggestion("periode_akhir", last, "high", "I-USUL-001", {"kata": found[0][0]})


def _measure(title: str) -> Iterator[Suggestion]:
    words = title.split()
    for count in (2, 1):
        word = " ".join(words[:count])
        code = contract.vocabulary("ukuran").resolve(word)
        if code:
            yield Suggestion("ukuran", code, "high", "I-USUL-002", {"kata": word})
            return


def _region(title: str, reference: Reference) -> Iterator[Suggestion]:
    match = _REGION.search(title)
    words = match[1].split() if match else []
    for count in range(min(len(words), 6), 1, -1):
        name = " ".join(words[:count])
        found = [region for region in reference.wilayah.find(name) if region.level in {"provinsi", "kabkota"}]
        if len(found) == 1:
            yield Suggestion("kode_wilayah", found[0].code, "high", "I-USUL-003", {"kata": name, "nama": found[0].name})
            return
