"""What a source would become, shown before anything is stored: the real pipeline on its first records.

report = preview(source, http_for(source), limit=10)
for item in report.items: print(item.title, item.hasil)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any

from satudata_harvesters.aggregate import IDENTIFIER, AggregateRules, aggregate_pages, describe
from satudata_harvesters.connector import Page
from satudata_harvesters.errors import ReadingError
from satudata_harvesters.http import Http
from satudata_harvesters.judged import Item, Preview, judge
from satudata_harvesters.mapping import Mapped
from satudata_harvesters.source import Source
from satudata_schemas.issue import pointer
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

#: Of an application's rows so many are counted for a preview.
ROWS = 2000
#: The platform gives an aggregate's file its address later; RFC 2606 reserves the name.
_LATER = "https://berkas.invalid/agregat.csv"


def preview(
    source: Source,
    http: Http,
    *,
    limit: int = 10,
    profile: Profile | None = None,
    reference: Reference | None = None,
) -> Preview:
    """Read, map and judge the first `limit` records of a source; nothing is written and nothing raised but programming
    errors.

    A source that cannot be read gives a `Preview` with its `error`, a `SourceError` or `ConfigError`.
    """
    profile = profile or Profile.load(source.profile)
    reference = reference or Reference.load()
    rules = source.aggregation
    if rules is not None:
        return _counted(source, rules, http, profile, reference)
    seen = _Seen()
    items: list[Item] = []
    try:
        for raw in islice(seen.records(source.open(http).pages()), limit):
            mapped = source.mapper.apply(raw, source)
            items.append(judge(mapped, pointer(len(items)), source.organization, profile, reference))
    except ReadingError as error:
        return Preview(tuple(items), seen.total, error)
    return Preview(tuple(items), seen.total, complete=seen.complete)


class _Seen:
    """What the pages said about the whole while their records were taken."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.complete = False

    def records(self, pages: Iterable[Page]) -> Iterator[Mapping[str, Any]]:
        for page in self.pages(pages):
            yield from page.records

    def pages(self, pages: Iterable[Page]) -> Iterator[Page]:
        for page in pages:
            self.total = page.total if page.total is not None else self.total
            yield page
            self.complete = page.last


def _counted(source: Source, rules: AggregateRules, http: Http, profile: Profile, reference: Reference) -> Preview:
    seen = _Seen()
    try:
        today = date.today()  # noqa: DTZ011 - the office's calendar
        table = aggregate_pages(seen.pages(source.open(http).pages()), rules, today=today, limit=ROWS)
    except ReadingError as error:
        return Preview((), seen.total, error)
    resource = {
        "name": rules.dataset.get("title", source.title),
        "url": _LATER,
        "format": "csv",
        "kamus_data": table.kamus_data,
    }
    raw = {**describe(table, rules), "identifier": IDENTIFIER, "resources": [resource]}
    mapped = Mapped(IDENTIFIER, {**source.defaults, **raw}, {})
    item = judge(mapped, pointer(0), source.organization, profile, reference)
    item = replace(item, issues=(*item.issues, *table.issues))
    return Preview((item,), seen.total, table=table, complete=seen.complete)
