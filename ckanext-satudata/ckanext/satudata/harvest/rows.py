"""An application whose rows are about people becomes one dataset of counts, as a CSV and a Parquet file.

The rows pass through as a stream and are counted (`satudata_harvesters.aggregate`); none of them reaches a table, a
file, a log or an error. The files lie in CKAN's own storage, so that who may read the dataset may read them, at
addresses that never change. Periods that were published before stay in them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from ckan import model
from ckan.common import config
from ckan.lib import uploader
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.catalog.package import package_id, resource_id, slug
from ckanext.satudata.catalog.write import Written
from ckanext.satudata.harvest import tracing
from ckanext.satudata.harvest.errors import Refused
from ckanext.satudata.harvest.reading import Reading
from ckanext.satudata.harvest.sessions import session as own_session
from satudata_harvesters.aggregate import (
    AggregateRules,
    Table,
    count_pages,
    describe,
    publish,
    to_csv,
    to_parquet,
)
from satudata_harvesters.connector import Page
from satudata_harvesters.errors import ReadingError
from satudata_schemas import personal_data
from satudata_schemas.file_facts import FileFacts
from satudata_schemas.personal_data import Finding

#: key of a resource -> (format, media type, ending of its file); the keys never change, so neither do the addresses.
FORMATS = {
    "csv": ("CSV", "text/csv", "csv"),
    "parquet": ("Parquet", "application/vnd.apache.parquet", "parquet"),
}


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the table."""

    key: str
    resource_id: str
    name: str
    content: bytes

    @property
    def facts(self) -> dict[str, Any]:
        return {"hash": hashlib.sha256(self.content).hexdigest(), "size": len(self.content)}


class Aggregate:
    """The one dataset an application becomes in a run: `pages` counts, `store` puts the files in their place."""

    def __init__(
        self, reading: Reading, rules: AggregateRules, *, counted: Callable[[int], None], run: str | None = None
    ) -> None:
        self._reading, self._rules, self._counted, self._run = reading, rules, counted, run
        self._files: list[_File] = []
        self._table: Table | None = None

    def pages(self, pages: Iterable[Page]) -> Iterator[Page]:
        """One page with one record, or with none where the application holds no row; raises what reading raises."""
        whole = _Whole(pages)
        counted = count_pages(whole, self._rules, today=self._reading.today)
        if not whole.complete:
            raise ReadingError("E-RUN-007")
        self._counted(counted.rows)
        records = []
        if counted.rows:
            with own_session() as opened:
                released, seen = tracing.load(opened, self._package_id)
                table = publish(counted, self._rules, today=self._reading.today, released=released, binding=seen)
                changed = tracing.columns_changed(opened, self._package_id, table)
            self._table = replace(table, issues=(*table.issues, *([changed] if changed else [])))
            records = [self._dataset(self._table)]
        yield Page("agregat", records, "agregat", last=True, total=counted.rows)

    def store(self, session: Session, results: Iterable[Written]) -> None:
        """Put the files in their place when this version is the dataset; called within the transaction, before its
        commit.

        A version that waits beside a published one must not change the published files. Where it has been approved
        since, nothing of the dataset differs any more, and its files come with this run.
        """
        refused = any(result.outcome == "refused" for result in results)
        if self._table is None or refused:
            return
        if self._is_current(session):
            for file in self._files:
                _put(file)
                row = model.Resource.__table__
                session.execute(sa.update(row).where(row.c.id == file.resource_id).values(url_type="upload"))
            told = {file.key: file.facts for file in self._files}
            tracing.keep(session, self._package_id, self._table, source=self._reading.source, run=self._run, files=told)
        if session.scalar(sa.select(t.record.c.id).where(t.record.c.id == self._package_id)):
            tracing.note(session, self._package_id, self._run, self._table.issues)

    def _is_current(self, session: Session) -> bool:
        record = t.record.c
        return bool(
            session.scalar(
                sa.select(sa.literal(1)).where(
                    record.id == self._package_id,
                    record.package_id.is_not(None),
                    record.pending.is_(None),
                    record.hasil != "tidak_dimuat",
                    record.status != "ditarik",
                )
            )
        )

    @property
    def _identifier(self) -> str:
        return str(self._rules.dataset.get("identifier") or self._reading.source.name)

    @property
    def _package_id(self) -> str:
        return package_id(self._reading.source_id, self._identifier)

    def _dataset(self, table: Table) -> dict[str, Any]:
        dataset = describe(table, self._rules, today=self._reading.today)
        title = str(dataset.get("title") or self._reading.source.name)
        stem = slug(title)[:60].strip("-")
        contents = {"csv": to_csv(table), "parquet": to_parquet(table)}
        people = tuple(_people_in(table))
        resources = []
        self._files, self._reading.files = [], {}
        for key, (format_, media_type, ending) in FORMATS.items():
            id_ = resource_id(self._package_id, key)
            file = _File(key, id_, f"{stem}.{ending}", contents[key])
            url = f"{_site()}/dataset/{self._package_id}/resource/{id_}/download/{file.name}"
            facts = FileFacts(True, key, True, tuple(table.columns), len(table.rows), people)
            self._files.append(file)
            self._reading.files[url] = facts
            resources.append(
                {
                    "id": key, "name": f"{title} ({format_})" if key != "csv" else title, "url": url,
                    "format": format_, "mimetype": media_type, **file.facts, "kamus_data": table.kamus_data,
                }
            )  # fmt: skip
        return {**dataset, "identifier": self._identifier, "resources": resources}


class _Whole:
    """Pages, and whether the last of them came."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._pages, self.complete = pages, False

    def __iter__(self) -> Iterator[Page]:
        for page in self._pages:
            yield page
            if page.last:
                self.complete = True
                return


def _people_in(table: Table) -> Iterator[Finding]:
    """Personal data that got into a dimension of the counts, where a person types what should be chosen."""
    for place, column in enumerate(table.columns):
        texts = "\n".join({str(row[place]) for row in table.rows})
        for found in personal_data.in_text(texts):
            yield Finding(found.kind, found.count, found.example, column)


def _site() -> str:
    return str(config["ckan.site_url"]).rstrip("/") + str(config.get("ckan.root_path") or "").replace("/{{LANG}}", "")


def _put(file: _File) -> None:
    """Store a file as CKAN stores an upload of this resource; a reader sees the old one or the new one, never half."""
    media_type = FORMATS[file.key][1]
    with closing(io.BytesIO(file.content)) as content:
        upload = FileStorage(content, filename=file.name, content_type=media_type)
        given = {"id": file.resource_id, "url": file.name, "url_type": "upload", "upload": upload}
        storage = uploader.get_resource_uploader(given)
        if getattr(storage, "storage_path", True) is None:
            raise Refused("E-RUN-008")
        storage.upload(file.resource_id, len(file.content) // 2**20 + 2)
