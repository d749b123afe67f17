"""Erasing for good, and the incidents the law has told: pages of the Walidata alone."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa
from ckan import model
from ckan.lib import base
from ckan.lib import helpers as ckan_helpers
from ckan.plugins import toolkit
from flask import Blueprint, Response, request

from ckanext.satudata.catalog import erase, incidents
from ckanext.satudata.harvest import schedule
from ckanext.satudata.harvest.errors import Refused
from ckanext.satudata.portal import access, field_words, history, posting
from ckanext.satudata.portal.posting import changing, say, see_other, told

blueprint = posting.guard(Blueprint("satudata_erasing", __name__))


@blueprint.route("/dataset/<id>/hapus-permanen", methods=["GET", "POST"])
def form(id: str) -> str | Response:  # noqa: A002 - CKAN's name of the parameter
    """What erasing means, the reason, and a box to tick; then it is done."""
    person = access.require_reviewer()
    record = history.record_of(id)
    if request.method == "GET":
        return base.render("satudata/erase.html", {"record": record})
    if not request.form.get("yakin"):
        say(toolkit._("Beri tanda pada kotak persetujuan untuk menghapus permanen."), good=False)
        return see_other("satudata_erasing.form", id=id)
    try:
        with changing() as session:
            reason, known = request.form.get("reason") or "", _moment(request.form.get("known"))
            incident = erase.erase(session, record["id"], actor=person, reason=reason, known_at=known)
    except erase.EraseRefused as refused:
        say(told(Refused(refused.code, **refused.params)), good=False)
        return see_other("satudata_erasing.form", id=id)
    schedule.drain(model.Session)
    erase.finish(model.Session)
    say(toolkit._("Dataset dihapus permanen. Lanjutkan dengan pemberitahuan sebelum batas waktunya."))
    return see_other("satudata_erasing.incident", incident_id=incident)


@blueprint.get("/insiden")
def listing() -> str:
    """Every incident, those with the nearest deadline first."""
    access.require_reviewer()
    return base.render("satudata/incidents.html", {"incidents": [_named(one) for one in _rows()]})


@blueprint.get("/insiden/<incident_id>")
def incident(incident_id: str) -> str:
    """What the law asks to be told of one incident, and its clock."""
    access.require_reviewer()
    found = _found(incident_id)
    fields = [field_words.label(name) for name in found["data"]["fields"]]
    return base.render("satudata/incident.html", {"incident": _named(found), "fields": fields})


@posting.action(blueprint, "/insiden/<incident_id>/diberitahukan")
def notified(incident_id: str) -> Response:
    """Note that those concerned have been told."""
    person = access.require_reviewer()
    _found(incident_id)
    with changing() as session:
        incidents.notified(session, incident_id, actor=person, notes=request.form.get("notes") or "")
    say(toolkit._("Pemberitahuan dicatat."))
    return see_other("satudata_erasing.incident", incident_id=incident_id)


def _rows() -> list[dict[str, Any]]:
    return incidents.listing(model.Session, limit=200)


def _found(incident_id: str) -> dict[str, Any]:
    try:
        return incidents.show(model.Session, incident_id.replace("\x00", ""))
    except incidents.UnknownIncident:
        toolkit.abort(404, toolkit._("Insiden ini tidak ditemukan."))
        raise


def _named(found: dict[str, Any]) -> dict[str, Any]:
    _ = toolkit._
    group = model.group_table.c
    office = model.Session.scalar(sa.select(group.title).where(group.id == found["organization_id"]))
    states = {"terbuka": _("Menunggu pemberitahuan"), "terlambat": _("Melewati batas waktu"), "selesai": _("Selesai")}
    whom = {
        incidents.PEOPLE: _("Subjek data pribadi (pemilik datanya)"),
        incidents.AUTHORITY: _("Lembaga pelindungan data pribadi"),
        incidents.PUBLIC: _("Masyarakat, bila mengganggu layanan publik atau berdampak serius"),
    }
    steps = {
        "disembunyikan": _("Disembunyikan dari semua halaman dan pencarian"),
        "versi": _("Versi lama dikosongkan"),
        "baris_basis_data": _("Baris basis data dihapus"),
        "berkas": _("Berkas dihapus dari penyimpanan"),
        "indeks": _("Dihapus dari indeks pencarian"),
    }
    hours = None if found["seconds_left"] is None else abs(found["seconds_left"]) // 3600
    return found | {
        "office": office or "",
        "state_text": states[found["state"]],
        "hours": hours,
        "notify_text": [whom.get(code, code) for code in found["notify"]],
        "done_text": [
            {"text": steps.get(one["step"], one["step"]), "count": one["count"], "at": one["at"]}
            for one in found["done"]
        ],
    }


def _moment(text: str | None) -> datetime | None:
    """A browser's local time, in the site's zone."""
    if not text:
        return None
    try:
        naive = datetime.fromisoformat(text)
    except ValueError:
        return None
    zone = ckan_helpers.get_display_timezone()
    local = naive if naive.tzinfo else naive.replace(tzinfo=zone)
    return local.astimezone(timezone.utc)
