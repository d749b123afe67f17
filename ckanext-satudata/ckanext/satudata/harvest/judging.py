"""How a source's datasets are judged, without opening the source: its profile and the reference data of today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from satudata_schemas import assess as judge
from satudata_schemas.assess import Assessment
from satudata_schemas.dataset import Dataset
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference


class Judge:
    """The rules of one source, from its row in `satudata_source`; reads neither network nor database."""

    def __init__(self, source: Mapping[str, Any]) -> None:
        self.profile, self.reference = Profile.load(source["profile"]), Reference.load()
        self.today = date.today()  # noqa: DTZ011 - a rule binds from a day of the office's calendar

    def assess(self, dataset: Dataset) -> Assessment:
        """What the rules say of a dataset."""
        return judge.assess(dataset, self.profile, reference=self.reference, today=self.today)
