"""One chart of a published table, drawn here as a file of its own: no script, no other host, readable when printed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 720, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 40, 62
_INK, _LINE, _BAR = "#1f2937", "#d1d5db", "#0b5cad"
_LONGEST_LABEL = 22


def draw(chart: Mapping[str, Any]) -> str:
    """The SVG of `{title, unit, by, points: [[label, value]]}`: columns over time, bars for categories."""
    points = [(str(label), float(value)) for label, value in chart.get("points", ())]
    title = _words(str(chart.get("title", ""))) + (f" ({chart['unit']})" if chart.get("unit") else "")
    body = _columns(points) if _is_time(str(chart.get("by", ""))) else _bars(points)
    told = "; ".join(f"{label}: {_number(value)}" for label, value in points)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' font-family="system-ui, sans-serif" font-size="12" fill="{_INK}">'
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc>"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
        f'<text x="{_LEFT}" y="22" font-size="14" font-weight="600">{escape(title)}</text>{body}</svg>'
    )


def etag(chart: Mapping[str, Any]) -> str:
    """What tells two charts apart."""
    return hashlib.sha256(draw(chart).encode()).hexdigest()[:24]


def alternative(chart: Mapping[str, Any]) -> str:
    """The chart in words, for those who do not see it."""
    points = chart.get("points", ())
    told = ", ".join(f"{label} {_number(float(value))}" for label, value in points[:12])
    return f"{_words(str(chart.get('title', '')))}: {told}"


def _is_time(by: str) -> bool:
    return by in {"bulan", "tanggal", "triwulan", "tahun", "periode", "hari"}


def _columns(points: Sequence[tuple[str, float]]) -> str:
    top = _ceiling(max((value for _, value in points), default=0))
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    parts = []
    for step in range(5):
        value = top * step / 4
        y = _TOP + height - height * step / 4
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_LINE}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(_short(value))}</text>')
    each = width / max(len(points), 1)
    every = -(-len(points) // 12)
    for place, (label, value) in enumerate(points):
        x, tall = _LEFT + place * each, height * value / top if top else 0
        parts.append(
            f'<rect x="{x + each * 0.15:.1f}" y="{_TOP + height - tall:.1f}" width="{each * 0.7:.1f}"'
            f' height="{max(tall, 0):.1f}" fill="{_BAR}"><title>{escape(label)}: {_number(value)}</title></rect>'
        )
        if place % every == 0:
            middle, below = x + each / 2, _TOP + height + 16
            parts.append(
                f'<text x="{middle:.1f}" y="{below}" text-anchor="end"'
                f' transform="rotate(-30 {middle:.1f} {below})">{escape(_cut(label))}</text>'
            )
    return "".join(parts)


def _bars(points: Sequence[tuple[str, float]]) -> str:
    top = _ceiling(max((value for _, value in points), default=0))
    left = 190
    width, height = _WIDTH - left - 90, _HEIGHT - _TOP - 16
    each = height / max(len(points), 1)
    parts = []
    for place, (label, value) in enumerate(points):
        y, long = _TOP + place * each, width * value / top if top else 0
        middle = y + each / 2 + 4
        parts.append(f'<text x="{left - 8}" y="{middle:.1f}" text-anchor="end">{escape(_cut(label))}</text>')
        parts.append(
            f'<rect x="{left}" y="{y + each * 0.15:.1f}" width="{max(long, 0):.1f}" height="{each * 0.7:.1f}"'
            f' fill="{_BAR}"/>'
        )
        parts.append(f'<text x="{left + long + 6:.1f}" y="{middle:.1f}">{_number(value)}</text>')
    return "".join(parts)


def _ceiling(value: float) -> float:
    """A round number not below a value."""
    if value <= 0:
        return 1.0
    step = 10.0 ** (len(str(int(value))) - 1)
    return next(step * times for times in (1, 2, 4, 5, 8, 10) if step * times >= value)


def _number(value: float) -> str:
    """1.234,5 as Indonesian writes it."""
    whole = f"{value:,.2f}".rstrip("0").rstrip(".")
    return whole.replace(",", " ").replace(".", ",").replace(" ", ".")


def _short(value: float) -> str:
    for size, word in ((1e12, "triliun"), (1e9, "miliar"), (1e6, "juta")):
        if abs(value) >= size:
            return f"{_number(round(value / size, 1))} {word}"
    return _number(value)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _cut(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
