"""The versions a dataset has had, what made each, and what differs between any two, field by field.

The change log keeps with every change the version before it (`change.before`), and the record holds the newest: a
version is what the next change found before it. History older than the configured days goes by itself; what was erased
or purged has none. What is told here is for those who may read the dataset whole: the caller asks who that is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import differences, tables
from ckanext.satudata.catalog.differences import Difference


@dataclass(frozen=True, slots=True)
class Version:
    """One version and why it is there.

    `cause` is `harvest | edit | put | review | undo | assess | remap | opd | erase` (None for one logged before causes
    were). `fields` names what differs from the version before: nothing for the first; None where that one is no
    longer kept.
    """

    version: int
    at: dt.datetime
    kind: str
    cause: str | None
    actor: str | None
    run: str | None
    status: str
    fields: tuple[str, ...] | None


class NoSuchVersion(LookupError):  # noqa: N818 - reads as what it says
    """The dataset is not known, or that version of it is not kept (any more)."""


def versions(session: Session, package_id: str, *, limit: int = 50, before: int | None = None) -> list[Version]:
    """The newest versions first; `before` (a version) is where the page before ended. Empty for an unknown dataset."""
    lines = _lines(session, package_id, limit=limit + 1, before=before)
    after = _image_after(session, package_id, before)
    found = []
    for line in lines[:limit]:
        image = line["before"]
        fields = differences.names(_newest(image), _newest(after)) if after is not None and image is not None else None
        if line["kind"] == "created":
            fields = ()
        found.append(
            Version(
                line["version"], line["at"], line["kind"], line["cause"], line["actor"], line["run_id"],
                str(after["status"]) if after else "", fields,
            )
        )  # fmt: skip
        after = image
    return found


def version(session: Session, package_id: str, number: int) -> dict[str, Any]:
    """One version: `dataset, rest, pending, status, hasil, owner_org, name, version, …` as it was kept.

    Raises NoSuchVersion.
    """
    image = _image_after(session, package_id, number + 1)
    if image is None or image["version"] != number:
        raise NoSuchVersion(package_id, number)
    return dict(image)


def compare(session: Session, package_id: str, old: int, new: int) -> list[Difference]:
    """What differs between two versions, of the version that each brought (also one that only waited beside the
    published one). Raises NoSuchVersion.
    """
    return differences.between(_newest(version(session, package_id, old)), _newest(version(session, package_id, new)))


def changes_of_run(session: Session, run_id: str) -> Iterator[dict[str, Any]]:
    """What a run touched, in the order of the change log and streamed: `{package_id, name, title, kind, version,
    status, fields}`.

    `title` is the dataset's as it is known now (of one withdrawn the last it had), None of one that was erased; `kind`
    is `created | changed | removed | restored`; `fields` is empty unless it says changed.
    """
    change, record = tables.change.c, tables.record.c
    later = tables.change.alias("later")
    next_image = (
        select(later.c.before)
        .where(later.c.package_id == change.package_id, later.c.version > change.version, later.c.before.is_not(None))
        .order_by(later.c.version)
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(
            change.package_id, change.kind, change.version, change.before, next_image.label("after"),
            record.name, record.status, record.dataset, record.pending, record.version.label("newest"),
        )
        .outerjoin(tables.record, record.id == change.package_id)
        .where(change.run_id == run_id, ~_second_line())
        .order_by(change.seq)
        .execution_options(yield_per=500)
    )  # fmt: skip
    for row in session.execute(query).mappings():
        current = {"dataset": row["dataset"], "pending": row["pending"]}
        after = current if row["newest"] == row["version"] else row["after"]
        known = row["kind"] == "changed" and row["before"] is not None and after is not None
        yield {
            "package_id": row["package_id"],
            "name": row["name"],
            "title": _newest(current).get("title"),
            "kind": row["kind"],
            "version": row["version"],
            "status": row["status"],
            "fields": differences.names(_newest(row["before"]), _newest(after)) if known else (),
        }


def _second_line() -> Any:
    """Public to private is two lines of one version; the first has the image and speaks for both."""
    change, first = tables.change.c, tables.change.alias("first")
    return (
        select(first.c.seq)
        .where(
            first.c.package_id == change.package_id, first.c.version == change.version, first.c.seq < change.seq
        )
        .exists()
    )  # fmt: skip


def _lines(session: Session, package_id: str, *, limit: int, before: int | None) -> list[Mapping[str, Any]]:
    change = tables.change.c
    query = select(tables.change).where(change.package_id == package_id, ~_second_line())
    if before is not None:
        query = query.where(change.version < before)
    found = session.execute(query.order_by(change.version.desc(), change.seq.desc()).limit(limit)).mappings()
    return [dict(row) for row in found]


def _image_after(session: Session, package_id: str, below: int | None) -> Mapping[str, Any] | None:
    """The image of the newest version below a number: the record itself, or what the change after it found."""
    record, change = tables.record.c, tables.change.c
    row = session.execute(select(tables.record).where(record.package_id == package_id)).mappings().first()
    if row is not None and row["dataset"] is not None and (below is None or row["version"] < below):
        return dict(row)
    if below is None:
        return None
    found = session.scalar(
        select(change.before)
        .where(
            change.package_id == package_id,
            change.before.is_not(None),
            change.before["version"].as_integer() < below,
            change.version >= below,
        )
        .order_by(change.version)
        .limit(1)
    )
    return dict(found) if found is not None else None


def _newest(image: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (image["pending"] or image["dataset"] or {}) if image else {}


def count(session: Session, package_id: str) -> int:
    """How many versions of a dataset the change log tells of."""
    change = tables.change.c
    return session.scalar(
        select(func.count(change.version.distinct())).where(change.package_id == package_id)
    ) or 0  # fmt: skip
