"""OPDs: the offices of a regional government as CKAN organisations, the names they go by, and what became of merged
ones.

An organisation is made only from the list the government itself gives (`import_opds`), never from what a source calls
its publisher: an unknown name falls to the source's own OPD, with the offices it may have meant.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid5

import orjson
from ckan import model
from rapidfuzz import fuzz, process
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import audit, tables
from ckanext.satudata.catalog.bulk import upsert
from ckanext.satudata.catalog.package import NS, slug
from ckanext.satudata.catalog.renaming import standing_action, touch_datasets, written
from ckanext.satudata.catalog.write import Write

#: how alike a name must be to be offered as a candidate, of 100, and how many are offered
_ALIKE = 60
_CANDIDATES = 3
_PUNCTUATION = re.compile(r"[\W_]+")


class OpdRefused(Exception):  # noqa: N818 - reads as what it says
    """A row or a merger that cannot be: `code` of the reason, `params` for its sentences."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True, slots=True)
class Candidate:
    """An office that may be meant; reads as its title."""

    organization_id: str
    title: str
    score: int

    def __str__(self) -> str:
        return self.title


@dataclass(frozen=True, slots=True)
class Match:
    """The office a publisher's text names; without one, those it may have meant, likeliest first."""

    organization_id: str | None
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, by name of the organisation."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]


def folded(name: str) -> str:
    """A name for comparing: case, punctuation and doubled spaces do not matter."""
    return _PUNCTUATION.sub(" ", name[:500].casefold()).strip()


class Resolver:
    """Resolves publishers for a batch: everything is read in two statements when it is made."""

    def __init__(self, session: Session) -> None:
        group, opd, alias = model.group_table.c, tables.opd.c, tables.opd_alias.c
        offices = session.execute(
            select(group.id, group.name, group.title, group.state, opd.kode_skpd, opd.merged_into)
            .outerjoin(tables.opd, opd.organization_id == group.id)
            .where(group.is_organization.is_(True))
        ).all()
        merged = {row.id: row.merged_into for row in offices if row.merged_into}
        self._titles = {row.id: row.title or row.name for row in offices if row.state == "active"}
        self._by_name: dict[str, str] = {}
        for row in offices:
            here = _end(merged, row.id)
            for name in (row.id, row.name, row.title, row.kode_skpd):
                if name and here in self._titles:
                    self._by_name.setdefault(folded(name), here)
        for name, id_ in session.execute(select(alias.alias, alias.organization_id)):
            here = _end(merged, id_)
            if here in self._titles:
                self._by_name.setdefault(name, here)
        self._met: dict[str, Match] = {}
        told = orjson.dumps([self._by_name, self._titles], option=orjson.OPT_SORT_KEYS)
        #: Changes when an office, its name or an alias does, and so a publisher may resolve otherwise.
        self.circumstances = hashlib.sha256(told).digest()

    def resolve(self, publisher_text: str) -> Match:
        """The office of a publisher's text, by name, title, kode SKPD or alias."""
        name = folded(publisher_text)
        found = self._by_name.get(name)
        if found or not name:
            return Match(found)
        if name not in self._met:
            self._met[name] = Match(None, self._alike(name))
        return self._met[name]

    def _alike(self, name: str) -> tuple[Candidate, ...]:
        best: dict[str, Candidate] = {}
        close = process.extract(name, self._by_name.keys(), scorer=fuzz.token_set_ratio, limit=12, score_cutoff=_ALIKE)
        for known, score, _ in close:
            id_ = self._by_name[known]
            best.setdefault(id_, Candidate(id_, self._titles[id_], round(score)))
        return tuple(best.values())[:_CANDIDATES]


def _end(merged: Mapping[str, str], id_: str) -> str:
    """Where a chain of mergers ends."""
    met = set()
    while id_ in merged and id_ not in met:
        met.add(id_)
        id_ = merged[id_]
    return id_


def resolve(session: Session, publisher_text: str) -> Match:
    """The office of one publisher's text; for many, make a `Resolver` once."""
    return Resolver(session).resolve(publisher_text)


