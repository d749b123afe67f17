"""The dataset in the words of OpenAPI 3.1: what the API answers (`DatasetFields`) and takes (`DatasetInput`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from satudata_schemas import contract
from satudata_schemas.contract import Field
from satudata_schemas.generators import NOTICE

#: What the platform sets or shows in another form (`organization`, `source`) and no client sends.
_SET_BY_PLATFORM = frozenset({"owner_org"})
_TYPES: Mapping[str, dict[str, Any]] = {
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "geojson": {"type": "object"},
    "date": {"type": "string", "format": "date"},
    "email": {"type": "string", "format": "email"},
    "url": {"type": "string", "format": "uri"},
}


def openapi_components() -> str:
    """`api/dataset.openapi.json`: schemas that the API's document takes over into `components/schemas`."""
    schemas = {
        "DatasetFields": _object(_served(contract.fields().values()), "Isian kontrak sebagaimana dijawab API."),
        "DatasetInput": {
            **_object(_sent(contract.fields().values()), "Isian kontrak sebagaimana dikirim kepada API.", asked=True),
            # The platform judges and never refuses a value for its form alone; other keys are kept beside the dataset.
            "additionalProperties": True,
        },
        "ResourceFields": _object(contract.resource_fields().values(), "Satu berkas dataset."),
        "ColumnFields": _object(contract.column_fields().values(), "Satu kolom dalam kamus data."),
    }
    return json.dumps({"description": NOTICE, "schemas": schemas}, ensure_ascii=False, indent=1) + "\n"


def _served(fields: Iterable[Field]) -> Iterable[Field]:
    hidden = {"owner_org", "hasil", "skor_sdi"}
    return [field for field in fields if not field.private and field.name not in hidden]


def _sent(fields: Iterable[Field]) -> Iterable[Field]:
    return [field for field in fields if not field.computed and field.name not in _SET_BY_PLATFORM]


def _object(fields: Iterable[Field], description: str, *, asked: bool = False) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": {field.name: _property(field, asked=asked) for field in fields},
    }


def _property(field: Field, *, asked: bool) -> dict[str, Any]:
    """A field as it is `asked` for, or as it is answered: what a source wrote is kept and answered as it is, also where
    it is longer than asked for, no date, no address or no known code.
    """
    told: dict[str, Any] = {"title": field.label, "description": f"{field.help} / {field.help_en}"}
    if field.kind == "objects":
        inner = "ResourceFields" if field.name == "resources" else "ColumnFields"
        return {**told, "type": "array", "items": {"$ref": f"#/components/schemas/{inner}"}}
    if field.is_list:
        told |= {"type": "array", "items": {"type": "string"}}
    else:
        told |= _TYPES.get(field.kind, {"type": "string"}) if asked or field.kind == "boolean" else _answered(field)
    if field.vocabulary:
        told["description"] += f" Lihat /vocabularies/{field.vocabulary}."
        told["x-satudata-vocabulary"] = field.vocabulary
    if asked and field.max_length and not field.is_list:
        told["maxLength"] = field.max_length
    if field.example is not None:
        told["examples"] = [field.example]
    return told


def _answered(field: Field) -> dict[str, Any]:
    return {
        "type": ["number", "string"] if field.kind == "number" else _TYPES.get(field.kind, {}).get("type", "string")
    }
