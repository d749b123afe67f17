"""RDF catalogues as plain records: any serialisation in, the same dictionaries out.

A catalogue is data from outside: XML with a DTD is refused in every encoding, a JSON-LD context is never fetched, and
what makes a parser give up is one error of the source.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from satudata_harvesters import strict_json
from satudata_harvesters.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

Record = dict[str, Any]

DCAT = "http://www.w3.org/ns/dcat#"
DCT = "http://purl.org/dc/terms/"
HYDRA = "http://www.w3.org/ns/hydra/core#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

#: Terms of other vocabularies that keep their prefix, so that they do not pass for DCAT's own of the same name.
PREFIXES = {
    "http://www.w3.org/ns/adms#": "adms_",
    "http://www.w3.org/2002/07/owl#": "owl_",
    "http://www.w3.org/2000/01/rdf-schema#": "rdfs_",
    "http://www.w3.org/2004/02/skos/core#": "skos_",
    "http://schema.org/": "schema_",
    "https://schema.org/": "schema_",
}
#: JSON-LD contexts that catalogues name by address, reduced to what they mean for datasets.
CONTEXT: dict[str, Any] = {
    "dcat": DCAT,
    "dct": DCT,
    "dcterms": DCT,
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "adms": "http://www.w3.org/ns/adms#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "hydra": HYDRA,
    "schema": "http://schema.org/",
}
#: How deep a dataset's blank nodes and parts are followed.
DEPTH = 4
#: Of these, the description is taken into the dataset that points to it.
PARTS = frozenset(
    [
        "distribution",
        "publisher",
        "creator",
        "contactPoint",
        "temporal",
        "spatial",
        "license",
        "rights",
        "rightsHolder",
        "accessService",
    ]
)


def quiet() -> None:
    """rdflib warns of every address with a space in it, once per triple and with the text: not into our logs."""
    logging.getLogger("rdflib").setLevel(logging.ERROR)


def parse(body: bytes, syntax: str, url: str, asked: str = "") -> Graph:
    """The graph of a document (`xml`, `turtle`, `n3`, `nt`, `json-ld`); else `SourceError` E-TRK-022.

    Relative addresses in it are relative to `url`; errors name `asked`, where the source itself chose `url`.
    """
    named = asked or url
    try:
        from rdflib import Graph  # noqa: PLC0415 - takes a tenth of a second, which other commands need not pay
    except ImportError:
        raise ConfigError("E-CFG-014", connector="dcat", library="rdflib") from None
    quiet()
    if syntax == "xml":
        refuse_dtd(body, named)
    data: bytes | str = _without_remote_contexts(body, named) if syntax == "json-ld" else body
    graph = Graph()
    try:
        graph.parse(data=data, format=syntax, publicID=url)
    except RecursionError:
        raise SourceError("E-TRK-022", url=named, reason="terlalu dalam") from None
    except Exception as error:  # noqa: BLE001 - each of rdflib's parsers has exceptions of its own
        raise SourceError("E-TRK-022", url=named, reason=type(error).__name__) from None
    return graph


def refuse_dtd(body: bytes, url: str) -> None:
    """Raise `SourceError` E-TRK-022 for XML that is broken or brings a DTD: entities can multiply or read files."""
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def doctype(*_: Any) -> None:
        raise SourceError("E-TRK-022", url=url, reason="DTD")

    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise SourceError("E-TRK-022", url=url, reason=f"baris {error.lineno}") from None
    except (ValueError, LookupError):
        raise SourceError("E-TRK-022", url=url, reason="pengodean") from None


def _without_remote_contexts(body: bytes, url: str) -> str:
    try:
        return json.dumps(_local(strict_json.loads(body)))
    except strict_json.InvalidJson as error:
        raise SourceError("E-TRK-014", url=url, reason=str(error)) from None


def _local(value: Any) -> Any:
    """The document with every context that would have to be fetched replaced by what we know of it."""
    if isinstance(value, list):
        return [_local(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _context(item) if key == "@context" else _local(item) for key, item in value.items() if key != "@import"
    }


def _context(value: Any) -> Any:
    if isinstance(value, str):
        return {**CONTEXT, "@vocab": "http://schema.org/"} if "schema.org" in value else {**CONTEXT, "@vocab": DCAT}
    if isinstance(value, list):
        return [_context(item) for item in value]
    return _local(value)


def datasets(graph: Graph) -> list[Record]:
    """Every dataset of the graph, also of nested catalogues and blank ones, in the order of their identifiers."""
    from rdflib import URIRef  # noqa: PLC0415

    series = set(graph.subjects(URIRef(TYPE), URIRef(DCAT + "DatasetSeries")))
    found = set(graph.subjects(URIRef(TYPE), URIRef(DCAT + "Dataset"))) - series
    records = [_Reader(graph).record(node) for node in found]
    return sorted(records, key=lambda record: (str(record.get("identifier", "")), json.dumps(record, sort_keys=True)))


def is_catalogue(graph: Graph) -> bool:
    """Whether the document is about datasets at all; an empty answer must not pass for an empty catalogue."""
    from rdflib import URIRef  # noqa: PLC0415

    return any((None, URIRef(TYPE), URIRef(DCAT + name)) in graph for name in ("Catalog", "Dataset"))


def referenced(graph: Graph) -> list[str]:
    """Addresses of datasets that a catalogue names without describing them, as local catalogues of open data do.

    None for a catalogue in pages: what one page names, another describes.
    """
    from rdflib import URIRef  # noqa: PLC0415

    if any(str(predicate).startswith(HYDRA) for predicate in graph.predicates(unique=True)):
        return []
    named = set(graph.objects(None, URIRef(DCAT + "dataset")))
    return sorted(str(node) for node in named if isinstance(node, URIRef) and (node, None, None) not in graph)


def next_page(graph: Graph) -> str | None:
    """The address of the next page, in either of Hydra's two forms (`nextPage` of 2014, `next` of today)."""
    from rdflib import URIRef  # noqa: PLC0415

    for term in ("next", "nextPage"):
        for _, target in graph.subject_objects(URIRef(HYDRA + term)):
            return str(target)
    return None


