"""What the ready-made mappings share: which keys a source may set, and how files become resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


#: The contract field a key stands for, and what reads its values.
_Way = tuple[str, Callable[[Any], Any]]
#: Keys of a source are few; one that makes them up anew for every record must not fill the memory.
MOST_KEYS = 8192


class Ways(dict[str, "_Way | None"]):
    """What becomes of each key, decided when it is first met: a way, or None for a key that stays as it is."""

    def __init__(self, decide: Callable[[str], _Way | None]) -> None:
        super().__init__()
        self._decide = decide

    def __missing__(self, key: str) -> _Way | None:
        if len(self) >= MOST_KEYS:
            self.clear()
        way = self[key] = self._decide(key)
        return way


def claim(
    ways: Ways, items: Iterable[tuple[str, Any]], into: dict[str, Any], *, languages: bool = False
) -> dict[str, Any]:
    """Put what the contract knows into `into`, the first of each field, and return the rest of a record.

    A text in several languages is one text in the contract; with `languages` it stays whole in the rest, too. This is
    the innermost loop of reading: it calls nothing where a look at the value tells enough.
    """
    rest: dict[str, Any] = {}
    plain, telling, missing = values.text, values.TELLING, values.is_missing
    for key, value in items:
        if value is None:
            continue
        way = ways[key]
        if way is None or way[0] in into:
            rest[key] = value
            continue
        name, read = way
        if type(value) is str:
            if value[:1] not in telling and missing(value):
                rest[key] = value
                continue
            found = (value.strip() or None) if read is plain and value.isprintable() else read(value)
        else:
            found = None if missing(value) else read(value)
            if languages and isinstance(value, Mapping) and name != "spatial":
                rest[key] = value
        if found is None:
            rest[key] = value
        else:
            into[name] = found
    return rest


def _resource_way(key: str) -> _Way | None:
    name = contract.resource_field_name(key)
    if name is None:
        return None
    if name in {"id", "hash", "mimetype", "last_modified", "created"}:
        return name, values.text
    return name, _columns if name == "kamus_data" else values.reader(name, "resource")


def _columns(value: Any) -> list[dict[str, Any]] | None:
    found = [dict(column) for column in value if isinstance(column, Mapping)] if isinstance(value, list) else []
    return found or None


_RESOURCE_WAYS = Ways(_resource_way)


def resources(raw: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(resources in contract fields, what else each of them holds, in the same order)."""
    read: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for item in raw if isinstance(raw, list) else []:
        if type(item) is not dict and not isinstance(item, Mapping):
            continue
        resource: dict[str, Any] = {}
        others.append(claim(_RESOURCE_WAYS, item.items(), resource))
        read.append(resource)
    return read, others
