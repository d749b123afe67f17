"""How coarse a table is: rather a longer period or fewer dimensions than hidden cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from satudata_harvesters.aggregate.dimension import BUCKETS, coarser
from satudata_harvesters.aggregate.releases import Released
from satudata_harvesters.aggregate.rules import MOST_SUPPRESSED, AggregateRules
from satudata_harvesters.aggregate.table import Table
from satudata_harvesters.aggregate.tally import Cell, Counted, State
from satudata_schemas.issue import Issue


def level(counted: Counted, rules: AggregateRules, released: Released | None) -> int:
    """The first level at which few enough cells are small; a table that is published keeps the level it has."""
    if released and released.periods and released.level <= len(rules.coarsen):
        return released.level
    for step in range(len(rules.coarsen) + 1):
        if _small_share(counted.cells, rules, rules.coarser(step)) <= MOST_SUPPRESSED:
            return step
    return len(rules.coarsen)


def _small_share(cells: Mapping[Cell, State], whole: AggregateRules, rules: AggregateRules) -> float:
    found = [state.rows for state in merged(cells, whole, rules).values()]
    return sum(0 < rows < rules.k for rows in found) / len(found) if found else 0.0


def proposal(table: Table, base: Mapping[Cell, State], rules: AggregateRules) -> Iterator[Issue]:
    """What coarser table would hide less, where this one hides more than three cells of ten."""
    if table.share_suppressed <= MOST_SUPPRESSED:
        return
    steps: list[dict[str, str]] = []
    for group in rules.group_by:
        if group.bucket and not rules.snapshot:
            wider = BUCKETS[BUCKETS.index(group.bucket) + 1 :]
            steps += [{"name": group.name, "bucket": size} for size in wider]
    # Time is coarsened rather than anything else: nothing that the table tells apart is lost.
    steps += [{"drop": group.name} for group in rules.group_by if not group.bucket and len(rules.group_by) > 1]
    best: tuple[float, dict[str, str]] | None = None
    for step in steps:
        share = _small_share(base, rules, replace(rules, coarsen=(step,)).coarser(1))
        if best is None or share < best[0]:
            best = (share, step)
        if share <= MOST_SUPPRESSED:
            break
    told = {"persen": f"{table.share_suppressed * 100:.1f}".replace(".", ",")}
    if best:
        words = {"month": "bulan", "quarter": "triwulan", "year": "tahun", "day": "hari"}
        step = best[1]
        usul = f"{step['name']} → {words[step['bucket']]}" if "bucket" in step else f"tanpa {step['drop']}"
        told |= {"usul": usul, "sesudah": f"{best[0] * 100:.1f}".replace(".", ",")}
        yield Issue("W-AGR-007", "warning", "/aggregate/group_by", None, told)


def empty_like(state: State) -> State:
    """A cell that nobody was counted in."""
    return State(0, [0.0] * len(state.sums), [0] * len(state.counted), [set() for _ in state.different])


def copied(state: State) -> State:
    """A cell of its own, to which more can be added."""
    return State(state.rows, list(state.sums), list(state.counted), [set(one) for one in state.different])


def merged(cells: Mapping[Cell, State], whole: AggregateRules, rules: AggregateRules) -> dict[Cell, State]:
    """Cells under rules that are as coarse as, or coarser than, those they were counted by."""
    kept = [
        whole.group_by.index(next(one for one in whole.group_by if one.name == group.name)) for group in rules.group_by
    ]
    if rules.group_by == whole.group_by:
        return dict(cells)
    found: dict[Cell, State] = {}
    for cell, state in cells.items():
        key = tuple(
            coarser(cell[place], group.bucket) if group.bucket else cell[place]
            for place, group in zip(kept, rules.group_by, strict=True)
        )
        if key in found:
            found[key].add(state)
        else:
            found[key] = copied(state)
    return found
