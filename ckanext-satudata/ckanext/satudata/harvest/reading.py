"""A source opened for reading: its mapping and the rules it is judged by, its connector behind the guarded client."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ckan.common import config

from ckanext.satudata.harvest import secrets, sources
from satudata_harvesters.connector import Connector, Page, Validators
from satudata_harvesters.http import Http
from satudata_harvesters.mapping import Mapped
from satudata_harvesters.mapping import Mapping as FieldMapping
from satudata_harvesters.source import Source, http_for
from satudata_schemas import assess as judge
from satudata_schemas.assess import Assessment
from satudata_schemas.dataset import Dataset, canonical
from satudata_schemas.file_facts import FileFacts
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

#: An `env:` reference of a source reaches only variables of this name, or its owner could have the server's own
#: secrets sent to an address of their choice.
ENVIRONMENT = "SATUDATA_SOURCE_"


class Rules:
    """How the records of a source are mapped and judged, without a way to read them."""

    def __init__(self, row: Mapping[str, Any], source: Source) -> None:
        self.source_id: str = row["id"]
        self.organization_id: str = row["organization_id"]
        self.penayangan: str = row["penayangan"]
        self.keeps_identity: bool = row["identitas"] == "pertahankan"
        self.source = source
        self.profile, self.reference = Profile.load(row["profile"]), Reference.load()
        # A rule binds from a day of the office's calendar.
        self.today: date = row.get("today") or date.today()  # noqa: DTZ011
        self._mapping = FieldMapping("otomatis") if source.aggregation else source.mapper
        #: What is known of files that we have made ourselves, by address.
        self.files: dict[str, FileFacts] = {}
        #: Version of everything but the content that decides how a record is mapped, and how it is judged; the first
        #: part alone tells whether the source's mapping, template or columns have changed.
        self.rules_version = f"{self._shape()}:{self._rules(row)}"

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Rules:
        """Of a row of `satudata_source`; its sealed credentials stay so. Raises `ConfigError`."""
        return cls(row, Source.from_dict(row["definition"]))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.source_id}>"

    def _shape(self) -> str:
        told = {"mapping": self._mapping.version, "aggregate": self.source.aggregate, "template": self.source.template}
        return hashlib.sha256(canonical(told)).hexdigest()[:16]

    def _rules(self, row: Mapping[str, Any]) -> str:
        decides = (dict(self.source.defaults), self.source.application, self.penayangan, row["identitas"])
        return judge.rules_version(self.profile, self.reference, decides, today=self.today)[:32]

    @property
    def aggregates(self) -> bool:
        """Whether the source is an application whose rows become one aggregate, instead of a catalogue of datasets."""
        return self.source.aggregation is not None

    @property
    def volatile(self) -> frozenset[str]:
        """What a fingerprint leaves out. When an aggregate was counted is no change of it."""
        return self._mapping.volatile | ({"tanggal_mutakhir"} if self.aggregates else frozenset())

    def map(self, raw: Any) -> Mapped:
        """One of the source's records in the contract's words."""
        return self._mapping.apply(raw, self.source)

    def assess(self, dataset: Dataset) -> Assessment:
        """What the rules of this source say of a dataset."""
        files = self.files or None
        return judge.assess(dataset, self.profile, reference=self.reference, files=files, today=self.today)


class Reading(Rules):
    """Everything a run needs to know of its source. Holds secrets in the open: never log or store it."""

    def __init__(self, row: Mapping[str, Any], source: Source, connector: Connector) -> None:
        super().__init__(row, source)
        self.connector = connector

    @property
    def requests(self) -> int:
        """Requests made so far."""
        return self.connector.http.requests

    @property
    def seconds_fetching(self) -> float:
        """Seconds spent so far on requests, from asking to the last byte."""
        return self.connector.http.seconds

    @property
    def bytes_read(self) -> int:
        """Bytes received so far."""
        return self.connector.http.bytes_read

    def pages(self, after: str | None, validators: Mapping[str, Validators]) -> Iterator[Page]:
        """The pages behind a checkpoint, lazily."""
        return self.connector.pages(after=after, validators=validators)


def open_source(row: Mapping[str, Any]) -> Reading:
    """Open a source from its row in `satudata_source`; nothing is fetched yet.

    Raises `ReadingError` for a definition or network entry that no longer holds, `SourceRefused` for secrets that
    cannot be opened. The networks are checked again at every opening: an administrator may have closed one since.
    """
    source = Source.from_dict(secrets.put_back(row["definition"], row["secrets"], name=row["name"]))
    return Reading(row, source, source.open(client(source)))


def client(source: Source) -> Http:
    """The guarded client of a source, on this platform's terms: the networks its administrator permits, its proxy, and
    of its environment only what is meant for sources.
    """
    environ = {name: value for name, value in os.environ.items() if name.startswith(ENVIRONMENT)}
    proxy = config.get("ckan.download_proxy") or None
    return http_for(source, permitted=sources.allowed_networks(), environ=environ, proxy=proxy)
