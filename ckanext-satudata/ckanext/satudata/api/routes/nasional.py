"""The national façade: the part of CKAN's action API that stock harvesters read. Public, of what is public."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

import ckan
import orjson
from ckan.common import config
from flask import Response, request
from sqlalchemy import text

from ckanext.satudata.api import answering, database, nasional, settings
from ckanext.satudata.api.access import ANONYMOUS, Caller
from ckanext.satudata.api.problems import Problem
from ckanext.satudata.api.routes.datasets import answer_of
from ckanext.satudata.api.routing import route
from satudata_harvesters.strict_json import InvalidJson, loads

MOST_ROWS = 1000
_SINCE = re.compile(r"metadata_modified:\[(\d{4}-\d{2}-\d{2}T[\d:.]+)Z? TO \*\]")

_WALIDATA = text("""SELECT id, name, title, description FROM "group" WHERE is_organization AND name = :name""")
_SHOWN = (
    "r.status = 'tayang' AND (CAST(:since AS timestamp) IS NULL OR r.metadata_changed >= CAST(:since AS timestamp))"
)
_PAGE = text(f"""
SELECT a.body FROM satudata_record r
  JOIN satudata_answer a ON a.package_id = r.package_id AND a.audience = 'public'
 WHERE {_SHOWN} ORDER BY r.package_id LIMIT :limit OFFSET :start
""")  # noqa: S608 - our own words
_COUNT = text(f"SELECT count(*) AS total FROM satudata_record r WHERE {_SHOWN}")  # noqa: S608
_NAMES = text("SELECT name FROM satudata_record WHERE status = 'tayang' ORDER BY name LIMIT :limit OFFSET :start")

Params = Mapping[str, Any]


class ActionRefused(Exception):  # noqa: N818 - as CKAN answers it
    """An error in CKAN's own words."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        self.status = status
        self.error = {"__type": kind, "message": message}
        super().__init__(message)


@route("/nasional/api/3/action/<action>", scope=None, methods=("GET", "POST"), parameters=None, bulk=True)
def action_three(_caller: Caller, _values: dict[str, Any], action: str) -> Response:
    """An action of CKAN's API, version 3."""
    return _answer(action)


@route("/nasional/api/action/<action>", scope=None, methods=("GET", "POST"), parameters=None, bulk=True)
def action_plain(_caller: Caller, _values: dict[str, Any], action: str) -> Response:
    """The same without a version, where ckanapi posts."""
    return _answer(action)


def _answer(action: str) -> Response:
    told: dict[str, Any] = {"help": f"{answering.here().partition('?')[0]}"}
    try:
        result = _ACTIONS.get(action, _unknown)(_params())
        response = answering.document({**told, "success": True, "result": result})
    except ActionRefused as refused:
        response = answering.document({**told, "success": False, "error": refused.error})
        response.status_code = refused.status
    return response


def _params() -> Params:
    if request.method == "GET":
        return request.args
    if request.mimetype != "application/json":
        return request.form
    try:
        sent = loads(request.get_data() or b"{}")
    except (InvalidJson, ValueError, RecursionError) as error:
        raise ActionRefused(400, "Bad Request", "JSON Error") from error
    if not isinstance(sent, dict):
        raise ActionRefused(400, "Bad Request", "Request data JSON decoded to something that is no object")
    return sent


def _package_search(params: Params) -> dict[str, Any]:
    asked = {"since": _since(f"{params.get('fq', '')} {params.get('q', '')}")}
    rows, start = _number(params, "rows", 10), _number(params, "start", 0)
    found = database.rows(_PAGE, {**asked, "limit": min(rows, MOST_ROWS), "start": start})
    walidata = _walidata()
    return {
        "count": database.rows(_COUNT, asked)[0].total,
        "sort": "id asc",
        "facets": {},
        "search_facets": {},
        "results": [nasional.package(orjson.loads(row.body), walidata) for row in found],
    }


def _since(searched: str) -> str | None:
    found = _SINCE.search(searched)
    if found is None:
        return None
    try:
        return dt.datetime.fromisoformat(found[1]).isoformat()
    except ValueError as error:
        raise ActionRefused(409, "Validation Error", "fq: Date format incorrect") from error


def _package_show(params: Params) -> dict[str, Any]:
    try:
        answer = answer_of(ANONYMOUS, str(params.get("id", "")))
    except Problem as error:
        raise ActionRefused(404, "Not Found Error", "Not found") from error
    return nasional.package(orjson.loads(answer.body), _walidata())


def _package_list(params: Params) -> list[str]:
    limit, start = _number(params, "limit", 10**6), _number(params, "offset", 0)
    return [row.name for row in database.rows(_NAMES, {"limit": limit, "start": start})]


def _organization_list(params: Params) -> list[Any]:
    group = _walidata()
    whole = str(params.get("all_fields", "")).lower() in {"true", "1"}
    return [nasional.organization(group) if whole else group["name"]]


def _organization_show(params: Params) -> dict[str, Any]:
    group = _walidata()
    if str(params.get("id")) not in {group["id"], group["name"]}:
        raise ActionRefused(404, "Not Found Error", "Not found")
    count = database.rows(_COUNT, {"since": None})[0].total
    return {**nasional.organization(group), "package_count": count}


def _unknown(_sent: Params) -> None:
    raise ActionRefused(400, "Bad Request", "Action name not known")


def _status_show(_sent: Params) -> dict[str, Any]:
    return {
        "ckan_version": ckan.__version__,
        "site_title": str(config.get("ckan.site_title") or ""),
        "site_url": settings.site_url(),
        "site_description": str(config.get("ckan.site_description") or ""),
        "locale_default": str(config.get("ckan.locale_default") or "id"),
        "extensions": [],
    }


_ACTIONS: dict[str, Callable[[Params], Any]] = {
    "package_search": _package_search,
    "package_show": _package_show,
    "package_list": _package_list,
    "organization_list": _organization_list,
    "organization_show": _organization_show,
    "status_show": _status_show,
}


def _walidata() -> dict[str, Any]:
    name = str(config.get("ckanext.satudata.walidata_org") or "")
    found = database.rows(_WALIDATA, {"name": name})
    if found:
        return found[0]._asdict()
    return {"id": name, "name": name, "title": name, "description": ""}


def _number(params: Params, name: str, usual: int) -> int:
    sent = str(params.get(name, usual))
    if not re.fullmatch(r"\d{1,9}", sent, re.ASCII):
        raise ActionRefused(409, "Validation Error", f"{name}: Invalid integer")
    return int(sent)