def import_opds(session: Session, rows: Iterable[Mapping[str, Any]], *, actor: str | None) -> Imported:
    """Create and update the organisations of a government's own list; the caller commits.

    A row has `title`, and where known `kode_skpd`, `name`, `aliases` (a list, or text divided by `|`),
    `berlaku_mulai`, `berlaku_sampai` (ISO dates). An office is the same one by its kode SKPD, else by its name.
    Nothing is deleted. Raises OpdRefused for a row without title, a date that is none, or one alias or kode of two
    offices.
    """
    offices = [_office(number, row) for number, row in enumerate(rows, 1)]
    known = _known(session)
    planned = [_planned(office, known) for office in offices]
    _refuse_doubles(planned)
    now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    upsert(
        session,
        model.group_table,
        [_group_row(office, now) for office in planned],
        replace=("title", "extras", "state"),
    )
    upsert(
        session,
        tables.opd,
        [
            {
                "organization_id": office["id"],
                **{name: office[name] for name in ("kode_skpd", "berlaku_mulai", "berlaku_sampai")},
            }
            for office in planned
        ],
    )
    upsert(
        session,
        tables.opd_alias,
        [{"alias": alias, "organization_id": office["id"]} for office in planned for alias in office["aliases"]],
    )
    renamed = [office["id"] for office in planned if office["before"] and office["before"]["title"] != office["title"]]
    touch_datasets(session, renamed, actor=actor)
    by_fate = {
        fate: tuple(office["name"] for office in planned if office["fate"] == fate)
        for fate in ("created", "updated", "unchanged")
    }
    audit.note(
        session,
        "opd.import",
        "organization",
        [office["id"] for office in planned if office["fate"] != "unchanged"],
        actor=actor,
    )
    return Imported(by_fate["created"], by_fate["updated"], by_fate["unchanged"])


