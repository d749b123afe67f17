"""No small cell can be computed from what is published: not from totals, not from two releases, not from periods that
overlap. Each table is attacked by solving everything it says as linear equations.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from satudata_harvesters.aggregate import TOTAL, AggregateRules, aggregate
from satudata_harvesters.aggregate.dimension import coarser
from satudata_harvesters.aggregate.releases import Released
from tests.harvesters.solving import Reader, derivable

NAMES = ("kategori", "wilayah", "bulan")


def rules(totals=(), **more):
    return AggregateRules.from_dict(
        {
            "columns": ["kategori", "wilayah", "tanggal"],
            "group_by": [
                {"field": "kategori", "values": ["A", "B", "C", "D"]},
                {"field": "wilayah", "values": ["P", "Q", "R", "S"]},
                {"field": "tanggal", "as": "bulan", "bucket": "month"},
            ],
            "totals": [list(one) for one in totals],
            "k": 5,
            **more,
        }
    )


def rows(counts):
    return [
        {"kategori": kategori, "wilayah": wilayah, "tanggal": f"{bulan}-09"}
        for (kategori, wilayah, bulan), count in counts.items()
        for _ in range(count)
    ]


def published(table):
    """The published figures by (kategori, wilayah, bulan)."""
    return {(line[0], line[1], line[2]): line[-1] for line in table.rows}


def sums(truth, totals, dimensions=(0, 1, 2)):
    """`(total, parts)` of every published kind of total, and the true figures with those of the totals."""
    whole, found = Counter(truth), {}
    base = [cell for cell in truth if TOTAL not in cell]
    for names in totals:
        keep = {NAMES.index(name) for name in names} | {2}
        for cell in base:
            total = tuple(one if place in keep else TOTAL for place, one in enumerate(cell))
            found.setdefault(total, []).append(cell)
            whole[total] += truth[cell]
    return dict(whole), list(found.items())


def drawn(rng, months=("2025-01",), most=14):
    return {
        (kategori, wilayah, bulan): max(rng.randrange(-3, most), 0)
        for kategori in "ABCD"[: rng.randrange(2, 5)]
        for wilayah in "PQRS"[: rng.randrange(2, 5)]
        for bulan in months
    }


TOTALS = [
    (),
    (("kategori",),),
    (("kategori",), ("wilayah",)),
    ((),),
    (("kategori",), ("wilayah",), ()),
]


def counts_of(truth):
    return {cell: count for cell, count in truth.items() if count}


def test_the_attacker_can_solve():
    assert derivable([{"a": 1, "b": 1}, {"a": 1}]) == {"a", "b"}
    assert derivable([{"a": 1, "b": 1}, {"c": 1, "b": 1}]) == set()
    # Two by two: every row and column hides two, and yet all four rows together tell nothing; a fifth equation does.
    square = [{"a": 1, "b": 1}, {"c": 1, "d": 1}, {"a": 1, "c": 1}, {"b": 1, "d": 1}]
    assert derivable(square) == set()
    assert derivable([*square, {"a": 1, "d": 1}]) == {"a", "b", "c", "d"}


def test_hiding_small_cells_alone_would_give_them_away():
    truth = {("A", "P", "2025-01"): 3, ("A", "Q", "2025-01"): 9, ("B", "P", "2025-01"): 9, ("B", "Q", "2025-01"): 9}
    whole, equations = sums(truth, [("kategori",), ("wilayah",)])
    reader = Reader()
    reader.take(whole, {cell: count for cell, count in whole.items() if count >= 5}, equations)
    assert reader.told() == {(("A", "P", "2025-01"), 3)}


@pytest.mark.parametrize("totals", TOTALS)
@pytest.mark.parametrize("zeros", [False, True])
def test_no_hidden_cell_follows_from_random_tables_and_their_totals(totals, zeros):
    rng = random.Random(f"{totals}{zeros}")
    hidden = 0
    for _ in range(25):
        truth = drawn(rng)
        if not any(truth.values()):
            continue
        made = rules(totals, zeros=zeros)
        table = aggregate(rows(truth), made)
        seen = published(table)
        universe = truth if zeros else counts_of(truth)
        whole, equations = sums(universe, totals)
        assert all(seen[cell] == whole.get(cell, 0) for cell in seen)
        assert not any(0 < count < 5 for count in seen.values())
        reader = Reader()
        reader.take(whole, seen, equations)
        assert reader.told() == set()
        assert reader.narrowed(5) == set()
        hidden += table.suppressed
    assert hidden > 25, "nothing was hidden: nothing was tried"


def test_published_zeros_stay():
    truth = {("A", "P", "2025-01"): 9, ("B", "Q", "2025-01"): 8, ("A", "Q", "2025-01"): 0, ("B", "P", "2025-01"): 2}
    seen = published(aggregate(rows(truth), rules((), zeros=True)))
    assert seen["A", "Q", "2025-01"] == 0
    assert ("B", "P", "2025-01") not in seen


@pytest.mark.heavy  # hundreds of tables in three releases, each solved over the rationals
@pytest.mark.parametrize("totals", TOTALS)
def test_a_correction_gives_no_cell_away_that_was_hidden_before_or_is_now(totals):
    rng = random.Random(f"dua rilis {totals}")
    kept = corrected = 0
    for _ in range(25):
        first = drawn(rng)
        if not any(first.values()):
            continue
        made, reader, released = rules(totals, zeros=rng.random() < 0.5), Reader(), None
        truth = first
        for _release in range(3):
            table = aggregate(rows(truth), made, released=released)
            universe = truth if made.zeros else counts_of(truth)
            whole, equations = sums(universe, totals)
            seen = published(table)
            states = {one.state for one in table.periods}
            if "dipertahankan" in states:
                kept += 1
            else:
                corrected += 1
                assert all(seen[cell] == whole.get(cell, 0) for cell in seen)
                reader.take(whole, seen, equations)
                assert reader.told() == set()
            released = Released.from_json(
                table.released.shape(), {name: one.to_json() for name, one in table.released.periods.items()}
            )
            truth = {cell: max(count + rng.choice([0, 0, 0, 0, -2, 1, 3]), 0) for cell, count in truth.items()}
    assert corrected > 30, f"{kept} of the releases were kept back: nothing was tried"


def test_a_cell_hidden_once_stays_hidden_in_its_period():
    first = {("A", "P", "2025-01"): 3, ("A", "Q", "2025-01"): 9}
    table = aggregate(rows(first), rules())
    later = aggregate(rows({**first, ("A", "P", "2025-01"): 8}), rules(), released=table.released)
    assert ("A", "P", "2025-01") not in published(later)
    assert ("A", "P", "2025-02") in published(
        aggregate(rows({("A", "P", "2025-02"): 8}), rules(), released=later.released)
    )


MONTHS = ("2025-01", "2025-02", "2025-03")


@pytest.mark.parametrize("totals", [(), (("kategori",),)])
@pytest.mark.parametrize("order", ["month quarter", "quarter month"])
def test_periods_that_overlap_give_no_cell_away(totals, order):
    rng = random.Random(f"{totals}{order}")
    hidden = 0
    for _ in range(20):
        months = {cell: count for cell, count in drawn(rng, MONTHS, most=12).items() if count}
        quarters = Counter()
        for cell, count in months.items():
            quarters[(*cell[:2], coarser(cell[2], "quarter"))] += count
        if not months:
            continue
        reader, released = Reader(), None
        everything = {}
        for size in order.split():
            made = rules(totals)
            groups = tuple(replace(one, bucket=size) if one.bucket else one for one in made.group_by)
            table = aggregate(rows(months), replace(made, group_by=groups), released=released)
            truth, equations = sums(months if size == "month" else dict(quarters), totals)
            everything |= truth
            reader.take(truth, published(table), equations)
            released, hidden = table.released, hidden + table.suppressed
        wholes = {}
        for cell in everything:
            if cell[2] in MONTHS:
                wholes.setdefault((*cell[:2], coarser(cell[2], "quarter")), []).append(cell)
        reader.take(everything, {}, list(wholes.items()))
        assert reader.told() == set()
    assert hidden > 20


def test_a_share_s_base_gives_no_cell_away():
    share = [{"name": "jumlah"}, {"name": "persen", "kind": "share", "part": "jumlah", "of": ["wilayah"]}]
    truth = {("A", "P", "2025-01"): 3, ("B", "P", "2025-01"): 20, ("C", "P", "2025-01"): 17}
    table = aggregate(rows(truth), rules((), measures=share))
    # From 20 and its share the base is computed, so that one hidden cell would be, too.
    assert len(table.rows) == 1
    [line] = table.rows
    assert line[-1] == round(100 * line[-2] / 40, 2)


def test_what_is_hidden_is_told_and_a_coarser_table_is_proposed():
    truth = {(a, b, f"2025-0{m}"): 3 for a, b, m in [(a, b, m) for a in "AB" for b in "PQ" for m in (1, 2, 3)]}
    table = aggregate(rows(truth), rules())
    [issue] = [one for one in table.issues if one.code == "W-AGR-007"]
    assert issue.params["usul"] == "bulan → triwulan"
    assert table.share_suppressed == 1


def test_a_table_is_made_coarser_before_cells_are_hidden_and_stays_so():
    truth = {(a, b, f"2025-0{m}"): 3 for a in "AB" for b in "PQ" for m in (1, 2, 3)}
    made = rules((), coarsen=[{"name": "bulan", "bucket": "quarter"}, {"drop": "wilayah"}])
    table = aggregate(rows(truth), made)
    assert {line[2] for line in table.rows} == {"2025-Q1"}
    assert (table.level, table.suppressed) == (1, 0)
    many = aggregate(rows(dict.fromkeys(truth, 30)), made, released=table.released)
    assert many.level == 1


def test_k_counts_persons_where_the_template_says_by_what_they_are_told_apart():
    made = AggregateRules.from_dict(
        {
            "columns": ["unit", "nip"],
            "group_by": [{"field": "unit", "values": ["A", "B"]}],
            "measures": [{"name": "hari"}, {"name": "pegawai", "kind": "distinct", "field": "nip"}],
            "k_of": "pegawai",
        }
    )
    many_days = [{"unit": "A", "nip": f"n{day % 4}"} for day in range(80)]
    many_people = [{"unit": "B", "nip": f"m{one}"} for one in range(6)]
    assert [line[0] for line in aggregate(many_days + many_people, made).rows] == ["B"]


def test_a_period_that_has_not_ended_is_not_published_yet():
    truth = {("A", "P", "2025-01"): 9, ("A", "P", "2025-02"): 9}
    told = aggregate(rows(truth), rules(), today=date(2025, 2, 20))
    assert {line[2] for line in told.rows} == {"2025-01"}
    assert {line[2] for line in aggregate(rows(truth), rules(), today=date(2025, 3, 1)).rows} == {"2025-01", "2025-02"}
