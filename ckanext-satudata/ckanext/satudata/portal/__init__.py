"""Pages: what the public, OPD editors and the Walidata see of datasets, sources, runs and reviews."""

from __future__ import annotations

from flask import Blueprint

from ckanext.satudata.portal import home, redirects, review, runs, sources


def blueprints() -> list[Blueprint]:
    """Every blueprint of the portal. CKAN registers them before its own, so that a page here replaces CKAN's of the same address."""
    return [home.blueprint, sources.blueprint, runs.blueprint, review.blueprint, redirects.blueprint]
