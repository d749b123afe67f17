"""Where the API stands: a small Flask app of its own, mounted beside CKAN in the same process.

It shares CKAN's configuration, database and Redis, and nothing of its work per request.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

from ckan import model
from flask import Flask, g, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ckanext.satudata.api import answering, database, problems, routes, routing, settings
from ckanext.satudata.api.keys import KeyFolderError
from ckanext.satudata.catalog.search import SearchUnavailable

log = logging.getLogger(__name__)

PREFIX = settings.PREFIX

#: Bytes a request's body may have; larger ones are 413 before they are read.
MAX_BODY = 10 * 1024 * 1024


class Response(FlaskResponse):
    """An answer that is handed over whole where it is whole: a server sends a list in one piece, and asks for the
    pieces of anything else one by one, for each of which a thread has to be woken."""

    def get_app_iter(self, environ: Any) -> Any:
        """A list, unless the answer is made while it is sent."""
        pieces = super().get_app_iter(environ)
        if self.is_streamed:
            return pieces
        try:
            return list(pieces)
        finally:
            self.close()


class Api(Flask):
    """Flask for functions that are none of asyncio's, which it otherwise looks for at each call."""

    response_class = Response

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return func


def mount(app: Flask) -> Flask:
    """Mount the API on CKAN's app and return the same app, as CKAN expects of its middleware."""
    mounts: dict[str, Any] = {settings.PREFIX: create_app().wsgi_app}
    operations = create_operations()
    mounts |= {prefix: operations[prefix].wsgi_app for prefix in operations}
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, mounts)  # type: ignore[method-assign]
    return app


def create_app() -> Flask:
    """The API's own Flask app; it stands below `/api/satudata`."""
    app = _bare_app("satudata_api")
    for declared in routes.declared():
        routing.register(app, settings.VERSION_PREFIX, declared)
    return app


def create_operations() -> dict[str, Flask]:
    """The apps of `/health` and `/metrics`, which stand outside the API for those who watch the machine."""
    apps = {}
    for prefix, module in routes.OPERATIONS.items():
        apps[prefix] = app = _bare_app(f"satudata{prefix.replace('/', '_')}")
        for declared in routing.routes_of(module):
            routing.register(app, "", declared)
    return apps


def _bare_app(name: str) -> Flask:
    app = Api(name, static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.before_request(answering.begin)
    app.after_request(answering.finish)
    app.teardown_request(_close)
    app.register_error_handler(problems.Problem, problems.respond)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(SearchUnavailable, _search_gone)
    app.register_error_handler(KeyFolderError, _keys_gone)
    for gone in database.GONE:
        app.register_error_handler(gone, _postgres_gone)
    app.register_error_handler(Exception, _failed)
    return app


def _close(_error: BaseException | None) -> None:
    model.Session.remove()


def _refused(error: HTTPException) -> FlaskResponse:
    return problems.respond(problems.of_http_exception(error))


def _search_gone(_error: SearchUnavailable) -> FlaskResponse:
    return problems.respond(problems.Unavailable("solr"))


def _postgres_gone(_error: Exception) -> FlaskResponse:
    return problems.respond(problems.Unavailable("postgres"))


def _keys_gone(error: KeyFolderError) -> FlaskResponse:
    log.error("The keys of the API cannot be used: %r", str(error))
    return problems.respond(problems.Unavailable("kunci token"))


def _failed(error: Exception) -> FlaskResponse:
    # Where it happened, without the message: a database driver's message quotes the values of the row.
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("Request %s to %r failed by %s at\n%s", g.get("request_id"), request.path, type(error).__name__, frames)
    return problems.respond(problems.Problem(500))
