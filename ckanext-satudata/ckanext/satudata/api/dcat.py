"""DCAT 3 (W3C) of what the API answers: JSON-LD as plain dicts, Turtle made from them, and `data.json`.

Works on rendered answers only, so that nothing can stand here that the reader may not read there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from rdflib import Graph

from satudata_schemas import contract

SDI = "https://satudata.go.id/ns#"
EU = "http://publications.europa.eu/resource/authority"
CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "prov": "http://www.w3.org/ns/prov#",
    "sdi": SDI,
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

_ACCESS_LEVELS = {"terbatas": "restricted public", "tertutup": "non-public"}

Node = dict[str, Any]


def dataset(answer: Mapping[str, Any], *, site: str, base: str) -> Node:
    """One dataset as a node of JSON-LD without context; `site` is the portal's URL, `base` the API's."""
    node: Node = {
        "@id": f"{base}/datasets/{answer['id']}",
        "@type": "dcat:Dataset",
        "dct:identifier": answer["id"],
        "dct:title": answer["title"],
        "dct:description": answer.get("notes"),
        "dcat:landingPage": {"@id": f"{site}/dataset/{answer['name']}"},
        "dcat:keyword": answer.get("tags"),
        "dct:publisher": _agent(answer["organization"], site),
        "dct:creator": _agent(answer["organization"], site),
        "dct:issued": _moment(answer.get("tanggal_terbit")),
        "dct:modified": _moment(answer.get("tanggal_mutakhir") or answer.get("metadata_changed")),
        "dct:language": answer.get("bahasa"),
        "dcat:theme": [*_themes(answer)],
        "dct:accessRights": _authority("access-right", "hak_akses", "authority", answer.get("hak_akses")),
        "dct:accrualPeriodicity": _authority(
            "frequency", "jadwal_pemutakhiran", "eu", answer.get("jadwal_pemutakhiran")
        ),
        "dct:temporal": _temporal(answer),
        "dct:spatial": _spatial(answer),
        "dcat:contactPoint": _contact(answer),
        "dct:rights": answer.get("dasar_pengecualian"),
        "dcat:distribution": [_distribution(one, answer, base) for one in answer["resources"]],
        **{term: answer.get(name) for name, term in _own_terms().items()},
    }
    return {term: value for term, value in node.items() if value not in (None, "", [])}


def catalog(
    datasets: Iterable[Mapping[str, Any]],
    *,
    site: str,
    base: str,
    title: str,
    address: str,
    total: int,
    following: str | None,
) -> Node:
    """A page of the catalogue with Hydra's links to the next one."""
    page: Node = {
        "@id": address,
        "@type": "hydra:PagedCollection",
        "hydra:totalItems": total,
        "hydra:itemsPerPage": 100,
        "hydra:first": address.partition("?")[0],
        "hydra:next": following,
        "hydra:nextPage": following,
    }
    told: Node = {
        "@id": f"{base}/catalog",
        "@type": "dcat:Catalog",
        "dct:title": title,
        "foaf:homepage": {"@id": site},
        "dcat:dataset": [dataset(one, site=site, base=base) for one in datasets],
    }
    kept = {term: value for term, value in page.items() if value is not None}
    return {"@context": CONTEXT, "@graph": [told, kept]}


def single(answer: Mapping[str, Any], *, site: str, base: str) -> Node:
    """One dataset as a document of its own."""
    return {"@context": CONTEXT, **dataset(answer, site=site, base=base)}


def turtle(document: Node) -> bytes:
    """The same in Turtle. The context stands in the document: nothing is fetched."""
    graph = Graph()
    graph.parse(data=orjson.dumps(document), format="json-ld")
    return graph.serialize(format="turtle", encoding="utf-8")


def data_json(datasets: Iterable[Mapping[str, Any]], *, site: str) -> Node:
    """The catalogue as `data.json` (Project Open Data 1.1), which harvesters of other makes read."""
    return {
        "@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
        "@type": "dcat:Catalog",
        "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
        "dataset": [_project_open_data(one, site) for one in datasets],
    }


def _project_open_data(answer: Mapping[str, Any], site: str) -> Node:
    told = {
        "@type": "dcat:Dataset",
        "identifier": answer["id"],
        "title": answer["title"],
        "description": answer.get("notes") or answer["title"],
        "keyword": answer.get("tags") or [],
        "modified": answer.get("tanggal_mutakhir") or answer.get("metadata_changed"),
        "issued": answer.get("tanggal_terbit"),
        "publisher": {"@type": "org:Organization", "name": answer["organization"]["title"]},
        "accessLevel": _ACCESS_LEVELS.get(answer.get("hak_akses", ""), "public"),
        "rights": answer.get("dasar_pengecualian"),
        "license": _license(answer.get("license_id")),
        "landingPage": f"{site}/dataset/{answer['name']}",
        "distribution": [
            {
                "@type": "dcat:Distribution",
                "title": one.get("name"),
                "description": one.get("description"),
                "downloadURL": one.get("url"),
                "format": one.get("format"),
                "mediaType": _format(one)[1],
            }
            for one in answer["resources"]
        ],
    }
    told["distribution"] = [{key: value for key, value in one.items() if value} for one in told["distribution"]]
    return {key: value for key, value in told.items() if value is not None}


