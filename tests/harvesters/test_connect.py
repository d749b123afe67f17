"""From an address to a source file that is taken unedited."""

from __future__ import annotations

import json

import pytest

from demo.complaints import Complaints, serve_complaints
from demo.office import Office
from demo.portal import Portal, serve_portal
from demo.serving import serve as serving
from satudata_harvesters.connect import connect
from satudata_harvesters.credentials import credentials
from satudata_harvesters.errors import ConfigError, SourceError
from satudata_harvesters.http import Http
from satudata_harvesters.preview import preview
from satudata_harvesters.source import http_for, load_source
from tests.harvesters.portal import packages, searching
from tests.harvesters.site import answer
from tests.harvesters.test_dcat import NAMES as CATALOGUES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")
ROWS = [
    {"slug": f"d-{n}", "judul": f"Data {n}", "opd": {"name": "Dinas"}, "url": f"https://a.go.id/{n}.csv"}
    for n in range(23)
]
TYPES = {
    "rdf": "application/rdf+xml", "xml": "application/rdf+xml", "ttl": "text/turtle", "n3": "text/n3",
    "jsonld": "application/ld+json", "json": "application/json", "csv": "text/csv", "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
#: recorded answer -> how many records it lists, from reading it; error pages have none and are named instead.
ANSWERS = {
    "bps_handmade_error_403.json": "E-TRK-016",
    "bps_handmade_waf_block_200.html": "E-TRK-020",
    "katalog.data.go.id_group_list_404.json": "E-TRK-016",
    "katalog.data.go.id_package_search_rows2.json": 2,
    "trenggalek_json_vertikal_kecamatan.json": 14,
}


@pytest.fixture
def propose(tmp_path):
    """`propose(url, network, …)`: the proposal, and the source as it is read back from its file."""

    def make(url, network, auth=None):
        proposal = connect(url, Http(allow_networks=[network], auth=credentials(auth)), auth=auth)
        path = tmp_path / "sumber.yaml"
        path.write_text(proposal.source.to_yaml(), encoding="utf-8")
        return proposal, load_source(path)

    return make


def count(source):
    http = http_for(source, permitted=source.allow_networks)
    return sum(len(page.records) for page in source.open(http).pages())


@pytest.mark.parametrize("path", ["", "/", "/dataset/sesuatu", "/api/3/action/package_search"])
def test_a_portal_is_known_from_any_of_its_addresses(propose, path):
    with serve_portal(Portal(datasets=30, duplicate=False)) as url:
        proposal, source = propose(url + path, url.removeprefix("http://"))
        assert proposal.kind == "ckan"
        assert count(source) == 30


def test_an_application_about_people_is_known_and_told_to_need_its_key(propose):
    with serve_complaints(Complaints(count=50)) as url:
        proposal, source = propose(url, url.removeprefix("http://"))
        assert (proposal.kind, proposal.needs_key) == ("rest", True)
        assert source.template == "complaints"
        assert source.penayangan == "diperiksa"


@pytest.mark.parametrize("path", ["", "/api/v1/laporan"])
def test_with_its_key_it_is_counted_and_never_listed(propose, monkeypatch, path):
    monkeypatch.setenv("KUNCI_UJI", "kunci-peragaan")
    application = Complaints(count=300)
    with serve_complaints(application) as url:
        auth = {"type": "header", "name": "X-API-Key", "value": "env:KUNCI_UJI"}
        proposal, source = propose(url + path, url.removeprefix("http://"), auth)
        assert not proposal.needs_key
        assert count(source) == 300
        report = preview(source, http_for(source, permitted=source.allow_networks))
        told = json.dumps([source.to_dict(), report.to_dict()])
        assert report.table.total_cells == len(application.cells())
        assert not any(trace in told for person in application.people() for trace in (person.nik, person.name))


@pytest.mark.parametrize(("path", "template"), [("/oss", "licences"), ("/wa", "service_desk")])
def test_a_ready_made_application_is_known_from_above_its_list(propose, monkeypatch, path, template):
    monkeypatch.setenv("KUNCI_UJI", "kunci-peragaan")
    office = Office(population=30)
    auth = {"type": "header", "name": "X-API-Key", "value": "env:KUNCI_UJI"}
    with serving(office) as url:
        proposal, source = propose(url + path, url.removeprefix("http://"), auth)
        assert (source.template, proposal.needs_key) == (template, False)
        assert count(source) == len(office.licences if template == "licences" else office.messages)


def test_rows_about_people_are_never_proposed_as_a_list(propose, serve):
    rows = [
        {
            "tiket": f"t-{n}",
            "nik": f"{n:016}",
            "nama_pemohon": f"X{n}",
            "jenis": ["IMB", "SIUP"][n % 2],
            "tanggal": "2025-01-02",
        }
        for n in range(40)
    ]
    at = serve(lambda _: answer({"data": rows}))
    _, source = propose(at.url + "/izin", at.network)
    assert source.aggregate["columns"] == ["jenis", "tanggal"]
    assert source.aggregation.k == 5


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_recorded_catalogue_is_known(recorded, propose, serve, name):
    body = (recorded / "dcat" / name).read_bytes()
    kind = TYPES[name.rpartition(".")[2]]
    at = serve(lambda asked: answer(body, Content_Type=kind) if asked.target == f"/{name}" else answer(status=404))
    proposal, source = propose(f"{at.url}/{name}", at.network)
    assert (proposal.kind, source.url) == ("dcat", f"{at.url}/{name}")


@pytest.mark.parametrize("name", ANSWERS)
def test_every_recorded_answer_is_read_to_its_count_or_named_as_an_error(recorded, propose, serve, name):
    body = (recorded / "rest" / name).read_bytes()
    kind = TYPES[name.rpartition(".")[2]]
    at = serve(lambda asked: answer(body, Content_Type=kind) if asked.path == f"/{name}" else answer(status=404))
    if isinstance(ANSWERS[name], int):
        _, source = propose(f"{at.url}/{name}", at.network)
        assert count(source) == ANSWERS[name]
    else:
        with pytest.raises(SourceError) as caught:
            propose(f"{at.url}/{name}", at.network)
        assert caught.value.code == ANSWERS[name]


@pytest.mark.heavy
def test_every_recorded_table_is_known(recorded, propose, serve):
    for path in sorted((recorded / "tables").iterdir()):
        at = serve(lambda _, path=path: answer(path.read_bytes(), Content_Type=TYPES[path.suffix[1:]]))
        proposal, source = propose(f"{at.url}/{path.name.replace(' ', '')}", at.network)
        assert proposal.kind == "table"
        assert count(source) == 1


def test_a_list_of_datasets_in_a_table_is_known_as_one(propose, serve):
    body = b"id;judul;nama opd;deskripsi;tautan\n1;A;Dinas;Isi;https://a.go.id/1.csv\n2;B;Dinas;Isi;https://a.go.id/2.csv\n"
    at = serve(lambda _: answer(body, Content_Type="text/csv"))
    _, source = propose(at.url + "/daftar.csv", at.network)
    assert count(source) == 2


def test_a_page_that_links_to_its_catalogue_leads_there(propose, serve):
    page = '<!doctype html><link rel="alternate" type="text/turtle" href="/data/katalog.ttl">'
    turtle = b"@prefix dcat: <http://www.w3.org/ns/dcat#> . <http://a/1> a dcat:Dataset ."
    answers = {"/": answer(page), "/data/katalog.ttl": answer(turtle, Content_Type="text/turtle")}
    at = serve(lambda asked: answers.get(asked.path) or answer(status=404))
    proposal, source = propose(at.url, at.network)
    assert (proposal.kind, source.url) == ("dcat", at.url + "/data/katalog.ttl")


def _numbered(asked, rows=10):
    page = int(asked.query.get("page", 1))
    return ROWS[(page - 1) * rows : page * rows]


PAGINGS = {
    "last_page": lambda asked: {"datasets": {"data": _numbered(asked), "last_page": 3}},
    "next address": lambda asked: {
        "data": _numbered(asked),
        "next_page_url": f"{asked.path}?page={int(asked.query.get('page', 1)) + 1}"
        if int(asked.query.get("page", 1)) < 3
        else None,
    },
    "total and page": lambda asked: {"data": _numbered(asked), "total": 23},
    "page alone": lambda asked: {"data": _numbered(asked)},
    "offset": lambda asked: {"data": ROWS[int(asked.query.get("offset", 0)) :][:10], "jumlah": "23"},
    "skip": lambda asked: {"data": ROWS[int(asked.query.get("skip", 0)) :][:10]},
    "one answer": lambda _: {"data": ROWS, "total": 23},
    "bare list": lambda _: ROWS,
}


@pytest.mark.parametrize("style", PAGINGS)
def test_every_way_to_page_is_found_and_read_to_the_end(propose, serve, style):
    at = serve(lambda asked: answer(PAGINGS[style](asked)) if asked.path == "/datasets" else answer(status=404))
    proposal, source = propose(at.url + "/datasets", at.network)
    assert proposal.kind == "rest"
    assert count(source) == 23
    item = preview(source, http_for(source, permitted=source.allow_networks), limit=3).items[0]
    assert (item.identifier, item.title, item.hasil) == ("d-0", "Data 0", "layak")


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (lambda _: answer("<!doctype html>Selamat datang"), "E-TRK-001"),
        (lambda _: answer("<!doctype html><title>Perimeter WAF Block</title>"), "E-TRK-020"),
        (lambda _: answer({}, status=401), "E-TRK-003"),
        (lambda _: answer(b"error", status=500), "E-TRK-005"),
        (lambda _: answer({"hello": "world"}), "E-TRK-027"),
        (lambda _: None, "E-TRK-007"),
    ],
)
def test_what_is_no_source_is_named_with_a_remedy(propose, serve, handler, code):
    at = serve(handler)
    with pytest.raises(SourceError) as caught:
        propose(at.url, at.network)
    assert caught.value.code == code
    assert caught.value.remedy("id")


