"""Points: four principles of 25, every point shown with what it is for.

There is no official formula; the weights are this product's choice (docs/contract.md). What cannot be known or does
not apply is left out and
its weight shared among the rest, so that nobody loses points for a file nobody has looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from satudata_schemas import contract
from satudata_schemas.checks import PRINCIPLES, usable_link
from satudata_schemas.contract import Field
from satudata_schemas.dataset import Dataset, plain_text
from satudata_schemas.file_facts import FileFacts

POINTS = 25.0
#: Name, pointer, share earned (0 to 1), weight within the principle.
Share = tuple[str, str, float, float]
#: Parts of Standar Data that may be said of each measure column instead.
_ON_COLUMNS = frozenset({"klasifikasi", "ukuran", "satuan"})
_KAMUS_WEIGHT = 3.0
_OPEN_FORMAT_WEIGHT = 2.0
_REGION_WEIGHT = 2.0


@dataclass(frozen=True)
class Part:
    """One line of the score: what it is for, the points earned and possible, and where to mend it."""

    name: str
    pointer: str
    points: float
    max: float

    def to_dict(self) -> dict[str, Any]:
        """`{name, pointer, points, max}`."""
        return {"name": self.name, "pointer": self.pointer, "points": self.points, "max": self.max}


@dataclass(frozen=True)
class Principle:
    """The points of one principle, of 25."""

    name: str
    points: float
    shares: tuple[Share, ...]
    max: float = POINTS

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every line of the principle's points.

        Made when asked for: a catalogue stores thousands of scores and shows a few.
        """
        unit = self.max / _total_weight(self.shares)
        return tuple(
            Part(name, at, round(share * weight * unit, 2), round(weight * unit, 2))
            for name, at, share, weight in self.shares
        )

    def to_dict(self) -> dict[str, Any]:
        """`{points, max, parts: […]}`."""
        return {"points": self.points, "max": self.max, "parts": [part.to_dict() for part in self.parts]}


def weights() -> dict[str, dict[str, float]]:
    """What counts in each principle and how much, for the docs; conditions are said by the contract."""
    told: dict[str, dict[str, float]] = {name: {} for name in PRINCIPLES}
    for field, weight, _ in _counted_fields():
        told[field.principle][field.name] = weight
    told["metadata"] |= {"resources": 1.0, "kamus_data": _KAMUS_WEIGHT}
    told["interoperabilitas"] |= {
        "url": 1.0,
        "format": _OPEN_FORMAT_WEIGHT,
        "reachable": 1.0,
        "readable": 1.0,
        "columns": 1.0,
    }
    return told


def given(dataset: Dataset) -> dict[str, bool]:
    """Field → whether it is filled, for every field the principles ask of a dataset of this kind and access class."""
    context = context_of(dataset)
    return {
        field.name: is_given(field, dataset)
        for field, _, conditional in _counted_fields()
        if not conditional or applies(field, context)
    }


def principles(
    dataset: Dataset,
    filled: Mapping[str, bool],
    wrong: Collection[str],
    files: Mapping[str, FileFacts] | None = None,
) -> dict[str, Principle]:
    """The four principles by name.

    `filled` is what `given` said; `wrong` holds the pointers of values that do not count.
    """
    earned: dict[str, list[Share]] = {name: [] for name in PRINCIPLES}
    for field, weight, _ in _counted_fields():
        told = filled.get(field.name)
        if told is not None:
            at = "/" + field.name
            earned[field.principle].append((field.name, at, 1.0 if told and at not in wrong else 0.0, weight))
    earned["metadata"].extend(_resource_metadata(dataset))
    earned["interoperabilitas"].extend(_interoperability(dataset, files or {}))
    return {name: _weighed(name, parts) for name, parts in earned.items()}


def total(found: Mapping[str, Principle]) -> float:
    """The score, 0 to 100, one decimal."""
    return round(sum(principle.points for principle in found.values()), 1)


def context_of(dataset: Dataset) -> dict[str, str]:
    """The values by which a field applies or does not: kind of data and access class, read with their defaults, and
    whether it is priority data or an indicator of BPS (`ada`).
    """
    kinds, access = contract.vocabulary("jenis_data"), contract.vocabulary("hak_akses")
    return {
        "jenis_data": kinds.resolve(dataset.text("jenis_data")) or "statistik",
        "hak_akses": access.resolve(dataset.text("hak_akses")) or "terbuka",
        **{name: "ada" if dataset.filled(name) else "tidak ada" for name in ("prioritas_tahun", "id_msind")},
    }


