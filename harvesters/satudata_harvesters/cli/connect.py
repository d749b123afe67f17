"""`satudata connect`: from an address to a source file."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from satudata_harvesters import connect as connecting
from satudata_harvesters.cli.grammar import Command, reading, speaking
from satudata_harvesters.cli.showing import (
    FINE,
    PROBLEMS,
    chosen_profile,
    echo_json,
    refuse_existing,
    report_lines,
    tell,
    write,
)
from satudata_harvesters.connector import registry
from satudata_harvesters.credentials import credentials
from satudata_harvesters.errors import ConfigError, Lang, SourceError, redact
from satudata_harvesters.http import Http
from satudata_harvesters.preview import preview as preview_source
from satudata_harvesters.source import http_for

_WORDS = {
    "found": {"id": "Dikenali sebagai", "en": "Found"},
    "key": {
        "id": "Bila aplikasi memerlukan kunci, ulangi dengan --header NAMA=env:VARIABEL.",
        "en": "If the application needs a key, try again with --header NAME=env:VARIABLE.",
    },
    "written": {"id": "Berkas sumber ditulis", "en": "Source file written"},
}


@click.command(cls=Command)
@click.argument("url", metavar="ALAMAT")
@click.option("--output", type=click.Path(path_type=Path), metavar="SUMBER.yaml", help="Berkas sumber yang ditulis.")
@click.option("--force", is_flag=True, help="Timpa berkas yang sudah ada.")
@click.option("--name", metavar="NAMA", help="Nama sumber; bila tidak diisi, dari alamatnya.")
@click.option(
    "--header", metavar="NAMA=env:VARIABEL", help="Kunci API dalam header, misalnya X-API-Key=env:KUNCI_ADUAN."
)
@reading
@speaking
def connect(  # noqa: PLR0913, PLR0917 - click gives them by name, as many as it has options
    url: str,
    output: Path | None,
    force: bool,
    name: str | None,
    header: str | None,
    networks: Sequence[str],
    profile: str | None,
    as_json: bool,
    lang: Lang,
) -> None:
    """Kenali sebuah alamat dan susun berkas sumbernya.

    \b
    Contoh:
      satudata connect https://data.contoh.go.id --output sumber.yaml
      satudata connect https://aduan.contoh.go.id/api/v1/laporan --header X-API-Key=env:KUNCI_ADUAN
    """
    auth = None
    if header:
        label, _, value = header.partition("=")
        auth = {"type": "header", "name": label.strip(), "value": value.strip()}
        # A key on the command line stays in the shell's history and in the list of processes.
        if not label.strip() or not re.fullmatch(r"env:\w+", value.strip()):
            raise ConfigError("E-CFG-004", field="--header", expected="NAMA=env:VARIABEL")
    refuse_existing(output, force=force)
    http = Http(allow_networks=networks, auth=credentials(auth))
    try:
        proposal = connecting.connect(url, http, name=name, auth=auth)
    except SourceError as error:
        if error.code == "E-TRK-003" and auth is None:
            click.echo(_WORDS["key"][lang], err=True)
        raise
    if output is not None:
        write(proposal.source.to_yaml(), output, private=True)
    http = http_for(proposal.source, permitted=networks)
    report = preview_source(proposal.source, http, limit=3, profile=chosen_profile(profile))
    if as_json:
        told = {"kind": proposal.kind, "answered": redact(proposal.answered), "needs_key": proposal.needs_key}
        echo_json({**told, "source": proposal.source.masked(), **report.to_dict(lang)})
        sys.exit(FINE if report.error is None else PROBLEMS)
    click.echo(f"{_WORDS['found'][lang]}: {registry()[proposal.kind].title[lang]}")
    shown = replace(proposal.source, config=proposal.source.masked().get("config", {})).to_yaml()
    click.echo(f"{_WORDS['written'][lang]}: {output}" if output is not None else shown)
    for line in report_lines(report, lang):
        click.echo(line)
    if report.error is not None:
        tell(report.error, lang)
    sys.exit(FINE if report.error is None else PROBLEMS)
