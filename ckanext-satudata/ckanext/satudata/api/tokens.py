"""Access tokens: JWT of type `at+jwt` (RFC 9068) signed with Ed25519, verified without a database.

Strict by RFC 8725: one algorithm, one type, a `kid` that is only ever a key of a dict, and no other header at all.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from ckanext.satudata.api import keys, settings

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
REQUIRED = ["exp", "iat", "iss", "aud", "sub", "jti"]
#: How many verified tokens a process remembers, so that a signature is checked once and not at every request.
REMEMBERED = 4096


class TokenError(ValueError):
    """Not a token of ours, or no longer one. Says no more: every forgery gets the same answer."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says; times are seconds since 1970 (UTC)."""

    client_id: str
    jti: str
    scopes: frozenset[str]
    org_id: str | None
    granted: frozenset[str]
    expires: int


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token and what its holder is told of it."""

    token: str
    claims: Claims


_verified: dict[str, tuple[keys.KeyRing, str, Claims]] = {}


def issue(
    client_id: str,
    scopes: Iterable[str],
    *,
    org_id: str | None = None,
    granted: Iterable[str] = (),
    lifetime: int | None = None,
) -> Issued:
    """Sign a token for a client; `lifetime` in seconds, the configured one unless said otherwise."""
    ring = keys.ring()
    now = int(time.time())
    claims = Claims(
        client_id=client_id,
        jti=secrets.token_urlsafe(16),
        scopes=frozenset(scopes),
        org_id=org_id,
        granted=frozenset(granted),
        expires=now + (settings.token_lifetime() if lifetime is None else lifetime),
    )
    payload: dict[str, Any] = {
        "iss": settings.issuer(),
        "aud": settings.issuer(),
        "sub": client_id,
        "client_id": client_id,
        "jti": claims.jti,
        "iat": now,
        "exp": claims.expires,
        "scope": " ".join(sorted(claims.scopes)),
    }
    if org_id:
        payload["org"] = org_id
    if claims.granted:
        payload["granted"] = sorted(claims.granted)
    token = jwt.encode(
        payload, ring.private[ring.newest], algorithm=ALGORITHM, headers={"kid": ring.newest, "typ": TYPE}
    )
    return Issued(token, claims)


def is_ours(token: str) -> bool:
    """Whether a bearer calls itself one of our access tokens; CKAN's own API tokens do not."""
    if token in _verified:
        return True
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        return False
    return str(header.get("typ", "")).lower() in {TYPE, f"application/{TYPE}"}


def verify(token: str) -> Claims:
    """What a token says, when everything about it is as it must be; raises `TokenError`."""
    ring, issuer = keys.ring(), settings.issuer()
    known = _verified.get(token)
    if known is not None and known[0] is ring and known[1] == issuer:
        claims = known[2]
    else:
        claims = _check(token, ring, issuer)
        while len(_verified) >= REMEMBERED:
            _verified.pop(next(iter(_verified)), None)
        _verified[token] = (ring, issuer, claims)
    if claims.expires <= time.time():
        _verified.pop(token, None)
        raise TokenError
    return claims


def _check(token: str, ring: keys.KeyRing, issuer: str) -> Claims:
    try:
        header = jwt.get_unverified_header(token)
        key = _key(header, ring)
        payload = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=issuer,
            issuer=issuer,
            options={"require": REQUIRED, "enforce_minimum_key_length": True, "strict_aud": True},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise TokenError from error
    return _claims(payload)


def _key(header: Mapping[str, Any], ring: keys.KeyRing) -> Any:
    kid = header.get("kid")
    if set(header) != {"alg", "typ", "kid"} or header["alg"] != ALGORITHM or header["typ"] != TYPE:
        raise TokenError
    if not isinstance(kid, str):
        raise TokenError
    if kid not in ring.public:
        keys.look_again()
        ring = keys.ring()
    if kid not in ring.public:
        raise TokenError
    return ring.public[kid]


def _claims(payload: Mapping[str, Any]) -> Claims:
    client_id, jti, scope = payload.get("client_id"), payload["jti"], payload.get("scope")
    org, granted = payload.get("org"), payload.get("granted", [])
    if not (isinstance(client_id, str) and client_id == payload["sub"] and isinstance(jti, str)):
        raise TokenError
    if not isinstance(scope, str) or not (org is None or isinstance(org, str)) or not isinstance(granted, list):
        raise TokenError
    return Claims(client_id, jti, frozenset(scope.split()), org, frozenset(map(str, granted)), int(payload["exp"]))
