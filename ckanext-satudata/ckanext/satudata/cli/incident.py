"""`ckan satudata incident`: what the law has told of an erased leak, and its clock."""

from __future__ import annotations

from typing import Any

import click

from ckanext.satudata.catalog import incidents
from ckanext.satudata.cli.speech import FINE, PROBLEMS, Speech, acting_as, end, spoken, transaction, user_id

HEADINGS = {
    "incident": ("INSIDEN", "INCIDENT"),
    "state": ("STATUS", "STATE"),
    "deadline": ("BATAS", "DEADLINE"),
    "left": ("SISA", "LEFT"),
    "package_id": ("DATASET", "DATASET"),
    "reason": ("ALASAN", "REASON"),
}


@click.group()
def incident() -> None:
    """Insiden pelindungan data pribadi dan batas 3 x 24 jam (incidents, UU 27/2022 Pasal 46).

    \b
    Contoh / examples:
      ckan satudata incident list
      ckan satudata incident notified 7c1e… --note "Surat nomor 12" --as walidata1
    """


@incident.command("list")
@click.option("--open", "open_only", is_flag=True, help="Yang belum diberitahukan saja / only those not yet told.")
@spoken
def list_(speech: Speech, open_only: bool) -> None:
    """Daftar insiden; kode keluar 1 bila ada yang melewati batas waktu (list; exit code 1 when one is overdue)."""
    with transaction() as opened:
        rows = incidents.listing(opened, open_only=open_only)
    speech.show(rows)
    speech.table(HEADINGS, [row | {"left": _left(row)} for row in rows])
    end(PROBLEMS if any(row["state"] == "terlambat" for row in rows) else FINE)


@incident.command()
@click.argument("incident_id", metavar="INCIDENT")
@spoken
def show(speech: Speech, incident_id: str) -> None:
    """Satu insiden: data apa, kapan, bagaimana, apa yang sudah dilakukan, siapa yang perlu diberi tahu (show one)."""
    with transaction() as opened:
        found = incidents.show(opened, incident_id)
    speech.show(found)
    speech.table(
        {"key": ("ISIAN", "FIELD"), "value": ("NILAI", "VALUE")},
        [{"key": key, "value": value} for key, value in found.items()],
    )


@incident.command()
@click.argument("incident_id", metavar="INCIDENT")
@click.option("--note", default="", metavar="TEXT", help="Kepada siapa dan bagaimana / to whom and how.")
@acting_as(required=True)
@spoken
def notified(speech: Speech, incident_id: str, note: str, actor: str) -> None:
    """Catat bahwa pemberitahuan sudah dikirim; hanya Walidata (those concerned have been told).

    \b
    Contoh / example:
      ckan satudata incident notified 7c1e… --note "Surat nomor 12 kepada subjek data dan lembaga" --as walidata1
    """
    with transaction() as opened:
        found = incidents.notified(opened, incident_id, actor=user_id(opened, actor), notes=note)
    speech.show(found)
    speech.say("Pemberitahuan dicatat.", "Noted.")


def _left(row: dict[str, Any]) -> str:
    seconds = row["seconds_left"]
    if seconds is None:
        return "-"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else ''}{hours}:{minutes:02}"
