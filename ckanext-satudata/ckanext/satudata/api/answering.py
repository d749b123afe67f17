"""What every answer has in common: envelope, conditional requests, compression, caching and headers."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import orjson
from flask import Response, g, request
from werkzeug.http import unquote_etag

from ckanext.satudata.api import settings
from ckanext.satudata.catalog.answer import etag

JSON = "application/json"
COMPRESS_FROM = 1400
_COMPRESSIBLE = ("application/json", "application/problem+json", "application/ld+json", "application/x-ndjson", "text/")
_MOST_TAGS = 50
_TAG = re.compile(r"[0-9a-f]{32}\Z")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_EXPOSED = "ETag, Link, RateLimit, RateLimit-Policy, Retry-After, Satudata-Cursor, X-Request-ID"

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Vary", "Authorization, Accept, Accept-Encoding, Accept-Language"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", _EXPOSED),
)


def item(body: bytes, *, etag: str | None = None, content_type: str = JSON) -> Response:
    """One thing, plain. With an `etag` a reader who has it already gets 304."""
    if etag is not None and request.if_none_match.contains_weak(unquote_etag(etag)[0] or ""):
        return unchanged(etag)
    response = Response(body, content_type=content_type)
    return tagged(response, etag) if etag is not None else response


def known_tags() -> list[str]:
    """The entity tags that the reader has, as they stand in our headers; what cannot be one of ours is left out."""
    sent = request.if_none_match
    ours = sorted(tag for tag in sent.as_set(include_weak=True) if tag and _TAG.match(tag)) if sent else []
    return [f'W/"{tag}"' for tag in ours[:_MOST_TAGS]]


def unchanged(etag: str) -> Response:
    """304 for a reader who has what there is."""
    return tagged(Response(status=304), etag)


def tagged(response: Response, etag: str) -> Response:
    """Set an entity tag that is already quoted."""
    response.headers["ETag"] = etag
    return response


def document(value: Any, *, content_type: str = JSON) -> Response:
    """Any JSON-able value, plain."""
    return Response(orjson.dumps(value), content_type=content_type)


def listing(
    bodies: Sequence[str] | Sequence[bytes],
    *,
    total: int,
    cursor: str | None = None,
    following: str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Response:
    """The envelope of lists: `data` of bodies already rendered, `meta`, `links`; `following` is the next page's URL.

    Tagged by its content, so that a reader who has the page already gets 304.
    """
    written = [body.encode() if isinstance(body, str) else body for body in bodies]
    told = orjson.dumps({"total": total, "cursor": cursor, **(meta or {})})
    links = orjson.dumps({"self": here(), "next": following})
    body = b'{"data":[%b],"meta":%b,"links":%b}' % (b",".join(written), told, links)
    response = item(body, etag=etag(body))
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def here() -> str:
    """The address of this request as the caller may use it again, below the site's own URL."""
    query = request.query_string.decode("ascii", "replace")
    return f"{settings.site_url()}{request.script_root}{request.path}" + (f"?{query}" if query else "")


def begin() -> None:
    """Before a request: its id, from the caller when it is harmless."""
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.match(given) else uuid4().hex
    g.started = time.perf_counter()


def finish(response: Response) -> Response:
    """After a request: compression, caching and the headers that hold for every answer."""
    headers = response.headers
    headers.extend(_ALWAYS)
    headers.add("X-Request-ID", g.get("request_id") or "")
    if request.method == "OPTIONS":
        headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        headers["Access-Control-Allow-Headers"] = "Authorization, Accept, Accept-Language, If-None-Match, X-Request-ID"
        headers["Access-Control-Max-Age"] = "86400"
    if "Cache-Control" not in headers:
        private = "HTTP_AUTHORIZATION" in request.environ or request.method not in {"GET", "HEAD", "OPTIONS"}
        headers.add("Cache-Control", "private, no-cache" if private else "no-cache")
    rate = g.get("rate")
    if rate is not None:
        limit, remaining, reset = rate
        headers.add("RateLimit-Policy", f'"default";q={limit};w=60')
        headers.add("RateLimit", f'"default";r={remaining};t={reset}')
    return _compressed(response)


def _compressed(response: Response) -> Response:
    if response.is_streamed or response.status_code not in {200, 400, 404} or "Content-Encoding" in response.headers:
        return response
    if "gzip" not in request.headers.get("Accept-Encoding", "") or not request.accept_encodings["gzip"]:
        return response
    if not (response.content_type or "").startswith(_COMPRESSIBLE):
        return response
    content = response.get_data()
    if len(content) >= COMPRESS_FROM:
        response.set_data(gzip.compress(content, compresslevel=4, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
