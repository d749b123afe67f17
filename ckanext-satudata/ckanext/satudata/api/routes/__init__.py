"""The routes of the API: one module a resource, each declaring its own with `@route`."""

from __future__ import annotations

from ckanext.satudata.api.routes import (
    applications,
    changes,
    datasets,
    dcat,
    document,
    exports,
    health,
    history,
    inside,
    keys,
    metrics,
    nasional,
    oauth,
    organizations,
    publishing,
    reference,
    review,
    runs,
    sources,
    statistics,
    validation,
    vocabularies,
)
from ckanext.satudata.api.routing import Route, routes_of

MODULES = (datasets, inside, history, organizations, applications, vocabularies, reference, statistics, changes,
           exports, dcat, nasional, publishing, validation, sources, runs, review, keys, oauth,
           document)  # fmt: skip
#: What stands outside the API's prefix.
OPERATIONS = {"/health": health, "/metrics": metrics}


def declared() -> list[Route]:
    """Every route of the API, in the order in which the documentation lists them."""
    return [route for module in MODULES for route in routes_of(module)]
