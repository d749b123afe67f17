"""What people hold of a dataset, given back to its source; what the machine suggests, accepted."""

from __future__ import annotations

from typing import Any

from ckan import model
from ckan.plugins import toolkit
from flask import Blueprint, Response, request

from ckanext.satudata.harvest import holding, schedule, suggestions
from ckanext.satudata.harvest.errors import Refused
from ckanext.satudata.portal import access, field_words, history, posting, wording
from ckanext.satudata.portal.posting import changing, say, see_other, told
from satudata_schemas.issue import Issue

blueprint = posting.guard(Blueprint("satudata_holding", __name__, url_prefix="/dataset/<id>"))


@posting.action(blueprint, "/kembalikan-isian")
def give_back(id: str) -> Response:  # noqa: A002 - CKAN's name of the parameter
    """Let the source have its say again in the chosen fields."""
    record = history.record_of(id)
    try:
        with changing() as session:
            holding.give_back(session, record["id"], _chosen(), actor=access.require_login())
    except Refused as refused:
        say(told(refused), good=False)
    else:
        schedule.drain(model.Session)
        say(toolkit._("Isian dikembalikan kepada nilai sumbernya."))
    return see_other("dataset.read", id=record["name"] or record["id"])


@posting.action(blueprint, "/terima-saran")
def accept(id: str) -> Response:  # noqa: A002 - CKAN's name of the parameter
    """Take over what was suggested for the chosen fields."""
    record = history.record_of(id)
    with changing() as session:
        [done] = suggestions.accept(session, [record["id"]], actor=access.require_login(), fields=_chosen())
    if done.code:
        say(told(Refused(done.code, name=record["name"])), good=False)
    else:
        schedule.drain(model.Session)
        say(toolkit._("Saran diterima dan ditandai sebagai hasil perkiraan."))
    return see_other("dataset.read", id=record["name"] or record["id"])


def _chosen() -> list[str]:
    return [value[:300] for value in request.form.getlist("isian")][:200]


def shown(package_id: str) -> list[dict[str, Any]]:
    """What people hold, in words."""
    return [
        {
            "key": one.key,
            "label": field_words.label(one.field, of_file=bool(one.resource)),
            "resource": one.resource,
            "value": field_words.value(one.value, one.field) if one.field != "private" else toolkit._("disembunyikan"),
            "source_value": field_words.value(one.source_value, one.field),
            "user": one.user or "",
            "at": one.at,
            "inferred": bool(one.inferred),
        }
        for one in holding.of_package(model.Session, package_id)
    ]


def suggested(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Suggestions in words, the most certain first, one for each field."""
    order = {"high": 0, "medium": 1, "low": 2}
    first: dict[str, dict[str, Any]] = {}
    for one in sorted(found, key=lambda one: order.get(one.get("confidence", ""), 3)):
        first.setdefault(one["field"], one)
    return [
        {
            "field": one["field"],
            "label": field_words.label(one["field"]),
            "value": field_words.value(one["value"], one["field"]),
            "reason": Issue(one["reason"], "info", "", None, one.get("params") or {}).message(wording.language()),
        }
        for one in first.values()
    ]
