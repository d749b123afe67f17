"""The metadata template: a table an office fills in, one row a dataset, for many datasets at once.

    template.csv_template(), template.xlsx_template()      what is handed out
    template.read(Path("metadata.xlsx"))                   what comes back, or None for a file that is no template

Further files of a dataset stand in further rows, with the same identifier or with the dataset's columns left empty;
further columns of a file's data dictionary stand in further rows with the file's columns left empty, too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from satudata_schemas import contract, spreadsheet, table_source
from satudata_schemas.contract import Field
from satudata_schemas.issue import Issue, excerpt
from satudata_schemas.spreadsheet import Choice, Page
from satudata_schemas.table_source import Limits, Row, Sheet

#: The identifier of the example row, by which it is known and left out.
EXAMPLE = "CONTOH"
#: Rows above the header that may hold titles.
_ABOVE = 10
_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"})


#: What a column of the template tells of: the dataset, one of its files, or a column of that file (`kamus_data`).
Part = Literal["dataset", "file", "column"]
#: (field, what it tells of)
Place = tuple[str, Part]


@dataclass(frozen=True)
class Column:
    """One column: a field, and what it tells of."""

    field: Field
    part: Part = "dataset"

    def title(self, lang: str = "id") -> str:
        """The column's header: the label, what `sdi-2019` always asks for with an asterisk."""
        asked = bool(self.field.required_by) and not self.field.required_when and not self.field.any_of
        before = _OF_COLUMNS[lang] if self.part == "column" else ""
        return before + self.field.label_in(lang) + ("*" if asked and self.part != "column" else "")


#: Before the labels of a data dictionary, several of which are the dataset's, too.
_OF_COLUMNS = {"id": "Kolom: ", "en": "Column: "}


@dataclass
class Entry:
    """One dataset of a filled-in template: the row it begins in (from 1), its raw fields, what the sheet did wrong."""

    row: int
    raw: dict[str, Any]
    issues: list[Issue] = field(default_factory=list)


def columns() -> list[Column]:
    """The template's columns in the order of the form: identifier first, the file's last."""
    known = contract.fields()
    asked = [
        field
        for step in contract.steps()
        for field in known.values()
        if field.step == step["name"]
        and (field.in_form or field.name == "owner_org")
        and field.kind not in {"objects", "geojson"}
    ]
    files = [field for field in contract.resource_fields().values() if field.in_form and field.kind != "objects"]
    return [
        Column(known["identifier"]),
        *(Column(field) for field in asked),
        Column(known["walidata"]),
        *(Column(field, "file") for field in files),
        *(Column(field, "column") for field in contract.column_fields().values()),
    ]


def header(lang: str = "id") -> list[str]:
    """The labels of the columns; what the national profile always asks for bears an asterisk."""
    return [column.title(lang) for column in columns()]


def examples(lang: str = "id") -> list[list[str]]:
    """Filled-in rows: a dataset with a file and the first column of its data dictionary, then its further columns.

    The first row's identifier marks it as the example.
    """
    explained = contract.resource_fields()["kamus_data"].example
    rows = [
        ["" if at and one.part != "column" else _example(one, column, lang) for one in columns()]
        for at, column in enumerate(explained)
    ]
    rows[0][0] = EXAMPLE
    return rows


def csv_template(lang: str = "id") -> str:
    """The template as CSV: header and examples."""
    return spreadsheet.csv_text([header(lang), *examples(lang)])


