"""Source pages: which applications are harvested, and connecting another in three steps."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("satudata_sources", __name__, url_prefix="/sumber-data")


@blueprint.get("")
def listing() -> str:
    """Every source."""
    return ""
