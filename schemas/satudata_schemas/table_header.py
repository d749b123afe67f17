"""Where a table begins: which rows are titles, which name the columns, where the data starts; and what the columns
are called.

Offices put titles above, spread names over several rows with merged cells, leave the corner empty, and use years as
names. The rules here are
read off such tables: a row is data when its cells are of the kind that the rows far below have in the same columns.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from satudata_schemas import cell

Row = list[Any]
#: Stands in the sample for a cell that says "nothing" ("-", "..."), which is not the same as an empty one.
NOTHING = "\x00"
#: How many rows below the top are looked at.
SAMPLE = 80
_DEEPEST = 12


@dataclass(frozen=True)
class Header:
    """Rows are counted from 0 as in the file.

    `first` to `last` name the columns; `data` is the first row below; `labels` one text a column.
    """

    first: int
    last: int
    data: int
    labels: tuple[str, ...]
    title: str


def find(rows: list[Row]) -> Header | None:
    """The header of a table by its first rows (cleaned cells); None where there is none."""
    filled = [sum(value is not None for value in row) for row in rows]
    width = max(filled, default=0)
    if width == 0:
        return None
    columns = max(len(row) for row in rows)
    numeric = _numeric_columns(rows, columns)
    data = _first_data_row(rows, filled, numeric)
    if data is None:
        return None
    last = max((at for at in range(data) if filled[at]), default=None)
    if last is None:
        return None
    told = [value for value in rows[last] if value is not None]
    if all(cell.number(value) is not None and not cell.is_year(value) for value in told) and not _counts_the_columns(
        rows[last]
    ):
        return None
    first = _first_header_row(rows, filled, last, data)
    return Header(first, last, data, *_labels(rows[first : last + 1], columns))


def _numeric_columns(rows: list[Row], columns: int) -> set[int]:
    """Columns that hold numbers in most rows of the sample's lower half."""
    body = [row for row in rows[len(rows) // 2 :] if sum(value is not None for value in row) > 1] or rows
    found = set()
    for at in range(columns):
        values = [row[at] for row in body if at < len(row) and row[at] not in {None, NOTHING}]
        if values and sum(cell.number(value) is not None for value in values) * 10 >= len(values) * 6:
            found.add(at)
    return found


def _first_data_row(rows: list[Row], filled: list[int], numeric: set[int]) -> int | None:
    typical = Counter(count for count in filled[len(rows) // 3 :] if count).most_common(1)
    usual = typical[0][0] if typical else 1
    for at, row in enumerate(rows[1:], start=1):
        if filled[at] == 0 or not any(filled[:at]):
            continue
        if numeric:
            if _is_data(row, numeric, rows, at):
                return at
        elif filled[at] >= min(usual, 2) and filled[at - 1] >= min(usual, 2):
            return at
    return None


def _is_data(row: Row, numeric: set[int], rows: list[Row], at: int) -> bool:
    """Whether a row's cells are numbers where the body's are.

    A row of years, or of running numbers below the names, is still header.
    """
    values = [row[column] for column in numeric if column < len(row) and row[column] is not None]
    numbers = [value for value in values if value == NOTHING or cell.number(value) is not None]
    if not numbers or len(numbers) * 2 < len(values):
        return False
    corner = row[0] if row else None
    if all(cell.is_year(value) for value in numbers) and not _years_are_data(rows, at, numeric, corner):
        return False
    return not _counts_the_columns(row)


def _years_are_data(rows: list[Row], at: int, numeric: set[int], corner: Any) -> bool:
    """A row whose only numbers are years is data when the column of years is one of the body's, not names of
    columns.
    """
    if corner is None:
        return False
    below = [row for row in rows[at + 1 : at + 6] if any(value is not None for value in row)]
    same = sum(
        all(cell.is_year(row[column]) for column in numeric if column < len(row) and row[column] is not None)
        for row in below
    )
    return bool(below) and same == len(below)


def _counts_the_columns(row: Row) -> bool:
    """The row "(1) (2) (3)" that statistics put below the names."""
    values = [value for value in row if value is not None]
    numbers = [re.fullmatch(r"\(?(\d{1,3})\)?", str(value)) for value in values]
    told = [int(match[1]) for match in numbers if match]
    return len(told) == len(values) >= 3 and told == list(range(told[0], told[0] + len(told))) and told[0] <= 2


def sampled(raw: Row) -> Row:
    """A row of the sample: cleaned cells, with NOTHING where a cell says that there is nothing."""
    return [
        NOTHING if value is None and isinstance(given, str) and given.strip() else value
        for given, value in ((given, cell.clean(given)) for given in raw)
    ]


def _first_header_row(rows: list[Row], filled: list[int], last: int, data: int) -> int:
    """Goes up from the lowest row of names while columns still lack one, or while the row above groups several
    columns.
    """
    used = _body_columns(rows, data)
    first = last
    named = {
        at for at in used if at < len(rows[last]) and rows[last][at] is not None and not _counts_the_columns(rows[last])
    }
    for at in range(last - 1, max(-1, last - _DEEPEST), -1):
        if not filled[at]:
            if named >= used:
                break
            continue
        here = {column for column in used if column < len(rows[at]) and rows[at][column] is not None}
        is_title = filled[at] == 1 and here <= {0} and 0 in named
        if is_title:
            break
        names_more = bool(here - named)
        groups = filled[at] >= 2 and _repeats(rows[first])
        if not (names_more or groups or (named < used and filled[at] >= 1)):
            break
        first = at
        named |= here
    return _without_leading_titles(rows, filled, first, last, used)


def _without_leading_titles(rows: list[Row], filled: list[int], first: int, last: int, used: set[int]) -> int:
    """Rows taken on the way up that name nothing of their own are titles."""
    while first < last and filled[first] == 1 and rows[first] and rows[first][0] is not None:
        below = {at for row in rows[first + 1 : last + 1] for at in range(len(row)) if row[at] is not None}
        if 0 not in below or not used:
            break
        first += 1
    return first


def _repeats(row: Row) -> bool:
    told = [value for value in row if value is not None]
    return len(told) != len(set(map(str, told)))


def _body_columns(rows: list[Row], data: int) -> set[int]:
    return {at for row in rows[data:] for at, value in enumerate(row) if value is not None}


def _labels(block: list[Row], columns: int) -> tuple[tuple[str, ...], str]:
    """One label a column out of the header's rows, and the words that all of them share, which are the table's
    title.
    """
    block = [row for row in block if not _counts_the_columns(row)] or block
    spread = [_spread(row, block[at + 1 :], columns) for at, row in enumerate(block)]
    parts = [[_text(row[at]) for row in spread if row[at] is not None] for at in range(columns)]
    valued = [at for at in range(1, columns) if parts[at]]
    shared: list[str] = []
    if len(block) > 1 and len(valued) > 1:
        while all(len(parts[at]) > 1 for at in valued) and len({parts[at][0] for at in valued}) == 1:
            shared.append(parts[valued[0]][0])
            for at in valued:
                parts[at] = parts[at][1:]
    labels = tuple(" - ".join(dict.fromkeys(part for part in told if part)) for told in parts)
    return labels, " ".join(shared)


def _spread(row: Row, below: list[Row], columns: int) -> Row:
    """A merged cell's value over all columns it stands above: to the right while the cell is empty and names follow
    below in its own column too.
    """
    padded = list(row) + [None] * (columns - len(row))
    if not below:
        return padded
    spread, current = list(padded), None
    for at in range(columns):
        has_below = any(at < len(lower) and lower[at] is not None for lower in below)
        if padded[at] is not None:
            current = padded[at] if has_below else None
        elif current is not None and has_below:
            spread[at] = current
    return spread


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value == NOTHING else str(value)[:300].replace("\n", " ")
    return re.sub(r"\.0\Z", "", text) if cell.is_year(text) else re.sub(r"\s+", " ", text).strip()
