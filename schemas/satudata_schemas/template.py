"""The metadata template: a table an office fills in, one row a dataset, for many datasets at once.

    template.csv_template(), template.xlsx_template()      what is handed out
    template.read(Path("metadata.xlsx"))                   what comes back, or None for a file that is no template

Further files of a dataset stand in further rows, with the same identifier or with the dataset's columns left empty.
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
from typing import Any

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


@dataclass(frozen=True)
class Column:
    """One column: a field of the dataset, or of its file where `of_file`."""

    field: Field
    of_file: bool = False


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
        *(Column(field, of_file=True) for field in files),
    ]


def header(lang: str = "id") -> list[str]:
    """The labels of the columns; what the national profile always asks for bears an asterisk."""
    return [column.field.label_in(lang) + ("*" if _always_asked(column) else "") for column in columns()]


def example(lang: str = "id") -> list[str]:
    """A filled-in row; its identifier marks it as the example."""
    return [EXAMPLE, *(_example(column.field, lang) for column in columns()[1:])]


def csv_template(lang: str = "id") -> str:
    """The template as CSV: header and example."""
    return spreadsheet.csv_text([header(lang), example(lang)])


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
            [title, one.field.help_in(lang), shown, "; ".join(_values(one.field, lang))]
            for one, title, shown in zip(every, header(lang), example(lang), strict=True)
        ),
    ]
    notes = {at: one.field.help_in(lang) for at, one in enumerate(every)}
    return spreadsheet.xlsx_bytes(
        [Page(names[0], [header(lang), example(lang)], choices, notes), Page(names[1], guide)]
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


def _always_asked(column: Column) -> bool:
    return bool(column.field.required_by) and not column.field.required_when and not column.field.any_of


def _values(field: Field, lang: str) -> list[str]:
    if field.kind == "boolean":
        return ["Ya", "Tidak"] if lang == "id" else ["Yes", "No"]
    if field.vocabulary is None:
        return []
    return [entry.label_in(lang) for entry in contract.vocabulary(field.vocabulary).values()]


def _is_open(field: Field) -> bool:
    return field.is_list or bool(field.vocabulary and contract.vocabulary(field.vocabulary).open)


def _example(field: Field, lang: str) -> str:
    value = field.example
    if value is None:
        return ""
    texts = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    if field.vocabulary:
        texts = [contract.vocabulary(field.vocabulary).label_of(text, lang) for text in texts]
    return "; ".join(texts)


# --- reading
# ------------------------------------------------------------------------------------------------------------


@cache
def _names() -> Mapping[str, tuple[str, bool]]:
    """What a header may say → (field, whether it is the file's)."""
    found: dict[str, tuple[str, bool]] = {}
    for of_file, fields in ((False, contract.fields()), (True, contract.resource_fields())):
        for name, one in fields.items():
            if one.kind == "objects":
                continue
            words = (one.label, one.label_en) if of_file else (one.label, one.label_en, name, *one.aliases)
            for word in (*words, f"berkas: {one.label}", f"resources.{name}") if of_file else words:
                found.setdefault(_plain(word), (name, of_file))
    # A file's own keys stand behind those of the dataset.
    for name, one in contract.resource_fields().items():
        if one.kind != "objects":
            found.setdefault(_plain(name), (name, True))
    return found


def _plain(word: object) -> str:
    return re.sub(r"[\s_]+", " ", str(word).replace("*", "")).strip().casefold()


def _header_of(sheet: Sheet) -> tuple[int, list[tuple[str, bool] | None], list[str]] | None:
    """(row number, what each column is, its title) where a row near the top is a template's header."""
    for number, row in enumerate(islice(sheet.rows(), _ABOVE), start=1):
        titles = [_text(value) for value in row]
        given = [title for title in titles if title]
        meant = [_names().get(_plain(title)) if title else None for title in titles]
        known = {one for one in meant if one}
        if ("title", False) in known and len(known) >= 4 and len(known) * 2 >= len(given):
            return number, meant, titles
    return None


def _entries(
    sheet: Sheet, head: int, meant: Sequence[tuple[str, bool] | None], titles: Sequence[str]
) -> Iterator[Entry]:
    about, used = _about_header(meant, titles)
    samples = {tuple(filter(None, map(_plain, example(lang)))) for lang in contract.LANGUAGES}
    current: Entry | None = None
    by_identifier: dict[str, Entry] = {}
    for number, row in enumerate(sheet.rows(), start=1):
        cells = {} if number <= head else _cells(row, used)
        if not cells or tuple(filter(None, map(_plain, cells.values()))) in samples:
            continue
        wrong = list(_formula_errors(cells, number))
        told = {name: value for (name, of_file), value in cells.items() if not of_file and value not in _ERRORS}
        its_file = {name: value for (name, of_file), value in cells.items() if of_file and value not in _ERRORS}
        owner = current if not told else by_identifier.get(told.get("identifier", ""))
        if owner is not None and told.get("title", owner.raw.get("title")) == owner.raw.get("title"):
            owner.raw["resources"] += [its_file] if its_file else []
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
        current = Entry(number, {**told, "resources": [its_file] if its_file else []}, [*about, *wrong])
        about = []
        by_identifier.setdefault(told.get("identifier", ""), current) if told.get("identifier") else None
    if current is not None:
        yield current


def _about_header(
    meant: Sequence[tuple[str, bool] | None], titles: Sequence[str]
) -> tuple[list[Issue], dict[int, tuple[str, bool]]]:
    """What is wrong with the header, told once, and which column holds which field."""
    issues: list[Issue] = []
    used: dict[int, tuple[str, bool]] = {}
    for at, (one, title) in enumerate(zip(meant, titles, strict=True)):
        if one is None and title:
            near = difflib.get_close_matches(title, [name.rstrip("*") for name in header()], 1, 0.3)
            issues.append(_issue("W-TMP-001", "", nama=excerpt(title), usulan=near[0] if near else header()[1]))
        elif one in used.values():
            issues.append(_issue("W-TMP-006", "", nama=excerpt(title)))
        elif one is not None:
            used[at] = one
    return issues, used


def _cells(row: Row, used: Mapping[int, tuple[str, bool]]) -> dict[tuple[str, bool], str]:
    found = {one: _text(row[at]) for at, one in used.items() if at < len(row)}
    return {one: text for one, text in found.items() if text}


def _formula_errors(cells: Mapping[tuple[str, bool], str], number: int) -> Iterator[Issue]:
    for (name, of_file), value in cells.items():
        if value in _ERRORS:
            at = f"/resources/0/{name}" if of_file else f"/{name}"
            yield _issue("W-TMP-003", at, isian=name, baris=number, nilai=value)


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
