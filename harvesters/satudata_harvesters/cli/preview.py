"""`satudata preview`: the first records of a source file, judged, with nothing stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from satudata_harvesters.cli.grammar import Command, reading, speaking
from satudata_harvesters.cli.showing import chosen_profile, end_with
from satudata_harvesters.errors import Lang
from satudata_harvesters.preview import preview as preview_source
from satudata_harvesters.source import http_for, load_source


@click.command(cls=Command)
@click.argument("file", metavar="SUMBER.yaml", type=click.Path(path_type=Path))
@click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(1, 10_000), help="Jumlah data paling banyak."
)
@reading
@speaking
def preview(file: Path, limit: int, networks: Sequence[str], profile: str | None, as_json: bool, lang: Lang) -> None:
    """Pratinjau: baca data pertama sebuah sumber tanpa menyimpan apa pun.

    \b
    Contoh:
      satudata preview sumber.yaml
      satudata preview sumber.yaml --limit 3 --lang en
      satudata preview sumber.yaml --allow-network 10.20.0.5/32:8080
    """
    source = load_source(file)
    if networks:
        # Whoever types this command decides for this machine; a source's own entries must be among those all the same.
        http_for(source, permitted=networks)
        source = replace(source, allow_networks=tuple(networks))
    http = http_for(source, permitted=networks)
    chosen = chosen_profile(profile or source.profile)
    end_with(preview_source(source, http, limit=limit, profile=chosen), as_json=as_json, lang=lang)
