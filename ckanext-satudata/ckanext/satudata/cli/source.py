"""`ckan satudata source`: the applications that are harvested."""

from __future__ import annotations

from pathlib import Path

import click

from ckanext.satudata.cli.speech import Speech, acting_as, spoken, transaction, user_id
from ckanext.satudata.harvest import sources
from ckanext.satudata.harvest.errors import SourceRefused
from satudata_harvesters.source import load_source

HEADINGS = {
    "name": ("NAMA", "NAME"),
    "organization": ("OPD", "OFFICE"),
    "connector": ("KONEKTOR", "CONNECTOR"),
    "penayangan": ("PENAYANGAN", "PUBLICATION"),
    "state": ("STATUS", "STATE"),
    "schedule": ("JADWAL", "SCHEDULE"),
    "last_success": ("TERAKHIR BERHASIL", "LAST SUCCESS"),
}


@click.group()
def source() -> None:
    """Sumber data: aplikasi yang datanya ditarik (sources).

    \b
    Contoh / examples:
      ckan satudata source add aduan --file aduan.yaml --organization dinas-kominfo
      ckan satudata source list
      ckan satudata source pause aduan --reason "pemeliharaan aplikasi"
    """


@source.command()
@click.argument("name")
@click.option("--file", "path", required=True, metavar="F", help="Berkas sumber (YAML) / the source file.")
@click.option(
    "--organization", metavar="OPD", help="OPD pemilik / the owning office (default: di berkas / in the file)."
)
@click.option("--approved-by", metavar="USER", help="Walidata yang mengizinkan penayangan otomatis / who allows it.")
@click.option("--update", is_flag=True, help="Ubah bila sudah ada / change it where it exists.")
@acting_as()
@spoken
def add(
    speech: Speech,
    name: str,
    path: str,
    organization: str | None,
    approved_by: str | None,
    update: bool,
    actor: str | None,
) -> None:
    """Daftarkan sumber data dari berkas YAML (register a source).

    \b
    Contoh / examples:
      ckan satudata source add portal --file portal.yaml --organization diskominfo --approved-by walidata1
      ckan satudata source add portal --file portal.yaml --update
    """
    definition = load_source(Path(path)).to_dict() | {"name": name}
    with transaction() as opened:
        who = {"actor": user_id(opened, actor), "approved_by": user_id(opened, approved_by)}
        if update and any(row["name"] == name for row in sources.listing(opened)):
            sources.update(opened, name, definition, **who)
        else:
            owner = organization or definition.get("organization")
            if not owner:
                raise SourceRefused("E-CFG-003", field="organization")
            sources.add(opened, definition, organization=str(owner), **who)
        row = sources.get(opened, name)
    speech.show(row)
    speech.say(
        f'Sumber data "{name}" terdaftar untuk {row["organization_title"]}. Tarik dengan: ckan satudata harvest {name}',
        f'Source "{name}" is registered for {row["organization_title"]}. Harvest it: ckan satudata harvest {name}',
    )


@source.command("list")
@spoken
def list_(speech: Speech) -> None:
    """Daftar sumber data (list the sources)."""
    with transaction() as opened:
        rows = sources.listing(opened)
    speech.show(rows)
    speech.table(HEADINGS, rows)


@source.command()
@click.argument("name")
@spoken
def show(speech: Speech, name: str) -> None:
    """Satu sumber data, kredensialnya hanya ditulis "terisi" (show one source)."""
    with transaction() as opened:
        row = sources.get(opened, name)
    speech.show(row)
    speech.table(
        {"key": ("ISIAN", "FIELD"), "value": ("NILAI", "VALUE")},
        [{"key": key, "value": value} for key, value in row.items()],
    )


@source.command()
@click.argument("name")
@click.option("--reason", metavar="TEXT", help="Alasan / why.")
@acting_as()
@spoken
def pause(speech: Speech, name: str, reason: str | None, actor: str | None) -> None:
    """Jeda sumber data; yang sudah tayang tetap tayang (pause a source)."""
    with transaction() as opened:
        sources.pause(opened, name, actor=user_id(opened, actor), reason=reason)
        row = sources.get(opened, name)
    speech.show(row)
    speech.say(f'Sumber data "{name}" dijeda.', f'Source "{name}" is paused.')


@source.command()
@click.argument("name")
@acting_as()
@spoken
def resume(speech: Speech, name: str, actor: str | None) -> None:
    """Lanjutkan sumber data yang dijeda (resume a source)."""
    with transaction() as opened:
        sources.resume(opened, name, actor=user_id(opened, actor))
        row = sources.get(opened, name)
    speech.show(row)
    speech.say(f'Sumber data "{name}" aktif kembali.', f'Source "{name}" is active again.')
