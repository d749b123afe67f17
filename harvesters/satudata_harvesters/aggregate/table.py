"""The table that is published of what was counted: rows, data dictionary, CSV and Parquet."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from satudata_harvesters.aggregate.releases import Released
from satudata_harvesters.aggregate.rules import AggregateRules, Measure
from satudata_harvesters.aggregate.tally import PageTrace
from satudata_harvesters.errors import ConfigError
from satudata_schemas.issue import Issue

_TELLING = re.compile(r"\d{6}|@")


@dataclass(frozen=True)
class PeriodReport:
    """One period of a table: its cells, how many are hidden, and whether it is new, corrected, the same or kept."""

    period: str
    cells: int
    suppressed: int
    state: str


@dataclass(frozen=True)
class Table:
    """A counted table. `suppressed` of `total_cells` cells are not in `rows`: `small` of them held fewer than `k`.

    `kamus_data` describes the columns in the contract's words; `dropped` are the columns of the application that were
    not read; `released` is what a next release has to know of this one.
    """

    columns: list[str]
    rows: list[list[Any]]
    suppressed: int
    total_cells: int
    rows_read: int
    kamus_data: list[dict[str, Any]]
    #: How many rows were counted into suppressed cells: shows how much the published sum is short.
    rows_suppressed: int = 0
    small: int = 0
    read: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()
    pages: tuple[PageTrace, ...] = ()
    periods: tuple[PeriodReport, ...] = ()
    level: int = 0
    rules: AggregateRules | None = None
    released: Released | None = field(default=None, repr=False)

    @property
    def share_suppressed(self) -> float:
        """Suppressed cells among all, 0 to 1."""
        return self.suppressed / self.total_cells if self.total_cells else 0.0

    def told(self) -> dict[str, Any]:
        """JSON-able, for people who decide: what is read and dropped, the first rows, what is hidden and why."""
        return {
            "columns": self.columns,
            "rows": self.rows[:20],
            "rows_read": self.rows_read,
            "suppressed": self.suppressed,
            "small": self.small,
            "total_cells": self.total_cells,
            "k": self.rules.k if self.rules else None,
            "read": list(self.read),
            # A source may have a person's number for a column's name.
            "dropped": ["***" if _TELLING.search(name) else name[:80] for name in self.dropped[:100]],
        }


def columns_of(rules: AggregateRules) -> list[str]:
    """The table's columns: codes and names of its dimensions, then its figures."""
    return [*(name for group in rules.group_by for name in group.columns), *(one.name for one in rules.measures)]


_MEASURED = {"count": "Jumlah", "distinct": "Jumlah", "sum": "Jumlah", "mean": "Rata-rata", "share": "Persentase"}


def dictionary(rules: AggregateRules) -> list[dict[str, Any]]:
    """`kamus_data` of the table."""
    described: list[dict[str, Any]] = []
    for group in rules.group_by:
        for name in group.columns:
            column: dict[str, Any] = {"nama": name, "judul": _titled(name), "tipe_data": "teks"}
            if group.definition:
                column["definisi"] = group.definition
            if group.region and name.startswith("kode_"):
                column |= {"tipe_data": "kode", "kode_referensi": "kemendagri-wilayah"}
            domain = group.values or tuple(sorted(set(group.codes.values())))
            if domain:
                column["value_domain"] = list(domain)
            described.append(column)
    return [*described, *map(_figure, rules.measures)]


def _figure(measure: Measure) -> dict[str, Any]:
    whole = measure.kind in {"count", "distinct"}
    column: dict[str, Any] = {"nama": measure.name, "judul": _titled(measure.name)}
    column |= {"tipe_data": "bilangan_bulat" if whole else "bilangan", "ukuran": _MEASURED[measure.kind]}
    if measure.definition:
        column["definisi"] = measure.definition
    return column | ({"satuan": measure.unit} if measure.unit else {})


def _titled(name: str) -> str:
    return name.replace("_", " ").title()


