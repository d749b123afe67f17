"""How each field of a dataset, a resource and a column is written in DCAT."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from satudata_schemas import contract
from satudata_schemas.contract import Field
from satudata_schemas.generators import NOTICE

#: Prefixes of the terms in the contract.
PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "locn": "http://www.w3.org/ns/locn#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "sdi": "https://satudata.go.id/ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def dcat_mapping() -> str:
    """`api/dcat_mapping.json`: of dataset, resource and column the fields with their term and their value's shape.

    Fields that hold a person's contact have no line: they never leave.
    """
    told = {
        "description": NOTICE,
        "prefixes": PREFIXES,
        "dataset": [*_lines(contract.fields().values())],
        "resource": [*_lines(contract.resource_fields().values())],
        "column": [*_lines(contract.column_fields().values())],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _lines(fields: Iterable[Field]) -> Iterable[dict[str, Any]]:
    for field in fields:
        if field.dcat is None or field.private or field.name == "resources":
            continue
        line = {"field": field.name, "term": field.dcat, "kind": field.kind}
        if field.vocabulary and field.dcat_shape:
            line["vocabulary"] = field.vocabulary
        yield {**line, **field.dcat_shape}
