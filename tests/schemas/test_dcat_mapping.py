"""What the contract says of DCAT comes out of the API: every field with a term, under that term, and no other way."""

from __future__ import annotations

import json

import pytest

from ckanext.satudata.api import dcat
from ckanext.satudata.api.dcat_values import described, mapping
from satudata_schemas import contract

#: Set by the platform, which says them in the API's answer in another way or not at all.
NOT_ANSWERED = {"owner_org", "hasil", "skor_sdi"}
OFFICE = {"id": "o", "name": "disdukcapil", "title": "Dinas Kependudukan"}
SITE = {"site": "https://data.contoh.go.id", "base": "https://data.contoh.go.id/api/satudata/v1"}
SAMPLES = {
    "date": "2024-08-09", "period": "2024", "number": 12, "boolean": True, "url": "https://contoh.go.id/x",
    "email": "data@contoh.go.id", "geojson": {"type": "Point", "coordinates": [107, -6]}, "years": ["2024"],
}  # fmt: skip


def sample(field):
    if field.vocabulary:
        code = next(iter(contract.vocabulary(field.vocabulary)))
        return [code] if field.is_list else code
    if field.kind == "objects":
        return [{name: sample(one) for name, one in field.fields.items() if one.kind != "objects"}]
    if field.name == "kode_wilayah":
        return "32.04"
    return SAMPLES.get(field.kind, [f"nilai {field.name}"] if field.is_list else f"nilai {field.name}")


def answered(**fields):
    return {"id": "d", "name": "d", "title": "Judul", "organization": OFFICE, "resources": [], **fields}


def with_term(fields):
    return [field for field in fields.values() if field.dcat and not field.private and field.kind != "objects"]


@pytest.mark.parametrize("field", with_term(contract.fields()), ids=lambda field: field.name)
def test_a_field_with_a_term_comes_out_under_it(field):
    if field.name in NOT_ANSWERED:
        value = described("dataset", {field.name: sample(field)})[field.dcat]
    else:
        value = dcat.dataset(answered(**{field.name: sample(field)}), **SITE)[field.dcat]
    assert value not in (None, "", [])


@pytest.mark.parametrize("of", ["resource", "column"])
def test_every_field_of_a_resource_and_of_its_columns_comes_out_under_its_term(of):
    fields = {"resource": contract.resource_fields, "column": contract.column_fields}[of]()
    for field in [field for field in fields.values() if field.dcat]:
        assert field.dcat in described(of, {field.name: sample(field)}), field.name


def test_the_mapping_names_exactly_the_fields_with_a_term_and_no_person_s_contact():
    mapped = {line["field"] for line in mapping()["dataset"]}
    named = {field.name for field in contract.fields().values() if field.dcat and not field.private}
    assert mapped == named - {"resources"}
    assert not [field.name for field in contract.fields().values() if field.private and field.name in mapped]


def test_every_prefix_of_a_term_is_known():
    lines = [line for of in ("dataset", "resource", "column") for line in mapping()[of]]
    terms = [line["term"] for line in lines] + [line["node"] for line in lines if "node" in line]
    assert {term.partition(":")[0] for term in terms} <= set(dcat.CONTEXT)


def test_parts_of_one_thing_stand_in_one_node():
    node = dcat.dataset(
        answered(periode_awal="2022", periode_akhir="2024-06", kode_wilayah="32.04", nama_wilayah="Kabupaten Bandung"),
        **SITE,
    )
    assert set(node["dct:temporal"]) == {"@type", "dcat:startDate", "dcat:endDate"}
    place = node["dct:spatial"]
    assert (place["@id"], place["skos:notation"]) == ("https://satudata.go.id/ns#wilayah/32.04", "32.04")
    assert place["skos:prefLabel"] == "Kabupaten Bandung"


def test_topics_and_affairs_share_a_term_and_both_come_out():
    themes = dcat.dataset(answered(kategori="04", kode_urusan=["1.02", "2.12"]), **SITE)["dcat:theme"]
    assert [theme["skos:notation"] for theme in themes] == ["04", "1.02", "2.12"]


def test_the_walidata_publishes_and_the_office_creates():
    node = dcat.dataset(answered(walidata="Dinas Kominfo"), **SITE)
    assert node["dct:publisher"]["foaf:name"] == "Dinas Kominfo"
    assert node["dct:creator"]["foaf:name"] == OFFICE["title"]
    assert dcat.dataset(answered(), **SITE)["dct:publisher"]["foaf:name"] == OFFICE["title"]


def test_what_cannot_be_written_in_its_shape_is_left_out():
    node = dcat.dataset(
        answered(tanggal_terbit="kemarin", landing_page="javascript:alert(1)", kontak_surel="a b", hak_akses="hijau"),
        **SITE,
    )
    assert not {"dct:issued", "foaf:page", "dcat:contactPoint", "dct:accessRights"} & set(node)


def test_the_activity_metadata_that_the_contract_does_not_name_comes_out_too():
    assert dcat.dataset(answered(vi_uji_coba="Ya"), **SITE)["sdi:vi_uji_coba"] == "Ya"


@pytest.mark.heavy
def test_all_of_it_is_rdf_that_reads_back_the_same():
    """rdflib alone takes a third of a second to import."""
    from rdflib import Graph
    from rdflib.compare import isomorphic

    full = answered(**{field.name: sample(field) for field in contract.fields().values() if not field.private})
    full["resources"] = [{**full["resources"][0], "id": "r", "kamus_data": [{"nama": "a", "akses_umum": True}]}]
    node = dcat.single(full, **SITE)
    both = (
        Graph().parse(data=json.dumps(node), format="json-ld"),
        Graph().parse(data=dcat.turtle(node), format="turtle"),
    )
    assert isomorphic(*both)
    assert len(both[0]) > 100
