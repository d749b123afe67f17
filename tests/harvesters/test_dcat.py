"""DCAT catalogues: every serialisation, both forms of Hydra, `data.json`, and documents that mean harm."""

from __future__ import annotations

import json
from functools import cache

import pytest

from satudata_harvesters import rdf
from satudata_harvesters.connectors.dcat import Dcat
from satudata_harvesters.errors import SourceError
from satudata_harvesters.http import Http, Limits
from satudata_harvesters.mapping import Mapping
from satudata_schemas.dataset import canonical
from tests.harvesters.site import answer, site

#: rdflib uses what it deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")

#: file -> datasets, as counted by reading the file (`dcat:Dataset`, or the items of `dataset`).
COUNTS = {
    "ar-pydatajson__central.json": 2,
    "ar-pydatajson__malformed_date.json": 1,
    "ar-pydatajson__missing_dataset_title.json": 1,
    "ar-pydatajson__several_datasets_for_harvest.json": 3,
    "ar-recorded__datos-gob-ar-data-json_11324031.json": 639,
    "de-dcatde__catalog-endpoint.rdf": 6,
    "gsa-datajson__large-spatial.data.json": 1,
    "gsa-datajson__null-spatial.data.json": 1,
    "gsa-datajson__numerical-title.data.json": 1,
    "gsa-datajson__ny.data.json": 1,
    "gsa-harvester__dcatus.json": 7,
    "it-brescia__catalog.rdf": 3,
    "it-teramo__catalog.rdf": 11,
    "swiss-ng__catalog.xml": 2,
    "udata__dcat_bnodes.jsonld": 3,
    "udata__dcat_catalog.xml": 4,
    "udata__dcat_ckan.jsonld": 100,
    "udata__dcat_ckan.n3": 100,
    "udata__dcat_ckan.ttl": 100,
    "udata__dcat_ckan.xml": 100,
    "udata__dcat_paged-collection-1.jsonld": 3,
    "udata__dcat_paged-collection-2.jsonld": 1,
    "udata__dcat_partial-collection-1.jsonld": 3,
    "udata__dcat_partial-collection-2.jsonld": 1,
}
#: Names two datasets and describes none: each has a document of its own.
ELSEWHERE = "sk-lkod__catalog.ttl"
TTL = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> ."


@pytest.fixture
def pages(serve, client):
    """`pages(body, name)`: the pages of a catalogue with this one document at `/name`, 404 elsewhere."""

    def read(body, name="catalog.ttl", **headers):
        at = serve(lambda asked: answer(body, **headers) if asked.target == f"/{name}" else answer(status=404))
        return Dcat({"url": f"{at.url}/{name}"}, client(at)).pages()

    return read


def test_the_counts_cover_every_recorded_catalogue(recorded):
    assert {*COUNTS, ELSEWHERE} == {path.name for path in (recorded / "dcat").iterdir()}


@cache
def _recorded_datasets(path, syntax=None):
    """The records of a recorded catalogue, served as bytes of no kind so that its beginning has to tell; read once."""
    body = path.read_bytes()
    if syntax:
        body = rdf.parse(body, "turtle", "https://a.go.id/").serialize(format=syntax).encode()
    sent = answer(body, Content_Type="application/octet-stream")
    name = f"{path.stem}.{syntax}" if syntax else path.name
    with site(lambda asked: sent if asked.target == f"/{name}" else answer(status=404)) as at:
        page = next(Dcat({"url": f"{at.url}/{name}"}, Http(Limits(attempts=1), [at.network])).pages())
    assert not page.errors
    return page.records


#: The recorded catalogues; the large ones take half a second each.
NAMES = [pytest.param(name, marks=pytest.mark.heavy) if count >= 100 else name for name, count in COUNTS.items()]


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_catalogue_is_read_to_its_count(recorded, name):
    records = _recorded_datasets(recorded / "dcat" / name)
    identifiers = [Mapping("dcat").apply(record).identifier for record in records]
    assert all(identifiers)
    assert len(set(identifiers)) == len(records) == COUNTS[name]


@pytest.fixture
def catalogue_of_documents(recorded, serve):
    """`catalogue_of_documents(answers)`: the recorded catalogue, here; its documents by the end of their names."""

    def make(answers):
        body = (recorded / "dcat" / ELSEWHERE).read_bytes()

        def handle(asked):
            here = f"http://{asked.headers['host']}".encode()
            if asked.path.endswith("/catalog.ttl"):
                return answer(body.replace(b"https://raw.githubusercontent.com", here), ETag='"1"')
            document = answers.get(asked.path.rpartition("/")[2])
            return answer(document, Content_Type="text/turtle") if document else answer(status=404)

        return serve(handle)

    return make


def _document(name):
    return f'{TTL} <{name}> a dcat:Dataset ; dct:title "{name}" ; dct:identifier "{name}" .'.encode()


