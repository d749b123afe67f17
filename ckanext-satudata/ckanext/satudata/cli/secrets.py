"""`ckan satudata secrets`: replace the key that seals the credentials of sources."""

from __future__ import annotations

import click

from ckanext.satudata.cli.speech import FINE, PROBLEMS, Speech, end, spoken, transaction
from ckanext.satudata.harvest import rotation


@click.group()
def secrets() -> None:
    """Kunci kredensial sumber data (keys of the sources' credentials).

    \b
    Contoh / examples:
      ckan satudata secrets rotate
    """


@secrets.command()
@click.option("--retire", is_flag=True, help="Buang kunci lama sesudahnya / drop the older keys afterwards.")
@spoken
def rotate(speech: Speech, retire: bool) -> None:
    """Buat kunci baru dan segel ulang kredensial semua sumber data dengannya.

    Sumber yang kuncinya sudah hilang disebut dan dibiarkan; kunci lama baru dibuang bila tidak ada lagi yang
    memerlukannya. (Draws a new key, seals every credential anew with it, and names what no key opens.)

    \b
    Contoh / examples:
      ckan satudata secrets rotate
      ckan satudata secrets rotate --retire --json
    """
    rotation.draw_key()
    with transaction() as opened:
        done = rotation.seal_anew(opened)
    retired = rotation.retire() if retire and not done.shut else 0
    speech.show({"sealed": done.sealed, "shut": list(done.shut), "retired": retired})
    speech.say(
        f"{done.sealed} sumber data disegel dengan kunci baru; {retired} kunci lama dibuang.",
        f"{done.sealed} sources are sealed with the new key; {retired} older keys were dropped.",
    )
    if done.shut:
        speech.problem("E-SVC-016", {"names": ", ".join(done.shut)})
    end(PROBLEMS if done.shut else FINE)
