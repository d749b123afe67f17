"""Sources: the applications that are harvested, who may add and change them, and what they may reach.

Functions with a `session` leave the commit to their caller. `actor` is the id of a CKAN user, or None for the
command line, where only an administrator of the server can be.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import sqlalchemy as sa
from ckan import model
from ckan.common import config
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import roles
from ckanext.satudata.catalog import tables as t
from ckanext.satudata.harvest import schedule, secrets
from ckanext.satudata.harvest.errors import SourceRefused
from satudata_harvesters import networks
from satudata_harvesters.credentials import ENV
from satudata_harvesters.errors import HIDDEN, ConfigError, redact
from satudata_harvesters.source import Source
from satudata_harvesters.source import secret_pointers as declared_secrets
from satudata_schemas.issue import pointer
from satudata_schemas.profile import Profile

_s = t.source.c

#: The connector's name of the built-in source of what an office's people make by hand.
BY_HAND = "formulir"


def add(
    session: Session,
    definition: Mapping[str, Any] | Source,
    *,
    organization: str,
    actor: str | None = None,
    approved_by: str | None = None,
) -> str:
    """Register a source of an organisation (id or name) and return its id.

    `approved_by` is the id of the Walidata user who allows `penayangan: otomatis`; an actor of the Walidata is one.
    Raises `SourceRefused` with the code of the first mistake; all mistakes of a definition stand in `errors`.
    """
    plain = definition.to_dict() if isinstance(definition, Source) else definition
    source, owner = checked(session, plain, organization=organization, actor=actor)
    if session.scalar(sa.select(_s.id).where(_s.name == source.name)):
        raise SourceRefused("E-SRC-002", name=source.name)
    source_id = str(uuid.uuid4())
    shown, sealed = secrets.take(plain, secret_pointers(source))
    row = _row(session, source, actor, approved_by)
    session.execute(
        sa.insert(t.source).values(
            id=source_id, organization_id=owner, definition=shown, secrets=sealed, created_by=actor, **row
        )
    )
    return source_id


def checked(
    session: Session, definition: Mapping[str, Any], *, organization: str, actor: str | None
) -> tuple[Source, str]:
    """The source of a definition that this actor may have read for an organisation, and the organisation's id.

    Raises `SourceRefused`, so that nothing is fetched for who may not, from where nobody may, or with the server's own
    secrets.
    """
    source = parsed(definition)
    owner = organization_id(session, organization)
    _may(session, actor, owner)
    if actor is not None and list(_references(definition.get("config"))):
        raise SourceRefused("E-SRC-013")
    refuse_networks(source.allow_networks)
    return source, owner


def update(
    session: Session,
    name: str,
    definition: Mapping[str, Any] | Source,
    *,
    actor: str | None = None,
    approved_by: str | None = None,
) -> None:
    """Change a source; a secret that is given back as "terisi" stays what it was.

    Raises as `add` does, and E-SRC-014 for an actor who would have a kept secret sent another way than before. What the
    Walidata allowed to publish by itself, an actor of the office cannot exchange for something else.
    """
    before = _locked(session, name)
    _may(session, actor, before["organization_id"])
    plain = definition.to_dict() if isinstance(definition, Source) else definition
    if actor is not None:
        _refuse_diversion(before, plain)
    whole = secrets.restore(plain, before["secrets"], name=name)
    source = parsed(whole)
    if source.name != name:
        raise SourceRefused("E-SRC-002", name=source.name)
    shown, sealed = secrets.take(whole, secret_pointers(source))
    same = actor is None or _approved(shown) == _approved(before["definition"])
    row = _row(session, source, actor, approved_by or (before["approved_by"] if same else None))
    session.execute(
        sa.update(t.source)
        .where(_s.id == before["id"])
        .values(definition=shown, secrets=sealed, modified=sa.func.now(), **row)
    )


def get(session: Session, name: str) -> dict[str, Any]:
    """One source, by name or id: its row with times as ISO 8601, without the sealed secrets; raises `SourceRefused`
    E-SRC-001.
    """
    asked = _shown().where(sa.or_(_s.name == name, _s.id == name)).order_by(_s.id != name)
    row = None if "\x00" in name else session.execute(asked).mappings().first()
    if row is None:
        raise SourceRefused("E-SRC-001", name=name)
    return _told(row)


def listing(
    session: Session, *, organization_ids: Sequence[str] | None = None, by_hand: bool = False
) -> list[dict[str, Any]]:
    """Sources by name, as `get` gives them; of some organisations only, and without the built-in ones unless
    `by_hand`.
    """
    query = _shown().order_by(_s.name)
    if organization_ids is not None:
        query = query.where(_s.organization_id.in_(organization_ids))
    if not by_hand:
        query = query.where(_s.connector != BY_HAND)
    return [_told(row) for row in session.execute(query).mappings()]


def pause(session: Session, name: str, *, actor: str | None = None, reason: str | None = None) -> None:
    """Stop harvesting a source; what it has published stays."""
    before = _locked(session, name)
    _may(session, actor, before["organization_id"])
    session.execute(sa.update(t.source).where(_s.id == before["id"]).values(state="jeda", paused_reason=reason))


def resume(session: Session, name: str, *, actor: str | None = None) -> None:
    """Harvest a paused source again, next at its next scheduled time."""
    before = _locked(session, name)
    _may(session, actor, before["organization_id"])
    values: dict[str, Any] = {"state": "aktif", "paused_reason": None}
    if before["schedule"]:
        values["next_run"] = schedule.next_time(before["schedule"], before["timezone"], after=_now(session))
    session.execute(sa.update(t.source).where(_s.id == before["id"]).values(**values))


def with_records(session: Session) -> list[dict[str, Any]]:
    """Every source that has records, those of forms included: `{id, name}`."""
    mine = sa.exists().where(t.record.c.source_id == _s.id)
    return [dict(row) for row in session.execute(sa.select(_s.id, _s.name).where(mine).order_by(_s.name)).mappings()]


def allowed_networks() -> list[str]:
    """The networks (CIDR:port) that an administrator permits; a source chooses from these and never extends them."""
    configured = config.get("ckanext.satudata.allow_networks") or []
    return configured.split() if isinstance(configured, str) else list(configured)


def refuse_networks(chosen: Iterable[str]) -> None:
    """Raise `SourceRefused` E-SRC-003 for the first network that the administrator's list does not name."""
    try:
        refused = networks.not_permitted(chosen, allowed_networks())
    except ConfigError as error:
        raise SourceRefused(error.code, **error.params) from None
    if refused:
        raise SourceRefused("E-SRC-003", entry=refused[0])


