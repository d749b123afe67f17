"""Values as Indonesian applications write them, turned into the contract's: texts, numbers, dates, periods, codes.

Every function returns None for what it cannot read; none raises.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

import msgspec

from satudata_schemas import contract
from satudata_schemas.dataset import plain_text, plain_texts

#: Applications write local time without a zone; the capital's is the one most of them mean (WIB).
WIB = timezone(timedelta(hours=7))
#: How applications say that there is nothing.
MISSING = frozenset(
    {"", "-", "--", "...", "…", "n/a", "na", "null", "none", "nan", "#num!", "#n/a", "tidak ada", "belum diketahui"}
)
#: What is longer than the longest of these words is none of them.
LONGEST_MISSING = max(map(len, MISSING))
#: Longer texts are not looked into for dates and numbers.
LONGEST = 200
#: Values of applications repeat (offices, years, codes, days): so many short ones are remembered for each field.
REMEMBERED = 4096
SHORT = 64

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan", "februari february pebruari feb peb", "maret march mar", "april apr", "mei may",
            "juni june jun", "juli july jul", "agustus august agt agu aug ags", "september sept sep",
            "oktober october okt oct", "november nopember nov nop", "desember december des dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_IN_WORDS = re.compile(r"(?:(\d{1,2})[\s-]+)?([a-z]+)\.?,?[\s-]+(\d{4})(?:[\s,]+(?:pukul\s+)?[\d:.]+(?:\s*wi[bt]a?)?)?")
#: Parts of a year by name, and how many months each has.
_PARTS = (
    (re.compile(r"(?:triwulan|tw|q|kuartal)\s*[-.]?\s*(iv|i{1,3}|[1-4])\b"), 3),
    (re.compile(r"(?:semester|smt)\s*(i{1,2}|[12])\b"), 6),
)
_GEOMETRIES = {
    name.lower(): name
    for name in (
        "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
        "Feature", "FeatureCollection",
    )
}  # fmt: skip
_YES_NO = dict.fromkeys(("ya", "yes", "y", "true", "1"), True) | dict.fromkeys(
    ("tidak", "no", "n", "false", "0", "t"), False
)
_rendered = msgspec.json.Encoder().encode
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_TAG = re.compile(r"</?(?:p|br|div|span|ul|ol|li|b|i|strong|em|a|h[1-6]|table|tr|td|th)\b[^<>]*>", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d")
_LOCAL_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?")
#: How CKAN, and every Python application, writes a moment: 26 characters, without a zone.
_ISO_LENGTH = 26
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_BLOCKS = frozenset(
    "p div br li tr h1 h2 h3 h4 h5 h6 table ul ol blockquote section article".split()  # noqa: SIM905 - one line of names
)
_HIDDEN = frozenset({"script", "style", "head", "template", "noscript"})


def text(value: Any) -> str | None:
    """One text without control characters; of several languages the Indonesian, else the English, else the first."""
    if type(value) is str and (value.isprintable() if len(value) <= SHORT else plain(value)):
        return value.strip() or None
    if type(value) is not str:
        found = (
            ", ".join(plain_texts(value)) if isinstance(value, list | tuple) and len(value) > 1 else plain_text(value)
        )
    else:
        found = value
    return (found if found.isprintable() else _CONTROL.sub("", found)).strip() or None


def plain(value: str) -> bool:
    """Whether a text holds no control character; most do not, and rendering one as JSON tells that fastest."""
    if len(value) > SHORT and value.isascii() and len(_rendered(value)) == len(value) + 2 and "\x7f" not in value:
        return True
    return value.isprintable()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _HIDDEN:
            self.hidden += 1
        elif tag in _BLOCKS:
            self.parts.append("\n- " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self.hidden = max(self.hidden - 1, 0)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def html_text(value: Any) -> str | None:
    """The words of a piece of HTML, lines kept; a text without tags stays as it is."""
    if type(value) is str and "<" not in value and "&" not in value and "  " not in value and plain(value):
        return value.strip() or None
    found = text(value)
    if found is None:
        return None
    if _TAG.search(found):
        parser = _Text()
        parser.feed(found)
        parser.close()
        found = "".join(parser.parts)
    else:
        found = html.unescape(found)
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in found.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() or None


def number(value: Any) -> int | float | None:
    """A number as written here or abroad: 12, "1.234,5", "1,234.5", "Rp 1.000", "45,2 %"; None for "-" and the like."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    found = re.sub(r"(?:^rp\.?|%$|[\s\xa0])", "", str(value or "")[:LONGEST].strip().lower())
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+(,\d+)?", found):
        found = found.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", found):
        found = found.replace(",", "")
    elif re.fullmatch(r"-?\d+,\d+", found):
        found = found.replace(",", ".")
    if not re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", found):
        return None
    return float(found) if "." in found else int(found)


