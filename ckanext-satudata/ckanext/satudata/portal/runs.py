"""Run pages."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("satudata_runs", __name__)
