"""Which row of a table holds the values of the whole that the other rows are parts of: by its name or by its sums."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Sequence
from functools import lru_cache
from typing import Any

from satudata_schemas import cell
from satudata_schemas.reference import Reference

_WORD = r"(?:grand\s+)?(?:sub\s*)?(?:total|jumlah)(?:\s+(?:total|keseluruhan|semua|seluruh|seluruhnya|akhir))?"
_TOTAL = re.compile(
    # Also in two languages: "Jumlah/Total".
    rf"{_WORD}(?:\s*/\s*{_WORD})?\s*:?\Z|(?:semua|seluruh|keseluruhan)(?:nya)?\Z|indonesia\Z|nasional\Z"
    # Of a table by line of business the product of the region is the whole, of its growth too.
    r"|produk\s+domestik\s+(?:regional\s+)?bruto(?:\s*\((?:pdrb|pdb)\))?\Z",
    re.IGNORECASE,
)
#: The general index over all groups of goods.
_GENERAL = re.compile(r"umum(?:\s*/\s*general)?(?:\s+(?:ihk|inflasi))?\Z", re.IGNORECASE)
_OF_PRICES = re.compile(r"indeks\s+harga|inflasi|\bihk\b", re.IGNORECASE)
_AND = re.compile(r"[&+/,]|\bdan\b", re.IGNORECASE)


def label_of(row: Sequence[Any]) -> str:
    """The first words of a row."""
    return next((value for value in row if isinstance(value, str) and cell.number(value) is None), "")


def level_of(row: Sequence[Any]) -> str:
    """The level of the region a row is about, by the first name it holds; empty when it names none."""
    return _level(label_of(row)[:60])


@lru_cache(maxsize=4096)
def _level(label: str) -> str:
    found = Reference.load().wilayah.find(label) if 2 < len(label) < 60 else []
    return found[0].level if found else ""


def names_the_whole(label: str, about: str, others: Container[str], levels: Counter[str]) -> bool:
    """Whether a row of this name is the total of the others.

    `about` is what title and header say, `others` the other rows' names in small letters, `levels` counts the regions
    they name by level.
    """
    if not 0 < len(label) < 200:
        return False
    if _TOTAL.match(label) or (_GENERAL.match(label) and _OF_PRICES.search(about)):
        return True
    parts = [part.strip().casefold() for part in _AND.split(label)]
    if len(parts) > 1 and all(part in others for part in parts):
        return True
    return _is_above(label, levels)


def _is_above(label: str, levels: Counter[str]) -> bool:
    """Whether a row names a province among regencies: its total."""
    if not levels["kabkota"] or levels["kabkota"] * 2 < sum(levels.values()):
        return False
    return any(region.level == "provinsi" for region in Reference.load().wilayah.find(label))
