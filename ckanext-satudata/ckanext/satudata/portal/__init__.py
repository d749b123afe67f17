"""Pages: what the public, OPD editors and the Walidata see of datasets, sources, runs and reviews."""

from __future__ import annotations

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    """Every blueprint of the portal, in the order CKAN is to register them."""
    return []
