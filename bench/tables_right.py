"""Of how many recorded files every table is read exactly as a person wrote down from looking at the file.

A file is right when each of its sheets has the header row, the column names, the types, the number of rows and the
rows of totals of the truth; the value is the share over all recorded files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.figure import Figure
from bench.truth import recorded
from satudata_schemas import tables
from satudata_schemas.tables import Table


def told(table: Table) -> dict[str, Any]:
    """What the reader says, in the form of the truth."""
    return {
        "header_row": table.header_row,
        "columns": [[column.name, column.type] for column in table.columns],
        "rows": table.row_count,
        "totals": list(table.totals),
    }


def differences(name: str, truth: list[dict[str, Any]]) -> list[str]:
    """Where the reader and the truth disagree on one file."""
    read = {table.sheet: told(table) for table in tables.read(recorded.TABLES / name)}
    found = []
    for one in truth:
        mine = read.pop(one["sheet"], None)
        if mine is None:
            found.append(f"{one['sheet']}: not found")
            continue
        found += [f"{one['sheet']}: {key} {mine[key]} for {one[key]}" for key in mine if mine[key] != one[key]]
    return [*found, *(f"{sheet}: not in the truth" for sheet in read)]


def measure() -> Iterator[Figure]:
    """Read every recorded file and compare."""
    truth: dict[str, list[dict[str, Any]]] = {}
    for one in recorded.tables():
        truth.setdefault(one["file"], []).append(one)
    off = {path.name: differences(path.name, truth.get(path.name, [])) for path in recorded.files()}
    seen = {name for name, ones in truth.items() if ones[0]["seen"]}
    shares = {
        half: sum(not off[name] for name in names) / len(names)
        for half, names in (("developing", seen & off.keys()), ("unseen", off.keys() - seen))
    }
    right = sum(not one for one in off.values())
    raw: dict[str, object] = {"files": len(off), "right": right, "value_of": "whole", **shares}
    raw["developing_off"] = {name: off[name] for name in sorted(seen) if off.get(name)}
    yield Figure("tables_right", round(right / len(off), 4), bar=0.9, aim=0.97, unit="", raw=raw)


FIGURES = {"tables_right": measure}
