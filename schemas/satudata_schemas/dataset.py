"""A dataset as it flows between the rooms, and the fingerprint by which a change is noticed."""

from __future__ import annotations

import copy
import hashlib
import json
import unicodedata
from collections.abc import Collection, ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import cache
from typing import Any

from satudata_schemas import contract

#: In which order the languages of a multilingual text are tried.
_PREFERRED_LANGUAGES = ("id", "in", "en")
_MISSING: tuple[Any, ...] = (None, "", [], {}, ())


class Dataset(Mapping[str, Any]):
    """One dataset in contract fields. Read-only: a changed dataset is a new one, made with `with_fields`.

    Values may be of any JSON type, because sources send what they like; `text`, `texts` and `resources` read them
    without ever raising.
    """

    __slots__ = ("_fields", "_resources")

    def __init__(self, fields: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        self._fields: dict[str, Any] = {**(fields or {}), **more}
        self._resources: list[Mapping[str, Any]] | None = None

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def keys(self) -> KeysView[str]:
        """The names of the fields given."""
        return self._fields.keys()

    def values(self) -> ValuesView[Any]:
        """The values as they were given."""
        return self._fields.values()

    def items(self) -> ItemsView[str, Any]:
        """Names and values as they were given."""
        return self._fields.items()

    def get(self, name: str, default: Any = None) -> Any:
        """The value as it was given."""
        return self._fields.get(name, default)

    def __eq__(self, other: object) -> bool:
        return self._fields == (other._fields if isinstance(other, Dataset) else other)

    def __hash__(self) -> int:
        return hash(canonical(self))

    def __repr__(self) -> str:
        # Neither titles nor notes: a log line must not carry what a source may have put there.
        return f"<Dataset {self._fields.get('identifier')!r:.80}, {len(self._fields)} fields>"

    def to_dict(self) -> dict[str, Any]:
        """A copy as plain JSON-able dict that may be changed freely."""
        return copy.deepcopy(self._fields)

    def with_fields(self, **changed: Any) -> Dataset:
        """The same dataset with some fields set anew; a field set to None is taken away."""
        merged = {**self._fields, **changed}
        return Dataset({name: value for name, value in merged.items() if value is not None})

    def filled(self, name: str) -> bool:
        """Whether the field holds anything."""
        value = self._fields.get(name)
        return bool(value.strip()) if type(value) is str else value not in _MISSING

    def text(self, name: str) -> str:
        """The field as one stripped text; empty when missing.

        Of a multilingual value the Indonesian, else the English, else the first.
        """
        value = self._fields.get(name)
        return value.strip() if isinstance(value, str) else plain_text(value)

    def texts(self, name: str) -> list[str]:
        """The field as a list of non-empty texts, whatever it was given as."""
        return plain_texts(self._fields.get(name))

    @property
    def resources(self) -> list[Mapping[str, Any]]:
        """The entries of `resources` that are objects."""
        # Kept: rules ask once per resource, which for ten thousand of them was the square of that.
        if self._resources is None:
            found = self._fields.get("resources")
            self._resources = (
                [resource for resource in found if type(resource) is dict or isinstance(resource, Mapping)]
                if isinstance(found, list | tuple)
                else []
            )
        return self._resources


def plain_text(value: Any) -> str:
    """A sensible text for any JSON value: a multilingual object gives its Indonesian, English or first filled text;
    a list its first.
    """
    if isinstance(value, str):
        return value.strip()
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        ordered = [value[key] for key in _PREFERRED_LANGUAGES if key in value] + list(value.values())
        return next((text.strip() for text in ordered if isinstance(text, str) and text.strip()), "")
    if isinstance(value, list | tuple):
        return next((text.strip() for text in value if isinstance(text, str) and text.strip()), "")
    return ""


def plain_texts(value: Any) -> list[str]:
    """A list of non-empty texts for any JSON value; CKAN's tags (`{"name": …}`) and comma-separated texts are
    understood.
    """
    if value is None:
        return []
    if isinstance(value, str):
        separator = ";" if ";" in value else ","
        return [part for part in (piece.strip() for piece in value.split(separator)) if part]
    if isinstance(value, Mapping):
        merged: list[str] = []
        for inner in value.values():
            merged.extend(plain_texts(inner))
        return merged
    if isinstance(value, list | tuple | set | frozenset):
        return [text for text in (_item_text(item) for item in value) if text]
    text = plain_text(value)
    return [text] if text else []


def canonical(dataset: Mapping[str, Any]) -> bytes:
    """The one byte form of a dataset (or of other keys): UTF-8 JSON, NFC, keys sorted, no nulls; sets sorted and
    without doubles, ordered lists kept.

    Never raises on values JSON can carry, lone surrogates included; a value nested deeper than Python can follow
    raises ValueError.
    """
    return _bytes_of(dict(dataset))


def fingerprint(
    dataset: Mapping[str, Any], rest: Mapping[str, Any] | None = None, volatile: Collection[str] = ()
) -> str:
    """SHA-256 (hex) of the canonical dataset followed by its other keys, both without `volatile` fields.

    `volatile` names top-level keys of either, or keys inside every resource as `resources/*/size`.
    """
    mine, other = dict(dataset), dict(rest or {})
    if volatile:
        mine, other = _without(mine, volatile), _without(other, volatile)
    return hashlib.sha256(_bytes_of(mine) + _bytes_of(other)).hexdigest()


def _item_text(item: Any) -> str:
    if isinstance(item, str):
        return item.strip()
    if isinstance(item, Mapping):
        return plain_text(item.get("display_name") or item.get("name") or item.get("code") or item.get("label") or item)
    return plain_text(item)


def _without(fields: dict[str, Any], volatile: Collection[str]) -> dict[str, Any]:
    kept = {name: value for name, value in fields.items() if name not in volatile}
    inner = {path.split("/", 2)[2] for path in volatile if path.startswith("resources/*/")}
    if inner and isinstance(kept.get("resources"), list | tuple):
        kept["resources"] = [
            {key: value for key, value in resource.items() if key not in inner}
            if isinstance(resource, Mapping)
            else resource
            for resource in kept["resources"]
        ]
    return kept


def _bytes_of(fields: dict[str, Any]) -> bytes:
    try:
        for name in _set_fields() & fields.keys():
            if isinstance(fields[name], list | tuple):
                fields[name] = _sorted_set(fields[name])
        plain = _plain(fields)
        written = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return written.encode("utf-8", "surrogatepass")


def _plain(value: Any) -> Any:
    """Without nulls and with every text in NFC; tuples become lists, keys become texts."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if kind is dict:
        return {_key(key): _plain(inner) for key, inner in value.items() if inner is not None}
    if kind is list or kind is tuple:
        return [_plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return _plain(dict(value))
    if isinstance(value, set | frozenset):
        return _sorted_set(list(value))
    return value


def _key(key: Any) -> str:
    text = key if isinstance(key, str) else str(key)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _sorted_set(values: list[Any] | tuple[Any, ...]) -> list[Any]:
    unique = {json.dumps(plain, ensure_ascii=False, sort_keys=True): plain for plain in map(_plain, values)}
    return [unique[key] for key in sorted(unique)]


@cache
def _set_fields() -> frozenset[str]:
    return frozenset(field.name for field in contract.fields().values() if field.is_set)