def _office(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    title = str(row.get("title") or "").strip()
    if not title:
        raise OpdRefused("E-OPD-001", baris=number)
    aliases = row.get("aliases") or []
    if isinstance(aliases, str):
        aliases = aliases.split("|")
    dates = {}
    for name in ("berlaku_mulai", "berlaku_sampai"):
        try:
            dates[name] = dt.date.fromisoformat(str(row[name]).strip()) if row.get(name) else None
        except ValueError as error:  # noqa: PERF203 - two dates a row
            raise OpdRefused("E-OPD-002", baris=number, isian=name) from error
    return {
        "title": title,
        "name": str(row.get("name") or "").strip() or slug(title),
        "kode_skpd": str(row.get("kode_skpd") or "").strip() or None,
        "aliases": sorted({folded(alias) for alias in aliases} - {""}),
        **dates,
    }


def _known(session: Session) -> dict[str, dict[str, Mapping[str, Any]]]:
    group, opd = model.group_table.c, tables.opd.c
    rows = (
        session.execute(
            select(
                group.id, group.name, group.title, group.state, group.extras,
                opd.kode_skpd, opd.berlaku_mulai, opd.berlaku_sampai,
            )
            .outerjoin(tables.opd, opd.organization_id == group.id)
            .where(group.is_organization.is_(True))
        )
        .mappings()
        .all()
    )  # fmt: skip
    alias = tables.opd_alias.c
    return {
        "name": {row["name"]: dict(row) for row in rows},
        "kode": {row["kode_skpd"]: dict(row) for row in rows if row["kode_skpd"]},
        "alias": {name: {"id": id_} for name, id_ in session.execute(select(alias.alias, alias.organization_id))},
    }


def _planned(office: dict[str, Any], known: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    before = known["kode"].get(office["kode_skpd"]) or known["name"].get(office["name"])
    id_ = before["id"] if before else str(uuid5(NS, f"opd\n{office['kode_skpd'] or office['name']}"))
    for alias in office["aliases"]:
        if known["alias"].get(alias, {"id": id_})["id"] != id_:
            raise OpdRefused("E-OPD-003", alias=alias)
    planned = {**office, "id": id_, "before": before, "extras": {**(before["extras"] or {} if before else {})}}
    if before:
        planned["name"] = before["name"]
    if office["kode_skpd"]:
        planned["extras"]["kode_skpd"] = office["kode_skpd"]
    compared = ("title", "kode_skpd", "berlaku_mulai", "berlaku_sampai")
    same = before is not None and all(before[name] == office[name] for name in compared)
    fresh = any(alias not in known["alias"] for alias in office["aliases"])
    planned["fate"] = "created" if before is None else "unchanged" if same and not fresh else "updated"
    return planned


def _refuse_doubles(planned: Iterable[Mapping[str, Any]]) -> None:
    owners: dict[tuple[str, str], str] = {}
    for office in planned:
        names = [("id", office["id"]), ("name", office["name"]), *(("alias", alias) for alias in office["aliases"])]
        for name in names:
            if owners.setdefault(name, office["title"]) != office["title"]:
                raise OpdRefused("E-OPD-003", alias=name[1])


def _group_row(office: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    return {
        "id": office["id"],
        "name": office["name"],
        "title": office["title"],
        "type": "organization",
        "description": "",
        "image_url": "",
        "created": now,
        "is_organization": True,
        "approval_status": "approved",
        "state": "active",
        "extras": office["extras"],
    }


def merge(session: Session, old: str, new: str, *, actor: str | None) -> int:
    """Move everything of one office (id or name) to another; the number of datasets moved. The caller commits.

    Datasets keep their ids and URLs. The old organisation is deleted as CKAN does it, its page leads to the new one,
    and its names become names of the new. Raises OpdRefused for an unknown office, or one merged into itself.
    """
    here, there = _organization(session, old), _organization(session, new)
    if here.id == there.id:
        raise OpdRefused("E-OPD-005", name=new)
    record = tables.record.c
    asked = [
        Write(
            row.source_id, row.identifier, standing_action(row.status), there.id, status=row.status, package_id=row.id
        )
        for row in session.execute(
            select(record.id, record.source_id, record.identifier, record.status).where(record.owner_org == here.id)
        )
    ]
    moved = written(session, asked, actor)
    _move_the_rest(session, here.id, there.id)
    alias = tables.opd_alias
    session.execute(update(alias).where(alias.c.organization_id == here.id).values(organization_id=there.id))
    names = {folded(name) for name in (here.name, here.title) if name}
    upsert(session, alias, [{"alias": name, "organization_id": there.id} for name in sorted(names)])
    upsert(session, tables.opd, [{"organization_id": here.id, "merged_into": there.id}])
    session.execute(update(model.group_table).where(model.group_table.c.id == here.id).values(state="deleted"))
    audit.note(
        session, "opd.merge", "organization", [here.id], actor=actor, details={"into": there.id, "moved": len(moved)}
    )
    return len(moved)


def _move_the_rest(session: Session, here: str, there: str) -> None:
    """Sources, packages the catalogue keeps no record of, people, and clients of the API."""
    source, package, member, client = tables.source, model.package_table, model.member_table, tables.client
    session.execute(update(source).where(source.c.organization_id == here).values(organization_id=there))
    session.execute(update(package).where(package.c.owner_org == here).values(owner_org=there))
    left = (member.c.group_id == here) & (member.c.table_name == "package") & (member.c.state == "active")
    session.execute(update(member).where(left).values(group_id=there))
    _move_people(session, here, there)
    session.execute(update(client).where(client.c.organization_id == here).values(organization_id=there))
    granted = client.c.granted
    session.execute(
        update(client)
        .where(granted.any(here))
        .values(granted=func.array_append(func.array_remove(func.array_remove(granted, here), there), there))
    )


#: what a person may do in an organisation, from the least
_CAPACITIES = ("member", "editor", "admin")


def _move_people(session: Session, here: str, there: str) -> None:
    """Who acted for the old office acts for the new one: with the greater of both rights, where they had two."""
    member = model.member_table
    people = (member.c.table_name == "user") & (member.c.state == "active")
    rows = session.execute(
        select(member.c.id, member.c.group_id, member.c.table_id, member.c.capacity).where(
            people, member.c.group_id.in_((here, there))
        )
    ).all()
    known = {row.table_id: row for row in rows if row.group_id == there}
    for row in (row for row in rows if row.group_id == here):
        mine = member.c.id == row.id
        already = known.get(row.table_id)
        if already is None:
            session.execute(update(member).where(mine).values(group_id=there))
            continue
        session.execute(update(member).where(mine).values(state="deleted"))
        if _rank(row.capacity) > _rank(already.capacity):
            session.execute(update(member).where(member.c.id == already.id).values(capacity=row.capacity))


def _rank(capacity: str) -> int:
    return _CAPACITIES.index(capacity) if capacity in _CAPACITIES else -1


def _organization(session: Session, name_or_id: str) -> Any:
    group = model.group_table.c
    found = session.execute(
        select(group.id, group.name, group.title).where(
            group.is_organization.is_(True),
            group.state == "active",
            or_(group.id == name_or_id, group.name == name_or_id),
        )
    ).first()
    if found is None:
        raise OpdRefused("E-OPD-004", name=name_or_id)
    return found
