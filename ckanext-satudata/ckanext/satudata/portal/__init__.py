"""Pages: what the public, OPD editors and the Walidata see of datasets, sources, runs and reviews."""

from __future__ import annotations

from flask import Blueprint

from ckanext.satudata.portal import dataset, home, redirects, review, runs, sources


def blueprints() -> list[Blueprint]:
    """Every blueprint of the portal. Registered before CKAN's own: a page here replaces CKAN's of that address."""
    return [home.blueprint, dataset.blueprint, sources.blueprint, runs.blueprint, review.blueprint, redirects.blueprint]
