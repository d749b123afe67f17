"""Long-lived keys for people with pandas, R or Power Query: they read what is published, and nothing else.

A key is shown once and stored as a hash. It is accepted as bearer, and taken back at once like a token.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, insert, or_, select, update
from sqlalchemy.orm import Session

from ckanext.satudata.api import database, guard
from ckanext.satudata.api.clients import ClientRefused, record
from ckanext.satudata.catalog import tables

PREFIX = "sdk_"
SCOPES = ("catalog:read",)
REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key with the value that is never shown again."""

    id: str
    name: str
    value: str = field(repr=False)


#: Hash of a key -> its id. What was taken back is known from Redis, so that a key is looked up once a process.
_known: dict[str, str] = {}


def add(session: Session, *, name: str, user_id: str | None = None, actor: str | None = None) -> NewKey:
    """Make a key and commit. `user_id` is the person it is for, if one with an account."""
    made = NewKey(f"key-{secrets.token_hex(8)}", name, PREFIX + secrets.token_urlsafe(32))
    hashed = _hashed(made.value)
    session.execute(
        insert(tables.key).values(id=made.id, name=name, user_id=user_id, scopes=list(SCOPES), key_hash=hashed)
    )
    record(session, actor, "key.add", made.id)
    session.commit()
    return made


def listing(session: Session) -> Sequence[Row[Any]]:
    """Every key with its uses and times, never its value."""
    columns = [column for column in tables.key.c if column.name != "key_hash"]
    return session.execute(select(*columns).order_by(tables.key.c.created)).all()


def revoke(session: Session, id_or_name: str, *, actor: str | None = None) -> None:
    """Take back the key of that id, or every key of that name, from this moment on; commits."""
    key = tables.key.c
    asked = select(key.id).where(or_(key.id == id_or_name, key.name == id_or_name), key.revoked_at.is_(None))
    ids = list(session.execute(asked).scalars())
    if not ids:
        raise ClientRefused("E-API-442", name=id_or_name)

    def keep() -> None:
        session.execute(update(tables.key).where(key.id.in_(ids)).values(revoked_at=func.now()))
        for id_ in ids:
            record(session, actor, "key.revoke", id_)
        session.commit()

    guard.revoke([guard.member("key", id_) for id_ in ids], keep)


def is_key(bearer: str) -> bool:
    """Whether a bearer calls itself a reading key."""
    return bearer.startswith(PREFIX)


def holder(bearer: str) -> str | None:
    """The id of a key, None for one that never was; whether it was taken back is for the guard to say."""
    hashed = _hashed(bearer)
    if hashed not in _known:
        found = database.rows(select(tables.key.c.id).where(tables.key.c.key_hash == hashed))
        if not found:
            return None
        while len(_known) >= REMEMBERED:
            _known.pop(next(iter(_known)), None)
        _known[hashed] = found[0].id
    return _known[hashed]


def _hashed(value: str) -> str:
    """SHA-256: a key has 256 random bits, which no dictionary holds."""
    return hashlib.sha256(value.encode()).hexdigest()
