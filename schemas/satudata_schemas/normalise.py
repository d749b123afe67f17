"""From what a source or a client writes to contract fields: names, types and code lists put right, everything
unknown kept apart.

normalised = normalise({"judul": {"id": "Luas Panen"}, "accessRights": "Terbuka", "x": 1})
normalised.dataset["title"], normalised.dataset["hak_akses"], normalised.rest
-> ("Luas Panen", "terbuka", {"x": 1})
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from satudata_schemas import contract
from satudata_schemas.contract import Field
from satudata_schemas.dataset import Dataset, plain_text, plain_texts
from satudata_schemas.issue import Issue, pointer


@dataclass(frozen=True)
class Normalised:
    """`dataset` in contract fields; `rest` the other keys untouched (those of resources under `rest["resources"]`,
    one object a resource); what had to be put right.
    """

    dataset: Dataset
    rest: dict[str, Any]
    issues: tuple[Issue, ...]


def normalise(raw: Mapping[str, Any]) -> Normalised:
    """Reads a record by the contract's names, aliases and known misspellings.

    The first of several keys for one field wins; the others go to `rest`.
    """
    issues: list[Issue] = []
    fields: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    # Keys that already bear the contract's name come first, so that an alias never displaces them.
    for key in sorted(raw, key=lambda key: key not in contract.fields()):
        value = raw[key]
        name = contract.field_name(key) if isinstance(key, str) else None
        if name is None or name in fields:
            rest[str(key)] = value
        elif name == "resources":
            fields[name], others = _resources(value, issues)
            if any(others):
                rest["resources"] = others
        else:
            field = contract.fields().get(name)
            clean = value_of(field, value, issues, "/" + name) if field else plain_text(value)
            if clean is not None:
                fields[name] = clean
    return Normalised(Dataset(fields), rest, tuple(issues))


def value_of(field: Field, value: Any, issues: list[Issue], at: str) -> Any:
    """One value in the contract's type, with codes for labels of a code list; None for an empty one.

    A value of another type leaves W-TIPE-001 in `issues`.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    reader = _list if field.is_list else _READERS.get(field.kind)
    if reader is not None:
        return reader(field, value, issues, at)
    text = plain_text(value)
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        issues.append(_wrong_type(field, value, at))
    return _coded(field, text) if text else None


def _list(field: Field, value: Any, issues: list[Issue], at: str) -> list[str] | None:
    if field.kind == "years" and not isinstance(value, list | tuple):
        texts = re.findall(r"(?<!\d)\d{4}(?!\d)", str(value))
    else:
        value = _parsed_list(value)
        texts = plain_texts(value)
        if isinstance(value, Mapping):
            issues.append(_wrong_type(field, value, at))
    coded = [_coded(field, text) for text in texts]
    return list(dict.fromkeys(coded)) or None


def _parsed_list(value: Any) -> Any:
    """CKAN keeps lists in extras as JSON texts."""
    if isinstance(value, str) and value.startswith("[") and len(value) < 1_000_000:
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return parsed if isinstance(parsed, list) else value
    return value


def _object(field: Field, value: Any, issues: list[Issue], at: str) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = value.strip()
    if isinstance(value, Mapping):
        return dict(value)
    issues.append(_wrong_type(field, value, at))
    return None


def _number(field: Field, value: Any, issues: list[Issue], at: str) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = plain_text(value)
    if re.fullmatch(r"-?\d{1,18}(?:\.\d{1,18})?", text):
        return float(text) if "." in text else int(text)
    issues.append(_wrong_type(field, value, at))
    return None


def _boolean(field: Field, value: Any, issues: list[Issue], at: str) -> bool | None:
    if isinstance(value, bool):
        return value
    word = plain_text(value).casefold()
    if word in {"ya", "yes", "true", "1", "y", "t"}:
        return True
    if word in {"tidak", "no", "false", "0", "n", "f"}:
        return False
    issues.append(_wrong_type(field, value, at))
    return None


_READERS: Mapping[str, Callable[[Field, Any, list[Issue], str], Any]] = {
    "geojson": _object,
    "number": _number,
    "boolean": _boolean,
}


def _coded(field: Field, text: str) -> str:
    if field.vocabulary is None:
        return text
    return contract.vocabulary(field.vocabulary).resolve(text) or text


def _resources(value: Any, issues: list[Issue]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if isinstance(value, Mapping):
        issues.append(_wrong_type(contract.fields()["resources"], value, "/resources"))
        value = [value]
    if not isinstance(value, list | tuple):
        issues.append(_wrong_type(contract.fields()["resources"], value, "/resources"))
        return [], []
    kept: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for at, resource in enumerate(value):
        if not isinstance(resource, Mapping):
            issues.append(_wrong_type(contract.fields()["resources"], resource, pointer("resources", at)))
            continue
        here = f"/resources/{len(kept)}"
        mine, other = _inner(resource, contract.resource_fields(), contract.resource_field_name, issues, here)
        kept.append(mine)
        others.append(other)
    return kept, others


def _inner(
    raw: Mapping[str, Any],
    known: Mapping[str, Field],
    named: Callable[[str], str | None],
    issues: list[Issue],
    here: str,
) -> tuple[dict[str, Any], dict[str, Any]]:
    mine: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for key in sorted(raw, key=lambda key: key not in known):
        name = named(key) if isinstance(key, str) else None
        if name is None or name in mine:
            other[str(key)] = raw[key]
        elif name == "kamus_data":
            columns = _parsed_list(raw[key])
            mine[name] = (
                [
                    _column(column, issues, f"{here}/kamus_data/{at}")
                    for at, column in enumerate(columns)
                    if isinstance(column, Mapping)
                ]
                if isinstance(columns, list | tuple)
                else []
            )
        else:
            clean = value_of(known[name], raw[key], issues, f"{here}/{name}")
            if clean is not None:
                mine[name] = clean
    return mine, other


def _column(raw: Mapping[str, Any], issues: list[Issue], here: str) -> dict[str, Any]:
    mine, other = _inner(raw, contract.column_fields(), contract.column_field_name, issues, here)
    # A column's other keys stay with it: they explain it, and no record keeps them elsewhere.
    return other | mine


def _wrong_type(field: Field, value: Any, at: str) -> Issue:
    kind = (
        "object" if isinstance(value, Mapping) else "array" if isinstance(value, list | tuple) else type(value).__name__
    )
    return Issue("W-TIPE-001", "warning", at, field.principle, {"jenis": kind, "diharapkan": field.kind})
