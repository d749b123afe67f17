"""Errors as `application/problem+json` (RFC 9457), in Indonesian and English, each with a code and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from ckanext.satudata.api import settings

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: where it is (RFC 6901) and, for the query, which parameter."""

    code: str
    pointer: str
    params: Mapping[str, Any] = field(default_factory=dict)
    parameter: str | None = None
    detail: str | None = None  # already in words, for a code that is not the API's own


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """Raised anywhere below a route; becomes the answer."""

    def __init__(
        self,
        status: int,
        code: str | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code or f"E-API-{status}"
        self.params = dict(params or {})
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        super().__init__(self.code)


class Unavailable(Problem):
    """A service of ours does not answer; the caller may try again soon."""

    def __init__(self, service: str) -> None:
        super().__init__(503, params={"service": service}, headers={"Retry-After": "5"})


def bad_parameter(name: str, code: str = "E-API-421", **params: Any) -> Problem:
    """400 naming the query's parameter that was not understood."""
    return Problem(400, params={"parameter": name}, faults=[Fault(code, f"/{name}", {"name": name, **params}, name)])


def respond(problem: Problem) -> Response:
    """The answer for a problem, in the reader's language."""
    language = preferred_language()
    response = Response(orjson.dumps(document(problem, language)), problem.status, content_type=MEDIA_TYPE)
    response.headers.update(problem.headers)
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "no-store"
    return response


def document(problem: Problem, language: str) -> dict[str, Any]:
    """A problem as RFC 9457 writes it."""
    text = message(problem.code, language, problem.params)
    told: dict[str, Any] = {
        "type": f"{settings.PREFIX}{settings.VERSION_PREFIX}/problems/{problem.code}",
        "title": text["title"],
        "status": problem.status,
        "detail": text["detail"],
        "code": problem.code,
        "instance": f"urn:request:{g.get('request_id', '')}",
    }
    if problem.faults:
        told["errors"] = [_fault(fault, language) for fault in problem.faults]
    return told


def of_http_exception(error: HTTPException) -> Problem:
    """werkzeug's own refusals (404, 405, 413, …) as problems; headers such as `Allow` are kept."""
    status = error.code or 500
    code = f"E-API-{status}" if f"E-API-{status}" in messages() else "E-API-400"
    kept = {name: value for name, value in error.get_headers() if name.lower() not in {"content-type", "location"}}
    return Problem(status, code, headers=kept)


def preferred_language() -> str:
    """`id` or `en`, by Accept-Language; Indonesian where nothing is asked for."""
    return request.accept_languages.best_match(("id", "en"), default="id") or "id"


def message(code: str, language: str, params: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Title and detail of a code with its parameters filled in; what a client sent is shortened, never echoed whole."""
    known = messages().get(code) or messages()["E-API-500"]
    values = _Shortened(params or {})
    return {part: text.format_map(values) for part, text in known[language].items()}


@cache
def messages() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Every code of the API: `{code: {"id" | "en": {"title", "detail"}}}`."""
    loaded: dict[str, dict[str, dict[str, str]]] = json.loads(
        files("ckanext.satudata.api").joinpath("messages.json").read_text(encoding="utf-8")
    )
    return loaded


def _fault(fault: Fault, language: str) -> dict[str, Any]:
    detail = fault.detail or message(fault.code, language, fault.params)["detail"]
    shown = {"code": fault.code, "pointer": fault.pointer, "detail": detail}
    return shown | ({"parameter": fault.parameter} if fault.parameter else {})


class _Shortened(dict[str, Any]):
    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__({name: _short(value) for name, value in values.items()})

    def __missing__(self, name: str) -> str:
        return ""


def _short(value: Any) -> str:
    text = "".join(character for character in str(value) if character.isprintable())
    return text if len(text) <= 200 else f"{text[:199]}…"
