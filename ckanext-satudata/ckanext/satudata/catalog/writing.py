"""What is asked of the writer and what it answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ckanext.satudata.catalog.package import package_id
from satudata_schemas.assess import Assessment
from satudata_schemas.dataset import Dataset

Action = Literal["publish", "hold", "withdraw", "restore"]

TAKEOVER = "E-SMP-003"
CONFLICT = "E-SMP-004"
REPEATED = "E-SMP-005"
UNSTORABLE = "E-SMP-001"
UNKNOWN = "E-SMP-006"
ERASED = "E-SMP-008"


@dataclass(frozen=True, slots=True)
class Write:
    """What is to become of one record.

    `publish`: visible (tayang); `hold`: kept with `status`, private; `withdraw`; `restore`: back from withdrawal.
    Without `dataset` the stored version stays and only its standing changes. `package_id` names the record where it
    does not follow from source and identifier; a source with identitas `pertahankan` keeps its own ids, names and
    dates of creation.
    """

    source_id: str
    identifier: str
    action: Action
    owner_org: str = ""
    dataset: Dataset | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)
    assessment: Assessment | None = None
    fingerprint: str | None = None
    rules_version: str | None = None
    status: str | None = None  # where a held record stands: draf | menunggu | dikembalikan | disetujui
    package_id: str | None = None
    name: str | None = None
    expected_version: int | None = None
    created: dt.datetime | None = None  # identitas: pertahankan; naive UTC
    anew: bool = False  # make answer and document anew though nothing of the dataset differs (the office's name does)
    standing: Mapping[str, Any] = field(default_factory=dict)  # columns of the record a reviewer sets

    @property
    def record_id(self) -> str:
        """The id of the record, which is its package's too."""
        return self.package_id or package_id(self.source_id, self.identifier)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one `Write`.

    `outcome` is `created | changed | unchanged | withdrawn | restored | refused`, the last with the issue code of its
    reason.
    """

    record_id: str
    identifier: str
    outcome: str
    version: int = 0
    hasil: str = ""
    status: str = ""
    code: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[str, ...] = ()  # names of the fields that differ from the version before, `resources.url` among them
