"""How a route is declared: its address, the scope it needs, and the parameters it knows.

A module below `routes/` declares routes with `@route(...)`; `app.py` registers them. Nothing reaches a handler without
the scope, and nothing unknown in the query is silently ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType, MappingProxyType
from typing import Any

from flask import Flask, Response, request

from ckanext.satudata.api import access
from ckanext.satudata.api.problems import Fault, Problem
from ckanext.satudata.catalog import openness

Handler = Callable[..., Response]
_OPENED = ("catalog:read",)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query: `read` turns its text into a value or raises `ValueError`.

    `expected` and `expected_en` tell the caller what would have been right; `many` takes it several times.
    """

    read: Callable[[str], Any]
    expected: str = ""
    expected_en: str = ""
    many: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the API. Without a `scope` it is public, and counted by address.

    `bulk` counts it apart, against the rate of a client: other catalogues page through all of it without a pause.
    `opens`: where the configuration opens assessments, the scope `catalog:read` is enough.
    """

    rule: str
    handler: Handler
    scope: str | None
    methods: tuple[str, ...] = ("GET",)
    parameters: Mapping[str, Parameter] | None = field(default_factory=dict)
    counted: bool = True
    bulk: bool = False
    opens: bool = False


def route(
    rule: str,
    *,
    scope: str | None,
    methods: tuple[str, ...] = ("GET",),
    parameters: Mapping[str, Parameter] | None = MappingProxyType({}),
    counted: bool = True,
    bulk: bool = False,
    opens: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare the function below as the handler of `rule`: `handler(caller, values, **path) -> Response`.

    `values` holds the parameters that were sent; `parameters=None` leaves reading them to the handler. `counted=False`
    exempts a public route that is polled by machines.
    """

    def declare(handler: Handler) -> Handler:
        handler.route = Route(rule, handler, scope, methods, parameters, counted, bulk, opens)  # type: ignore[attr-defined]
        return handler

    return declare


def routes_of(module: Any) -> list[Route]:
    """The routes a module declares, in the order it does."""
    functions = [value for value in vars(module).values() if isinstance(value, FunctionType)]
    return [function.route for function in functions if hasattr(function, "route")]


def register(app: Flask, prefix: str, declared: Route) -> None:
    """Put a route into the app."""

    def view(**path: str) -> Response:
        caller = access.ANONYMOUS
        if declared.scope is not None:
            caller = access.require(declared.scope, *(_OPENED if declared.opens and openness.is_open() else ()))
        elif declared.counted:
            caller = access.public(bulk=declared.bulk)
        return declared.handler(caller, _values(declared.parameters), **path)

    endpoint = f"{declared.handler.__module__.rsplit('.', 1)[-1]}.{declared.handler.__name__}"
    app.add_url_rule(f"{prefix}{declared.rule}", endpoint, view, methods=list(declared.methods))


def _values(known: Mapping[str, Parameter] | None) -> dict[str, Any]:
    if known is None or not request.query_string:
        return {}
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, sent in request.args.lists():
        parameter = known.get(name)
        if parameter is None:
            faults.append(_fault("E-API-423", name))
        elif len(sent) > 1 and not parameter.many:
            faults.append(_fault("E-API-424", name))
        else:
            try:
                read = [parameter.read(text) for text in sent]
            except ValueError:
                faults.append(_fault("E-API-421", name, expected=parameter.expected, expected_en=parameter.expected_en))
            else:
                values[name] = read if parameter.many else read[0]
    if faults:
        raise Problem(400, faults=faults)
    return values


def _fault(code: str, name: str, **params: str) -> Fault:
    return Fault(code, "/" + name.replace("~", "~0").replace("/", "~1")[:100], {"name": name, **params}, name[:100])
