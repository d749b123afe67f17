"""Looks into a data file: what it is, its tables, and what personal data it holds.

What comes out is what the rules judge by.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from satudata_schemas import tables
from satudata_schemas.file_facts import FileFacts
from satudata_schemas.issue import Issue
from satudata_schemas.personal_columns import in_rows
from satudata_schemas.personal_data import Finding
from satudata_schemas.table_source import Limits, TableError
from satudata_schemas.tables import Table


@dataclass(frozen=True)
class Examined:
    """A file that was looked into: facts for `assess(files=…)`, its tables, and every finding on their form."""

    facts: FileFacts
    tables: tuple[Table, ...]
    issues: tuple[Issue, ...]


def examine(path: Path | str, limits: Limits | None = None) -> Examined:
    """Reads a file once for its tables and once for personal data.

    Never raises on a bad file: that is one of its issues, and `facts.readable` is False.
    """
    try:
        found = tables.read(path, limits)
        personal = [one for table in found for one in _personal(table)]
    except TableError as error:
        return Examined(FileFacts(readable=False), (), (error.issue,))
    first = found[0]
    facts = FileFacts(
        format=first.format,
        readable=True,
        columns=tuple(column.title for column in first.columns),
        rows=sum(table.row_count for table in found),
        personal=tuple(personal),
    )
    return Examined(facts, tuple(found), tuple(issue for table in found for issue in table.findings))


def _personal(table: Table) -> list[Finding]:
    titles = {column.at: column.title for column in table.columns}
    header = [titles.get(at, "") for at in range(max(titles) + 1)]
    return in_rows(header, table.raw_rows(), longest=table.longest_line)
