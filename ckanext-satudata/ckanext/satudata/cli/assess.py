"""`ckan satudata assess`: judge anew what is stored, without fetching."""

from __future__ import annotations

import click

from ckanext.satudata.cli.speech import FINE, PROBLEMS, Speech, acting_as, end, spoken, transaction, user_id
from ckanext.satudata.harvest import engine, runs, schedule, sources
from ckanext.satudata.harvest.errors import Refused


@click.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Semua sumber, juga isian formulir / every source.")
@click.option("--background", is_flag=True, help="Serahkan kepada pekerja, jangan tunggu / hand over to the workers.")
@acting_as()
@spoken
def assess(speech: Speech, name: str | None, everything: bool, background: bool, actor: str | None) -> None:
    """Nilai ulang dataset yang tersimpan tanpa menarik data (judge anew what is stored).

    Dipakai setelah profil, kosakata, kode referensi, atau pemetaan sumber berubah. Yang tayang tetap tayang; yang tidak
    lagi layak ditandai dengan perbaikannya. Pemetaan yang berubah diterapkan pada catatan sumber yang tersimpan.

    \b
    Contoh / examples:
      ckan satudata assess portal-kabupaten
      ckan satudata assess --all --json
    """
    if bool(name) == everything:
        raise Refused("E-CLI-007")
    with transaction() as opened:
        who = user_id(opened, actor)
        chosen = sources.with_records(opened) if everything else [sources.get(opened, str(name))]
    told = []
    for source in chosen:
        with transaction() as opened:
            run_id = runs.assess(opened, source["id"], actor=who)
        if background:
            schedule.enqueue(run_id)
        else:
            engine.run(run_id, progress=speech.progress)
        with transaction() as opened:
            found = runs.show(opened, run_id)
        told.append(found)
        if found["error"]:
            speech.problem(found["error"]["code"], found["error"]["params"])
        speech.say(
            "{source}: {state}. Dinilai {read}, berubah {updated}, tetap {unchanged}; layak {layak}, "
            "perlu perbaikan {perlu_perbaikan}.".format(**found),
            "{source}: {state}. Judged {read}, changed {updated}, unchanged {unchanged}; fit {layak}, "
            "to be mended {perlu_perbaikan}.".format(**found),
        )
        report = found["report"]
        if report.get("remapped") or report.get("unmapped"):
            speech.say(
                "  Dipetakan ulang: {remapped}. Menunggu penarikan berikutnya: {unmapped}.".format(**report),
                "  Mapped anew: {remapped}. Waiting for the next harvest: {unmapped}.".format(**report),
            )
        for transition, count in sorted(found["report"].get("transitions", {}).items()):
            speech.say(f"  {transition}: {count}", f"  {transition}: {count}")
    speech.show(told[0] if name else told)
    end(FINE if background or all(one["state"] == "selesai" for one in told) else PROBLEMS)
