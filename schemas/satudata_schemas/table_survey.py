"""One pass over the rows of a table: what each column holds, its type and unit, and which rows are totals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, Literal

from satudata_schemas import cell, contract, table_totals
from satudata_schemas.issue import excerpt
from satudata_schemas.table_header import Header
from satudata_schemas.table_source import Row, Sheet

Type = Literal["teks", "bilangan_bulat", "bilangan", "tahun", "tanggal", "kode", "boolean"]
#: Rows that decide the types of columns.
_TYPED_ROWS = 5_000
_FOOTER = re.compile(
    r"(?:catatan|sumber|keterangan|ket|note|notes|source|ctt)\b\s*[.:]?|\*+\s*\)?\s*\w|\d{1,2}\s*\)", re.IGNORECASE
)
_CODE_WORDS = frozenset(
    {"kode", "id", "nik", "npsn", "nip", "npwp", "nisn", "kk", "kodepos", "telp", "telepon", "hp", "rt", "rw", "kbli"}
)
_NUMBERED = frozenset(
    {"induk", "ktp", "hp", "telp", "telepon", "rekening"}
    | {"provinsi", "kabupaten", "kota", "kecamatan", "kelurahan", "desa"}
)
_WORDS = re.compile(r"[_\s]+")
_YEAR_HEADER = re.compile(r"(?:^|[_\s])(?:tahun|thn|year)(?:[_\s]|$)", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_DIGIT = re.compile(r"[0-9]")
_UNIT = re.compile(r"[(\[]\s*([^()\[\]]{1,40})\s*[)\]]")


@dataclass(frozen=True)
class Column:
    """One column.

    `name` is unique within the table; `title` is as in the file; `at` its place there, from 0; `unit` a code of
    `satuan` or the text itself.
    """

    name: str
    title: str
    at: int
    type: Type
    unit: str | None = None
    period: str | None = None
    decimal: cell.Decimal = None
    filled: int = 0

    def value(self, raw: Any) -> Any:
        """A raw cell as this column's type; what does not fit stays text."""
        found = cell.clean(raw)
        if found is None or self.type in {"teks", "boolean"}:
            return found
        if self.type == "kode":
            return str(found)
        if self.type == "tanggal":
            return cell.as_date(found) or found
        told = cell.number(found, self.decimal)
        return found if told is None else int(told) if self.type == "tahun" else told


def body(
    rows: Iterable[Row], first_row: int, columns: int, notes: list[str] | None = None
) -> Iterator[tuple[int, Row]]:
    """(row number, cells as in the file) from the first row of data to the notes below, without empty rows."""
    ended = False
    for number, raw in enumerate(islice(rows, first_row - 1, None), start=first_row):
        first = next((said for value in raw if (said := cell.clean(value)) is not None), None)
        if first is None:
            continue
        ended = ended or _begins_notes(raw, first, columns)
        if not ended:
            yield number, raw
        elif notes is not None and len(notes) < 50:
            notes.append(excerpt(" ".join(str(value) for value in cleaned(raw) if value is not None), 200))


def cleaned(raw: Row) -> Row:
    """The cells of a row without what no reader wants."""
    return [cell.clean(value) for value in raw]


def _begins_notes(raw: Row, first: Any, columns: int) -> bool:
    if columns < 2 or not isinstance(first, str) or not (_FOOTER.match(first) or len(first) > 120):
        return False
    # What a cell says for "nothing" still makes the row one of data: "Makanan", "...", "...".
    return sum(value not in {None, ""} for value in raw if not isinstance(value, list)) <= 1


