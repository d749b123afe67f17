"""Personal data in tables: decided by column, from the share of values that can be what the column seems to be, and
from its header.

Streams: memory does not grow with the table. Says counts and a masked example, never a value. Ordinary breakdowns
("agama", "jenis_kelamin") are no personal data; in a table of persons they are what makes it sensitive (UU 27/2022
Pasal 4).

Rows are taken in batches. A batch without ten digits in a row, an @ or an exponent, as nearly all of statistics are, is
passed over by one search; the others are looked at column by column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, zip_longest
from typing import Any

from satudata_schemas import cell
from satudata_schemas.personal_data import NIK, Finding, contacts_in_text, mask, niks
from satudata_schemas.personal_headers import header_kind, is_code
from satudata_schemas.personal_tables import table_kind, tells_of_offices

__all__ = ["TableFinder", "header_kind", "in_rows"]

#: Rows of a batch, fewer where a line of the file is so long that as many would be more than these characters.
_BATCH, _BATCH_CHARACTERS = 128, 4_000_000
#: Rows whose cells tell how much a column varies and whether it holds words.
_SAMPLE = 300

#: How numbers are parted and wrapped; for their shape a plus counts as such too.
_PARTS = b" .-'`()\t\"=[]"
_SHAPE_PARTS = _PARTS + b"+"
_UNUSUAL_PARTS = str.maketrans("", "", "\u00a0\u2007\u202f\u2018\u2019\ufeff")
#: A text's shape: 0 for every digit, e for that of an exponent, a for whatever else makes the digits beside it a piece
#: of a longer text.
_BESIDE = b"/:;,_#ABCDFGHIJKLMNOPQRSTUVWXYZabcdfghijklmnopqrstuvwxyz"
_SHAPE = bytes.maketrans(b"0123456789Ee" + _BESIDE, b"0" * 10 + b"ee" + b"a" * len(_BESIDE))
_TEN_DIGITS = b"0" * 10
_EXPONENT = re.compile(rb"^[1-9](?:[.,][0-9]+)?[eE]\+?15$", re.MULTILINE)
#: A decimal fraction or an amount in groups of three.
_AMOUNT = re.compile(rb"^[-+ ]*[0-9]{1,3}(?:(?:[.,][0-9]{3}){2,}(?:[.,][0-9]{1,2})?|[.,][0-9]{4,}) *$", re.MULTILINE)
_VALID = re.compile(rf"^{NIK}$".encode(), re.MULTILINE)
_NIP = re.compile(
    rb"^(?:19[3-9][0-9]|20(?:0[0-9]|1[0-5]))(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    rb"(?:19[6-9][0-9]|20[0-9]{2})(?:0[1-9]|1[0-2])[12](?!000)[0-9]{3}$",
    re.MULTILINE,
)
_PHONE = re.compile(rb"^(?:\+?62|0)8[1-9][0-9]{7,10}$", re.MULTILINE)
_BARE_PHONE = re.compile(rb"^(?:\+?62|0)?8[1-9][0-9]{7,10}$", re.MULTILINE)
_NPWP = re.compile(rb"^[0-9]{2}\.[0-9]{3}\.[0-9]{3}\.[0-9]-[0-9]{3}\.[0-9]{3}$", re.MULTILINE)
_COMPANY = re.compile(rb"^0[0-9]{15}$", re.MULTILINE)
_FIFTEEN = re.compile(rb"^[0-9]{15}$", re.MULTILINE)
_DIGITS = {length: b"0" * length for length in (16, 18)}
_PHONE_SHAPES = frozenset(b"0" * length for length in range(9, 16))
_UNDER_A_HEADER = {
    "account": re.compile(r"[0-9]{8,20}"),
    "student": re.compile(r"[0-9]{8,10}"),
    "insurance": re.compile(r"[0-9]{10,13}|[0-9]{16}"),
    "passport": re.compile(r"[A-Z]{1,2}[0-9]{6,7}"),
}


@dataclass
class _Column:
    """What was seen of one column: how many cells can be what, and one of each masked.

    `looked_at` counts the filled cells of batches that were looked at, `passed_over` the rows of the others.
    """

    title: str
    kind: str | None
    looked_at: int = 0
    passed_over: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    days: set[bytes] = field(default_factory=set)
    sample: list[Any] = field(default_factory=list)

    def __getitem__(self, what: str) -> int:
        return self.counts.get(what, 0)

    def note(self, what: str, values: Sequence[bytes | str]) -> None:
        """Counts values of a kind and keeps one of them, masked."""
        if values:
            self.counts[what] = self.counts.get(what, 0) + len(values)
            if what not in self.examples:
                first = values[0]
                self.examples[what] = mask(first.decode() if isinstance(first, bytes) else first)

    @cached_property
    def told(self) -> list[Any]:
        """The sample's cells that say anything."""
        return [clean for clean in map(cell.clean, self.sample) if clean is not None]

    @property
    def filled(self) -> int:
        """The filled cells; what was passed over is taken to be filled as the sample is."""
        return self.looked_at + round(self.passed_over * len(self.told) / max(len(self.sample), 1))

    @cached_property
    def varies(self) -> bool:
        """Whether its values differ from row to row, as those of persons do; a code of an office repeats."""
        return len(set(map(str, self.told))) * 2 > len(self.told) > 0

    @cached_property
    def words(self) -> bool:
        """Whether most of it is words, neither numbers nor dates."""
        texts = [value for value in self.told if isinstance(value, str)]
        return sum(cell.number(one) is None and cell.as_date(one) is None for one in texts) * 2 > len(self.told)


