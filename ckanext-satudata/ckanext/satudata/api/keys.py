"""The keys that sign access tokens: one Ed25519 key a file of mode 600, newest signs, all verify.

Rotation needs no outage: a new key signs from its first moment, older ones are served in the JWKS and verify until the
last token they signed has expired.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ckanext.satudata.api import settings


class KeyFolderError(RuntimeError):
    """The folder of keys is not set, not writable, or readable by others than the service."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys at hand, by `kid`; the newest one signs."""

    newest: str
    private: Mapping[str, Ed25519PrivateKey] = field(repr=False)
    public: Mapping[str, Ed25519PublicKey]
    stamp: int


#: Seconds for which the folder is taken to be as it was; a key that is not known is looked for at once.
LOOK_AGAIN = 1.0
_rings: dict[Path, tuple[KeyRing, float]] = {}


def ring() -> KeyRing:
    """The present keys; one is made where there is none. The folder is read again only when it has changed."""
    folder = settings.keys_dir()
    if folder is None:
        raise KeyFolderError("ckanext.satudata.api.keys_dir is not set")
    known, looked = _rings.get(folder, (None, 0.0))
    now = time.monotonic()
    if known is not None and (now - looked < LOOK_AGAIN or _stamp(folder) == known.stamp):
        if now - looked >= LOOK_AGAIN:
            _rings[folder] = (known, now)
        return known
    loaded = _load(folder) or _first(folder)
    _rings[folder] = (loaded, now)
    return loaded


def look_again() -> None:
    """Read the folder at the next need, because a `kid` is not known or a key was made."""
    _rings.clear()


def rotate(now: float | None = None) -> str:
    """Make a new signing key and drop those that no living token can have been signed with; returns its `kid`."""
    present = ring()
    folder = settings.keys_dir()
    assert folder is not None  # noqa: S101 - `ring` has refused otherwise
    moment = time.time() if now is None else now
    kids = sorted(present.private)
    for older, successor in pairwise(kids):
        if _made(folder, successor) + settings.token_lifetime() < moment:
            (folder / f"{older}.pem").unlink(missing_ok=True)
    kid = _generate(folder)
    look_again()
    return kid


def jwks() -> dict[str, Any]:
    """The public keys as a JSON Web Key Set (RFC 7517, RFC 8037)."""
    keys = [
        {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": _base64(key.public_bytes_raw())}
        for kid, key in sorted(ring().public.items(), reverse=True)
    ]
    return {"keys": keys}


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _stamp(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return -1


def _made(folder: Path, kid: str) -> float:
    return (folder / f"{kid}.pem").stat().st_mtime


def _load(folder: Path) -> KeyRing | None:
    stamp = _stamp(folder)
    private = {path.stem: _read(path) for path in sorted(folder.glob("*.pem"))} if stamp >= 0 else {}
    if not private:
        return None
    return KeyRing(max(private), private, {kid: key.public_key() for kid, key in private.items()}, stamp)


def _read(path: Path) -> Ed25519PrivateKey:
    with path.open("rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise KeyFolderError(f"{path.name} must be of mode 600")
        key = serialization.load_pem_private_key(file.read(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFolderError(f"{path.name} is no Ed25519 key")
    return key


def _first(folder: Path) -> KeyRing:
    """The first key; a lock keeps two workers that start together from making one each."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _load(folder) is None:
                _generate(folder)
    except OSError as error:
        raise KeyFolderError(f"the folder of keys cannot be used: {error.strerror}") from error
    loaded = _load(folder)
    if loaded is None:
        raise KeyFolderError("no key could be made")
    return loaded


def _generate(folder: Path) -> str:
    kid = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = folder / f".{kid}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    draft.rename(folder / f"{kid}.pem")
    return kid
