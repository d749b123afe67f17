"""What has been published of a table before: it is part of the next one, and what it hid stays hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Cell = tuple[str, ...]
Figures = tuple[float | None, ...]


@dataclass(frozen=True)
class ReleasedPeriod:
    """One period as it stands published: figures by cell, and what corrections have replaced.

    `hidden` are the cells that each release did not show, the last at the end; `masked` says how many more there were
    whose names are themselves not to be kept, because a text of the application's own stands in them.
    """

    rows: Mapping[Cell, Figures]
    earlier: tuple[tuple[Cell, Figures], ...] = ()
    hidden: tuple[frozenset[Cell], ...] = ()
    masked: int = 0

    @property
    def hidden_now(self) -> frozenset[Cell]:
        """The cells that the last release does not show."""
        return self.hidden[-1] if self.hidden else frozenset()

    def to_json(self) -> dict[str, Any]:
        """JSON-able, for keeping."""
        return {
            "rows": [[list(cell), list(figures)] for cell, figures in self.rows.items()],
            "earlier": [[list(cell), list(figures)] for cell, figures in self.earlier],
            "hidden": [sorted(list(cell) for cell in one) for one in self.hidden],
            "masked": self.masked,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> ReleasedPeriod:
        """What `to_json` gave."""
        return cls(
            {tuple(cell): tuple(figures) for cell, figures in kept["rows"]},
            tuple((tuple(cell), tuple(figures)) for cell, figures in kept.get("earlier", ())),
            tuple(frozenset(tuple(cell) for cell in one) for one in kept.get("hidden", ())),
            int(kept.get("masked", 0)),
        )


@dataclass(frozen=True)
class Released:
    """Every period that has been published under one shape: the names of dimensions and figures, and how coarse."""

    dimensions: tuple[str, ...]
    figures: tuple[str, ...]
    period_at: int | None = None
    level: int = 0
    bucket: str = ""
    periods: Mapping[str, ReleasedPeriod] = field(default_factory=dict)

    def same_shape(self, other: Released) -> bool:
        """Whether the rows of both can stand in one table."""
        return self.shape() == other.shape()

    def shape(self) -> dict[str, Any]:
        """JSON-able, without the periods."""
        told = {"dimensions": list(self.dimensions), "figures": list(self.figures)}
        return {**told, "period_at": self.period_at, "level": self.level, "bucket": self.bucket}

    @classmethod
    def from_json(cls, shape: Mapping[str, Any], periods: Mapping[str, Mapping[str, Any]]) -> Released:
        """What `shape` and each period's `to_json` gave."""
        return cls(
            tuple(shape["dimensions"]), tuple(shape["figures"]), shape.get("period_at"), int(shape.get("level", 0)),
            str(shape.get("bucket", "")), {name: ReleasedPeriod.from_json(kept) for name, kept in periods.items()},
        )  # fmt: skip
