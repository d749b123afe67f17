"""The bulk writer: the one way in which a batch of datasets becomes CKAN's rows, records, changes and index work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from satudata_schemas.assess import Assessment
from satudata_schemas.dataset import Dataset

Action = Literal["publish", "hold", "withdraw", "restore"]


@dataclass(frozen=True, slots=True)
class Write:
    """What is to become of one record. `publish`: visible (tayang); `hold`: kept with `status`, private; `withdraw`, `restore`."""

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
    package_id: str | None = None  # identitas: pertahankan
    name: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one `Write`: `created | changed | unchanged | withdrawn | restored | refused`, with the issue code of a refusal."""

    record_id: str
    identifier: str
    outcome: str
    version: int = 0
    hasil: str = ""
    status: str = ""
    code: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
