"""How many NIKs and family card numbers the finder finds, and how many other numbers it takes for one.

Values stand in columns as offices write them and in running text. Each value is judged by itself: of a column's
finding, what it counts beyond the persons' numbers in it is false. Broken dates in the same columns count neither way.
Column names and sentences are cut in two halves, and each half draws its numbers from a seed of its own; ways of
writing and kinds of traps are those of both. The figure is that of the half nobody looks at while developing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from bench.figure import Figure
from bench.truth import numbers, recorded
from bench.truth.half import unseen
from satudata_schemas.personal_columns import in_rows
from satudata_schemas.personal_data import in_text

SEEDS = {"developing": 39, "unseen": 2019}
POSITIVES = 1_200
TRAPS = 1_600
IDENTITY = frozenset({"nik", "kk"})

WORDS = json.loads((recorded.TRUTH / "nik_words.json").read_text("utf-8"))


def _parted(value: str, *at: int, by: str) -> str:
    ends = [0, *at, len(value)]
    return by.join(value[first:last] for first, last in pairwise(ends))


WRITTEN: dict[str, Callable[[str], object]] = {
    "plain": str,
    "number": int,
    "apostrophe": lambda nik: "'" + nik,
    "typed apostrophe": lambda nik: "\u2019" + nik,
    "float": lambda nik: nik + ".0",
    "fours": lambda nik: _parted(nik, 4, 8, 12, by=" "),
    "fours with dashes": lambda nik: _parted(nik, 4, 8, 12, by="-"),
    "dotted": lambda nik: _parted(nik, 2, 4, 6, 12, by="."),
    "region, date, serial": lambda nik: _parted(nik, 6, 12, by="-"),
    "dots between region, date, serial": lambda nik: _parted(nik, 6, 12, by="."),
    "padded": lambda nik: f"  {nik} ",
    "no-break space": lambda nik: nik + "\u00a0",
    "labelled": lambda nik: f"NIK: {nik}",
    "labelled without sign": lambda nik: f"NIK {nik}",
    "formula": lambda nik: f'="{nik}"',
    "with a name": lambda nik: f"Kepala keluarga ({nik})",
    "in brackets": lambda nik: f"({nik})",
    "tab": lambda nik: f"{nik}\t",
}
TRAPS_OF: dict[str, Callable[[Random], object]] = {
    "meter": numbers.meter,
    "asset": numbers.asset,
    "registration": numbers.registration,
    "census block": numbers.census_block,
    "virtual account": numbers.virtual_account,
    "moment": numbers.moment,
    "card": lambda draw: draw.choice("45") + numbers.digits(draw, 15),
    "land": numbers.land,
    "goods": lambda draw: "13" + numbers.digits(draw, 16),
    "business": lambda draw: f"{draw.choice(('0220', '9120'))}{numbers.digits(draw, 9)}",
    "school": lambda draw: f"{draw.randint(1, 6)}0{numbers.digits(draw, 6)}",
    "longitude": lambda draw: f"{95 + draw.random() * 45:.13f}",
    "latitude": lambda draw: -draw.random() * 11,
    "kbli": lambda draw: numbers.digits(draw, 5),
    "price": lambda draw: f"Rp {draw.randint(10**6, 10**13):,}".replace(",", "."),
    "amount": lambda draw: draw.randint(10**15, 10**16 - 1),
    "phone-like": lambda draw: "08" + numbers.digits(draw, 10),
}


@dataclass
class Tally:
    """What was found of what is there."""

    there: int = 0
    found: int = 0
    false: int = 0
    traps: int = 0
    missed: dict[str, int] = field(default_factory=dict)
    mistaken: dict[str, int] = field(default_factory=dict)

    def persons(self, what: str, there: int, counted: int, beside: int = 0) -> None:
        """Numbers of persons, what was counted of them, and how many beside them count neither way."""
        self.there += there
        self.found += min(there, counted)
        self.false += max(0, counted - there - beside)
        if counted < there:
            self.missed[what] = self.missed.get(what, 0) + there - counted

    def others(self, what: str, there: int, counted: int) -> None:
        """Other numbers and how many of them were taken for a person's."""
        self.traps += there
        self.false += min(there, counted)
        if counted:
            self.mistaken[what] = self.mistaken.get(what, 0) + counted

    @property
    def precision(self) -> float:
        """The share of what was found that is a person's number."""
        return self.found / max(self.found + self.false, 1)

    @property
    def recall(self) -> float:
        """The share of the persons' numbers that was found."""
        return self.found / max(self.there, 1)


