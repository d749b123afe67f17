"""`satudata template`: the metadata template to fill in."""

from __future__ import annotations

from pathlib import Path

import click

from satudata_harvesters.cli.grammar import Command, writing
from satudata_harvesters.cli.showing import refuse_existing, write
from satudata_harvesters.errors import ConfigError, Lang
from satudata_schemas import template as templates

_FORMS = ("csv", "xlsx")


@click.command(cls=Command)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMS),
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
    form = form or (output.suffix.lower().removeprefix(".") if output is not None else "csv")
    if form not in _FORMS:
        raise ConfigError("E-CFG-004", field="--output", expected="metadata.xlsx, metadata.csv")
    write(templates.xlsx_template(lang) if form == "xlsx" else templates.csv_template(lang), output)
