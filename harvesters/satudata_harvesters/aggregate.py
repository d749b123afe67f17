"""Rows about people in, counts out: the only form in which an application's rows may leave it.

Columns that are not on the allow-list are dropped before anything looks at a row. What is kept is a count per cell, so
memory grows with the cells and not with the rows, and no error or log can hold a row.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.errors import ConfigError, SourceError

BUCKETS = ("day", "month", "quarter", "year")
#: More cells than this are no aggregate.
MOST_CELLS = 200_000
#: The identifier of the dataset an aggregate makes, within its source.
IDENTIFIER = "agregat"
#: What stands for a value the application left empty.
UNKNOWN = "Tidak diketahui"


@dataclass(frozen=True)
class GroupBy:
    """One dimension: a column of the application, what it is called in the table, and how a date is coarsened."""

    column: str
    name: str
    bucket: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    definition: str = ""

    def value(self, row: Mapping[str, Any]) -> str:
        """The cell's coordinate along this dimension."""
        raw = row.get(self.column)
        if self.bucket:
            return bucket(raw, self.bucket)
        if values.is_missing(raw):
            return UNKNOWN
        written = " ".join((values.text(raw) or UNKNOWN).split())
        return self.codes.get(written, written)


@dataclass(frozen=True)
class AggregateRules:
    """What may be counted of an application's rows. `k` is the smallest cell that may be published."""

    columns: tuple[str, ...]
    group_by: tuple[GroupBy, ...]
    k: int = 5
    measure: str = "count"
    measure_name: str = "jumlah"
    unit: str = ""
    dataset: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> AggregateRules:
        """Read the `aggregate` of a source file; raises `ConfigError` with the pointer of the mistake."""
        columns = tuple(map(str, raw.get("columns") or ()))
        _require(bool(columns), "E-CFG-003", "/aggregate/columns")
        _require(bool(raw.get("group_by")), "E-CFG-003", "/aggregate/group_by")
        _require(raw.get("measure", "count") == "count", "E-CFG-004", "/aggregate/measure", expected="count")
        k = raw.get("k", 5)
        _require(isinstance(k, int) and not isinstance(k, bool) and k >= 1, "E-CFG-004", "/aggregate/k", expected="≥ 1")
        known = {"columns", "group_by", "k", "measure", "measure_name", "unit", "dataset"}
        for key in raw:
            _require(key in known, "E-CFG-002", f"/aggregate/{key}", known=", ".join(sorted(known)))
        _require(
            isinstance(raw.get("dataset", {}), Mapping), "E-CFG-004", "/aggregate/dataset", expected="kelompok isian"
        )
        groups = tuple(_group(item, place, columns) for place, item in enumerate(raw["group_by"]))
        return cls(
            columns,
            groups,
            k,
            "count",
            str(raw.get("measure_name", "jumlah")),
            str(raw.get("unit", "")),
            raw.get("dataset", {}),
        )


def _require(holds: bool, code: str, where: str, **params: Any) -> None:
    if not holds:
        raise ConfigError(code, field=where.strip("/").replace("/", "."), pointer=where, **params)


def _group(raw: Any, place: int, columns: Sequence[str]) -> GroupBy:
    where = f"/aggregate/group_by/{place}"
    if isinstance(raw, str):
        raw = {"field": raw}
    _require(isinstance(raw, Mapping) and "field" in raw, "E-CFG-003", f"{where}/field")
    for key in raw:
        known = ("field", "as", "bucket", "codes", "definition")
        _require(key in known, "E-CFG-002", f"{where}/{key}", known=", ".join(known))
    _require(str(raw["field"]) in columns, "E-CFG-004", f"{where}/field", expected=", ".join(columns))
    _require(raw.get("bucket") in (None, *BUCKETS), "E-CFG-004", f"{where}/bucket", expected=", ".join(BUCKETS))
    codes = {str(key): str(value) for key, value in (raw.get("codes") or {}).items()}
    name = str(raw.get("as") or raw["field"])
    return GroupBy(str(raw["field"]), name, raw.get("bucket"), codes, str(raw.get("definition", "")))


