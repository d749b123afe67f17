"""The part of a dataset's page that shows a table made of an application's rows, and for insiders how it came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ckan import model
from ckan.plugins import toolkit

from ckanext.satudata.harvest import tracing
from ckanext.satudata.portal import chart, wording


@dataclass(frozen=True, slots=True)
class TablePart:
    """The first rows of a table, its chart in words, and what it leaves out; `origin` only for insiders."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    has_chart: bool
    chart_words: str
    omitted: str
    origin: Sequence[tuple[str, str]]
    periods: Sequence[Mapping[str, Any]]


def of_package(package_id: str, *, inside: bool) -> TablePart | None:
    """The part of one dataset's page; None where the dataset is no such table."""
    trace = tracing.shown(model.Session, package_id)
    if trace is None:
        return None
    shown = trace["shown"]
    drawn = shown.get("chart") or {}
    return TablePart(
        columns=[wording.clean(name, 80) for name in shown.get("columns", ())],
        rows=[[_cell(cell) for cell in row] for row in shown.get("rows", ())],
        has_chart=bool(drawn.get("points")),
        chart_words=chart.alternative(drawn) if drawn.get("points") else "",
        omitted=_omitted(trace["counts"]),
        origin=_origin(trace) if inside else (),
        periods=trace["periods"][-12:] if inside else (),
    )


def drawing(package_id: str) -> Mapping[str, Any] | None:
    """What the chart of a dataset shows; None where it has none."""
    trace = tracing.shown(model.Session, package_id)
    found = (trace["shown"].get("chart") or {}) if trace else {}
    return found if found.get("points") else None


def _cell(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return wording.number(value) if isinstance(value, int) else f"{value:.2f}".replace(".", ",")
    return wording.clean(value, 60)


def _omitted(counts: Mapping[str, Any]) -> str:
    if not counts.get("suppressed"):
        return ""
    share = f"{100 * counts['suppressed'] / max(counts.get('cells', 1), 1):.1f}".replace(".", ",")
    return toolkit._("%(count)s sel (%(percent)s%%) tidak ditampilkan agar tidak ada orang yang dapat dikenali.") % {
        "count": wording.number(counts["suppressed"]),
        "percent": share,
    }


def _origin(trace: Mapping[str, Any]) -> list[tuple[str, str]]:
    template = " ".join(part for part in (trace["template"], trace["template_version"]) if part)
    return [
        (toolkit._("Dihitung pada"), wording.moment(trace["at"])),
        (toolkit._("Templat dan versinya"), template or "–"),
        (toolkit._("Sidik aturan"), trace["rules_hash"][:16]),
        (toolkit._("Baris yang dihitung"), wording.number(trace["rows_read"])),
        (toolkit._("Halaman sumber"), wording.number(trace["counts"].get("pages", 0))),
        (toolkit._("Sidik halaman terakhir"), trace["counts"].get("last_page", "")[:16] or "–"),
        (toolkit._("Kolom yang dibaca"), ", ".join(trace["columns"].get("read", ()))),
        (toolkit._("Kolom yang dibuang"), wording.number(len(trace["columns"].get("dropped", ())))),
        (toolkit._("Ambang sel terkecil"), str(trace["counts"].get("k", ""))),
    ]
