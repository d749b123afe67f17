"""`ckan satudata client`: applications that use the API."""

from __future__ import annotations

import click

from ckanext.satudata.api import clients
from ckanext.satudata.cli.speech import Speech, acting_as, spoken, transaction, user_id
from ckanext.satudata.harvest.sessions import session

HEADINGS = {
    "id": ("CLIENT_ID", "CLIENT_ID"),
    "name": ("NAMA", "NAME"),
    "scopes": ("CAKUPAN", "SCOPES"),
    "uses": ("PEMAKAIAN", "USES"),
    "last_used": ("TERAKHIR", "LAST USED"),
    "revoked_at": ("DICABUT", "REVOKED"),
}


@click.group()
def client() -> None:
    """Aplikasi pemakai API (clients).

    \b
    Contoh / examples:
      ckan satudata client add portal-desa --scope catalog:read --scope dataset:read
      ckan satudata client revoke portal-desa
    """


@client.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="Cakupan, boleh berulang / scope, repeatable.")
@click.option("--organization", metavar="OPD", help="Hanya untuk OPD ini / confined to this office.")
@click.option(
    "--granted",
    multiple=True,
    metavar="OPD",
    help="Boleh membaca data terbatas OPD ini / may read its restricted data.",
)
@acting_as()
@spoken
def add(
    speech: Speech,
    name: str,
    scopes: tuple[str, ...],
    organization: str | None,
    granted: tuple[str, ...],
    actor: str | None,
) -> None:
    """Daftarkan aplikasi; rahasianya hanya ditampilkan sekali (register a client, the secret is shown once).

    \b
    Contoh / example:
      ckan satudata client add portal-desa --scope dataset:read --organization dinas-kesehatan
    """
    with transaction() as opened:
        made = clients.add(
            opened,
            name=name,
            scopes=scopes,
            organization=organization,
            granted=granted,
            actor=user_id(opened, actor),
        )
    speech.show(
        {"client_id": made.client.id, "client_secret": made.secret, "name": name, "scopes": list(made.client.scopes)}
    )
    speech.say(
        f"client_id: {made.client.id}\nclient_secret: {made.secret}\nSimpan rahasia ini; tidak akan ditampilkan lagi.",
        f"client_id: {made.client.id}\nclient_secret: {made.secret}\nKeep this secret; it is not shown again.",
    )


@client.command("list")
@spoken
def list_(speech: Speech) -> None:
    """Daftar aplikasi pemakai API, tanpa rahasianya (list the clients)."""
    with session() as opened:
        rows = [row._asdict() for row in clients.listing(opened)]
    speech.show(rows)
    speech.table(HEADINGS, [row | {"scopes": " ".join(row["scopes"])} for row in rows])


@client.command()
@click.argument("name")
@acting_as()
@spoken
def rotate(speech: Speech, name: str, actor: str | None) -> None:
    """Ganti rahasia aplikasi; rahasia lama tidak berlaku lagi (a new secret for a client, shown once).

    \b
    Contoh / example:
      ckan satudata client rotate portal-desa --json
    """
    with transaction() as opened:
        made = clients.rotate(opened, name, actor=user_id(opened, actor))
    speech.show({"client_id": made.client.id, "client_secret": made.secret, "name": made.client.name})
    speech.say(
        f"client_id: {made.client.id}\nclient_secret: {made.secret}\nSimpan rahasia ini; tidak akan ditampilkan lagi.",
        f"client_id: {made.client.id}\nclient_secret: {made.secret}\nKeep this secret; it is not shown again.",
    )


@client.command()
@click.argument("name")
@acting_as()
@spoken
def revoke(speech: Speech, name: str, actor: str | None) -> None:
    """Cabut aplikasi beserta semua tokennya, seketika (revoke a client and its tokens at once)."""
    with transaction() as opened:
        clients.revoke(opened, name, actor=user_id(opened, actor))
    speech.show({"revoked": name})
    speech.say(f'Aplikasi "{name}" dicabut.', f'Client "{name}" is revoked.')