class TableFinder:
    """Takes rows and says at the end what personal data the table holds.

    `longest` is the longest line of the file in bytes, where that is known: memory does not grow with it.
    """

    def __init__(self, header: Sequence[Any], *, longest: int = 0) -> None:
        self.columns = [_Column(str(title or ""), header_kind(title)) for title in header]
        self.rows = 0
        self._found_last = False
        self._sample: list[Sequence[Any]] = []
        self._room = max(1, min(_BATCH, _BATCH_CHARACTERS // max(longest, 1)))
        self._waiting: list[Sequence[Any]] = []

    def feed(self, row: Sequence[Any]) -> None:
        """Takes one row of raw or clean cells."""
        self._waiting.append(row)
        if len(self._waiting) >= self._room:
            self._look()

    def take(self, rows: Iterable[Sequence[Any]]) -> None:
        """Takes all rows of an iterable."""
        self._look()
        waiting = iter(rows)
        while batch := list(islice(waiting, self._room)):
            self._waiting = batch
            self._look()

    def findings(self) -> list[Finding]:
        """One Finding a column and kind, then what the columns together say of the table."""
        self._look()
        for at, column in enumerate(self.columns):
            column.sample = [row[at] for row in self._sample if at < len(row)]
        found = [one for column in self.columns for one in _judged(column)]
        offices = tells_of_offices(self.columns)
        found = [one for one in found if one.kind not in {"phone", "email"} or one.column not in offices]
        kind = table_kind(self.columns, {one.kind for one in found})
        return [*found, Finding(kind.name, self.rows, "***", kind.told_by)] if kind else found

    def _look(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        self.rows += len(batch)
        self._sample += [list(map(_short, row)) for row in batch[: _SAMPLE - len(self._sample)]]
        try:
            self._look_at(batch)
        except TypeError:
            self._look_at([[_as_text(value) for value in row] for row in batch])

    def _look_at(self, batch: Sequence[Sequence[str]]) -> None:
        """Passes over a batch, or looks at its columns; what was found in the last one is looked for there at once."""
        if not self._found_last:
            raw = _encoded("\n".join(map("\n".join, batch)))
            if not _is_suspicious(_shape(raw)):
                for column in self.columns:
                    column.passed_over += len(batch)
                return
        together = list(zip_longest(*batch, fillvalue=""))
        texts = ["\n".join(values) for values in together]
        self._found_last = False
        for column, text, values in zip(self.columns, texts, together, strict=False):
            raw = _encoded(text)
            shape = _shape(raw)
            if _is_suspicious(shape):
                self._found_last = True
                _count(column, raw, shape, values)
            else:
                column.passed_over += len(batch)


def in_rows(header: Sequence[Any], rows: Iterable[Sequence[Any]], *, longest: int = 0) -> list[Finding]:
    """The personal data of a whole table; `longest` as for `TableFinder`."""
    finder = TableFinder(header, longest=longest)
    finder.take(rows)
    return finder.findings()


def _short(value: Any) -> Any:
    return value[:200] if isinstance(value, str) else value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _encoded(text: str) -> bytes:
    return (text if text.isascii() else text.translate(_UNUSUAL_PARTS)).encode("utf-8", "surrogatepass")


def _shape(raw: bytes) -> bytes:
    return raw.translate(_SHAPE, _SHAPE_PARTS)


def _is_suspicious(shape: bytes) -> bool:
    """A quick no for text with neither ten digits in a row, however parted, nor an @ or an exponent."""
    return _TEN_DIGITS in shape or b"0e00" in shape or b"@" in shape


def _count(column: _Column, raw: bytes, shape: bytes, values: Sequence[str]) -> None:
    """Count what the cells of a batch can be; `raw` are the same cells, one a line."""
    column.looked_at += len(values) - values.count("")
    if b"@" in raw:
        _note_contacts(column, [value for value in values if "@" in value])
    if b"0e00" in shape:
        column.note("broken", _EXPONENT.findall(raw))
    if _TEN_DIGITS not in shape:
        return
    if b"." in raw or b"," in raw:
        column.note("npwp", _NPWP.findall(raw))
        raw = _AMOUNT.sub(b"", raw).replace(b".0\n", b"\n").removesuffix(b".0")
        shape = _shape(raw)
    _count_numbers(column, raw.translate(None, _PARTS), shape.split(b"\n"))
    shape = shape.replace(b"e", b"a")
    if b"a0000000000" in shape or b"0000000000a" in shape:
        _look_inside(column, [value for value in values if len(value) > 10 and not value.isdigit()])


def _count_numbers(column: _Column, plain: bytes, lines: Sequence[bytes]) -> None:
    """Count what cells of nothing but one number can be; `lines` are their shapes."""
    if sixteen := lines.count(_DIGITS[16]):
        column.counts["sixteen"] = column["sixteen"] + sixteen
        valid = _VALID.findall(plain)
        column.note("valid", valid)
        if len(column.days) < 32:
            column.days.update(one[6:8] for one in valid)
        if column.kind == "npwp":
            column.note("company", _COMPANY.findall(plain))
    if column.kind == "npwp":
        column.note("fifteen", _FIFTEEN.findall(plain))
    if _DIGITS[18] in lines:
        column.note("nip", _NIP.findall(plain))
    if not _PHONE_SHAPES.isdisjoint(lines):
        column.note("phone", (_BARE_PHONE if column.kind == "phone" else _PHONE).findall(plain))


def _note_contacts(column: _Column, values: Sequence[str]) -> None:
    found = [one for value in values for one in contacts_in_text(value[:10_000]) if one.kind == "email"]
    if found:
        column.counts["email"] = column["email"] + sum(one.count for one in found)
        column.examples.setdefault("email", found[0].example)


def _look_inside(column: _Column, values: Sequence[str]) -> None:
    """Numbers of persons within longer texts."""
    named = column.kind in {"nik", "kk"}
    column.note("nik_inside", [nik for value in values for nik in niks(value[:10_000], named=named)])
    for value in values:
        for one in contacts_in_text(value[:10_000]):
            if one.kind != "email":
                what = f"{one.kind}_inside"
                column.counts[what] = column[what] + one.count
                column.examples.setdefault(what, one.example)


def _judged(column: _Column) -> Iterator[Finding]:
    if column.counts:
        yield from _numbers_judged(column)
        yield from _contacts_judged(column)
    # Too like other numbers to be told by value alone: only under a header of their own.
    pattern = _UNDER_A_HEADER.get(column.kind or "")
    if pattern and sum(pattern.fullmatch(_bare(value)) is not None for value in column.told) * 2 > len(column.told):
        yield Finding(str(column.kind), column.filled, "***", column.title)


def _numbers_judged(column: _Column) -> Iterator[Finding]:
    promised = column.kind in {"nik", "kk"}
    if column.kind == "npwp":
        yield from _found(column, "npwp", ("npwp", "fifteen", "valid", "company"))
    else:
        valid = column["valid"] and (promised or column["sixteen"] < 3 or _usual(column))
        yield from _found(column, "kk" if column.kind == "kk" else "nik", (*(["valid"] if valid else []), "nik_inside"))
        yield from _found(column, "npwp", ("npwp", "npwp_inside"))
    if column["broken"] and (promised or column["broken"] * 2 > column.filled):
        yield from _found(column, "broken_identity", ("broken",))


def _contacts_judged(column: _Column) -> Iterator[Finding]:
    yield from _found(column, "email", ("email",))
    for kind in ("nip", "phone"):
        many = column[kind] >= 3 and column[kind] * 2 > column.filled and not is_code(column.title)
        whole = [kind] if column.kind == kind or many else []
        yield from _found(column, kind, (*whole, f"{kind}_inside"))


def _usual(column: _Column) -> bool:
    """Whether the valid ones among numbers of sixteen digits are persons': most of them are valid, they differ, and
    so do the days in them, which those of numbers with region and year do not.
    """
    if column["valid"] < 3 or column["valid"] * 2 <= column["sixteen"]:
        return False
    if len(column.days) * 4 < min(column["valid"], 32):
        return False
    return column["sixteen"] * 2 < column.filled or column.varies


def _bare(value: Any) -> str:
    return re.sub(r"[ .\-']", "", str(value)[:100])


def _found(column: _Column, kind: str, whats: Sequence[str]) -> Iterator[Finding]:
    """One Finding of what was counted under these names, where there is any."""
    told = [what for what in whats if column[what]]
    if told:
        count = sum(column[what] for what in told)
        yield Finding(kind, count, column.examples[told[0]], column.title or None)
