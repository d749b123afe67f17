"""Tables as offices make them: finds the header, names the columns, tells their types, units and periods, and gives
clean rows.

[table] = tables.read(Path("penduduk.csv"))
table.columns[1].unit, table.row_count, next(table.rows())
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from satudata_schemas import cell, contract, table_header
from satudata_schemas.issue import Issue, excerpt
from satudata_schemas.reference import Reference
from satudata_schemas.table_header import Header
from satudata_schemas.table_source import Limits, Row, Sheet, TableError, sheets

__all__ = ["Column", "Limits", "Table", "TableError", "read"]

Type = Literal["teks", "bilangan_bulat", "bilangan", "tahun", "tanggal", "kode", "boolean"]
#: Rows that decide the types of columns.
_TYPED_ROWS = 5_000
_FOOTER = re.compile(
    r"(?:catatan|sumber|keterangan|ket|note|notes|source|ctt)\b\s*[.:]?|\*+\s*\)?\s*\w|\d{1,2}\s*\)", re.IGNORECASE
)
_TOTAL = re.compile(
    r"(?:grand\s+)?(?:sub\s*)?(?:total|jumlah)(?:\s+(?:total|keseluruhan|semua|seluruh|akhir))?\s*:?\Z"
    r"|indonesia\Z|nasional\Z",
    re.IGNORECASE,
)
_CODE_HEADER = re.compile(
    r"(?:^|[_\s])(?:kode|id|nik|npsn|nip|npwp|nisn|kk|kodepos|telp|telepon|hp|rt|rw|kbli"
    r"|no(?:mor)?[_ ](?:induk|ktp|hp|telp|telepon|rekening|provinsi|kabupaten|kota|kecamatan|kelurahan|desa))"
    r"(?:[_\s]|$)",
    re.IGNORECASE,
)
_YEAR_HEADER = re.compile(r"(?:^|[_\s])(?:tahun|thn|year)(?:[_\s]|$)", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
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


@dataclass(frozen=True)
class Table:
    """A table found in a file. Row numbers count from 1 as people see them; `row_count` leaves out totals and notes."""

    sheet: str | None
    format: str
    title: str
    header_row: int
    header_rows: int
    first_row: int
    columns: tuple[Column, ...]
    row_count: int
    totals: tuple[int, ...]
    notes: tuple[str, ...]
    findings: tuple[Issue, ...]
    _source: Sheet = field(repr=False, compare=False)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Clean values in the order of `columns`, read from the file anew; without totals, empty rows and notes."""
        for _, row in self.numbered_rows():
            yield tuple(column.value(row[column.at]) if column.at < len(row) else None for column in self.columns)

    def numbered_rows(self) -> Iterator[tuple[int, Row]]:
        """(row number, cleaned cells) of the data."""
        skipped = set(self.totals)
        for number, row in _body(self._source.rows(), self.first_row, len(self.columns)):
            if number not in skipped:
                yield number, row

    def kamus_data(self) -> list[dict[str, Any]]:
        """A proposed data dictionary, to be completed by people: `[{nama, judul, tipe_data, satuan,
        kode_referensi}]`.
        """
        return [
            {key: value for key, value in told.items() if value}
            for told in (
                {
                    "nama": column.name,
                    "judul": column.title if column.title != column.name else None,
                    "tipe_data": column.type,
                    "satuan": column.unit,
                    "kode_referensi": _code_list(column),
                }
                for column in self.columns
            )
        ]


def read(path: Path | str, limits: Limits | None = None) -> list[Table]:
    """Every table of a file, one a sheet; sheets without one are left out.

    Raises TableError when the file is no table at all.
    """
    sources = sheets(Path(path), limits or Limits())
    found = [table for table in map(_table, sources) if table]
    if not found:
        raise TableError("E-TBL-012")
    return found


def _table(source: Sheet) -> Table | None:
    sample = [table_header.sampled(row) for row in islice(source.rows(), table_header.SAMPLE)]
    header = table_header.find(sample)
    if header is None:
        return None
    survey = _Survey(header)
    survey.take(source)
    columns = survey.columns()
    if not columns:
        return None
    totals = survey.totals()
    return Table(
        sheet=source.name,
        format=source.format,
        title=header.title or _title_above(sample, header),
        header_row=header.last + 1,
        header_rows=sum(any(value is not None for value in row) for row in sample[header.first : header.last + 1]),
        first_row=header.data + 1,
        columns=columns,
        row_count=survey.count - len(totals),
        totals=tuple(totals),
        notes=tuple(survey.notes),
        findings=tuple(_findings(source, header, sample, columns, survey, totals)),
        _source=source,
    )


