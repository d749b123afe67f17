"""The period that the words of a title name."""

from __future__ import annotations

import re

from satudata_schemas import cell

_YEAR = r"(?:19[5-9]|20[0-4])\d"
_RANGE = re.compile(
    rf"(?<!\d)({_YEAR})\s*(?:[-–/]|s\.?\s?/?\s?d\.?|sampai(?: dengan)?|hingga|dan)\s*(?:tahun\s+)?({_YEAR})(?!\d)",
    re.IGNORECASE,
)
_SINGLE = re.compile(rf"(?<![\d.,])({_YEAR})(?![\d]|[.,]\d)")
_PART = re.compile(
    rf"(?:triwulan|tw\.?|kuartal|semester|smt\.?)\s*-?\s*(iv|i{{1,3}}|[1-4])\b\s*,?\s*(?:tahun\s+)?({_YEAR})",
    re.IGNORECASE,
)
_MONTH = re.compile(rf"(?:(?<!\d)\d{{1,2}}\s+)?\b([a-z]{{3,9}})\s+({_YEAR})(?!\d)", re.IGNORECASE)
_MONTHS = re.compile(
    rf"\b([a-z]{{3,9}})\s?(?:-|–|s\.?\s?d\.?|sampai|hingga)\s?([a-z]{{3,9}})\s+({_YEAR})(?!\d)", re.IGNORECASE
)
_DAY = re.compile(rf"(?<!\d)(\d{{1,2}})\s+([a-z]{{3,9}})\s+({_YEAR})(?!\d)", re.IGNORECASE)
#: Words before a year that names a series, a census, a base or a law, not the period of the data.
_NAMES_ANOTHER = frozenset({"seri", "sp", "sensus", "kbli", "konstan", "dasar"})


def span(text: str) -> tuple[str, str, str] | None:
    """First and last period a title names, as the contract writes them, and the words it does it with."""
    told = _without_other_years(text)
    if match := _RANGE.search(told):
        return (match[1], match[2], match[0]) if match[1] <= match[2] else None
    if match := _PART.search(told):
        months = _months_of(match[0], match[1])
        return (f"{match[2]}-{months[0]:02}", f"{match[2]}-{months[1]:02}", match[0]) if months else None
    if (match := _DAY.search(told)) and (day := cell.as_date(match[0])):
        return day, day, match[0]
    return _span_of_months(told) or _year_of(told)


def years(text: str) -> list[str]:
    """The years a text names as a period, in order."""
    return sorted(set(_SINGLE.findall(_without_other_years(text))))


def _without_other_years(text: str) -> str:
    """A text without the years of series, censuses, bases ("2018=100") and laws ("Nomor 12 Tahun 2021")."""
    for match in reversed(list(_SINGLE.finditer(text))):
        before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 6]
        if _is_named_other(before.casefold().replace("[", " ").split()) or after.replace(" ", "").startswith("=100"):
            text = text[: match.start()] + " " + text[match.end() :]
    return text


def _is_named_other(words: list[str]) -> bool:
    """Whether the words before a year make it that of a series, a census or a law."""
    law = len(words) > 2 and words[-1] == "tahun" and words[-2].isdigit() and words[-3] in {"nomor", "no", "no."}
    return law or words[-2:] == ["sensus", "penduduk"] or not _NAMES_ANOTHER.isdisjoint(words[-1:])


def _span_of_months(text: str) -> tuple[str, str, str] | None:
    for match in _MONTHS.finditer(text):
        first, last = cell.month(match[1]), cell.month(match[2])
        if first and last and first < last:
            return f"{match[3]}-{first:02}", f"{match[3]}-{last:02}", match[0]
    dated = [(match, number) for match in _MONTH.finditer(text) if (number := cell.month(match[1]))]
    if len(dated) != 1 or len(set(_SINGLE.findall(text))) != 1:
        return None
    match, number = dated[0]
    return f"{match[2]}-{number:02}", f"{match[2]}-{number:02}", match[0].strip()


def _year_of(text: str) -> tuple[str, str, str] | None:
    told = set(_SINGLE.findall(text))
    return (year, year, year) if len(told) == 1 and (year := told.pop()) else None


def _months_of(words: str, part: str) -> tuple[int, int] | None:
    number = {"i": 1, "ii": 2, "iii": 3, "iv": 4}.get(part.casefold()) or int(part)
    length = 6 if words.casefold().startswith(("sem", "smt")) else 3
    last = number * length
    return (last - length + 1, last) if last <= 12 else None
