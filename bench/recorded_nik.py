"""How many findings of NIKs in the recorded tables of statistics are false, each judged by hand in a file.

Every cell is looked at twice: as part of its column and as a text of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.figure import Figure
from bench.truth import recorded
from satudata_schemas import tables
from satudata_schemas.examine import examine
from satudata_schemas.personal_data import in_text

KINDS = frozenset({"nik", "kk", "broken_identity"})


def findings() -> Iterator[str]:
    """Each finding as "file, column"."""
    for path in recorded.files():
        yield from (f"{path.name}, {one.column}" for one in examine(path).facts.personal if one.kind in KINDS)
        for table in tables.read(path):
            for row in table.rows():
                for column, value in zip(table.columns, row, strict=True):
                    if value is not None and in_text(str(value)):
                        yield f"{path.name}, {column.name}"


def measure() -> Iterator[Figure]:
    """Count what is found and not judged to be true."""
    judged = json.loads((recorded.TRUTH / "recorded_nik.json").read_text("utf-8"))["judged"]
    found = sorted(set(findings()))
    false = [one for one in found if judged.get(one) is not True]
    raw = {"files": len(recorded.files()), "found": found, "false": false}
    yield Figure("recorded_nik_false", len(false), bar=0, aim=0, unit="", better="lower", raw=raw)


FIGURES = {"recorded_nik_false": measure}
