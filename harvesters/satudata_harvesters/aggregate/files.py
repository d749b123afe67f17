"""Large files: DuckDB groups equal rows of the allow-listed columns, and only the groups come back to us.

The engine gets one open file and nothing else: no other file, no network, no extension, no folder to spill into, and a
limit to its memory. Where a file or the rules ask for more than counting and summing whole numbers, its rows are
streamed one by one instead, which gives the same table more slowly.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any

from satudata_harvesters.aggregate.dimension import GroupBy
from satudata_harvesters.aggregate.rules import FILE_COLUMN, AggregateRules
from satudata_harvesters.aggregate.tally import MOST_CELLS, State, Tally
from satudata_harvesters.connector import Page
from satudata_harvesters.errors import SourceError

#: What the engine may use; with Python itself the whole stays well below 300 MB.
MEMORY = "128MB"
_HEAD = 65_536
_CHUNK = 1 << 20


def count_file(page: Page, rules: AggregateRules, tally: Tally, *, limit: int | None = None) -> int:
    """Count the rows of a page's file; how many there were. The file is closed at the end."""
    assert page.file is not None  # noqa: S101 - the caller looked
    with page.file as file:
        tally.part(page.part)
        head = _Head.of(file)
        known = (page.validators or {}).get("hash", "")
        with ThreadPoolExecutor(1) as aside:
            # The engine opens the file by its number anew, so both may read it at once.
            digest = aside.submit(lambda: known or (_hash(file) if limit is None else ""))
            groups = None if limit is not None or head is None else _grouped(file, head, rules)
            told = digest.result()
        if groups is None or head is None:
            return _streamed(file, page, tally, limit, told)
        tally.columns(head.columns)
        rows = 0
        for raw, state in groups:
            tally.group(raw, state)
            rows += state.rows
        tally.trace(page.key, rows, told)
        return rows


class _Head:
    """The first line of a file with separated values in UTF-8."""

    def __init__(self, columns: Sequence[str], separator: str) -> None:
        self.columns, self.separator = tuple(columns), separator

    @classmethod
    def of(cls, file: IO[bytes]) -> _Head | None:
        file.seek(0)
        start = file.read(_HEAD)
        file.seek(0)
        line = start.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            return None
        separator = max(",;\t|", key=text.count)
        names = [name.strip() for name in next(csv.reader(io.StringIO(text), delimiter=separator), [])]
        fine = len(names) == len(set(names)) and all(names) and b"\x00" not in start
        return cls(names, separator) if fine and len(names) > 1 else None


def _grouped(file: IO[bytes], head: _Head, rules: AggregateRules) -> Iterator[tuple[list[Any], State]] | None:
    """The groups of a file with what each adds; None where its rows have to be looked at one by one."""
    sums = [one.column for one in rules.measures if one.kind in {"sum", "mean"}]
    read = [group.column for group in rules.group_by if group.column not in {"", FILE_COLUMN}]
    plain = not rules.key and all(one.kind != "distinct" for one in rules.measures)
    if not plain or not set(read) | set(sums) <= set(head.columns):
        return None
    try:
        import duckdb  # noqa: PLC0415 - loads a large library
    except ImportError:
        return None
    settings = {
        "memory_limit": MEMORY, "threads": 2, "temp_directory": "", "preserve_insertion_order": False,
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    }  # fmt: skip
    path = f"/proc/self/fd/{file.fileno()}"
    with duckdb.connect(":memory:", config=settings) as engine:
        engine.execute(f"SET allowed_paths=['{path}']")
        engine.execute("SET enable_external_access=false")
        engine.execute("SET lock_configuration=true")
        found = None
        # Rows that lack cells at their end are rare, and looking for them is slow: only where it must be.
        for ragged in (False, True):
            with suppress(duckdb.Error):  # whose words may quote a row
                found = engine.execute(_query(rules, head, read, sums, ragged=ragged), [path]).fetchmany(MOST_CELLS + 1)
                break
    # Numbers that are not whole, or written with separators, are read as people write them: one by one.
    if found is None or len(found) > MOST_CELLS or any(row[-1] for row in found):
        return None
    return _states(found, rules, len(read), len(sums))


def _states(
    found: Sequence[Sequence[Any]], rules: AggregateRules, read: int, sums: int
) -> Iterator[tuple[list[Any], State]]:
    for row in found:
        raw = iter(row[:read])
        values = [next(raw) if group.column not in {"", FILE_COLUMN} else None for group in rules.group_by]
        totals = [float(one or 0) for one in row[read + 1 : read + 1 + sums]]
        counted = list(row[read + 1 + sums : read + 1 + 2 * sums])
        yield values, State(row[read], totals, counted, [])


def _query(rules: AggregateRules, head: _Head, read: Sequence[str], sums: Sequence[str], *, ragged: bool) -> str:
    by_name = {group.column: group for group in rules.group_by}
    keys = [_key(by_name[name]) for name in read]
    whole = [f"TRY_CAST({_name(name)} AS BIGINT)" for name in sums]
    figures = ["count(*)", *(f"sum({one})" for one in whole), *(f"count({one})" for one in whole)]
    odd = [f"({one} IS NULL AND trim({_name(name)}) <> '')" for one, name in zip(whole, sums, strict=True)]
    # "1.500" is a number to the engine too, but not the one that was meant: only digits are taken.
    odd += [f"NOT regexp_full_match({_name(name)}, '-?[0-9]*')" for name in sums]
    figures.append(f"coalesce(bool_or({' OR '.join(odd)}), false)" if odd else "false")
    columns = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}': 'VARCHAR'" for name in head.columns)
    source = (
        f"read_csv(?, header=true, delim='{head.separator}', quote='\"', escape='\"', columns={{{columns}}},"
        f" auto_detect=false, null_padding={str(ragged).lower()}, max_line_size=2000000, buffer_size=16000000)"
    )
    groups = ", ".join(str(place + 1) for place in range(len(keys)))
    return f"SELECT {', '.join([*keys, *figures])} FROM {source} GROUP BY {groups}"  # noqa: S608 - names are quoted


def _key(group: GroupBy) -> str:
    """A column as it is grouped: of a moment without a zone, only its day matters."""
    name = _name(group.column)
    return f"CASE WHEN length({name}) IN (16, 19) THEN left({name}, 10) ELSE {name} END" if group.bucket else name


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _streamed(file: IO[bytes], page: Page, tally: Tally, limit: int | None, digest: str) -> int:
    from satudata_schemas import tables  # noqa: PLC0415 - reads spreadsheets too

    count = 0
    try:
        # An unlinked file is reached by its number; every look at it opens it anew.
        size = os.fstat(file.fileno()).st_size
        found = tables.read(Path(f"/proc/self/fd/{file.fileno()}"), tables.Limits(file_bytes=size + 1))
        columns = found[0].columns
        for row in islice(found[0].rows(), limit):
            tally.row({one.name: value for one, value in zip(columns, row, strict=True)})
            count += 1
    except tables.TableError as error:
        raise SourceError(error.issue.code, **error.issue.params) from None
    tally.trace(page.key, count, digest)
    return count


def _hash(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
