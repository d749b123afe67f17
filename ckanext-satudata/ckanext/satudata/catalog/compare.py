"""What the tables, the index, the answers and the change log say of each dataset, held against each other.

Postgres and Solr are read as two streams in the order of ids and merged, so that memory does not grow with the
catalogue. What the outbox still holds is no difference: it is on its way. A difference counts only when it is still
there at a second look, since datasets are written meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from ckan import model
from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import hidden, rows, solr, tables
from ckanext.satudata.catalog.answer import audiences
from ckanext.satudata.catalog.package import to_package
from ckanext.satudata.catalog.storable import tag
from satudata_schemas import contract
from satudata_schemas.dataset import Dataset

Kind = Literal[
    "index_missing", "index_stale", "index_leftover", "answer", "package", "package_missing", "change", "unrecorded",
    "hidden",
]  # fmt: skip
BATCH = 1000
_FIELDS = ("id", "sd_version", "metadata_modified")


@dataclass(frozen=True, slots=True)
class Difference:
    """One dataset of which two places do not say the same; `detail` names fields or versions, never values."""

    kind: Kind
    package_id: str
    detail: str = ""


@dataclass(slots=True)
class Counted:
    """How much was looked at."""

    datasets: int = 0
    documents: int = 0


def differences(session: Session, counted: Counted) -> Iterator[Difference]:
    """Every difference, in the order of ids; commits nothing. Raises IndexUnavailable where Solr is away."""
    solr.commit()
    documents = _Documents(solr.held(_FIELDS))
    for ids in _ids(session):
        counted.datasets += len(ids)
        beside = documents.up_to(ids[-1])
        found = _look(session, ids, beside)
        yield from _confirmed(session, found)
    left = documents.rest()
    while some := list(islice(left, BATCH)):
        found = [Difference("index_leftover", id_) for id_ in some]
        yield from _confirmed(session, found)
    counted.documents = documents.count
    yield from (Difference("hidden", id_) for id_ in _still_shown(session))


def _still_shown(session: Session) -> Iterator[str]:
    """Datasets that are to be hidden, are not, and whose document still shows more than everyone may see."""
    lost = iter(hidden.lacking(session))
    while some := list(islice(lost, BATCH)):
        package, record = model.package_table.c, tables.record.c
        public = (package.state == "active") & package.private.is_(False)
        may = dict(
            session.execute(
                select(package.id, record.hak_akses)
                .join(tables.record, record.id == package.id)
                .where(package.id.in_(some), public)
            )
            .tuples()
            .all()
        )
        for id_, document in sorted(solr.some(some, ("id", "capacity", "sd_hak_akses")).items()):
            if document.get("capacity") == "public" and document.get("sd_hak_akses") != may.get(id_):
                yield id_


class _Documents:
    """Solr's stream, read as far as the datasets that are looked at."""

    def __init__(self, stream: Iterator[dict[str, Any]]) -> None:
        self._stream, self._next, self.count = stream, next(stream, None), 0

    def up_to(self, last: str) -> dict[str, dict[str, Any]]:
        found = {}
        while self._next is not None and self._next["id"] <= last:
            found[self._next["id"]] = self._next
            self._advance()
        return found

    def rest(self) -> Iterator[str]:
        while self._next is not None:
            id_ = self._next["id"]
            self._advance()
            yield str(id_)

    def _advance(self) -> None:
        self._next = next(self._stream, None)
        self.count += 1


def _ids(session: Session) -> Iterator[list[str]]:
    """Ids of packages and of records that became one, in the order of their bytes, as Solr sorts them."""
    record = tables.record.c.package_id
    both = union(
        select(model.package_table.c.id.label("id")), select(record.label("id")).where(record.is_not(None))
    ).subquery()
    statement = (
        select(both.c.id).order_by(both.c.id.collate("C")).execution_options(stream_results=True, yield_per=BATCH)
    )
    for part in session.execute(statement).scalars().partitions(BATCH):
        yield list(part)


