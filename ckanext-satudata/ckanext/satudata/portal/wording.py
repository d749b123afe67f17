"""How dates, numbers and sizes are written for the reader's language: "9 Agustus 2024", "1.234,5", "2,4 MB"."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any, Literal

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from ckan.lib import helpers as ckan_helpers

Lang = Literal["id", "en"]
_ZONES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
_UNITS = ("B", "kB", "MB", "GB", "TB")


def language() -> Lang:
    """The reader's language; Indonesian unless English was chosen."""
    return "en" if str(ckan_helpers.lang() or "id").startswith("en") else "id"


def day(value: Any) -> str:
    """A date or moment as a day in the site's time zone; text that is no date is given back as it came."""
    moment = _parsed(value)
    if moment is None:
        return str(value or "")
    return format_date(_local(moment), "d MMMM y", locale=language())


def moment(value: Any) -> str:
    """A moment to the minute with its zone: "9 Agustus 2024, 14.30 WIB"."""
    found = _parsed(value)
    if found is None:
        return str(value or "")
    if not isinstance(found, datetime):
        return day(found)
    zone = str(ckan_helpers.get_display_timezone())
    clock = "HH.mm" if language() == "id" else "HH:mm"
    return format_datetime(_local(found), f"d MMMM y, {clock}", locale=language()) + f" {_ZONES.get(zone, zone)}"


def period(start: Any, end: Any) -> str:
    """What span of time data covers; equal ends are named once."""
    first, last = _point(start), _point(end)
    if str(start or "").endswith("-01-01") and str(end or "").endswith("-12-31"):
        first, last = str(start)[:4], str(end)[:4]
    if first and last and first != last:
        return f"{first}–{last}"
    return first or last


def number(value: Any) -> str:
    """A number with the language's separators."""
    return str(format_decimal(value, locale=language())) if isinstance(value, int | float) else str(value or "")


def size(value: Any) -> str:
    """A number of bytes in the largest unit that leaves it readable; empty when unknown."""
    try:
        amount = float(value)
    except (TypeError, ValueError):
        return ""
    if amount <= 0:
        return ""
    unit = 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    pattern = "#,##0" if amount >= 100 or not unit else "#,##0.#"
    return f"{format_decimal(amount, format=pattern, locale=language())} {_UNITS[unit]}"


def ago(value: Any) -> str:
    """How long ago a moment was, in the largest whole unit."""
    found = _parsed(value)
    if not isinstance(found, datetime):
        return day(value)
    aware = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
    return str(format_timedelta(aware - datetime.now(timezone.utc), add_direction=True, locale=language()))


def safe_link(value: Any) -> str:
    """A link that may stand in `href`: http, https or a path of this site; empty for `javascript:` and all else."""
    text = str(value or "").strip()
    if text.lower().startswith(("http://", "https://")):
        return text
    return text if text.startswith("/") and not text.startswith(("//", "/\\")) else ""


def clean(value: Any, limit: int = 200) -> str:
    """Outside text on one line, cut at a length."""
    text = " ".join(str(value or "").split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _parsed(value: Any) -> date | datetime | None:
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip().replace("Z", "+00:00")
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return None


def _local(value: date | datetime) -> date | datetime:
    if not isinstance(value, datetime):
        return value
    aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return aware.astimezone(ckan_helpers.get_display_timezone())


def _point(value: Any) -> str:
    text = str(value or "").strip()
    return day(text) if len(text) == 10 else text
