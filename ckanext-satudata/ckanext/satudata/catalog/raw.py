"""What sources sent of the records that are datasets, in their own bytes: so that a changed mapping needs no fetching,
and an OPD can see what its application said.

A row belongs to the version whose `fingerprint` it bears: after an undo, or a version that could not be read quickly,
there is none that fits and none is given. Of a record that may not be loaded nothing is kept, nor of one whose bytes
may hold a person's number, nor of the rows of an application that is counted.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from backports import zstd
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables
from ckanext.satudata.catalog.answer import PERSONAL_PREFIX
from ckanext.satudata.catalog.database_errors import without_values
from ckanext.satudata.catalog.package import unpublished_fields
from ckanext.satudata.catalog.stopwatch import during
from ckanext.satudata.catalog.storable import Refused, storable
from satudata_harvesters import strict_json
from satudata_schemas import personal_data
from satudata_schemas.checks_personal import as_one_text

#: Records that are larger, in bytes, are kept without what their source sent.
LARGEST = 256 * 1024
#: Sixteen hexadecimal bytes of a fingerprint tell versions of one record apart.
DIGITS = 32

#: COPY's binary format: signature, flags and length of the header's extension, then rows, then a row of no fields.
_HEADER, _END = b"PGCOPY\n\xff\r\n\x00" + bytes(8), struct.pack(">h", -1)
_THREE, _LENGTH = struct.pack(">h", 3), struct.Struct(">i").pack

#: What stands in the place of a person's own.
STARS = "********"

_compressor = zstd.ZstdCompressor(level=1)


@dataclass(frozen=True, slots=True)
class Sent:
    """One record as it came: `body` is a JSON object in UTF-8; empty where it cannot be kept."""

    record_id: str
    fingerprint: str
    body: bytes


def keep(session: Session, sent: Iterable[Sent], *, replacing: Collection[str]) -> int:
    """Keep what was sent, in the place of what is kept of the records in `replacing`; how many were kept.

    What is too large, or may hold a person's number, is not.
    """
    with during("rows"):
        rows = [_row(one) for one in sent if one.body and len(one.body) <= LARGEST and not _may_name_a_person(one.body)]
    with during("postgres"):
        forget(session, replacing)
        if rows:
            _copy(session, rows)
    return len(rows)


def forget(session: Session, record_ids: Collection[str]) -> None:
    """Delete what was sent of these records."""
    if record_ids:
        ids = sa.cast(sorted(record_ids), ARRAY(sa.Text))
        session.execute(sa.delete(tables.raw).where(tables.raw.c.record_id == sa.any_(ids)))


def load(session: Session, record_ids: Sequence[str]) -> dict[str, Any]:
    """What was sent of the versions that these records have, parsed, by record; only of those whose it is known."""
    raw, record = tables.raw.c, tables.record.c
    fits = raw.fingerprint == sa.func.left(record.fingerprint, DIGITS)
    rows = session.execute(
        sa.select(raw.record_id, raw.body)
        .join_from(tables.raw, tables.record, record.id == raw.record_id)
        .where(raw.record_id.in_(record_ids), fits)
    )
    read = {row.record_id: parsed(row.body) for row in rows}
    return {id_: value for id_, value in read.items() if value is not None}


def rename(session: Session, fingerprints: Mapping[str, str]) -> None:
    """What is kept of these records belongs to versions of these fingerprints from now on: mapped otherwise, the same
    bytes.
    """
    if not fingerprints:
        return
    pairs = sa.select(
        sa.func.unnest(sa.cast(list(fingerprints), ARRAY(sa.Text))).label("record_id"),
        sa.func.unnest(sa.cast([one[:DIGITS] for one in fingerprints.values()], ARRAY(sa.Text))).label("fingerprint"),
    ).subquery()
    change = sa.update(tables.raw).where(tables.raw.c.record_id == pairs.c.record_id)
    session.execute(change.values(fingerprint=pairs.c.fingerprint))


def parsed(body: bytes | memoryview) -> Any:
    """The record in a row's `body`; None for one that is no JSON for us."""
    try:
        return strict_json.loads(zstd.ZstdDecompressor().decompress(bytes(body), max_length=LARGEST))
    except (zstd.ZstdError, strict_json.InvalidJson):
        return None


def told(body: bytes | memoryview, versions: Iterable[Mapping[str, Any] | None]) -> Any:
    """What a row's `body` holds, as the dataset's OPD may look at it; None where it cannot be written as JSON.

    What stands in the private fields of these versions of the dataset is starred under whatever name its source has it.
    """
    private = {
        text
        for version in versions
        for name, value in (version or {}).items()
        if _personal(name)
        for text in as_one_text(value).splitlines()
        if len(text) > 2
    }
    try:
        return _starred(storable(parsed(body)), private)
    except Refused:
        return None


def shown(value: Any) -> Any:
    """A record as its OPD may look at it: what is a person's own stands as stars, as it does nowhere else either."""
    return _starred(value, frozenset())


def _starred(value: Any, private: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_starred(item, private) for item in value]
    if isinstance(value, dict):
        if _personal(value.get("key")) and "value" in value:
            return {**value, "value": STARS}
        return {
            key: STARS if _personal(key) and inner is not None else _starred(inner, private)
            for key, inner in value.items()
        }
    if isinstance(value, str) and (value in private or any(personal_data.niks(value))):
        return STARS
    return value


def _personal(key: Any) -> bool:
    return isinstance(key, str) and (key in unpublished_fields() or key.startswith(PERSONAL_PREFIX))


def _may_name_a_person(body: bytes) -> bool:
    """Whether the number of a person stands in it, in a key that the mapping drops and no rule has looked at."""
    if not personal_data.may_hold_nik_in_json(body):
        return False
    try:
        text = as_one_text(strict_json.loads(body))
    except strict_json.InvalidJson:
        return True  # nobody can look at it
    return personal_data.may_hold_nik(text) and any(personal_data.niks(text))


def _row(sent: Sent) -> bytes:
    id_, fingerprint = sent.record_id.encode(), sent.fingerprint[:DIGITS].encode()
    body = _compressor.compress(sent.body, zstd.ZstdCompressor.FLUSH_FRAME)
    return b"".join((_THREE, _LENGTH(len(id_)), id_, _LENGTH(len(fingerprint)), fingerprint, _LENGTH(len(body)), body))


def _copy(session: Session, rows: Sequence[bytes]) -> None:
    connection = session.connection()
    driver: Any = connection.dialect.dbapi
    cursor: Any = connection.connection.cursor()
    try:
        stream = io.BytesIO(b"".join((_HEADER, *rows, _END)))
        cursor.copy_expert('COPY "satudata_raw" (record_id, fingerprint, body) FROM STDIN (FORMAT binary)', stream)
    except driver.Error as error:
        raise DBAPIError("COPY satudata_raw", None, without_values(error)) from error
    finally:
        cursor.close()
