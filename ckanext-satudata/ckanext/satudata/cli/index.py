"""`ckan satudata index`: make the search index anew while the portal stays open."""

from __future__ import annotations

import click

from ckanext.satudata.catalog import index as door
from ckanext.satudata.cli.speech import SERVICE, Speech, end, spoken
from ckanext.satudata.harvest.sessions import session


@click.group()
def index() -> None:
    """Indeks pencarian (the search index).

    \b
    Contoh / examples:
      ckan satudata index rebuild
    """


@index.command()
@click.option("--batch", default=1000, show_default=True, help="Dataset per permintaan / datasets per request.")
@spoken
def rebuild(speech: Speech, batch: int) -> None:
    """Susun ulang seluruh indeks dari basis data tanpa mengosongkannya lebih dahulu.

    Portal tetap dapat dicari selama itu. Bila terputus, perintah yang sama melanjutkan; beberapa proses sekaligus
    berbagi pekerjaan. (Makes the whole index anew while it is searched; run again, it goes on where it stopped.)

    \b
    Contoh / examples:
      ckan satudata index rebuild
      ckan satudata index rebuild --json
    """
    with session() as opened:
        try:
            done = door.rebuild(opened, progress=speech.progress, size=batch)
        except door.IndexUnavailable:
            speech.problem("E-SVC-001", {"service": "Solr"})
            end(SERVICE)
    speech.show({"indexed": done.indexed, "removed": done.removed, "seconds": round(done.seconds, 1)})
    speech.say(
        f"{done.indexed} dataset diindeks ulang, {done.removed} dokumen sisa dihapus, {done.seconds:.1f} detik.",
        f"{done.indexed} datasets indexed anew, {done.removed} leftover documents removed, {done.seconds:.1f} s.",
    )
