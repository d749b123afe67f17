"""Searching: what is found, by whom, in which order, and that words are only ever words."""

from __future__ import annotations

import base64

import pytest

BASIS = "UU 14/2008 Pasal 17 huruf h"


def titles(answer):
    assert answer.status_code == 200, answer.body
    return [one["title"] for one in answer.json["data"]]


@pytest.fixture
def shelf(office, make_office, unique):
    """Five published datasets of two OPDs, differing in all that can be filtered by."""
    other = make_office(f"{unique}-lain")
    office.put(
        "1", index=False, title="Jumlah Perizinan Usaha di Kabupaten Bandung", kategori="02", kode_urusan=["2.18"],
        kode_wilayah="32.04", periode_awal="2022", periode_akhir="2024", license_id="cc-by",
        jadwal_pemutakhiran="tahunan", tanggal_mutakhir="2020-02-01", prioritas_tahun=["2024"],
    )  # fmt: skip
    office.put(
        "2", index=False, title="Jumlah Puskesmas", kategori="04", kode_urusan=["1.02"], kode_wilayah="32.73",
        periode_awal="2024", periode_akhir="2024", jadwal_pemutakhiran="bulanan", tanggal_rilis_berikut="2999-01-01",
        resources=[{"url": "https://data.example.go.id/2.xlsx", "name": "Puskesmas", "format": "XLSX"}],
    )  # fmt: skip
    office.put("3", index=False, title="Angka Kemiskinan", kategori="04", kode_wilayah="33.01", hak_akses="terbatas",
               dasar_pengecualian=BASIS)  # fmt: skip
    other.put("4", index=False, title="Realisasi Belanja", hak_akses="tertutup", dasar_pengecualian=BASIS,
              notes="Catatan yang dikecualikan zebra", konsep="Zebra", kategori="09")  # fmt: skip
    other.put("5", index=False, title="Produksi Padi", tags=["pertanian"], kode_wilayah="32")
    make_office.catch_up()
    office.other = other
    return office


def test_a_list_holds_what_a_single_read_holds(shelf, read):
    listed = {one["id"]: one for one in read("/datasets").json["data"]}
    assert len(listed) == 5
    for id_, one in listed.items():
        single = read(f"/datasets/{id_}").json
        single.pop("last_checked")
        assert one == single


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"kategori": "04"}, "23"),
        ({"kategori": "Perlindungan Sosial dan Kesehatan"}, "23"),
        ({"kategori": ["02", "04"]}, "123"),
        ({"kode_urusan": "1.02"}, "2"),
        ({"wilayah": "32"}, "125"),
        ({"wilayah": "32.04"}, "1"),
        ({"wilayah": ["32.04", "33"]}, "13"),
        ({"tahun": "2023"}, "1"),
        ({"tahun": "2024"}, "12"),
        ({"periode": "2019/2022"}, "1"),
        ({"periode": "2024/"}, "12"),
        ({"periode": "/2021"}, ""),
        ({"source_modified": "2020-02-01/2020-02-01"}, "1"),
        ({"source_modified": "2020-02-02/"}, ""),
        ({"data_changed": "2020-02-01/2020-02-01"}, "1"),
        ({"metadata_changed": "/2020-01-01"}, ""),
        ({"format": "xlsx"}, "2"),
        ({"hak_akses": "terbatas"}, "3"),
        ({"hak_akses": "tertutup"}, "4"),
        ({"license": "cc-by"}, "1"),
        ({"jadwal": "bulanan"}, "2"),
        ({"prioritas_tahun": "2024"}, "1"),
        ({"terlambat": "true"}, "1"),
        ({"terlambat": "false"}, "2345"),
        ({"kategori": "04", "wilayah": "32"}, "2"),
        ({"kategori": "01"}, ""),
    ],
)
def test_filters_narrow_the_list(shelf, read, asked, found):
    answer = read("/datasets", **asked)
    # Of a closed dataset the public reads no identifier; it is the fourth.
    identifiers = "".join(sorted(one.get("identifier", "4") for one in answer.json["data"]))
    assert (identifiers, answer.json["meta"]["total"]) == (found, len(found))


