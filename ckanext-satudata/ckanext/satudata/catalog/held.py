"""Values held by people: what a person has set stays through every harvest, until it is given back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ckan.lib.helpers import unified_resource_format
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables
from ckanext.satudata.catalog.bulk import recordset, upsert
from ckanext.satudata.catalog.package import as_sent_back, resource_ids
from satudata_schemas.dataset import Dataset, canonical

#: the field that stands for a person's decision to keep a dataset from the public
PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Held:
    """One held value: of a field, or of a resource's field (`resource_id` is CKAN's); None is a value taken away.

    `source_value` is what the source says in its place, as far as it is known.
    """

    field: str
    resource_id: str
    value: Any
    source_value: Any = dataclasses.field(default=None, compare=False)


def load(session: Session, package_ids: Sequence[str]) -> dict[str, list[Held]]:
    """Held values by package."""
    held = tables.held.c
    rows = session.execute(
        select(held.package_id, held.field, held.resource_id, held.value, held.source_value).where(
            held.package_id.in_(package_ids)
        )
    )
    found: dict[str, list[Held]] = {}
    for row in rows:
        found.setdefault(row.package_id, []).append(Held(row.field, row.resource_id, row.value, row.source_value))
    return found


def with_source(
    held: Iterable[Held], said: Mapping[str, Any], package: str, *, keep_resource_ids: bool = False
) -> list[Held]:
    """Those of the held values in whose place the source now says something else than is known, with what it says."""
    dataset = Dataset(said)
    ids = resource_ids(package, dataset.resources, keep=keep_resource_ids)
    files = dict(zip(ids, dataset.resources, strict=True))
    found = []
    for item in held:
        if item.field == PRIVATE or (item.resource_id and item.resource_id not in files):
            continue
        now = (files[item.resource_id] if item.resource_id else dataset).get(item.field)
        if now != item.source_value:
            found.append(replace(item, source_value=now))
    return found


def note_source(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write down what sources say in the place of held values: `{package_id, field, resource_id, source_value}`."""
    if not rows:
        return
    held = tables.held
    fresh = recordset([held.c[name] for name in rows[0]], rows)
    same = [held.c[name] == fresh.c[name] for name in ("package_id", "field", "resource_id")]
    session.execute(update(held).where(*same).values(source_value=fresh.c.source_value))


def apply(dataset: Dataset, held: Iterable[Held], package: str, *, keep_resource_ids: bool = False) -> Dataset:
    """The dataset with what people hold; values of a resource that is gone are passed over."""
    fields = {item.field: item.value for item in held if not item.resource_id and item.field != PRIVATE}
    inner: dict[str, dict[str, Any]] = {}
    for item in held:
        if item.resource_id:
            inner.setdefault(item.resource_id, {})[item.field] = item.value
    changed = dataset.with_fields(**fields) if fields else dataset
    if not inner:
        return changed
    ids = resource_ids(package, changed.resources, keep=keep_resource_ids)
    resources = [_with(dict(item), inner.get(id_, {})) for id_, item in zip(ids, changed.resources, strict=True)]
    return changed.with_fields(resources=resources)


def _with(resource: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**resource, **values}.items() if value is not None}


def differences(before: Dataset, after: Dataset, package: str, *, keep_resource_ids: bool = False) -> list[Held]:
    """What one edit has set: the fields whose canonical value differs, and of resources that both have, theirs.

    Where resources were added or taken away, the whole list is what was set.
    """
    found = [
        Held(name, "", after.get(name))
        for name in sorted({*before, *after} - {"resources"})
        if not same(name, before.get(name), after.get(name))
    ]
    ids = [resource_ids(package, side.resources, keep=keep_resource_ids) for side in (before, after)]
    if ids[0] != ids[1]:
        return [*found, Held("resources", "", [dict(item) for item in after.resources])]
    for id_, old, new in zip(ids[0], before.resources, after.resources, strict=True):
        keys = sorted({*old, *new} - {"created"})  # CKAN fills it in where a source says nothing
        found += [Held(key, id_, new.get(key)) for key in keys if not same(key, old.get(key), new.get(key))]
    return found


def same(name: str, before: Any, after: Any) -> bool:
    """Whether a value is the one there was, or that one as a form sends it back."""
    sides = [canonical({name: value}) for value in (before, after)]
    if sides[0] == sides[1]:
        return True
    if name == "format" and isinstance(before, str) and isinstance(after, str):
        return bool(unified_resource_format(before) == unified_resource_format(after))
    return bool(as_sent_back(before) == as_sent_back(after))


def untouched_kept(before: Dataset, after: Dataset, package: str, *, keep_resource_ids: bool = False) -> Dataset:
    """The dataset after an edit, with every value that the form has only sent back as it was given before."""
    fields = {name: before[name] for name in after if name in before and same(name, before[name], after[name])}
    known = dict(zip(resource_ids(package, before.resources, keep=keep_resource_ids), before.resources, strict=True))
    ids = resource_ids(package, after.resources, keep=keep_resource_ids)
    fields["resources"] = [
        {key: old[key] if key in old and same(key, old[key], value) else value for key, value in new.items()}
        for old, new in ((known.get(id_, {}), new) for id_, new in zip(ids, after.resources, strict=True))
    ]
    return after.with_fields(**fields)


def keep(
    session: Session,
    package: str,
    values: Iterable[Held],
    *,
    source_values: Mapping[str, Any],
    user_id: str | None,
    inferred: Mapping[str, str] | None = None,
) -> None:
    """Hold these values from now on, beside what the source said when they were set.

    `inferred` names, by field, the reason of those that were accepted as suggestions.
    """
    now = dt.datetime.now(dt.timezone.utc)
    rows = [
        {
            "package_id": package,
            "field": item.field,
            "resource_id": item.resource_id,
            "value": item.value,
            "source_value": _said(source_values, item, package),
            "user_id": user_id,
            "at": now,
            "inferred": (inferred or {}).get(item.field),
        }
        for item in values
    ]
    upsert(session, tables.held, rows, replace=("value", "user_id", "inferred", "at"))


def _said(values: Mapping[str, Any], item: Held, package: str) -> Any:
    if not item.resource_id:
        return values.get(item.field)
    found = with_source([item], values, package)
    return found[0].source_value if found else None
