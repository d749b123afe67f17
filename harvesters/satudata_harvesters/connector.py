"""What a connector is, and where connectors are found.

A connector knows one protocol. It gets its configuration (already checked against `config_schema`) and the guarded
client, and yields pages of raw records. Everything else is done by others: retries and limits in `http.py`, fields in
`mapping.py`, what is new, changed or gone in the harvest engine.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import IO, TYPE_CHECKING, Any, ClassVar

from satudata_harvesters.errors import RecordError

if TYPE_CHECKING:
    from satudata_harvesters.http import Http

log = logging.getLogger(__name__)

ENTRY_POINTS = "satudata.connectors"

#: What a page sent the last time it was read: `etag`, `last_modified`, `hash` (SHA-256 of its bytes, hex); each may be
#: missing.
Validators = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a source.

    `key` names the page within its source and is the same in every run. `validators` are to be given back as they are:
    they also tell where the pages go on behind one that has not changed. `checkpoint` is what `pages(after=…)` takes to
    go on behind this page. A run is complete only after a page with `last`. An `unchanged` page (304, or the same
    bytes) carries no records: the engine knows which identifiers it held. `errors` are records that exist but could
    not be read. `file` is an already unlinked temporary file instead of records, of which only allow-listed columns
    may be read. `part` names the file a page is of, where a source has several.

    `records` can be gone through again, cut and counted; they may be parsed only while they are gone through, so that
    none but the one at hand takes memory.
    """

    key: str
    records: Sequence[dict[str, Any]]
    checkpoint: str
    last: bool
    unchanged: bool = False
    validators: Validators | None = None
    total: int | None = None
    file: IO[bytes] | None = None
    errors: tuple[RecordError, ...] = ()
    part: str = ""


class Connector:
    """A protocol that sources speak. Subclasses set the class attributes and write `pages`."""

    #: The word for it in a source file.
    kind: ClassVar[str] = ""
    #: What it reads, in a few words, by language.
    title: ClassVar[Mapping[str, str]] = {}
    #: JSON Schema of `config` together with the source's `url`; a secret field is marked `"secret": true`.
    config_schema: ClassVar[Mapping[str, Any]] = {"type": "object"}
    #: The name of a ready-made mapping that fits its records, used where a source declares none.
    mapping: ClassVar[str | None] = None
    #: Whether `since` makes the source answer changes only.
    knows_changes: ClassVar[bool] = False
    #: Whether `url` is an address for the guarded client (not a folder or a database).
    speaks_http: ClassVar[bool] = True

    def __init__(self, config: Mapping[str, Any], http: Http) -> None:
        self.config = config
        self.http = http

    @classmethod
    def check(cls, config: Mapping[str, Any]) -> None:
        """Raise `ConfigError` for what the schema cannot say, such as an expression that does not parse."""

    @property
    def url(self) -> str:
        """The address of the source as its owner gave it, without a trailing slash."""
        return str(self.config.get("url", "")).rstrip("/")

    def pages(
        self, after: str | None = None, validators: Mapping[str, Validators] | None = None, since: str | None = None
    ) -> Iterator[Page]:
        """Yield the pages behind the checkpoint `after`, lazily.

        `validators` maps page keys to what those pages sent last time. With `since` (UTC, ISO 8601) only records
        changed since then need to come; a connector that cannot tell yields all. Raises `SourceError` where the source
        cannot be read on, `ConfigError` where the configuration cannot be right.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Registry:
    """The connectors that can be used, by kind, and the ones that cannot be loaded with the reason why."""

    connectors: Mapping[str, type[Connector]] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, kind: str) -> type[Connector]:
        return self.connectors[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in self.connectors

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.connectors))


def _built_in() -> Iterator[tuple[str, Any]]:
    package = importlib.import_module("satudata_harvesters.connectors")
    for module in pkgutil.iter_modules(package.__path__):
        yield module.name, lambda name=module.name: importlib.import_module(f"satudata_harvesters.connectors.{name}")


def _of_module(module: Any) -> list[type[Connector]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Connector)
        and value.__module__ == module.__name__
        # A helper that inherits the kind of the connector it is made of is no connector of its own.
        and vars(value).get("kind")
    ]


def _load(load: Any, found: dict[str, type[Connector]]) -> str | None:
    """Add what an entry holds; the reason where it cannot be used."""
    try:
        loaded = load()
        classes = [loaded] if isinstance(loaded, type) else _of_module(loaded)
    except Exception as error:  # noqa: BLE001 - whatever a third party's import raises, the others must go on
        return f"{type(error).__name__}: {error}"
    for connector in classes:
        if not (issubclass(connector, Connector) and connector.kind):
            return f"{connector.__name__}: not a Connector with a kind"
        if connector.kind in found:
            return f"{connector.kind}: taken by {found[connector.kind].__module__}"
        found[connector.kind] = connector
    return None


@cache
def registry() -> Registry:
    """All connectors: the built-in ones and those of other packages (entry point group `satudata.connectors`).

    One that cannot be imported, or takes a kind that is already taken, disables only itself.
    """
    found: dict[str, type[Connector]] = {}
    broken: dict[str, str] = {}
    loaders = [*_built_in(), *((point.name, point.load) for point in entry_points(group=ENTRY_POINTS))]
    for name, load in loaders:
        reason = _load(load, found)
        if reason:
            broken[name] = reason
            log.warning("connector %r is disabled: %r", name, reason)
    return Registry(found, broken)
