"""The API's description of itself: OpenAPI 3.1, a page to read it on, and what each problem means."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml
from flask import Response
from jinja2 import Environment, StrictUndefined, Template

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


@route("/docs", scope=None)
def page(_caller: Caller, _values: dict[str, Any]) -> Response:
    """The same for people: one page that needs nothing from elsewhere."""
    base = f"{settings.site_url()}{settings.PREFIX}{settings.VERSION_PREFIX}"
    response = Response(_template().render(document=described(), operations=_operations(), base=base))
    response.content_type = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response


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
    """The OpenAPI document: `openapi.yaml`, the paths beside it and what the contract says of a dataset, read once."""
    whole = _read(_HERE / "openapi.yaml")
    whole["components"]["schemas"] |= orjson.loads((_HERE / "dataset.openapi.json").read_bytes())["schemas"]
    for fragment in sorted(_HERE.glob("paths/*.yaml")):
        whole["paths"] |= _read(fragment)
    for methods in whole["paths"].values():
        for method, operation in methods.items():
            if method != "parameters":
                operation["responses"] = _answers(operation, whole["security"])
    return whole


def _read(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
    return loaded


_HERE = Path(__file__).resolve().parents[1]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: What every route may answer, and what only one that needs a scope does.
_ALWAYS = {"400": "BadRequest", "401": "Unauthorized", "429": "TooMany", "503": "Unavailable"}
_WITH_SCOPE = {"403": "Forbidden"}


def _answers(operation: dict[str, Any], usual: list[dict[str, Any]]) -> dict[str, Any]:
    """The answers of an operation, with those that need no mention added."""
    added = _ALWAYS | (_WITH_SCOPE if operation.get("security", usual) else {})
    stated = operation["responses"]
    missing = {code: {"$ref": f"#/components/responses/{name}"} for code, name in added.items() if code not in stated}
    return dict(sorted((stated | missing).items()))


@cache
def _template() -> Template:
    source = (_HERE / "docs.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source)


@cache
def _operations() -> list[dict[str, Any]]:
    """What the page shows of each operation, with its parameters resolved and its example as text."""
    shown = []
    for path, methods in described()["paths"].items():
        shared = methods.get("parameters", [])
        for method, operation in methods.items():
            if method == "parameters":
                continue
            ok = operation["responses"].get("200", {}).get("content", {})
            example = next((media.get("example") for media in ok.values()), None)
            shown.append(
                {
                    "description": "",
                    **operation,
                    "path": path,
                    "method": method.upper(),
                    "protected": operation.get("security") != [],
                    "shown_parameters": [
                        {"description": "", **_resolved(parameter)}
                        for parameter in [*shared, *operation.get("parameters", [])]
                    ],
                    "example": _as_text(example),
                }
            )
    return shown


def _resolved(parameter: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in parameter:
        return parameter
    found: dict[str, Any] = described()["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[-1]]
    return found


def _as_text(example: Any) -> str | None:
    if example is None or isinstance(example, str):
        return example
    return orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()
