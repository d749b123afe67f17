"""Tables in files: CSV, XLSX or JSON at an address, behind a share link, or in a folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from satudata_harvesters import strict_json
from satudata_harvesters.connector import Connector, Page, Validators
from satudata_harvesters.credentials import AUTH_SCHEMA
from satudata_harvesters.errors import ConfigError, SourceError, redact
from satudata_harvesters.http import check_url
from satudata_harvesters.paging import Bounds
from satudata_harvesters.share_links import file_address, is_login, is_share_link
from satudata_schemas import tables

FOLDER = "folder:"
#: Below this folder, which the administrator of the machine sets, `folder:` addresses are read; without it none.
FOLDER_VARIABLE = "SATUDATA_FOLDER"
ENDINGS = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".json"})
ROWS_PER_PAGE = 500
LARGEST_JSON = 20_000_000
#: From this size on, a file of rows is counted by an engine for tables rather than read row by row.
LARGE = 8_000_000


class TableFiles(Connector):
    """A table whose rows are datasets (`datasets`) or to be counted (`rows`), or files that are datasets (`files`)."""

    kind = "table"
    title: ClassVar[Mapping[str, str]] = {
        "id": "Tabel (CSV, XLSX, JSON, Google Sheets)",
        "en": "Table (CSV, XLSX, JSON, Google Sheets)",
    }
    speaks_http = False
    config_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "required": ["url"],
        "additionalProperties": False,
        "properties": {
            "url": {"type": "string", "title": "Alamat berkas, tautan berbagi, atau folder:nama"},
            "shape": {"enum": ["datasets", "rows", "files"], "default": "datasets", "title": "Isi tabel"},
            "sheet": {"type": "string", "title": "Nama lembar"},
            "auth": AUTH_SCHEMA,
            "ca": {"type": "string", "title": "Sertifikat CA (PEM)"},
        },
    }

    @classmethod
    def check(cls, config: Mapping[str, Any]) -> None:
        """The address is one of the web, or a folder's name without a way out of it."""
        url = str(config.get("url", ""))
        if not url.startswith(FOLDER):
            check_url(url)
        elif ".." in Path(url.removeprefix(FOLDER)).parts or url.removeprefix(FOLDER).startswith(("/", "\\")):
            raise ConfigError("E-CFG-009", url=url, pointer="/url")

    def pages(
        self, after: str | None = None, validators: Mapping[str, Validators] | None = None, since: str | None = None
    ) -> Iterator[Page]:
        """Yield the tables' rows, some hundred a page; see `Connector.pages`. A checkpoint is `file:row`."""
        names = [""] if not self.url.startswith(FOLDER) else self._names()
        bounds = Bounds(self.http.limits, self.url)
        begin, row = _position(after)
        if not names:
            yield Page("0:0", [], "0:0", last=True, total=0)
        for place, name in enumerate(names[begin:], start=begin):
            whole = place + 1 == len(names)
            first = row if place == begin else 0
            yield from self._file(place, name, first, bounds, {} if since else validators or {}, whole=whole)

    def _file(
        self, place: int, name: str, first: int, bounds: Bounds, validators: Mapping[str, Validators], *, whole: bool
    ) -> Iterator[Page]:
        key = f"{place}:{first}"
        known = dict(validators.get(key, {}))
        with self._opened(name, known if known.get("whole") else {}) as (path, stamp, unchanged):
            behind = f"{place + 1}:0"
            if unchanged:
                bounds.enter(key)
                yield Page(key, [], behind, whole, unchanged=True, validators=known)
                return
            made = {**stamp, "whole": "1"}
            part = name or unquote(urlsplit(self.url).path.rpartition("/")[2])
            if not first and self._is_large(path):
                bounds.enter(key)
                with path.open("rb") as file:
                    yield Page(key, [], behind, whole, validators=made, file=file, part=part)
                return
            records = self._records(path, name)
            number = sum(1 for _ in islice(records, first))
            page = list(islice(records, ROWS_PER_PAGE))
            while True:
                following = list(islice(records, ROWS_PER_PAGE))
                here = f"{place}:{number}"
                bounds.enter(here)
                bounds.read(page)
                number += len(page)
                done = not following
                # Only a file that fits one page can be told unchanged as a page; the others are read anew.
                sent = made if done and first == 0 and here == key else None
                further = behind if done else f"{place}:{number}"
                yield Page(here, page, further, whole and done, validators=sent, part=part)
                if done:
                    return
                page = following

    @contextmanager
    def _opened(self, name: str, known: Mapping[str, str]) -> Iterator[tuple[Path, Mapping[str, str], bool]]:
        """(the file, its validators, whether it is the one we know)."""
        if name:
            path = _root() / name
            # Who counts a large file hashes it meanwhile; here it is only needed to be compared.
            made = {} if not known and self._is_large(path) else _stamp(path)
            yield path, made, bool(known) and known.get("hash") == made["hash"]
            return
        address = file_address(self.config["url"])
        with tempfile.NamedTemporaryFile(suffix=Path(urlsplit(address).path).suffix[:8]) as file:
            answer = self.http.request("GET", address, validators=known, into=file)
            if is_login(answer.url) or (is_share_link(address) and answer.looks_like_html):
                raise SourceError("E-TRK-024", url=self.config["url"])
            file.flush()
            yield Path(file.name), answer.validators, answer.unchanged

    def _is_large(self, path: Path) -> bool:
        """Whether a file of rows is given whole, to be counted by columns; raises `SourceError` E-TRK-010."""
        size = path.stat().st_size
        if (
            self.config.get("shape") != "rows"
            or size < LARGE
            or path.suffix.lower() not in {"", ".csv", ".tsv", ".txt"}
        ):
            return False
        if size > self.http.limits.max_bytes:
            raise SourceError("E-TRK-010", url=self.url, limit=self.http.limits.max_bytes)
        return True

    def _names(self) -> list[str]:
        """Files of the folder and those below it, as paths from the administrator's folder, in a fixed order: what
        begins alike goes behind, `2025-01-koreksi.xlsx` behind `2025-01.xlsx`.
        """
        root = _root()
        folder = (root / self.url.removeprefix(FOLDER)).resolve()
        if not folder.is_relative_to(root) or not folder.exists():
            raise SourceError("E-TRK-026", path=self.url)
        found = (
            [folder] if folder.is_file() else sorted(folder.rglob("*"), key=lambda path: (path.with_suffix(""), path))
        )
        return [
            str(path.relative_to(root))
            for path in found
            if path.suffix.lower() in ENDINGS and path.is_file() and path.resolve().is_relative_to(root)
        ]

    def _records(self, path: Path, name: str) -> Iterator[dict[str, Any]]:
        listed = _json_rows(path, self.url)
        if listed is not None and self.config.get("shape") != "files":
            yield from (item for item in listed if isinstance(item, dict))
            return
        try:
            found = tables.read(path, tables.Limits(file_bytes=self.http.limits.max_bytes))
            wanted = [table for table in found if self.config.get("sheet") in (None, table.sheet)]
            if not wanted:
                raise SourceError("E-TRK-023", url=self.url, reason=str(self.config.get("sheet")))
            if self.config.get("shape") == "files":
                yield self._as_dataset(wanted[0], path, name)
                return
            for row in wanted[0].rows():
                columns = wanted[0].columns
                yield {column.name: value for column, value in zip(columns, row, strict=True) if value is not None}
        except tables.TableError as error:
            raise SourceError(error.issue.code, **error.issue.params) from None

    def _as_dataset(self, table: tables.Table, path: Path, name: str) -> dict[str, Any]:
        """A file as one dataset: its name is its identifier, its heading the title, its columns the data dictionary."""
        plain = name or unquote(urlsplit(self.config["url"]).path.rpartition("/")[2]) or "tabel"
        resource: dict[str, Any] = {"name": plain, "format": table.format, "kamus_data": table.kamus_data()}
        if not name:
            resource["url"] = redact(self.config["url"])
        dataset = {
            "identifier": plain,
            "title": table.title or Path(plain).stem.replace("_", " "),
            "resources": [resource],
        }
        if name:
            changed = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
            dataset["tanggal_mutakhir"] = changed.date().isoformat()
        return dataset


def _json_rows(path: Path, url: str) -> list[Any] | None:
    """The list a JSON file holds; None for a file of another kind."""
    with path.open("rb") as file:
        start = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if start not in {b"[", b"{"}:
            return None
        file.seek(0)
        try:
            value = strict_json.loads(file.read(LARGEST_JSON))
        except strict_json.InvalidJson as error:
            raise SourceError("E-TRK-014", url=url, reason=str(error)) from None
    if isinstance(value, dict):
        value = next((value[key] for key in ("data", "result", "results", "rows", "items") if key in value), None)
    if not isinstance(value, list):
        raise SourceError("E-TRK-015", url=url, path="(akar)")
    return value


def _root() -> Path:
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        raise SourceError("E-TRK-026", path=FOLDER)
    return Path(folder).resolve()


def _stamp(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return {"hash": digest.hexdigest()}


def _position(after: str | None) -> tuple[int, int]:
    place, _, row = (after or "0:0").partition(":")
    return int(place), int(row or 0)