class Survey:
    """One pass over the body: what each column holds, how many rows there are, whether the first or last is a total."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.count = 0
        self.notes: list[str] = []
        size = len(header.labels)
        self.filled, self.numbers, self.years, self.dates, self.whole, self.codes = ([0] * size for _ in range(6))
        self.styles: list[Counter[str]] = [Counter() for _ in range(size)]
        self.texts: list[Counter[str]] = [Counter() for _ in range(size)]
        self.zeros, self.long = [False] * size, [False] * size
        self.sums = [0.0] * size
        self.first: tuple[int, Row] | None = None
        self.last: tuple[int, Row] | None = None
        self.levels: Counter[str] = Counter()
        self.totals: tuple[int, ...] = ()

    def take(self, source: Sheet) -> None:
        """Look at every row, then leave out again what those of totals say."""
        last: tuple[int, Row] | None = None
        for last in body(source.rows(), self.header.data + 1, len(self.header.labels), self.notes):
            self.count += 1
            if self.count <= _TYPED_ROWS:
                row = cleaned(last[1])
                self.first = self.first or (last[0], row)
                self._count(row, 1)
                self.levels[table_totals.level_of(row)] += 1
        self.last = (last[0], cleaned(last[1])) if last else None
        ends = self._ends()
        self.totals = tuple(number for number, row in ends.items() if self.count > 2 and self._is_total(row))
        for number in self.totals if self.count <= _TYPED_ROWS else ():
            self._count(ends[number], -1)

    def _count(self, row: Row, by: int) -> None:
        for at, value in enumerate(row[: len(self.filled)]):
            if value is not None:
                self._cell(at, value, by)

    def _cell(self, at: int, value: Any, by: int) -> None:
        self.filled[at] += by
        told = cell.number(value)
        if told is None:
            self._words(at, str(value), by)
            return
        self.numbers[at] += by
        self.years[at] += by * cell.is_year(value)
        self.whole[at] += by * (isinstance(told, int) or told.is_integer())
        self.sums[at] += by * told
        if isinstance(value, str):
            style = cell.decimal_style(value)
            if style:
                self.styles[at][style] += by
            self.zeros[at] = self.zeros[at] or re.match(r"0\d", value) is not None
            self.long[at] = self.long[at] or re.fullmatch(r"\d{14,}", value) is not None

    def _words(self, at: int, text: str, by: int) -> None:
        if cell.as_date(text):
            self.dates[at] += by
        elif len(text) < 30 and _DIGIT.search(text):
            self.codes[at] += by
        if by < 0:
            self.texts[at] -= Counter([text[:80]])
        elif len(self.texts[at]) < 200:
            self.texts[at][text[:80]] += 1

    def columns(self) -> tuple[Column, ...]:
        """The columns that hold or name anything, with unique names."""
        met: Counter[str] = Counter()
        found = []
        for at, label in enumerate(self.header.labels):
            if not label and not self.filled[at]:
                continue
            title = label or f"kolom_{at + 1}"
            met[title.casefold()] += 1
            again = met[title.casefold()]
            found.append(self._column(at, title, title if again == 1 else f"{title}_{again}"))
        return tuple(found)

    def _column(self, at: int, title: str, name: str) -> Column:
        years = _YEAR.findall(title) or _YEAR.findall(self.header.title)
        style = (+self.styles[at]).most_common(1)
        return Column(
            name=name,
            title=title,
            at=at,
            type=self._type(at, title),
            unit=self._unit(at, title),
            period=years[-1] if years else None,
            decimal="," if style and style[0][0] == "," else "." if style else None,
            filled=self.filled[at],
        )

    def _type(self, at: int, title: str) -> Type:
        filled, numbers = self.filled[at], self.numbers[at]
        if filled == 0:
            # Filled with "-" so far, among numbers: the months of this year that are still to come.
            beside = [place for place in range(1, len(self.filled)) if self.filled[place]]
            numeric = [place for place in beside if self.numbers[place] * 10 >= self.filled[place] * 8]
            return (
                "bilangan" if at and len(numeric) * 2 > len(beside) and self.header.last > self.header.first else "teks"
            )
        if numbers * 10 >= filled * 8:
            if self.zeros[at] or self.long[at] or _is_code(title):
                return "kode"
            if self.years[at] == numbers and (_YEAR_HEADER.search(title) or numbers == filled > 3):
                return "tahun"
            return "bilangan_bulat" if self._all_whole(at) else "bilangan"
        if (numbers + self.codes[at]) * 10 >= filled * 8 and _is_code(title):
            return "kode"
        return "tanggal" if self.dates[at] * 10 >= filled * 8 else "teks"

    def _all_whole(self, at: int) -> bool:
        return self.whole[at] == self.numbers[at] and not (self.styles[at]["."] and self.styles[at][","])

    def _unit(self, at: int, title: str) -> str | None:
        if not self.numbers[at]:
            return None
        for text in (title, self.header.title):
            for said in reversed(_UNIT.findall(text)):
                unit = _as_unit(said)
                if unit:
                    return unit
        return self._unit_of_the_row(at)

    def _unit_of_the_row(self, at: int) -> str | None:
        """A column "satuan" with one value gives the unit of the only measure beside it."""
        beside = [
            place
            for place, label in enumerate(self.header.labels)
            if re.fullmatch(r"satuan|unit", label.strip(), re.IGNORECASE)
        ]
        measures = [
            place
            for place, label in enumerate(self.header.labels)
            if self._type(place, label) in {"bilangan", "bilangan_bulat"}
            and not re.fullmatch(r"(?:id|no|nomor|urutan|id_index)\.?", label.strip(), re.IGNORECASE)
        ]
        if len(beside) != 1 or len(self.texts[beside[0]]) != 1 or measures != [at]:
            return None
        (said,) = self.texts[beside[0]]
        inner = _UNIT.findall(said)
        units = contract.vocabulary("satuan")
        return (
            units.resolve(said)
            or next((code for one in inner if (code := units.resolve(one))), None)
            or said.casefold()
        )

    def _ends(self) -> dict[int, Row]:
        return dict(end for end in (self.first, self.last) if end)

    def _is_total(self, row: Row) -> bool:
        label = table_totals.label_of(row)
        place = next((at for at, value in enumerate(row) if value == label), 0) if label else 0
        others = {text.casefold() for text in self.texts[place]} - {label.casefold()} if label else set()
        about = f"{self.header.title} {' '.join(self.header.labels)}"
        return table_totals.names_the_whole(label, about, others, self.levels) or self._adds_up(row)

    def _adds_up(self, row: Row) -> bool:
        """Whether most of a row's numbers are the sums of those of the other rows."""
        compared = agreed = 0
        for at, value in enumerate(row[: len(self.sums)]):
            told = cell.number(value)
            if told and self.count <= _TYPED_ROWS and self.numbers[at] > 2 and self.years[at] != self.numbers[at]:
                compared += 1
                agreed += abs(self.sums[at] - 2 * told) <= abs(told) * 0.005
        # One column can add up by chance, the more easily the fewer rows there are.
        return agreed * 2 > compared and (compared > 1 or self.count > 9)


def _is_code(title: str) -> bool:
    """Whether a name is that of a code: "kode wilayah", "no_induk"; numbers below it are no amounts."""
    words = _WORDS.split(title.casefold())
    numbered = any(first in {"no", "nomor"} and second in _NUMBERED for first, second in pairwise(words))
    return numbered or not _CODE_WORDS.isdisjoint(words)


def _as_unit(said: str) -> str | None:
    """What stands in brackets behind a name, where it is a unit."""
    units = contract.vocabulary("satuan")
    if cell.is_year(said):
        return None
    if said.strip().casefold() in {"ribu", "juta", "miliar", "milyar"}:
        return said.strip().casefold()
    return units.resolve(said) or units.resolve(said.rsplit(maxsplit=1)[-1])
