"""The whole catalogue at once, streamed from one snapshot, with the change cursor that belongs to it."""

from __future__ import annotations

import csv
import io
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import orjson
from flask import Response, request
from sqlalchemy import Connection, text

from ckanext.satudata.api import database
from ckanext.satudata.api.access import Caller
from ckanext.satudata.api.routing import route
from ckanext.satudata.catalog import openness
from satudata_schemas import contract
from satudata_schemas.spreadsheet import defused

BATCH = 500
#: Columns of the CSV; a dotted one reads from within.
COLUMNS = (
    "id", "name", "title", "organization.name", "organization.title", "notes", "tags", "kategori", "kode_urusan",
    "konsep", "satuan", "ukuran", "hak_akses", "license_id", "jadwal_pemutakhiran", "periode_awal", "periode_akhir",
    "kode_wilayah", "tingkat_penyajian", "prioritas_tahun", "source.name", "identifier", "status", "label",
    "jatuh_tempo", "source_modified", "data_changed", "metadata_changed", "resources.format", "resources.url",
)  # fmt: skip

_SNAPSHOT = "SELECT coalesce(max(seq), 0) FROM satudata_change"
_BODIES = """
SELECT a.body FROM satudata_record r
  JOIN satudata_answer a ON a.package_id = r.package_id AND a.audience = {audience}
 WHERE {visible}
"""
_PUBLIC = text(_BODIES.format(audience="'public'", visible="r.status = 'tayang'"))
_MIXED = text(_BODIES.format(audience=database.AUDIENCE, visible=database.VISIBLE))

_TEXTS = "VARCHAR[]"
_LEFT_OUT = frozenset({"title", "name", "owner_org", "identifier", "status"})
#: Columns of the Parquet file and their types in DuckDB.
PARQUET_COLUMNS = {
    **dict.fromkeys(("id", "name", "title"), "VARCHAR"),
    "organization": "STRUCT(id VARCHAR, name VARCHAR, title VARCHAR)",
    "source": "STRUCT(name VARCHAR, title VARCHAR)",
    **{
        name: _TEXTS if field.is_list else "VARCHAR"
        for name, field in contract.fields().items()
        if (field.is_text or field.is_list)
        and not (field.private or field.computed or field.national)
        and name not in _LEFT_OUT
    },
    **dict.fromkeys(("identifier", "status", "label"), "VARCHAR"),
    "version": "INTEGER",
    **dict.fromkeys(("jatuh_tempo", "tidak_ditemukan_sejak"), "DATE"),
    **dict.fromkeys(("source_modified", "data_changed", "metadata_changed"), "TIMESTAMPTZ"),
    "resources": "STRUCT(id VARCHAR, name VARCHAR, url VARCHAR, format VARCHAR, description VARCHAR)[]",
}

Written = Callable[[Iterator[list[str]]], Iterator[bytes]]


@route("/exports/datasets.ndjson", scope="catalog:read")
def ndjson(caller: Caller, _values: dict[str, Any]) -> Response:
    """Every dataset the caller may see, one JSON document a line."""
    return _export(caller, _lines, "application/x-ndjson", "datasets.ndjson")


@route("/exports/datasets.csv", scope="catalog:read")
def table(caller: Caller, _values: dict[str, Any]) -> Response:
    """The same as a table for spreadsheets; lists within a cell are separated by "; "."""
    return _export(caller, _rows, "text/csv; charset=utf-8", "datasets.csv")


