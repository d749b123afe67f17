"""The script anybody would write to fill a CKAN as fast as it goes: fetch, parse, copy rows, post documents, one after
the other, and check nothing.

It copies the very rows that a harvest has left in all its tables and posts the very documents, both written down
before, so that what it is compared with has done the same work, and building rows and documents costs it nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2  # type: ignore[import-untyped]
import requests

from bench.portal import PAGE

if TYPE_CHECKING:  # where CKAN is loaded, `tests` is CKAN's own
    from tests.platform_fixtures import Platform

#: Datasets in one transaction and in one request to Solr.
BATCH = 1000
#: Tables in the order in which they can be filled, and the column that names the dataset.
CKANS = {"package": "id", "resource": "package_id", "package_tag": "package_id", "member": "table_id"}
OURS = {
    "satudata_record": "id", "satudata_issue": "record_id", "satudata_change": "package_id",
    "satudata_answer": "package_id", "satudata_raw": "record_id",
}  # fmt: skip
WHOLE = ("group", "tag")


def write_down(folder: str) -> int:
    """Write rows and documents of every dataset into a folder, by batches; called where CKAN is loaded."""
    from sqlalchemy import select

    from ckanext.satudata.catalog import solr, tables
    from ckanext.satudata.catalog.rendering import documents_of
    from ckanext.satudata.harvest.sessions import session

    with session() as opened:
        ids = list(opened.scalars(select(tables.record.c.id).order_by(tables.record.c.identifier)))
        cursor = opened.connection().connection.cursor()
        for name in WHOLE:
            with (Path(folder) / f"{name}.copy").open("w", encoding="utf-8") as file:
                cursor.copy_expert(f'COPY "{name}" TO STDOUT', file)
        for number, some in enumerate(_batches(ids, BATCH)):
            for name, column in (CKANS | OURS).items():
                chosen = cursor.mogrify(f'SELECT * FROM "{name}" WHERE "{column}" = ANY(%s)', (list(some),)).decode()  # noqa: S608
                with (Path(folder) / f"{number:04}-{name}.copy").open("w", encoding="utf-8") as file:
                    cursor.copy_expert(f"COPY ({chosen}) TO STDOUT", file)
            body = solr._body(list(documents_of(opened, some).values()), [])  # noqa: SLF001  # the same bytes
            (Path(folder) / f"{number:04}.json").write_bytes(body)
    return len(ids)


def _batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    source = iter(items)
    while some := list(islice(source, size)):
        yield some


def fill(address: str, platform: Platform, folder: Path, datasets: int, tables: Iterable[str]) -> float:
    """Fill an empty platform; seconds until a search finds all of it."""
    connection = psycopg2.connect(platform.database_url)
    cursor = connection.cursor()
    with requests.Session() as line:
        line.trust_env = False
        begun = time.perf_counter()
        cursor.execute('DELETE FROM member; DELETE FROM "group"; DELETE FROM tag')
        for name in WHOLE:
            _copy(cursor, name, folder / f"{name}.copy")
        packages: list[object] = []
        number = 0
        for start in range(0, datasets, PAGE):
            params: dict[str, str | int] = {"q": "*:*", "sort": "id asc", "rows": PAGE, "start": start}
            answer = line.get(f"{address}/api/3/action/package_search", params=params, timeout=60)
            packages += json.loads(answer.content)["result"]["results"]
            if len(packages) >= BATCH or start + PAGE >= datasets:
                for name in tables:
                    _copy(cursor, name, folder / f"{number:04}-{name}.copy")
                connection.commit()
                body = (folder / f"{number:04}.json").read_bytes()
                line.post(
                    f"{platform.index.url}/update",
                    data=body,
                    headers={"Content-Type": "application/json"},
                    timeout=600,
                ).raise_for_status()
                packages, number = [], number + 1
        while platform.index.select("*:*", rows="0")["response"]["numFound"] < datasets:
            time.sleep(0.05)
        seconds = time.perf_counter() - begun
    connection.close()
    return seconds


def _copy(cursor: object, table: str, file: Path) -> None:
    with file.open(encoding="utf-8") as rows:
        cursor.copy_expert(f'COPY "{table}" FROM STDIN', rows)  # type: ignore[attr-defined]
