"""Source pages: which applications are harvested, and connecting another in three steps: address, preview, start."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from ckan import model
from ckan.lib import base
from ckan.plugins import toolkit
from flask import Blueprint, Response, request

from ckanext.satudata.catalog import roles
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.harvest import previewing as first_datasets
from ckanext.satudata.harvest import runs, schedule, sources
from ckanext.satudata.harvest.errors import Refused
from ckanext.satudata.portal import access, drafts, findings, posting, previewing, recognising
from ckanext.satudata.portal.posting import changing, say, see_other, told
from satudata_harvesters import source as source_files

blueprint = posting.guard(Blueprint("satudata_sources", __name__, url_prefix="/sumber-data"))

_RESERVED = frozenset({"baru", "simpan"})
#: Cron lines behind the form's choices; the hours lie outside office hours.
_SCHEDULES = {"harian": "30 1 * * *", "mingguan": "0 2 * * 0", "bulanan": "0 3 1 * *", "manual": ""}
_FIELDS = ("title", "organization", "url", "kind", "network", "schedule", "key_header", "key")


@blueprint.get("")
def listing() -> str:
    """Every source with its OPD, its published datasets and when it was last read."""
    rows = sources.listing(model.Session)
    published = _published()
    mine = roles.organizations_of(model.Session, access.user_id())
    return base.render(
        "satudata/sources/list.html",
        {
            "sources": [dict(row, published=published.get(row["id"], 0)) for row in rows],
            "may_add": bool(mine) or access.is_reviewer(),
        },
    )


@blueprint.get("/baru")
def new() -> str:
    """The first step: a short form."""
    access.require_login()
    organizations = _organizations()
    if not organizations:
        toolkit.abort(403, toolkit._("Sumber data didaftarkan oleh editor atau admin OPD, atau oleh Walidata."))
    asked = request.args.get("organization", "")
    first = asked if any(o["name"] == asked for o in organizations) else organizations[0]["name"]
    empty = dict.fromkeys(_FIELDS, "") | {"organization": first, "kind": recognising.KIND, "schedule": "harian"}
    return _form(empty, {}, organizations)


@blueprint.post("/baru")
def preview() -> str | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """The second step: what the application would give, before anything is stored."""
    person = access.require_login()
    organizations = _organizations()
    values = {name: (request.form.get(name) or "").strip()[:2000] for name in _FIELDS}
    errors = _missing(values, organizations)
    if errors:
        return _form(values, errors, organizations), 422
    try:
        definition = _definition(values)
        sources.refuse_networks(definition.get("allow_networks", ()))
        with first_datasets.turn(person):
            if values["kind"] == recognising.KIND:
                definition = recognising.recognise(definition)
            word = drafts.keep(definition, user_id=person)
            shown = previewing.preview(definition)
    except first_datasets.Busy as busy:
        return _form(values, {"url": told(busy)}, organizations), 429, {"Retry-After": str(first_datasets.RETRY)}
    except recognising.NotRecognised as unknown:
        return _form(values, {unknown.field: told(unknown)}, organizations), 422
    except Refused as refused:
        return _form(values, {_field_of(refused): told(refused)}, organizations), 422
    values["url"] = definition["url"]
    office = next(o for o in organizations if o["name"] == values["organization"])
    return base.render(
        "satudata/sources/preview.html",
        {"preview": shown, "word": word, "values": values, "organization": office, "name": definition["name"]},
    )


@posting.action(blueprint, "/baru/simpan")
def save() -> Response:
    """The third step: store the source and start its first run."""
    person = access.require_login()
    word = request.form.get("draf", "")
    definition = drafts.take(word, user_id=person)
    if definition is None:
        say(toolkit._("Pratinjau sudah kedaluwarsa. Isi kembali alamatnya; belum ada yang disimpan."), good=False)
        return see_other("satudata_sources.new")
    try:
        with changing() as session:
            source_id = sources.add(session, definition, organization=definition["organization"], actor=person)
            run_id = runs.start(session, source_id, actor=person, trigger="form")
    except Refused as refused:
        say(told(refused), good=False)
        return see_other("satudata_sources.new")
    drafts.forget(word)
    schedule.enqueue(run_id)
    say(toolkit._("Sumber data tersimpan dan penarikan pertamanya dimulai."))
    return see_other("satudata_runs.show", name=definition["name"], run_id=run_id)


@blueprint.get("/<name>")
def show(name: str) -> str:
    """One source: what it publishes; for its OPD and the Walidata also its runs and what is to be mended."""
    source = found(name)
    managing = access.may_manage(source["organization_id"])
    return base.render(
        "satudata/sources/show.html",
        {
            "source": source,
            "published": _published().get(source["id"], 0),
            "managing": managing,
            "runs": runs.listing(model.Session, source_id=source["id"], limit=10) if managing else [],
            "standing": findings.standing_of(model.Session, source["id"]) if managing else {},
            "groups": findings.of_source(model.Session, source["id"]) if managing else [],
        },
    )


@posting.action(blueprint, "/<name>/tarik")
def harvest(name: str) -> Response:
    """Start a run."""
    source = found(name)
    person = access.require_manager(source["organization_id"])
    try:
        with changing() as session:
            run_id = runs.start(session, source["id"], actor=person, trigger="form")
    except Refused as refused:
        say(told(refused), good=False)
        return see_other("satudata_sources.show", name=name)
    schedule.enqueue(run_id)
    return see_other("satudata_runs.show", name=name, run_id=run_id)


@posting.action(blueprint, "/<name>/jeda")
def pause(name: str) -> Response:
    """Stop harvesting a source; what is published stays."""
    return _switch(name, pausing=True)


@posting.action(blueprint, "/<name>/lanjutkan")
def resume(name: str) -> Response:
    """Harvest a paused source again."""
    return _switch(name, pausing=False)


def found(name: str) -> dict[str, Any]:
    """The source of that name; 404 for one that does not exist, and for the built-in one of an OPD."""
    try:
        source = sources.get(model.Session, name)
    except Refused:
        toolkit.abort(404, toolkit._("Sumber data ini tidak ditemukan."))
    if source["connector"] == sources.BY_HAND or source["name"] != name:
        toolkit.abort(404, toolkit._("Sumber data ini tidak ditemukan."))
    return source


def _switch(name: str, *, pausing: bool) -> Response:
    source = found(name)
    person = access.require_manager(source["organization_id"])
    try:
        with changing() as session:
            if pausing:
                reason = (request.form.get("reason") or "").strip()[:500] or None
                sources.pause(session, name, actor=person, reason=reason)
            else:
                sources.resume(session, name, actor=person)
    except Refused as refused:
        say(told(refused), good=False)
    return see_other("satudata_sources.show", name=name)


def _form(values: Mapping[str, str], errors: Mapping[str, str], organizations: list[dict[str, str]]) -> str:
    return base.render(
        "satudata/sources/new.html",
        {
            "values": values,
            "errors": errors,
            "organizations": organizations,
            "networks": sources.allowed_networks(),
            "templates": [_template(name) for name in source_files.templates()],
        },
    )


def _template(name: str) -> dict[str, Any]:
    """A ready-made application for the form: `counted` where only its counts are taken, `url` where it is known."""
    template = source_files.template(name)
    return {
        "name": name,
        "title": template["title"],
        "counted": "aggregate" in template,
        "url": template.get("url", ""),
    }


def _organizations() -> list[dict[str, str]]:
    """The OPDs this person may add a source for: their own, for the Walidata all."""
    group = model.group_table.c
    query = sa.select(group.id, group.name, group.title).where(group.is_organization.is_(True), group.state == "active")
    if not access.is_reviewer():
        query = query.where(group.id.in_(roles.organizations_of(model.Session, access.user_id())))
    rows = model.Session.execute(query.order_by(group.title))
    return [{"id": row.id, "name": row.name, "title": row.title or row.name} for row in rows]


def _missing(values: Mapping[str, str], organizations: list[dict[str, str]]) -> dict[str, str]:
    errors = {}
    if not values["title"]:
        errors["title"] = toolkit._("Isian “Nama sumber data” belum diisi. Tuliskan nama aplikasinya.")
    if not values["url"] and not _known_address(values["kind"]):
        errors["url"] = toolkit._("Isian “Alamat aplikasi” belum diisi. Salin alamatnya dari peramban.")
    if values["organization"] not in {o["name"] for o in organizations}:
        errors["organization"] = toolkit._("Pilih OPD pemilik data dari daftar.")
    if values["kind"] not in {recognising.KIND, "ckan", *source_files.templates()}:
        errors["kind"] = toolkit._("Pilih jenis aplikasi dari daftar.")
    if values["schedule"] not in _SCHEDULES:
        errors["schedule"] = toolkit._("Pilih jadwal dari daftar.")
    if values["key"].startswith("env:"):
        errors["key"] = toolkit._("Isikan kunci API itu sendiri.")
    return errors


def _definition(values: Mapping[str, str]) -> dict[str, Any]:
    """The source file that the form's answers stand for."""
    address = values["url"] or _known_address(values["kind"])
    # Files on the server belong to several offices: only the Walidata chooses among them.
    on_server = address.startswith(("folder:", "sqlite:")) and access.is_reviewer()
    address = address if "://" in address or on_server else f"https://{address}"
    definition: dict[str, Any] = {
        "name": _free_name(values["title"]),
        "title": values["title"][:200],
        "organization": values["organization"],
        "url": address,
    }
    if values["kind"] == "ckan":
        definition["connector"] = "ckan"
    elif values["kind"] != recognising.KIND:
        definition["template"] = values["kind"]
    if _SCHEDULES[values["schedule"]]:
        definition["schedule"] = _SCHEDULES[values["schedule"]]
    if values["network"]:
        definition["allow_networks"] = [values["network"]]
    if values["key"]:
        header = values["key_header"] or "X-API-Key"
        definition["config"] = {"auth": {"type": "header", "name": header, "value": values["key"]}}
    if "template" in definition:
        definition["connector"] = source_files.template(definition["template"])["connector"]
    return definition


def _known_address(kind: str) -> str:
    """The address that a ready-made source brings with it; empty for the others."""
    return str(_template(kind)["url"]) if kind in source_files.templates() else ""


def _free_name(title: str) -> str:
    """A name for the address of the source's page that no other source has."""
    folded = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:50].strip("-") or "sumber"
    name = f"sumber-{name}" if name in _RESERVED or len(name) < 2 else name
    like = sa.select(t.source.c.name).where(t.source.c.name.like(f"{name}%"))
    taken = set(model.Session.execute(like).scalars())
    return next(free for free in (name, *(f"{name}-{n}" for n in range(2, 1000))) if free not in taken)


def _field_of(refused: Refused) -> str:
    """The form's field that a refusal is about."""
    if refused.code in {"E-SRC-003", "E-CFG-011"}:
        return "network"
    if refused.code == "E-SRC-007":
        return "key"
    return "url"


def _published() -> dict[str, int]:
    """Published datasets of each source."""
    record = t.record.c
    rows = model.Session.execute(
        sa.select(record.source_id, sa.func.count()).where(record.status == "tayang").group_by(record.source_id)
    )
    return {row[0]: row[1] for row in rows}
