"""The only door out: every request to an application passes this client.

It connects only to addresses that are allowed (checked on the very answer of DNS it connects with, at every hop),
bounds what an answer may cost in bytes and seconds, repeats what is worth repeating, and never carries a credential to
another origin. It is built on urllib3 alone, so that no proxy, `.netrc` or cookie of the surroundings takes part.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import IO, Any, Literal
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import certifi
import urllib3
from urllib3.exceptions import HTTPError, IncompleteRead, NameResolutionError, SSLError
from urllib3.util import Timeout

from satudata_harvesters.credentials import Credentials, OAuth2
from satudata_harvesters.errors import HIDDEN, ConfigError, SourceError, shown_host
from satudata_harvesters.guard import Blocked, Watch, guarded_pools
from satudata_harvesters.networks import parse_networks
from satudata_harvesters.response import Response, is_firewall

log = logging.getLogger(__name__)

Method = Literal["GET", "POST"]

USER_AGENT = "satudata-harvester/1 (+https://satudata.go.id)"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
WORTH_REPEATING = frozenset({429, 500, 502, 503, 504})
CHUNK = 64 * 1024
#: How long before its end a token is fetched anew, in seconds.
TOKEN_MARGIN = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost. Seconds and bytes; `deadline` bounds one attempt from connecting to its last byte."""

    connect: float = 5.0
    read: float = 30.0
    deadline: float = 60.0
    max_bytes: int = 50_000_000
    attempts: int = 3
    backoff: float = 1.0
    #: The longest pause a source may impose by Retry-After; when it asks for more, the run ends and comes back later.
    longest_wait: float = 60.0
    requests_per_second: float = 0.0
    redirects: int = 3
    #: Of a whole run, held by the connectors and the engine.
    max_pages: int = 100_000
    max_records: int = 5_000_000


_Origin = tuple[str, str, int | None]


def _origin(url: str) -> _Origin:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def _with_query(url: str, query: Mapping[str, str]) -> str:
    if not query:
        return url
    parts = urlsplit(url)
    present = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = urlencode({name: value for name, value in query.items() if name not in present})
    return urlunsplit(parts._replace(query="&".join(text for text in (parts.query, added) if text)))


def check_url(url: str) -> str:
    """The URL if a request may be made to it: http(s), a host, no credentials inside; else `ConfigError`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError("E-CFG-009", url=url) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or any(ord(char) <= 32 for char in url):
        raise ConfigError("E-CFG-009", url=url)
    if "@" in parts.netloc:
        raise ConfigError("E-CFG-007", field="url")
    return url


@dataclass(frozen=True)
class _Request:
    """What is asked, of whom (`home` is the only origin that gets the credentials), and what it may cost."""

    method: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]
    auth: Credentials
    limits: Limits
    home: _Origin
    #: The address as it was given to us: the only one that errors name.
    asked: str
    into: IO[bytes] | None = None


@dataclass(frozen=True)
class _Attempt:
    """An answer as it came off the wire, before anybody judged its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    hash: str = ""


