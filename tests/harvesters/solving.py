"""A reader who solves: which hidden cells follow from what is published? Exact, over the rationals, and of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction


def derivable(equations: Iterable[Mapping[object, int]]) -> set[object]:
    """The variables with one value only, given `sum(factor * variable) = known` for each equation."""
    lines = [{name: Fraction(value) for name, value in line.items() if value} for line in equations]
    names = list(dict.fromkeys(name for line in lines for name in line))
    done = 0
    pivots: dict[object, int] = {}
    for name in names:
        row = next((at for at in range(done, len(lines)) if lines[at].get(name)), None)
        if row is None:
            continue
        lines[done], lines[row] = lines[row], lines[done]
        factor = lines[done][name]
        lines[done] = {key: value / factor for key, value in lines[done].items()}
        for at, line in enumerate(lines):
            if at != done and line.get(name):
                times = line[name]
                for key, value in lines[done].items():
                    line[key] = line.get(key, Fraction(0)) - times * value
                lines[at] = {key: value for key, value in line.items() if value}
        pivots[name] = done
        done += 1
    return {name for name, at in pivots.items() if len(lines[at]) == 1}


def narrowed(equations: Iterable[tuple[Mapping[object, int], int]], k: int) -> set[object]:
    """Variables of equations by themselves that can have fewer than `k` values when each is known to be at least 1."""
    found: set[object] = set()
    for line, known in equations:
        if line and all(factor == 1 for factor in line.values()) and known - len(line) < k - 1:
            found |= set(line)
    return found


class Reader:
    """Somebody who keeps every release of a table and writes down what follows from it.

    A cell is `(coordinates…)`; `truth` gives its figure in each release, so that equal figures are one unknown: the
    reader is taken to know when a hidden figure has not changed.
    """

    def __init__(self) -> None:
        self.lines: list[dict[object, int]] = []
        self.bounds: list[tuple[dict[object, int], int]] = []
        self.known: set[tuple[object, int]] = set()
        self.releases: list[tuple[Mapping[tuple, int], Mapping[tuple, int], list[tuple[tuple, list[tuple]]]]] = []

    def take(self, truth, published, sums):
        """One release: every true figure, the published ones, and `(total, parts)`."""
        self.releases.append((truth, published, sums))
        self.known |= set(published.items())

    def told(self) -> set[object]:
        """What has been published as hidden and can be computed all the same."""
        lines = []
        for truth, published, sums in self.releases:
            for total, parts in sums:
                line: dict[object, int] = {}
                for factor, cell in [(-1, total), *((1, part) for part in parts)]:
                    variable = (cell, truth.get(cell, 0))
                    if cell not in published and variable not in self.known:
                        line[variable] = line.get(variable, 0) + factor
                lines.append(line)
        return derivable(lines)

    def narrowed(self, k: int) -> set[object]:
        """What single equations of the last release narrow down to fewer than `k` values."""
        truth, published, sums = self.releases[-1]
        lines = []
        for total, parts in sums:
            unseen = [cell for cell in parts if cell not in published and truth.get(cell, 0)]
            if total in published and unseen:
                lines.append((dict.fromkeys(unseen, 1), sum(truth[cell] for cell in unseen)))
        return narrowed(lines, k)
