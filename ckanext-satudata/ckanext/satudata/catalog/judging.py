"""How a source's datasets are judged, without opening the source: its profile and the reference data of today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from satudata_schemas import assess as judge
from satudata_schemas.assess import Assessment
from satudata_schemas.checks_personal import people_in
from satudata_schemas.dataset import Dataset
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference


class Judge:
    """The rules of one source, from its row in `satudata_source`; reads neither network nor database."""

    def __init__(self, source: Mapping[str, Any]) -> None:
        self.profile, self.reference = Profile.load(source["profile"]), Reference.load()
        self.today = date.today()  # noqa: DTZ011 - a rule binds from a day of the office's calendar

    def assess(self, dataset: Dataset, rest: Mapping[str, Any] | None = None) -> Assessment:
        """What the rules say of a dataset, and of the source's other keys, in which nobody's number may stand."""
        found = judge.assess(dataset, self.profile, reference=self.reference, today=self.today)
        people = tuple(people_in(rest)) if rest and found.hasil != "tidak_dimuat" else ()
        return replace(found, hasil="tidak_dimuat", issues=(*found.issues, *people)) if people else found

    def version(self, decides: Any) -> str:
        """Version of these rules and of what else decides (`rules_version`), as the second part of a record's."""
        return judge.rules_version(self.profile, self.reference, decides, today=self.today)[:32]