def organization_id(session: Session, name: str) -> str:
    """The id of an active organisation by id or name; raises `SourceRefused` E-SRC-004."""
    group = model.Group.__table__.c
    found = session.scalar(
        sa.select(group.id).where(
            sa.or_(group.id == name, group.name == name), group.is_organization.is_(True), group.state == "active"
        )
    )
    if found is None:
        raise SourceRefused("E-SRC-004", organization=name)
    return str(found)


def secret_pointers(source: Source) -> list[str]:
    """RFC 6901 pointers, into a definition, of all that must be sealed.

    That is what its connector's schema marks as secret, and what is secret by its name where people write keys all the
    same: in a header, a parameter or the address.
    """
    named = [
        f"/config/{place}{pointer(name)}"
        for place in ("headers", "params", "body")
        for name, value in (source.config.get(place) or {}).items()
        if isinstance(value, str) and _is_secret(f"https://x/?{quote(str(name))}=x")
    ]
    address = ["/url"] if source.url and _is_secret(source.url) else []
    return [*declared_secrets(source), *named, *address]


def _is_secret(url: str) -> bool:
    return HIDDEN in redact(url)


def parsed(definition: Mapping[str, Any]) -> Source:
    """The checked source of a definition; `SourceRefused` with the first mistake's code and all of them in `errors`."""
    try:
        return Source.from_dict(definition)
    except ConfigError as error:
        raise SourceRefused(error.code, errors=error.all(), **error.params) from None


