"""`ckan satudata dataset`: what the Walidata decides about datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import review
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.cli.speech import FINE, PROBLEMS, Speech, acting_as, end, spoken, transaction, user_id
from ckanext.satudata.harvest import schedule, sources
from ckanext.satudata.harvest.errors import Refused
from ckanext.satudata.harvest.sessions import session


@click.group()
def dataset() -> None:
    """Pemeriksaan dataset oleh Walidata (review).

    \b
    Contoh / examples:
      ckan satudata dataset approve jumlah-aduan-warga --as walidata1
      ckan satudata dataset return jumlah-aduan-warga --reason "Lengkapi definisi." --as walidata1
    """


_named = click.argument("names", nargs=-1, metavar="NAME…")
_of_source = click.option(
    "--source", metavar="SOURCE", help="Semua yang menunggu dari sumber ini / all that wait of it."
)


@dataset.command()
@_named
@_of_source
@click.option("--reason", metavar="TEXT", help="Catatan / note.")
@acting_as(required=True)
@spoken
def approve(speech: Speech, names: tuple[str, ...], source: str | None, reason: str | None, actor: str) -> None:
    """Setujui dan tayangkan; hanya Walidata (approve and publish).

    \b
    Contoh / examples:
      ckan satudata dataset approve jumlah-aduan-warga --as walidata1
      ckan satudata dataset approve --source aduan-warga --as walidata1
    """
    with transaction() as opened:
        asked = _asked(opened, names, source)
        results = review.approve(opened, asked, actor=user_id(opened, actor), reason=reason)
    _tell(speech, asked, results)


@dataset.command("return")
@_named
@_of_source
@click.option("--reason", required=True, metavar="TEXT", help="Alasan, dibaca oleh OPD / why, read by the office.")
@click.option("--deadline", type=click.DateTime(["%Y-%m-%d"]), help="Batas perbaikan / when it is due (YYYY-MM-DD).")
@acting_as(required=True)
@spoken
def return_(
    speech: Speech, names: tuple[str, ...], source: str | None, reason: str, deadline: datetime | None, actor: str
) -> None:
    """Kembalikan kepada OPD untuk diperbaiki; hanya Walidata (return for mending).

    \b
    Contoh / example:
      ckan satudata dataset return jumlah-aduan-warga --reason "Lengkapi definisi." --deadline 2026-12-31 --as walidata1
    """
    with transaction() as opened:
        asked = _asked(opened, names, source)
        until = deadline.date() if deadline else None
        results = review.send_back(opened, asked, actor=user_id(opened, actor), reason=reason, deadline=until)
    _tell(speech, asked, results)


def _asked(opened: Session, names: Sequence[str], source: str | None) -> list[str]:
    if not source:
        if not names:
            raise Refused("E-CLI-005", name="")
        return list(names)
    record = t.record.c
    source_id = sources.get(opened, source)["id"]
    waiting = sa.select(record.name).where(record.source_id == source_id, record.status.in_(review.WAITING))
    return list(opened.scalars(waiting.order_by(record.name)))


def _tell(speech: Speech, asked: Sequence[str], results: Sequence[review.Decided]) -> None:
    with session() as opened:
        schedule.drain(opened)
    for name, result in zip(asked, results, strict=True):
        if result.code:
            speech.say(f"{name}:", f"{name}:")
            speech.problem(result.code, {"name": name, "status": result.status})
        else:
            speech.say(f"{name}: {result.status}", f"{name}: {result.status}")
    speech.show([{"name": name} | asdict(result) for name, result in zip(asked, results, strict=True)])
    end(PROBLEMS if any(result.code for result in results) else FINE)