@cache
def _own_terms() -> dict[str, str]:
    """Text and list fields whose term is used by no other: those of SDI and of the activity metadata."""
    fields = contract.fields()
    terms = {name: field.dcat for name, field in fields.items() if field.dcat and (field.is_text or field.is_list)}
    prefixes = ("sdi:", "skos:", "adms:")
    return {name: term for name, term in terms.items() if term.startswith(prefixes) and not fields[name].private}


def _agent(organization: Mapping[str, Any], site: str) -> Node:
    return {
        "@id": f"{site}/organization/{organization['name']}",
        "@type": "foaf:Organization",
        "foaf:name": organization["title"],
    }


def _themes(answer: Mapping[str, Any]) -> Sequence[Node]:
    found: list[Node] = []
    for vocabulary, codes in (("kategori", [answer.get("kategori")]), ("urusan", answer.get("kode_urusan") or [])):
        for code in codes:
            entry = contract.vocabulary(vocabulary).get(code) if code else None
            if entry is not None:
                node = {"@id": f"{SDI}{vocabulary}/{code}", "@type": "skos:Concept", "skos:notation": code}
                found.append({**node, "skos:prefLabel": {"@value": entry.label, "@language": "id"}})
    return found


def _authority(scheme: str, vocabulary: str, key: str, code: str | None) -> Node | None:
    entry = contract.vocabulary(vocabulary).get(code) if code else None
    value = entry.more.get(key) if entry else None
    return {"@id": f"{EU}/{scheme}/{value}"} if value else None


def _temporal(answer: Mapping[str, Any]) -> Node | None:
    ends = {"dcat:startDate": _moment(answer.get("periode_awal")), "dcat:endDate": _moment(answer.get("periode_akhir"))}
    known = {term: value for term, value in ends.items() if value}
    return {"@type": "dct:PeriodOfTime", **known} if known else None


def _spatial(answer: Mapping[str, Any]) -> Node | None:
    code = answer.get("kode_wilayah")
    if not code:
        return None
    node = {"@id": f"{SDI}wilayah/{code}", "@type": "dct:Location", "skos:notation": code}
    name = answer.get("nama_wilayah")
    return node | ({"skos:prefLabel": name} if name else {})


def _contact(answer: Mapping[str, Any]) -> Node | None:
    name, mailbox = answer.get("kontak_nama_unit"), answer.get("kontak_surel")
    if not name and not mailbox:
        return None
    address = {"vcard:hasEmail": {"@id": f"mailto:{mailbox}"}} if mailbox and " " not in mailbox else {}
    return {"@type": "vcard:Organization", "vcard:fn": name or answer["organization"]["title"], **address}


def _distribution(resource: Mapping[str, Any], answer: Mapping[str, Any], base: str) -> Node:
    link, (format_, media) = resource.get("url"), _format(resource)
    license_ = _license(answer.get("license_id"))
    node: Node = {
        "@id": f"{base}/datasets/{answer['id']}#{resource['id']}",
        "@type": "dcat:Distribution",
        "dct:identifier": resource["id"],
        "dct:title": resource.get("name"),
        "dct:description": resource.get("description"),
        "dct:format": format_,
        "dcat:mediaType": media,
        "dcat:accessURL": {"@id": link} if _is_iri(link) else None,
        "dcat:byteSize": resource.get("size") if isinstance(resource.get("size"), int) else None,
        "dct:license": {"@id": license_} if license_ else None,
    }
    return {term: value for term, value in node.items() if value not in (None, "")}


def _format(resource: Mapping[str, Any]) -> tuple[str | None, str | None]:
    known = contract.vocabulary("format")
    code = known.resolve(resource.get("format"))
    media = known[code].more.get("media_type") if code else None
    return (known[code].label if code else resource.get("format")), media


def _license(code: str | None) -> str | None:
    entry = contract.vocabulary("lisensi").get(code) if code else None
    return entry.more.get("url") if entry else None


def _is_iri(link: Any) -> bool:
    return (
        isinstance(link, str)
        and link.startswith(("http://", "https://"))
        and not any(character in '<>"{}|\\^`' or character <= " " for character in link)
    )


def _moment(value: Any) -> Node | None:
    """A date in the type its precision has; a text that is none is left out."""
    if not isinstance(value, str):
        return None
    for length, kind in ((4, "gYear"), (7, "gYearMonth"), (10, "date")):
        if len(value) == length and value.replace("-", "").isdigit():
            return {"@value": value, "@type": f"xsd:{kind}"}
    return {"@value": value, "@type": "xsd:dateTime"} if len(value) > 10 and value[10] in "T " else None
