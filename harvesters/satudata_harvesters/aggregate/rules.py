"""What may be counted of an application's rows: the `aggregate` of a source file, parsed and checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from satudata_harvesters.aggregate.dimension import BUCKETS, LEVELS, GroupBy
from satudata_harvesters.errors import ConfigError

KINDS = ("count", "distinct", "sum", "mean", "share")
#: A table that hides more than this share of its cells is proposed to be coarser.
MOST_SUPPRESSED = 0.3
#: A column that cannot be read in more than this share of the rows is not what the template was made for.
MOST_UNREAD = 0.2
#: What stands for the file a row came from, where a template lists it among its columns.
FILE_COLUMN = "_berkas"


@dataclass(frozen=True)
class Measure:
    """One figure of a cell: a `count` of rows, of `distinct` values, a `sum` or `mean` of a column, or a `share`.

    A share is 100 × the measure `part` by the measure `whole`, or by the total of `part` over the dimensions `of`.
    """

    name: str
    kind: str = "count"
    column: str = ""
    unit: str = ""
    definition: str = ""
    decimals: int = 2
    part: str = ""
    whole: str = ""
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """The period of rows that tell how things are now: the one in which they were first read."""

    bucket: str
    name: str


@dataclass(frozen=True)
class AggregateRules:
    """What may be counted of an application's rows. `k` is the smallest cell that may be published.

    Only `columns` are looked at, and `key`, by which a row that comes twice counts once. `totals` are the dimensions
    of each total that is published beside the cells; `coarsen` the steps by which the table may become coarser.
    """

    columns: tuple[str, ...]
    group_by: tuple[GroupBy, ...]
    measures: tuple[Measure, ...] = (Measure("jumlah"),)
    k: int = 5
    k_of: str = ""
    key: str = ""
    totals: tuple[tuple[str, ...], ...] = ()
    zeros: bool = False
    coarsen: tuple[Mapping[str, str], ...] = ()
    snapshot: Snapshot | None = None
    replaces: str = ""
    open_periods: bool = False
    version: str = ""
    dataset: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> AggregateRules:
        """Read the `aggregate` of a source file; raises `ConfigError` with the pointer of the mistake."""
        for key in raw:
            _require(key in _KNOWN, "E-CFG-002", f"/aggregate/{key}", known=", ".join(sorted(_KNOWN)))
        columns = tuple(map(str, raw.get("columns") or ()))
        _require(bool(columns), "E-CFG-003", "/aggregate/columns")
        _require(bool(raw.get("group_by")), "E-CFG-003", "/aggregate/group_by")
        _require(isinstance(raw["group_by"], list), "E-CFG-004", "/aggregate/group_by", expected="daftar")
        k = raw.get("k", 5)
        _require(isinstance(k, int) and not isinstance(k, bool) and k >= 1, "E-CFG-004", "/aggregate/k", expected="≥ 1")
        dataset = raw.get("dataset", {})
        _require(isinstance(dataset, Mapping), "E-CFG-004", "/aggregate/dataset", expected="kelompok isian")
        groups = tuple(_group(item, place, columns) for place, item in enumerate(raw["group_by"]))
        snapshot = _snapshot(raw.get("snapshot"), groups)
        if snapshot:
            groups = (*groups, GroupBy("", snapshot.name, snapshot.bucket))
        periods = [group for group in groups if group.bucket]
        _require(len(periods) < 2, "E-CFG-004", "/aggregate/group_by", expected="satu kolom periode")
        names = [group.name for group in groups]
        measures = _measures(raw, columns, names)
        k_of = str(raw.get("k_of", ""))
        _known(k_of, [one.name for one in measures if one.kind in {"count", "distinct"}], "/aggregate/k_of")
        fixed = [group.name for group in periods]
        totals = tuple(_total(item, place, names, fixed) for place, item in enumerate(raw.get("totals") or ()))
        steps = tuple(_step(item, place, groups) for place, item in enumerate(raw.get("coarsen") or ()))
        replaces = str(raw.get("replaces", ""))
        _known(replaces, ["file"], "/aggregate/replaces")
        return cls(
            columns, groups, measures, k, k_of, str(raw.get("key", "")), totals, raw.get("zeros") is True, steps,
            snapshot, replaces, raw.get("open_periods") is True, str(raw.get("version", "")), dataset,
        )  # fmt: skip

    @property
    def read(self) -> frozenset[str]:
        """Every column that is looked at; all others are dropped unseen."""
        return frozenset((*self.columns, self.key)) - {""}

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns without which nothing can be counted."""
        found = [group.column for group in self.group_by] + [one.column for one in self.measures] + [self.key]
        return tuple(name for name in dict.fromkeys(found) if name and name != FILE_COLUMN)

    @property
    def period_at(self) -> int | None:
        """The place of the period among the dimensions."""
        return next((place for place, group in enumerate(self.group_by) if group.bucket), None)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides what is counted and published, without the dataset's metadata."""
        told = repr((self.columns, self.group_by, self.measures, self.k, self.k_of, self.key, self.totals, self.zeros,
                     self.coarsen, self.snapshot, self.replaces, self.open_periods))  # fmt: skip
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def coarser(self, level: int) -> AggregateRules:
        """These rules after the first `level` steps of coarsening."""
        groups = list(self.group_by)
        totals = self.totals
        for step in self.coarsen[:level]:
            if "drop" in step:
                groups = [group for group in groups if group.name != step["drop"]]
                totals = tuple(dict.fromkeys(tuple(n for n in names if n != step["drop"]) for names in totals))
            else:
                groups = [
                    replace(group, bucket=step["bucket"]) if group.name == step["name"] else group for group in groups
                ]
        whole = tuple(group.name for group in groups)
        return replace(self, group_by=tuple(groups), totals=tuple(one for one in totals if set(one) != set(whole)))


