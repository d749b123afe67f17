"""Who may decide what: Walidata and Pembina by membership in the organisations that configuration names, OPDs by
their own.

Perpres 39/2019: the Walidata checks and publishes for the whole catalogue, the Pembina re-checks priority data, a
Produsen Data acts for itself. A sysadmin is none of them by being one.

A client of the API acts as what it was registered for: one confined to an OPD for that OPD, one of the whole catalogue
for every OPD, and as the Walidata where it holds the scope `review`. What a token may do at all, its scopes say.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ckan import model
from ckan.common import config
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables

#: capacities in an organisation that let a person act for it
ACTING = ("admin", "editor")
#: how the id of a client of the API begins; a person's is a UUID
CLIENT_PREFIX = "sdi-"


class NotAllowed(Exception):  # noqa: N818 - reads as what it says
    """The actor has not the role this needs; `role` names it: walidata, pembina or opd."""

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.role = role


def is_walidata(session: Session, user_id: str | None) -> bool:
    """Whether the person is an editor or admin of the Walidata's organisation."""
    if _is_client(user_id):
        client = _client(session, user_id)
        return client is not None and client.organization_id is None and "review" in client.scopes
    return _acts_in(session, user_id, config.get("ckanext.satudata.walidata_org"))


def is_pembina(session: Session, user_id: str | None) -> bool:
    """Whether the person is an editor or admin of the Pembina's organisation, where one is configured."""
    return _acts_in(session, user_id, config.get("ckanext.satudata.pembina_org"))


def has_pembina() -> bool:
    """Whether priority data waits for a Pembina."""
    return bool(config.get("ckanext.satudata.pembina_org"))


def acts_for(session: Session, user_id: str | None, organization_id: str) -> bool:
    """Whether the person is an editor or admin of this organisation (by id)."""
    if _is_client(user_id):
        client = _client(session, user_id)
        return client is not None and client.organization_id in (None, organization_id)
    return organization_id in organizations_of(session, user_id)


def organizations_of(session: Session, user_id: str | None, capacities: Collection[str] = ACTING) -> set[str]:
    """Ids of the organisations a person acts for."""
    if not user_id:
        return set()
    member, group = model.member_table.c, model.group_table.c
    if _is_client(user_id):
        client = _client(session, user_id)
        if client is None or client.organization_id is not None:
            return {client.organization_id} if client else set()
        return all_organizations(session)
    statement = (
        select(group.id)
        .join(model.member_table, member.group_id == group.id)
        .where(
            member.table_name == "user",
            member.table_id == user_id,
            member.state == "active",
            member.capacity.in_(capacities),
            group.is_organization.is_(True),
            group.state == "active",
        )
    )
    return set(session.execute(statement).scalars())


def all_organizations(session: Session) -> set[str]:
    """Ids of every organisation that is there."""
    group = model.group_table.c
    statement = select(group.id).where(group.is_organization.is_(True), group.state == "active")
    return set(session.execute(statement).scalars())


def require_walidata(session: Session, user_id: str | None) -> None:
    """Raise NotAllowed for anyone else."""
    if not is_walidata(session, user_id):
        raise NotAllowed("walidata")


def _is_client(user_id: str | None) -> bool:
    return user_id is not None and user_id.startswith(CLIENT_PREFIX)


def _client(session: Session, id_: str | None) -> Row[Any] | None:
    client = tables.client.c
    asked = select(client.organization_id, client.scopes).where(client.id == id_, client.revoked_at.is_(None))
    return session.execute(asked).first()


def _acts_in(session: Session, user_id: str | None, organization: str | None) -> bool:
    if not user_id or not organization:
        return False
    member, group = model.member_table.c, model.group_table.c
    statement = (
        select(member.id)
        .join(model.group_table, member.group_id == group.id)
        .where(
            group.name == organization,
            group.is_organization.is_(True),
            group.state == "active",
            member.table_name == "user",
            member.table_id == user_id,
            member.state == "active",
            member.capacity.in_(ACTING),
        )
        .limit(1)
    )
    return session.execute(statement).first() is not None
