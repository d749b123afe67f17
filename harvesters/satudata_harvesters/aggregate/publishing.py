"""From what was counted to what may be published: as fine as the rules allow, small cells hidden, what was published
before kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import Any

from satudata_harvesters.aggregate import coarseness, disclosure
from satudata_harvesters.aggregate.dimension import OTHER, TOTAL, UNKNOWN, has_ended, months
from satudata_harvesters.aggregate.disclosure import CannotHideError, Release
from satudata_harvesters.aggregate.releases import Figures, Released, ReleasedPeriod
from satudata_harvesters.aggregate.rules import AggregateRules
from satudata_harvesters.aggregate.table import PeriodReport, Table, columns_of, dictionary
from satudata_harvesters.aggregate.tally import MOST_CELLS, Cell, Counted, State
from satudata_harvesters.aggregate.view import PERIOD, View
from satudata_harvesters.errors import SourceError
from satudata_schemas.issue import Issue

#: A text of the application's own is published only where at least so many rows bear it: fewer may be a person's.
RARE = 5


def publish(
    counted: Counted,
    rules: AggregateRules,
    *,
    today: date | None = None,
    released: Released | None = None,
    binding: bool = True,
) -> Table:
    """The table of what was counted. `released` is what has been published before, or None.

    A period that has not ended is left out, one that was published before and is no longer counted is kept. Where a
    correction cannot be published without giving a hidden cell away, the period stays as it was. What nobody has seen
    yet does not bind (`binding`).
    """
    level = coarseness.level(counted, rules, released if binding else None)
    at_level = rules.coarser(level)
    sheet = _Sheet(counted, rules, at_level, level, today)
    before = released if released and released.same_shape(sheet.shape) else None
    told = released if binding else None
    outcome = [sheet.settle(block, before if binding else None, told) for block in sheet.blocks(told)]
    periods: dict[str, ReleasedPeriod] = {}
    reports: list[PeriodReport] = []
    for block in outcome:
        periods |= block.periods
        reports += block.reports
    for name, kept in (before.periods if before else {}).items():
        if name not in periods:
            periods[name] = kept
            reports.append(PeriodReport(name, len(kept.rows), len(kept.hidden_now) + kept.masked, "dipertahankan"))
    rows = sorted((cell, figures) for one in periods.values() for cell, figures in one.rows.items())
    hidden = [cell for block in outcome for cell in block.hidden if TOTAL not in cell]
    total = sum(block.cells for block in outcome)
    groups = at_level.group_by
    table = Table(
        columns=columns_of(at_level),
        rows=[[*_told(groups, cell), *("" if one is None else one for one in figures)] for cell, figures in rows],
        suppressed=len(hidden),
        total_cells=total,
        rows_read=counted.rows,
        kamus_data=dictionary(at_level),
        rows_suppressed=sum(sheet.base[cell].rows for cell in hidden if cell in sheet.base),
        small=sum(block.small for block in outcome),
        read=tuple(name for name in counted.columns if name in rules.read),
        dropped=tuple(name for name in counted.columns if name not in rules.read),
        pages=counted.pages,
        periods=tuple(sorted(reports, key=lambda one: one.period)),
        level=level,
        rules=at_level,
        released=replace(sheet.shape, periods=periods),
    )
    issues = [
        *counted.issues,
        *(issue for block in outcome for issue in block.issues),
        *coarseness.proposal(table, sheet.base, at_level),
    ]
    return replace(table, issues=tuple(issues))


@dataclass(frozen=True)
class _Block:
    """What came of periods that share months, and so had to be looked at together."""

    periods: dict[str, ReleasedPeriod]
    reports: list[PeriodReport]
    hidden: list[Cell]
    cells: int = 0
    small: int = 0
    issues: tuple[Issue, ...] = ()


class _Sheet:
    """The cells of a table at one level of coarseness, with their totals."""

    def __init__(
        self, counted: Counted, whole: AggregateRules, rules: AggregateRules, level: int, today: date | None
    ) -> None:
        self.rules = rules
        self.at = rules.period_at
        self.names = tuple(PERIOD if place == self.at else group.name for place, group in enumerate(rules.group_by))
        self.shape = Released(
            tuple(group.name for group in rules.group_by), tuple(one.name for one in rules.measures), self.at, level,
            "" if self.at is None else str(rules.group_by[self.at].bucket),
        )  # fmt: skip
        cells = coarseness.merged(counted.cells, whole, rules)
        if today is not None and not rules.open_periods and rules.snapshot is None:
            cells = {cell: state for cell, state in cells.items() if has_ended(self.period(cell), today)}
        self.base = _with_zeros(cells, rules) if rules.zeros else cells
        self._rare = _rare_labels(self.base, rules)
        self._by_period: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.base:
            self._by_period[self.period(cell)].append(cell)

    def period(self, cell: Cell) -> str:
        """The period of a cell, "" in a table without."""
        return cell[self.at] if self.at is not None else ""

    def rare(self, cell: Cell) -> bool:
        """Whether a text stands in a cell that too few rows bear."""
        return any(cell[place] in labels for place, labels in self._rare.items())

    def blocks(self, released: Released | None) -> Iterator[list[str]]:
        """The periods that were counted, those together that earlier releases of other lengths overlap."""
        earlier = list(released.periods) if released else []
        waiting = sorted(self._by_period)
        while waiting:
            block = [waiting.pop(0)]
            spans = set(months(block[0]))
            wider = {month for name in earlier if spans & set(months(name)) for month in months(name)}
            more = [name for name in waiting if wider & set(months(name))]
            waiting = [name for name in waiting if name not in more]
            yield [*block, *more]

    # --- one block ---

    def settle(self, names: Sequence[str], before: Released | None, released: Released | None) -> _Block:
        """Publish the periods of a block, or leave them as they were."""
        cells = [cell for name in names for cell in self._by_period[name]]
        if self.rules.snapshot and before and set(names) <= set(before.periods):
            return self._kept(names, before, ())
        totals, implied = self._totals(cells)
        states = {cell: self.base[cell] for cell in cells} | totals
        figures = self._figures(states, {**totals, **implied})
        view = View(self.names, released, names)
        count = {view.plain(cell): self._contributors(state) for cell, state in {**states, **implied}.items()}
        told = {view.plain(cell): value for cell, value in figures.items()}
        marks = {view.plain(cell) for cell in states if self.rare(cell)} | view.unheard_of(
            {cell: self.period(cell) for cell in states}
        )
        alone = frozenset(view.plain(cell) for cell in implied if cell not in totals)
        known = view.known()
        release = Release(count, told, view.equations([*cells], [*totals, *implied]), alone)
        try:
            found = disclosure.hide(release, self.rules.k, known, also=marks.__contains__)
        except CannotHideError as stuck:
            issue = Issue("W-AGR-006", "warning", "/aggregate/k", None, {"periode": ", ".join(sorted(names)[:6])})
            if before and set(names) <= set(before.periods):
                return self._kept(names, before, (issue,))
            hidden = {cell for cell in states if view.plain(cell) not in stuck.given}
            return self._block(names, cells, states, figures, hidden, (issue,), before)
        hidden = {cell for cell in states if view.plain(cell) in found}
        return self._block(names, cells, states, figures, hidden, (), before)

    def _kept(self, names: Sequence[str], before: Released, issues: tuple[Issue, ...]) -> _Block:
        periods = {name: before.periods[name] for name in names}
        reports = [
            PeriodReport(name, len(one.rows), len(one.hidden_now) + one.masked, "dipertahankan")
            for name, one in periods.items()
        ]
        hidden = [cell for one in periods.values() for cell in one.hidden_now]
        base = sum(TOTAL not in cell for one in periods.values() for cell in one.rows)
        cells = base + sum(TOTAL not in cell for cell in hidden)
        return _Block(periods, reports, hidden, cells, issues=issues)

    def _block(
        self, names: Sequence[str], cells: Sequence[Cell], states: Mapping[Cell, State],
        figures: Mapping[Cell, Figures], hidden: set[Cell], issues: tuple[Issue, ...],
        before: Released | None = None,
    ) -> _Block:  # fmt: skip
        periods, reports = {}, []
        for name in names:
            mine = [cell for cell in states if self.period(cell) == name]
            rows = {cell: figures[cell] for cell in sorted(mine) if cell not in hidden}
            unseen = {cell for cell in mine if cell in hidden}
            nameable = frozenset(cell for cell in unseen if not self.rare(cell))
            old = before.periods.get(name) if before else None
            periods[name] = _following(old, rows, nameable, len(unseen) - len(nameable))
            small = sum(TOTAL not in cell for cell in unseen)
            state = "baru" if old is None else "tetap" if dict(old.rows) == rows else "dikoreksi"
            reports.append(PeriodReport(name, sum(TOTAL not in cell for cell in mine), small, state))
        gone = [cell for cell in cells if cell in hidden]
        few = sum(0 < self._contributors(self.base[cell]) < self.rules.k for cell in gone)
        return _Block(periods, reports, gone, len(cells), few, issues)

    # --- figures ---

    def _contributors(self, state: State) -> int:
        """How many rows, or persons where the rules say by what they are told apart, a cell speaks of."""
        if not self.rules.k_of:
            return state.rows
        place = [one.name for one in self.rules.measures if one.kind == "distinct"]
        return len(state.different[place.index(self.rules.k_of)]) if self.rules.k_of in place else state.rows

    def _totals(self, cells: Sequence[Cell]) -> tuple[dict[Cell, State], dict[Cell, State]]:
        """The totals that are published, and those that are the base of a share."""
        names = [group.name for group in self.rules.group_by]
        shares = [one.of for one in self.rules.measures if one.kind == "share" and not one.whole]
        fixed = [names[self.at]] if self.at is not None else []
        bases = [tuple(name for name in names if name in of or name in fixed) for of in shares]
        return _summed(cells, self.base, names, self.rules.totals), _summed(cells, self.base, names, bases)

    def _figures(self, states: Mapping[Cell, State], totals: Mapping[Cell, State]) -> dict[Cell, Figures]:
        sums = [one.name for one in self.rules.measures if one.kind in {"sum", "mean"}]
        different = [one.name for one in self.rules.measures if one.kind == "distinct"]
        names = [group.name for group in self.rules.group_by]

        def figure(name: str, state: State) -> float | None:
            measure = next(one for one in self.rules.measures if one.name == name)
            if measure.kind == "count":
                return state.rows
            if measure.kind == "distinct":
                return len(state.different[different.index(name)])
            place = sums.index(name)
            if measure.kind == "sum":
                return _plain(state.sums[place], measure.decimals)
            given = state.counted[place]
            return _plain(state.sums[place] / given, measure.decimals) if given else None

        def share(cell: Cell, measure: Any, state: State) -> float | None:
            whole = state
            if not measure.whole:
                keep = {*measure.of, names[self.at] if self.at is not None else ""}
                key = tuple(one if names[place] in keep else TOTAL for place, one in enumerate(cell))
                whole = totals.get(key, state)
            part, base = figure(measure.part, state), figure(measure.whole or measure.part, whole)
            return None if part is None or not base else _plain(100 * part / base, measure.decimals)

        return {
            cell: tuple(
                share(cell, one, state) if one.kind == "share" else figure(one.name, state)
                for one in self.rules.measures
            )
            for cell, state in states.items()
        }


def _following(
    old: ReleasedPeriod | None, rows: Mapping[Cell, Figures], hidden: frozenset[Cell], masked: int
) -> ReleasedPeriod:
    if old is None:
        return ReleasedPeriod(dict(rows), (), (hidden,), masked)
    replaced = [(cell, tuple(figures)) for cell, figures in old.rows.items() if rows.get(cell) != tuple(figures)]
    earlier = tuple(dict.fromkeys((*old.earlier, *replaced)))
    then = old.hidden if hidden in old.hidden[-1:] else (*old.hidden, hidden)
    return ReleasedPeriod(dict(rows), earlier, then, max(old.masked, masked))


def _told(groups: Sequence[Any], cell: Cell) -> list[str]:
    return [word for group, code in zip(groups, cell, strict=True) for word in group.told(code)]


def _plain(value: float, decimals: int) -> float:
    rounded = round(value, decimals)
    return int(rounded) if float(rounded).is_integer() and abs(rounded) < 2**53 else rounded


def _summed(
    cells: Sequence[Cell], states: Mapping[Cell, State], names: Sequence[str], totals: Iterable[Sequence[str]]
) -> dict[Cell, State]:
    found: dict[Cell, State] = {}
    for kept in totals:
        for cell in cells:
            key = tuple(one if names[place] in kept else TOTAL for place, one in enumerate(cell))
            if key in found:
                found[key].add(states[cell])
            else:
                found[key] = coarseness.copied(states[cell])
    return found


def _with_zeros(cells: Mapping[Cell, State], rules: AggregateRules) -> dict[Cell, State]:
    """The cells together with those that nobody was counted in: every combination of what occurs, in every period."""
    if not cells:
        return {}
    empty = coarseness.empty_like(next(iter(cells.values())))
    domains: list[list[str]] = []
    for place, group in enumerate(rules.group_by):
        occurring = {cell[place] for cell in cells} - {UNKNOWN, OTHER}
        domains.append(sorted(occurring | set(group.values)))
    size = 1
    for domain in domains:
        size *= max(len(domain), 1)
    if size > MOST_CELLS:
        raise SourceError("E-TRK-029", limit=MOST_CELLS)
    return {cell: coarseness.copied(empty) for cell in product(*domains)} | dict(cells)


def _rare_labels(cells: Mapping[Cell, State], rules: AggregateRules) -> dict[int, set[str]]:
    """Of each dimension that takes the application's own words, those that too few rows bear."""
    found: dict[int, set[str]] = {}
    for place, group in enumerate(rules.group_by):
        if group.closed:
            continue
        borne: Counter[str] = Counter()
        for cell, state in cells.items():
            borne[cell[place]] += state.rows
        known = {UNKNOWN, OTHER, *group.codes.values()}
        found[place] = {label for label, rows in borne.items() if rows < RARE and label not in known}
    return {place: labels for place, labels in found.items() if labels}
