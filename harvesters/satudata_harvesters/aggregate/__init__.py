"""Rows about people in, counts out: the only form in which an application's rows may leave it.

Columns that are not on the allow-list are dropped before anything looks at a row. What is kept is a count per cell, so
memory grows with the cells and not with the rows, and no error or log can hold a row. What is published of the counts
gives no small cell away, neither by itself nor together with its totals and with what was published before.

    rules = AggregateRules.from_dict(source.aggregate)
    table = aggregate_pages(source.open(http).pages(), rules)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from satudata_harvesters.aggregate.dataset import describe
from satudata_harvesters.aggregate.dimension import OTHER, TOTAL, UNKNOWN, GroupBy, bucket
from satudata_harvesters.aggregate.files import count_file
from satudata_harvesters.aggregate.publishing import publish
from satudata_harvesters.aggregate.releases import Released, ReleasedPeriod
from satudata_harvesters.aggregate.rules import AggregateRules
from satudata_harvesters.aggregate.table import Table, first_series, to_csv, to_parquet
from satudata_harvesters.aggregate.tally import Counted, Tally, refuse_personal_resource

__all__ = [
    "IDENTIFIER",
    "OTHER",
    "TOTAL",
    "UNKNOWN",
    "AggregateRules",
    "Counted",
    "GroupBy",
    "Released",
    "ReleasedPeriod",
    "Table",
    "aggregate",
    "aggregate_pages",
    "bucket",
    "count_pages",
    "describe",
    "first_series",
    "publish",
    "refuse_personal_resource",
    "rows_of",
    "to_csv",
    "to_parquet",
]

#: The identifier of the dataset an aggregate makes, within its source.
IDENTIFIER = "agregat"


def aggregate(
    rows: Iterable[Mapping[str, Any]],
    rules: AggregateRules,
    *,
    today: date | None = None,
    released: Released | None = None,
) -> Table:
    """Count rows, one at a time, and make the table that may be published of them.

    Raises `SourceError`, none of which names a value: E-TRK-028 when a column is in no row, E-TRK-029 for too many
    cells, E-AGR-001 and E-AGR-002 for a column that is no longer what the rules were made for.
    """
    tally = Tally(rules, today)
    for row in rows:
        tally.row(row)
    return publish(tally.close(), rules, today=today, released=released)


def count_pages(
    pages: Iterable[Any], rules: AggregateRules, *, today: date | None = None, limit: int | None = None
) -> Counted:
    """Count a connector's pages, records or files; of `limit` rows no more than that are looked at.

    A page is let go of before the next is read. Raises what `aggregate` raises, and what reading the pages raises.
    """
    tally = Tally(rules, today)
    left = limit
    for page in pages:
        part = getattr(page, "part", "")
        if page.file is not None:
            counted = count_file(page, rules, tally, limit=left)
        else:
            records = page.records if left is None else page.records[:left]
            counted = len(records)
            digest = (page.validators or {}).get("hash", "")
            tally.page(page.key, records, part=part, digest=digest)
        if left is not None:
            left -= counted
            if left <= 0:
                break
    return tally.close()


def aggregate_pages(
    pages: Iterable[Any],
    rules: AggregateRules,
    *,
    today: date | None = None,
    released: Released | None = None,
    limit: int | None = None,
) -> Table:
    """The table of a connector's pages; see `aggregate` and `count_pages`."""
    counted = count_pages(pages, rules, today=today, limit=limit)
    return publish(counted, rules, today=today, released=released)


def rows_of(pages: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """The rows of a connector's pages, one by one; a page's list is let go of before the next is read."""
    for page in pages:
        yield from page.records