def test_an_opd_is_named_by_name_or_id_and_a_source_by_name(shelf, read):
    assert read("/datasets", organization=shelf.name).json["meta"]["total"] == 3
    assert read("/datasets", organization=shelf.id).json["meta"]["total"] == 3
    assert read("/datasets", organization=[shelf.id, shelf.other.name]).json["meta"]["total"] == 5
    assert read("/datasets", source=shelf.other.source).json["meta"]["total"] == 1  # the closed one tells no source


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("izin", "Jumlah Perizinan Usaha di Kabupaten Bandung"),
        ("PERIZINAN", "Jumlah Perizinan Usaha di Kabupaten Bandung"),
        ("miskin", "Angka Kemiskinan"),
        ("pertanian", "Produksi Padi"),
        ("jumlah puskesmas", "Jumlah Puskesmas"),
    ],
)
def test_words_are_understood_as_indonesian(shelf, read, words, found):
    assert titles(read("/datasets", q=words))[0] == found


def test_a_word_that_says_nothing_need_not_be_met(shelf, read):
    assert titles(read("/datasets", q="jumlah dan puskesmas"))[0] == "Jumlah Puskesmas"


def test_of_three_words_two_are_enough_as_on_the_portal_s_own_page(shelf, read, app):
    assert titles(read("/datasets", q="jumlah puskesmas rawat"))[0] == "Jumlah Puskesmas"
    for words in ("jumlah puskesmas rawat", "produksi padi", "angka kemiskinan kabupaten kota"):
        own = app.get("/api/3/action/package_search", query_string={"q": words}).json["result"]["count"]
        assert read("/datasets", q=words).json["meta"]["total"] == own, words


ABBREVIATED = [
    ("AKI", "Angka Kematian Ibu Menurut Kecamatan"),
    ("angka kematian ibu", "Perkembangan AKI Tahun 2024"),
    ("dbd", "Jumlah Kasus Demam Berdarah Dengue"),
    ("demam berdarah dengue", "Kasus DBD (Januari)"),
    ("UMKM", "Jumlah Usaha Mikro, Kecil, dan Menengah"),
    ("usaha mikro", "Daftar UMKM Binaan"),
    ("asn", "Jumlah Aparatur Sipil Negara Menurut Golongan"),
    ("pegawai negeri sipil", "Jumlah PNS"),
    ("bansos", "Penerima Bantuan Sosial Pangan"),
    ("bantuan sosial", "Penyaluran Bansos"),
    ("(AKI)", "Angka Kematian Ibu Menurut Kecamatan"),
    ("jumlah asn golongan", "Jumlah Aparatur Sipil Negara Menurut Golongan"),
]


@pytest.fixture
def abbreviations(office, make_office):
    for number, title in enumerate(sorted({title for _, title in ABBREVIATED})):
        office.put(str(number), index=False, title=title, notes="Menurut kecamatan.")
    make_office.catch_up()


def test_abbreviations_and_their_words_find_each_other(abbreviations, read):
    missed = [(words, title) for words, title in ABBREVIATED if title not in titles(read("/datasets", q=words))]
    assert not missed


def test_an_abbreviation_finds_nothing_else(abbreviations, read):
    assert set(titles(read("/datasets", q="bansos"))) == {"Penerima Bantuan Sosial Pangan", "Penyaluran Bansos"}
    assert set(titles(read("/datasets", q="AKI"))) == {
        "Angka Kematian Ibu Menurut Kecamatan", "Perkembangan AKI Tahun 2024",
    }  # fmt: skip


def test_what_a_closed_dataset_hides_is_not_found_by_searching_for_it(shelf, read):
    assert titles(read("/datasets", q="zebra")) == []
    assert titles(read("/datasets", q="Realisasi Belanja")) == ["Realisasi Belanja"]
    assert titles(read("/datasets", kategori="09")) == []


HOSTILE = [
    "*:*",
    "*:* AND private:true",
    "title:*",
    "{!lucene}*:*",
    "{!func}1",
    '_query_:"{!lucene}*:*"',
    '_val_:"1"',
    '" OR *:* OR "',
    "a AND",
    "OR",
    "NOT",
    "(((",
    "[* TO *]",
    "/.*/",
    "a~2 b^9 c?",
    "\\",
    "\\\\\\",
    "+-&&||!",
    "<script>alert(1)</script>",
    "' OR '1'='1",
    "\u0000\u0001",
    "💥 \u202e",
    "a " * 5000,
    "(" * 5000,
    "a" * 10_000,
    "-permission_labels:public",
    "$uq ${x} #{y}",
]


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_are_text(shelf, read, words):
    shelf.put("rahasia", action="hold", title="Belum tayang")
    answer = read("/datasets", q=words)
    assert answer.status_code == 200, answer.body
    assert "Belum tayang" not in titles(answer)


