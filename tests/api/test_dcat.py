"""DCAT for other catalogues: rdflib reads it, every page leads on, and only what is public stands in it."""

from __future__ import annotations

import json

import pytest
from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, Literal, Namespace, URIRef

BASE = "/api/satudata/v1"
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
BASIS = "UU 14/2008 Pasal 17 huruf h"


def graph_of(answer):
    assert answer.status_code == 200, answer.body
    form = "turtle" if answer.content_type.startswith("text/turtle") else "json-ld"
    return Graph().parse(data=answer.body, format=form)


@pytest.fixture
def full(office):
    return office.put(
        title='Jumlah "Puskesmas" <b>', tags=["kesehatan", "puskesmas"], kategori="04", kode_urusan=["1.02"],
        jadwal_pemutakhiran="tahunan", license_id="cc-by", periode_awal="2022", periode_akhir="2024-06",
        kode_wilayah="32.04", kontak_nama_unit="Bidang Data", kontak_surel="data@example.go.id", satuan="unit",
        tanggal_mutakhir="2025-02-14", hak_akses="terbuka", index=False,
    )  # fmt: skip


@pytest.mark.parametrize("ending", ["jsonld", "ttl"])
def test_one_dataset_says_in_rdf_what_it_says_in_json(app, office, full, ending):
    graph = graph_of(app.get(f"{BASE}/datasets/{full}.{ending}"))
    node = graph.value(predicate=RDF.type, object=DCAT.Dataset)
    assert graph.value(node, DCTERMS.title) == Literal('Jumlah "Puskesmas" <b>')
    assert {str(word) for word in graph.objects(node, DCAT.keyword)} == {"kesehatan", "puskesmas"}
    assert str(graph.value(node, DCTERMS.accrualPeriodicity)).endswith("/frequency/ANNUAL")
    assert str(graph.value(node, DCTERMS.accessRights)).endswith("/access-right/PUBLIC")
    assert str(graph.value(graph.value(node, DCTERMS.publisher), FOAF.name)) == f"Dinas {office.name}"
    assert str(graph.value(graph.value(node, DCTERMS.temporal), DCAT.startDate)) == "2022"
    distribution = graph.value(node, DCAT.distribution)
    assert graph.value(distribution, DCAT.accessURL) == URIRef("https://data.example.go.id/1.csv")
    assert str(graph.value(distribution, DCTERMS.license)) == "https://creativecommons.org/licenses/by/4.0/"
    assert str(graph.value(node, URIRef("https://satudata.go.id/ns#satuan"))) == "unit"


def test_json_ld_and_turtle_are_the_same_graph(app, full):
    from rdflib.compare import isomorphic

    both = [graph_of(app.get(f"{BASE}/datasets/{full}.{ending}")) for ending in ("jsonld", "ttl")]
    assert isomorphic(*both)


@pytest.mark.parametrize("ending", ["jsonld", "ttl"])
def test_pages_of_the_catalogue_lead_through_all_of_it(app, office, monkeypatch, ending):
    from ckanext.satudata.api.routes import dcat

    monkeypatch.setattr(dcat, "PAGE", 2)
    ids = {office.put(str(number), index=False) for number in range(5)}
    found, address = set(), f"{BASE}/catalog.{ending}"
    while address:
        graph = graph_of(app.get(address))
        found |= {str(node).rsplit("/", 1)[-1] for node in graph.subjects(RDF.type, DCAT.Dataset)}
        page = graph.value(predicate=RDF.type, object=HYDRA.PagedCollection)
        assert int(graph.value(page, HYDRA.totalItems)) == 5
        onward = graph.value(page, HYDRA.next)
        address = str(onward)[str(onward).index(BASE) :] if onward else None
    assert found == ids


def test_data_json_lists_what_is_public(app, office, full):
    told = app.get(f"{BASE}/data.json").json
    (one,) = told["dataset"]
    assert (one["identifier"], one["accessLevel"]) == (full, "public")
    assert one["distribution"][0]["downloadURL"] == "https://data.example.go.id/1.csv"
    assert one["distribution"][0]["mediaType"] == "text/csv"


def test_nothing_but_what_is_public_stands_in_dcat(app, office):
    office.put("1", action="hold", title="Belum tayang", index=False)
    restricted = office.put("2", hak_akses="terbatas", dasar_pengecualian=BASIS, index=False)
    office.put("3", hak_akses="tertutup", dasar_pengecualian=BASIS, notes="dikecualikan zebra", index=False)
    gone = office.put("4", title="Sudah ditarik", index=False)
    office.withdraw("4", index=False)
    for path in ("catalog.jsonld", "catalog.ttl", "data.json", f"datasets/{restricted}.jsonld"):
        body = app.get(f"{BASE}/{path}").body
        for secret in ("Belum tayang", "2.csv", "3.csv", "zebra", "Sudah ditarik"):
            assert secret not in body, path
    assert app.get(f"{BASE}/datasets/{gone}.ttl").status_code == 410


def test_hostile_links_make_no_broken_graph(app, office):
    link = {"name": "x", "format": "CSV"}
    hostile = ['https://a.example/"> <x> .', "javascript:alert(1)", "https://a.example/a b"]
    id_ = office.put(resources=[{**link, "url": url} for url in ["https://baik.example/a.csv", *hostile]], index=False)
    graph = graph_of(app.get(f"{BASE}/datasets/{id_}.ttl"))
    assert {str(url) for url in graph.objects(None, DCAT.accessURL)} == {"https://baik.example/a.csv"}
    json.loads(app.get(f"{BASE}/datasets/{id_}.jsonld").body)
