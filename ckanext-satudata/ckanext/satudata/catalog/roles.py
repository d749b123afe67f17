"""Who may decide what: Walidata and Pembina by membership in the organisations that configuration names, OPDs by
their own.

Perpres 39/2019: the Walidata checks and publishes for the whole catalogue, the Pembina re-checks priority data, a
Produsen Data acts for itself. A sysadmin is none of them by being one.
"""

from __future__ import annotations

from collections.abc import Collection

from ckan import model
from ckan.common import config
from sqlalchemy import select
from sqlalchemy.orm import Session

#: capacities in an organisation that let a person act for it
ACTING = ("admin", "editor")


class NotAllowed(Exception):  # noqa: N818 - reads as what it says
    """The actor has not the role this needs; `role` names it: walidata, pembina or opd."""

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.role = role


def is_walidata(session: Session, user_id: str | None) -> bool:
    """Whether the person is an editor or admin of the Walidata's organisation."""
    return _acts_in(session, user_id, config.get("ckanext.satudata.walidata_org"))


def is_pembina(session: Session, user_id: str | None) -> bool:
    """Whether the person is an editor or admin of the Pembina's organisation, where one is configured."""
    return _acts_in(session, user_id, config.get("ckanext.satudata.pembina_org"))


def has_pembina() -> bool:
    """Whether priority data waits for a Pembina."""
    return bool(config.get("ckanext.satudata.pembina_org"))


def acts_for(session: Session, user_id: str | None, organization_id: str) -> bool:
    """Whether the person is an editor or admin of this organisation (by id)."""
    return organization_id in organizations_of(session, user_id)


def organizations_of(session: Session, user_id: str | None, capacities: Collection[str] = ACTING) -> set[str]:
    """Ids of the organisations a person acts for."""
    if not user_id:
        return set()
    member, group = model.member_table.c, model.group_table.c
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


def require_walidata(session: Session, user_id: str | None) -> None:
    """Raise NotAllowed for anyone else."""
    if not is_walidata(session, user_id):
        raise NotAllowed("walidata")


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