def moment(value: Any, zone: timezone = WIB) -> datetime | None:
    """A point in time with its zone; one written without a zone is taken to be in `zone`."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _of_epoch(value)
    # Python 3.10 reads neither `Z` nor `+0700` nor fractions of other than 3 or 6 digits.
    found = re.sub(r"[.,]\d+(?=Z|[+-]\d|$)", "", str(value).strip()[:LONGEST]).replace("Z", "+00:00")
    found = re.sub(r"([+-]\d{2})(\d{2})$", r"\1:\2", found) if "T" in found or " " in found else found
    try:
        read = datetime.fromisoformat(found)
    except ValueError:
        written = date_text(found)
        if written is None or len(written) != 10:
            return None
        read = datetime.fromisoformat(written)
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _of_epoch(seconds: float) -> datetime | None:
    """Seconds or milliseconds since 1970, in the years that data may be from; smaller numbers are no moments."""
    seconds = seconds / 1000 if seconds > 10**11 else seconds
    return datetime.fromtimestamp(seconds, timezone.utc) if 10**8 < seconds < 10**10 else None


def day(value: Any, zone: timezone = WIB) -> str | None:
    """The date as ISO 8601, as precise as it was given: `2024-08-09`, `2024-08`, `2024`; a moment's day is in WIB."""
    if isinstance(value, datetime | date):
        value = value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = _of_epoch(value)
        plain_year = str(int(value)) if 1900 <= value <= 2100 else None
        return found.astimezone(WIB).date().isoformat() if found else plain_year
    written = text(value)
    if written is None or len(written) > LONGEST:
        return None
    if len(written) == _ISO_LENGTH and (told := _iso_day(written)):
        return told
    if _LOCAL_MOMENT.fullmatch(written):
        # A moment without a zone keeps its day: its writer meant the day of the office.
        return date_text(written[:10])
    if not _MOMENT.match(written):
        return date_text(written)
    found = moment(written, zone)
    return None if found is None else found.astimezone(WIB).date().isoformat()


def _iso_day(written: str) -> str | None:
    """The day of `2024-08-09T10:11:12.123456`: most moments of a CKAN portal are written so."""
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        return None
    return None if read.tzinfo else read.date().isoformat()


@lru_cache(maxsize=REMEMBERED)
def date_text(written: str) -> str | None:
    """A date in words or figures: `9 Agustus 2024`, `Agt 2024`, `09/08/2024` (day first), `2024-08-09`, `2022.0`."""
    plain = re.sub(r"^(senin|selasa|rabu|kamis|jumat|jum'at|sabtu|minggu)\s*,?\s*", "", written.strip().lower())
    if match := re.fullmatch(r"((?:19|20)\d{2})(?:\.0)?", plain):
        return match[1]
    if match := re.fullmatch(r"(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2}))?", plain):
        return _iso(match[1], match[2], match[3])
    if match := re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:\s+[\d:.]+)?", plain):
        return _iso(match[3], match[2], match[1])
    if match := _IN_WORDS.fullmatch(plain):
        month = _MONTHS.get(match[2])
        return _iso(match[3], str(month), match[1]) if month else None
    return None


def _iso(year: str, month: str, day_of_month: str | None) -> str | None:
    try:
        found = date(int(year), int(month), int(day_of_month or 1))
    except ValueError:
        return None
    return found.isoformat() if day_of_month else f"{found:%Y-%m}"


def period(value: Any, *, end: bool = False) -> str | None:
    """Where a period begins (or, with `end`, ends): `2023`, `2023-Q1`, `Triwulan II 2023`, `Semester 1 2023`, dates."""
    found = day(value)
    if found:
        return found
    written = (text(value) or "")[:LONGEST].lower()
    year = _YEAR.search(written)
    if not year:
        return None
    for pattern, months in _PARTS:
        if match := pattern.search(written):
            part = _ROMAN[match[1]]
            return f"{year[0]}-{part * months if end else (part - 1) * months + 1:02d}"
    years = _YEAR.findall(written)
    return (max if end else min)(years) if re.fullmatch(r"[\d\s\-–/sdampitahun.]+", written) else None


def years(value: Any) -> list[str] | None:
    """The years in a text or list, each once: "2023, 2024" → ["2023", "2024"]."""
    found = _YEAR.findall(" ".join(plain_texts(value)) if not isinstance(value, int) else str(value))
    return list(dict.fromkeys(found)) or None


