"""One figure of `make bench`: what was measured, the bar it must reach and the aim beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Figure:
    """A measured value beside its bar.

    Where `better` is "higher" the value must be at least `bar`, where "lower" at most; without a bar it is only told.
    `raw` holds what the value was made of (counts, seconds, rates), so that a reader can compute it again.
    """

    name: str
    value: float
    bar: float | None = None
    aim: float | None = None
    unit: str = "x"
    better: Literal["higher", "lower"] = "higher"
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the bar is reached, where there is one."""
        if self.bar is None:
            return True
        return self.value >= self.bar if self.better == "higher" else self.value <= self.bar

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of `bench/results/latest.json`."""
        return {
            "name": self.name, "value": self.value, "bar": self.bar, "aim": self.aim, "unit": self.unit,
            "passed": self.passed, "raw": {**self.raw, "better": self.better},
        }  # fmt: skip
