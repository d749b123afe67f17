"""What the ready-made mappings share: which keys a source may set, and how files become resources."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from satudata_harvesters import values
from satudata_schemas import contract

#: Fields that the platform decides and no source may claim: the owner, and everything computed.
NOT_FROM_SOURCES = frozenset(
    {"identifier", "owner_org", "resources", "sumber_aplikasi"}
    | {field.name for field in contract.fields().values() if field.computed}
)


@lru_cache(maxsize=8192)
def contract_name(key: str) -> str | None:
    """The contract field a source's key stands for; None for one it may not set or we do not know."""
    name = contract.field_name(key)
    return None if name in NOT_FROM_SOURCES else name


@lru_cache(maxsize=1024)
def resource_name(key: str) -> str | None:
    """The contract field of a resource that a source's key stands for."""
    return contract.resource_field_name(key)


def resources(raw: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(resources in contract fields, what else each of them holds, in the same order)."""
    read: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for item in raw if isinstance(raw, list) else []:
        if not isinstance(item, Mapping):
            continue
        resource: dict[str, Any] = {}
        other: dict[str, Any] = {}
        for key, value in item.items():
            if value is None:
                continue
            name = resource_name(key)
            # `None` as a word is what some exporters leave behind for an empty field.
            found = (
                None if name is None or name in resource or values.is_missing(value) else _resource_value(name, value)
            )
            if found is None:
                other[key] = value
            else:
                resource[name] = found  # type: ignore[index]
        read.append(resource)
        others.append(other)
    return read, others


def _resource_value(name: str, value: Any) -> Any:
    if name in {"id", "hash", "mimetype", "last_modified", "created"}:
        return values.text(value)
    if name == "kamus_data":
        return (
            [dict(column) for column in value if isinstance(column, Mapping)] or None
            if isinstance(value, list)
            else None
        )
    return values.reader(name, "resource")(value)
