"""Tokens: OAuth 2.0 client credentials (RFC 6749 §4.4), revocation (RFC 7009) and the public keys (RFC 7517)."""

from __future__ import annotations

import base64
import binascii
import urllib.parse
from typing import Any

from flask import Response, g, request

from ckanext.satudata.api import access, addresses, answering, clients, database, guard, keys, settings, tokens
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.problems import Problem
from ckanext.satudata.api.routing import route

FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Refusal(Exception):  # noqa: N818 - the RFC's answer, no fault of ours
    """An error as RFC 6749 §5.2 answers it."""

    def __init__(self, error: str, status: int = 400) -> None:
        self.error = error
        self.status = status
        super().__init__(error)


@route("/oauth/token", scope=None, methods=("POST",), counted=False)
def token(_caller: Caller, _values: dict[str, Any]) -> Response:
    """An access token for a client's id and secret, sent as Basic credentials or in the form."""
    try:
        _within_rate()
        client_id, secret = _credentials()
        return _issue(client_id, secret)
    except Refusal as refusal:
        return _refused(refusal)
    except Problem as problem:  # a service that is gone, or the rate
        error = "temporarily_unavailable" if problem.status == 503 else "slow_down"
        response = _refused(Refusal(error, problem.status))
        response.headers.update(problem.headers)
        return response


@route("/oauth/revoke", scope=None, methods=("POST",), counted=False)
def revoke(_caller: Caller, _values: dict[str, Any]) -> Response:
    """Take a token back. A token that is not one of the client's is answered the same way: 200."""
    try:
        _within_rate()
        client_id, secret = _credentials()
        return _take_back(client_id, secret)
    except Refusal as refusal:
        return _refused(refusal)
    except database.GONE:
        return _refused(Refusal("temporarily_unavailable", 503))
    except Problem as problem:
        response = _refused(Refusal("temporarily_unavailable", problem.status))
        response.headers.update(problem.headers)
        return response


@route("/.well-known/jwks.json", scope=None, counted=False)
def jwks(_caller: Caller, _values: dict[str, Any]) -> Response:
    """The public keys with which anyone may verify our tokens."""
    response = answering.document(keys.jwks(), content_type="application/jwk-set+json")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@route("/.well-known/oauth-authorization-server", scope=None, counted=False)
def metadata(_caller: Caller, _values: dict[str, Any]) -> Response:
    """What a client library needs to know (RFC 8414)."""
    issuer = settings.issuer()
    response = answering.document(
        {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": list(clients.SCOPES),
            "response_types_supported": [],
        }
    )
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _within_rate() -> None:
    # Counted apart from anonymous reading, so that a client's guesses do not lock its readers out, nor they it.
    passage = guard.check(f"token:{addresses.caller()}")
    access.within(passage, settings.anonymous_rate_limit())


def _issue(client_id: str, secret: str) -> Response:
    if _form("grant_type") != "client_credentials":
        raise Refusal("unsupported_grant_type" if _form("grant_type") else "invalid_request")
    session = database.session()
    try:
        client = clients.authenticate(session, client_id, secret)
        granted = access.granted(client.scopes, _form("scope") or None) if client else None
        if client is None or granted is None:
            outcome = "invalid_client" if client is None else "invalid_scope"
            _audit(client_id, outcome)
            raise Refusal(outcome, 401 if client is None else 400)
        issued = tokens.issue(client.id, granted, org_id=client.organization_id, granted=client.granted)
        clients.record(
            session,
            client.id,
            "token.issue",
            issued.claims.jti,
            details={"scopes": sorted(granted)},
            request_id=g.request_id,
        )
        session.commit()
    except database.GONE as error:
        raise Refusal("temporarily_unavailable", 503) from error
    response = answering.document(
        {
            "access_token": issued.token,
            "token_type": "Bearer",
            "expires_in": settings.token_lifetime(),
            "scope": " ".join(sorted(granted)),
        }
    )
    response.headers.update(NO_STORE)
    return response


def _take_back(client_id: str, secret: str) -> Response:
    session = database.session()
    client = clients.authenticate(session, client_id, secret)
    if client is None:
        raise Refusal("invalid_client", 401)
    try:
        claims = tokens.verify(_form("token"))
    except tokens.TokenError:
        claims = None
    if claims is not None and claims.client_id == client.id:
        clients.revoke_token(session, claims.jti, client.id, claims.expires)
    return Response(status=200, headers=NO_STORE)


def _audit(client_id: str, outcome: str) -> None:
    session = database.session()
    known = client_id if len(client_id) <= 64 and client_id.isprintable() else None
    clients.record(session, known, "token.issue", None, outcome=outcome, request_id=g.request_id)
    session.commit()


def _credentials() -> tuple[str, str]:
    if request.mimetype != FORM:
        raise Refusal("invalid_request")
    header = request.headers.get("Authorization")
    if header is not None:
        if _form("client_secret"):
            raise Refusal("invalid_request")  # RFC 6749 §2.3: one method at a time
        return _basic(header)
    client_id, secret = _form("client_id"), _form("client_secret")
    if not client_id or not secret:
        raise Refusal("invalid_client", 401)
    return client_id, secret


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refusal("invalid_client", 401) from error
    if scheme.lower() != "basic" or ":" not in decoded:
        raise Refusal("invalid_client", 401)
    client_id, secret = (urllib.parse.unquote_plus(part) for part in decoded.split(":", 1))
    if "\x00" in client_id:
        raise Refusal("invalid_client", 401)
    return client_id, secret


def _form(name: str) -> str:
    sent = request.form.getlist(name)
    if len(sent) > 1:
        raise Refusal("invalid_request")
    value = sent[0] if sent else ""
    if "\x00" in value:
        raise Refusal("invalid_request")
    return value


def _refused(refusal: Refusal) -> Response:
    response = answering.document({"error": refusal.error})
    response.status_code = refusal.status
    response.headers.update(NO_STORE)
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = f'Basic realm="{access.REALM}"'
    if refusal.status == 503:
        response.headers["Retry-After"] = "5"
    return response
