"""One cell of a table as Indonesian offices write it: numbers, years, dates, and the many words for nothing."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time
from typing import Any, Literal

#: Whether a dot or a comma parts the whole from the fraction; None where a column does not say.
Decimal = Literal[".", ","] | None

_NOTHING_WORDS = """
- -- --- – — ... … . * x xx n/a na n.a n.a. null none nan nil tad t.a.d kosong #n/a #num! #ref! #value! #div/0!
"""
MISSING = frozenset(
    [
        "",
        *_NOTHING_WORDS.split(),
        "tidak ada",
        "tidak ada data",
        "belum ada",
        "belum ada data",
        "data tidak tersedia",
        "tidak tersedia",
        "not available",
    ]
)
_SPACE = re.compile(r"[\s\u00a0\u2007\u202f\ufeff]+")
#: On texts without spaces around signs and units: adjoining optional spaces would make the pattern slow on blanks.
_NUMBER = re.compile(
    r"(?P<sign>[-+−(]?)(?:rp\.?|idr|us\$|\$)?(?P<minus>[-−]?)(?P<digits>\d[\d.,]*|[.,]\d+)(?:,-)?(?P<unit>%|‰)?\)?",
    re.IGNORECASE,
)
_LOOSE_SPACE = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
_DOT_GROUPS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}\Z|\d{1,3}(?:\.\d{3})+,\d+\Z")
_COMMA_GROUPS = re.compile(r"\d{1,3}(?:,\d{3}){2,}\Z|\d{1,3}(?:,\d{3})+\.\d+\Z")
_DOT_FRACTION = re.compile(r"\d*\.(?:\d{1,2}|\d{4,})\Z|0\.\d+\Z|\d{4,}\.\d+\Z|\.\d+\Z")
_COMMA_FRACTION = re.compile(r"\d*,(?:\d{1,2}|\d{4,})\Z|0,\d+\Z|\d{4,},\d+\Z|,\d+\Z")
_MONTH_NAMES = (
    "januari jan january",
    "februari feb february pebruari",
    "maret mar march",
    "april apr",
    "mei may",
    "juni jun june",
    "juli jul july",
    "agustus agu agt august aug",
    "september sep sept",
    "oktober okt october oct",
    "november nov nopember",
    "desember des december dec",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_NUMERIC_DATE = re.compile(
    r"(?P<a>\d{1,4})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{4}|\d{2})"
    r"(?:[ T]\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:\.\d+)?)?)?\Z"
)
_WORD_DATE = re.compile(r"(?P<day>\d{1,2})[ \-](?P<month>[a-z]{3,9})\.?[ \-,]+(?P<year>\d{4})\Z", re.IGNORECASE)


def clean(value: Any) -> Any:
    """A cell without what no reader wants: outer and doubled spaces, NUL, nothing-words as None, whole floats as
    int.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = _SPACE.sub(" ", value.replace("\x00", "")).strip() if not value.isalnum() else value
        return None if text.casefold() in MISSING else text
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else value


def decimal_style(text: str) -> Decimal:
    """What one written number says of the fraction's sign: "1.234,5" a comma, "1,234.5" a dot, "1.234" nothing."""
    digits = None if text.isdigit() else _digits(text)
    if digits is None:
        return None
    if _DOT_GROUPS.match(digits) or _COMMA_FRACTION.match(digits):
        return ","
    return "." if _COMMA_GROUPS.match(digits) or _DOT_FRACTION.match(digits) else None


def number(value: Any, decimal: Decimal = None) -> int | float | None:
    """A cell as a number; None when it is none.

    "1.234" alone is twelve hundred and thirty-four, unless `decimal` says otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if not isinstance(value, str):
        return value
    if value.isdigit() and value.isascii():  # as most cells are
        return int(value) if len(value) <= 40 else None
    match = _NUMBER.fullmatch(_LOOSE_SPACE.sub("", value)) if len(value) <= 60 else None
    if match is None:
        return None
    digits = match["digits"]
    style = decimal_style(digits) or decimal or ("," if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", digits) else ".")
    plain = digits.replace(".", "").replace(",", ".") if style == "," else digits.replace(",", "")
    if plain.count(".") > 1 or len(plain) > 40:
        return None
    found = float(plain) if "." in plain else int(plain)
    return -found if match["minus"] or match["sign"] in {"-", "−", "("} else found


def is_year(value: Any) -> bool:
    """Whether a cell is a year between 1900 and 2100, also as the 2022.0 of a spreadsheet."""
    if isinstance(value, str):
        return re.fullmatch(r"(?:19|20)\d{2}(?:\.0)?\*{0,3}", value.strip()) is not None
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and 1900 <= value <= 2100 and value == int(value)
    )


def as_date(value: Any) -> str | None:
    """A cell as an ISO date; None when it is none. "09/08/2024" is the ninth of August: offices write the day first."""
    if not isinstance(value, str) or not 6 <= len(value) <= 30:
        return None
    match = _WORD_DATE.match(value)
    if match:
        month = _MONTHS.get(match["month"].casefold())
        return _iso(int(match["year"]), month, int(match["day"])) if month else None
    match = _NUMERIC_DATE.match(value)
    if match is None:
        return None
    first, second, third = match["a"], int(match["b"]), match["c"]
    if len(first) == 4:
        return _iso(int(first), second, int(third)) if len(third) == 2 else None
    return _iso(int(third), second, int(first)) if len(third) == 4 and len(first) <= 2 else None


def month(value: Any) -> int | None:
    """The number of a month written as a word; None for anything else."""
    return _MONTHS.get(value.casefold().rstrip(".")) if isinstance(value, str) else None


def _iso(year: int, month_number: int | None, day: int) -> str | None:
    try:
        return date(year, month_number or 0, day).isoformat()
    except ValueError:
        return None


def _digits(text: str) -> str | None:
    if len(text) > 60:
        return None
    match = _NUMBER.fullmatch(_LOOSE_SPACE.sub("", text))
    return match["digits"] if match else None
