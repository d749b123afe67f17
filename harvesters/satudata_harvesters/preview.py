"""What a source would become, shown before anything is stored: the real pipeline on its first records.

report = preview(source, http_for(source), limit=10)
for item in report.items: print(item.title, item.hasil)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from satudata_harvesters.aggregate import IDENTIFIER, AggregateRules, Table, aggregate, describe
from satudata_harvesters.connector import Page
from satudata_harvesters.errors import Lang, ReadingError
from satudata_harvesters.http import Http
from satudata_harvesters.mapping import Mapped
from satudata_harvesters.source import Source
from satudata_schemas import personal_data
from satudata_schemas.assess import Assessment, Hasil, assess
from satudata_schemas.dataset import plain_text
from satudata_schemas.examine import Examined
from satudata_schemas.issue import Issue, pointer
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference
from satudata_schemas.tables import Table as FoundTable

HASIL: tuple[Hasil, ...] = ("layak", "perlu_perbaikan", "tidak_dimuat")
#: Of an application's rows so many are counted for a preview.
ROWS = 2000
#: The platform gives an aggregate's file its address later; RFC 2606 reserves the name.
_LATER = "https://berkas.invalid/agregat.csv"


@dataclass(frozen=True)
class Item:
    """One dataset or data file and what the rules say of it. `pointer` is its place in what was read; `place` the same
    for people.
    """

    pointer: str
    identifier: str | None
    title: str
    assessment: Assessment
    issues: tuple[Issue, ...]
    dataset: Mapping[str, Any] = field(repr=False)
    rest: Mapping[str, Any] = field(repr=False)
    place: str = ""
    #: What a data file holds; None for a dataset.
    file: Examined | None = field(default=None, repr=False)

    @property
    def score(self) -> float | None:
        """The points of a dataset; None for a data file, which has no metadata to be judged."""
        return None if self.file else self.assessment.score

    @property
    def personal_data(self) -> list[dict[str, Any]]:
        """Masked findings in a dataset's words, or in a data file's columns."""
        return [one.to_dict() for one in self.file.facts.personal] if self.file else _personal_data(self.dataset)

    @property
    def hasil(self) -> Hasil:
        """`tidak_dimuat` also where the record cannot be told apart from others."""
        return self.assessment.hasil if self.identifier else "tidak_dimuat"

    def to_dict(self, lang: Lang = "id") -> dict[str, Any]:
        """The shape of contracts.md, `satudata check --json`."""
        judged = self.assessment.to_dict()
        told = {
            "pointer": self.pointer,
            "identifier": self.identifier,
            "title": self.title,
            "hasil": self.hasil,
            "score": self.score,
            "principles": judged["principles"],
            "issues": [issue.told(lang) for issue in self.issues],
            "suggestions": judged["suggestions"],
            "personal_data": self.personal_data,
        }
        return told if self.file is None else {**told, "tables": [_table_told(table) for table in self.file.tables]}


@dataclass(frozen=True)
class Preview:
    """The first datasets of a source. `error` is what stopped the reading; what came before it is in `items`.

    `table` is the beginning of the aggregate where the source has one, `rows_read` the rows it was counted from.
    """

    items: tuple[Item, ...] = ()
    total: int | None = None
    error: ReadingError | None = None
    table: Table | None = None
    complete: bool = False

    @property
    def fine(self) -> bool:
        """Whether everything that was read may be published."""
        return self.error is None and all(item.hasil == "layak" for item in self.items)

    def summary(self) -> dict[str, Any]:
        """Counts: of items by `hasil`, of issues by code; `total` is what the source says it holds."""
        hasil = Counter(item.hasil for item in self.items)
        codes = Counter(issue.code for item in self.items for issue in item.issues)
        return {
            "read": len(self.items),
            "total": self.total,
            **{name: hasil.get(name, 0) for name in HASIL},
            "issues": dict(sorted(codes.items())),
            "organizations": self.organizations(),
        }

    def organizations(self) -> list[dict[str, Any]]:
        """The same by data producer, most datasets first: `{name | None, datasets, <hasil>…, score}`; data files have
        none.
        """
        owned: dict[str, list[Item]] = {}
        for item in self.items:
            if item.file is None:
                owned.setdefault(plain_text(item.dataset.get("owner_org")), []).append(item)
        return [
            {
                "name": name or None,
                "datasets": len(items),
                **{one: sum(item.hasil == one for item in items) for one in HASIL},
                "score": round(sum(item.assessment.score for item in items) / len(items), 1),
            }
            for name, items in sorted(owned.items(), key=lambda one: (-len(one[1]), one[0]))
        ]

    def to_dict(self, lang: Lang = "id") -> dict[str, Any]:
        """JSON-able, in the reader's language."""
        told: dict[str, Any] = {"items": [item.to_dict(lang) for item in self.items], "summary": self.summary()}
        if self.error is not None:
            told["error"] = self.error.to_dict(lang)
        if self.table is not None:
            told["table"] = {
                "columns": self.table.columns,
                "rows": self.table.rows[:20],
                "rows_read": self.table.rows_read,
                "suppressed": self.table.suppressed,
                "total_cells": self.table.total_cells,
            }
        return told


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


def judge(mapped: Mapped, where: str, organization: str, profile: Profile, reference: Reference) -> Item:
    """The rules' word on one mapped record.

    Its owner is the given OPD, else its publisher; which of them it is in the end the platform decides.
    """
    dataset = dict(mapped.dataset)
    owner = organization or plain_text(dataset.get("produsen_data_name"))
    if owner and not dataset.get("owner_org"):
        dataset["owner_org"] = owner
    assessment = assess(dataset, profile, reference=reference)
    title = plain_text(dataset.get("title"))
    issues = (*mapped.issues, *assessment.issues)
    return Item(where, mapped.identifier, title, assessment, issues, dataset, mapped.rest)


class _Seen:
    """What the pages said about the whole while their records were taken."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.complete = False

    def records(self, pages: Iterable[Page]) -> Iterator[Mapping[str, Any]]:
        for page in pages:
            self.total = page.total if page.total is not None else self.total
            yield from page.records
            self.complete = page.last


def _counted(source: Source, rules: AggregateRules, http: Http, profile: Profile, reference: Reference) -> Preview:
    seen = _Seen()
    try:
        table = aggregate(islice(seen.records(source.open(http).pages()), ROWS), rules)
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
    return Preview((item,), seen.total, table=table, complete=seen.complete)


def _table_told(table: FoundTable) -> dict[str, Any]:
    return {
        "sheet": table.sheet,
        "format": table.format,
        "title": table.title,
        "header_row": table.header_row,
        "row_count": table.row_count,
        "totals": list(table.totals),
        "columns": [
            {"name": one.name, "title": one.title, "type": one.type, "unit": one.unit, "period": one.period}
            for one in table.columns
        ],
        "kamus_data": table.kamus_data(),
    }


def _personal_data(dataset: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Findings in the words of a dataset, masked: `{kind, column, count, example}` with the field as `column`."""
    places = {name: dataset.get(name) for name in ("title", "notes")}
    for place, resource in enumerate(_objects(dataset.get("resources"))):
        places |= {f"resources/{place}/{name}": resource.get(name) for name in ("name", "description")}
    return [
        {**finding.to_dict(), "column": place}
        for place, text in places.items()
        for finding in personal_data.in_text(plain_text(text))
    ]


def _objects(value: Any) -> Sequence[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else ()
