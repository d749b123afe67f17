"""DCAT 3 (W3C) of what the API answers: JSON-LD as plain dicts, Turtle made from them, and `data.json`.

Works on rendered answers only, so that nothing can stand here that the reader may not read there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from ckanext.satudata.api.dcat_values import Node, described, licence_address, mapping, moment
from satudata_schemas import contract

CONTEXT: Mapping[str, str] = mapping()["prefixes"]

_ACCESS_LEVELS = {"terbatas": "restricted public", "tertutup": "non-public"}


def dataset(answer: Mapping[str, Any], *, site: str, base: str) -> Node:
    """One dataset as a node of JSON-LD without context; `site` is the portal's URL, `base` the API's.

    What the contract's fields say comes by the generated mapping; by hand only what the platform itself knows better
    than a field: identity, owner, page, and when the metadata changed.
    """
    producer = _agent(answer["organization"], site)
    fields = described("dataset", {**answer, "sumber_aplikasi": _application(answer)})
    national = {f"sdi:{key}": value for key, value in answer.items() if _is_unlisted(key)}
    node: Node = {
        **fields,
        **national,
        "@id": f"{base}/datasets/{answer['id']}",
        "@type": "dcat:Dataset",
        "dct:identifier": answer["id"],
        "dcat:landingPage": {"@id": f"{site}/dataset/{answer['name']}"},
        "dct:publisher": fields.get("dct:publisher", producer),
        "dct:creator": producer,
        "dct:modified": fields.get("dct:modified", moment(answer.get("metadata_changed"))),
        "dcat:distribution": [_distribution(one, answer, base) for one in answer["resources"]],
    }
    contact = node.get("dcat:contactPoint")
    if contact and "vcard:fn" not in contact:
        contact["vcard:fn"] = answer["organization"]["title"]
    _name_identifiers(node)
    return {term: value for term, value in node.items() if value not in (None, "", [])}


def _name_identifiers(node: Node) -> None:
    """Give the source's own identifier an address below the dataset's.

    ckanext-dcat takes the name of the node for its value; that of a blank one is another at every reading.
    """
    told = node.get("adms:identifier")
    for one in told if isinstance(told, list) else [told]:
        if isinstance(one, dict):
            one["@id"] = f"{node['@id']}#pengenal"


def _is_unlisted(key: str) -> bool:
    """Whether a key is one of the activity metadata that the contract takes without naming it."""
    return key not in contract.fields() and contract.NATIONAL_KEY.match(key) is not None


def _application(answer: Mapping[str, Any]) -> str | None:
    source = answer.get("source") or {}
    return answer.get("sumber_aplikasi") or source.get("title") or source.get("name")


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
    # Imported here: whoever asks for JSON needs none of it.
    from rdflib import Graph  # noqa: PLC0415

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
        "license": licence_address(answer.get("license_id")),
        "landingPage": f"{site}/dataset/{answer['name']}",
        "distribution": [
            {
                "@type": "dcat:Distribution",
                "title": one.get("name"),
                "description": one.get("description"),
                "downloadURL": one.get("url"),
                "format": one.get("format"),
                "mediaType": _media_type(one),
            }
            for one in answer["resources"]
        ],
    }
    told["distribution"] = [{key: value for key, value in one.items() if value} for one in told["distribution"]]
    return {key: value for key, value in told.items() if value is not None}


def _agent(organization: Mapping[str, Any], site: str) -> Node:
    return {
        "@id": f"{site}/organization/{organization['name']}",
        "@type": "foaf:Organization",
        "foaf:name": organization["title"],
    }


def _distribution(resource: Mapping[str, Any], answer: Mapping[str, Any], base: str) -> Node:
    licence = licence_address(answer.get("license_id"))
    media = _media_type(resource)
    node: Node = {
        **described("resource", {name: value for name, value in resource.items() if name != "mimetype"}),
        "@id": f"{base}/datasets/{answer['id']}#{resource['id']}",
        "@type": "dcat:Distribution",
        "dct:identifier": resource["id"],
        "dcat:mediaType": media,
        "dct:license": {"@id": licence} if licence else None,
    }
    return {term: value for term, value in node.items() if value not in (None, "")}


def _media_type(resource: Mapping[str, Any]) -> str | None:
    """What the resource says of itself, else what its format is sent as."""
    known = contract.vocabulary("format")
    code = known.resolve(resource.get("format"))
    return resource.get("mimetype") or (known[code].more.get("media_type") if code else None)
