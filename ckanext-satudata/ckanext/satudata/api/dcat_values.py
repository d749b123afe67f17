"""Values of the contract as DCAT writes them, field by field, after `dcat_mapping.json` (generated from the contract).

described("dataset", answer)  ->  {"skos:definition": "…", "dct:temporal": {"@type": "dct:PeriodOfTime", …}, …}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import orjson

from satudata_schemas import contract

Node = dict[str, Any]
Of = Literal["dataset", "resource", "column"]

SDI = "https://satudata.go.id/ns#"
EU = "http://publications.europa.eu/resource/authority"
GEOJSON = "https://www.iana.org/assignments/media-types/application/vnd.geo+json"


@cache
def mapping() -> dict[str, Any]:
    """The generated mapping: `prefixes`, and of `dataset`, `resource` and `column` the fields with their terms."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "dcat_mapping.json").read_text(encoding="utf-8"))
    return found


def described(of: Of, told: Mapping[str, Any]) -> Node:
    """Every field that has a term, under it; fields of one term stand in one list, parts of a node in one node."""
    node: Node = {}
    shared: dict[tuple[str, str], Node] = {}
    for line in mapping()[of]:
        value = told.get(line["field"])
        if value in (None, "", []):
            continue
        if "node" in line:
            _add_part(line, value, shared, node)
        else:
            for one in _values(line, value):
                _add(node, line["term"], one)
    return node


def is_iri(link: Any) -> bool:
    """Whether a text is a web address that no serialisation of RDF stumbles over."""
    return (
        isinstance(link, str)
        and link.startswith(("http://", "https://"))
        and not any(character in '<>"{}|\\^`' or character <= " " for character in link)
    )


def moment(value: Any) -> Node | None:
    """A date in the type its precision has; a text that is none is left out."""
    if not isinstance(value, str):
        return None
    for length, kind in ((4, "gYear"), (7, "gYearMonth"), (10, "date")):
        if len(value) == length and value.replace("-", "").isdigit():
            return {"@value": value, "@type": f"xsd:{kind}"}
    return {"@value": value, "@type": "xsd:dateTime"} if len(value) > 10 and value[10] in "T " else None


def _add(node: Node, term: str, value: Any) -> None:
    if value is None:
        return
    known = node.get(term)
    if known is None:
        node[term] = value
    elif isinstance(known, list):
        known.append(value)
    else:
        node[term] = [known, value]


def _add_part(line: Mapping[str, Any], value: Any, shared: dict[tuple[str, str], Node], node: Node) -> None:
    """The value as a part of a node that other fields of the same term and type fill, too."""
    key = (line["term"], line["node"] if "measures" not in line else line["measures"])
    part = shared.get(key)
    if part is None:
        part = {"@type": line["node"]}
        if "measures" in line:
            part["dqv:isMeasurementOf"] = {"@id": SDI + line["measures"]}
    # A list in its order, so that a part of one is one and not a list.
    values = list(_values(line, value))
    for one in values:
        for name in [line["part"]] if isinstance(line["part"], str) else line["part"]:
            _add(part, name, one)
    if "names" in line and values:
        part["@id"] = f"{SDI}{line['names']}/{value}"
    if values and key not in shared:
        shared[key] = part
        _add(node, line["term"], part)


def _values(line: Mapping[str, Any], value: Any) -> list[Any]:
    """A field's value or values in its shape; what cannot be written in it is left out."""
    many = value if isinstance(value, list | tuple) else [value]
    shape = _shape(line)
    return [found for one in many if one not in (None, "") and (found := shape(line, one)) is not None]


def _shape(line: Mapping[str, Any]) -> Callable[[Mapping[str, Any], Any], Any]:
    for name, shape in _SHAPES.items():
        if name in line:
            return shape
    return _KINDS.get(line["kind"], lambda _line, value: value)


def _concept(line: Mapping[str, Any], code: Any) -> Node | None:
    words = contract.vocabulary(line["vocabulary"])
    entry = words.get(code) if isinstance(code, str) else None
    if entry is None:
        return {"@type": "skos:Concept", "skos:prefLabel": str(code)} if words.open else None
    node = {"@id": f"{SDI}{line['vocabulary']}/{code}", "@type": "skos:Concept", "skos:notation": code}
    return {**node, "skos:prefLabel": {"@value": entry.label, "@language": "id"}}


def _authority(line: Mapping[str, Any], code: Any) -> Node | None:
    """A code of the EU Publications Office's tables, which other catalogues know."""
    if "values" in line:
        value = line["values"].get(str(code).lower())
    else:
        entry = contract.vocabulary(line["vocabulary"]).get(code) if isinstance(code, str) else None
        value = entry.more.get(line["key"]) if entry else None
    return {"@id": f"{EU}/{line['authority']}/{value}"} if value else None


def _licence(_line: Mapping[str, Any], code: Any) -> Node:
    url = licence_address(code)
    return {"@id": url} if url else {"@type": "dct:LicenseDocument", "dct:title": str(code)}


def licence_address(code: Any) -> str | None:
    """Where the text of a licence stands; None for one that we do not know."""
    entry = contract.vocabulary("lisensi").get(code) if isinstance(code, str) else None
    return entry.more.get("url") if entry else None


def _label(line: Mapping[str, Any], value: Any) -> str:
    words = contract.vocabulary(line["vocabulary"])
    code = words.resolve(value)
    return words[code].label if code else str(value)


def _link(_line: Mapping[str, Any], value: Any) -> Node | None:
    return {"@id": value} if is_iri(value) else None


def _mailbox(_line: Mapping[str, Any], value: Any) -> Node | None:
    return {"@id": f"mailto:{value}"} if isinstance(value, str) and "@" in value and is_iri(f"http://{value}") else None


def _geometry(_line: Mapping[str, Any], value: Any) -> Node:
    return {"@value": orjson.dumps(value).decode(), "@type": GEOJSON}


def _column(_line: Mapping[str, Any], column: Any) -> Node | None:
    return {"@type": "csvw:Column", **described("column", column)} if isinstance(column, Mapping) else None


_SHAPES: Mapping[str, Callable[[Mapping[str, Any], Any], Any]] = {
    "concept": _concept,
    "authority": _authority,
    "licence": _licence,
    "label": _label,
}
_KINDS: Mapping[str, Callable[[Mapping[str, Any], Any], Any]] = {
    "number": lambda _line, value: value if isinstance(value, int | float) and not isinstance(value, bool) else None,
    "date": lambda _line, value: moment(value),
    "period": lambda _line, value: moment(value),
    "url": _link,
    "email": _mailbox,
    "geojson": _geometry,
    "objects": _column,
}
