"""An application whose rows are about people becomes one dataset of counts with a CSV file.

The rows pass through as a stream and are counted (`satudata_harvesters.aggregate`); none of them reaches a table, a
file, a log or an error. The file lies in CKAN's own storage, so that who may read the dataset may read the file, at an
address that never changes.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import date
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
from ckanext.satudata.harvest.errors import Refused
from ckanext.satudata.harvest.reading import Reading
from satudata_harvesters.aggregate import AggregateRules, Table, aggregate, describe, rows_of, to_csv
from satudata_harvesters.connector import Page
from satudata_harvesters.errors import ReadingError
from satudata_schemas import personal_data
from satudata_schemas.file_facts import FileFacts
from satudata_schemas.personal_data import Finding

KEY = "csv"


class Aggregate:
    """The one dataset an application becomes in a run: `pages` counts, `store` puts the file in its place."""

    def __init__(self, reading: Reading, rules: AggregateRules, *, counted: Callable[[int], None]) -> None:
        self._reading, self._rules, self._counted = reading, rules, counted
        self._content, self._file = b"", ""

    def pages(self, pages: Iterable[Page]) -> Iterator[Page]:
        """One page with one record, or with none where the application holds no row; raises what reading raises."""
        whole = _Whole(pages)
        table = aggregate(rows_of(whole), self._rules)
        if not whole.complete:
            raise ReadingError("E-RUN-007")
        self._counted(table.rows_read)
        records = [self._dataset(table)] if table.rows_read else []
        yield Page("agregat", records, "agregat", last=True, total=table.rows_read)

    def store(self, session: Session, results: Iterable[Written]) -> None:
        """Put the file in its place when this version is the dataset; called within the transaction, before its
        commit.

        A version that waits beside a published one must not change the published file. Where it has been approved
        since, nothing of the dataset differs any more, and its file comes with this run.
        """
        refused = any(result.outcome == "refused" for result in results)
        if self._content and not refused and self._is_current(session):
            _put(self._resource_id, self._file, self._content)
            row = model.Resource.__table__
            session.execute(sa.update(row).where(row.c.id == self._resource_id).values(url_type="upload"))

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

    @property
    def _resource_id(self) -> str:
        return resource_id(self._package_id, KEY)

    def _dataset(self, table: Table) -> dict[str, Any]:
        self._content = to_csv(table)
        dataset = describe(table, self._rules, today=date.today())  # noqa: DTZ011 - the day on which the office counted
        title = str(dataset.get("title") or self._reading.source.name)
        self._file = f"{slug(title)[:60].strip('-')}.csv"
        url = f"{_site()}/dataset/{self._package_id}/resource/{self._resource_id}/download/{self._file}"
        facts = FileFacts(True, "csv", True, tuple(table.columns), len(table.rows), tuple(_people_in(table)))
        self._reading.files = {url: facts}
        resource = {
            "id": KEY,
            "name": title,
            "url": url,
            "format": "CSV",
            "mimetype": "text/csv",
            "size": len(self._content),
            "hash": hashlib.sha256(self._content).hexdigest(),
            "kamus_data": table.kamus_data,
        }
        return {**dataset, "identifier": self._identifier, "resources": [resource]}


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
    for place, column in enumerate(table.columns[:-1]):
        texts = "\n".join({str(row[place]) for row in table.rows})
        for found in personal_data.in_text(texts):
            yield Finding(found.kind, found.count, found.example, column)


def _site() -> str:
    return str(config["ckan.site_url"]).rstrip("/") + str(config.get("ckan.root_path") or "").replace("/{{LANG}}", "")


def _put(resource: str, name: str, content: bytes) -> None:
    """Store the file as CKAN stores an upload of this resource; a reader sees the old one or the new one, never
    half.
    """
    upload = FileStorage(io.BytesIO(content), filename=name, content_type="text/csv")
    storage = uploader.get_resource_uploader({"id": resource, "url": name, "url_type": "upload", "upload": upload})
    if getattr(storage, "storage_path", True) is None:
        raise Refused("E-RUN-008")
    storage.upload(resource, len(content) // 2**20 + 2)