def _confirmed(session: Session, found: Sequence[Difference]) -> Iterator[Difference]:
    """Those that a second, fresh look finds again."""
    if not found:
        return
    solr.commit()
    ids = sorted({one.package_id for one in found})
    again = set(_look(session, ids, solr.some(ids, _FIELDS)))
    yield from (one for one in found if one in again)


def _look(session: Session, ids: Sequence[str], documents: Mapping[str, Mapping[str, Any]]) -> list[Difference]:
    known = _Known(session, ids)
    found = [Difference("index_leftover", id_) for id_ in documents.keys() - set(ids)]
    for id_ in ids:
        package, record = known.packages.get(id_), known.records.get(id_)
        if id_ not in known.waiting:
            found += _of_index(id_, package, record, documents.get(id_))
        if record is not None:
            found += [
                *_of_package(id_, package, record, known),
                *_of_answers(id_, record, known.answers.get(id_, {})),
                *_of_changes(id_, record, known),
            ]
        elif package is not None and package["type"] == "dataset" and package["state"] == "active":
            found.append(Difference("unrecorded", id_))
    return found


class _Known:
    """What Postgres holds of a batch, in a fixed number of statements."""

    def __init__(self, session: Session, ids: Sequence[str]) -> None:
        record, source, answer, change = tables.record, tables.source, tables.answer.c, tables.change.c
        joined = select(record, source.c.identitas).outerjoin(source, source.c.id == record.c.source_id)
        self.records = _by(session.execute(joined.where(record.c.id.in_(ids))).mappings(), "id")
        package = model.package_table
        self.packages = _by(session.execute(select(package).where(package.c.id.in_(ids))).mappings(), "id")
        existing = rows.existing(session, ids)
        self.resources, self.owners = existing.resources, existing.owners
        self.tags = _tags(session, ids)
        self.answers: dict[str, dict[str, int]] = {}
        for row in session.execute(
            select(answer.package_id, answer.audience, answer.version).where(answer.package_id.in_(ids))
        ):
            self.answers.setdefault(row.package_id, {})[row.audience] = row.version
        outbox = tables.outbox.c.package_id
        self.waiting = set(session.scalars(select(outbox).where(outbox.in_(ids))))
        newest = select(change.package_id, func.max(change.version)).where(change.package_id.in_(ids))
        self.logged = dict(session.execute(newest.group_by(change.package_id)).tuples().all())
        told = (
            select(change.package_id, change.kind)
            .where(change.package_id.in_(ids), change.audience == "public")
            .distinct(change.package_id)
            .order_by(change.package_id, change.seq.desc())
        )
        self.told = dict(session.execute(told).tuples().all())


def _by(found: Iterable[Any], key: str) -> dict[str, dict[str, Any]]:
    return {row[key]: dict(row) for row in found}


def _tags(session: Session, ids: Sequence[str]) -> dict[str, set[str]]:
    pair, name = model.package_tag_table.c, model.tag_table.c
    statement = select(pair.package_id, name.name).join(model.tag_table, name.id == pair.tag_id)
    found: dict[str, set[str]] = {}
    for row in session.execute(
        statement.where(pair.package_id.in_(ids), pair.state == "active", name.vocabulary_id.is_(None))
    ):
        found.setdefault(row.package_id, set()).add(row.name)
    return found


def _of_index(id_: str, package: Any, record: Any, document: Any) -> Iterator[Difference]:
    wanted = package is not None and package["state"] != "deleted"
    if not wanted:
        if document is not None:
            yield Difference("index_leftover", id_)
    elif document is None:
        yield Difference("index_missing", id_)
    elif record is not None:
        # Not the time: the copy of what is not open to everyone bears another, so that CKAN does not trust it.
        if document.get("sd_version") != record["version"]:
            yield Difference("index_stale", id_, f"{document.get('sd_version')} < {record['version']}")
    elif _moment(document.get("metadata_modified")) != package["metadata_modified"].isoformat()[:22]:
        yield Difference("index_stale", id_, "metadata_modified")


