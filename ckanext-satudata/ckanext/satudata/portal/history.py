"""A dataset's history: its versions, and what each changed. For its OPD and the Walidata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from ckan import model
from ckan.lib import base
from ckan.plugins import toolkit
from flask import Blueprint, request

from ckanext.satudata.catalog import history
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.portal import access, field_words, posting

blueprint = posting.guard(Blueprint("satudata_history", __name__, url_prefix="/dataset/<id>/riwayat"))

_PAGE = 20


def record_of(id_or_name: str) -> dict[str, Any]:
    """The record of a dataset with its title; 404 for one that is unknown, 403 for who may not manage it."""
    access.require_login()
    record = t.record.c
    title = sa.func.coalesce(record.dataset["title"].astext, record.pending["title"].astext)
    query = sa.select(record.id, record.name, record.owner_org, record.status, record.erased, title.label("title"))
    mine = query.where(sa.or_(record.id == id_or_name, record.name == id_or_name)).order_by(record.id != id_or_name)
    row = model.Session.execute(mine).mappings().first() if "\x00" not in id_or_name else None
    if row is None or row["erased"] is not None:
        toolkit.abort(404, toolkit._("Dataset ini tidak ditemukan."))
        raise LookupError(id_or_name)
    access.require_manager(row["owner_org"])
    return dict(row)


@blueprint.get("")
def show(id: str) -> str:  # noqa: A002 - CKAN's name of the parameter
    """The versions, newest first; with `?versi=3` what that one changed."""
    record = record_of(id)
    before = _number(request.args.get("sebelum"))
    found = history.versions(model.Session, record["id"], limit=_PAGE + 1, before=before)
    chosen = _number(request.args.get("versi"))
    return base.render(
        "satudata/history.html",
        {
            "record": record,
            "versions": [_told(one) for one in found[:_PAGE]],
            "more": found[_PAGE - 1].version if len(found) > _PAGE else None,
            "chosen": chosen,
            "differences": _differences(record["id"], chosen) if chosen else [],
        },
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and len(text) < 10 else None


def _told(one: history.Version) -> dict[str, Any]:
    return {
        "version": one.version,
        "at": one.at,
        "cause": field_words.cause(one.cause),
        "kind": field_words.kind(one.kind),
        "status": one.status,
        "fields": [field_words.label(name) for name in one.fields or ()],
        "actor": _person(one.actor),
    }


def _person(user_id: str | None) -> str:
    user = model.User.get(user_id) if user_id else None
    return str(user.display_name) if user else ""


def _differences(package_id: str, version: int) -> Sequence[dict[str, Any]]:
    try:
        found = history.compare(model.Session, package_id, version - 1, version)
    except history.NoSuchVersion:
        return []
    return [
        {
            "label": field_words.label(one.field, of_file=bool(one.resource) and one.field != "resources"),
            "resource": one.resource,
            "before": field_words.value(one.before, "" if one.resource else one.field),
            "after": field_words.value(one.after, "" if one.resource else one.field),
        }
        for one in found
    ]