def boolean(value: Any) -> bool | None:
    """Yes or no in either language."""
    if isinstance(value, bool):
        return value
    return _YES_NO.get(str(value).strip().lower())


def texts(value: Any) -> list[str] | None:
    """Several texts, each once, in their order; a text with commas or semicolons is taken apart."""
    if isinstance(value, str) and value.startswith("["):
        value = parsed(value) or value
    found = (_CONTROL.sub("", item).strip() for item in plain_texts(value))
    return list(dict.fromkeys(item for item in found if item)) or None


def parsed(value: Any) -> Any:
    """The value of a JSON text inside a text (BPS and CKAN do this); None where it is none."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def geometry(value: Any) -> dict[str, Any] | None:
    """A GeoJSON object, also when it comes as text."""
    found = parsed(value)
    kind = (
        _GEOMETRIES.get(found["type"].lower())
        if isinstance(found, dict) and isinstance(found.get("type"), str)
        else None
    )
    return {**found, "type": kind} if kind else None


def url(value: Any) -> str | None:
    """An address with a scheme; what has none but looks like one gets https."""
    found = text(value)
    if found and found[:4] == "www." and re.match(r"www\.[\w-]+\.", found):
        return "https://" + found
    return found


@lru_cache(maxsize=4096)
def _code(name: str, written: str) -> str:
    known = contract.vocabulary(name)
    return known.resolve(written) or known.resolve(_tail(written)) or written


def _tail(written: str) -> str:
    """The last part of an authority's URI (`…/frequency/MONTHLY`), as DCAT writes codes."""
    return re.split(r"[/#]", written.rstrip("/"))[-1] if written.startswith("http") else written


def code(vocabulary: str, value: Any) -> str | None:
    """The code behind a label, other spelling or authority's URI; an unknown value stays, for the rules to judge."""
    found = text(value)
    return None if found is None else _code(vocabulary, found[:LONGEST]) if len(found) <= LONGEST else found


class Remembered(dict[str, Any]):
    """A reader that keeps its answers for short texts; only for one that answers with what nobody can change.

    As a dict it answers what it knows at no more than a look-up: `remembered[short text]`.
    """

    __slots__ = ("read",)

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, written: str) -> Any:
        if len(self) >= REMEMBERED:
            self.clear()
        found = self[written] = self.read(written)
        return found

    def __call__(self, value: Any) -> Any:
        """What the reader makes of any value."""
        return self[value] if type(value) is str and len(value) <= SHORT else self.read(value)


def _of_kind(field: contract.Field) -> Callable[[Any], Any]:
    vocabulary = field.vocabulary
    if vocabulary and field.is_list:
        return lambda value: [code(vocabulary, item) for item in texts(value) or []] or None
    if vocabulary:
        return Remembered(lambda value: code(vocabulary, value))
    if field.name == "periode_akhir":
        return Remembered(lambda value: period(value, end=True) or text(value))
    kinds: Mapping[str, Callable[[Any], Any]] = {
        "markdown": html_text,
        "list": texts,
        "multi": texts,
        "years": lambda value: years(value) or texts(value),
        "date": lambda value: day(value) or text(value),
        "period": Remembered(lambda value: period(value) or text(value)),
        "number": Remembered(number),
        "boolean": Remembered(boolean),
        "geojson": geometry,
        "url": url,
    }
    return kinds.get(field.kind, text)


def fields_of(kind: str) -> Mapping[str, contract.Field]:
    """The contract's fields of a `dataset`, a `resource` or a `column` of one."""
    if kind == "resource":
        return contract.resource_fields()
    return contract.column_fields() if kind == "column" else contract.fields()


@lru_cache(maxsize=512)
def reader(name: str, of: str = "dataset") -> Callable[[Any], Any]:
    """What reads a raw value for a contract field of a dataset, of a `resource` or of a `column`."""
    inner = fields_of(of)
    return _of_kind(inner[name]) if name in inner else text


#: The readers a source file may name in `as`.
READERS: Mapping[str, Callable[[Any], Any]] = {
    "text": text, "html": html_text, "number": number, "date": day, "period_start": period,
    "period_end": lambda value: period(value, end=True), "years": years, "boolean": boolean, "list": texts,
    "json": parsed, "url": url, "geometry": geometry,
}  # fmt: skip


def is_missing(value: Any) -> bool:
    """Whether a raw value says that there is nothing."""
    if type(value) is str:
        found = value.strip()
        return len(found) <= LONGEST_MISSING and found.lower() in MISSING
    return value is None or (isinstance(value, list | tuple | dict) and not value)
