"""What the ready-made mappings share: which keys a source may set, and how files become resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from satudata_harvesters import values
from satudata_harvesters.values import Remembered
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


#: The contract field a key stands for, what reads its values (None: plain text), and what that reader remembers.
_Way = tuple[str, Callable[[Any], Any] | None, Remembered | None]


def way(name: str, read: Callable[[Any], Any]) -> _Way:
    """How values become the contract field `name`, as `claim` takes it."""
    return name, None if read is values.text else read, read if isinstance(read, Remembered) else None


#: Keys of a source are few; one that makes them up anew for every record must not fill the memory.
MOST_KEYS = 8192
MOST_SHAPES = 512
#: Fewer texts than these gain nothing from being read together.
FEWEST_TEXTS = 3


class Ways(dict[str, "_Way | None"]):
    """What becomes of each key, decided when it is first met: a way, or None for a key that stays as it is."""

    def __init__(self, decide: Callable[[str], _Way | None]) -> None:
        super().__init__()
        self._decide = decide
        self._shapes: dict[tuple[str, ...], _Shape | None] = {}

    def __missing__(self, key: str) -> _Way | None:
        if len(self) >= MOST_KEYS:
            self.clear()
        way = self[key] = self._decide(key)
        return way

    def shape(self, keys: tuple[str, ...]) -> _Shape | None:
        """What becomes of a record with these keys, decided when it is met again; None where each is looked at."""
        if keys in self._shapes:
            found = self._shapes[keys]
            if found is _MET:
                found = self._shapes[keys] = _Shape.of(self, keys)
            return found
        if len(self._shapes) >= MOST_SHAPES:
            self._shapes.clear()
        self._shapes[keys] = _MET
        return None


@dataclass(frozen=True)
class _Shape:
    """The keys of a record by what becomes of them: `texts` are read all at once, `read` one by one."""

    fields: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    texts: Callable[[Mapping[str, Any]], tuple[Any, ...]] = tuple
    read: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @classmethod
    def of(cls, ways: Ways, keys: tuple[str, ...]) -> _Shape | None:
        """The shape of records with these keys; None where few of them are texts."""
        known = {key: chosen for key in keys if (chosen := ways[key]) is not None}
        wanted = Counter(chosen[0] for chosen in known.values())
        # Of two keys for one field the first that holds something counts: they are looked at in their order.
        texts = [key for key, chosen in known.items() if chosen[1] is None and wanted[chosen[0]] == 1]
        if len(texts) < FEWEST_TEXTS:
            return None
        return cls(
            fields=frozenset(wanted),
            names=tuple(known[key][0] for key in texts),
            keys=tuple(texts),
            texts=itemgetter(*texts),
            read=tuple(key for key in known if key not in set(texts)),
            kept=tuple(key for key in keys if key not in known),
        )


_MET = _Shape()


def claim_record(
    ways: Ways, record: Mapping[str, Any], into: dict[str, Any], *, languages: bool = False
) -> dict[str, Any]:
    """As `claim`, of a whole record: one whose keys were met before, with plain texts where texts belong, is faster."""
    shape = ways.shape(tuple(record)) if type(record) is dict else None
    if shape is None or not shape.fields.isdisjoint(into):
        return claim(ways, record.items(), into, languages=languages)
    try:
        found = tuple(map(str.strip, shape.texts(record)))
    except TypeError:
        return claim(ways, record.items(), into, languages=languages)
    if not values.plain("".join(found)):
        return claim(ways, record.items(), into, languages=languages)
    into.update(zip(shape.names, found, strict=True))
    rest = {key: value for key in shape.kept if (value := record[key]) is not None}
    for text in [text for text in found if len(text) <= values.LONGEST_MISSING]:
        if text.lower() in values.MISSING:
            for place, other in enumerate(found):
                if other == text and into.pop(shape.names[place], None) is not None:
                    rest[shape.keys[place]] = record[shape.keys[place]]
    if shape.read:
        rest.update(claim(ways, [(key, record[key]) for key in shape.read], into, languages=languages))
    return rest


def claim(  # noqa: C901, PLR0912 - the innermost loop of reading: a call costs more than a branch
    ways: Ways, items: Iterable[tuple[str, Any]], into: dict[str, Any], *, languages: bool = False
) -> dict[str, Any]:
    """Put what the contract knows into `into`, the first of each field, and return the rest of a record.

    A text in several languages is one text in the contract; with `languages` it stays whole in the rest, too. This is
    the innermost loop of reading: it calls nothing where a look at the value tells enough.
    """
    rest: dict[str, Any] = {}
    missing, longest, short, plain = values.MISSING, values.LONGEST_MISSING, values.SHORT, values.plain
    for key, value in items:
        if value is None:
            continue
        known = ways[key]
        if known is None or known[0] in into:
            rest[key] = value
            continue
        name, read, remembered = known
        if type(value) is str:
            found: Any = value.strip()
            if len(found) <= longest and found.lower() in missing:
                rest[key] = value
                continue
            if read is None:
                if not (found.isprintable() if len(found) <= short else plain(found)):
                    found = values.text(found)
            elif remembered is not None and len(value) <= short:
                found = remembered[value]
            else:
                found = read(value)
        elif type(value) is int and remembered is not None and remembered.read is values.number:
            found = value
        else:
            found = None if values.is_missing(value) else (values.text if read is None else read)(value)
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
        return way(name, values.text)
    return way(name, _columns if name == "kamus_data" else values.reader(name, "resource"))


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
