"""Which cells of a table must not be published, so that no small one can be computed from those that are.

A cell with fewer than `k` is hidden. Whoever reads a table together with its totals, and with earlier releases of it,
holds linear equations between cells; further cells are hidden until these equations determine no hidden cell, and
until none of them narrows hidden cells down by saying that each is at least one.

The reader is taken to believe that a cell that was hidden before is still what it was: whoever knows less derives less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

#: A cell: its coordinates, totals with their mark along what they sum over.
Cell = tuple[str, ...]
#: A total and the cells it is the sum of.
Equation = tuple[Cell, tuple[Cell, ...]]

#: Prime of the field in which equations are solved: a 0/1 matrix has another rank here than over the rationals only
#: where this prime divides one of its minors.
_PRIME = (1 << 61) - 1


@dataclass(frozen=True)
class Known:
    """What earlier releases have told: `published` are values of cells, `hidden` is what each release hid, the last at
    the end; `equations` hold between their cells.
    """

    published: Mapping[Cell, frozenset[tuple[float | None, ...]]]
    hidden: Sequence[frozenset[Cell]] = ()
    equations: Sequence[Equation] = ()


NOTHING = Known({})


class CannotHideError(Exception):
    """A correction that would give a hidden cell away whatever else is hidden with it.

    `given` are the cells that earlier releases tell by themselves, so that hiding them would hide nothing.
    """

    def __init__(self, given: frozenset[Cell]) -> None:
        super().__init__()
        self.given = given


@dataclass
class Release:
    """Cells about to be published: contributors of each (rows or persons), all their figures, and the equations
    between them.

    `implied` are totals that are known though they stand in no row, such as the base of a share.
    """

    contributors: Mapping[Cell, int]
    figures: Mapping[Cell, tuple[float | None, ...]]
    equations: Sequence[Equation]
    implied: frozenset[Cell] = frozenset()


def hide(
    release: Release, k: int, known: Known = NOTHING, *, also: Callable[[Cell], bool] | None = None
) -> frozenset[Cell]:
    """The cells that must not be published: those under `k` or in `also`, those hidden before, and as many more as
    protect them.

    Raises `CannotHideError` where earlier releases leave nothing that could still be hidden.
    """
    small = {cell for cell, count in release.contributors.items() if 0 < count < k or (also is not None and also(cell))}
    return frozenset(_Protection(release, k, known, small).protect())


class _Protection:
    def __init__(self, release: Release, k: int, known: Known, small: set[Cell]) -> None:
        self.release, self.k, self.known = release, k, known
        self.before = frozenset().union(*known.hidden)
        self.last = known.hidden[-1] if known.hidden else frozenset()
        self.hidden = small | {cell for cell in release.contributors if cell in self.before}
        self.touching: dict[Cell, list[Equation]] = defaultdict(list)
        for equation in release.equations:
            for cell in (equation[0], *equation[1]):
                self.touching[cell].append(equation)
        self.given: frozenset[Cell] = frozenset()
        self.given = self._given()

    def protect(self) -> set[Cell]:
        """The cells to hide."""
        while (self.hidden or self.before) and self._simple() + self._solved():
            pass
        return self.hidden

    def _given(self) -> frozenset[Cell]:
        """What earlier releases tell of this one, were nothing of it published."""
        if not self.known.equations and not self.known.published:
            return frozenset()
        chosen, self.hidden = self.hidden, set(self.release.contributors)
        told = determined(self._lines())
        self.hidden = chosen
        return frozenset(cell for cell in map(_cell_of, told) if cell not in chosen)  # type: ignore[misc]

    # --- what a reader does not know ---

    def _told_before(self, cell: Cell) -> bool:
        """Whether an earlier release published the very figures that are hidden now."""
        return cell in self.given or self.release.figures.get(cell) in self.known.published.get(cell, frozenset())

    def _unknown(self, cell: Cell) -> object | None:
        """The variable that stands for a cell in the reader's equations; None where its value is known."""
        if cell in self.release.implied:
            return cell if self._unseen_base(cell) else None
        if cell not in self.release.contributors:
            return self._variable(cell) if cell in self.last else None
        return None if cell not in self.hidden or self._told_before(cell) else self._variable(cell)

    def _variable(self, cell: Cell) -> object:
        """A hidden cell that was published before is another than the one that was published."""
        return ("now", cell) if cell in self.known.published else cell

    def _unseen_base(self, total: Cell) -> bool:
        """Whether no share of an implied total is published, so that nothing tells it."""
        count = self.release.contributors
        parts = [cell for at, cells in self.touching[total] if at == total for cell in cells]
        return not any(count.get(cell, 0) and cell not in self.hidden for cell in parts)

    # --- one equation by itself ---

    def _simple(self) -> int:
        """Hide one more cell in every equation that tells a hidden one by itself; how many were added."""
        added = 0
        for equation in self.release.equations:
            while not self._safe(equation):
                self._add(equation)
                added += 1
        return added

    def _safe(self, equation: Equation) -> bool:
        total, parts = equation
        unknown = [cell for cell in parts if self._unknown(cell) is not None]
        if self._unknown(total) is not None:
            return True
        if not unknown:
            return True
        # What only earlier releases have hidden is taken to be large enough: they were safe.
        counts = [self.release.contributors.get(cell, self.k if cell in self.last else 0) for cell in unknown]
        filled = [count for count in counts if count]
        return len(filled) > 1 and sum(filled) - len(filled) >= self.k - 1

    def _add(self, equation: Equation) -> None:
        total, parts = equation
        count = self.release.contributors
        free = [
            cell for cell in parts if cell not in self.hidden and count.get(cell, 0) and not self._told_before(cell)
        ]
        # A reader who is told all parts but one small one learns it: the smallest that can be spared goes.
        for cell in sorted(free, key=lambda one: (count[one], one)):
            self.hidden.add(cell)
            return
        if total not in self.hidden and total not in self.release.implied and not self._told_before(total):
            self.hidden.add(total)
            return
        raise CannotHideError(self.given)

    # --- all equations together ---

    def _solved(self) -> int:
        """Hide one more cell for each that all equations together determine; how many were added."""
        added = 0
        for variable in sorted(determined(self._lines()), key=repr):
            added += self._spare(_cell_of(variable))
        return added

    def _lines(self) -> list[dict[object, int]]:
        """Everything a reader can write down, now and from before."""
        lines = [self._line(equation, self._unknown) for equation in self.release.equations]
        for hidden in self.known.hidden:
            then = partial(self._unknown_then, hidden)
            lines += [self._line(equation, then) for equation in self.known.equations]
        return lines

    def _unknown_then(self, hidden: frozenset[Cell], cell: Cell) -> object | None:
        return self._variable(cell) if cell in hidden else None

    def _spare(self, cell: object) -> int:
        """Hide a cell that stands in an equation with one that is told; else any total, for totals of several kinds
        tell each other.
        """
        for equation in self.touching.get(cell, ()):  # type: ignore[call-overload]
            try:
                self._add(equation)
            except CannotHideError:
                continue
            return 1
        count = self.release.contributors
        totals = {total for total, _ in self.release.equations if total not in self.release.implied}
        free = [one for one in totals if one not in self.hidden and count.get(one, 0) and not self._told_before(one)]
        if not free:
            raise CannotHideError(self.given)
        self.hidden.add(min(free, key=lambda one: (count[one], one)))
        return 1

    @staticmethod
    def _line(equation: Equation, unknown: Callable[[Cell], object | None]) -> dict[object, int]:
        line: dict[object, int] = {}
        for factor, cells in ((_PRIME - 1, equation[:1]), (1, equation[1])):
            for cell in cells:
                variable = unknown(cell)
                if variable is not None:
                    line[variable] = (line.get(variable, 0) + factor) % _PRIME
        return line


def _cell_of(variable: object) -> object:
    fresh = isinstance(variable, tuple) and len(variable) == 2 and isinstance(variable[1], tuple)
    return variable[1] if fresh else variable  # type: ignore[index]


def determined(lines: Iterable[Mapping[object, int]]) -> set[object]:
    """The variables that a system of linear equations has only one value for, whatever its right-hand sides are."""
    pivots: dict[object, dict[object, int]] = {}
    for given in lines:
        line = {name: value for name, value in given.items() if value}
        for name in [name for name in line if name in pivots]:
            _subtract(line, pivots[name], line[name])
        if not line:
            continue
        pivot = next(iter(line))
        factor = pow(line[pivot], _PRIME - 2, _PRIME)
        line = {name: value * factor % _PRIME for name, value in line.items()}
        for other in pivots.values():
            if pivot in other:
                _subtract(other, line, other[pivot])
        pivots[pivot] = line
    return {pivot for pivot, line in pivots.items() if len(line) == 1}


def _subtract(line: dict[object, int], other: Mapping[object, int], factor: int) -> None:
    for name, value in other.items():
        left = (line.get(name, 0) - factor * value) % _PRIME
        if left:
            line[name] = left
        else:
            line.pop(name, None)
