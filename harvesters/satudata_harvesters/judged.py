"""What the rules say of what was read: one `Item` a dataset or data file, and the `Preview` that holds them all.

item = judge(mapped, "/0", "", profile, reference)
print(item.title, item.hasil)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from satudata_harvesters.errors import Lang, ReadingError
from satudata_schemas import contract, personal_data
from satudata_schemas.assess import Assessment, Hasil, assess
from satudata_schemas.checks_personal import people_in
from satudata_schemas.dataset import plain_text
from satudata_schemas.issue import Issue
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

if TYPE_CHECKING:
    from satudata_harvesters.aggregate import Table
    from satudata_harvesters.mapping import Mapped
    from satudata_schemas.examine import Examined
    from satudata_schemas.tables import Table as FoundTable

HASIL: tuple[Hasil, ...] = ("layak", "perlu_perbaikan", "tidak_dimuat")


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
        """Masked findings in a dataset's words and the source's other keys, or in a data file's columns."""
        if self.file:
            return [one.to_dict() for one in self.file.facts.personal]
        return _personal_data(self.dataset, self.rest)

    @property
    def hasil(self) -> Hasil:
        """`tidak_dimuat` also where the record cannot be told apart from others."""
        return self.assessment.hasil if self.identifier else "tidak_dimuat"

    def mend_first(self, lang: Lang, most: int = 3) -> list[tuple[str, float]]:
        """What wins most points when mended: the fields by their labels, with the points; nothing of a data file."""
        if self.file is not None:
            return []
        return [(_label(one, lang), one["points"]) for one in self.assessment.mend_first()[:most]]

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
    #: Files of a folder that are of no kind that is checked.
    skipped: tuple[str, ...] = ()

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
        if self.skipped:
            told["skipped"] = list(self.skipped)
        if self.table is not None:
            told["table"] = self.table.told()
        return told


def judge(
    mapped: Mapped,
    where: str,
    organization: str,
    profile: Profile,
    reference: Reference,
    *,
    today: date | None = None,
) -> Item:
    """The rules' word on one mapped record and on the source's other keys, in which nobody's number may stand; `today`
    lets rules bind that do so from a date.

    Its owner is the given OPD, else its publisher; which of them it is in the end the platform decides.
    """
    dataset = dict(mapped.dataset)
    owner = organization or plain_text(dataset.get("produsen_data_name"))
    if owner and not dataset.get("owner_org"):
        dataset["owner_org"] = owner
    assessment = assess(dataset, profile, reference=reference, today=today)
    title = plain_text(dataset.get("title"))
    people = tuple(people_in(mapped.rest)) if assessment.hasil != "tidak_dimuat" else ()
    if people:
        assessment = replace(assessment, hasil="tidak_dimuat", issues=(*assessment.issues, *people))
    issues = (*mapped.issues, *assessment.issues)
    return Item(where, mapped.identifier, title, assessment, issues, dataset, mapped.rest)


def number(value: float, lang: Lang) -> str:
    """1.234,5 in Indonesian, 1,234.5 in English."""
    written = f"{value:,g}" if isinstance(value, float) else f"{value:,}"
    return written if lang == "en" else written.translate(str.maketrans(",.", ".,"))


def _label(part: Mapping[str, Any], lang: Lang) -> str:
    """What a line of the score is called: the field it names, where its pointer leads only to the resources."""
    name = part["name"]
    field = contract.fields().get(name) or contract.resource_fields().get(name) or contract.field_at(part["pointer"])
    return field.label_in(lang) if field else str(name)


def by_weight(issues: Iterable[Issue]) -> list[Issue]:
    """Errors first, then warnings, then what is only said."""
    return sorted(issues, key=lambda issue: ("error", "warning", "info").index(issue.severity))


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


def _personal_data(dataset: Mapping[str, Any], rest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Findings in the words of a dataset, masked: `{kind, column, count, example}` with the field as `column`."""
    places = {**rest, **{name: dataset.get(name) for name in ("title", "notes")}}
    for place, resource in enumerate(_objects(dataset.get("resources"))):
        places |= {f"resources/{place}/{name}": resource.get(name) for name in ("name", "description")}
    return [
        {**finding.to_dict(), "column": place}
        for place, text in places.items()
        for finding in personal_data.in_text(plain_text(text))
    ]


def _objects(value: Any) -> Sequence[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else ()
