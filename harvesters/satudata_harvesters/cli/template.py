"""`satudata template`: the metadata template to fill in."""

from __future__ import annotations

from pathlib import Path

import click

from satudata_harvesters.cli.grammar import Command, writing
from satudata_harvesters.cli.showing import refuse_existing, write
from satudata_harvesters.errors import Lang
from satudata_schemas import template as templates


@click.command(cls=Command)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "xlsx"]),
    default=None,
    help="Bentuk templat; bila tidak diisi, dari nama berkasnya.",
)
@writing
@click.option(
    "--lang", type=click.Choice(["id", "en"]), default="id", show_default=True, help="Bahasa templat (id atau en)."
)
def template(form: str | None, output: Path | None, force: bool, lang: Lang) -> None:
    """Templat metadata untuk banyak dataset, dengan contoh dan daftar pilihan.

    \b
    Contoh:
      satudata template --output metadata.xlsx
      satudata template --format csv --lang en
    """
    refuse_existing(output, force=force)
    form = form or ("xlsx" if output is not None and output.suffix.lower() == ".xlsx" else "csv")
    write(templates.xlsx_template(lang) if form == "xlsx" else templates.csv_template(lang), output)
