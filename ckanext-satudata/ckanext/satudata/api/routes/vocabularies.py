"""Code lists: the values that fields of a dataset may take."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from ckanext.satudata.api import answering
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Problem
from ckanext.satudata.api.routing import route
from ckanext.satudata.catalog.answer import etag
from satudata_schemas import contract


@route("/vocabularies", scope="catalog:read")
def vocabularies(_caller: Caller, _values: dict[str, Any]) -> Response:
    """Every code list by name, without its entries."""
    known = [_described(name) for name in contract.vocabularies]
    return answering.listing([orjson.dumps(one).decode() for one in known], total=len(known))


@route("/vocabularies/<name>", scope="catalog:read")
def vocabulary(_caller: Caller, _values: dict[str, Any], name: str) -> Response:
    """One code list with its entries in published order."""
    try:
        entries = contract.vocabulary(name).to_list()
    except KeyError as error:
        raise Problem(404) from error
    body = orjson.dumps({**_described(name), "entries": entries})
    return answering.item(body, etag=etag(body))


def _described(name: str) -> dict[str, Any]:
    found = contract.vocabulary(name)
    return {
        "name": found.name,
        "label": found.label,
        "label_en": found.label_en,
        "source": found.source,
        "version": found.version,
        "open": found.open,
        "count": len(found),
    }
