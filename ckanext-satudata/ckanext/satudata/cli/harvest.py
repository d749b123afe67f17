"""`ckan satudata harvest`: harvest now and wait for the end, or hand it to the workers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

import click
import sqlalchemy as sa

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.cli.speech import FINE, PROBLEMS, Speech, acting_as, end, spoken, transaction, user_id
from ckanext.satudata.harvest import engine, runs, schedule, sources
from ckanext.satudata.harvest.errors import Refused, RunRefused
from ckanext.satudata.harvest.sessions import session

#: Seconds between two looks at a run that another process works on.
LOOK = 1.0


@click.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Semua sumber aktif / every active source.")
@click.option("--due", is_flag=True, help="Yang sudah waktunya / those whose time has come.")
@click.option("--background", is_flag=True, help="Serahkan kepada pekerja, jangan tunggu / hand over to the workers.")
@acting_as()
@spoken
def harvest(speech: Speech, name: str | None, everything: bool, due: bool, background: bool, actor: str | None) -> None:
    """Tarik data dari sumber dan tunggu sampai selesai (harvest and wait).

    Kode keluar 1 bila ada penarikan yang gagal atau ditahan.

    \b
    Contoh / examples:
      ckan satudata harvest portal-kabupaten
      ckan satudata harvest --all --json
      ckan satudata harvest --due --background
    """
    if sum((bool(name), everything, due)) != 1:
        raise Refused("E-CLI-004")
    with transaction() as opened:
        who = user_id(opened, actor)
        chosen = [sources.get(opened, name)] if name else _several(opened, due=due)
    ended = []
    for source in chosen:
        run_id = _begin(source["id"], who)
        if background:
            schedule.enqueue(run_id)
        else:
            speech.say(f'Menarik data dari "{source["name"]}" …', f'Harvesting "{source["name"]}" …')
            try:
                _work(speech, run_id)
            except KeyboardInterrupt:
                _stop(speech, run_id)
        ended.append(_told(speech, run_id))
    summaries = [runs.summary(one) for one in ended]
    speech.show(summaries[0] if name else summaries)
    good = all(one["state"] == "selesai" for one in ended)
    end(FINE if background or good else PROBLEMS)


def _several(opened: Any, *, due: bool) -> Sequence[dict[str, Any]]:
    rows = [row for row in sources.listing(opened) if row["state"] == "aktif"]
    if not due:
        return rows
    source = t.source.c
    ready = set(opened.scalars(sa.select(source.id).where(source.next_run <= sa.func.now())))
    return [row for row in rows if row["id"] in ready]


def _begin(source_id: str, actor: str | None) -> str:
    try:
        with transaction() as opened:
            return runs.start(opened, source_id, actor=actor)
    except RunRefused as refused:
        if refused.code != "E-RUN-002":
            raise
        return str(refused.params["run"])


def _work(speech: Speech, run_id: str) -> None:
    if engine.run(run_id, progress=speech.progress):
        return
    shown: dict[str, Any] = {}
    while True:
        with session() as opened:
            found = runs.show(opened, run_id)
        if found["state"] not in runs.UNDER_WAY:
            return
        if found["progress"] and found["progress"] != shown:
            shown = found["progress"]
            speech.progress(shown)
        time.sleep(LOOK)
        # Nobody may have it any more: another worker was killed, and no tick is running.
        if engine.run(run_id, progress=speech.progress):
            return


def _stop(speech: Speech, run_id: str) -> NoReturn:
    """Whoever presses Ctrl-C means the run, not only this window."""
    with transaction() as opened, suppress(RunRefused):
        runs.cancel(opened, run_id, actor=None)
    speech.say("Penarikan dibatalkan; yang sudah tersimpan tetap ada.", "The run is cancelled; what was stored stays.")
    end(PROBLEMS)


def _told(speech: Speech, run_id: str) -> dict[str, Any]:
    with session() as opened:
        found = runs.show(opened, run_id)
    if found["error"]:
        speech.problem(found["error"]["code"], found["error"]["params"])
    if found["state"] == "ditahan":
        speech.say(
            f"{found['held']} dataset tidak ditemukan lagi di sumber; penarikan ditahan. "
            f"Walidata memutuskan: ckan satudata run confirm {run_id} --as USER",
            f"{found['held']} datasets are no longer found at the source; the run is held. "
            f"The Walidata decides: ckan satudata run confirm {run_id} --as USER",
        )
    counts = {name: found[name] for name in runs.COUNTS}
    speech.say(
        "{source}: {state}. Dibaca {read}, baru {created}, berubah {updated}, tetap {unchanged}, hilang {missing}, "
        "ditarik {withdrawn}; layak {layak}, perlu perbaikan {perlu_perbaikan}, tidak dimuat {tidak_dimuat}.".format(
            source=found["source"], state=found["state"], **counts
        ),
        "{source}: {state}. Read {read}, new {created}, changed {updated}, unchanged {unchanged}, missing {missing}, "
        "withdrawn {withdrawn}; fit {layak}, to be mended {perlu_perbaikan}, not loaded {tidak_dimuat}.".format(
            source=found["source"], state=found["state"], **counts
        ),
    )
    return found