def xlsx_template(lang: str = "id") -> bytes:
    """The template as a workbook: drop-downs, the help of every column as a note, and a page that explains them."""
    every = columns()
    hint = {
        "id": "Pilih dari daftar, atau periksa lagi ejaannya.",
        "en": "Choose from the list, or check the spelling.",
    }
    choices = [
        Choice(at, _values(one.field, lang), open=_is_open(one.field), hint=hint[lang])
        for at, one in enumerate(every)
        if one.field.vocabulary or one.field.kind == "boolean"
    ]
    names = {"id": ("Metadata", "Petunjuk"), "en": ("Metadata", "Guide")}[lang]
    told = {"id": ["Kolom", "Penjelasan", "Contoh", "Pilihan"], "en": ["Column", "Help", "Example", "Values"]}[lang]
    guide = [
        told,
        *(
            [
                one.title(lang),
                one.field.help_in(lang),
                "; ".join(filter(None, shown)),
                "; ".join(_values(one.field, lang)),
            ]
            for one, *shown in zip(every, *examples(lang), strict=True)
        ),
    ]
    notes = {at: one.field.help_in(lang) for at, one in enumerate(every)}
    return spreadsheet.xlsx_bytes(
        [Page(names[0], [header(lang), *examples(lang)], choices, notes), Page(names[1], guide)]
    )


def read(path: Path | str, limits: Limits | None = None) -> list[Entry] | None:
    """The datasets of a filled-in template (CSV, TSV, XLSX, XLS); None for a table that is none.

    Raises TableError for what cannot be read as a table at all.
    """
    for sheet in table_source.sheets(Path(path), limits or Limits()):
        head = _header_of(sheet)
        if head is not None:
            return list(_entries(sheet, *head))
    return None


def _values(field: Field, lang: str) -> list[str]:
    if field.kind == "boolean":
        return ["Ya", "Tidak"] if lang == "id" else ["Yes", "No"]
    if field.vocabulary is None:
        return []
    return [entry.label_in(lang) for entry in contract.vocabulary(field.vocabulary).values()]


def _is_open(field: Field) -> bool:
    return field.is_list or bool(field.vocabulary and contract.vocabulary(field.vocabulary).open)


def _example(one: Column, explained: Mapping[str, Any], lang: str) -> str:
    field = one.field
    value = explained.get(field.name) if one.part == "column" else field.example
    if value is None:
        return ""
    texts = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    if field.vocabulary:
        texts = [contract.vocabulary(field.vocabulary).label_of(text, lang) for text in texts]
    return "; ".join(texts)


# --- reading
# ------------------------------------------------------------------------------------------------------------


@cache
def _names() -> Mapping[str, Place]:
    """What a header may say → what it means. A dataset's own words come first, then a file's, then a column's."""
    found: dict[str, Place] = {}
    parts: tuple[tuple[Part, Mapping[str, Field], tuple[str, ...]], ...] = (
        ("dataset", contract.fields(), ("",)),
        ("file", contract.resource_fields(), ("", "berkas: ", "resources.")),
        ("column", contract.column_fields(), (*_OF_COLUMNS.values(), "kamus_data.")),
    )
    late: dict[str, Place] = {}
    for part, fields, prefixes in parts:
        for name, one in fields.items():
            if one.kind == "objects":
                continue
            others = one.aliases if part == "dataset" else ()
            for word in (f"{prefix}{word}" for prefix in prefixes for word in (one.label, one.label_en)):
                found.setdefault(_plain(word), (name, part))
            # A file's own keys stand behind all labels.
            for word in (f"{prefix}{word}" for prefix in prefixes for word in (name, *others)):
                (found if part == "dataset" else late).setdefault(_plain(word), (name, part))
    return {**late, **found}


def _plain(word: object) -> str:
    return re.sub(r"[\s_]+", " ", str(word).replace("*", "")).strip().casefold()


def _header_of(sheet: Sheet) -> tuple[int, list[Place | None], list[str]] | None:
    """(row number, what each column is, its title) where a row near the top is a template's header."""
    for number, row in enumerate(islice(sheet.rows(), _ABOVE), start=1):
        titles = [_text(value) for value in row]
        given = [title for title in titles if title]
        meant = [_names().get(_plain(title)) if title else None for title in titles]
        known = {one for one in meant if one}
        if ("title", "dataset") in known and len(known) >= 4 and len(known) * 2 >= len(given):
            return number, meant, titles
    return None