@route("/exports/datasets.parquet", scope="catalog:read")
def parquet(caller: Caller, _values: dict[str, Any]) -> Response:
    """The same as a Parquet file, with lists and resources as nested columns."""
    connection, cursor, batches = _snapshot(caller)
    with connection, tempfile.TemporaryDirectory(prefix="satudata-") as folder:
        source, made = Path(folder, "datasets.ndjson"), Path(folder, "datasets.parquet")
        with source.open("wb") as file:
            file.writelines(_lines(batches))
        _to_parquet(source, made)
        # The file's name goes with the folder; its content stays readable until the last byte is sent.
        opened = made.open("rb")
    response = Response(_pieces(opened), content_type="application/vnd.apache.parquet")
    response.headers["Content-Length"] = str(os.fstat(opened.fileno()).st_size)
    response.headers["Satudata-Cursor"] = str(cursor)
    response.headers["Content-Disposition"] = 'attachment; filename="datasets.parquet"'
    return response


def _to_parquet(source: Path, made: Path) -> None:
    known = {**PARQUET_COLUMNS, "skor_sdi": "INTEGER"} if openness.is_open() else PARQUET_COLUMNS
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in known.items())
    bounds: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "256MB",
        "threads": 1,
        "autoinstall_known_extensions": False,
    }
    with duckdb.connect(config={**bounds, "temp_directory": str(source.parent)}) as converter:
        converter.execute(
            f"COPY (SELECT * FROM read_json('{source}', format='newline_delimited', columns={{{columns}}},"  # noqa: S608
            f" maximum_object_size=67108864)) TO '{made}' (FORMAT parquet, COMPRESSION zstd)"
        )


def _pieces(opened: BinaryIO) -> Iterator[bytes]:
    with opened:
        while piece := opened.read(256 * 1024):
            yield piece


def _export(caller: Caller, written: Written, content_type: str, name: str) -> Response:
    opened, cursor, batches = _snapshot(caller)
    stream: Iterable[bytes] = written(batches)
    response = Response(content_type=content_type)
    if request.accept_encodings["gzip"] and "gzip" in request.headers.get("Accept-Encoding", ""):
        stream = _gzipped(stream)
        response.headers["Content-Encoding"] = "gzip"
    response.response = stream
    response.headers["Satudata-Cursor"] = str(cursor)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.call_on_close(opened.close)  # also where nobody reads it, as for HEAD
    return response


def _snapshot(caller: Caller) -> tuple[Connection, int, Iterator[list[str]]]:
    """The change cursor and the bodies in batches, both of one moment, and the connection that the caller closes."""
    reader = caller.reader
    statement = _PUBLIC if reader.reads_public_only else _MIXED
    asked = {} if reader.reads_public_only else database.readership(reader)
    opened = database.snapshot()
    try:
        cursor = int(opened.exec_driver_sql(_SNAPSHOT).scalar_one())
        found = opened.execution_options(stream_results=True, max_row_buffer=BATCH).execute(statement, asked)
    except BaseException:
        opened.close()
        raise

    def batches() -> Iterator[list[str]]:
        with opened:
            for some in found.partitions(BATCH):
                yield [row[0] for row in some]

    return opened, cursor, batches()


def _lines(batches: Iterator[list[str]]) -> Iterator[bytes]:
    for bodies in batches:
        yield ("\n".join(bodies) + "\n").encode()


def _rows(batches: Iterator[list[str]]) -> Iterator[bytes]:
    columns = (*COLUMNS, "skor_sdi") if openness.is_open() else COLUMNS
    yield (",".join(columns) + "\r\n").encode()
    for bodies in batches:
        written = io.StringIO()
        writer = csv.writer(written)
        for body in bodies:
            document = orjson.loads(body)
            writer.writerow([defused(_cell(document, column)) for column in columns])
        yield written.getvalue().encode()


def _cell(document: dict[str, Any], column: str) -> str:
    outer, _, inner = column.partition(".")
    value = document.get(outer)
    if inner and isinstance(value, list):
        value = [item.get(inner) for item in value if item.get(inner)]
    elif inner:
        value = (value or {}).get(inner)
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    return "" if value is None else str(value)


def _gzipped(stream: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(level=4, wbits=31)
    for content in stream:
        packed = packer.compress(content)
        if packed:
            yield packed
    yield packer.flush()