def applies(field: Field, context: Mapping[str, str]) -> bool:
    """Whether a field is expected of a dataset of this kind and access class."""
    if not field.makes_sense_for(context["jenis_data"]):
        return False
    return all(context.get(name) in values for name, values in field.required_when.items())


def is_given(field: Field, dataset: Dataset) -> bool:
    """Whether a field is filled, by itself, by the one that may stand in for it, or (Pasal 4) on a measure column of
    `kamus_data`.
    """
    if dataset.filled(field.name):
        return True
    if any(dataset.filled(name) for name in field.any_of):
        return True
    if field.name not in _ON_COLUMNS:
        return False
    return any(
        isinstance(column, Mapping) and plain_text(column.get(field.name))
        for resource in dataset.resources
        for column in (resource.get("kamus_data") or ())
        if isinstance(resource.get("kamus_data"), list | tuple)
    )


@cache
def _counted_fields() -> tuple[tuple[Field, float, bool], ...]:
    """Field, weight, and whether it depends on the kind of data or the access class."""
    counted = [field for field in contract.fields().values() if field.required_by and field.name != "resources"]
    weights = {"kode_wilayah": _REGION_WEIGHT, "kode_referensi": _REGION_WEIGHT}
    return tuple(
        (field, weights.get(field.name, 1.0), bool(field.jenis_data or field.required_when)) for field in counted
    )


def _resource_metadata(dataset: Dataset) -> list[Share]:
    resources = dataset.resources
    if not resources:
        return [("resources", "/resources", 0.0, 1.0), ("kamus_data", "/resources", 0.0, _KAMUS_WEIGHT)]
    named = sum(1 for resource in resources if plain_text(resource.get("name")))
    parts = [("resources", "/resources", named / len(resources), 1.0)]
    formats = contract.vocabulary("format")
    tables = [resource for resource in resources if _is(formats, resource, "tabular")]
    if tables:
        explained = sum(1 for resource in tables if resource.get("kamus_data"))
        parts.append(("kamus_data", "/resources", explained / len(tables), _KAMUS_WEIGHT))
    return parts


def _interoperability(dataset: Dataset, files: Mapping[str, FileFacts]) -> list[Share]:
    resources = dataset.resources
    formats = contract.vocabulary("format")
    linked = any(usable_link(resource.get("url")) for resource in resources)
    open_format = any(_is(formats, resource, "open") for resource in resources)
    parts = [
        ("url", "/resources", float(linked), 1.0),
        ("format", "/resources", float(open_format), _OPEN_FORMAT_WEIGHT),
    ]
    known = [(resource, files[url]) for resource in resources if (url := plain_text(resource.get("url"))) in files]
    for name, told in (
        ("reachable", [facts.reachable for _, facts in known]),
        ("readable", [facts.readable for _, facts in known]),
    ):
        looked_at = [fact for fact in told if fact is not None]
        if looked_at:
            parts.append((name, "/resources", sum(looked_at) / len(looked_at), 1.0))
    matched = [
        _kamus_matches(resource, facts.columns)
        for resource, facts in known
        if facts.columns and resource.get("kamus_data")
    ]
    if matched:
        parts.append(("columns", "/resources", sum(matched) / len(matched), 1.0))
    return parts


def _kamus_matches(resource: Mapping[str, Any], columns: tuple[str, ...]) -> float:
    kamus = resource.get("kamus_data")
    told = (
        {plain_text(column.get("nama")).casefold() for column in kamus if isinstance(column, Mapping)}
        if isinstance(kamus, list | tuple)
        else set()
    )
    real = {column.casefold() for column in columns}
    return len(told & real) / len(told | real) if told | real else 0.0


def _is(formats: contract.Vocabulary, resource: Mapping[str, Any], what: str) -> bool:
    code = formats.resolve(plain_text(resource.get("format")))
    return code is not None and bool(formats[code].more.get(what))


def _weighed(name: str, shares: list[Share]) -> Principle:
    earned = sum([share * weight for _, _, share, weight in shares])
    return Principle(name, round(earned * POINTS / _total_weight(shares), 1), tuple(shares))


def _total_weight(shares: Iterable[Share]) -> float:
    return sum([weight for _, _, _, weight in shares]) or 1.0
