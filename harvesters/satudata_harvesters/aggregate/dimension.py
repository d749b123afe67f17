"""The dimensions of a table: from what an application wrote into a cell to a code and its name.

A value is looked at once: what a column holds repeats, so the answers are remembered while a source is counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, Literal

from satudata_harvesters import values
from satudata_schemas import personal_data
from satudata_schemas.reference import Reference, Region

BUCKETS = ("day", "month", "quarter", "year")
LEVELS = ("provinsi", "kabkota", "kecamatan")
#: What stands for a value the application left empty, or that cannot be read.
UNKNOWN = "Tidak diketahui"
#: What stands for a value that is not on the template's list.
OTHER = "Lainnya"
#: A total's place along a dimension it sums over.
TOTAL = "Jumlah"
#: Longer texts are no name of a category.
LONGEST = 80
_MONTHS = (
    "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split()  # noqa: SIM905
)
_IN_TEXT = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_. ]?(0[1-9]|1[0-2])(?!\d)")
_NAMED = re.compile(r"([a-z]+)[\s_\-.]*((?:19|20)\d{2})(?!\d)")
_LIKE_PERSONAL = re.compile(r"\d{9}|@|(?:\d[ .-]?){10}")

#: What is wrong with a value: left empty, not to be read, not on the list, or about a person.
Fault = Literal["", "missing", "unread", "unlisted", "personal"]


@dataclass(frozen=True)
class GroupBy:
    """One dimension: a column of the application, what it is called in the table, and how its values are read.

    A date becomes a period (`bucket`); a code or name of a region its code (`region`, below the code `within`); a
    number with `digits`, cut to its first `take`; a dotted code its first `segments`; `values` are all there may be;
    `codes` are other spellings.
    """

    column: str
    name: str
    bucket: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    definition: str = ""
    values: tuple[str, ...] = ()
    region: str = ""
    within: str = ""
    digits: int = 0
    segments: int = 0
    take: int = 0

    @property
    def closed(self) -> bool:
        """Whether no text of the application's own can get into the table."""
        return bool(self.bucket or self.values or self.region or self.digits or self.segments)

    def value(self, row: Mapping[str, Any]) -> str:
        """The cell's coordinate along this dimension."""
        return self.read(row.get(self.column))[0]

    def read(self, raw: Any) -> tuple[str, Fault]:
        """(the coordinate of a raw value, what is wrong with it)."""
        if values.is_missing(raw):
            return UNKNOWN, "missing"
        if self.bucket:
            found = bucket(raw, self.bucket)
            return found, "unread" if found == UNKNOWN else ""
        written = " ".join((values.text(raw) or "").split())
        if not written:
            return UNKNOWN, "missing"
        if _LIKE_PERSONAL.search(written) and _about_a_person(written):
            return UNKNOWN, "personal"
        return self._named(self._spelled.get(written.casefold(), written))

    def _named(self, written: str) -> tuple[str, Fault]:
        if self.region:
            region = _region(written, self.region, self.within)
            return (region.code, "") if region else (UNKNOWN, "unlisted")
        if self.digits or self.segments:
            return self._code(written)
        if self.values:
            listed = self._listed.get(written.casefold())
            # A template that lists "Lainnya" expects others.
            return (listed, "") if listed else (OTHER, "" if OTHER in self.values else "unlisted")
        return (written, "") if len(written) <= LONGEST else (OTHER, "unlisted")

    def label(self, code: str) -> str:
        """The name of a coordinate: "Maret 2025", "Dongko"; for others the coordinate itself."""
        if self.bucket:
            return period_name(code)
        if self.region and code not in {UNKNOWN, TOTAL}:
            return _reference().wilayah.name(code) or code
        return code

    @property
    def columns(self) -> tuple[str, ...]:
        """What this dimension is called in the table: a code and its name where they differ."""
        if self.region:
            return (f"kode_{self.name}", self.name)
        return (self.name, f"nama_{self.name}") if self.bucket in {"month", "quarter"} else (self.name,)

    def told(self, code: str) -> tuple[str, ...]:
        """The coordinate under `columns`."""
        if self.region:
            return ("" if code in {UNKNOWN, TOTAL} else code, self.label(code))
        return (code, self.label(code)) if self.bucket in {"month", "quarter"} else (code,)

    def coordinate(self, told: Sequence[str]) -> str:
        """The coordinate that stands in the table as `told`."""
        return told[0] or told[1] if self.region else told[0]

    @cached_property
    def _spelled(self) -> dict[str, str]:
        return {key.casefold(): value for key, value in self.codes.items()}

    @cached_property
    def _listed(self) -> dict[str, str]:
        return {value.casefold(): value for value in self.values}

    def _code(self, written: str) -> tuple[str, Fault]:
        if self.segments:
            parts = written.split(".")
            fine = len(parts) >= self.segments and all(part.isdigit() for part in parts)
            return (".".join(parts[: self.segments]), "") if fine else (OTHER, "unlisted")
        plain = written.removesuffix(".0")
        fine = plain.isdigit() and plain.isascii() and len(plain) == self.digits
        return (plain[: self.take or self.digits], "") if fine else (OTHER, "unlisted")


