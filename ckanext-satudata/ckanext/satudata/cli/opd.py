"""`ckan satudata opd`: the government's own list of offices."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import click
import yaml

from ckanext.satudata.catalog import opd as offices
from ckanext.satudata.cli.speech import Speech, acting_as, spoken, transaction, user_id
from ckanext.satudata.harvest.errors import Refused

#: A government has some hundred offices.
LARGEST = 5_000_000


@click.group()
def opd() -> None:
    """OPD: daftar perangkat daerah sebagai organisasi portal (offices).

    \b
    Contoh / examples:
      ckan satudata opd import opd.csv
      ckan satudata opd merge dinas-perkebunan dinas-pertanian
    """


@opd.command("import")
@click.argument("path", metavar="F")
@acting_as()
@spoken
def import_(speech: Speech, path: str, actor: str | None) -> None:
    """Buat dan perbarui organisasi dari daftar resmi (CSV atau YAML).

    Kolom: kode_skpd, name, title, aliases (dipisah "|"), berlaku_mulai, berlaku_sampai. Tidak ada yang dihapus.
    (Create and update organisations from the official list.)

    \b
    Contoh / example:
      ckan satudata opd import opd.csv --json
    """
    rows = _rows(path)
    with transaction() as opened:
        done = offices.import_opds(opened, rows, actor=user_id(opened, actor))
    speech.show({name: list(getattr(done, name)) for name in ("created", "updated", "unchanged")})
    speech.say(
        f"{len(done.created)} OPD baru, {len(done.updated)} diperbarui, {len(done.unchanged)} tetap.",
        f"{len(done.created)} offices new, {len(done.updated)} updated, {len(done.unchanged)} unchanged.",
    )


@opd.command()
@click.argument("old")
@click.argument("new")
@acting_as()
@spoken
def merge(speech: Speech, old: str, new: str, actor: str | None) -> None:
    """Gabungkan OPD lama ke OPD baru; alamat dataset tetap (merge one office into another, URLs stay).

    \b
    Contoh / example:
      ckan satudata opd merge dinas-perkebunan dinas-pertanian
    """
    with transaction() as opened:
        moved = offices.merge(opened, old, new, actor=user_id(opened, actor))
    speech.show({"old": old, "new": new, "moved": moved})
    speech.say(f'{moved} dataset dipindahkan ke "{new}".', f'{moved} datasets were moved to "{new}".')


def _rows(path: str) -> list[dict[str, Any]]:
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST:
            raise Refused("E-CLI-003", path=path, reason=f"> {LARGEST} byte")
        text = file.read_text("utf-8-sig")
        if file.suffix.lower() in {".yaml", ".yml"}:
            found = yaml.safe_load(text)
            rows = found.get("opd", found.get("organizations")) if isinstance(found, dict) else found
        else:
            heading = text.partition("\n")[0]
            divider = ";" if heading.count(";") > heading.count(",") else ","
            rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=divider))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, csv.Error) as error:
        raise Refused("E-CLI-003", path=path, reason=type(error).__name__) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refused("E-CLI-003", path=path, reason="bukan daftar OPD")
    return rows
