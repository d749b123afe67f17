"""Whether a dataset is late.

The due date is stored; late or not is said when it is read, because only then is it known what day it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from satudata_schemas import contract
from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import Issue


def due(dataset: Dataset | Mapping[str, Any]) -> date | None:
    """The last day on which the dataset still counts as current.

    From its last update and the days its schedule allows (vocabulary `jadwal_pemutakhiran`). None without either, and
    for irregular ones.
    """
    subject = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
    days, updated = _allowed_days(subject), _updated(subject)
    if days is None or updated is None:
        return None
    try:
        return updated + timedelta(days=days)
    except OverflowError:
        return None


def lateness(dataset: Dataset | Mapping[str, Any], today: date, last_day: date | None) -> Issue | None:
    """W-TEP-001 when the dataset's due date, as it was stored, is past on a day; else None, also where the dataset does
    not tell by which schedule or when it was updated.
    """
    subject = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
    updated, schedule = _updated(subject), _schedule(subject)
    if last_day is None or updated is None or schedule is None or today <= last_day:
        return None
    label = contract.vocabulary("jadwal_pemutakhiran").label_of(schedule).casefold()
    return Issue(
        "W-TEP-001", "warning", "/jadwal_pemutakhiran", "metadata", {"jadwal": label, "hari": (today - updated).days}
    )


def _schedule(dataset: Dataset) -> str | None:
    return contract.vocabulary("jadwal_pemutakhiran").resolve(dataset.text("jadwal_pemutakhiran"))


def _allowed_days(dataset: Dataset) -> int | None:
    code = _schedule(dataset)
    return contract.vocabulary("jadwal_pemutakhiran")[code].more.get("overdue_days") if code else None


def _updated(dataset: Dataset) -> date | None:
    try:
        return date.fromisoformat(dataset.text("tanggal_mutakhir")[:10])
    except ValueError:
        return None
