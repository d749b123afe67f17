"""The recorded answers of real portals and what was written about them by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parents[3] / "shared" / "recorded" / "tables"
TRUTH = Path(__file__).parents[2] / "tests" / "schemas" / "truth"


def tables() -> list[dict[str, Any]]:
    """One entry a table: `{file, sheet, seen, header_row, columns: [[name, type]], rows, totals}`.

    `seen` are those whose shape was known while the reader was made; the others were written down before it was run.
    """
    found: list[dict[str, Any]] = json.loads((TRUTH / "recorded_tables.json").read_text("utf-8"))
    return found


def files() -> list[Path]:
    """Every recorded table; raises FileNotFoundError where the recorded answers are not beside the checkout."""
    if not TABLES.is_dir():
        raise FileNotFoundError("the recorded answers of real portals are not beside this checkout")
    return sorted(TABLES.iterdir())
