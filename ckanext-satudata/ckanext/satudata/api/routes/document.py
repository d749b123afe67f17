"""The API's description of itself: OpenAPI 3.1, a page to read it on, and what each problem means."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import orjson
import yaml
from flask import Response

from ckanext.satudata.api import answering, settings
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Problem, messages
from ckanext.satudata.api.routing import route
from ckanext.satudata.catalog.answer import etag
from satudata_schemas import contract


@route("/openapi.json", scope=None)
def openapi(_caller: Caller, _values: dict[str, Any]) -> Response:
    """The OpenAPI document, with this site's address as its server."""
    body = orjson.dumps({**described(), "servers": [{"url": f"{settings.PREFIX}{settings.VERSION_PREFIX}"}]})
    return answering.item(body, etag=etag(body))


@route("/dataset.schema.json", scope=None)
def dataset_schema(_caller: Caller, _values: dict[str, Any]) -> Response:
    """The contract of a dataset as JSON Schema 2020-12."""
    body = orjson.dumps(contract.schema())
    return answering.item(body, etag=etag(body), content_type="application/schema+json")


@route("/problems/<code>", scope=None)
def problem(_caller: Caller, _values: dict[str, Any], code: str) -> Response:
    """What a problem's `type` leads to: its meaning and remedy in both languages."""
    if code not in messages():
        raise Problem(404)
    return answering.document({"code": code, **messages()[code]})


@cache
def described() -> dict[str, Any]:
    """`openapi.yaml`, read once."""
    loaded: dict[str, Any] = yaml.safe_load(
        files("ckanext.satudata.api").joinpath("openapi.yaml").read_text(encoding="utf-8")
    )
    return loaded
