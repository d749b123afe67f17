"""Ready-made mappings: what a protocol's records are in contract fields, before a source's own rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Draft:
    """A record on its way: its identifier, its contract fields so far, and its other keys."""

    identifier: str | None = None
    dataset: dict[str, Any] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """A ready-made mapping: what reads a record, and which of its keys change without meaning anything."""

    read: Callable[[Mapping[str, Any], str], Draft]
    volatile: frozenset[str] = frozenset()
    #: Raise it when the mapping's meaning changes: what is stored is then assessed again.
    version: int = 1


def ready_made(name: str) -> Ready:
    """The mapping of that name; KeyError for an unknown one."""
    from satudata_harvesters.mappings import alike, bps, ckan, dcat  # noqa: PLC0415 - they need Draft from here

    return {"bps": bps.READY, "ckan": ckan.READY, "dcat": dcat.READY, "otomatis": alike.READY}[name]


NAMES = ("bps", "ckan", "dcat", "otomatis")