def total(graph: Graph) -> int | None:
    """How many datasets the catalogue says it has, on all its pages."""
    from rdflib import URIRef  # noqa: PLC0415

    for _, value in graph.subject_objects(URIRef(HYDRA + "totalItems")):
        text = str(value)
        return int(text) if text.isascii() and text.isdigit() else None
    return None


class _Reader:
    """Nodes of one graph as dictionaries that do not depend on the order of triples or the names of blank nodes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def record(self, node: Node) -> Record:
        from rdflib import BNode  # noqa: PLC0415

        found = self._described(node, 0, frozenset())
        if not isinstance(node, BNode):
            found["@id"] = str(node)
        return found

    def _described(self, node: Node, depth: int, above: frozenset[Node]) -> Record:
        gathered: dict[str, list[Any]] = {}
        for predicate, value in self._graph.predicate_objects(node):
            if str(predicate) == TYPE:
                continue
            name = _name(str(predicate))
            gathered.setdefault(name, []).append(self._value(name, value, depth, above | {node}))
        return {name: _joined(values) for name, values in sorted(gathered.items())}

    def _value(self, name: str, node: Node, depth: int, above: frozenset[Node]) -> Any:
        from rdflib import BNode, Literal  # noqa: PLC0415

        if isinstance(node, Literal):
            return {"@language": node.language, "@value": str(node)} if node.language else str(node)
        follow = (isinstance(node, BNode) or name in PARTS) and depth < DEPTH and node not in above
        inner = self._described(node, depth + 1, above) if follow else {}
        if isinstance(node, BNode):
            return inner
        return {**inner, "@id": str(node)} if inner else str(node)


def _name(predicate: str) -> str:
    """The term's own name, as `data.json` writes it; those of some vocabularies with a prefix."""
    space, term = re.match(r"(.*[/#])?(.*)$", predicate, re.DOTALL).groups()  # type: ignore[union-attr]
    return PREFIXES.get(space or "", "") + (term or predicate)


def _joined(values: list[Any]) -> Any:
    """One value, several in a fixed order, or one text by language."""
    tagged = [value for value in values if isinstance(value, dict) and "@language" in value]
    if tagged and len(tagged) == len(values):
        by_language: dict[str, list[str]] = {}
        for value in tagged:
            by_language.setdefault(value["@language"], []).append(value["@value"])
        if len(by_language) > 1:
            return {language: _one(sorted(texts)) for language, texts in sorted(by_language.items())}
    plain = [value["@value"] if isinstance(value, dict) and "@language" in value else value for value in values]
    return _one(sorted(plain, key=lambda value: json.dumps(value, sort_keys=True, ensure_ascii=False)))


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
