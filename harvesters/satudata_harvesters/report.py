"""A report as a file to hand on: CSV and XLSX with one finding a row, HTML to be read and printed.

Every cell is defused and every text escaped: what is reported on came from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from satudata_harvesters.errors import Lang
from satudata_harvesters.judged import HASIL, Item, Preview, by_weight
from satudata_schemas import contract, spreadsheet
from satudata_schemas.dataset import plain_text
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
_ORGANIZATIONS = {
    "id": ["Produsen Data (OPD)", "Dataset", "Layak", "Perlu perbaikan", "Tidak dimuat", "Rata-rata skor"],
    "en": ["Data producer", "Datasets", "Fit", "Needs mending", "Not loaded", "Mean score"],
}
_SEVERITY = {
    "id": {"error": "kesalahan", "warning": "peringatan", "info": "informasi"},
    "en": {"error": "error", "warning": "warning", "info": "information"},
}
_KAMUS = {
    "id": ["Nama kolom", "Judul", "Tipe data", "Satuan", "Kode referensi"],
    "en": ["Column", "Title", "Type", "Unit", "Reference codes"],
}
_PERSONAL = {"id": ["Jenis", "Kolom", "Jumlah", "Contoh"], "en": ["Kind", "Column", "Count", "Example"]}
_WORDS = {
    "id": {
        "title": "Laporan Pemeriksaan Satu Data", "per_opd": "Menurut produsen data", "datasets": "Temuan",
        "none": "Tidak ada temuan.", "kamus": "Usulan kamus data", "personal": "Data pribadi (disamarkan)",
        "rows": "baris", "score": "skor", "unknown": "(belum diketahui)", "read": "Diperiksa", "of": "dari",
    },
    "en": {
        "title": "Satu Data report", "per_opd": "By data producer", "datasets": "Findings", "none": "No findings.",
        "kamus": "Proposed data dictionary", "personal": "Personal data (masked)", "rows": "rows", "score": "score",
        "unknown": "(not known)", "read": "Checked", "of": "of",
    },
}  # fmt: skip
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{border:1px solid #bbb;padding:.3rem .5rem;
text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#eef2f5}.layak{color:#116329}
.perlu_perbaikan{color:#8a4b00}.tidak_dimuat{color:#a40e26}small{color:#555}
"""


def csv_report(report: Preview, lang: Lang) -> str:
    """One finding a row; a dataset without one has a row of its own."""
    return spreadsheet.csv_text([_HEADER[lang], *_rows(report, lang)])


def xlsx_report(report: Preview, lang: Lang) -> bytes:
    """Three sheets: by data producer, findings, proposed data dictionaries (where a data file was read)."""
    pages = [
        Page("OPD", [_ORGANIZATIONS[lang], *_organization_rows(report, lang)]),
        Page(_WORDS[lang]["datasets"], [_HEADER[lang], *_rows(report, lang)]),
    ]
    columns = [[item.title, *row] for item in report.items for row in _kamus_rows(item)]
    if columns:
        pages.append(Page(_WORDS[lang]["kamus"], [[_HEADER[lang][2], *_KAMUS[lang]], *columns]))
    return spreadsheet.xlsx_bytes(pages)


def html_report(report: Preview, lang: Lang) -> str:
    """One page that needs nothing else: no script, no picture, no address that is fetched."""
    words = _WORDS[lang]
    summary = report.summary()
    counts = ", ".join(f"{summary[name]} {_hasil(name, lang)}" for name in HASIL)
    total = f" {words['of']} {summary['total']}" if summary["total"] is not None else ""
    parts = [
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{words['title']}</title><style>{_STYLE}</style></head><body><main><h1>{words['title']}</h1>",
        f"<p>{words['read']}: {summary['read']}{total}. {escape(counts)}.</p>",
    ]
    if report.error is not None:
        told = f"{report.error.code} {report.error.message(lang)} {report.error.remedy(lang)}"
        parts.append(f"<p><strong>{escape(told)}</strong></p>")
    parts += [f"<h2>{words['per_opd']}</h2>", _html_table(_ORGANIZATIONS[lang], _organization_rows(report, lang))]
    parts.append(f"<h2>{words['datasets']}</h2>")
    for item in report.items:
        parts += _html_item(item, lang)
    return "".join([*parts, "</main></body></html>\n"])


def _html_item(item: Item, lang: Lang) -> Iterator[str]:
    words = _WORDS[lang]
    score = "" if item.score is None else f" · {words['score']} {_number(item.score, lang)}"
    yield f'<section><h3>{escape(_named(item))}</h3><p><strong class="{item.hasil}">'
    yield f"{escape(_hasil(item.hasil, lang))}</strong>{escape(score)} <small>{escape(item.place)}</small></p>"
    found = [
        [issue.code, _SEVERITY[lang][issue.severity], issue.message(lang), issue.remedy(lang)]
        for issue in by_weight(item.issues)
    ]
    head = _HEADER[lang]
    yield _html_table([head[6], head[7], head[9], head[10]], found) if found else f"<p>{words['none']}</p>"
    personal = [[one["kind"], one["column"], one["count"], one["example"]] for one in item.personal_data]
    if personal:
        yield f"<h4>{words['personal']}</h4>{_html_table(_PERSONAL[lang], personal)}"
    if item.file:
        rows = sum(table.row_count for table in item.file.tables)
        yield f"<h4>{words['kamus']} ({_number(rows, lang)} {words['rows']})</h4>"
        yield _html_table(_KAMUS[lang], list(_kamus_rows(item)))
    yield "</section>"


def _html_table(head: list[str], rows: list[list[Any]]) -> str:
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape('' if cell is None else str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _rows(report: Preview, lang: Lang) -> Iterator[list[Any]]:
    for item in report.items:
        first = [
            item.place or item.pointer, item.identifier, item.title, _owner(item), _hasil(item.hasil, lang), item.score,
        ]  # fmt: skip
        for issue in by_weight(item.issues):
            about = contract.field_at(issue.pointer)
            label = about.label_in(lang) if about else issue.pointer
            told = [issue.code, _SEVERITY[lang][issue.severity], label, issue.message(lang), issue.remedy(lang)]
            yield [*first, *told]
        if not item.issues:
            yield [*first, "", "", "", "", ""]


def _organization_rows(report: Preview, lang: Lang) -> list[list[Any]]:
    return [
        [one["name"] or _WORDS[lang]["unknown"], one["datasets"], *(one[name] for name in HASIL), one["score"]]
        for one in report.organizations()
    ]


def _kamus_rows(item: Item) -> Iterator[list[Any]]:
    for table in item.file.tables if item.file else ():
        for column in table.kamus_data():
            yield [column.get(key, "") for key in ("nama", "judul", "tipe_data", "satuan", "kode_referensi")]


def _owner(item: Item) -> str:
    return plain_text(item.dataset.get("owner_org"))


def _named(item: Item) -> str:
    return item.title or item.identifier or item.pointer


def _hasil(code: str, lang: Lang) -> str:
    return contract.vocabulary("hasil").label_of(code, lang)


def _number(value: float, lang: Lang) -> str:
    written = f"{value:,g}" if isinstance(value, float) else f"{value:,}"
    return written if lang == "en" else written.translate(str.maketrans(",.", ".,"))
