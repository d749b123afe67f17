"""Who calls: bearer tokens of ours, CKAN's own API tokens, or nobody; and what they may do.

A bearer that is anything but valid is refused with the same 401, whatever is wrong with it; it never becomes anonymous.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ckan import model
from ckan.lib import api_token
from ckan.lib.plugins import get_permission_labels
from flask import g, request
from sqlalchemy import select

from ckanext.satudata.api import addresses, database, guard, reading_keys, settings, tokens
from ckanext.satudata.api.problems import Problem, Unavailable
from ckanext.satudata.catalog import hidden, roles
from ckanext.satudata.catalog.search import Reader

REALM = "satudata"
#: Scopes that `anonymous_read` opens.
READ_SCOPES = frozenset({"catalog:read"})
PUBLIC_LABELS = ("public",)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes the request. `org_id` confines writing to one OPD; `labels` say which datasets may be seen."""

    client_id: str
    org_id: str | None
    labels: tuple[str, ...]
    scopes: frozenset[str] = frozenset()
    user_id: str | None = None
    reader: Reader = field(default_factory=Reader)

    @property
    def actor(self) -> str:
        """Who is named in records and the audit log: the person behind a token of CKAN's, or the client."""
        return self.user_id or self.client_id

    def reads_inside(self, owner_org: str) -> bool:
        """Whether what an OPD and the Walidata know of a dataset of this owner is for the caller: issues, history."""
        return self.reader.everything or owner_org in self.reader.own

    @property
    def is_anonymous(self) -> bool:
        """Whether the request came without any credentials."""
        return not self.client_id


ANONYMOUS = Caller("", None, PUBLIC_LABELS, READ_SCOPES)


def require(scope: str, *others: str) -> Caller:
    """The caller of the present request, who holds `scope` or one of the others; answers 401, 403, 429 or 503
    otherwise.
    """
    header = request.headers.get("Authorization")
    if header is None:
        if settings.anonymous_read() and not READ_SCOPES.isdisjoint((scope, *others)):
            return public()
        raise unauthorized()
    caller = _behind(_bearer(header))
    if caller.scopes.isdisjoint((scope, *others)):
        challenge = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{scope}"'
        raise Problem(403, params={"scope": scope}, headers={"WWW-Authenticate": challenge})
    return caller


def public(*, bulk: bool = False) -> Caller:
    """The caller of a route that needs no token, counted by address; a bearer sent all the same must be valid."""
    header = request.headers.get("Authorization")
    if header is not None:
        return _behind(_bearer(header))
    count_address(bulk=bulk)
    return ANONYMOUS


def count_address(*, bulk: bool = False) -> None:
    """Count a request without a token against the rate of its address; `bulk` reading has a rate of its own."""
    passage = guard.check(f"{'bulk' if bulk else 'ip'}:{addresses.caller()}")
    within(passage, settings.rate_limit() if bulk else settings.anonymous_rate_limit())


def unauthorized(error: str | None = "invalid_token") -> Problem:
    """The one 401 for everything that is wrong with a bearer, or for none at all."""
    missing = "Authorization" not in request.headers
    challenge = f'Bearer realm="{REALM}"' + ("" if missing else f', error="{error}"')
    return Problem(401, headers={"WWW-Authenticate": challenge})


def hidden_ids() -> list[str]:
    """Datasets that no search may show, as read with the token's revocation; from the outbox when Redis lacks them."""
    known: list[str] | None = g.get("hidden")
    return hidden.ids() if known is None else known


def within(passage: guard.Passage, limit: int) -> None:
    """Leave the rate for the answer's headers; 429 when it is exceeded."""
    g.hidden = passage.hidden
    g.rate = (limit, max(0, limit - passage.count), max(0, passage.reset))
    if passage.count > limit:
        retry = max(1, passage.reset)
        raise Problem(429, params={"limit": limit, "retry": retry}, headers={"Retry-After": str(retry)})


def _behind(token: str) -> Caller:
    if reading_keys.is_key(token):
        return _reader(token)
    return _client(token) if tokens.is_ours(token) else _user(token)


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > 8192:
        raise unauthorized()
    return token


def _client(token: str) -> Caller:
    try:
        claims = tokens.verify(token)
    except tokens.TokenError as error:
        raise unauthorized() from error
    members = (guard.member("token", claims.jti), guard.member("client", claims.client_id))
    passage = guard.check(f"client:{claims.client_id}", members=members, user=claims.client_id)
    if passage.revoked:
        raise unauthorized()
    g.client_id = claims.client_id
    within(passage, settings.rate_limit())
    return _caller_of(claims)


def _reader(key: str) -> Caller:
    id_ = reading_keys.holder(key)
    if id_ is None:
        count_address()  # a guess costs a look into the table
        raise unauthorized()
    passage = guard.check(f"key:{id_}", members=(guard.member("key", id_),), user=id_)
    if passage.revoked:
        raise unauthorized()
    g.client_id = id_
    within(passage, settings.rate_limit())
    return Caller(id_, None, PUBLIC_LABELS, frozenset(reading_keys.SCOPES))


def _caller_of(claims: tokens.Claims) -> Caller:
    inside = "dataset:read" in claims.scopes
    own = frozenset({claims.org_id}) if inside and claims.org_id else frozenset()
    labels = (*PUBLIC_LABELS, *(f"member-{org}" for org in sorted(own)))
    reader = Reader(labels, own=own, granted=claims.granted, everything=inside and claims.org_id is None)
    return Caller(claims.client_id, claims.org_id, labels, claims.scopes, reader=reader)


def _user(token: str) -> Caller:
    """The person behind one of CKAN's API tokens, with that person's rights."""
    try:
        row = _user_row(token)
        if row is None:
            raise unauthorized()
        passage = guard.check(f"user:{row.id}")
        within(passage, settings.rate_limit())
        g.client_id = f"user:{row.id}"
        return _caller_of_user(database.session(), row.id, is_sysadmin=row.sysadmin)
    except database.GONE as error:
        raise Unavailable("postgres") from error


def _user_row(token: str) -> Any:
    decoded = api_token.decode(token)
    jti = decoded.get("jti") if decoded else None
    if not isinstance(jti, str):
        return None
    user, known = model.User.__table__, model.ApiToken.__table__
    asked = select(user.c.id, user.c.sysadmin).join_from(known, user, known.c.user_id == user.c.id)
    found = database.rows(asked.where(known.c.id == jti, user.c.state == "active"))
    return found[0] if found else None


def _caller_of_user(session: Any, user_id: str, *, is_sysadmin: bool) -> Caller:
    user = session.get(model.User, user_id)
    labels = tuple(get_permission_labels().get_user_dataset_labels(user))
    own = frozenset(label.removeprefix("member-") for label in labels if label.startswith("member-"))
    walidata = roles.is_walidata(session, user_id)
    scopes = {"catalog:read", "dataset:read"}
    if roles.organizations_of(session, user_id):
        scopes |= {"dataset:write", "harvest:run", "source:manage"}
    if walidata:
        scopes |= {"review", "dataset:write", "harvest:run", "source:manage"}
    if is_sysadmin:
        scopes.add("admin")
    reader = Reader(labels, own=own, everything=walidata or is_sysadmin)
    return Caller(f"user:{user_id}", None, labels, frozenset(scopes), user_id, reader)


def granted(scopes: Iterable[str], asked: str | None) -> list[str] | None:
    """The scopes a token request gets: those asked for, all by default; None when one is not the client's."""
    held = list(scopes)
    wanted = asked.split() if asked else held
    return wanted if wanted and set(wanted) <= set(held) else None
