"""Tokens as a forger would make them, from the public keys and a token's shape; and those that were good once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jwt
from ckan.common import config
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BASE = "/api/satudata/v1"
Tools = SimpleNamespace


def tools(client_id: str, scope: str = "catalog:read") -> Tools:
    """What a forger has: the public key and a token's shape; and, for tokens that must expire, the real key."""
    from ckanext.satudata.api import keys

    ring = keys.ring()
    issuer = f"{config['ckan.site_url']}{BASE}"
    now = int(time.time())
    payload = {
        "iss": issuer,
        "aud": issuer,
        "sub": client_id,
        "client_id": client_id,
        "jti": "x",
        "iat": now,
        "exp": now + 600,
        "scope": scope,
    }
    public = ring.public[ring.newest]
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return SimpleNamespace(kid=ring.newest, real=ring.private[ring.newest], payload=payload, pem=pem, public=public)


def signed(payload: Any, key: Any, kid: Any, *, alg: str = "EdDSA", typ: str = "at+jwt", **header: Any) -> str:
    """A token signed with a key."""
    return jwt.encode(payload, key, algorithm=alg, headers={"kid": kid, "typ": typ, **header})


def raw(header: Any, payload: Any, signature: bytes = b"") -> str:
    """A token put together by hand."""
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _hs256_with_public_key(forger: Tools) -> str:
    # PyJWT refuses to sign with a PEM, so the forger's token is made by hand.
    unsigned = raw({"alg": "HS256", "typ": "at+jwt", "kid": forger.kid}, forger.payload).rsplit(".", 1)[0]
    mac = hmac.new(forger.pem, unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


FORGED: dict[str, Callable[[Tools], str]] = {
    "nothing": lambda _: "x",
    "three dots": lambda _: "..",
    "expired": lambda f: signed({**f.payload, "exp": int(time.time()) - 1}, f.real, f.kid),
    "wrong audience": lambda f: signed({**f.payload, "aud": "https://lain.example"}, f.real, f.kid),
    "several audiences": lambda f: signed({**f.payload, "aud": [f.payload["aud"], "x"]}, f.real, f.kid),
    "wrong issuer": lambda f: signed({**f.payload, "iss": "https://lain.example"}, f.real, f.kid),
    "wrong key": lambda f: signed(f.payload, Ed25519PrivateKey.generate(), f.kid),
    "no expiry": lambda f: signed({k: v for k, v in f.payload.items() if k != "exp"}, f.real, f.kid),
    "no token id": lambda f: signed({k: v for k, v in f.payload.items() if k != "jti"}, f.real, f.kid),
    "issued in the future": lambda f: signed({**f.payload, "iat": int(time.time()) + 900}, f.real, f.kid),
    "subject of another": lambda f: signed({**f.payload, "sub": "lain"}, f.real, f.kid),
    "alg none": lambda f: raw({"alg": "none", "typ": "at+jwt", "kid": f.kid}, f.payload),
    "alg None": lambda f: raw({"alg": "None", "typ": "at+jwt", "kid": f.kid}, f.payload),
    "no alg": lambda f: raw({"typ": "at+jwt", "kid": f.kid}, f.payload),
    "HS256 with the public key": _hs256_with_public_key,
    "plain JWT type": lambda f: signed(f.payload, f.real, f.kid, typ="JWT"),
    "unknown kid": lambda f: signed(f.payload, f.real, "lain"),
    "kid as path": lambda f: signed(f.payload, f.real, "../../../../dev/null"),
    "kid as SQL": lambda f: signed(f.payload, f.real, "' OR 1=1 --"),
    "kid as number": lambda f: raw({"alg": "EdDSA", "typ": "at+jwt", "kid": 1}, f.payload, b"x" * 64),
    "kid as list": lambda f: raw({"alg": "EdDSA", "typ": "at+jwt", "kid": [f.kid]}, f.payload, b"x" * 64),
    "own jwk": lambda f: signed(f.payload, f.real, f.kid, jwk={"kty": "OKP"}),
    "jku": lambda f: signed(f.payload, f.real, f.kid, jku="https://lain.example/jwks"),
    "crit": lambda f: signed(f.payload, f.real, f.kid, crit=["x"], x=1),
    "no kid": lambda f: raw({"alg": "EdDSA", "typ": "at+jwt"}, f.payload, b"x" * 64),
    "payload no object": lambda f: raw({"alg": "EdDSA", "typ": "at+jwt", "kid": f.kid}, [], b"x" * 64),
}
