"""Applications that use the API: registered by an administrator, known by an id and a secret that is shown once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ckan import model
from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.orm import Session

from ckanext.satudata.api import guard, tokens
from ckanext.satudata.catalog import roles, tables

SCOPES = ("catalog:read", "dataset:read", "dataset:write", "harvest:run", "source:manage", "review", "admin")


class ClientRefused(ValueError):  # noqa: N818 - what happened, as the caller is told
    """A client cannot be made or is not known; `code` and `params` say why."""

    def __init__(self, code: str, **params: str) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{code} {params}")


@dataclass(frozen=True, slots=True)
class Client:
    """A registered application; without an `organization_id` it acts for the whole catalogue."""

    id: str
    name: str
    organization_id: str | None
    scopes: tuple[str, ...]
    granted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A client with the secret that is never shown again."""

    client: Client
    secret: str = field(repr=False)


def add(
    session: Session,
    *,
    name: str,
    scopes: Iterable[str],
    organization: str | None = None,
    granted: Iterable[str] = (),
    actor: str | None = None,
) -> NewSecret:
    """Register a client and commit.

    `organization` (id or name) confines it to one OPD; `granted` lists OPDs whose `terbatas` datasets it may read.
    Raises `ClientRefused` for an unknown scope or organisation and for a name that is taken.
    """
    wanted = tuple(dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise ClientRefused("E-API-440", scope=", ".join(unknown), known=", ".join(SCOPES))
    if session.execute(select(tables.client.c.id).where(tables.client.c.name == name)).first():
        raise ClientRefused("E-API-441", name=name)
    client = Client(
        id=f"{roles.CLIENT_PREFIX}{secrets.token_hex(8)}",
        name=name,
        organization_id=_organization(session, organization) if organization else None,
        scopes=wanted,
        granted=tuple(_organization(session, one) for one in granted),
    )
    secret = secrets.token_urlsafe(32)
    session.execute(
        insert(tables.client).values(
            id=client.id,
            name=name,
            organization_id=client.organization_id,
            scopes=list(wanted),
            granted=list(client.granted),
            secret_hash=_hashed(secret),
            created_by=actor,
        )
    )
    record(session, actor, "client.add", client.id, details={"name": name, "scopes": list(wanted)})
    session.commit()
    return NewSecret(client, secret)


def listing(session: Session) -> Sequence[Row[Any]]:
    """Every client with its scopes, OPD, uses and times; never a secret."""
    columns = [column for column in tables.client.c if column.name != "secret_hash"]
    return session.execute(select(*columns).order_by(tables.client.c.name)).all()


def rotate(session: Session, id_or_name: str, *, actor: str | None = None) -> NewSecret:
    """Give a client a new secret and commit; tokens already issued live on until they expire."""
    client = find(session, id_or_name)
    secret = secrets.token_urlsafe(32)
    session.execute(update(tables.client).where(tables.client.c.id == client.id).values(secret_hash=_hashed(secret)))
    record(session, actor, "client.rotate", client.id)
    session.commit()
    return NewSecret(client, secret)


def revoke(session: Session, id_or_name: str, *, actor: str | None = None) -> None:
    """Take a client back, with every token it holds, from this moment on; commits."""
    client = find(session, id_or_name)

    def keep() -> None:
        session.execute(update(tables.client).where(tables.client.c.id == client.id).values(revoked_at=_now()))
        record(session, actor, "client.revoke", client.id)
        session.commit()

    guard.revoke([guard.member("client", client.id)], keep)


def find(session: Session, id_or_name: str) -> Client:
    """The client of that id or name that has not been revoked; raises `ClientRefused`."""
    asked = or_(tables.client.c.id == id_or_name, tables.client.c.name == id_or_name)
    row = session.execute(select(tables.client).where(asked, tables.client.c.revoked_at.is_(None))).first()
    if row is None:
        raise ClientRefused("E-API-442", name=id_or_name)
    return _client(row)


def authenticate(session: Session, client_id: str, secret: str) -> Client | None:
    """The client whose id and secret these are, or None; takes as long for an unknown id as for a wrong secret."""
    asked = select(tables.client).where(tables.client.c.id == client_id, tables.client.c.revoked_at.is_(None))
    row = session.execute(asked).first()
    matches = _matches(secret, row.secret_hash if row else _hashed(""))
    return _client(row) if row is not None and matches else None


def issue_token(session: Session, client: Client | str, scopes: Iterable[str] | None = None) -> str:
    """An access token for a client (itself, its id or name) with these of its scopes, all of them by default; commits.

    For who needs no secret because they administer the catalogue. Raises `ClientRefused`.
    """
    holder = find(session, client) if isinstance(client, str) else client
    wanted = set(holder.scopes if scopes is None else scopes)
    if not wanted <= set(holder.scopes):
        raise ClientRefused("E-API-440", scope=", ".join(sorted(wanted - set(holder.scopes))), known=" ".join(SCOPES))
    issued = tokens.issue(holder.id, wanted, org_id=holder.organization_id, granted=holder.granted)
    record(session, holder.id, "token.issue", issued.claims.jti, details={"scopes": sorted(wanted)})
    session.commit()
    return issued.token


def revoke_token(session: Session, jti: str, client_id: str, expires: float) -> None:
    """Take one access token back from this moment on; commits. `expires` in seconds since 1970."""
    until = datetime.fromtimestamp(expires, timezone.utc)

    def keep() -> None:
        known = select(tables.revocation.c.jti).where(tables.revocation.c.jti == jti)
        if session.execute(known).first() is None:
            session.execute(insert(tables.revocation).values(jti=jti, client_id=client_id, expires=until))
        record(session, client_id, "token.revoke", jti)
        session.commit()

    guard.revoke([guard.member("token", jti)], keep)


def upkeep(session: Session) -> None:
    """Write the uses counted in Redis to the clients and drop revocations that have outlived their tokens; commits.

    To be called about once a minute.
    """
    for user, count in guard.take_uses().items():
        for table in (tables.client, tables.key):
            counted = {"uses": table.c.uses + count, "last_used": _now()}
            session.execute(update(table).where(table.c.id == user).values(**counted))
    expired = tables.revocation.delete().where(tables.revocation.c.expires < _now()).returning(tables.revocation.c.jti)
    gone = [guard.member("token", row.jti) for row in session.execute(expired)]
    session.commit()
    guard.forget(gone)


def record(
    session: Session,
    actor: str | None,
    action: str,
    object_id: str | None,
    *,
    outcome: str = "ok",
    details: dict[str, Any] | None = None,
    request_id: str | None = None,
) -> None:
    """An entry in the audit log about access; the caller commits."""
    session.execute(
        insert(tables.audit).values(
            actor=actor,
            action=action,
            object_type=action.split(".", maxsplit=1)[0],
            object_id=object_id,
            outcome=outcome,
            details=details or {},
            request_id=request_id,
        )
    )


def _client(row: Any) -> Client:
    return Client(row.id, row.name, row.organization_id, tuple(row.scopes), tuple(row.granted))


def _organization(session: Session, id_or_name: str) -> str:
    group = model.Group.__table__
    asked = or_(group.c.id == id_or_name, group.c.name == id_or_name)
    row = session.execute(
        select(group.c.id).where(asked, group.c.is_organization.is_(True), group.c.state == "active")
    ).first()
    if row is None:
        raise ClientRefused("E-API-443", name=id_or_name)
    return str(row.id)


def _hashed(secret: str, salt: str | None = None) -> str:
    """Keyed hash of a secret of 256 random bits, for which a slow hash would add nothing but load."""
    salt = salt or secrets.token_hex(16)
    return f"hmac-sha256${salt}${hmac.new(salt.encode(), secret.encode(), hashlib.sha256).hexdigest()}"


def _matches(secret: str, stored: str) -> bool:
    return hmac.compare_digest(_hashed(secret, stored.split("$")[1]), stored)


def _now() -> datetime:
    return datetime.now(timezone.utc)