def test_datasets_that_a_catalogue_only_names_are_read_from_their_own_documents(catalogue_of_documents, client):
    at = catalogue_of_documents({"dataset1.ttl": _document("satu"), "hvd.ttl": _document("dua")})
    connector = Dcat({"url": at.url + "/jakubklimek/sk-lkod-1/main/catalog.ttl"}, client(at))
    [page] = connector.pages()
    assert [Mapping("dcat").apply(record).identifier for record in page.records] == ["satu", "dua"]
    [again] = connector.pages(validators={page.key: page.validators})
    assert not again.unchanged, "that the catalogue is unchanged says nothing about its documents"
    assert again.records == page.records


def test_a_document_that_cannot_be_read_is_one_error_and_its_dataset_still_there(catalogue_of_documents, client):
    at = catalogue_of_documents({"hvd.ttl": _document("dua")})
    [page] = Dcat({"url": at.url + "/jakubklimek/sk-lkod-1/main/catalog.ttl"}, client(at)).pages()
    assert [(error.code, error.identifier.rpartition("/")[2]) for error in page.errors] == [
        ("E-TRK-021", "dataset1.ttl")
    ]
    assert len(page.records) == 1


@pytest.mark.heavy
def test_the_same_datasets_in_five_serialisations_are_equal(recorded):
    """The first four are recordings; N-Triples are written from the Turtle."""

    def mapped(ending, syntax=None):
        records = _recorded_datasets(recorded / "dcat" / f"udata__dcat_ckan.{ending}", syntax)
        return [Mapping("dcat").apply(record).dataset for record in records]

    read = {ending: mapped(ending) for ending in ("ttl", "xml", "n3", "jsonld")} | {"nt": mapped("ttl", "nt")}
    # The recording took a publisher's name out of one file and not of another: there it cannot be compared.
    for same in zip(*read.values(), strict=True):
        if any(dataset.get("produsen_data_name") == "(name removed)" for dataset in same):
            for dataset in same:
                dataset.pop("produsen_data_name", None)
    forms = {ending: [canonical(dataset) for dataset in datasets] for ending, datasets in read.items()}
    assert len(forms["ttl"]) == 100
    assert forms["xml"] == forms["n3"] == forms["jsonld"] == forms["nt"] == forms["ttl"]


@pytest.mark.parametrize("form", ["paged", "partial"])
def test_both_forms_of_hydra_lead_to_the_next_page(recorded, serve, client, form):
    def page(number, at):
        body = (recorded / "dcat" / f"udata__dcat_{form}-collection-{number}.jsonld").read_bytes()
        return body.replace(b"http://data.test.org/catalog", at.encode() + b"/catalog")

    def handle(asked):
        body = page(asked.query.get("page", "1"), f"http://{asked.headers['host']}")
        return answer(body, Content_Type="application/ld+json")

    at = serve(handle)
    read = list(Dcat({"url": at.url + "/catalog.jsonld"}, client(at)).pages())
    assert [len(one.records) for one in read] == [3, 1]
    assert [one.total for one in read] == [4, 4]
    assert read[-1].last


def test_a_catalogue_that_believes_itself_elsewhere_is_followed_here(serve, client):
    def page(asked):
        number = int(asked.query.get("page", 1))
        link = f"<#p> <http://www.w3.org/ns/hydra/core#next> <http://dalam.local/c.ttl?page={number + 1}> ."
        body = f"{TTL} <http://x/{number}> a dcat:Dataset . {link if number < 3 else ''}"
        return answer(body.encode(), Content_Type="text/turtle")

    at = serve(page)
    assert len(list(Dcat({"url": at.url + "/c.ttl"}, client(at)).pages())) == 3


def test_blank_nodes_nested_catalogues_and_series(pages):
    [page] = pages(
        f"""{TTL}
        <http://a/katalog> a dcat:Catalog ;
            dcat:catalog [ a dcat:Catalog ; dcat:dataset [ a dcat:Dataset ; dct:identifier "dalam" ] ] ;
            dcat:dataset [ a dcat:Dataset ; dcat:landingPage <http://a/d/1> ; dct:title "Satu" ], <http://a/seri> .
        <http://a/seri> a dcat:Dataset, dcat:DatasetSeries ; dct:title "Seri" .
        """.encode(),
        Content_Type="text/turtle",
    )
    assert sorted(Mapping("dcat").apply(record).identifier for record in page.records) == ["dalam", "http://a/d/1"]


