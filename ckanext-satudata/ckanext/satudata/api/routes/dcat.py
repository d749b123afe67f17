"""The catalogue for other catalogues: DCAT as JSON-LD and Turtle, and `data.json`. Public, of what is public."""

from __future__ import annotations

from typing import Any

import orjson
from ckan.common import config
from flask import Response
from sqlalchemy import text

from ckanext.satudata.api import answering, database, dcat, paging, parameters, settings
from ckanext.satudata.api.access import ANONYMOUS, Caller
from ckanext.satudata.api.problems import bad_parameter
from ckanext.satudata.api.routes.datasets import answer_of
from ckanext.satudata.api.routing import route

PAGE = 100
JSON_LD = "application/ld+json"
TURTLE = "text/turtle; charset=utf-8"
_BINDING = "catalog"

_PAGE = text("""
SELECT r.package_id, a.body FROM satudata_record r
  JOIN satudata_answer a ON a.package_id = r.package_id AND a.audience = 'public'
 WHERE r.status = 'tayang' AND r.package_id > :after ORDER BY r.package_id LIMIT :limit
""")
_TOTAL = text("SELECT count(*) AS total FROM satudata_record WHERE status = 'tayang'")
_CURSOR = {"cursor": parameters.cursor()}


@route("/catalog.jsonld", scope=None, parameters=_CURSOR, bulk=True)
def catalog_jsonld(_caller: Caller, values: dict[str, Any]) -> Response:
    """A page of the public catalogue in DCAT 3 as JSON-LD."""
    return answering.document(_catalog(values), content_type=JSON_LD)


@route("/catalog.ttl", scope=None, parameters=_CURSOR, bulk=True)
def catalog_turtle(_caller: Caller, values: dict[str, Any]) -> Response:
    """A page of the public catalogue in DCAT 3 as Turtle."""
    return Response(dcat.turtle(_catalog(values)), content_type=TURTLE)


@route("/datasets/<id_or_name>.jsonld", scope=None)
def dataset_jsonld(_caller: Caller, _values: dict[str, Any], id_or_name: str) -> Response:
    """One public dataset in DCAT 3 as JSON-LD."""
    return answering.document(_single(id_or_name), content_type=JSON_LD)


@route("/datasets/<id_or_name>.ttl", scope=None)
def dataset_turtle(_caller: Caller, _values: dict[str, Any], id_or_name: str) -> Response:
    """One public dataset in DCAT 3 as Turtle."""
    return Response(dcat.turtle(_single(id_or_name)), content_type=TURTLE)


@route("/data.json", scope=None, parameters=_CURSOR, bulk=True)
def data_json(_caller: Caller, values: dict[str, Any]) -> Response:
    """A page of the public catalogue as `data.json`; `Link` leads to the next."""
    answers, following = _page(values)
    response = answering.document(dcat.data_json(answers, site=settings.site_url()))
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def _single(id_or_name: str) -> dcat.Node:
    site, base = _addresses()
    return dcat.single(orjson.loads(answer_of(ANONYMOUS, id_or_name).body), site=site, base=base)


def _catalog(values: dict[str, Any]) -> dcat.Node:
    answers, following = _page(values)
    site, base = _addresses()
    return dcat.catalog(
        answers,
        site=site,
        base=base,
        title=str(config.get("ckan.site_title") or "Satu Data"),
        address=answering.here(),
        total=int(database.rows(_TOTAL)[0].total),
        following=following,
    )


def _page(values: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    after = paging.opened(values["cursor"], _BINDING) if "cursor" in values else ""
    if "\x00" in after:
        raise bad_parameter("cursor", "E-API-425")
    rows = database.rows(_PAGE, {"after": after, "limit": PAGE})
    following = paging.following(paging.sealed(rows[-1].package_id, _BINDING)) if len(rows) == PAGE else None
    return [orjson.loads(row.body) for row in rows], following


def _addresses() -> tuple[str, str]:
    site = settings.site_url()
    return site, f"{site}{settings.PREFIX}{settings.VERSION_PREFIX}"
