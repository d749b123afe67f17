"""Rows, one at a time, into cells: the only thing that is kept of a row is what it adds to its cell.

Memory grows with the cells. Keys by which rows are told apart are kept as hashes that mean nothing outside this
process, and only while it counts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.aggregate import dimension
from satudata_harvesters.aggregate.dimension import OTHER, UNKNOWN, GroupBy
from satudata_harvesters.aggregate.rules import FILE_COLUMN, MOST_UNREAD, AggregateRules
from satudata_harvesters.errors import SourceError
from satudata_schemas.issue import Issue

#: More cells than this are no aggregate.
MOST_CELLS = 200_000
#: Rows that can be told apart by a key while they are counted: some 100 bytes each.
MOST_KEYS = 1_000_000
#: Pages whose hash a trace names one by one.
MOST_PAGES = 2_000
_NUMBERED = re.compile(r"\d{0,8}(?::\d{1,8})?")
#: Answers remembered for one column.
_REMEMBERED = 20_000
#: FHIR resources about one person, and bundles of them (UU 27/2022 Pasal 4 ayat 2: health is specific personal data).
PERSONAL_RESOURCES = frozenset(
    {
        "Patient", "Encounter", "Condition", "Observation", "Practitioner", "RelatedPerson", "Person", "Procedure",
        "MedicationRequest", "MedicationStatement", "MedicationDispense", "Immunization", "AllergyIntolerance",
        "DiagnosticReport", "Composition", "ServiceRequest", "EpisodeOfCare", "Claim", "Coverage", "CarePlan",
        "ClinicalImpression", "QuestionnaireResponse", "Specimen", "Appointment",
    }
)  # fmt: skip

Cell = tuple[str, ...]


@dataclass
class State:
    """What a cell has counted: its rows, sums with how many rows gave one, and different values as hashes."""

    rows: int = 0
    sums: list[float] = field(default_factory=list)
    counted: list[int] = field(default_factory=list)
    different: list[set[int]] = field(default_factory=list)

    def add(self, other: State) -> None:
        """Take in what another cell has counted."""
        self.rows += other.rows
        self.sums = [one + two for one, two in zip(self.sums, other.sums, strict=True)]
        self.counted = [one + two for one, two in zip(self.counted, other.counted, strict=True)]
        for mine, theirs in zip(self.different, other.different, strict=True):
            mine.update(theirs)


@dataclass(frozen=True)
class PageTrace:
    """One page that was counted: its key in the source, its rows, SHA-256 of what was sent."""

    key: str
    rows: int
    hash: str


@dataclass(frozen=True)
class Counted:
    """Everything counted of a source, before anything of it is published."""

    cells: Mapping[Cell, State]
    rows: int
    columns: tuple[str, ...]
    issues: tuple[Issue, ...]
    pages: tuple[PageTrace, ...]
    repeated: int = 0


def refuse_personal_resource(row: Mapping[str, Any], depth: int = 0) -> None:
    """Raise `SourceError` E-PDP-007 for a FHIR resource about a person, also inside a bundle or an entry of one."""
    kind = row.get("resourceType")
    if kind in PERSONAL_RESOURCES:
        raise SourceError("E-PDP-007", kind=kind)
    inner = row.get("resource")
    if isinstance(inner, Mapping) and depth < 4:
        refuse_personal_resource(inner, depth + 1)
    entries = row.get("entry") if kind == "Bundle" else None
    for entry in entries if isinstance(entries, list) and depth < 4 else ():
        if isinstance(entry, Mapping):
            refuse_personal_resource(entry, depth + 1)


class Tally:
    """Takes pages, rows or groups of equal rows, and gives what was counted."""

    def __init__(self, rules: AggregateRules, today: date | None = None) -> None:
        self.rules, self._today = rules, today
        self._cells: dict[Cell, State] = {}
        self._part: dict[Cell, State] = {}
        self._part_name = ""
        self._seen: dict[str, None] = {}
        self._faults: Counter[tuple[str, str]] = Counter()
        self._filled: Counter[str] = Counter()
        self._keys: set[int] = set()
        self._pages: list[PageTrace] = []
        self._more_pages = hashlib.sha256()
        self._rows = self._repeated = self._replaced = 0
        self._memory: list[dict[Any, tuple[str, str]]] = [{} for _ in rules.group_by]
        self._sums = [one.column for one in rules.measures if one.kind in {"sum", "mean"}]
        self._different = [one.column for one in rules.measures if one.kind == "distinct"]
        self._read = rules.read

    # --- taking in ---

    def page(self, key: str, rows: Sequence[Mapping[str, Any]], *, part: str = "", digest: str = "") -> None:
        """Count a page of rows and note where they came from."""
        self.part(part)
        self.trace(key, len(rows), digest or _digest(rows))
        for row in rows:
            self.row(row)

    def trace(self, key: str, rows: int, digest: str) -> None:
        """Note a page; beyond a number of pages only their joint hash is kept."""
        if len(self._pages) < MOST_PAGES:
            self._pages.append(PageTrace(_place(key), rows, digest))
        else:
            self._more_pages.update(f"{key}\n{rows}\n{digest}\n".encode())

    def part(self, name: str) -> None:
        """The rows that follow belong to this file; what a later file says of a period replaces what an earlier
        said, where the rules want it.
        """
        if name != self._part_name:
            self._end_part()
            self._part_name = name

    def row(self, row: Mapping[str, Any]) -> None:
        """Count one row."""
        refuse_personal_resource(row)
        self._rows += 1
        for name in row:
            if name not in self._seen:
                self._note_column(name)
        if self.rules.key and self._again(row.get(self.rules.key)):
            return
        raw = [row.get(group.column) if group.column != FILE_COLUMN else self._part_name for group in self._groups]
        state = self._state(self._cell(raw, 1))
        state.rows += 1
        for place, column in enumerate(self._sums):
            number = values.number(row.get(column))
            if number is not None:
                state.sums[place] += number
                state.counted[place] += 1
            elif not values.is_missing(row.get(column)):
                self._faults[column, "unread"] += 1
        for place, column in enumerate(self._different):
            if not values.is_missing(row.get(column)):
                state.different[place].add(hash(values.text(row.get(column))))

    def group(self, raw: Sequence[Any], state: State) -> None:
        """Count rows whose values along the dimensions are alike, all at once."""
        self._rows += state.rows
        self._state(self._cell(raw, state.rows)).add(state)

    def columns(self, names: Iterable[str]) -> None:
        """Note which columns the rows of a file have."""
        for name in names:
            self._note_column(name)

    # --- what came of it ---

    def close(self) -> Counted:
        """What was counted. Raises `SourceError`: E-TRK-028 for a column that is not there, E-AGR-001 for one that
        cannot be read any more, E-AGR-002 for one that holds numbers of persons.
        """
        self._end_part()
        if self._rows:
            for column in self.rules.needed:
                if column not in self._seen:
                    raise SourceError("E-TRK-028", field=column)
        issues = tuple(self._issues())
        if len(self._pages) == MOST_PAGES:
            self._pages.append(PageTrace("…", 0, self._more_pages.hexdigest()))
        return Counted(self._cells, self._rows, tuple(self._seen), issues, tuple(self._pages), self._repeated)

    def _issues(self) -> Iterable[Issue]:
        for (column, fault), times in sorted(self._faults.items()):
            share = times / max(self._rows, 1)
            if fault == "personal" and times > max(5, self._rows // 100):
                raise SourceError("E-AGR-002", field=column, rows=times)
            if fault in {"unread", "unlisted"} and share > MOST_UNREAD:
                raise SourceError("E-AGR-001", field=column, rows=times, percent=_percent(share))
            told = {"kolom": column, "jumlah": times, "persen": _percent(share)}
            if fault in {"unread", "unlisted", "personal"}:
                code = {"unread": "W-AGR-001", "unlisted": "W-AGR-002", "personal": "W-AGR-003"}[fault]
                yield Issue(code, "warning", "/aggregate/columns", None, told)
        if self._repeated:
            yield Issue("W-AGR-004", "warning", "/aggregate/key", None, {"jumlah": self._repeated})
        if self._replaced:
            yield Issue("I-AGR-005", "info", "/aggregate/replaces", None, {"jumlah": self._replaced})

    # --- inside ---

    @property
    def _groups(self) -> tuple[GroupBy, ...]:
        return self.rules.group_by

    def _note_column(self, name: str) -> None:
        if len(self._seen) < 2_000:
            self._seen[str(name)] = None

    def _again(self, key: Any) -> bool:
        """Whether a row with this key was counted before; one without a key is never another's repetition."""
        if values.is_missing(key):
            return False
        told = hash(values.text(key))
        if self.rules.replaces:
            told = hash((told, self._part_name))
        if told in self._keys:
            self._repeated += 1
            return True
        if len(self._keys) >= MOST_KEYS:
            raise SourceError("E-AGR-003", limit=MOST_KEYS)
        self._keys.add(told)
        return False

    def _cell(self, raw: Sequence[Any], rows: int) -> Cell:
        return tuple(self._coordinate(place, value, rows) for place, value in enumerate(raw))

    def _state(self, cell: Cell) -> State:
        """What a cell has counted so far; of the file that is being read, where files replace each other."""
        into = self._part if self.rules.replaces else self._cells
        known = into.get(cell)
        if known is None:
            if len(into) >= MOST_CELLS:
                raise SourceError("E-TRK-029", limit=MOST_CELLS)
            known = into[cell] = State(
                0, [0.0] * len(self._sums), [0] * len(self._sums), [set() for _ in self._different]
            )
        return known

    def _coordinate(self, place: int, raw: Any, rows: int) -> str:
        group = self._groups[place]
        if self.rules.snapshot and group.name == self.rules.snapshot.name:
            return dimension.bucket((self._today or date.today()).isoformat(), group.bucket or "year")  # noqa: DTZ011 - the office's calendar
        memory = self._memory[place]
        key = raw[:10] if group.bucket and isinstance(raw, str) and _LOCAL.get(len(raw)) else raw
        try:
            told = memory.get(key)
        except TypeError:
            told, key = None, None
        if told is None:
            told = group.read(raw)
            if key is not None and len(memory) < _REMEMBERED:
                memory[key] = told
        if told[1]:
            self._faults[group.column, told[1]] += rows
        return told[0]

    def _end_part(self) -> None:
        if not self.rules.replaces:
            return
        at = self.rules.period_at
        if at is not None and self._part:
            periods = {cell[at] for cell in self._part} - {UNKNOWN}
            stale = [cell for cell in self._cells if cell[at] in periods]
            self._replaced += len({cell[at] for cell in stale})
            for cell in stale:
                del self._cells[cell]
        for cell, state in self._part.items():
            known = self._cells.get(cell)
            if known is None:
                self._cells[cell] = state
            else:
                known.add(state)
        if len(self._cells) > MOST_CELLS:
            raise SourceError("E-TRK-029", limit=MOST_CELLS)
        self._part = {}


#: Lengths of a moment without a zone: its first ten characters are its day.
_LOCAL = {16: True, 19: True}


def _place(key: str) -> str:
    """A page's key in its source where it is a number in a row of pages; else its hash: it may be a row's own key."""
    return key if _NUMBERED.fullmatch(key) else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:16]


def _percent(share: float) -> str:
    return f"{share * 100:.1f}".replace(".", ",")


def _digest(rows: Sequence[Mapping[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


__all__ = ["OTHER", "UNKNOWN", "Cell", "Counted", "PageTrace", "State", "Tally", "refuse_personal_resource"]