class Http:
    """A client for one source: its limits, its networks, its credentials, its pace.

    One request at a time (a lock holds that per client). `limits` bound every request that brings none of its own;
    `allow_networks` are the entries that an administrator permits for this source; credentials, headers and bodies go
    to the origin of the URL `origin` only (by default that of the first request). `sleep` and `clock` are there for
    tests.
    """

    def __init__(  # noqa: PLR0913 - what bounds a source and who it is, all said once
        self,
        limits: Limits | None = None,
        allow_networks: Iterable[str] = (),
        auth: Credentials | None = None,
        *,
        origin: str | None = None,
        proxy: str | None = None,
        ca: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self.networks = parse_networks(allow_networks)
        self.auth = auth or Credentials()
        self.requests = 0
        self.bytes_read = 0
        #: Spent on requests, waiting between attempts included.
        self.seconds = 0.0
        self._home: _Origin | None = _origin(origin) if origin else None
        self._sleep, self._clock = sleep, clock
        self._lock = threading.RLock()
        self._next_at: dict[str, float] = {}
        self._tokens: dict[OAuth2, tuple[str, float]] = {}
        context = _public_trust()
        if ca:
            context = ssl.create_default_context(cafile=certifi.where())
            self._trust(context, ca)
        options: dict[str, Any] = {"ssl_context": context, "retries": False, "maxsize": 2}
        self._proxy = proxy
        self._pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
        self._pool.pool_classes_by_scheme = guarded_pools(self.networks, unchecked=bool(proxy))

    @staticmethod
    def _trust(context: ssl.SSLContext, ca: str) -> None:
        try:
            if "-----BEGIN" in ca:
                context.load_verify_locations(cadata=ca)
            else:
                context.load_verify_locations(cafile=ca)
        except (OSError, ssl.SSLError):
            raise ConfigError("E-CFG-004", field="config.ca", expected="sertifikat PEM") from None

    def request(  # noqa: PLR0913 - the one door: everything a request may be is said here
        self,
        method: Method,
        url: str,
        *,
        body: Mapping[str, Any] | bytes | None = None,
        auth: Credentials | None = None,
        limits: Limits | None = None,
        validators: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        into: IO[bytes] | None = None,
        asked: str | None = None,
    ) -> Response:
        """Make one request and read its whole answer.

        A mapping as `body` is sent as JSON, bytes as a form. `validators` are those of this page's last answer. With
        `into`, the body is written to that file as it comes, and the answer's own `body` is only its beginning. Where
        the source itself chose `url` (a next page), errors name the configured address `asked` instead. Raises
        `SourceError` for whatever the source or the way to it does wrong, statuses of 400 and more included (`status`
        says which), and `ConfigError` for an address that is none.
        """
        named = asked or url
        self._checked(url, named)
        bounds = limits or self.limits
        chosen = self.auth if auth is None else auth
        with self._lock:
            self._home = self._home or _origin(url)
            own = _own(headers, home=_origin(url) == self._home)
            if body is not None and _origin(url) != self._home:
                raise self._error("E-TRK-013", url=named)
            sent = {"Accept": "application/json, */*;q=0.5", **own, **_conditions(validators)}
            payload = json.dumps(body, ensure_ascii=False).encode() if isinstance(body, Mapping) else body
            if payload is not None:
                kind = "application/json" if isinstance(body, Mapping) else "application/x-www-form-urlencoded"
                sent = {"Content-Type": kind, **sent}
            begun = time.perf_counter()
            try:
                answer = self._repeat(_Request(method, url, payload, sent, chosen, bounds, self._home, named, into))
            finally:
                self.seconds += time.perf_counter() - begun
            return self._judge(answer, validators, named)

    @staticmethod
    def _checked(url: str, named: str) -> None:
        try:
            check_url(url)
        except ConfigError:
            if url == named:
                raise
            # The source chose it: nobody can mend that in the configuration.
            raise SourceError("E-TRK-013", url=named) from None

    def _repeat(self, request: _Request) -> _Attempt:
        limits = request.limits
        renewed = False
        for number in range(1, limits.attempts + 1):
            final = number >= limits.attempts
            try:
                answer = self._follow(request)
                if answer.status == 401 and request.auth.oauth2 and not renewed:
                    renewed = True
                    self._tokens.clear()
                    answer = self._follow(request)
            except SourceError as error:
                # A blocked address, an unknown name or a wrong certificate stays what it is; a cut line may come back.
                if final or error.code not in {"E-TRK-007", "E-TRK-009"}:
                    raise
                self._sleep(_backoff(limits, number))
                continue
            wait = _retry_after(answer.headers) or 0.0
            if answer.status not in WORTH_REPEATING or final or wait > limits.longest_wait:
                return answer
            self._sleep(max(wait, _backoff(limits, number)))
        raise AssertionError("attempts is at least 1")

    def _follow(self, request: _Request) -> _Attempt:
        for _ in range(request.limits.redirects + 1):
            answer = self._once(self._signed(request))
            location = answer.headers.get("location")
            if answer.status not in REDIRECTS or not location:
                return replace(answer, url=request.url)
            request = self._redirected(request, urljoin(request.url, location), answer.status)
        raise self._error("E-TRK-013", url=request.asked)

    def _signed(self, request: _Request) -> _Request:
        if _origin(request.url) != request.home:
            return request
        auth = request.auth
        tokens = {way.header: way.prefix + self._token(way, request.limits) for way in auth.oauth2}
        return replace(
            request,
            url=_with_query(request.url, auth.query),
            headers={**request.headers, **auth.headers, **tokens},
        )

    def _redirected(self, request: _Request, there: str, status: int) -> _Request:
        try:
            check_url(there)
        except ConfigError:
            raise self._error("E-TRK-013", url=request.asked, status=status) from None
        if _origin(there) != _origin(request.url):
            # A body may hold a client's secret, and any header a key.
            if request.body is not None:
                raise self._error("E-TRK-013", url=request.asked, status=status)
            request = replace(request, headers={k: v for k, v in request.headers.items() if k == "Accept"})
        if status in {301, 302, 303} and request.method == "POST":
            request = replace(request, method="GET", body=None)
        return replace(request, url=there)

    def _once(self, request: _Request) -> _Attempt:
        limits = request.limits
        self._pace(request.url, limits)
        self.requests += 1
        with Watch(limits.deadline) as watch:
            try:
                with self._answer(request) as raw:
                    headers = {name.lower(): value for name, value in raw.headers.items()}
                    return _Attempt(raw.status, headers, *self._read(raw, request, watch))
            except Blocked as blocked:
                raise self._error("E-TRK-011", host=self._host(blocked.host), port=str(blocked.port)) from None
            except (HTTPError, OSError, ValueError) as error:
                raise self._network_error(error, request, watch) from None

    @contextlib.contextmanager
    def _answer(self, request: _Request) -> Iterator[urllib3.BaseHTTPResponse]:
        limits = request.limits
        raw = self._pool.urlopen(
            request.method,
            request.url,
            body=request.body,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate", **request.headers},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=Timeout(connect=min(limits.connect, limits.deadline), read=min(limits.read, limits.deadline)),
        )
        whole = False
        try:
            yield raw
            whole = True
        finally:
            # A connection with unread bytes must not serve the next request.
            if whole:
                raw.release_conn()
            else:
                raw.close()

    def _read(self, raw: urllib3.BaseHTTPResponse, request: _Request, watch: Watch) -> tuple[bytes, str, str]:
        """(body or its beginning, URL, SHA-256), read in pieces and counted after they were unpacked."""
        limits, into = request.limits, request.into
        kept: list[bytes] = []
        size, digest = 0, hashlib.sha256()
        if into is not None:
            into.seek(0)
            into.truncate()
        while chunk := raw.read1(CHUNK, decode_content=True):
            size += len(chunk)
            if size > limits.max_bytes:
                raise self._error("E-TRK-010", url=request.asked, limit=limits.max_bytes)
            digest.update(chunk)
            if into is not None:
                into.write(chunk)
            if into is None or not kept:
                kept.append(chunk)
        if watch.expired:
            raise self._error("E-TRK-009", url=request.asked, seconds=round(limits.deadline))
        # `read1` returns quietly at the end of a cut body; the length that was announced tells.
        remaining = getattr(raw, "length_remaining", None)
        if remaining:
            raise IncompleteRead(size, remaining)
        self.bytes_read += size
        return b"".join(kept), request.url, digest.hexdigest()

    def _network_error(self, error: Exception, request: _Request, watch: Watch) -> SourceError:
        url, limits, host = request.asked, request.limits, urlsplit(request.url).hostname or ""
        if watch.expired:
            return self._error("E-TRK-009", url=url, seconds=round(limits.deadline))
        if isinstance(error, NameResolutionError):
            return self._error("E-TRK-008", host=self._host(host))
        if isinstance(error, SSLError | ssl.SSLError):
            return self._error("E-TRK-012", host=self._host(host))
        if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
            return self._error("E-TRK-009", url=url, seconds=round(min(limits.read, limits.deadline)))
        return self._error("E-TRK-007", url=url)

    def _judge(self, answer: _Attempt, validators: Mapping[str, str] | None, url: str) -> Response:
        known = dict(validators or {})
        if answer.status == 304 and known:
            return Response(304, answer.headers, b"", answer.url, unchanged=True, validators=known, asked=url)
        if not 200 <= answer.status < 300:
            raise self._status_error(answer, url)
        made = {
            "etag": answer.headers.get("etag"),
            "last_modified": answer.headers.get("last-modified"),
            "hash": answer.hash,
        }
        fresh = {name: value for name, value in made.items() if value}
        return Response(
            answer.status,
            answer.headers,
            answer.body,
            answer.url,
            unchanged=known.get("hash") == fresh["hash"],
            validators=fresh,
            asked=url,
        )

    def _status_error(self, answer: _Attempt, url: str) -> SourceError:
        status = answer.status
        if status == 429:
            wait = _retry_after(answer.headers)
            error = self._error("E-TRK-002", url=url, status=status, wait=round(wait or self.limits.longest_wait))
            error.retry_after = wait
            return error
        if status in {403, 406} and is_firewall(answer.body):
            return self._error("E-TRK-020", url=url, status=status)
        code = {401: "E-TRK-003", 403: "E-TRK-003", 404: "E-TRK-004", 410: "E-TRK-004"}.get(status)
        return self._error(code or ("E-TRK-005" if status >= 500 else "E-TRK-006"), url=url, status=status)

    def _error(self, code: str, *, status: int | None = None, **params: Any) -> SourceError:
        shown = {name: self.conceal(value) for name, value in params.items()}
        if status is not None:
            shown["status"] = status
        error = SourceError(code, **shown)
        error.status = status
        return error

    def _host(self, host: str) -> str:
        """A host as an error may name it; a redirect's is the source's own words, always in small letters."""
        for known in sorted(self.auth.values, key=len, reverse=True):
            host = host.replace(known.lower(), HIDDEN)
        return shown_host(host)

    def conceal(self, value: Any) -> Any:
        """A value to be shown, with every secret of this client struck from it."""
        if not isinstance(value, str):
            return value
        tokens = [token for token, _ in self._tokens.values()]
        for known in sorted((*self.auth.values, *tokens), key=len, reverse=True):
            value = value.replace(known, HIDDEN)
        return value

    def _pace(self, url: str, limits: Limits) -> None:
        if limits.requests_per_second <= 0:
            return
        host = urlsplit(url).netloc
        now = self._clock()
        due = self._next_at.get(host, now)
        if due > now:
            self._sleep(due - now)
        self._next_at[host] = max(due, now) + 1 / limits.requests_per_second

    def _token(self, way: OAuth2, limits: Limits) -> str:
        """The access token of one way to log in, fetched when there is none that lasts (RFC 6749 §4.4)."""
        token, until = self._tokens.get(way, ("", 0.0))
        if self._clock() < until:
            return token
        url = check_url(way.token_url)
        form = {"grant_type": "client_credentials"} | ({"scope": way.scope} if way.scope else {})
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        basic = Credentials(urllib3.make_headers(basic_auth=f"{way.client_id}:{way.client_secret}"))
        bounds = replace(limits, max_bytes=min(limits.max_bytes, 1_000_000))
        answer = self._repeat(
            _Request("POST", url, urlencode(form).encode(), headers, basic, bounds, _origin(url), url)
        )
        granted = self._judge(answer, None, way.token_url).json()
        if not isinstance(granted, dict) or not isinstance(granted.get("access_token"), str):
            raise self._error("E-TRK-003", url=way.token_url, status=answer.status)
        try:
            seconds = float(granted.get("expires_in") or 300)
        except (TypeError, ValueError):
            seconds = 300.0
        token = granted["access_token"]
        self._tokens[way] = token, self._clock() + max(seconds - TOKEN_MARGIN, 0.0)
        return token


@functools.cache
def _public_trust() -> ssl.SSLContext:
    """The public authorities, read once for all clients: reading them takes 17 ms."""
    return ssl.create_default_context(cafile=certifi.where())


def _backoff(limits: Limits, number: int) -> float:
    spread = random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, hides nothing
    return limits.backoff * 2 ** (number - 1) * spread


def _conditions(validators: Mapping[str, str] | None) -> dict[str, str]:
    known = validators or {}
    pairs = (("If-None-Match", known.get("etag")), ("If-Modified-Since", known.get("last_modified")))
    return {name: value for name, value in pairs if value and value.isprintable()}


def _own(headers: Mapping[str, str] | None, *, home: bool) -> Mapping[str, str]:
    """What a source's own headers add: to another origin, where its answers may lead, none that could be a key."""
    given = headers or {}
    return given if home else {name: value for name, value in given.items() if name.lower() == "accept"}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header (RFC 9110 §10.2.3: a number, or a date); None where none can be read."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return max((when - datetime.now(timezone.utc)).total_seconds(), 0.0)
