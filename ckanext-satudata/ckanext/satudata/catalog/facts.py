"""What a record says about a dataset beside its fields: access class, due date, principles met, moments in UTC."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from satudata_schemas import contract, timeliness
from satudata_schemas.assess import Assessment
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import Issue
from satudata_schemas.label import conforms


def principles(assessment: Assessment) -> dict[str, dict[str, Any]]:
    """Points of each principle as the record keeps them, and whether it is met: nothing found that it forbids."""
    against = {issue.principle for issue in assessment.issues if issue.code.startswith("E-")}
    whole = conforms(assessment.issues)
    return {
        name: {
            "points": round(found.points, 2),
            "max": found.max,
            "met": whole or (None not in against and name not in against),
        }
        for name, found in assessment.principles.items()
    }


def is_note(code: str) -> bool:
    """Whether an issue says how a record came (sent twice, unreadable, not storable), and nothing of its content."""
    return code == "W-DUP-001" or code.startswith(("E-TRK-", "E-SMP-"))


def codes_of(issues: Iterable[Issue]) -> str:
    """Codes with how often each was found, as a record keeps them: `E-META-001*3 W-INT-002*1`; no notes."""
    counts = Counter(issue.code for issue in issues if not is_note(issue.code))
    return " ".join(f"{code}*{times}" for code, times in sorted(counts.items()))


def count_codes(rows: Iterable[tuple[str, int]]) -> Counter[str]:
    """How often each code was found, from what records keep and how many records keep the same."""
    counts: Counter[str] = Counter()
    for codes, records in rows:
        for entry in codes.split():
            code, _, times = entry.partition("*")
            counts[code] += int(times) * records
    return counts


def access_class(dataset: Dataset) -> str:
    """terbuka, terbatas or tertutup; what cannot be read as one of them is taken as the strictest, never as open."""
    said = dataset.text("hak_akses")
    if not said:
        return "terbuka"
    return contract.vocabulary("hak_akses").resolve(said) or "tertutup"


def due(dataset: Dataset) -> dt.date | None:
    """When the next release is due: as announced, else the last one plus what the schedule allows."""
    return _day(dataset.text("tanggal_rilis_berikut")) or timeliness.due(dataset)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def moment(value: Any) -> dt.datetime | None:
    """A source's date as a moment in UTC; without a zone it is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = dt.datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        return found.astimezone(dt.timezone.utc) if found.tzinfo else utc(found)
    except (ValueError, OverflowError):
        return None


def utc(naive: dt.datetime) -> dt.datetime:
    """CKAN's naive time as what it is."""
    return naive.replace(tzinfo=dt.timezone.utc)
