"""Run pages: how far a harvest has come, what it did, what it found; and the decisions a person takes about it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

from ckan import model
from ckan.lib import base
from ckan.plugins import toolkit
from flask import Blueprint, Response, request, stream_with_context

from ckanext.satudata.catalog import history
from ckanext.satudata.harvest import runs, schedule
from ckanext.satudata.harvest.errors import Refused
from ckanext.satudata.portal import access, field_words, findings, posting, records, wording
from ckanext.satudata.portal.posting import changing, say, see_other, told
from ckanext.satudata.portal.sources import found

blueprint = posting.guard(Blueprint("satudata_runs", __name__, url_prefix="/sumber-data/<name>/penarikan"))

#: First characters by which a spreadsheet takes a cell for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@blueprint.get("/<run_id>")
def show(name: str, run_id: str) -> str:
    """The page of a run; with `?bagian=1` only the part that changes while it goes on, for the page's script."""
    source = found(name)
    access.require_manager(source["organization_id"])
    run = _run(source, run_id)
    going = run["state"] in runs.UNDER_WAY
    shown = {
        "source": source,
        "run": run,
        "going": going,
        "share": _share(run["progress"]),
        "failure": records.problem(run["error"]["code"], "error", run["error"]["params"]) if run["error"] else None,
        "standing": findings.standing_of(model.Session, source["id"]),
        "groups": [] if going else findings.of_source(model.Session, source["id"]),
        "may_decide": access.is_reviewer(),
        "may_undo": access.is_reviewer() and not going and not _undone(run),
        "fields": [one | {"label": field_words.label(one["field"])} for one in run["changes"]["fields"]],
        "facts": _facts(run),
    }
    template = "satudata/runs/part.html" if request.args.get("bagian") else "satudata/runs/show.html"
    return base.render(template, shown)


@blueprint.get("/<run_id>/temuan.csv")
def findings_csv(name: str, run_id: str) -> Response:
    """Every finding of the source as a CSV file that a spreadsheet opens without running anything."""
    source = found(name)
    access.require_manager(source["organization_id"])
    _run(source, run_id)
    response = Response(stream_with_context(_csv(findings.rows_of_source(model.Session, source["id"]))))
    response.mimetype = "text/csv"
    response.headers["Content-Disposition"] = f'attachment; filename="temuan-{source["name"]}.csv"'
    request.environ["__no_cache__"] = True
    return response


@blueprint.get("/<run_id>/perubahan.csv")
def changes_csv(name: str, run_id: str) -> Response:
    """Everything the run touched, with the fields it changed, as a CSV file."""
    source = found(name)
    access.require_manager(source["organization_id"])
    _run(source, run_id)
    response = Response(stream_with_context(_csv(_changes(run_id))))
    response.mimetype = "text/csv"
    response.headers["Content-Disposition"] = f'attachment; filename="perubahan-{source["name"]}.csv"'
    request.environ["__no_cache__"] = True
    return response


@posting.action(blueprint, "/<run_id>/urungkan")
def undo(name: str, run_id: str) -> Response:
    """Have everything the run touched taken back by the workers; leads to the page of that work."""
    source = found(name)
    person = access.require_manager(source["organization_id"])
    _run(source, run_id)
    try:
        with changing() as session:
            undo_id = runs.undo(session, run_id, actor=person)
    except Refused as refused:
        say(told(refused), good=False)
        return see_other("satudata_runs.show", name=name, run_id=run_id)
    schedule.enqueue(undo_id)
    return see_other("satudata_runs.show", name=name, run_id=undo_id)


@posting.action(blueprint, "/<run_id>/batalkan")
def cancel(name: str, run_id: str) -> Response:
    """Stop a run; what it has written stays."""
    return _decide(name, run_id, runs.cancel, toolkit._("Penarikan dibatalkan. Yang sudah ditarik tetap tersimpan."))


@posting.action(blueprint, "/<run_id>/setujui-penghapusan")
def confirm(name: str, run_id: str) -> Response:
    """Let a held run mark the datasets it no longer found."""
    return _decide(name, run_id, runs.confirm, toolkit._("Dataset yang tidak ditemukan di sumber sudah ditandai."))


@posting.action(blueprint, "/<run_id>/tolak-penghapusan")
def reject(name: str, run_id: str) -> Response:
    """Close a held run without marking anything."""
    return _decide(name, run_id, runs.reject, toolkit._("Tidak ada dataset yang ditandai. Penarikan ditutup."))


def _decide(name: str, run_id: str, decision: Callable[..., object], done: str) -> Response:
    source = found(name)
    person = access.require_manager(source["organization_id"])
    _run(source, run_id)
    try:
        with changing() as session:
            decision(session, run_id, actor=person)
    except Refused as refused:
        say(told(refused), good=False)
    else:
        say(done)
    return see_other("satudata_runs.show", name=name, run_id=run_id)


def _run(source: dict[str, Any], run_id: str) -> dict[str, Any]:
    try:
        run: dict[str, Any] = runs.show(model.Session, run_id)
    except Refused:
        run = {}
    if run.get("source_id") != source["id"]:
        toolkit.abort(404, toolkit._("Penarikan ini tidak ditemukan."))
    return run


def _undone(run: dict[str, Any]) -> bool:
    """Whether the run was taken back, and that was neither cancelled nor taken back itself."""
    if not run["undone_by"]:
        return False
    try:
        last = runs.show(model.Session, run["undone_by"])
    except Refused:
        return False
    return last["state"] not in ("gagal", "dibatalkan") and not _undone(last)


def _facts(run: dict[str, Any]) -> list[tuple[str, str]]:
    """How long it took and what it cost the source: (label, text)."""
    _ = toolkit._
    told = []
    if run["started"]:
        ended = datetime.fromisoformat(run["finished"]) if run["finished"] else datetime.now(timezone.utc)
        seconds = max(round((ended - datetime.fromisoformat(run["started"])).total_seconds()), 0)
        minutes, rest = divmod(seconds, 60)
        lasted = _("%(minutes)s menit %(seconds)s detik", minutes=wording.number(minutes), seconds=rest)
        told.append((_("Lama"), lasted if minutes else _("%(seconds)s detik", seconds=rest)))
    if run["requests"]:
        told.append((_("Permintaan ke sumber"), wording.number(run["requests"])))
    if run["bytes"]:
        told.append((_("Diunduh"), wording.size(run["bytes"])))
    rate = run["progress"].get("rate")
    if rate:
        told.append((_("Kecepatan"), _("%(rate)s dataset per detik", rate=wording.number(rate))))
    return [(str(label), str(text)) for label, text in told]


def _changes(run_id: str) -> Iterator[list[str]]:
    yield ["perubahan", "judul", "nama", "pengenal", "versi", "status", "isian_berubah"]
    for one in history.changes_of_run(model.Session, run_id):
        yield [
            field_words.kind(one["kind"]),
            str(one["title"] or ""),
            str(one["name"] or ""),
            one["package_id"],
            str(one["version"]),
            str(one["status"] or ""),
            ", ".join(one["fields"]),
        ]


def _share(progress: dict[str, Any]) -> int | None:
    """How much of a run is done, in percent; None while the source has not said how much there is."""
    total, records_read = progress.get("total"), progress.get("records")
    if not isinstance(total, int) or not isinstance(records_read, int) or total <= 0:
        return None
    return max(0, min(100, records_read * 100 // total))


def _csv(rows: Iterator[list[str]]) -> Iterator[str]:
    yield "\ufeff"  # so that a spreadsheet reads it as UTF-8
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
