"""Pages: what the public, OPD editors and the Walidata see of datasets, sources, runs and reviews."""

from __future__ import annotations

from flask import Blueprint

from ckanext.satudata.portal import (
    dataset,
    erasing,
    history,
    holding,
    home,
    redirects,
    review,
    runs,
    sources,
)


def blueprints() -> list[Blueprint]:
    """Every blueprint of the portal. Registered before CKAN's own: a page here replaces CKAN's of that address."""
    rooms = (home, dataset, history, holding, erasing, sources, runs, review, redirects)
    return [room.blueprint for room in rooms]