@dataclass(frozen=True)
class Table:
    """A counted table. `suppressed` of `total_cells` cells held fewer than `k` and are not in `rows`.

    `kamus_data` describes the columns in the contract's words.
    """

    columns: list[str]
    rows: list[list[Any]]
    suppressed: int
    total_cells: int
    rows_read: int
    kamus_data: list[dict[str, Any]]
    #: How many rows were counted into suppressed cells: shows how much the published sum is short.
    rows_suppressed: int = 0

    @property
    def share_suppressed(self) -> float:
        """Suppressed cells among all, 0 to 1."""
        return self.suppressed / self.total_cells if self.total_cells else 0.0


def bucket(raw: Any, size: str) -> str:
    """A date as its day, month (`2024-08`), quarter (`2024-Q3`) or year, in WIB; unreadable ones are `UNKNOWN`."""
    found = values.day(raw)
    if found is None:
        return UNKNOWN
    if size == "day":
        return found
    if size == "year" or len(found) == 4:
        return found[:4]
    return f"{found[:4]}-Q{(int(found[5:7]) + 2) // 3}" if size == "quarter" else found[:7]


def aggregate(rows: Iterable[Mapping[str, Any]], rules: AggregateRules) -> Table:
    """Count rows, one at a time, into cells; cells under `k` are left out, and their number is told.

    Raises `SourceError` E-TRK-028 when a column to group by is in no row, E-TRK-029 for too many cells. Neither names
    a value.
    """
    counts: Counter[tuple[str, ...]] = Counter()
    seen: set[str] = set()
    read = 0
    for row in rows:
        read += 1
        kept = {name: row[name] for name in rules.columns if name in row}
        seen.update(kept)
        counts[tuple(group.value(kept) for group in rules.group_by)] += 1
        if len(counts) > MOST_CELLS:
            raise SourceError("E-TRK-029", limit=MOST_CELLS)
    for group in rules.group_by:
        if read and group.column not in seen:
            raise SourceError("E-TRK-028", field=group.column)
    published = [[*cell, count] for cell, count in sorted(counts.items()) if count >= rules.k]
    return Table(
        columns=[*(group.name for group in rules.group_by), rules.measure_name],
        rows=published,
        suppressed=len(counts) - len(published),
        total_cells=len(counts),
        rows_read=read,
        kamus_data=_dictionary(rules),
        rows_suppressed=sum(count for count in counts.values() if count < rules.k),
    )


def _dictionary(rules: AggregateRules) -> list[dict[str, Any]]:
    described: list[dict[str, Any]] = []
    for group in rules.group_by:
        column: dict[str, Any] = {
            "nama": group.name,
            "judul": group.name.replace("_", " ").title(),
            "tipe_data": "teks",
        }
        if group.definition:
            column["definisi"] = group.definition
        if group.codes:
            column["value_domain"] = sorted(set(group.codes.values()))
        described.append(column)
    measure = {"nama": rules.measure_name, "judul": rules.measure_name.replace("_", " ").title()}
    measure |= {"tipe_data": "bilangan bulat", "ukuran": "Jumlah"}
    return [*described, measure | ({"satuan": rules.unit} if rules.unit else {})]


def to_csv(table: Table) -> bytes:
    """The table as CSV in UTF-8 with a header row; cells a spreadsheet would take for a formula are quoted with `'`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([[_harmless(cell) for cell in row] for row in table.rows])
    return out.getvalue().encode("utf-8")


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


def describe(table: Table, rules: AggregateRules, *, today: date | None = None) -> dict[str, Any]:
    """The aggregate's dataset in contract fields, without resources; period and shortfall come from the table."""
    dataset = dict(rules.dataset)
    for place, group in enumerate(rules.group_by):
        if group.bucket:
            periods = sorted({row[place] for row in table.rows} - {UNKNOWN})
            if periods:
                dataset.setdefault("periode_awal", values.period(periods[0]) or periods[0])
                dataset.setdefault("periode_akhir", values.period(periods[-1], end=True) or periods[-1])
    if today is not None:
        dataset.setdefault("tanggal_mutakhir", today.isoformat())
    if table.suppressed:
        percent = f"{table.share_suppressed * 100:.1f}".replace(".", ",")
        told = f"Sel dengan jumlah kurang dari {rules.k} tidak ditampilkan ({table.suppressed} sel, {percent}%)."
        dataset["notes"] = f"{dataset.get('notes', '')}\n\n{told}".strip()
    return dataset


def rows_of(pages: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """The rows of a connector's pages, one by one; a page's list is let go of before the next is read."""
    for page in pages:
        yield from page.records