def tallied(half: str) -> Tally:
    """Draw the half's columns and texts and judge what the finder says of each."""
    draw, tally = Random(SEEDS[half]), Tally()
    headers, families, sentences = (_of(half, WORDS[what]) for what in ("headers", "family_headers", "sentences"))
    for written in WRITTEN:
        for family in (False, True):
            _persons(draw, tally, written, families if family else headers, family=family)
    for sentence in sentences:
        for _ in range(POSITIVES // 8):
            tally.persons(sentence, 1, _counted(in_text(sentence.format(numbers.nik(draw)))))
    long = [TRAPS_OF[kind] for kind in ("meter", "asset", "virtual account", "moment", "card", "census block")]
    for sentence in _of(half, WORDS["trap_sentences"]):
        for _ in range(TRAPS // 4):
            tally.others(sentence, 1, _counted(in_text(sentence.format(draw.choice(long)(draw)))))
    for kind, make in TRAPS_OF.items():
        if titles := _of(half, WORDS["trap_headers"][kind]):
            _others(draw, tally, kind, make, titles)
    return tally


def _persons(draw: Random, tally: Tally, written: str, titles: Sequence[str], *, family: bool) -> None:
    left = POSITIVES
    while left > 0:
        size = min(left, draw.choice((12, 60, 150, 300)))
        spoilt = round(size * 0.05)
        values = [numbers.nik(draw, family=family) for _ in range(size)] + [numbers.broken(draw) for _ in range(spoilt)]
        rows = [[WRITTEN[written](value)] for value in values] + [[draw.choice(("", "-"))] for _ in range(size // 10)]
        draw.shuffle(rows)
        title = draw.choice(titles)
        tally.persons(f"{written}, {title!r}", size, _counted(in_rows([title], rows)), spoilt)
        left -= size


def _others(draw: Random, tally: Tally, kind: str, make: Callable[[Random], object], titles: Sequence[str]) -> None:
    for size in (TRAPS // 2, TRAPS // 4, TRAPS // 8, TRAPS // 8):
        rows = [[make(draw)] for _ in range(size)]
        title = draw.choice(titles)
        tally.others(f"{kind}, {title!r}", size, _counted(in_rows([title], rows)))


def _counted(findings: Sequence[object]) -> int:
    return sum(one.count for one in findings if one.kind in IDENTITY)  # type: ignore[attr-defined]


def _of(half: str, words: Sequence[str]) -> list[str]:
    return [word for word in words if unseen(word) == (half == "unseen")]


def measure() -> Iterator[Figure]:
    """Tally both halves; the value is the unseen one's."""
    halves = {half: tallied(half) for half in SEEDS}
    raw: dict[str, object] = {
        f"{half}_{what}": getattr(one, what)
        for half, one in halves.items()
        for what in ("there", "found", "traps", "false", "precision", "recall")
    }
    raw |= {"value_of": "unseen", "missed": halves["developing"].missed, "mistaken": halves["developing"].mistaken}
    unseen_half = halves["unseen"]
    yield Figure("nik_precision", round(unseen_half.precision, 5), bar=0.99, aim=0.999, unit="", raw=raw)
    yield Figure("nik_recall", round(unseen_half.recall, 5), bar=0.99, aim=0.999, unit="", raw=raw)


FIGURES = {"nik_precision,nik_recall": measure}
