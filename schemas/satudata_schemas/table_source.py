"""From a file to rows of raw cells: which format it really is, its encoding and separators, its sheets. Streams what
can be streamed.

Everything is capped before it is parsed: bytes, unpacked bytes of a spreadsheet, columns, the length of a line.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from satudata_schemas.issue import Issue, excerpt

Row = list[Any]


@dataclass(frozen=True)
class Limits:
    """What a file may be at most; beyond it an error says so and nothing is read."""

    file_bytes: int = 200_000_000
    spreadsheet_bytes: int = 60_000_000
    unpacked_bytes: int = 120_000_000
    unpacked_ratio: int = 200
    json_bytes: int = 20_000_000
    line_bytes: int = 5_000_000
    columns: int = 2_000
    sheets: int = 50


class TableError(Exception):
    """A file that is not a readable table; `issue` says why and what to do."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.issue = Issue(code, "error", "", "interoperabilitas", params)


@dataclass(frozen=True)
class Sheet:
    """Rows of one sheet or file, readable again and again.

    `format` is a code of the vocabulary; `notes` say how it had to be read.
    """

    name: str | None
    format: str
    rows: Callable[[], Iterator[Row]]
    notes: Mapping[str, Any]


def sheets(path: Path, limits: Limits) -> list[Sheet]:
    """The sheets of a file by what its content is, whatever its name says. Raises TableError."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise TableError("E-TBL-001", alasan=type(error).__name__) from error
    if not head.strip(b"\x00 \r\n\t\xef\xbb\xbf\xff\xfe"):
        raise TableError("E-TBL-002")
    if size > limits.file_bytes:
        raise TableError("E-TBL-003", ukuran=size // 1_000_000, batas=limits.file_bytes // 1_000_000)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
        return _workbook(path, size, limits, packed=head.startswith(b"PK"))
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PAR1", b"\x1f\x8b", b"Rar!")):
        raise TableError("E-TBL-004", jenis=_KINDS.get(head[:4], "lain"))
    text = _scanned(path, limits)
    start = head.decode(text.encoding, "ignore").lstrip("\ufeff \t\r\n").casefold()
    if start.startswith("<"):
        raise TableError(
            "E-TBL-004", jenis="HTML" if re.match(r"<(?:!doctype html|html|table|head|body|meta|div)", start) else "XML"
        )
    if start.startswith(("[", "{")):
        return [_json(path, size, text, limits)]
    return [_separated(path, text, limits)]


_KINDS = {b"%PDF": "PDF", b"\x89PNG": "PNG", b"GIF8": "GIF", b"PAR1": "Parquet", b"Rar!": "RAR"}


# --- text
# ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Text:
    encoding: str
    nul: bool = False
    #: Bytes of the longest line.
    longest: int = 0


def _scanned(path: Path, limits: Limits) -> _Text:
    """The encoding of a text file, found by reading all of it once; lines too long for a table are refused on the
    way.
    """
    with path.open("rb") as file:
        head = file.read(4096)
        encoding = _by_mark(head)
        decoder = codecs.getincrementaldecoder("utf-8")() if encoding in {None, "utf-8-sig"} else None
        nul, run, longest = False, 0, 0
        file.seek(0)
        while chunk := file.read(1 << 20):
            nul = nul or b"\x00" in chunk
            parts = re.split(rb"[\r\n]", chunk)
            longest = max([longest, run + len(parts[0]), *map(len, parts)])
            run = run + len(chunk) if len(parts) == 1 else len(parts[-1])
            if longest > limits.line_bytes:
                raise TableError("E-TBL-005", batas=limits.line_bytes // 1_000_000)
            if decoder is not None:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    decoder, encoding = None, "cp1252"
    return _Text(encoding or "utf-8", nul and not (encoding or "").startswith("utf-16"), longest)


def _by_mark(head: bytes) -> str | None:
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 5 and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > len(head) // 5 and odd == 0 else None


def _lines(path: Path, text: _Text) -> Iterator[str]:
    with path.open(encoding=text.encoding, errors="replace", newline="") as file:
        yield from (line.replace("\x00", "") for line in file) if text.nul else file


def _first_lines(path: Path, text: _Text, lines: int, characters: int) -> str:
    found = ""
    for line in islice(_lines(path, text), lines):
        found += line[: characters - len(found)]
        if len(found) >= characters:
            break
    return found


def _separated(path: Path, text: _Text, limits: Limits) -> Sheet:
    sample = _first_lines(path, text, 200, 400_000)
    separator = _separator(sample)

    def rows() -> Iterator[Row]:
        try:
            for row in csv.reader(_lines(path, text), delimiter=separator):
                if len(row) > limits.columns:
                    raise TableError("E-TBL-006", jumlah=len(row), batas=limits.columns)
                yield row
        except csv.Error as error:
            raise TableError("E-TBL-007", alasan=excerpt(str(error))) from error

    notes = {
        "encoding": text.encoding,
        "nul": text.nul,
        "separator": separator,
        "bare_cr": "\r" in sample and "\n" not in sample,
        "longest_line": text.longest,
    }
    return Sheet(None, "tsv" if separator == "\t" else "csv", rows, notes)


def _separator(sample: str) -> str:
    """The separator under which most lines of a sample have the same number of cells, and more than one."""
    best, best_score = ",", 0.0
    for candidate in (",", ";", "\t", "|"):
        try:
            widths = Counter(
                len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=candidate) if row
            )
        except csv.Error:
            continue
        wide = {width: count for width, count in widths.items() if width > 1}
        if wide:
            width, count = max(wide.items(), key=lambda item: (item[1], item[0]))
            score = count / sum(widths.values()) + min(width, 50) / 500
            if score > best_score:
                best, best_score = candidate, score
    return best


# --- JSON
# ---------------------------------------------------------------------------------------------------------------


def _json(path: Path, size: int, text: _Text, limits: Limits) -> Sheet:
    first = next((line for line in _lines(path, text) if line.strip()), "")
    if first.lstrip("\ufeff").startswith("{") and _object(first) is not None:
        return Sheet(None, "ndjson", lambda: _rows_of(_objects(path, text), limits), {"encoding": text.encoding})
    if size > limits.json_bytes:
        raise TableError("E-TBL-003", ukuran=size // 1_000_000, batas=limits.json_bytes // 1_000_000)
    with path.open(encoding=text.encoding, errors="replace") as file:
        records, others = _records(_parsed(file.read().lstrip("\ufeff")))
    notes = {"encoding": text.encoding, "no_rows": others}
    return Sheet(None, "json", lambda: _rows_of(iter(records), limits), notes)


def _parsed(text: str) -> Any:
    def refuse(word: str) -> Any:
        raise ValueError(word)

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise TableError("E-TBL-008", alasan=type(error).__name__) from error


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and not _wrapped(found) else None


def _objects(path: Path, text: _Text) -> Iterator[dict[str, Any]]:
    for line in _lines(path, text):
        found = _object(line) if line.strip() else None
        if found is not None:
            yield found


def _wrapped(found: Mapping[str, Any]) -> list[Any] | None:
    """The list inside an envelope such as `{"data": [...]}`."""
    for key in ("data", "result", "results", "rows", "records", "items", "value"):
        inner = found.get(key)
        if isinstance(inner, list):
            return inner
        if isinstance(inner, Mapping) and (deeper := _wrapped(inner)) is not None:
            return deeper
    return None


def _records(document: Any) -> tuple[list[dict[str, Any]], int]:
    """The rows of a document, and how many further elements of its list are none."""
    listed = _wrapped(document) if isinstance(document, Mapping) else document
    if not isinstance(listed, list) or not any(isinstance(item, Mapping) for item in listed):
        raise TableError("E-TBL-009")
    rows = [dict(item) for item in listed if isinstance(item, Mapping)]
    return rows, len(listed) - len(rows)


def _rows_of(records: Iterator[dict[str, Any]], limits: Limits) -> Iterator[Row]:
    """Records as rows below a header; the first hundred decide the columns."""
    sample = list(islice(records, 100))
    names = list(dict.fromkeys(str(name) for record in sample for name in record))
    if len(names) > limits.columns:
        raise TableError("E-TBL-006", jumlah=len(names), batas=limits.columns)
    yield list(names)
    for group in (iter(sample), records):
        for record in group:
            yield [_flat(record.get(name)) for name in names]


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value


# --- spreadsheets
# -------------------------------------------------------------------------------------------------------


def _workbook(path: Path, size: int, limits: Limits, *, packed: bool) -> list[Sheet]:
    # Imported here: reading a CSV needs no spreadsheet library.
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415

    if size > limits.spreadsheet_bytes:
        raise TableError("E-TBL-003", ukuran=size // 1_000_000, batas=limits.spreadsheet_bytes // 1_000_000)
    if packed:
        _refuse_bomb(path, size, limits)
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = [sheet.name for sheet in book.sheets_metadata if str(sheet.typ).endswith("WorkSheet")]
    except (CalamineError, OSError, ValueError, KeyError) as error:
        raise TableError("E-TBL-010", alasan=type(error).__name__) from error

    def reader(name: str) -> Callable[[], Iterator[Row]]:
        def rows() -> Iterator[Row]:
            try:
                sheet = book.get_sheet_by_name(name)
                # The library gives empty rows above the first cell in use, but not empty columns before it.
                _, left = sheet.start or (0, 0)
                for row in sheet.iter_rows():
                    if len(row) > limits.columns:
                        raise TableError("E-TBL-006", jumlah=len(row), batas=limits.columns)
                    yield [None] * min(left, limits.columns) + list(row)
            except (CalamineError, OSError, ValueError) as error:
                raise TableError("E-TBL-010", alasan=type(error).__name__) from error

        return rows

    return [Sheet(name, "xlsx" if packed else "xls", reader(name), {}) for name in names[: limits.sheets]]


def _refuse_bomb(path: Path, size: int, limits: Limits) -> None:
    """Looks at what a packed file says it unpacks to, before anything does."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = set(archive.namelist())
            unpacked = sum(entry.file_size for entry in entries)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise TableError("E-TBL-010", alasan=type(error).__name__) from error
    if "xl/workbook.xml" not in names and "xl/workbook.bin" not in names and "content.xml" not in names:
        raise TableError("E-TBL-004", jenis="ZIP")
    if unpacked > limits.unpacked_bytes or unpacked > size * limits.unpacked_ratio or len(entries) > 5_000:
        raise TableError("E-TBL-011", ukuran=unpacked // 1_000_000, batas=limits.unpacked_bytes // 1_000_000)
