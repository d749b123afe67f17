"""Tables as offices make them: finds the header, names the columns, tells their types, units and periods, and gives
clean rows.

[table] = tables.read(Path("penduduk.csv"))
table.columns[1].unit, table.row_count, next(table.rows())
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from satudata_schemas import table_header
from satudata_schemas.issue import Issue, excerpt
from satudata_schemas.table_header import Header
from satudata_schemas.table_source import Limits, Row, Sheet, TableError, sheets
from satudata_schemas.table_survey import Column, Survey, body

__all__ = ["Column", "Limits", "Table", "TableError", "read"]


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
        skipped = set(self.totals)
        for number, row in body(self._source.rows(), self.first_row, len(self.columns)):
            if number not in skipped:
                yield tuple(column.value(row[column.at]) if column.at < len(row) else None for column in self.columns)

    def raw_rows(self) -> Iterator[Row]:
        """All rows below the header as they stand in the file, read anew: each cell at its `Column.at`, with totals,
        empty rows and notes.
        """
        return islice(self._source.rows(), self.first_row - 1, None)

    @property
    def longest_line(self) -> int:
        """Bytes of the longest line of the file; 0 where that is not known."""
        return int(self._source.notes.get("longest_line", 0))

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
    survey = Survey(header)
    survey.take(source)
    columns = survey.columns()
    if not columns:
        return None
    return Table(
        sheet=source.name,
        format=source.format,
        title=header.title or _title_above(sample, header),
        header_row=header.last + 1,
        header_rows=sum(any(value is not None for value in row) for row in sample[header.first : header.last + 1]),
        first_row=header.data + 1,
        columns=columns,
        row_count=survey.count - len(survey.totals),
        totals=survey.totals,
        notes=tuple(survey.notes),
        findings=tuple(_findings(source, header, sample, columns, survey)),
        _source=source,
    )


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
    source: Sheet, header: Header, sample: list[Row], columns: tuple[Column, ...], survey: Survey
) -> Iterator[Issue]:
    titles = sum(any(value is not None for value in row) for row in sample[: header.first])
    if titles:
        yield _issue("W-TBL-020", baris=header.last + 1, jumlah=titles)
    if header.last > header.first:
        yield _issue("W-TBL-021", jumlah=header.last - header.first + 1)
    yield from _names_found(header, columns)
    for number in survey.totals:
        yield _issue("W-TBL-024", baris=number, nama=excerpt(_label_of(survey, number)))
    if survey.notes:
        yield _issue("I-TBL-025", jumlah=len(survey.notes))
    encoding = str(source.notes.get("encoding", "utf-8"))
    if not encoding.startswith("utf-8"):
        yield _issue("I-TBL-026", pengodean=encoding)
    if source.notes.get("nul"):
        yield _issue("W-TBL-029")
    if others := source.notes.get("no_rows"):
        yield _issue("W-TBL-030", jumlah=others)
    yield from _mixtures_found(columns, survey)


def _names_found(header: Header, columns: tuple[Column, ...]) -> Iterator[Issue]:
    for column in columns:
        if not header.labels[column.at]:
            yield _issue("W-TBL-022", nomor=column.at + 1)
    for title, count in Counter(column.title.casefold() for column in columns).items():
        if count > 1:
            yield _issue("W-TBL-023", nama=excerpt(title), jumlah=count)


def _mixtures_found(columns: tuple[Column, ...], survey: Survey) -> Iterator[Issue]:
    for column in columns:
        if len(+survey.styles[column.at]) > 1:
            yield _issue("W-TBL-027", nama=excerpt(column.title))
        texts = survey.texts[column.at]
        if column.type in {"bilangan", "bilangan_bulat"} and texts:
            example = excerpt(next(iter(texts)))
            yield _issue("W-TBL-028", nama=excerpt(column.title), jumlah=sum(texts.values()), contoh=example)


def _label_of(survey: Survey, number: int) -> str:
    for end in (survey.first, survey.last):
        if end and end[0] == number:
            return next((str(value) for value in end[1] if value is not None), "")
    return ""


def _issue(code: str, **params: Any) -> Issue:
    return Issue(code, "info" if code[0] == "I" else "warning", "", "interoperabilitas", params)