def test_a_share_link_needs_no_look():
    proposal = connect("https://docs.google.com/spreadsheets/d/1AbC/edit", Http())
    assert proposal.kind == "table"


def test_a_closed_network_is_named_and_not_entered(serve):
    at = serve(searching(packages(1)))
    with pytest.raises(SourceError) as caught:
        connect(at.url, Http())
    assert caught.value.code == "E-TRK-011"
    assert at.asked == []


SIPD_ROW = {
    "kodeindikator": "1.01.000474", "uraian_indikator": "Jumlah Sekolah", "satuan": "Unit", "kodepemda": "3503",
    "tahun": "2025", "data": "12", "bidangurusan": "1.01", "status": "AKTIF", "status_verifikasi_walidata": "Y",
    "rowtotal": "2",
}  # fmt: skip


@pytest.mark.parametrize("path", ["/ewalidata/serv/get_dssd_final", "/layanan/dssd"])
def test_sipd_is_known_by_its_address_or_by_its_rows(propose, serve, path):
    rows = [{**SIPD_ROW, "kodeindikator": code} for code in ("1.01.000474", "1.01.000475")]
    at = serve(lambda asked: answer(rows) if asked.path == path and asked.query["kodepemda"] == "3503" else answer([]))
    _, source = propose(f"{at.url}{path}?kodepemda=3503&tahun=2025&limit=10&offset=0", at.network)
    assert source.template == "sipd"
    assert source.config["params"] == {"kodepemda": "3503", "tahun": "2025"}
    assert count(source) == 2


