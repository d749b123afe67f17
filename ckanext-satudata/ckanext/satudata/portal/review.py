"""Review."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("satudata_review", __name__, url_prefix="/pemeriksaan")


@blueprint.get("")
def queue() -> str:
    """What waits."""
    return ""
