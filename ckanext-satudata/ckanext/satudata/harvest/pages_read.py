"""What a source's pages held when they were last read: an unchanged page need not be parsed, an unchanged record of a
changed page not be mapped.

A record is known by a hash of the very values its source sent, together with the fingerprint of what they were mapped
to, and only under the rules and the offices it was mapped with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.harvest.portions import Slice
from satudata_harvesters.connector import Validators
from satudata_harvesters.strict_json import Records

#: What a page's validators keep beside those of its source: the offices that publishers were resolved with.
OFFICES = "offices"
#: Hexadecimal digits of a hash of bytes, and of a fingerprint beside it.
DIGITS = 32


def bodies(records: Sequence[Any]) -> list[bytes]:
    """Each record as its source sent it, where that is known without parsing it; empty for one that cannot be written
    down quickly.
    """
    return list(records.bodies() if isinstance(records, Records) else map(_written, records))


def prints(bodies: Sequence[bytes], circumstances: bytes) -> list[str]:
    """A hash of each record's bytes; empty for one without."""
    return [
        hashlib.blake2b(body, digest_size=DIGITS // 2, key=circumstances).hexdigest() if body else "" for body in bodies
    ]


def _written(record: Any) -> bytes:
    try:
        return orjson.dumps(record)
    except TypeError:
        return b""


@dataclass(frozen=True, slots=True)
class Printed:
    """A record of a page as it was last read: its identifier, and the beginning of its content's fingerprint."""

    identifier: str
    fingerprint: str


@dataclass(slots=True)
class _Row:
    identifiers: list[str] = field(default_factory=list)
    prints: list[str] = field(default_factory=list)
    validators: dict[str, str] = field(default_factory=dict)


class PagesRead:
    """The pages of one portion: what they held, and what they hold now."""

    def __init__(
        self, session: Session, source_id: str, keys: Sequence[str], *, rules_version: str, circumstances: bytes
    ) -> None:
        self._session, self._source_id, self._rules_version = session, source_id, rules_version
        self._offices = circumstances.hex()
        self._held: dict[str, list[str]] = {}
        self._printed: dict[str, dict[str, Printed]] = {}
        page = t.page.c
        columns = (page.key, page.identifiers, page.prints, page.rules_version)
        for row in session.execute(sa.select(*columns).where(page.source_id == source_id, page.key.in_(keys))):
            self._held[row.key] = list(row.identifiers)
            if row.rules_version == rules_version and len(row.prints) == len(row.identifiers):
                self._printed[row.key] = _printed(row.identifiers, row.prints)
        self._rows: dict[str, _Row] = {}

    def held(self, key: str) -> list[str]:
        """The identifiers on an unchanged page."""
        return self._held.get(key, [])

    def printed(self, key: str) -> Mapping[str, Printed]:
        """The records of a page by the hash of their bytes."""
        return self._printed.get(key, {})

    def add(self, part: Slice, found: Iterable[tuple[str, str]]) -> None:
        """Note part of a page: each record's identifier and print (`entry`, empty where it has none).

        Only with its end does a page get validators, without which it counts as never read.
        """
        row = self._rows.setdefault(part.page.key, _Row())
        told = part.page.validators
        row.validators = {**told, OFFICES: self._offices} if told and part.ends and not row.validators else {}
        for identifier, entry in found:
            row.identifiers.append(identifier)
            row.prints.append(entry)

    def store(self, run_id: str) -> None:
        """Write the pages down.

        A page that this run has already met goes on where it was cut. Met a second time after its end, it was read
        while the source was shifting: such a page is not trusted next time.
        """
        if not self._rows:
            return
        always = {"source_id": self._source_id, "run_id": run_id, "rules_version": self._rules_version}
        page, new = t.page.c, insert(t.page)
        again = page.run_id == new.excluded.run_id
        settled = sa.and_(again, page.validators != sa.text("'{}'::jsonb"))
        lists = {
            name: sa.case((again, page[name].op("||")(new.excluded[name])), else_=new.excluded[name])
            for name in ("identifiers", "prints")
        }
        upsert = new.on_conflict_do_update(
            index_elements=["source_id", "key"],
            set_={
                **lists,
                "validators": sa.case((settled, sa.text("'{}'::jsonb")), else_=new.excluded.validators),
                "run_id": new.excluded.run_id,
                "rules_version": new.excluded.rules_version,
            },
        )
        rows = [
            {"key": key, "identifiers": row.identifiers, "prints": row.prints, "validators": row.validators, **always}
            for key, row in self._rows.items()
        ]
        self._session.execute(upsert, rows)


def validators(session: Session, source_id: str, *, rules_version: str, circumstances: bytes) -> dict[str, Validators]:
    """What pages looked like when they were last read, but for those that other rules or offices have read."""
    page = t.page.c
    known = session.execute(
        sa.select(page.key, page.validators).where(
            page.source_id == source_id,
            page.rules_version == rules_version,
            page.validators[OFFICES].astext == circumstances.hex(),
        )
    )
    return {row.key: row.validators for row in known}


def entry(print_: str, fingerprint: str) -> str:
    """How a page keeps one record's print."""
    return print_ + fingerprint[:DIGITS] if print_ and fingerprint else ""


def _printed(identifiers: Iterable[str], prints: Iterable[str]) -> dict[str, Printed]:
    return {
        told[:DIGITS]: Printed(identifier, told[DIGITS:])
        for identifier, told in zip(identifiers, prints, strict=True)
        if told
    }
