"""`ckan satudata run`: harvests that have run, and what people decide about them."""

from __future__ import annotations

import click

from ckanext.satudata.cli.speech import FINE, PROBLEMS, Speech, acting_as, end, spoken, transaction, user_id
from ckanext.satudata.harvest import engine, runs, schedule, sources

HEADINGS = {
    "run": ("PENARIKAN", "RUN"),
    "source": ("SUMBER", "SOURCE"),
    "state": ("STATUS", "STATE"),
    "read": ("DIBACA", "READ"),
    "created": ("BARU", "NEW"),
    "updated": ("BERUBAH", "CHANGED"),
    "unchanged": ("TETAP", "UNCHANGED"),
    "missing": ("HILANG", "MISSING"),
    "withdrawn": ("DITARIK", "WITHDRAWN"),
    "created_at": ("DIMULAI", "STARTED"),
}


@click.group()
def run() -> None:
    """Penarikan data yang sudah atau sedang berjalan (runs).

    \b
    Contoh / examples:
      ckan satudata run list --source portal-kabupaten
      ckan satudata run confirm 2f6c… --as walidata1
    """


@run.command("list")
@click.option("--source", "source_name", metavar="NAME", help="Satu sumber saja / of one source.")
@click.option("--state", "states", multiple=True, help="Status tertentu / in this state.")
@click.option("--limit", default=50, show_default=True, help="Paling banyak / at most.")
@spoken
def list_(speech: Speech, source_name: str | None, states: tuple[str, ...], limit: int) -> None:
    """Daftar penarikan, terbaru dahulu (list the runs, newest first)."""
    with transaction() as opened:
        source_id = sources.get(opened, source_name)["id"] if source_name else None
        rows = runs.listing(opened, source_id=source_id, states=states, limit=limit)
    speech.show(rows)
    speech.table(HEADINGS, [row | {"created_at": row["started"]} for row in rows])


@run.command()
@click.argument("run_id", metavar="RUN")
@spoken
def show(speech: Speech, run_id: str) -> None:
    """Satu penarikan: jumlah, kesalahan, yang ditahan (show one run)."""
    with transaction() as opened:
        found = runs.show(opened, run_id)
    speech.show(found)
    speech.table(
        {"key": ("ISIAN", "FIELD"), "value": ("NILAI", "VALUE")},
        [{"key": key, "value": value} for key, value in found.items() if key not in ("removals", "report")],
    )
    if found["error"] and not speech.as_json:
        speech.problem(found["error"]["code"], found["error"]["params"])


@run.command()
@click.argument("run_id", metavar="RUN")
@acting_as(required=True)
@spoken
def confirm(speech: Speech, run_id: str, actor: str) -> None:
    """Setujui penghapusan yang ditahan; hanya Walidata (let held removals happen)."""
    with transaction() as opened:
        marked = runs.confirm(opened, run_id, actor=user_id(opened, actor))
        found = runs.show(opened, run_id)
    speech.show(found)
    speech.say(
        f"{marked} dataset ditandai tidak ditemukan di sumber dan ditarik setelah masa tenggang.",
        f"{marked} datasets are marked as not found at the source and withdrawn after the grace period.",
    )


@run.command()
@click.argument("run_id", metavar="RUN")
@acting_as(required=True)
@spoken
def reject(speech: Speech, run_id: str, actor: str) -> None:
    """Tolak penghapusan yang ditahan; hanya Walidata (keep what a held run would remove)."""
    with transaction() as opened:
        runs.reject(opened, run_id, actor=user_id(opened, actor))
        found = runs.show(opened, run_id)
    speech.show(found)
    speech.say("Penghapusan ditolak; tidak ada yang ditarik.", "The removals are rejected; nothing is withdrawn.")


@run.command()
@click.argument("run_id", metavar="RUN")
@acting_as()
@spoken
def cancel(speech: Speech, run_id: str, actor: str | None) -> None:
    """Hentikan penarikan; yang sudah tersimpan tetap ada (stop a run)."""
    with transaction() as opened:
        runs.cancel(opened, run_id, actor=user_id(opened, actor))
        found = runs.show(opened, run_id)
    speech.show(found)
    speech.say("Penarikan dihentikan.", "The run is stopped.")


#: Why an undo left a dataset as it is, in words.
LEFT = {
    "disunting": ("disunting orang sejak itu", "edited by a person since"),
    "berkas": ("berkasnya sudah diganti; tarik ulang sumbernya", "its file was replaced; harvest the source again"),
    "tidak_dimuat": ("tidak boleh dimuat menurut aturan sekarang", "not to be loaded by today's rules"),
    "ditolak": ("tidak dapat disimpan", "cannot be stored"),
}


@run.command()
@click.argument("run_id", metavar="RUN")
@click.option("--background", is_flag=True, help="Serahkan kepada pekerja, jangan tunggu / hand over to the workers.")
@acting_as(required=True)
@spoken
def undo(speech: Speech, run_id: str, background: bool, actor: str) -> None:
    """Urungkan satu penarikan; hanya Walidata (take back everything a run has touched).

    Dataset yang dibuatnya ditarik, yang ditariknya kembali, yang diubahnya menjadi seperti semula. Yang sudah disunting
    orang sejak itu dibiarkan dan disebutkan. Penarikan berikutnya membawa lagi keadaan sumbernya.

    \b
    Contoh / example:
      ckan satudata run undo 2f6c… --as walidata1
    """
    with transaction() as opened:
        undo_id = runs.undo(opened, run_id, actor=user_id(opened, actor))
    if background:
        schedule.enqueue(undo_id)
    else:
        engine.run(undo_id, progress=speech.progress)
    with transaction() as opened:
        found = runs.show(opened, undo_id)
    speech.show(found)
    if background:
        speech.say(f"Pengurungan diserahkan kepada pekerja: {undo_id}", f"Handed over to the workers: {undo_id}")
        end(FINE)
    if found["error"]:
        speech.problem(found["error"]["code"], found["error"]["params"])
    speech.say(
        f"{found['updated']} dataset dikembalikan, {found['withdrawn']} ditarik, {found['left_count']} dibiarkan.",
        f"{found['updated']} datasets restored, {found['withdrawn']} withdrawn, {found['left_count']} left alone.",
    )
    for one in found["left"]:
        indonesian, english = LEFT[one["reason"]]
        label = one["name"] or one["id"]
        speech.say(f"  {label}: {indonesian}", f"  {label}: {english}")
    end(FINE if found["state"] == "selesai" else PROBLEMS)
