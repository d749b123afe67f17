"""Where the API stands: a small Flask app of its own, mounted beside CKAN in the same process."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

PREFIX = "/api/satudata"


def mount(app: Flask) -> Flask:
    """Mount the API on CKAN's app and return the same app, as CKAN expects of its middleware."""
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {PREFIX: create_app().wsgi_app})  # type: ignore[method-assign]
    return app


def create_app() -> Flask:
    """The API's own Flask app; it stands below `/api/satudata`."""
    return Flask(__name__, static_folder=None)
