"""A report as one HTML page that needs nothing else: no script, no picture, no address that is fetched.

It reads on a phone and on paper: a table's rows become blocks where the page is narrow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from satudata_harvesters.errors import Lang
from satudata_harvesters.judged import HASIL, Item, Preview, by_weight, number
from satudata_harvesters.report import (
    KAMUS,
    ORGANIZATIONS,
    PERSONAL,
    SUGGESTIONS,
    WORDS,
    hasil_label,
    kamus_rows,
    label_at,
    organization_rows,
    personal_rows,
    severity_label,
    suggestion_rows,
    title_of,
)

#: Of what is most often wrong, so many lines.
MOST_OFTEN = 10

_STYLE = """
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.7rem;line-height:1.25}h2{font-size:1.3rem;margin-top:2.5rem;border-bottom:2px solid #1b1b1b}
h3{font-size:1.1rem;margin:2rem 0 .3rem}h4{font-size:1rem;margin:1rem 0 .3rem}p{margin:.3rem 0}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.2rem}
th,td{border:1px solid #bbb;padding:.35rem .6rem;text-align:left;vertical-align:top;overflow-wrap:break-word}
th{background:#eef2f5}td.short{white-space:nowrap}td.number{text-align:right;white-space:nowrap}
.chip{display:inline-block;border:1px solid currentColor;border-radius:1rem;padding:0 .7rem;margin:.1rem .3rem .1rem 0;
font-weight:600;white-space:nowrap}
.layak,.info{color:#116329}.perlu_perbaikan,.warning{color:#8a4b00}.tidak_dimuat,.error{color:#a40e26}small{color:#555}
section{break-inside:avoid-page}
@media (max-width:40rem){thead{position:absolute;left:-99rem}table,tbody,tr,td{display:block}
tr{border:1px solid #bbb;margin-bottom:.6rem}td,td.short,td.number{border:0;padding:.2rem .6rem;text-align:left;
white-space:normal}td.number{display:inline-block;min-width:45%}td:empty{display:none}td::before{content:attr(data-label);display:block;font-size:.8rem;color:#555}}
"""


def html_report(report: Preview, lang: Lang) -> str:
    """The page: what was checked, by data producer, what is most often wrong, and each dataset with its findings."""
    words = WORDS[lang]
    parts = [
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{words['title']}</title><style>{_STYLE}</style></head><body><main><h1>{words['title']}</h1>",
        *_counts(report, lang),
    ]
    if report.error is not None:
        told = f"{report.error.code} {report.error.message(lang)} {report.error.remedy(lang)}"
        parts.append(f'<p class="error"><strong>{escape(told)}</strong></p>')
    owners = organization_rows(report, lang)
    if owners:
        parts += [f"<h2>{words['per_opd']}</h2>", _Tables(lang)(ORGANIZATIONS[lang], owners)]
    often = _most_often(report.items, lang)
    if len(report.items) > 1 and often:
        head = [words["code"], words["field"], words["datasets_with"]]
        parts += [f"<h2>{words['most_often']}</h2>", _Tables(lang)(head, often, short=(0,))]
    if report.items:
        parts.append(f"<h2>{words['findings']}</h2>")
    for item in report.items:
        parts += _item(item, lang)
    return "".join([*parts, "</main></body></html>\n"])


def _counts(report: Preview, lang: Lang) -> Iterator[str]:
    words, summary = WORDS[lang], report.summary()
    total = f" {words['of']} {number(summary['total'], lang)}" if summary["total"] is not None else ""
    yield f"<p>{words['read']}: {number(summary['read'], lang)}{total}.</p><p>"
    for name in HASIL:
        yield f'<span class="chip {name}">{number(summary[name], lang)} {escape(hasil_label(name, lang))}</span>'
    yield "</p>"


def _most_often(items: Sequence[Item], lang: Lang) -> list[list[Any]]:
    """Codes with the field they are about, by the number of datasets that have them."""
    counted: Counter[tuple[str, str]] = Counter()
    for item in items:
        counted.update({(issue.code, label_at(issue.pointer, lang)) for issue in item.issues})
    ordered = sorted(counted.items(), key=lambda one: (-one[1], *one[0]))
    return [[code, label, count] for (code, label), count in ordered[:MOST_OFTEN]]


def _item(item: Item, lang: Lang) -> Iterator[str]:
    words = WORDS[lang]
    score = "" if item.score is None else f"{words['score']} {number(item.score, lang)}"
    where = " · ".join(filter(None, [item.place, item.identifier if item.identifier != title_of(item) else ""]))
    yield f'<section><h3>{escape(title_of(item))}</h3><p><span class="chip {item.hasil}">'
    yield f"{escape(hasil_label(item.hasil, lang))}</span> {escape(score)} <small>{escape(where)}</small></p>"
    yield from _mend_first(item, lang)
    found = [
        [
            issue.code,
            _Marked(severity_label(issue.severity, lang), issue.severity),
            issue.message(lang),
            issue.remedy(lang),
        ]
        for issue in by_weight(item.issues)
    ]
    head = [words["code"], words["severity"], words["finding"], words["remedy"]]
    yield _Tables(lang)(head, found, short=(0, 1)) if found else f"<p>{words['none']}</p>"
    offered = suggestion_rows(item, lang)
    if offered:
        yield f"<h4>{words['suggestions']}</h4>{_Tables(lang)(SUGGESTIONS[lang], offered)}"
    personal = personal_rows(item, lang)
    if personal:
        yield f"<h4>{words['personal']}</h4>{_Tables(lang)(PERSONAL[lang], personal)}"
    if item.file:
        rows = sum(table.row_count for table in item.file.tables)
        yield f"<h4>{words['kamus']} ({number(rows, lang)} {words['rows']})</h4>"
        yield _Tables(lang)(KAMUS[lang], list(kamus_rows(item)))
    yield "</section>"


def _mend_first(item: Item, lang: Lang) -> Iterator[str]:
    first = ", ".join(f'"{label}" (+{number(points, lang)})' for label, points in item.mend_first(lang))
    if first:
        yield f"<p>{WORDS[lang]['mend_first']}: {escape(first)}.</p>"


@dataclass(frozen=True)
class _Marked:
    """A cell's text with the class it is shown in."""

    text: str
    mark: str


class _Tables:
    """Tables in one language."""

    def __init__(self, lang: Lang) -> None:
        self._lang = lang

    def __call__(self, head: Sequence[str], rows: Sequence[Sequence[Any]], *, short: Iterable[int] = ()) -> str:
        kept = set(short)
        titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
        body = "".join(
            "<tr>" + "".join(self._cell(cell, head[at], short=at in kept) for at, cell in enumerate(row)) + "</tr>"
            for row in rows
        )
        return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"

    def _cell(self, value: Any, label: str, *, short: bool) -> str:
        text = "" if value is None else str(value)
        classes = ["short"] if short else []
        if isinstance(value, _Marked):
            text, classes = value.text, [*classes, value.mark]
        elif isinstance(value, int | float):
            text, classes = number(value, self._lang), ["number"]
        marked = f' class="{" ".join(classes)}"' if classes else ""
        return f'<td{marked} data-label="{escape(label)}">{escape(text)}</td>'
