"""What commands print: reports and tables as text, JSON, errors in words; and how they end."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from satudata_harvesters.errors import ConfigError, Lang, ReadingError
from satudata_harvesters.judged import Item, Preview, by_weight, number
from satudata_schemas.profile import Profile, ProfileError

FINE, PROBLEMS, WRONG_USAGE = 0, 1, 2
#: Issues shown for each dataset on a terminal; the other forms have all.
SHOWN = 5
#: Files of other kinds that are named.
SHOWN_FILES = 20

_WORDS = {
    "layak": {"id": "layak", "en": "fit"},
    "perlu_perbaikan": {"id": "perlu perbaikan", "en": "needs mending"},
    "tidak_dimuat": {"id": "tidak dimuat", "en": "not loaded"},
    "read": {"id": "dataset diperiksa", "en": "datasets checked"},
    "of": {"id": "dari", "en": "of"},
    "score": {"id": "skor", "en": "score"},
    "more": {"id": "dan {n} temuan lain", "en": "and {n} more findings"},
    "mend_first": {"id": "Perbaiki lebih dulu", "en": "Mend first"},
    "rows": {"id": "baris dibaca", "en": "rows read"},
    "suppressed": {"id": "sel tidak ditampilkan", "en": "cells suppressed"},
    "small": {"id": "{n} kurang dari {k}", "en": "{n} under {k}"},
    "further": {"id": "{n} agar sel lain tidak dapat dihitung", "en": "{n} so that no other can be computed"},
    "network": {
        "id": "Pada perintah ini jaringan dibuka dengan --allow-network, misalnya --allow-network 10.20.0.0/16:8080.",
        "en": "With this command a network is opened by --allow-network, such as --allow-network 10.20.0.0/16:8080.",
    },
    "skipped": {"id": "Tidak diperiksa karena jenis berkasnya", "en": "Not checked, for their kind of file"},
    "more_files": {"id": "dan {n} berkas lain", "en": "and {n} more files"},
    "columns_read": {"id": "kolom dibaca", "en": "columns read"},
    "columns_dropped": {"id": "kolom dibuang", "en": "columns dropped"},
}


def chosen_profile(name: str | None) -> Profile:
    """The profile of a name or a YAML file, `transisi` for none; else `ConfigError` E-PRF-… with what is wrong."""
    try:
        return Profile.load(name) if name else Profile.load()
    except ProfileError as error:
        raise ConfigError(error.issue.code, **error.issue.params) from None


def end_with(report: Preview, *, as_json: bool, lang: Lang) -> NoReturn:
    """Print a report and end with its exit code."""
    if as_json:
        echo_json(report.to_dict(lang))
    else:
        for line in report_lines(report, lang):
            click.echo(line)
    if report.error is not None and not as_json:
        tell(report.error, lang)
    sys.exit(exit_code(report))


def exit_code(report: Preview) -> int:
    """0 where nothing blocks, 1 where something does, 2 where nothing could be read as any known kind."""
    if isinstance(report.error, ConfigError):
        return WRONG_USAGE
    return FINE if report.fine else PROBLEMS


def report_lines(report: Preview, lang: Lang) -> Iterable[str]:
    """A report for a terminal, line by line."""
    for item in report.items:
        yield f"{item.title or item.identifier or item.pointer}"
        score = "" if item.score is None else f" · {_WORDS['score'][lang]} {number(item.score, lang)}"
        yield f"  {_WORDS[item.hasil][lang]}{score}{' · ' + item.place if item.place else ''}"
        serious = by_weight(item.issues)
        for issue in serious[:SHOWN]:
            yield f"  {issue.code} {issue.message(lang)} {issue.remedy(lang)}"
        if len(serious) > SHOWN:
            yield "  " + _WORDS["more"][lang].format(n=len(serious) - SHOWN)
        first = ", ".join(f'"{label}" (+{number(points, lang)})' for label, points in item.mend_first(lang))
        if first:
            yield f"  {_WORDS['mend_first'][lang]}: {first}"
        yield from _file_lines(item, lang)
    if report.table is not None:
        table = report.table
        hidden = f"{table.suppressed}/{table.total_cells} {_WORDS['suppressed'][lang]}"
        counting = table.told()
        for name in ("read", "dropped"):
            yield f"{_WORDS['columns_' + name][lang]}: {', '.join(counting[name]) or '–'}"
        why = [(table.small, "small"), (table.suppressed - table.small, "further")]
        reasons = ", ".join(_WORDS[word][lang].format(n=count, k=counting["k"]) for count, word in why if count)
        yield f"{table.rows_read} {_WORDS['rows'][lang]}, {hidden}{f' ({reasons})' if reasons else ''}"
        for row in [table.columns, *table.rows[:10]]:
            yield "  " + " | ".join(map(str, row))
    if report.skipped:
        names = [*report.skipped[:SHOWN_FILES]]
        if further := len(report.skipped) - len(names):
            names.append(_WORDS["more_files"][lang].format(n=further))
        yield f"{_WORDS['skipped'][lang]}: {', '.join(names)}"
    counts = report.summary()
    total = f" {_WORDS['of'][lang]} {counts['total']}" if counts["total"] is not None else ""
    told = ", ".join(f"{counts[name]} {_WORDS[name][lang]}" for name in ("layak", "perlu_perbaikan", "tidak_dimuat"))
    yield f"{counts['read']}{total} {_WORDS['read'][lang]}: {told}"


def _file_lines(item: Item, lang: Lang) -> Iterable[str]:
    """What a data file holds: personal data masked, and of each table its columns as a proposed data dictionary."""
    if item.file is None:
        return
    if item.personal_data:
        from satudata_harvesters.report import kind_label  # noqa: PLC0415 - a page of a workbook comes with it

        for found in item.personal_data:
            kind = kind_label(found["kind"], lang)
            yield f"  {kind}: {found['count']} ({found['column'] or '–'}) {found['example']}"
    for table in item.file.tables:
        yield f"  {table.sheet or item.identifier}: {table.row_count} {_WORDS['rows'][lang]}; kamus_data:"
        for column in table.kamus_data():
            yield "    " + " · ".join(str(value) for value in column.values())


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows with their columns below one another."""
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(max(map(len, rows), default=0))]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False)).rstrip())


def echo_json(value: Any) -> None:
    """A value as JSON on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def tell(error: ReadingError, lang: Lang) -> None:
    """Code, cause and remedy of an error (and of those found with it) on standard error."""
    for found in error.all() if isinstance(error, ConfigError) else (error,):
        click.echo(f"{found.code} {found.message(lang)} {found.remedy(lang)}", err=True)
    if error.code == "E-TRK-011":
        click.echo(_WORDS["network"][lang], err=True)


def refuse_existing(output: Path | None, *, force: bool) -> None:
    """Raise `ConfigError` E-CFG-016 where a file would be overwritten without leave."""
    if output is not None and output.exists() and not force:
        raise ConfigError("E-CFG-016", path=output.name)


def write(content: str | bytes, output: Path | None, *, private: bool = False) -> None:
    """To the file, or to standard output; a workbook is not poured onto a terminal. What is `private` is for its owner
    alone, also where it takes the place of a file that all could read.
    """
    if output is None:
        if isinstance(content, bytes) and sys.stdout.isatty():
            raise ConfigError("E-CFG-004", field="--output", expected="laporan.xlsx")
        click.echo(content, nl=False)
        return
    try:
        if private:
            output.touch(mode=0o600)
            output.chmod(0o600)
        output.write_bytes(content if isinstance(content, bytes) else content.encode())
    except OSError:
        raise ConfigError("E-CFG-018", path=output.name) from None
