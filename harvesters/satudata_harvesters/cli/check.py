"""`satudata check`: what the rules say of a file, a folder or an address."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import click

from satudata_harvesters import check as checking
from satudata_harvesters.cli.grammar import Command, reading, speaking, writing
from satudata_harvesters.cli.showing import (
    chosen_profile,
    end_with,
    exit_code,
    refuse_existing,
    report_lines,
    tell,
    write,
)
from satudata_harvesters.errors import ConfigError, Lang
from satudata_harvesters.judged import Preview
from satudata_harvesters.values import WIB


@click.command(cls=Command)
@click.argument("what", metavar="BERKAS|FOLDER|ALAMAT")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "html", "xlsx"]),
    default=None,
    help="Bentuk laporan; bila tidak diisi, dari nama berkasnya, selain itu text.",
)
@writing
@click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="Jumlah dataset paling banyak."
)
@reading
@speaking
def check(  # noqa: PLR0913, PLR0917 - click gives them by name, as many as it has options
    what: str,
    limit: int,
    form: str | None,
    output: Path | None,
    force: bool,
    networks: Sequence[str],
    profile: str | None,
    as_json: bool,
    lang: Lang,
) -> None:
    """Periksa dataset, templat metadata, berkas data, folder, atau portal.

    \b
    Yang dapat diperiksa, dari berkas atau dari alamat web:
      dataset atau paket CKAN   JSON, JSON Lines, YAML
      katalog DCAT              RDF/XML, Turtle, JSON-LD, data.json
      templat metadata          CSV, XLSX
      berkas data               CSV, TSV, XLSX, XLS, JSON
      folder berisi berkas itu, dan portal CKAN atau DCAT menurut alamatnya
    \b
    Contoh:
      satudata check dataset.yaml
      satudata check paket-ckan.jsonl --json
      satudata check metadata.xlsx --profile sdi-2019
      satudata check katalog.ttl
      satudata check penduduk.csv
      satudata check https://data.contoh.go.id/penduduk.csv
      satudata check https://data.contoh.go.id --format xlsx --output laporan.xlsx
    """
    if not what.strip():
        raise ConfigError("E-CFG-004", field="BERKAS|FOLDER|ALAMAT", expected="penduduk.csv")
    refuse_existing(output, force=force)
    chosen = chosen_profile(profile)
    terms = checking.Terms(chosen, limit, datetime.now(WIB).date())
    if what.startswith(("http://", "https://")):
        from satudata_harvesters import http  # noqa: PLC0415 - files are checked without it

        report = checking.check_url(what, http.Http(allow_networks=networks), terms)
    else:
        report = checking.check_path(Path(what), terms)
    named = output.suffix.lower().removeprefix(".") if output is not None else ""
    form = "json" if as_json else form or (named if named in _REPORTS else "text")
    if output is None and form in {"text", "json"}:
        end_with(report, as_json=form == "json", lang=lang)
    write(_REPORTS[form](report, lang), output)
    if report.error is not None:
        tell(report.error, lang)
    sys.exit(exit_code(report))


def _handed_on(module: str, name: str) -> Callable[[Preview, Lang], str | bytes]:
    """A report's writer, imported when it is asked for: a terminal needs none of them."""

    def write_report(report: Preview, lang: Lang) -> str | bytes:
        writer = getattr(importlib.import_module(f"satudata_harvesters.{module}"), name)
        made: str | bytes = writer(report, lang)
        return made

    return write_report


_REPORTS: dict[str, Callable[[Preview, Lang], str | bytes]] = {
    "text": lambda report, lang: "\n".join(report_lines(report, lang)) + "\n",
    "json": lambda report, lang: json.dumps(report.to_dict(lang), ensure_ascii=False, indent=1) + "\n",
    "csv": _handed_on("report", "csv_report"),
    "html": _handed_on("report_page", "html_report"),
    "xlsx": _handed_on("report", "xlsx_report"),
}
