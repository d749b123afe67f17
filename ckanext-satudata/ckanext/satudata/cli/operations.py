"""`ckan satudata doctor` and `ckan satudata tick`: is all well, and the small process that keeps things moving."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any

import click
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError

from ckanext.satudata.api import clients
from ckanext.satudata.api.problems import Unavailable
from ckanext.satudata.catalog import pruning
from ckanext.satudata.cli.speech import FINE, PROBLEMS, SERVICE, Speech, end, spoken
from ckanext.satudata.harvest import health, schedule
from ckanext.satudata.harvest.sessions import session

log = logging.getLogger(__name__)

UPKEEP_SECONDS = 60
PRUNING_SECONDS = 3600


@click.command()
@click.option("--quick", is_flag=True, help="Tanpa membandingkan setiap dataset / without comparing every dataset.")
@click.option("--repair", is_flag=True, help="Perbaiki yang berbeda / mend what differs.")
@spoken
def doctor(speech: Speech, quick: bool, repair: bool) -> None:
    """Periksa layanan, antrean, dan konektor; bandingkan tabel, indeks, jawaban, dan catatan perubahan.

    Kode keluar 0 bila semua baik, 1 bila ada yang perlu diperhatikan, 3 bila layanan tidak dapat dihubungi. (Looks at
    services, queue and connectors, and compares what is said of each dataset in every place.)

    \b
    Contoh / examples:
      ckan satudata doctor
      ckan satudata doctor --quick --json
      ckan satudata doctor --repair
    """
    if repair and all(check.ok for check in health.examine(quick=True) if check.service):
        found, mended = health.repair()
        speech.say(f"{mended} dari {found} perbedaan diperbaiki.", f"{mended} of {found} differences were mended.")
    checks = health.examine(quick=quick)
    speech.show({"ok": all(check.ok for check in checks), "checks": [check.to_dict(speech.lang) for check in checks]})
    for check in checks:
        mark = ("baik   ", "perlu  ")[not check.ok] if speech.lang == "id" else ("fine   ", "look at")[not check.ok]
        speech.say(f"[{mark}] {check.title}: {check.detail}", f"[{mark}] {check.title_en}: {check.detail}")
        if not check.ok and check.code:
            speech.problem(check.code, check.params)
        for example in check.examples:
            speech.say(*[f"           {example.package_id} {example.kind} {example.detail}".rstrip()] * 2)
    if any(check.service and not check.ok for check in checks):
        end(SERVICE)
    end(FINE if all(check.ok for check in checks) else PROBLEMS)


@click.command()
@click.option("--once", is_flag=True, help="Sekali saja / only once.")
@click.option("--every", default=3.0, show_default=True, help="Jeda dalam detik / seconds between two looks.")
@spoken
def tick(speech: Speech, once: bool, every: float) -> None:
    """Mulai penarikan yang sudah waktunya, lanjutkan yang terputus, mutakhirkan indeks.

    Dijalankan terus-menerus oleh supervisor; boleh di beberapa mesin sekaligus. (Starts what is due, takes up what was
    interrupted, brings the index up to date.)

    \b
    Contoh / examples:
      ckan satudata tick
      ckan satudata tick --once --json
    """
    if once:
        done = schedule.tick()
        speech.show({"queued": list(done.queued), "interrupted": done.interrupted, "indexed": done.indexed})
        speech.say(
            f"{len(done.queued)} penarikan diserahkan, {done.interrupted} terputus, {done.indexed} diindeks.",
            f"{len(done.queued)} runs handed over, {done.interrupted} interrupted, {done.indexed} indexed.",
        )
        return
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    kept_up = pruned = float("-inf")
    while not stop.is_set():
        _look()
        if time.monotonic() - kept_up >= UPKEEP_SECONDS:
            _keep_up()
            kept_up = time.monotonic()
        if time.monotonic() - pruned >= PRUNING_SECONDS:
            _prune()
            pruned = time.monotonic()
        stop.wait(every)


def _keep_up() -> None:
    """What the API leaves to be written about once a minute: uses of clients, revocations that have run out."""
    try:
        with session() as opened:
            clients.upkeep(opened)
    except (OperationalError, Unavailable) as error:
        log.warning("upkeep of the API has to wait: %s", type(error).__name__)


def _prune() -> None:
    """History that is too old goes, about once an hour."""
    try:
        with session() as opened:
            pruning.prune(opened)
    except OperationalError as error:
        log.warning("old history has to wait: %s", type(error).__name__)


def _look() -> None:
    """One tick; a service that is away for a while only delays it."""
    try:
        done: Any = schedule.tick()
    except (OperationalError, RedisError) as error:
        log.warning("tick has to wait: %s", type(error).__name__)
        return
    if done.queued or done.interrupted or done.indexed:
        log.info("queued %d, interrupted %d, indexed %d", len(done.queued), done.interrupted, done.indexed)
