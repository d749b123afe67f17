"""How pages leave the server: compressed, revalidated by ETag, with headers that let no foreign script in.

Own files (one style sheet, one icon, one script) are served by a tiny app beside CKAN's, so that they cost no session,
no SQL and no CKAN header; their address carries a hash of their content and may therefore be kept for a year.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from ckan.common import config
from flask import Flask, Response, abort, request, send_from_directory
from flask_compress import Compress
from werkzeug.middleware.dispatcher import DispatcherMiddleware

ASSETS = Path(__file__).parent.parent / "assets"
MOUNT = "/satudata-aset"
A_YEAR = 365 * 24 * 3600

#: Endpoints whose pages carry our style sheet and nothing of CKAN's.
LIGHT = frozenset(
    {
        "home.index",
        "home.about",
        "satudata_home.index",
        "satudata_dataset.read",
        "dataset.search",
        "dataset.read",
        "organization.index",
        "organization.read",
        "organization.about",
        "user.login",
        "user.logged_out_page",
    }
)
LIGHT_BLUEPRINTS = (
    "satudata_sources.", "satudata_runs.", "satudata_review.", "satudata_history.", "satudata_erasing.",
)  # fmt: skip

#: Nothing but our own style sheet, script and images; a stored `<script>` would not run even if it were not escaped.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def compress(app: Flask) -> Flask:
    """Mount the portal's own files on CKAN's app, make its pages compressed and revalidable; return the same app."""
    app.config["COMPRESS_ALGORITHM"] = ["br", "gzip"]
    Compress(app)
    app.before_request(_refuse_unstorable)
    app.after_request(_finish)  # called before Compress, because Flask goes through its list backwards
    app.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
        app.wsgi_app, {_root() + MOUNT: own_files().wsgi_app}
    )
    return app


def own_files() -> Flask:
    """The app that serves `assets/`, each file under the hash of its content."""
    app = Flask("satudata-aset", static_folder=None)
    app.config["COMPRESS_ALGORITHM"] = ["br", "gzip"]
    app.config["COMPRESS_STREAMS"] = False
    app.config["COMPRESS_MIN_SIZE"] = 0
    Compress(app)

    @app.get("/<version>/<name>")
    def asset(version: str, name: str) -> Response:
        """One file; who asks for a version that is gone gets the present one, without being told to keep it."""
        response = send_from_directory(ASSETS, name, max_age=A_YEAR if version == _version(name) else 0)
        response.direct_passthrough = False
        response.set_data(
            response.get_data()
        )  # read whole: these are small, and only whole bodies are compressed with gzip
        if version == _version(name):
            response.cache_control.immutable = True
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app


def asset_url(name: str) -> str:
    """Address of one of our own files, below the site's root path."""
    return f"{_root()}{MOUNT}/{_version(name)}/{name}"


def is_light(endpoint: str | None) -> bool:
    """Whether the page of this endpoint does without CKAN's styles and scripts; a page that does not exist does."""
    return endpoint is None or endpoint in LIGHT or endpoint.startswith(LIGHT_BLUEPRINTS)


def _refuse_unstorable() -> None:
    """No thing has a NUL in its name; Postgres would fault at it."""
    if "\x00" in request.path:
        abort(404)


def _finish(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if response.mimetype != "text/html":
        return response
    response.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    if is_light(request.endpoint) or response.status_code >= 400:
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    if request.method in {"GET", "HEAD"} and response.status_code == 200 and not response.is_streamed:
        response.cache_control.no_cache = (
            True  # kept by the browser, asked about each time: what is withdrawn is gone at once
        )
        response.add_etag()
    return response


def _root() -> str:
    """The path below which a proxy shows the site, without CKAN's placeholder for the language."""
    return str(config.get("ckan.root_path") or "").replace("/{{LANG}}", "").replace("{{LANG}}", "").rstrip("/")


@cache
def _version(name: str) -> str:
    path = ASSETS / Path(name).name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "-"
