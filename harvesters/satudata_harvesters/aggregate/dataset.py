"""The dataset that a counted table becomes, in contract fields."""

from __future__ import annotations

from datetime import date
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.aggregate.dimension import UNKNOWN, months
from satudata_harvesters.aggregate.rules import AggregateRules
from satudata_harvesters.aggregate.table import Table


def describe(table: Table, rules: AggregateRules, *, today: date | None = None) -> dict[str, Any]:
    """The aggregate's dataset in contract fields, without resources; period and shortfall come from the table."""
    dataset = dict(rules.dataset)
    told = sorted(one.period for one in table.periods if one.period and one.period != UNKNOWN)
    if told:
        first, last = min(told, key=months), max(told, key=months)
        dataset.setdefault("periode_awal", _edge(first, end=False))
        dataset.setdefault("periode_akhir", _edge(last, end=True))
    if today is not None:
        dataset.setdefault("tanggal_mutakhir", today.isoformat())
    if table.suppressed:
        percent = f"{table.share_suppressed * 100:.1f}".replace(".", ",")
        said = f"Sel dengan jumlah kurang dari {rules.k} tidak ditampilkan ({table.suppressed} sel, {percent}%"
        more = table.suppressed - table.small
        said += f"; {more} di antaranya agar sel lain tidak dapat dihitung)." if more > 0 else ")."
        dataset["notes"] = f"{dataset.get('notes', '')}\n\n{said}".strip()
    return dataset


def _edge(period: str, *, end: bool) -> str:
    return values.period(period, end=end) or period
