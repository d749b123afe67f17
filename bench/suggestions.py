"""How often suggestions of high confidence are right, and how many of the things a title says are suggested so.

Titles and their truth were written by hand (`tests/schemas/truth/titles.csv`), with the titles of the recorded tables
and packages (`recorded_titles.csv`). In a cell, `a/b` takes either, `a/` takes a suggestion of a or none, and an empty
cell says that the title does not tell. Precision is over every field, recall over region, period, measure and unit.
The figures are those of the half of the titles nobody looks at while developing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.figure import Figure
from bench.truth import recorded
from bench.truth.half import unseen
from satudata_schemas.dataset import Dataset
from satudata_schemas.reference import Reference
from satudata_schemas.suggest import suggest

RECALLED = ("kode_wilayah", "periode_awal", "periode_akhir", "ukuran", "satuan")


@dataclass
class Tally:
    """Suggestions of high confidence: right, wrong, and what was lacking of what titles say."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    met: int = 0
    lacking: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """The share of suggestions that are right."""
        return self.right / max(self.right + len(self.wrong), 1)

    @property
    def recall(self) -> float:
        """The share of what titles say that is suggested rightly."""
        return self.met / max(self.asked, 1)


def titles(half: str) -> Iterator[dict[str, str]]:
    """The half's titles with their truth by field."""
    for name in ("titles.csv", "recorded_titles.csv"):
        with (recorded.TRUTH / name).open(encoding="utf-8", newline="") as lines:
            yield from (row for row in csv.DictReader(lines) if unseen(row["judul"]) == (half == "unseen"))


def tallied(half: str) -> Tally:
    """Judge what is suggested for each title."""
    tally, codes = Tally(), Reference.load()
    for truth in titles(half):
        title = truth.pop("judul")
        offered = {one.field: one for one in suggest(Dataset(title=title), codes) if one.confidence == "high"}
        for name, said in truth.items():
            accepted = said.split("/") if said else []
            mine = offered.get(name)
            value = mine.value[0] if mine and isinstance(mine.value, list) else mine.value if mine else None
            if value is not None:
                tally.right += value in accepted
                tally.wrong += [] if value in accepted else [f"{title}: {name} {value} for {said or 'nothing'}"]
            if name in RECALLED and accepted and "" not in accepted:
                tally.asked += 1
                tally.met += value in accepted
                tally.lacking += [] if value in accepted else [f"{title}: {name} {said}"]
    return tally


def measure() -> Iterator[Figure]:
    """Tally both halves; the values are the unseen one's."""
    halves = {half: tallied(half) for half in ("developing", "unseen")}
    raw: dict[str, object] = {"value_of": "unseen"}
    for half, one in halves.items():
        raw[f"{half}_precision"], raw[f"{half}_recall"] = round(one.precision, 4), round(one.recall, 4)
        raw[f"{half}_suggested"], raw[f"{half}_asked"] = one.right + len(one.wrong), one.asked
    raw["developing_wrong"], raw["developing_lacking"] = halves["developing"].wrong, halves["developing"].lacking[:40]
    there = halves["unseen"]
    yield Figure("suggest_precision", round(there.precision, 4), bar=0.95, aim=0.98, unit="", raw=raw)
    yield Figure("suggest_recall", round(there.recall, 4), bar=0.6, aim=0.8, unit="", raw=raw)


FIGURES = {"suggest_precision,suggest_recall": measure}
