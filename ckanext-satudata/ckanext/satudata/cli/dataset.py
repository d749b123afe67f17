"""`ckan satudata dataset`: what the Walidata decides about datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import erase as erasing
from ckanext.satudata.catalog import history as versions_of
from ckanext.satudata.catalog import incidents, review, status
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.cli.speech import FINE, PROBLEMS, Speech, acting_as, end, spoken, transaction, user_id
from ckanext.satudata.harvest import schedule, sources, tracing
from ckanext.satudata.harvest.errors import Refused
from ckanext.satudata.harvest.sessions import session


@click.group()
def dataset() -> None:
    """Pemeriksaan, riwayat, dan penghapusan permanen dataset (review, history, erasing).

    \b
    Contoh / examples:
      ckan satudata dataset approve jumlah-aduan-warga --as walidata1
      ckan satudata dataset return jumlah-aduan-warga --reason "Lengkapi definisi." --as walidata1
      ckan satudata dataset history jumlah-aduan-warga
    """


TRACES = {
    "at": ("WAKTU", "AT"), "run_id": ("PENARIKAN", "RUN"), "template": ("TEMPLAT", "TEMPLATE"),
    "template_version": ("VERSI", "VERSION"), "rules": ("SIDIK ATURAN", "RULES"), "rows_read": ("BARIS", "ROWS"),
    "pages": ("HALAMAN", "PAGES"), "cells": ("SEL", "CELLS"), "suppressed": ("TERSEMBUNYI", "HIDDEN"),
    "k": ("K", "K"), "csv": ("SIDIK CSV", "CSV"),
}  # fmt: skip

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


@dataset.command()
@click.argument("name")
@click.option("--between", nargs=2, type=int, metavar="A B", help="Bedanya dua versi / what differs between two.")
@click.option("--limit", default=20, show_default=True, help="Paling banyak / at most.")
@spoken
def history(speech: Speech, name: str, between: tuple[int, int] | None, limit: int) -> None:
    """Versi satu dataset dan isian yang berubah, terbaru dahulu (versions and what changed).

    \b
    Contoh / examples:
      ckan satudata dataset history jumlah-aduan-warga
      ckan satudata dataset history jumlah-aduan-warga --between 1 3 --json
    """
    with session() as opened:
        id_ = _id(opened, name)
        if between:
            try:
                rows = [asdict(one) for one in versions_of.compare(opened, id_, *between)]
            except versions_of.NoSuchVersion as unknown:
                raise Refused("E-CLI-006", name=name, version=unknown.args[1]) from None
            headings = DIFFERENCES
        else:
            rows = [asdict(one) for one in versions_of.versions(opened, id_, limit=limit)]
            headings = VERSIONS
    speech.show(rows)
    speech.table(headings, [row | {"fields": ", ".join(row.get("fields") or ())} for row in rows])


@dataset.command()
@click.argument("name")
@spoken
def trace(speech: Speech, name: str) -> None:
    """Asal-usul tabel yang dihitung dari baris aplikasi, terbaru dahulu (how a table of rows came about).

    Dengan --json lengkap: aturan, halaman sumber dengan jumlah baris dan sidik SHA-256, sel setiap periode.

    \b
    Contoh / examples:
      ckan satudata dataset trace jumlah-aduan-warga
      ckan satudata dataset trace jumlah-aduan-warga --json
    """
    with session() as opened:
        rows = tracing.listing(opened, _id(opened, name))
    shown = [
        {
            **{key: row[key] for key in ("at", "run_id", "template", "template_version", "rows_read")},
            "rules": row["rules_hash"][:16],
            "pages": len(row["pages"]),
            **{key: row["counts"].get(key) for key in ("cells", "suppressed", "k")},
            "csv": row["files"].get("csv", {}).get("hash", "")[:16],
        }
        for row in rows
    ]
    speech.show(rows)
    speech.table(TRACES, shown)


@dataset.command()
@click.argument("name")
@click.option("--reason", required=True, metavar="TEXT", help="Alasan tanpa data pribadinya / why, without the data.")
@click.option("--known", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]), help="Sejak kapan diketahui (UTC).")
@click.option("--yes", is_flag=True, help="Jangan bertanya lagi / do not ask.")
@acting_as(required=True)
@spoken
def erase(speech: Speech, name: str, reason: str, known: datetime | None, yes: bool, actor: str) -> None:
    """Hapus permanen dari semua versi, indeks, dan berkas; hanya Walidata (erase for good).

    Yang tersisa hanya penanda dan catatan insiden dengan batas 3 x 24 jam (UU 27/2022 Pasal 46). Tidak dapat
    diurungkan. Cadangan basis data dan salinan di portal lain berada di luar jangkauan perintah ini.

    \b
    Contoh / example:
      ckan satudata dataset erase daftar-penerima --reason "Memuat data pribadi warga." --as walidata1
    """
    if not yes and not speech.as_json:
        click.confirm(f'Hapus permanen "{name}"? / Erase for good?', abort=True)
    known_at = known.replace(tzinfo=timezone.utc) if known else None
    with transaction() as opened:
        incident = erasing.erase(opened, name, actor=user_id(opened, actor), reason=reason, known_at=known_at)
    with session() as opened:
        schedule.drain(opened)
        erasing.finish(opened)
        found = incidents.show(opened, incident)
    speech.show(found)
    speech.say(
        f"Dihapus permanen. Insiden {incident}: beri tahu {', '.join(found['notify'])} sebelum {found['deadline']}.",
        f"Erased. Incident {incident}: tell {', '.join(found['notify'])} before {found['deadline']}.",
    )
    if not found["cleaned"]:
        speech.say(
            "Indeks atau berkas belum dapat dibersihkan; dilanjutkan otomatis. Dataset sudah tidak dapat ditemukan.",
            "Index or files could not be cleaned yet; this goes on by itself. The dataset can no longer be found.",
        )


@dataset.command()
@click.argument("name")
@click.option("--reason", required=True, metavar="TEXT", help="Alasan / why.")
@acting_as(required=True)
@spoken
def lift(speech: Speech, name: str, reason: str, actor: str) -> None:
    """Cabut penghapusan permanen agar penarikan boleh memuatnya lagi; hanya Walidata (let it come again).

    \b
    Contoh / example:
      ckan satudata dataset lift daftar-penerima --reason "Sudah dibersihkan di sumbernya." --as walidata1
    """
    with transaction() as opened:
        erasing.lift(opened, name, actor=user_id(opened, actor), reason=reason)
    speech.show({"name": name, "lifted": True})
    speech.say("Penghapusan dicabut; penarikan berikutnya memuatnya lagi.", "Lifted; the next harvest loads it again.")


VERSIONS = {
    "version": ("VERSI", "VERSION"),
    "at": ("WAKTU", "AT"),
    "kind": ("PERUBAHAN", "CHANGE"),
    "cause": ("SEBAB", "CAUSE"),
    "status": ("STATUS", "STATUS"),
    "fields": ("ISIAN", "FIELDS"),
}
DIFFERENCES = {
    "field": ("ISIAN", "FIELD"),
    "resource": ("BERKAS", "FILE"),
    "before": ("SEBELUM", "BEFORE"),
    "after": ("SESUDAH", "AFTER"),
}


def _id(opened: Session, name: str) -> str:
    record = t.record.c
    found = opened.scalar(sa.select(record.id).where(sa.or_(record.id == name, record.name == name)))
    if found is None:
        raise Refused("E-CLI-005", name=name)
    return str(found)


def _asked(opened: Session, names: Sequence[str], source: str | None) -> list[str]:
    if not source:
        if not names:
            raise Refused("E-CLI-005", name="")
        return list(names)
    record = t.record.c
    source_id = sources.get(opened, source)["id"]
    waiting = sa.select(record.name).where(record.source_id == source_id, status.waits(review.WAITING))
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