@pytest.mark.parametrize(
    ("url", "template"),
    [
        ("https://satudata-api.garutkab.go.id", "garut"),
        ("https://data.jabarprov.go.id/", "jabar"),
        ("https://satudata.jakarta.go.id", "jakarta"),
        ("https://sipd.go.id", "sipd"),
    ],
)
def test_a_ready_made_portal_is_known_by_its_name(url, template):
    proposal = connect(url, Http())
    assert (proposal.kind, proposal.source.template) == ("rest", template)
    assert load_source(proposal.source.to_yaml()).url.startswith(url.rstrip("/"))


BPS = "/v1/api/list/model/data/lang/ind/domain/8100/var/218/key/kunci-bps-1a2b"


@pytest.mark.parametrize(
    ("name", "cells"), [("bps_dynamicdata_maluku_var218.json", 56), ("bps_handmade_vardata_strings.json", 3)]
)
def test_a_table_of_bps_is_one_dataset_of_its_cells(recorded, propose, serve, name, cells):
    body = (recorded / "rest" / name).read_bytes()
    at = serve(lambda asked: answer(body) if asked.path == BPS else answer(status=404))
    proposal, source = propose(at.url + BPS, at.network)
    assert (proposal.kind, proposal.needs_key) == ("bps", False)
    assert (source.url, source.config["domain"], source.config["variable"]) == (at.url + "/v1/api", "8100", "218")
    assert count(source) == cells
    assert "kunci-bps" not in json.dumps([source.masked(), proposal.answered])
    assert preview(source, http_for(source, permitted=source.allow_networks)).table.rows_read == cells


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://webapi.bps.go.id", "0000"),
        ("https://webapi.bps.go.id/v1/api/domain/type/all/prov/00000", "0000"),
        ("https://webapi.bps.go.id/v1/api/view/model/statictable/lang/ind/domain/3503/id/7", "3503"),
    ],
)
def test_bps_is_known_by_its_name_and_its_key_asked_for(url, domain):
    proposal = connect(url, Http())
    assert (proposal.kind, proposal.needs_key) == ("bps", True)
    assert proposal.source.url == "https://webapi.bps.go.id/v1/api"
    assert proposal.source.config == {"domain": domain, "key": "env:KUNCI_BPS"}


def test_another_api_whose_path_resembles_that_of_bps_is_looked_at(propose, serve):
    at = serve(
        lambda asked: answer({"data": ROWS, "total": 23}) if asked.path == "/v1/api/list" else answer(status=404)
    )
    assert propose(at.url + "/v1/api/list", at.network)[0].kind == "rest"


def test_a_web_api_of_bps_is_known_by_what_it_answers(propose, serve):
    def handle(asked):
        if not asked.path.startswith("/v1/api/"):
            return answer(status=404)
        return answer({"status": "Error", "message": "Wrong key or user id"}, status=403)

    at = serve(handle)
    proposal, source = propose(at.url, at.network)
    assert (proposal.kind, proposal.needs_key) == ("bps", True)
    assert (source.url, source.config["key"]) == (at.url + "/v1/api", "env:KUNCI_BPS")


@pytest.mark.parametrize("url", ["postgresql://basis.go.id/a", "mysql://u:sandi@basis.go.id/a", "sqlite:a.db"])
def test_a_database_is_refused_with_the_way_to_connect_it(url):
    with pytest.raises(ConfigError) as caught:
        connect(url, Http())
    assert caught.value.code == "E-CFG-025"
    assert "database" in caught.value.remedy("id")
    assert "sandi" not in str(caught.value.to_dict())