def test_no_operator_reaches_solr(shelf, read):
    assert titles(read("/datasets", q="puskesmas OR padi")) == []
    assert titles(read("/datasets", q="puskesmas -jumlah")) != []
    assert titles(read("/datasets", q='title:"Jumlah Puskesmas"')) == []


def test_what_waits_shows_in_no_list_count_or_facet_of_others(shelf, read, client_of):
    shelf.put("menunggu", action="hold", title="Belum tayang", kategori="07")
    own = client_of("catalog:read", "dataset:read", organization=shelf.id)
    other = client_of("catalog:read", "dataset:read", organization=shelf.other.id)
    everything = client_of("catalog:read", "dataset:read")
    counts = {}
    for who, by in {"public": None, "own": own, "other": other, "walidata": everything}.items():
        answer = read("/datasets", facets="kategori,organization", **({"by": by} if by else {}))
        in_facet = "07" in {one["value"] for one in answer.json["meta"]["facets"]["kategori"]}
        counts[who] = (answer.json["meta"]["total"], len(answer.json["data"]), in_facet)
    assert counts == {"public": (5, 5, False), "own": (6, 6, True), "other": (5, 5, False), "walidata": (6, 6, True)}


def test_links_of_restricted_ones_are_listed_for_those_who_may_have_them(shelf, read, client_of):
    def linked(by=None):
        answer = read("/datasets", hak_akses="terbatas", **({"by": by} if by else {}))
        return ["url" in one["resources"][0] for one in answer.json["data"]]

    assert linked() == [False]
    assert linked(client_of("catalog:read", "dataset:read", organization=shelf.id)) == [True]
    assert linked(client_of("catalog:read", granted=[shelf.id])) == [True]
    assert linked(client_of("catalog:read", granted=[shelf.other.id])) == [False]
    assert linked(client_of("catalog:read", "dataset:read")) == [True]


def test_what_is_hidden_is_gone_from_lists_and_counts_while_solr_lags(shelf, read):
    assert read("/datasets", q="padi").json["meta"]["total"] == 1
    shelf.other.withdraw("5", index=False)
    answer = read("/datasets", q="padi", facets="organization")
    assert (answer.json["data"], answer.json["meta"]["total"]) == ([], 0)
    assert answer.json["meta"]["facets"] == {"organization": []}


def test_what_turned_restricted_shows_no_link_while_solr_lags(shelf, read):
    shelf.other.put("5", title="Produksi Padi", hak_akses="terbatas", dasar_pengecualian=BASIS, index=False)
    assert "https://data.example.go.id/5.csv" not in read("/datasets", q="padi").body


def test_facets_count_and_are_labelled_in_the_reader_s_language(shelf, read):
    answer = read("/datasets", facets="hak_akses,organization,tahun,label", headers={"Accept-Language": "en"})
    facets = answer.json["meta"]["facets"]
    assert {"value": "terbuka", "label": "Open", "count": 3} in facets["hak_akses"]
    assert {"value": shelf.name, "label": f"Dinas {shelf.name}", "count": 3} in facets["organization"]
    assert {"value": "2024", "label": "2024", "count": 2} in facets["tahun"]


def test_fields_narrow_what_is_sent(shelf, read):
    answer = read("/datasets", fields="title,organization", q="padi")
    assert [set(one) for one in answer.json["data"]] == [{"id", "title", "organization"}]


@pytest.mark.parametrize(
    ("asked", "first"),
    [("title", "Angka Kemiskinan"), ("-title", "Realisasi Belanja"), ("-metadata_changed", "Produksi Padi")],
)
def test_lists_are_sorted_as_asked(shelf, read, asked, first):
    # A quick machine writes the last two within one hundredth of a second, which is as much as CKAN keeps of a time.
    last_two = {"Produksi Padi", "Realisasi Belanja"} if asked == "-metadata_changed" else {first}
    assert titles(read("/datasets", sort=asked))[0] in {first, *last_two}


