"""Writes tables for spreadsheets: nothing in a cell is ever run, and nothing in it breaks the file."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: What makes a spreadsheet take a cell for a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: What XML 1.0 cannot hold, half surrogate pairs included.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: The longest text Excel keeps in a cell.
_LONGEST = 32_767
#: The same content gives the same bytes on every machine: no time of writing in the archive.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Choice:
    """A drop-down for a column (from 0): the values and, unless `open`, a word when another one is typed."""

    column: int
    values: Sequence[str]
    open: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Page:
    """One sheet: its header row is bold and stays in sight."""

    name: str
    rows: Sequence[Sequence[Any]]
    choices: Sequence[Choice] = ()
    notes: Mapping[int, str] = field(default_factory=dict)


def defused(value: Any) -> Any:
    """A cell that no spreadsheet runs: texts that begin like a formula get an apostrophe; numbers stay numbers."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = _UNWRITABLE.sub("\ufffd", str(value))[: _LONGEST - 1]
    return f"'{text}" if text.startswith(FORMULA) else text


def revived(text: str) -> str:
    """The text that `defused` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as RFC 4180 writes them, with a byte order mark so that Excel reads UTF-8."""
    written = io.StringIO()
    csv.writer(written).writerows([defused(value) for value in row] for row in rows)
    return "\ufeff" + written.getvalue()


def xlsx_bytes(pages: Sequence[Page]) -> bytes:
    """A workbook with one sheet a page; the drop-downs' values stand in a sheet of their own."""
    # Imported here: whoever only reads needs no writer of spreadsheets.
    from openpyxl import Workbook  # noqa: PLC0415

    book = Workbook(write_only=False)
    del book[book.sheetnames[0]]
    lists = _Lists()
    for page in pages:
        sheet = book.create_sheet(page.name)
        _fill(sheet, page)
        for choice in page.choices:
            sheet.add_data_validation(_validation(choice, lists.place(choice.values), len(page.rows) + 1_000))
    if lists.columns:
        sheet = book.create_sheet("Pilihan")
        _fill(sheet, Page("Pilihan", lists.rows()))
    written = io.BytesIO()
    book.save(written)
    return _timeless(written.getvalue())


class _Lists:
    """The values of all drop-downs side by side; equal lists stand once."""

    def __init__(self) -> None:
        self.columns: dict[tuple[str, ...], int] = {}

    def place(self, values: Sequence[str]) -> str:
        from openpyxl.utils import get_column_letter  # noqa: PLC0415

        at = get_column_letter(self.columns.setdefault(tuple(values), len(self.columns)) + 1)
        return f"Pilihan!${at}$1:${at}${len(values)}"

    def rows(self) -> list[list[str]]:
        longest = max(map(len, self.columns))
        return [[column[row] if row < len(column) else "" for column in self.columns] for row in range(longest)]


def _validation(choice: Choice, formula: str, last_row: int) -> Any:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415

    at = get_column_letter(choice.column + 1)
    found = DataValidation(type="list", formula1=formula, allow_blank=True, showErrorMessage=not choice.open)
    found.error = choice.hint[:225]
    found.errorStyle = "warning"
    found.add(f"{at}2:{at}{last_row}")
    return found


def _fill(sheet: Any, page: Page) -> None:
    from openpyxl.comments import Comment  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    for number, row in enumerate(page.rows, start=1):
        for column, value in enumerate(row, start=1):
            safe = defused(value)
            if safe is None or safe == "":
                continue
            cell = sheet.cell(row=number, column=column, value=safe)
            if isinstance(safe, str):
                cell.data_type = "s"
                # Codes such as 32.10 stay as they are typed.
                cell.number_format = "@"
    for column in range(1, len(page.rows[0]) + 1 if page.rows else 1):
        head = sheet.cell(row=1, column=column)
        if page.name != "Pilihan":
            head.font = Font(bold=True)
            head.alignment = Alignment(wrap_text=True, vertical="top")
            sheet.column_dimensions[get_column_letter(column)].width = 24
        if column - 1 in page.notes:
            head.comment = Comment(page.notes[column - 1], "Satu Data")
    if page.name != "Pilihan":
        sheet.freeze_panes = "A2"


def _timeless(written: bytes) -> bytes:
    """The archive without the time of its writing, and stored: packers of other versions pack otherwise."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb">\d{4}-\d\d-\d\dT[\d:]+Z<", b">1980-01-01T00:00:00Z<", content)
            new.writestr(zipfile.ZipInfo(entry.filename, _EPOCH), content, zipfile.ZIP_STORED)
    return made.getvalue()