def to_csv(table: Table) -> bytes:
    """The table as CSV in UTF-8 with a header row; cells a spreadsheet would take for a formula are quoted with `'`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([[_harmless(cell) for cell in row] for row in table.rows])
    return out.getvalue().encode("utf-8")


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


def to_parquet(table: Table) -> bytes:
    """The same table as Parquet, equal bytes for equal tables; raises `ConfigError` E-CFG-014 without DuckDB."""
    try:
        import duckdb  # noqa: PLC0415 - loads a large library
    except ImportError:
        raise ConfigError("E-CFG-014", connector="aggregate", library="duckdb") from None
    figures = {column["nama"]: column["tipe_data"] for column in table.kamus_data}
    kinds = {"bilangan_bulat": "BIGINT", "bilangan": "DOUBLE"}
    types = {name: kinds.get(figures.get(name, ""), "VARCHAR") for name in table.columns}
    with tempfile.NamedTemporaryFile(suffix=".csv") as given, tempfile.NamedTemporaryFile(suffix=".parquet") as made:
        plain = io.TextIOWrapper(given, "utf-8", newline="")
        writer = csv.writer(plain)
        writer.writerow(table.columns)
        writer.writerows(table.rows)
        plain.flush()
        with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "256MB", "temp_directory": ""}) as opened:
            opened.execute("SET allowed_paths=[" + f"'{given.name}', '{made.name}']")
            opened.execute("SET enable_external_access=false")
            opened.execute(
                f"COPY (SELECT * FROM read_csv('{given.name}', header=true, delim=',', quote='\"', columns={types!r},"  # noqa: S608 - both names are ours
                f" nullstr='', max_line_size=1000000)) TO '{made.name}'"
                " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
            )
        plain.detach()
        made.seek(0)
        return made.read()


def first_series(table: Table) -> dict[str, Any]:
    """What a chart of the table shows: its first figure by period, or where it has one period, by its first dimension.

    `{title, unit, points: [[label, value]]}`; totals and cells that are not published take no part.
    """
    rules = table.rules
    if rules is None or not table.rows:
        return {}
    measure = next((one for one in rules.measures if one.kind in {"count", "distinct", "sum"}), rules.measures[0])
    at = table.columns.index(measure.name)
    adds = measure.kind in {"count", "distinct", "sum"}
    places = _places(rules)
    base = [row for row in table.rows if not any(row[place] == "Jumlah" for place in _name_places(rules))]
    period = rules.period_at
    spans = {row[places[period]] for row in base} if period is not None else set()
    by = (
        period
        if period is not None and len(spans) > 1
        else next((place for place in range(len(rules.group_by)) if place != period), period)
    )
    if by is None:
        return {}
    sums: dict[str, list[float]] = {}
    for row in base:
        value = row[at]
        if value is not None and value != "":
            sums.setdefault(_label(rules, by, row, places), []).append(float(value))
    points: list[tuple[str, float]] = [
        (label, round(sum(found) if adds else sum(found) / len(found), 4)) for label, found in sums.items()
    ]
    points = sorted(points)[-36:] if by == period else sorted(points, key=lambda one: -one[1])[:12]
    if by == period:
        points = [(rules.group_by[by].label(code), value) for code, value in points]
    return {
        "title": measure.name,
        "by": rules.group_by[by].name,
        "unit": measure.unit,
        "points": [list(one) for one in points],
    }


def _places(rules: AggregateRules) -> list[int]:
    places, at = [], 0
    for group in rules.group_by:
        places.append(at)
        at += len(group.columns)
    return places


def _name_places(rules: AggregateRules) -> Sequence[int]:
    return [place + (1 if group.region else 0) for place, group in zip(_places(rules), rules.group_by, strict=True)]


def _label(rules: AggregateRules, by: int, row: Sequence[Any], places: Sequence[int]) -> str:
    return str(row[places[by] + (1 if rules.group_by[by].region else 0)])