def test_a_remote_context_is_never_fetched(serve, client):
    elsewhere = serve(lambda _: answer({"@context": {"@vocab": "http://jahat/"}}))
    document = {
        "@context": [elsewhere.url + "/context.jsonld", {"@import": elsewhere.url}],
        "@graph": [{"@id": "http://a/1", "@type": "dcat:Dataset", "dct:title": "Satu", "@context": elsewhere.url}],
    }
    at = serve(lambda _: answer(document, Content_Type="application/ld+json"))
    [page] = Dcat({"url": at.url + "/c.jsonld"}, client(at, elsewhere)).pages()
    assert [record["title"] for record in page.records] == ["Satu"]
    assert elsewhere.asked == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "x">]><r>&a;</r>',
        '<?xml version="1.0"?><!DOCTYPE r SYSTEM "http://127.0.0.1/x.dtd"><r/>',
        '<?xml version="1.0"?><r><a></r>',
    ],
)
def test_xml_with_a_dtd_or_broken_is_refused_in_every_encoding(body, encoding):
    with pytest.raises(SourceError) as caught:
        rdf.parse(body.encode(encoding), "xml", "https://a.go.id/c.rdf")
    assert caught.value.code == "E-TRK-022"


@pytest.mark.parametrize(
    ("body", "syntax"),
    [
        (b"@prefix a: <", "turtle"),
        (b"[" * 20_000, "turtle"),
        (b"(" * 20_000, "n3"),
        (b"{" * 20_000, "n3"),
        (b"\xff\xfe\x00", "turtle"),
        (b"<a> <b> .", "nt"),
    ],
)
def test_a_document_that_cannot_be_parsed_is_an_error_of_the_source(body, syntax):
    with pytest.raises(SourceError) as caught:
        rdf.parse(body, syntax, "https://a.go.id/c")
    assert caught.value.code == "E-TRK-022"


def test_what_a_dataset_says_is_found_where_dcat_keeps_it(pages):
    [page] = pages(
        f"""{TTL} @prefix vcard: <http://www.w3.org/2006/vcard/ns#> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
        @prefix schema: <http://schema.org/> .
        <http://a/1> a dcat:Dataset ; dct:identifier "d-1" ; dct:title "Rice"@en, "Beras"@id ; dct:description "Isi" ;
          dcat:keyword "padi", "beras" ; dct:publisher [ foaf:name "Dinas Pertanian" ] ;
          dcat:contactPoint [ vcard:fn "Bidang Statistik" ; vcard:hasEmail <mailto:data@contoh.go.id> ] ;
          dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/ANNUAL> ;
          dct:accessRights <http://publications.europa.eu/resource/authority/access-right/PUBLIC> ;
          dct:temporal [ schema:startDate "2023-01-01" ; schema:endDate "2023-12-31" ] ;
          dct:modified "2024-08-09T10:00:00+07:00" ;
          dcat:distribution [ dct:title "Tabel" ;
            dcat:accessURL <http://a/halaman> ; dcat:downloadURL <http://a/b.csv> ;
            dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> ; dcat:byteSize "12" ;
            dct:license <https://creativecommons.org/licenses/by/4.0/> ] .
        """.encode(),
        Content_Type="text/turtle",
    )
    found = Mapping("dcat").apply(page.records[0])
    assert found.identifier == "d-1"
    expected = {
        "title": "Beras", "notes": "Isi", "tags": ["beras", "padi"], "produsen_data_name": "Dinas Pertanian",
        "kontak_nama_unit": "Bidang Statistik", "kontak_surel": "data@contoh.go.id", "jadwal_pemutakhiran": "tahunan",
        "hak_akses": "terbuka", "periode_awal": "2023-01-01", "periode_akhir": "2023-12-31",
        "tanggal_mutakhir": "2024-08-09", "license_id": "cc-by",
    }  # fmt: skip
    assert {name: found.dataset.get(name) for name in expected} == expected
    [resource] = found.dataset["resources"]
    assert resource == {"url": "http://a/b.csv", "name": "Tabel", "mimetype": "text/csv", "format": "csv", "size": 12}
    assert found.rest["title"] == {"en": "Rice", "id": "Beras"}
    assert found.rest["resources"][0]["accessURL"] == "http://a/halaman"


def test_the_oddities_of_data_json_are_read(recorded):
    def only(name):
        return Mapping("dcat").apply(json.loads((recorded / "dcat" / name).read_bytes())["dataset"][0])

    assert only("gsa-datajson__numerical-title.data.json").dataset["title"] == "707"
    assert "spatial" not in only("gsa-datajson__null-spatial.data.json").dataset
    assert only("gsa-harvester__dcatus.json").dataset["jadwal_pemutakhiran"] == "mingguan"
    assert "title" not in only("ar-pydatajson__missing_dataset_title.json").dataset
    assert len(canonical(only("gsa-datajson__large-spatial.data.json").rest)) > 200_000


def test_a_bad_item_of_data_json_is_one_bad_record(pages):
    [page] = pages(
        json.dumps({"dataset": [{"identifier": "1", "title": "A"}, {"identifier": "2", "title": "B"}]}).encode(),
        "data.json",
    )
    assert len(page.records) == 2
    broken = [{"identifier": str(n), "title": "A"} for n in range(6)] + ["rusak", None]
    [page] = pages(json.dumps({"dataset": broken}).encode(), "data.json")
    assert (len(page.records), len(page.errors)) == (6, 2)
