"""Cells of one release beside those of earlier ones: the same names for both, and which is the sum of which."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from satudata_harvesters.aggregate import disclosure
from satudata_harvesters.aggregate.dimension import BUCKETS, TOTAL, coarser, months, size_of
from satudata_harvesters.aggregate.disclosure import Cell, Equation, Known
from satudata_harvesters.aggregate.releases import Figures, Released

#: The period's name where dimensions of several releases are compared, whatever a template calls it.
PERIOD = "\x00periode"


class View:
    """Cells of this release and of earlier ones under one set of dimensions, and the equations between them."""

    def __init__(self, mine: tuple[str, ...], released: Released | None, block: Sequence[str]) -> None:
        self._mine, self._block = mine, block
        spans = {month for name in block for month in months(name)}
        self._earlier = {
            name: one
            for name, one in (released.periods if released else {}).items()
            if name in block or spans & set(months(name))
        }
        theirs: tuple[str, ...] = ()
        if released and self._earlier:
            theirs = tuple(PERIOD if at == released.period_at else name for at, name in enumerate(released.dimensions))
        self._theirs = theirs
        self._all = tuple(dict.fromkeys((*mine, *theirs)))
        self._mine_at = [mine.index(name) if name in mine else None for name in self._all]
        self._theirs_at = [theirs.index(name) if name in theirs else None for name in self._all]
        self._period_at = self._all.index(PERIOD) if PERIOD in self._all else None

    def plain(self, cell: Cell) -> Cell:
        """A cell of this release under the common dimensions."""
        return tuple(TOTAL if at is None else cell[at] for at in self._mine_at)

    def _plain_before(self, cell: Cell) -> Cell:
        return tuple(TOTAL if at is None else cell[at] for at in self._theirs_at)

    def known(self) -> Known:
        """What earlier releases of these periods have told."""
        if not self._earlier:
            return disclosure.NOTHING
        published: dict[Cell, set[Figures]] = defaultdict(set)
        for one in self._earlier.values():
            for cell, figures in (*one.rows.items(), *one.earlier):
                published[self._plain_before(cell)].add(tuple(figures))
        # Each release hid its cells in every period; of periods released less often, the last holds on.
        times = range(max(len(one.hidden) for one in self._earlier.values()))
        hidden = [
            frozenset(
                self._plain_before(cell)
                for one in self._earlier.values()
                for cell in (one.hidden[at] if at < len(one.hidden) else one.hidden_now)
            )
            for at in times
        ]
        past = [*published, *frozenset().union(*hidden)]
        told = {cell: frozenset(found) for cell, found in published.items()}
        return Known(told, hidden, self._between(past, past))

    def unheard_of(self, cells: Mapping[Cell, str]) -> set[Cell]:
        """Of cells with their periods, those whose earlier release hid cells without keeping their names: any new one
        may be of them.
        """
        blind = {name for name, one in self._earlier.items() if one.masked}
        known = {self._plain_before(cell) for cell in self._past()}
        return {
            self.plain(cell)
            for cell, period in cells.items()
            if period in blind and TOTAL not in cell and self.plain(cell) not in known
        }

    def equations(self, cells: Sequence[Cell], totals: Sequence[Cell]) -> list[Equation]:
        """Which cell is the sum of which, in this release and between it and earlier ones of another shape."""
        mine = [self.plain(cell) for cell in dict.fromkeys((*cells, *totals))]
        found = self._between(mine, mine)
        if self._earlier and (self._theirs != self._mine or not self._same_lengths()):
            past = [self._plain_before(cell) for cell in self._past()]
            found += self._between(mine, past) + self._between(past, mine)
        return found

    def _past(self) -> Iterator[Cell]:
        """Every cell of these periods that a release has shown or hidden."""
        for one in self._earlier.values():
            yield from one.rows
            yield from frozenset().union(*one.hidden)

    def _same_lengths(self) -> bool:
        return {size_of(name) for name in self._earlier} <= {size_of(name) for name in self._block}

    def _between(self, wide: Sequence[Cell], fine: Sequence[Cell]) -> list[Equation]:
        """Equations whose totals are among `wide` and whose parts are the finest cells among `fine`."""
        finest = _finest(fine)
        spans = {cell[self._period_at] for cell in finest} if self._period_at is not None else set()
        there = {month for name in spans for month in months(name)}
        patterns: dict[tuple[frozenset[int], str], set[Cell]] = defaultdict(set)
        for cell in wide:
            size = size_of(cell[self._period_at]) if self._period_at is not None else ""
            whole = frozenset(place for place, one in enumerate(cell) if one == TOTAL)
            patterns[whole, size].add(cell)
        found: list[Equation] = []
        for (whole, size), members in patterns.items():
            parts: dict[Cell, list[Cell]] = defaultdict(list)
            for cell in finest:
                projected = self._projected(cell, whole, size)
                if projected is not None and projected != cell and projected in members:
                    parts[projected].append(cell)
            for total, cells in parts.items():
                if self._period_at is None or set(months(total[self._period_at])) <= there:
                    found.append((total, tuple(cells)))
        return found

    def _projected(self, cell: Cell, whole: frozenset[int], size: str) -> Cell | None:
        """The total of a pattern that a cell belongs to; None where the cell is as wide along some dimension."""
        if any(one == TOTAL and place not in whole for place, one in enumerate(cell)):
            return None
        told = [TOTAL if place in whole else one for place, one in enumerate(cell)]
        at = self._period_at
        if at is not None and size_of(cell[at]) != size:
            mine = size_of(cell[at])
            if not mine or not size or BUCKETS.index(mine) > BUCKETS.index(size):
                return None
            told[at] = coarser(cell[at], size)
        return tuple(told)


def _finest(cells: Sequence[Cell]) -> list[Cell]:
    """The cells that sum over the fewest dimensions."""
    marks = Counter(sum(one == TOTAL for one in cell) for cell in cells)
    fewest = min(marks, default=0)
    return [cell for cell in dict.fromkeys(cells) if sum(one == TOTAL for one in cell) == fewest]