@lru_cache(maxsize=1)
def _reference() -> Reference:
    return Reference.load()


@lru_cache(maxsize=4096)
def _region(written: str, level: str, within: str) -> Region | None:
    """The region of a code (dotted or not, also with more digits than its level) or of a name, below `within`."""
    wilayah = _reference().wilayah
    code = wilayah.read(written)
    if code:
        depth = LEVELS.index(level) + 1
        found = wilayah.get(".".join(code.split(".")[:depth]))
        return found if found and found.level == level and _below(found.code, within) else None
    bare = re.sub(r"^(?:kec(?:amatan)?|kab(?:upaten)?)\b\.?\s*", "", written, flags=re.IGNORECASE)
    named = wilayah.find(written, level=level) or wilayah.find(bare, level=level)  # type: ignore[arg-type]
    inside = [region for region in named if _below(region.code, within)]
    return inside[0] if len(inside) == 1 else None


def _below(code: str, within: str) -> bool:
    return not within or code == within or code.startswith(f"{within}.")


def _about_a_person(text: str) -> bool:
    return bool(personal_data.in_text(text) or personal_data.contacts_in_text(text))


# --- periods ---


def bucket(raw: Any, size: str) -> str:
    """A date as its day, month (`2024-08`), quarter (`2024-Q3`) or year, in WIB; unreadable ones are `UNKNOWN`."""
    found = values.day(raw) or _in_text(raw)
    if found is None or (size != "year" and len(found) == 4) or (size == "day" and len(found) < 10):
        return UNKNOWN
    return _cut(found, size)


def _cut(found: str, size: str) -> str:
    if size == "day":
        return found
    if size == "year":
        return found[:4]
    return f"{found[:4]}-Q{(int(found[5:7]) + 2) // 3}" if size == "quarter" else found[:7]


def _in_text(raw: Any) -> str | None:
    """The month in a file's name or a heading: `absensi-2025-01.xlsx`, `REKAP JANUARI 2025`."""
    if not isinstance(raw, str) or len(raw) > values.LONGEST:
        return None
    if match := _IN_TEXT.search(raw):
        return f"{match[1]}-{match[2]}"
    found = (values.day(f"{match[1]} {match[2]}") for match in _NAMED.finditer(raw.casefold()))
    return next(filter(None, found), None)


def coarser(period: str, size: str) -> str:
    """A period as the coarser one it lies in; UNKNOWN stays."""
    if period in {UNKNOWN, TOTAL}:
        return period
    return _cut(f"{period[:4]}-{months(period)[0][5:]}", size) if "-" in period else period[:4]


@lru_cache(maxsize=4096)
def months(period: str) -> tuple[str, ...]:
    """The months of a period, `2025-01` …; a day is in one; none for UNKNOWN."""
    year = period[:4]
    if not year.isdigit():
        return ()
    if len(period) == 4:
        return tuple(f"{year}-{month:02d}" for month in range(1, 13))
    if period[5] == "Q":
        return tuple(f"{year}-{month:02d}" for month in range(int(period[6]) * 3 - 2, int(period[6]) * 3 + 1))
    return (period[:7],)


def size_of(period: str) -> str:
    """How long a period is, as one of `BUCKETS`; empty for none."""
    if not period[:4].isdigit():
        return ""
    return {4: "year", 10: "day"}.get(len(period)) or ("quarter" if period[5] == "Q" else "month")


def period_name(code: str) -> str:
    """A period in words: "Maret 2025", "Triwulan I 2025", "2025", "9 Maret 2025"."""
    if not code[:4].isdigit() or len(code) == 4:
        return code
    if code[5] == "Q":
        return f"Triwulan {('I', 'II', 'III', 'IV')[int(code[6]) - 1]} {code[:4]}"
    month = f"{_MONTHS[int(code[5:7]) - 1]} {code[:4]}"
    return f"{int(code[8:])} {month}" if len(code) == 10 else month


def has_ended(period: str, today: date) -> bool:
    """Whether the whole period lies before today; one that cannot be read is taken to."""
    if len(period) == 10:
        return period < today.isoformat()
    last = months(period)[-1:]
    return not last or last[0] < f"{today:%Y-%m}"
