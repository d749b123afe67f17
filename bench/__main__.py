"""Measure the figures of the product: `make bench`, or some of them: `make bench ONLY=ckan_read_rate,read_memory`.

Every module of this folder may declare `FIGURES: dict[str, Callable[[], Iterable[Figure]]]`: the names of what one
function measures together, separated by commas, and that function. Each function runs in a process of its own, so
that what one leaves in memory or in caches changes nothing for the next. Results stand in `bench/results/latest.json`;
those of a run of some names replace only these. Ends with 1 where a bar is missed or a measurement failed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.measurement import machine, measure, measurements

LATEST = Path(__file__).parent / "results" / "latest.json"


def kept(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write the entries over those of earlier runs and return all, by name."""
    before = json.loads(LATEST.read_text("utf-8")) if LATEST.exists() else []
    together = {entry["name"]: entry for entry in (*before, *entries)}
    LATEST.parent.mkdir(exist_ok=True)
    whole = [together[name] for name in sorted(together)]
    LATEST.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return whole


def table(entries: Iterable[dict[str, Any]]) -> str:
    """Return the figures as lines for a terminal."""
    lines = [f"{'figure':28} {'value':>10} {'bar':>8} {'aim':>8} unit"]
    for entry in entries:
        value = "failed" if entry["value"] is None else f"{entry['value']:.4g}"
        verdict = "" if entry["passed"] else "  <- bar missed"
        lines.append(
            f"{entry['name']:28} {value:>10} {_told(entry['bar']):>8} {_told(entry['aim']):>8} {entry['unit']}{verdict}"
        )
    return "\n".join(lines)


def _told(bar: float | None) -> str:
    return "" if bar is None else str(bar)


def main() -> int:
    """Measure what was asked for, print and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", metavar="NAME,…", help="some figures instead of all")
    parser.add_argument("--list", action="store_true", help="print the names and measure nothing")
    chosen = parser.parse_args()
    known = measurements()
    wanted = [name for name in chosen.only.split(",") if name] or sorted(known)
    if unknown := [name for name in wanted if name not in known]:
        parser.error(f"no such figure: {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    if chosen.list:
        print("\n".join(wanted))
        return 0
    entries: list[dict[str, Any]] = []
    for module, key in sorted({known[name] for name in wanted}):
        entries += measure(module, key)
        print(table(entries[-len(key.split(",")) :]).partition("\n")[2], flush=True)
    kept(entries)
    print(f"\n{table(entries)}\n\n{json.dumps(machine())}")
    return 0 if all(entry["passed"] for entry in entries) else 1


if __name__ == "__main__":
    raise SystemExit(main())