def walk(read, **query):
    pages, answer = [], read("/datasets", **query)
    while True:
        pages.append(titles(answer))
        if not answer.json["links"]["next"]:
            return pages
        assert answer.headers["Link"] == f'<{answer.json["links"]["next"]}>; rel="next"'
        answer = read("/datasets", **query, cursor=answer.json["meta"]["cursor"])


def test_cursors_lead_through_everything_once(shelf, read):
    assert walk(read, limit=2, sort="title") == [
        ["Angka Kemiskinan", "Jumlah Perizinan Usaha di Kabupaten Bandung"],
        ["Jumlah Puskesmas", "Produksi Padi"],
        ["Realisasi Belanja"],
    ]


def test_a_cursor_is_stable_under_writes(shelf, read):
    first = read("/datasets", limit=2, sort="title")
    shelf.put("0", title="Aaa yang baru")
    second = read("/datasets", limit=2, sort="title", cursor=first.json["meta"]["cursor"])
    assert titles(second) == ["Jumlah Puskesmas", "Produksi Padi"]


def test_the_next_page_may_be_of_another_size(shelf, read):
    first = read("/datasets", limit=2, sort="title")
    rest = read("/datasets", limit=100, sort="title", cursor=first.json["meta"]["cursor"])
    assert len(titles(rest)) == 3


def test_an_altered_or_foreign_cursor_is_400(shelf, read, client_of):
    cursor = read("/datasets", limit=2, sort="title").json["meta"]["cursor"]
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[-3] ^= 1
    altered = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    everything = client_of("catalog:read", "dataset:read")
    for case in (
        {"sort": "title", "cursor": altered},
        {"sort": "title", "cursor": cursor + "!"},
        {"sort": "title", "cursor": cursor[:-4]},
        {"sort": "title", "cursor": "*"},
        {"sort": "title", "cursor": "ä"},
        {"sort": "title", "cursor": "A" * 100_00},
        {"sort": "-title", "cursor": cursor},
        {"sort": "title", "q": "padi", "cursor": cursor},
        {"sort": "title", "cursor": cursor, "by": everything},
    ):
        answer = read("/datasets", **case)
        assert answer.status_code == 400, case
        assert [(one["code"], one["parameter"]) for one in answer.json["errors"]] == [("E-API-425", "cursor")]


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "abc"},
        {"limit": "-1"},
        {"limit": "1e1"},
        {"limit": "٣"},
        {"kategori": "99"},
        {"hak_akses": "bebas"},
        {"wilayah": "32.4"},
        {"wilayah": "32 OR 33"},
        {"tahun": "24"},
        {"jadwal": "kadang"},
        {"terlambat": "ya"},
        {"label": "bagus"},
        {"sort": "id desc"},
        {"facets": "private"},
        {"facets": ""},
        {"fields": "ii_pj_nama"},
        {"organization": '"*"'},
        {"cursor": ""},
        {"q": "a" * 20_001},
        {"periode": "2020"},
        {"periode": "/"},
        {"periode": "2024/2020"},
        {"data_changed": "2020-02-30/"},
        {"data_changed": "2020-02-01"},
        {"metadata_changed": "kemarin/"},
        {"source_modified": "* TO */"},
    ],
    ids=str,
)
def test_a_value_that_is_none_is_400_naming_the_parameter(office, read, asked):
    answer = read("/datasets", **asked)
    assert answer.status_code == 400
    (name,) = asked
    assert [one["parameter"] for one in answer.json["errors"]] == [name]
    assert answer.json["errors"][0]["pointer"] == f"/{name}"


def test_all_that_is_wrong_is_told_at_once(office, read):
    answer = read("/datasets", limit="0", apa="1", sort=["title", "-title"])
    assert {(one["parameter"], one["code"]) for one in answer.json["errors"]} == {
        ("limit", "E-API-421"),
        ("apa", "E-API-423"),
        ("sort", "E-API-424"),
    }


def test_a_list_costs_no_statement(shelf, read, client_of):
    from ckan import model
    from sqlalchemy import event

    from ckanext.satudata.api import database

    by = client_of("catalog:read")
    read("/datasets", by=by)
    statements = []

    def note(_connection, _cursor, statement, *_):
        statements.append(statement)

    engines = (model.meta.engine, database.engine())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        read("/datasets", by=by, q="padi")
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    assert statements == []
