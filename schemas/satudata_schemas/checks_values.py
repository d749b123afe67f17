"""Rules on values: their types and lengths, and the vocabularies they come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from satudata_schemas import contract
from satudata_schemas.contract import Field
from satudata_schemas.dataset import Dataset, plain_text, plain_texts
from satudata_schemas.issue import excerpt, pointer
from satudata_schemas.reference import Reference
from satudata_schemas.rule import Found, found, kind_of, numbered, rule

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


@rule(
    "W-TIPE-001",
    "W-TIPE-002",
    "W-TIPE-003",
    "W-TIPE-004",
    principle="interoperabilitas",
    source="JSON Schema kontrak dataset",
)
def has_the_right_types(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """Every value has the contract's type and length and no characters that no database can keep."""
    yield from _types_inside(dataset, contract.fields(), "")
    resources = dataset.get("resources")
    if resources is not None:
        yield from _resource_types(resources)


def _resource_types(value: Any) -> Iterator[Found]:
    if not isinstance(value, list | tuple):
        yield found("/resources", jenis=kind_of(value), diharapkan="array")
        return
    known = contract.resource_fields()
    for at, resource in enumerate(value):
        if isinstance(resource, Mapping):
            yield from _types_inside(resource, known, f"/resources/{at}")
            if resource.get("kamus_data"):
                yield from _column_types(resource["kamus_data"], f"/resources/{at}/kamus_data")
        else:
            yield found(pointer("resources", at), jenis=kind_of(resource), diharapkan="object")


def _column_types(value: Any, here: str) -> Iterator[Found]:
    if not isinstance(value, list | tuple):
        yield found(here, jenis=kind_of(value), diharapkan="array")
        return
    known = contract.column_fields()
    for at, column in enumerate(value):
        if isinstance(column, Mapping):
            yield from _types_inside(column, known, f"{here}/{at}")
        else:
            yield found(f"{here}/{at}", jenis=kind_of(column), diharapkan="object")


def _types_inside(values: Mapping[str, Any], known: Mapping[str, Field], here: str) -> Iterator[Found]:
    for name, value in values.items():
        field = known.get(name)
        if field is None or value is None or value == "":
            continue
        # Nearly every value is a short printable text where one is expected: say yes to those before asking anything
        # else.
        if (
            type(value) is str
            and field.is_text
            and len(value) <= (field.max_length or len(value))
            and value.isprintable()
        ):
            continue
        if field.kind != "objects":
            yield from _type_of(field, value, f"{here}/{name}")


def _type_of(field: Field, value: Any, at: str) -> Iterator[Found]:
    if field.is_text and isinstance(value, str):
        if field.max_length and len(value) > field.max_length:
            yield found(at, code="W-TIPE-002", panjang=len(value), batas=field.max_length)
        if _FORBIDDEN.search(value):
            yield found(at, code="W-TIPE-004")
    elif field.is_list and isinstance(value, list | tuple):
        yield from _items_of(field, value, at)
    elif not isinstance(value, _PYTHON_TYPES.get(field.kind, ())) or (
        isinstance(value, bool) and field.kind != "boolean"
    ):
        yield found(at, jenis=kind_of(value), diharapkan=field.kind)


_PYTHON_TYPES: Mapping[str, Any] = {"number": (int, float), "boolean": bool, "geojson": Mapping}


def _items_of(field: Field, values: list[Any] | tuple[Any, ...], at: str) -> Iterator[Found]:
    if field.max_items and len(values) > field.max_items:
        yield found(at, code="W-TIPE-003", jumlah=len(values), batas=field.max_items)
    for position, item in enumerate(values):
        if not isinstance(item, str):
            yield found(f"{at}/{position}", jenis=kind_of(item), diharapkan="text")
        elif field.max_length and len(item) > field.max_length:
            yield found(f"{at}/{position}", code="W-TIPE-002", panjang=len(item), batas=field.max_length)


@rule("W-VOK-001", "I-VOK-002", "W-REF-009", principle="interoperabilitas", source="Kosakata kontrak dataset")
def uses_the_vocabularies(dataset: Dataset, _codes: Reference) -> Iterator[Found]:
    """Values come from the contract's lists; labels and known other spellings are read as their code, and an open
    list may be left with a hint.
    """
    for name, field, words in _listed_fields():
        value = dataset.get(name)
        if value:
            yield from _outside(words, plain_texts(value) if field.is_list else [plain_text(value)], "/" + name, field)
    formats, field = contract.vocabulary("format"), contract.resource_fields()["format"]
    for at, resource in numbered(dataset):
        value = resource.get("format")
        if value:
            yield from _outside(
                formats, [plain_text(value)], f"/resources/{at}/format", contract.resource_fields()["format"]
            )


def _outside(words: contract.Vocabulary, values: list[str], at: str, field: Field) -> Iterator[Found]:
    for value in values:
        if value and words.resolve(value) is None:
            code = "I-VOK-002" if words.open else "W-REF-009" if words.name == "urusan" else "W-VOK-001"
            choices = [entry.label for entry in words.values()][:10]
            yield found(at, code=code, principle=field.principle, nilai=excerpt(value), pilihan=choices)


@cache
def _listed_fields() -> tuple[tuple[str, Field, contract.Vocabulary], ...]:
    listed = [field for field in contract.fields().values() if field.vocabulary and not field.computed]
    return tuple((field.name, field, contract.vocabulary(field.vocabulary)) for field in listed if field.vocabulary)
