"""What an application would give, shown to the person who connects it before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ckanext.satudata.harvest import messages
from ckanext.satudata.harvest.previewing import first_datasets
from ckanext.satudata.portal import records, wording
from ckanext.satudata.portal.dataset_page import format_name
from ckanext.satudata.portal.records import Problem
from satudata_harvesters.aggregate import Table
from satudata_harvesters.errors import ReadingError
from satudata_harvesters.source import Source
from satudata_schemas import personal_data

_DATASETS = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """One dataset as it would stand."""

    title: str
    hasil: str
    score: int | None
    formats: Sequence[str]
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class Counting:
    """What counting the rows does to them: which columns are looked at and which never, and what is not shown and why.

    `small` cells hold fewer than `k`; `further` ones are hidden so that no small one can be computed from the others.
    """

    read: Sequence[str]
    dropped: Sequence[str]
    k: int
    cells: int
    small: int
    further: int
    percent: str


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """The preview in words; `failure` is what stopped the reading, `total` what the application says it holds."""

    connector: str
    total: int | None
    datasets: Sequence[Shown]
    failure: Problem | None
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    rows_read: int = 0
    counting: Counting | None = None


def preview(definition: Mapping[str, Any]) -> PreviewPage:
    """Read the first datasets of a checked definition through the guarded client; nothing is written."""
    found = first_datasets(definition, limit=_DATASETS)
    table = found.table
    return PreviewPage(
        connector=Source.from_dict(definition).connector,
        total=found.total,
        datasets=[_shown(item) for item in found.items],
        failure=_failure(found.error) if found.error else None,
        columns=list(table.columns) if table else (),
        rows=[[wording.clean(cell, 60) for cell in row] for row in table.rows[:8]] if table else (),
        rows_read=table.rows_read if table else 0,
        counting=_counting(table) if table else None,
    )


def _counting(table: Table) -> Counting:
    told = table.told()
    return Counting(
        read=[wording.clean(name, 80) for name in told["read"]],
        dropped=[wording.clean(name, 80) for name in told["dropped"]],
        k=told["k"] or 1,
        cells=table.total_cells,
        small=table.small,
        further=table.suppressed - table.small,
        percent=f"{table.share_suppressed * 100:.1f}".replace(".", ","),
    )


def _shown(item: Any) -> Shown:
    found = [records.problem(one.code, one.severity, one.params, one.principle, one.pointer) for one in item.issues]
    resources = item.dataset.get("resources")
    names = (
        [format_name(r.get("format")) for r in resources if isinstance(r, Mapping)]
        if isinstance(resources, list)
        else []
    )
    return Shown(
        title=wording.clean(_called(item), 200),
        hasil=item.hasil,
        score=item.assessment.score,
        formats=[name for name in dict.fromkeys(names) if name][:6],
        problems=sorted(found, key=lambda one: ("error", "warning", "info").index(one.severity)),
    )


def _called(item: Any) -> str:
    """What a record is called: its place where it is not to be loaded and its identifier may be a person's number."""
    if item.hasil != "tidak_dimuat" and item.title:
        return str(item.title)
    identifier = item.identifier or ""
    personal = personal_data.may_hold_nik(identifier) and any(personal_data.niks(identifier))
    return item.pointer if personal or not identifier else str(identifier)


def _failure(error: ReadingError) -> Problem:
    message, remedy = messages.render(error.code, error.params, wording.language())
    return Problem(error.code, "error", message, remedy)