def _entries(sheet: Sheet, head: int, meant: Sequence[Place | None], titles: Sequence[str]) -> Iterator[Entry]:
    about, used = _about_header(meant, titles)
    samples = {tuple(filter(None, map(_plain, row))) for lang in contract.LANGUAGES for row in examples(lang)}
    current: Entry | None = None
    by_identifier: dict[str, Entry] = {}
    for number, row in enumerate(sheet.rows(), start=1):
        cells = {} if number <= head else _cells(row, used)
        if not cells or tuple(filter(None, map(_plain, cells.values()))) in samples:
            continue
        wrong = list(_formula_errors(cells, number))
        told, its_file, its_column = (_of(cells, part) for part in ("dataset", "file", "column"))
        owner = current if not told else by_identifier.get(told.get("identifier", ""))
        if owner is not None and told.get("title", owner.raw.get("title")) == owner.raw.get("title"):
            _add(owner, its_file, its_column)
            owner.issues += wrong
            continue
        if owner is not None:
            wrong.append(_issue("W-TMP-002", "/identifier", isian="identifier", baris=number, lain=owner.row))
        if told.get("identifier") == EXAMPLE:
            wrong.append(_issue("W-TMP-004", "/identifier", isian="identifier", baris=number))
        if not told:
            wrong.append(_issue("W-TMP-005", "/resources/0", baris=number))
        if current is not None:
            yield current
        current = Entry(number, {**told, "resources": []}, [*about, *wrong])
        _add(current, its_file, its_column)
        about = []
        by_identifier.setdefault(told.get("identifier", ""), current) if told.get("identifier") else None
    if current is not None:
        yield current


def _of(cells: Mapping[Place, str], part: Part) -> dict[str, str]:
    return {name: value for (name, of), value in cells.items() if of == part and value not in _ERRORS}


def _add(entry: Entry, its_file: dict[str, Any], its_column: dict[str, str]) -> None:
    """A further file of a dataset, or a further column of its last file."""
    files = entry.raw["resources"]
    if its_file or (its_column and not files):
        files.append(its_file)
    if its_column:
        files[-1].setdefault("kamus_data", []).append(its_column)


def _about_header(meant: Sequence[Place | None], titles: Sequence[str]) -> tuple[list[Issue], dict[int, Place]]:
    """What is wrong with the header, told once, and which column holds which field."""
    issues: list[Issue] = []
    used: dict[int, Place] = {}
    for at, (one, title) in enumerate(zip(meant, titles, strict=True)):
        if one is None and title:
            near = difflib.get_close_matches(title, [name.rstrip("*") for name in header()], 1, 0.3)
            issues.append(_issue("W-TMP-001", "", nama=excerpt(title), usulan=near[0] if near else header()[1]))
        elif one in used.values():
            issues.append(_issue("W-TMP-006", "", nama=excerpt(title)))
        elif one is not None:
            used[at] = one
    return issues, used


def _cells(row: Row, used: Mapping[int, Place]) -> dict[Place, str]:
    found = {one: _text(row[at]) for at, one in used.items() if at < len(row)}
    return {one: text for one, text in found.items() if text}


_POINTERS: Mapping[Part, str] = {"dataset": "/", "file": "/resources/0/", "column": "/resources/0/kamus_data/0/"}


def _formula_errors(cells: Mapping[Place, str], number: int) -> Iterator[Issue]:
    for (name, part), value in cells.items():
        if value in _ERRORS:
            at = _POINTERS[part] + name
            yield _issue("W-TMP-003", at, isian=at, baris=number, nilai=value)


def _text(value: Any) -> str:
    """A cell as people see it: 2024 and not 2024.0, a date without its midnight."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if not (value.hour or value.minute or value.second) else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return spreadsheet.revived(str(value).strip())


def _issue(code: str, at: str, **params: Any) -> Issue:
    return Issue(code, "warning", at, "metadata", params)
