"""What differs between two versions of a dataset, field by field; files are told apart by their key. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ckanext.satudata.catalog.package import resource_key
from satudata_schemas.dataset import canonical

RESOURCES = "resources"
#: what the platform sets: no change of what the dataset says
_FILLED_IN = frozenset({"created"})  # of a file, by CKAN where the source says nothing
_SET_BY_US = frozenset({"name", "identifier", "hasil", "status", "skor_sdi"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One field's value before and after; None where there was or is none.

    `resource` is the file it belongs to, by its name or address, empty for a field of the dataset. A file that came or
    went is a difference of the field `resources` with the whole file on one side.
    """

    field: str
    before: Any
    after: Any
    resource: str = ""

    @property
    def name(self) -> str:
        """Its name in reports: `title`, `resources` for a file that came or went, `resources.url` within one."""
        return f"{RESOURCES}.{self.field}" if self.resource and self.field != RESOURCES else self.field


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Every difference, fields in alphabetical order, then those of files."""
    found = [
        Difference(name, before.get(name), after.get(name))
        for name in sorted({*before, *after} - {RESOURCES} - _SET_BY_US)
        if _differ(name, before.get(name), after.get(name))
    ]
    return [*found, *_of_resources(_files(before), _files(after))]


def names(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of what differs, each once."""
    return tuple(dict.fromkeys(item.name for item in between(before, after)))


def _differ(name: str, before: Any, after: Any) -> bool:
    return bool(before != after and canonical({name: before}) != canonical({name: after}))


def _files(dataset: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = dataset.get(RESOURCES)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list | tuple) else []


def _keyed(files: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, Any]]:
    met: dict[str, int] = {}
    keyed = {}
    for item in files:
        key = resource_key(item)
        met[key] = met.get(key, 0) + 1
        keyed[key, met[key]] = item
    return keyed


def _of_resources(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    old, new = _keyed(before), _keyed(after)
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        label = _label(now or was or {})
        if was is None or now is None:
            yield Difference(RESOURCES, was, now, label)
            continue
        for name in sorted({*was, *now} - _FILLED_IN):
            if _differ(name, was.get(name), now.get(name)):
                yield Difference(name, was.get(name), now.get(name), label)


def _label(item: Mapping[str, Any]) -> str:
    return str(item.get("name") or item.get("url") or item.get("id") or "-")