def _moment(text: Any) -> str:
    """A time of Solr's as CKAN compares it: to the hundredth of a second."""
    plain = str(text or "").removesuffix("Z")
    return (plain if "." in plain else f"{plain}.0").ljust(22, "0")[:22]


def _gone(record: Mapping[str, Any]) -> bool:
    return bool(record["status"] == "ditarik" or record.get("erased"))


def _of_answers(id_: str, record: Mapping[str, Any], answers: Mapping[str, int]) -> Iterator[Difference]:
    wanted = dict.fromkeys(() if _gone(record) else audiences(record), record["version"])
    if answers != wanted:
        told = sorted(name for name in {*answers, *wanted} if answers.get(name) != wanted.get(name))
        yield Difference("answer", id_, ", ".join(told))


#: the newest public line of the change log, of a dataset that everyone sees
_SHOWN = ("created", "changed", "restored")


def _of_changes(id_: str, record: Mapping[str, Any], known: _Known) -> Iterator[Difference]:
    if record.get("erased"):
        return
    logged, told = known.logged.get(id_), known.told.get(id_)
    if not _gone(record) and (logged or 0) < record["version"]:
        yield Difference("change", id_, f"{logged} < {record['version']}")
    elif (told in _SHOWN) != (record["status"] == "tayang"):
        yield Difference("change", id_, f"{told} / {record['status']}")


#: a dataset made by a person has its identifier in the record alone
_OF_THE_RECORD = "identifier"
#: columns of `package` that a version of the dataset decides
_COLUMNS = ("name", "title", "notes", "license_id", "owner_org", "private", "state")
_OF_A_RESOURCE = ("url", "name", "description", "format")


def _of_package(id_: str, package: Any, record: Mapping[str, Any], known: _Known) -> Iterator[Difference]:
    if record.get("erased") or record["dataset"] is None or record["package_id"] is None:
        return
    if package is None:
        if record["status"] != "ditarik":
            yield Difference("package_missing", id_)
        return
    told = _rows_that_differ(id_, package, record, known)
    if told:
        yield Difference("package", id_, ", ".join(told))


def _rows_that_differ(id_: str, package: Any, record: Mapping[str, Any], known: _Known) -> list[str]:
    made = to_package(
        Dataset(record["dataset"]),
        package_id=id_,
        name=record["name"],
        owner_org=record["owner_org"],
        private=package["private"] if _gone(record) else record["status"] != "tayang",
        state="deleted" if _gone(record) else "active",
        created=package["metadata_created"],
        modified=package["metadata_modified"],
        keep_resource_ids=record["identitas"] == "pertahankan",
    )
    row = rows.package_row(made, None)
    if _gone(record):
        return [name for name in ("state", "name") if row[name] != package[name]]
    told = [name for name in _COLUMNS if (row[name] or "") != (package[name] or "")]
    extras = package["extras"] or {}
    known_fields = contract.fields().keys() - {_OF_THE_RECORD}
    told += sorted(key for key in known_fields if row["extras"].get(key) != extras.get(key))
    if {name for item in made["tags"] if (name := tag(item["name"]))} != known.tags.get(id_, set()):
        told.append("tags")
    if any(state == "active" for org, state in known.owners.get(id_, {}).items() if org != record["owner_org"]):
        told.append("member")
    if _resources_differ(made, known.resources.get(id_, {})):
        told.append("resources")
    return told


def _resources_differ(made: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """By what they hold and in their order: an id may be a person's, and a file handed in has another address."""

    def told(rows_: Iterable[Any]) -> list[tuple[str, ...]]:
        ordered = sorted(rows_, key=lambda row: row["position"])
        return [tuple(str(row[name] or "") for name in _OF_A_RESOURCE) for row in ordered]

    active = [row for row in stored.values() if row["state"] == "active"]
    if any(row["url_type"] == "upload" for row in active):
        return len(active) != len(made["resources"])
    return told(rows.resource_rows(made, {})) != told(active)