def _body(
    rows: Iterable[Row], first_row: int, columns: int, notes: list[str] | None = None
) -> Iterator[tuple[int, Row]]:
    """(row number, cleaned cells) from the first row of data to the notes below, without empty rows."""
    ended = False
    for number, raw in enumerate(rows, start=1):
        if number < first_row:
            continue
        row = [cell.clean(value) for value in raw]
        # What a cell says for "nothing" still makes the row one of data: "Makanan", "...", "...".
        said = [value for value in row if value is not None]
        if not said:
            continue
        ended = ended or _begins_notes(raw, said, columns)
        if ended:
            if notes is not None and len(notes) < 50:
                notes.append(excerpt(" ".join(str(value) for value in said), 200))
        else:
            yield number, row


def _begins_notes(raw: Row, said: list[Any], columns: int) -> bool:
    if len(said) > 1 or columns < 2 or sum(value not in {None, ""} for value in raw if not isinstance(value, list)) > 1:
        return False
    text = said[0]
    return isinstance(text, str) and (_FOOTER.match(text) is not None or len(text) > 120)


class _Survey:
    """One pass over the body: what each column holds, how many rows there are, whether the first or last is a total."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.count = 0
        self.notes: list[str] = []
        size = len(header.labels)
        self.filled, self.numbers, self.years, self.dates, self.whole = ([0] * size for _ in range(5))
        self.styles: list[Counter[str]] = [Counter() for _ in range(size)]
        self.texts: list[Counter[str]] = [Counter() for _ in range(size)]
        self.zeros, self.long = [False] * size, [False] * size
        self.sums = [0.0] * size
        self.first: tuple[int, Row] | None = None
        self.last: tuple[int, Row] | None = None
        self.levels: Counter[str] = Counter()

    def take(self, source: Sheet) -> None:
        for number, row in _body(source.rows(), self.header.data + 1, len(self.header.labels), self.notes):
            self.count += 1
            self.first = self.first or (number, row)
            self.last = (number, row)
            if self.count <= _TYPED_ROWS:
                for at in range(min(len(row), len(self.filled))):
                    if row[at] is not None:
                        self._cell(at, row[at])
                self.levels[_level(row)] += 1

    def _cell(self, at: int, value: Any) -> None:
        self.filled[at] += 1
        told = cell.number(value)
        if told is None:
            if cell.as_date(value):
                self.dates[at] += 1
            if len(self.texts[at]) < 200:
                self.texts[at][str(value)[:80]] += 1
            return
        self.numbers[at] += 1
        self.years[at] += cell.is_year(value)
        self.whole[at] += isinstance(told, int) or told.is_integer()
        self.sums[at] += told
        if isinstance(value, str):
            style = cell.decimal_style(value)
            if style:
                self.styles[at][style] += 1
            self.zeros[at] = self.zeros[at] or re.match(r"0\d", value) is not None
            self.long[at] = self.long[at] or re.fullmatch(r"\d{14,}", value) is not None

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
        style = self.styles[at].most_common(1)
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
            if self.zeros[at] or self.long[at] or _CODE_HEADER.search(title):
                return "kode"
            if self.years[at] == numbers and (_YEAR_HEADER.search(title) or numbers == filled > 3):
                return "tahun"
            return "bilangan_bulat" if self._all_whole(at) else "bilangan"
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

    def totals(self) -> list[int]:
        """Row numbers of the first and last row of data where these are totals of the others."""
        ends = [end for end in (self.first, self.last) if end]
        return [number for number, row in dict(ends).items() if self.count > 2 and self._is_total(row)]

    def _is_total(self, row: Row) -> bool:
        label = next((value for value in row if isinstance(value, str) and cell.number(value) is None), "")
        if _TOTAL.match(label) or _is_above(label, self.levels):
            return True
        compared = agreed = 0
        for at, value in enumerate(row[: len(self.sums)]):
            told = cell.number(value)
            if told and self.count <= _TYPED_ROWS and self.numbers[at] > 2 and self.years[at] != self.numbers[at]:
                compared += 1
                agreed += abs(self.sums[at] - 2 * told) <= abs(told) * 0.005
        # One column can add up by chance, the more easily the fewer rows there are.
        return agreed * 2 > compared and (compared > 1 or self.count > 9)


def _as_unit(said: str) -> str | None:
    """What stands in brackets behind a name, where it is a unit."""
    units = contract.vocabulary("satuan")
    if cell.is_year(said):
        return None
    if said.strip().casefold() in {"ribu", "juta", "miliar", "milyar"}:
        return said.strip().casefold()
    return units.resolve(said) or units.resolve(said.rsplit(maxsplit=1)[-1])


def _level(row: Row) -> str:
    """The level of the region a row is about, by the first name it holds; empty when it names none."""
    label = next((value for value in row if isinstance(value, str) and cell.number(value) is None), "")
    found = Reference.load().wilayah.find(label) if 2 < len(label) < 60 else []
    return found[0].level if found else ""


def _is_above(label: str, levels: Counter[str]) -> bool:
    """Whether a row names a province among regencies: its total."""
    if not levels["kabkota"] or levels["kabkota"] * 2 < sum(levels.values()):
        return False
    return any(region.level == "provinsi" for region in Reference.load().wilayah.find(label)) if label else False


def _title_above(sample: list[Row], header: Header) -> str:
    above = [" ".join(str(value) for value in row if value is not None) for row in sample[: header.first]]
    return " ".join(text for text in above if text)[:500]


_CODE_LISTS = (
    ("kemendagri-wilayah", re.compile(r"kode[_ ]?(?:wilayah|prov|kab|kota|kec|desa|kel)", re.IGNORECASE)),
    ("npsn", re.compile(r"\bnpsn\b", re.IGNORECASE)),
    ("kbli", re.compile(r"\bkbli\b", re.IGNORECASE)),
    ("skpd", re.compile(r"kode[_ ]?(?:skpd|opd)", re.IGNORECASE)),
    ("rekening", re.compile(r"kode[_ ]?rekening", re.IGNORECASE)),
)


def _code_list(column: Column) -> str | None:
    return next((code for code, pattern in _CODE_LISTS if pattern.search(column.title)), None)


def _findings(
    source: Sheet, header: Header, sample: list[Row], columns: tuple[Column, ...], survey: _Survey, totals: list[int]
) -> Iterator[Issue]:
    titles = sum(any(value is not None for value in row) for row in sample[: header.first])
    if titles:
        yield _issue("W-TBL-020", baris=header.last + 1, jumlah=titles)
    if header.last > header.first:
        yield _issue("W-TBL-021", jumlah=header.last - header.first + 1)
    yield from _names_found(header, columns)
    for number in totals:
        yield _issue("W-TBL-024", baris=number, nama=excerpt(_label_of(survey, number)))
    if survey.notes:
        yield _issue("I-TBL-025", jumlah=len(survey.notes))
    encoding = str(source.notes.get("encoding", "utf-8"))
    if not encoding.startswith("utf-8"):
        yield _issue("I-TBL-026", pengodean=encoding)
    if source.notes.get("nul"):
        yield _issue("W-TBL-029")
    yield from _mixtures_found(columns, survey)


def _names_found(header: Header, columns: tuple[Column, ...]) -> Iterator[Issue]:
    for column in columns:
        if not header.labels[column.at]:
            yield _issue("W-TBL-022", nomor=column.at + 1)
    for title, count in Counter(column.title.casefold() for column in columns).items():
        if count > 1:
            yield _issue("W-TBL-023", nama=excerpt(title), jumlah=count)


def _mixtures_found(columns: tuple[Column, ...], survey: _Survey) -> Iterator[Issue]:
    for column in columns:
        if len(survey.styles[column.at]) > 1:
            yield _issue("W-TBL-027", nama=excerpt(column.title))
        texts = survey.texts[column.at]
        if column.type in {"bilangan", "bilangan_bulat"} and texts:
            example = excerpt(next(iter(texts)))
            yield _issue("W-TBL-028", nama=excerpt(column.title), jumlah=sum(texts.values()), contoh=example)


def _label_of(survey: _Survey, number: int) -> str:
    for end in (survey.first, survey.last):
        if end and end[0] == number:
            return next((str(value) for value in end[1] if value is not None), "")
    return ""


def _issue(code: str, **params: Any) -> Issue:
    return Issue(code, "info" if code[0] == "I" else "warning", "", "interoperabilitas", params)