_KNOWN = frozenset(
    {
        "columns", "group_by", "measure", "measure_name", "unit", "measures", "k", "k_of", "key", "totals", "zeros",
        "coarsen", "snapshot", "replaces", "open_periods", "version", "dataset",
    }
)  # fmt: skip


def _require(holds: bool, code: str, where: str, **params: Any) -> None:
    if not holds:
        raise ConfigError(code, field=where.strip("/").replace("/", "."), pointer=where, **params)


def _known(name: str, names: Sequence[str], where: str) -> None:
    _require(not name or name in names, "E-CFG-004", where, expected=", ".join(names))


def _only(raw: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in raw:
        _require(key in known, "E-CFG-002", f"{where}/{key}", known=", ".join(known))


_GROUP = ("field", "as", "bucket", "codes", "values", "definition", "region", "within", "digits", "segments", "take")


def _group(raw: Any, place: int, columns: Sequence[str]) -> GroupBy:
    where = f"/aggregate/group_by/{place}"
    if isinstance(raw, str):
        raw = {"field": raw}
    _require(isinstance(raw, Mapping) and "field" in raw, "E-CFG-003", f"{where}/field")
    _only(raw, _GROUP, where)
    _require(str(raw["field"]) in columns, "E-CFG-004", f"{where}/field", expected=", ".join(columns))
    _require(raw.get("bucket") in (None, *BUCKETS), "E-CFG-004", f"{where}/bucket", expected=", ".join(BUCKETS))
    _require(raw.get("region") in (None, *LEVELS), "E-CFG-004", f"{where}/region", expected=", ".join(LEVELS))
    for name in ("digits", "segments", "take"):
        fine = name not in raw or (isinstance(raw[name], int) and 1 <= raw[name] <= 40)
        _require(fine, "E-CFG-004", f"{where}/{name}", expected="bilangan 1 sampai 40")
    _require(isinstance(raw.get("codes") or {}, Mapping), "E-CFG-004", f"{where}/codes", expected="kelompok isian")
    _require(isinstance(raw.get("values") or [], list), "E-CFG-004", f"{where}/values", expected="daftar")
    return GroupBy(
        str(raw["field"]),
        str(raw.get("as") or raw["field"]),
        raw.get("bucket"),
        {str(key): str(value) for key, value in (raw.get("codes") or {}).items()},
        str(raw.get("definition", "")),
        values=tuple(map(str, raw.get("values") or ())),
        region=str(raw.get("region") or ""),
        within=str(raw.get("within") or ""),
        digits=int(raw.get("digits", 0)),
        segments=int(raw.get("segments", 0)),
        take=int(raw.get("take", 0)),
    )


_MEASURE = ("name", "kind", "field", "unit", "definition", "decimals", "part", "whole", "of")


def _measures(raw: Mapping[str, Any], columns: Sequence[str], names: Sequence[str]) -> tuple[Measure, ...]:
    if "measures" not in raw:
        fine = raw.get("measure", "count") == "count"
        _require(fine, "E-CFG-004", "/aggregate/measure", expected="count; ukuran lain: measures")
        return (Measure(str(raw.get("measure_name", "jumlah")), unit=str(raw.get("unit", ""))),)
    listed = raw["measures"]
    _require(isinstance(listed, list) and bool(listed), "E-CFG-004", "/aggregate/measures", expected="daftar")
    found: list[Measure] = []
    for place, item in enumerate(listed):
        where = f"/aggregate/measures/{place}"
        _require(isinstance(item, Mapping) and bool(item.get("name")), "E-CFG-003", f"{where}/name")
        _only(item, _MEASURE, where)
        kind = str(item.get("kind", "count"))
        _require(kind in KINDS, "E-CFG-004", f"{where}/kind", expected=", ".join(KINDS))
        column = str(item.get("field", ""))
        if kind in {"distinct", "sum", "mean"}:
            _require(column in columns, "E-CFG-004", f"{where}/field", expected=", ".join(columns))
        before = [one.name for one in found if one.kind != "mean"]
        if kind == "share":
            _require(item.get("part") in before, "E-CFG-004", f"{where}/part", expected=", ".join(before))
            fine = item.get("whole") in before or ("whole" not in item and set(item.get("of") or [""]) <= set(names))
            _require(fine, "E-CFG-004", f"{where}/whole", expected=", ".join(before))
        decimals = item.get("decimals", 2)
        _require(isinstance(decimals, int) and 0 <= decimals <= 6, "E-CFG-004", f"{where}/decimals", expected="0–6")
        found.append(
            Measure(
                str(item["name"]), kind, column, str(item.get("unit", "Persen" if kind == "share" else "")),
                str(item.get("definition", "")), decimals, str(item.get("part", "")), str(item.get("whole", "")),
                tuple(map(str, item.get("of") or ())),
            )
        )  # fmt: skip
    return tuple(found)


def _snapshot(raw: Any, groups: Sequence[GroupBy]) -> Snapshot | None:
    if raw is None:
        return None
    raw = {"bucket": raw} if isinstance(raw, str) else raw
    _require(isinstance(raw, Mapping), "E-CFG-004", "/aggregate/snapshot", expected=", ".join(BUCKETS))
    _only(raw, ("bucket", "as"), "/aggregate/snapshot")
    _require(raw.get("bucket") in BUCKETS, "E-CFG-004", "/aggregate/snapshot/bucket", expected=", ".join(BUCKETS))
    fine = not any(group.bucket for group in groups)
    _require(fine, "E-CFG-004", "/aggregate/snapshot", expected="tanpa kolom tanggal pada group_by")
    return Snapshot(str(raw["bucket"]), str(raw.get("as", "periode")))


def _total(raw: Any, place: int, names: Sequence[str], fixed: Sequence[str]) -> tuple[str, ...]:
    """The dimensions of a total; the period always belongs to them, so that a total never sums over releases."""
    where = f"/aggregate/totals/{place}"
    _require(isinstance(raw, list), "E-CFG-004", where, expected="daftar")
    for name in raw:
        _known(str(name), names, where)
    kept = tuple(name for name in names if name in raw or name in fixed)
    _require(len(kept) < len(names), "E-CFG-004", where, expected="lebih sedikit dari seluruh group_by")
    return kept


def _step(raw: Any, place: int, groups: Sequence[GroupBy]) -> Mapping[str, str]:
    where = f"/aggregate/coarsen/{place}"
    _require(isinstance(raw, Mapping), "E-CFG-004", where, expected="kelompok isian")
    _only(raw, ("name", "bucket", "drop"), where)
    periods = [group.name for group in groups if group.bucket]
    if "drop" in raw:
        others = [group.name for group in groups if not group.bucket]
        _require(raw["drop"] in others, "E-CFG-004", f"{where}/drop", expected=", ".join(others))
        return {"drop": str(raw["drop"])}
    _require(raw.get("name") in periods, "E-CFG-004", f"{where}/name", expected=", ".join(periods))
    _require(raw.get("bucket") in BUCKETS, "E-CFG-004", f"{where}/bucket", expected=", ".join(BUCKETS))
    return {"name": str(raw["name"]), "bucket": str(raw["bucket"])}
