"""What a run has counted so far: the numbers of contracts.md and the issues that belong to no record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ckanext.satudata.catalog.stopwatch import Stages
from ckanext.satudata.catalog.write import Written
from ckanext.satudata.catalog.writing import ERASED

_OUTCOMES = {"created": "created", "changed": "updated", "restored": "updated", "withdrawn": "withdrawn"}
_UNCHANGED_PAGES = "unchanged_pages"
_LOOSE = "loose_issues"
_REFUSED = "refused"
_FIELDS, _GONE = "changed_fields", "gone"
_STAGES = "stages"
#: So many refused records are named in a run's report; all are counted.
MOST_REFUSED = 100
#: So many withdrawn and missing datasets are named; so many examples of a changed field. The change log has them all.
MOST_NAMED = 200
EXAMPLES = 5


class Reckoning:
    """Adds up a run; kept as JSON in `run.counts`, so that a resumed run goes on counting."""

    def __init__(self, stored: Mapping[str, Any] | None = None) -> None:
        known = dict(stored or {})
        self.loose: Counter[str] = Counter(known.pop(_LOOSE, {}))
        self.refused: list[dict[str, Any]] = list(known.pop(_REFUSED, ()))
        #: field -> how many datasets it changed in, and the ids of some
        self.fields: dict[str, dict[str, Any]] = dict(known.pop(_FIELDS, {}))
        #: ids of datasets that were withdrawn or marked as missing
        self.gone: dict[str, list[str]] = {"withdrawn": [], "missing": [], **known.pop(_GONE, {})}
        self.stages = Stages(known.pop(_STAGES, {}))
        known.pop("issues", None)
        self.counts: Counter[str] = Counter(known)

    def __getitem__(self, name: str) -> int:
        return self.counts[name]

    def add(self, **numbers: int) -> None:
        """Add to the named counts."""
        self.counts.update(numbers)

    def written(self, results: Iterable[Written], *, datasets: Mapping[str, bool]) -> None:
        """Count what became of a batch; `datasets` says by identifier which of them are datasets at all (not
        tidak_dimuat).
        """
        for result in results:
            if result.outcome == "refused":
                self._refuse(result)
            elif result.outcome == "unchanged":
                self.counts["unchanged"] += 1
            elif datasets.get(result.identifier, True):
                self.counts[_OUTCOMES.get(result.outcome, result.outcome)] += 1
                self._name(result)

    def _name(self, result: Written) -> None:
        """Ids only: a report must hold nothing that would have to be erased from it."""
        if result.outcome == "withdrawn":
            self.name_gone("withdrawn", [result.record_id])
        for field in result.fields:
            told = self.fields.setdefault(field, {"count": 0, "examples": []})
            told["count"] += 1
            if len(told["examples"]) < EXAMPLES:
                told["examples"].append(result.record_id)

    def name_gone(self, how: str, ids: Sequence[str]) -> None:
        """Name datasets that were `withdrawn` or are `missing` from now on."""
        self.gone[how] += ids[: max(MOST_NAMED - len(self.gone[how]), 0)]

    def _refuse(self, result: Written) -> None:
        if result.code == ERASED:
            self.counts["unchanged"] += 1  # erased while it was read: not even named
            return
        self.loose[str(result.code)] += 1
        if len(self.refused) < MOST_REFUSED:
            told = {"identifier": result.identifier[:200], "code": result.code, "params": dict(result.params)}
            self.refused.append(told)

    def unchanged_page(self) -> None:
        """Note a page that was not parsed."""
        self.counts[_UNCHANGED_PAGES] += 1

    @property
    def skipped_pages(self) -> bool:
        """Whether some page was not parsed, so that what it holds was not looked at."""
        return self.counts[_UNCHANGED_PAGES] > 0

    def to_json(self) -> dict[str, Any]:
        """For `run.counts`."""
        named = {_FIELDS: self.fields, _GONE: self.gone}
        return {
            **self.counts,
            _LOOSE: dict(self.loose),
            _REFUSED: self.refused,
            **named,
            _STAGES: self.stages.to_json(),
        }
