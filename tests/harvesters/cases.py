"""What the shared suite needs to know of each connector: a server that speaks its protocol, and how to configure it.

A new connector adds one `Case`; `test_every_connector.py` does the rest.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from satudata_harvesters.connector import Connector
from satudata_harvesters.connectors.bps import Bps
from satudata_harvesters.connectors.ckan import Ckan
from satudata_harvesters.connectors.database import Database
from satudata_harvesters.connectors.dcat import Dcat
from satudata_harvesters.connectors.rest import Rest
from satudata_harvesters.connectors.table import TableFiles
from tests.harvesters.portal import packages, searching
from tests.harvesters.site import Asked, Handler, answer
from tests.harvesters.trial_jdih import Jdih

COUNT = 23


@dataclass(frozen=True)
class Case:
    """`serving()` makes a handler that offers `COUNT` records; `key` finds what tells one record from another."""

    connector: type[Connector]
    serving: Callable[[], Handler]
    key: Callable[[Mapping[str, Any]], str]
    path: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    #: How many pages the records come on.
    pages: int = 3
    #: For what is no server of the web: makes the records below a folder, and tells the source's address.
    local: Callable[[Path], str] | None = None


def _numbered(asked: Asked) -> bytes:
    page = int(asked.query.get("page", 1))
    rows = [{"kode": f"k-{number}", "judul": f"Judul {number}"} for number in range(COUNT)][(page - 1) * 10 : page * 10]
    return answer({"status": "success", "data": rows, "meta": {"last_page": 3, "total": COUNT}})


def _turtle(asked: Asked) -> bytes:
    page = int(asked.query.get("page", 1))
    numbers = range((page - 1) * 10, min(page * 10, COUNT))
    lines = [
        "@prefix dcat: <http://www.w3.org/ns/dcat#> .",
        "@prefix dct: <http://purl.org/dc/terms/> .",
        "@prefix hydra: <http://www.w3.org/ns/hydra/core#> .",
    ]
    lines += [
        f'<https://a.go.id/d/{n}> a dcat:Dataset ; dct:identifier "k-{n}" ; dct:title "Judul {n}"@id .' for n in numbers
    ]
    lines.append(f'<#page> a hydra:PagedCollection ; hydra:totalItems "{COUNT}" .')
    if page < 3:
        lines.append(f"<#page> hydra:nextPage <?page={page + 1}> .")
    return answer("\n".join(lines).encode(), Content_Type="text/turtle")


def _variables(asked: Asked) -> bytes:
    page = int(asked.path.partition("/page/")[2].partition("/")[0])
    items = [{"var_id": number, "title": f"Judul {number}"} for number in range(COUNT)][(page - 1) * 10 : page * 10]
    about = {"page": page, "pages": 3, "per_page": 10, "count": len(items), "total": COUNT}
    return answer({"status": "OK", "data-availability": "available", "data": [about, items]})


def _csv() -> bytes:
    return "\n".join(["kode;judul;tahun", *(f"k-{n};Judul {n};2024" for n in range(COUNT))]).encode()


def _sqlite(folder: Path) -> str:
    with contextlib.closing(sqlite3.connect(folder / "aplikasi.db")) as made, made:
        made.execute("CREATE TABLE IF NOT EXISTS isi (kode TEXT PRIMARY KEY, judul TEXT, diubah TEXT)")
        rows = [(f"k-{number:02d}", f"Judul {number}", f"2025-01-{number + 1:02d} 08:00:00") for number in range(COUNT)]
        made.executemany("INSERT OR REPLACE INTO isi VALUES (?, ?, ?)", rows)
        made.execute("CREATE VIEW IF NOT EXISTS data_terbuka AS SELECT * FROM isi")
    return "sqlite:aplikasi.db"


CASES = {
    case.connector.kind: case
    for case in (
        Case(Ckan, lambda: searching(packages(COUNT)), lambda record: str(record["id"]), config={"page_size": 10}),
        Case(
            Rest, lambda: _numbered, lambda record: str(record["kode"]), "/api",
            {"records": "data", "paging": {"style": "page", "last_page": "meta.last_page", "total": "meta.total"}},
        ),
        Case(Dcat, lambda: _turtle, lambda record: str(record["identifier"]), "/catalog.ttl"),
        Case(
            Bps, lambda: _variables, lambda record: str(record["var_id"]), "/v1/api",
            {"domain": "3503", "key": "kunci-uji"},
        ),
        Case(
            TableFiles,
            lambda: lambda _: answer(_csv(), Content_Type="text/csv"),
            lambda record: str(record["kode"]),
            "/daftar.csv",
            pages=1,
        ),
        Case(
            Database, lambda: lambda _: None, lambda record: str(record["kode"]),
            config={"view": "data_terbuka", "key": "kode", "page_size": 10}, local=_sqlite,
        ),
        Case(
            Jdih, lambda: lambda _: answer([{"idData": n, "judul": f"Perda {n}"} for n in range(COUNT)]),
            lambda record: str(record["idData"]), "/integrasi.php", pages=1,
        ),
    )
}  # fmt: skip