def _row(session: Session, source: Source, actor: str | None, approved_by: str | None) -> dict[str, Any]:
    """The columns that follow from a definition, once it is clear that this actor may have them."""
    refuse_networks(source.allow_networks)
    if source.profile not in Profile.names():
        raise SourceRefused("E-CFG-004", field="profile", expected=", ".join(Profile.names()))
    walidata = next((user for user in (approved_by, actor) if user and roles.is_walidata(session, user)), None)
    if source.penayangan == "otomatis" and walidata is None:
        raise SourceRefused("E-SRC-006")
    if source.identitas == "pertahankan" and walidata is None and actor is not None:
        raise SourceRefused("E-SRC-012")
    cron, zone = schedule.read(source.schedule)
    return {
        "name": source.name,
        "title": source.title or source.name,
        "connector": source.connector,
        "url": redact(source.url) if source.url else None,
        "penayangan": source.penayangan,
        "identitas": source.identitas,
        "profile": source.profile,
        "schedule": cron or None,
        "timezone": zone,
        "next_run": schedule.next_time(cron, zone, after=_now(session)) if cron else None,
        "approved_by": walidata if source.penayangan == "otomatis" else None,
    }


def _references(value: Any) -> Iterator[str]:
    """References to the server's environment, which only its administrator may hand to a source."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _references(inner)
    elif isinstance(value, str) and value.startswith(ENV):
        yield value


#: Settings of a connector that say how an answer is read, and nothing of where a credential goes.
_OF_THE_ANSWER = frozenset({"page_size", "records", "where", "success", "since", "paging", "sheet", "shape", "columns"})
#: What of a definition is no part of what the Walidata allowed to publish by itself.
_OF_THE_MANNER = frozenset({"name", "title", "schedule", "limits", "allow_networks"})


def _refuse_diversion(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise E-SRC-014 where a secret that is kept would be sent elsewhere, E-SRC-013 for a new `env:` reference."""
    known = list(_references(before["definition"].get("config")))
    asked = list(_references(after.get("config")))
    if set(asked) - set(known):
        raise SourceRefused("E-SRC-013")
    kept = asked or any(_at(after, place) == secrets.FILLED for place in before["secrets"])
    if kept and _destination(before["definition"]) != _destination(after):
        raise SourceRefused("E-SRC-014")


def _at(document: Any, place: str) -> Any:
    for step in place.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            document = document[int(key)] if key.isdigit() and int(key) < len(document) else None
        else:
            document = document.get(key) if isinstance(document, Mapping) else None
    return document


def _destination(definition: Mapping[str, Any]) -> tuple[Any, ...]:
    """Where a definition sends its credentials, and how."""
    parts = urlsplit(str(definition.get("url") or ""))
    config = {name: value for name, value in (definition.get("config") or {}).items() if name not in _OF_THE_ANSWER}
    return definition.get("connector"), definition.get("template"), parts.scheme, parts.netloc, config


def _approved(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in definition.items() if value and name not in _OF_THE_MANNER}


def _now(session: Session) -> datetime:
    """The database's time: all processes and hosts share it."""
    return session.execute(sa.select(sa.func.now())).scalar_one()


def _may(session: Session, actor: str | None, owner: str) -> None:
    if actor is None or roles.is_walidata(session, actor) or roles.acts_for(session, actor, owner):
        return
    raise SourceRefused("E-SRC-005")


def _locked(session: Session, name: str) -> Mapping[str, Any]:
    row = session.execute(sa.select(t.source).where(_s.name == name).with_for_update()).mappings().first()
    if row is None:
        raise SourceRefused("E-SRC-001", name=name)
    return dict(row)


def _shown() -> sa.Select[Any]:
    group = model.Group.__table__.c
    columns = [column for column in t.source.columns if column.name != "secrets"]
    return sa.select(*columns, group.name.label("organization"), group.title.label("organization_title")).join_from(
        t.source, model.Group.__table__, group.id == _s.organization_id, isouter=True
    )


def _told(row: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
