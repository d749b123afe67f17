"""`ckan satudata key`: long-lived reading keys for people."""

from __future__ import annotations

import click

from ckanext.satudata.api import reading_keys
from ckanext.satudata.cli.speech import Speech, acting_as, spoken, transaction, user_id
from ckanext.satudata.harvest.sessions import session

HEADINGS = {
    "id": ("PENGENAL", "ID"),
    "name": ("NAMA", "NAME"),
    "uses": ("PEMAKAIAN", "USES"),
    "last_used": ("TERAKHIR", "LAST USED"),
    "revoked_at": ("DICABUT", "REVOKED"),
}


@click.group()
def key() -> None:
    """Kunci baca berumur panjang (long-lived reading keys).

    \b
    Contoh / examples:
      ckan satudata key add analis-bappeda
      ckan satudata key revoke analis-bappeda
    """


@key.command()
@click.argument("name")
@click.option("--user", "owner", metavar="USER", help="Pengguna pemilik kunci / whose key it is.")
@acting_as()
@spoken
def add(speech: Speech, name: str, owner: str | None, actor: str | None) -> None:
    """Buat kunci baca; isinya hanya ditampilkan sekali (make a reading key, shown once).

    \b
    Contoh / example:
      ckan satudata key add analis-bappeda --json
    """
    with transaction() as opened:
        made = reading_keys.add(opened, name=name, user_id=user_id(opened, owner), actor=user_id(opened, actor))
    speech.show({"id": made.id, "name": name, "key": made.value})
    speech.say(
        f"{made.value}\nSimpan kunci ini; tidak akan ditampilkan lagi.",
        f"{made.value}\nKeep this key; it is not shown again.",
    )


@key.command("list")
@spoken
def list_(speech: Speech) -> None:
    """Daftar kunci baca, tanpa isinya (list the reading keys).

    \b
    Contoh / example:
      ckan satudata key list
    """
    with session() as opened:
        rows = [row._asdict() for row in reading_keys.listing(opened)]
    speech.show(rows)
    speech.table(HEADINGS, rows)


@key.command()
@click.argument("name")
@acting_as()
@spoken
def revoke(speech: Speech, name: str, actor: str | None) -> None:
    """Cabut kunci baca, seketika (take a reading key back at once).

    \b
    Contoh / example:
      ckan satudata key revoke analis-bappeda
    """
    with transaction() as opened:
        reading_keys.revoke(opened, name, actor=user_id(opened, actor))
    speech.show({"revoked": name})
    speech.say(f'Kunci "{name}" dicabut.', f'Key "{name}" is revoked.')
