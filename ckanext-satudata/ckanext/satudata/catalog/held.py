"""Values held by people: what a person has set stays through every harvest, until it is given back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ckan.lib.helpers import unified_resource_format
from sqlalchemy import select
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables
from ckanext.satudata.catalog.bulk import upsert
from ckanext.satudata.catalog.package import as_sent_back, resource_ids
from satudata_schemas.dataset import Dataset, canonical

#: the field that stands for a person's decision to keep a dataset from the public
PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Held:
    """One held value: of a field, or of a resource's field (`resource_id` is CKAN's); None is a value taken away."""

    field: str
    resource_id: str
    value: Any


def load(session: Session, package_ids: Sequence[str]) -> dict[str, list[Held]]:
    """Held values by package."""
    held = tables.held.c
    rows = session.execute(
        select(held.package_id, held.field, held.resource_id, held.value).where(held.package_id.in_(package_ids))
    )
    found: dict[str, list[Held]] = {}
    for row in rows:
        found.setdefault(row.package_id, []).append(Held(row.field, row.resource_id, row.value))
    return found


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
    rows = [
        {
            "package_id": package,
            "field": item.field,
            "resource_id": item.resource_id,
            "value": item.value,
            "source_value": None if item.resource_id else source_values.get(item.field),
            "user_id": user_id,
            "inferred": (inferred or {}).get(item.field),
        }
        for item in values
    ]
    upsert(session, tables.held, rows, replace=("value", "user_id", "inferred"))
