"""A report as a file to hand on: CSV and XLSX with one finding a row; `report_page` has it as HTML.

Every cell is defused: what is reported on came from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from satudata_harvesters.errors import Lang
from satudata_harvesters.judged import HASIL, Item, Preview, by_weight
from satudata_schemas import contract, spreadsheet
from satudata_schemas.dataset import plain_text
from satudata_schemas.issue import Issue
from satudata_schemas.spreadsheet import Page

_HEADER = {
    "id": [
        "Tempat", "Pengenal", "Judul", "Produsen Data (OPD)", "Hasil", "Skor", "Kode", "Tingkat", "Isian", "Temuan",
        "Perbaikan",
    ],
    "en": [
        "Place", "Identifier", "Title", "Data producer", "Result", "Score", "Code", "Severity", "Field", "Finding",
        "Remedy",
    ],
}  # fmt: skip
ORGANIZATIONS = {
    "id": ["Produsen Data (OPD)", "Dataset", "Layak", "Perlu perbaikan", "Tidak dimuat", "Rata-rata skor"],
    "en": ["Data producer", "Datasets", "Fit", "Needs mending", "Not loaded", "Mean score"],
}
_SEVERITY = {
    "id": {"error": "kesalahan", "warning": "peringatan", "info": "informasi"},
    "en": {"error": "error", "warning": "warning", "info": "information"},
}
KAMUS = {
    "id": ["Nama kolom", "Judul", "Tipe data", "Satuan", "Kode referensi"],
    "en": ["Column", "Title", "Type", "Unit", "Reference codes"],
}
PERSONAL = {"id": ["Jenis", "Kolom", "Jumlah", "Contoh"], "en": ["Kind", "Column", "Count", "Example"]}
SUGGESTIONS = {
    "id": ["Isian", "Usulan", "Keyakinan", "Alasan"],
    "en": ["Field", "Suggestion", "Confidence", "Reason"],
}
WORDS = {
    "id": {
        "title": "Laporan Pemeriksaan Satu Data", "per_opd": "Menurut produsen data", "findings": "Temuan",
        "none": "Tidak ada temuan.", "kamus": "Usulan kamus data", "personal": "Data pribadi (disamarkan)",
        "rows": "baris", "score": "skor", "unknown": "(belum diketahui)", "read": "Diperiksa", "of": "dari",
        "most_often": "Temuan terbanyak", "datasets_with": "Jumlah dataset", "code": "Kode", "field": "Isian",
        "severity": "Tingkat", "finding": "Temuan", "remedy": "Perbaikan", "suggestions": "Usulan isian",
        "mend_first": "Perbaiki lebih dulu", "whole": "(seluruhnya)",
    },
    "en": {
        "title": "Satu Data report", "per_opd": "By data producer", "findings": "Findings", "none": "No findings.",
        "kamus": "Proposed data dictionary", "personal": "Personal data (masked)", "rows": "rows", "score": "score",
        "unknown": "(not known)", "read": "Checked", "of": "of", "most_often": "Found most often",
        "datasets_with": "Datasets", "code": "Code", "field": "Field", "severity": "Severity", "finding": "Finding",
        "remedy": "Remedy", "suggestions": "Suggested values", "mend_first": "Mend first", "whole": "(all of it)",
    },
}  # fmt: skip
_CONFIDENCE = {
    "id": {"high": "tinggi", "medium": "sedang", "low": "rendah"},
    "en": {"high": "high", "medium": "medium", "low": "low"},
}
_KINDS = {
    "id": {
        "nik": "NIK atau No. KK", "kk": "No. KK", "npwp": "NPWP", "nip": "NIP", "phone": "nomor telepon",
        "email": "surel", "person": "data orang per orang", "health": "data kesehatan orang per orang",
        "broken_identity": "kolom identitas rusak", "name": "nama orang", "address": "alamat rumah",
    },
    "en": {
        "nik": "NIK or family card number", "kk": "family card number", "npwp": "NPWP", "nip": "NIP",
        "phone": "telephone number", "email": "e-mail address", "person": "data on single persons",
        "health": "health data on single persons", "broken_identity": "broken identity column", "name": "names",
        "address": "home addresses",
    },
}  # fmt: skip


def kind_label(kind: str, lang: Lang) -> str:
    """What a kind of personal data is called."""
    return _KINDS[lang].get(kind, kind)


def csv_report(report: Preview, lang: Lang) -> str:
    """One finding a row; a dataset without one has a row of its own."""
    return spreadsheet.csv_text([_HEADER[lang], *_rows(report, lang)])


def xlsx_report(report: Preview, lang: Lang) -> bytes:
    """Sheets: by data producer, findings, and, where there are any, suggested values and proposed data dictionaries."""
    pages = [
        Page("OPD", [ORGANIZATIONS[lang], *organization_rows(report, lang)]),
        Page(WORDS[lang]["findings"], [_HEADER[lang], *_rows(report, lang)]),
    ]
    offered = [[item.identifier, item.title, *row] for item in report.items for row in suggestion_rows(item, lang)]
    if offered:
        pages.append(Page(WORDS[lang]["suggestions"], [[*_HEADER[lang][1:3], *SUGGESTIONS[lang]], *offered]))
    columns = [[item.title, *row] for item in report.items for row in kamus_rows(item)]
    if columns:
        pages.append(Page(WORDS[lang]["kamus"], [[_HEADER[lang][2], *KAMUS[lang]], *columns]))
    return spreadsheet.xlsx_bytes(pages)


def _rows(report: Preview, lang: Lang) -> Iterator[list[Any]]:
    for item in report.items:
        first = [
            item.place or item.pointer, item.identifier, item.title, _owner(item), hasil_label(item.hasil, lang),
            item.score,
        ]  # fmt: skip
        for issue in by_weight(item.issues):
            label = label_at(issue.pointer, lang)
            told = [issue.code, severity_label(issue.severity, lang), label, issue.message(lang), issue.remedy(lang)]
            yield [*first, *told]
        if not item.issues:
            yield [*first, "", "", "", "", ""]


def organization_rows(report: Preview, lang: Lang) -> list[list[Any]]:
    """A data producer a row."""
    return [
        [
            one["name"] or WORDS[lang]["unknown"],
            *(one[name] for name in ("datasets", *HASIL, "score")),
        ]
        for one in report.organizations()
    ]


def suggestion_rows(item: Item, lang: Lang) -> list[list[Any]]:
    """What could be filled in, in the words of the form, with the reason."""
    rows = []
    for one in item.assessment.suggestions:
        about = contract.fields().get(one.field)
        if about is None:
            continue
        values = one.value if isinstance(one.value, list | tuple) else [one.value]
        if about.vocabulary:
            values = [contract.vocabulary(about.vocabulary).label_of(str(value), lang) for value in values]
        reason = Issue(one.reason, "info", f"/{one.field}", None, one.params).message(lang)
        confidence = _CONFIDENCE[lang].get(str(one.confidence), str(one.confidence))
        rows.append([about.label_in(lang), "; ".join(map(str, values)), confidence, reason])
    return rows


def personal_rows(item: Item, lang: Lang) -> list[list[Any]]:
    """Kinds of personal data with their column, how many, and a masked example."""
    return [[kind_label(one["kind"], lang), one["column"], one["count"], one["example"]] for one in item.personal_data]


def label_at(pointer: str, lang: Lang) -> str:
    """What the field an issue is about is called; a key that the contract does not know in quotes."""
    about = contract.field_at(pointer)
    if about:
        return about.label_in(lang)
    key = pointer.removeprefix("/").replace("~1", "/").replace("~0", "~")
    return f'"{key}"' if key else WORDS[lang]["whole"]


def severity_label(severity: str, lang: Lang) -> str:
    """How an issue's weight is called."""
    return _SEVERITY[lang][severity]


def kamus_rows(item: Item) -> Iterator[list[Any]]:
    """A column of a data file a row, as a data dictionary would say it."""
    for table in item.file.tables if item.file else ():
        for column in table.kamus_data():
            yield [column.get(key, "") for key in ("nama", "judul", "tipe_data", "satuan", "kode_referensi")]


def _owner(item: Item) -> str:
    return plain_text(item.dataset.get("owner_org"))


def title_of(item: Item) -> str:
    """What a dataset is called, or at least where it stands."""
    return item.title or item.identifier or item.pointer


def hasil_label(code: str, lang: Lang) -> str:
    """What the machine said, in words."""
    return contract.vocabulary("hasil").label_of(code, lang)
