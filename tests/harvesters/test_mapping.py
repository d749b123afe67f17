"""From a source's record to the contract."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satudata_harvesters import values
from satudata_harvesters.errors import ConfigError
from satudata_harvesters.mapping import Mapping
from satudata_harvesters.mappings.fields import MOST_KEYS, Ways, claim, claim_record, way
from satudata_harvesters.source import Source
from tests.harvesters.test_values import ANYTHING

SOURCE = Source(
    name="uji",
    connector="rest",
    url="https://a.go.id",
    application="Aplikasi Uji",
    defaults={"kode_wilayah": "32.10", "license_id": "CC BY 4.0", "konsep": "Bawaan"},
)


def mapped(raw, spec="otomatis", source=None):
    return Mapping(spec).apply(raw, source)


def test_fields_are_picked_read_and_used_up():
    raw = {"slug": "a-1", "judul": "Luas Panen", "deskripsi": "<p>Isi</p>", "dilihat": 5, "terakhir": "9 Agustus 2024"}
    spec = {
        "identifier": "slug",
        "fields": {"title": "judul", "notes": {"pick": "deskripsi", "as": "html"}, "tanggal_mutakhir": "terakhir"},
    }
    found = mapped(raw, spec)
    assert found.identifier == "a-1"
    assert found.dataset["title"] == "Luas Panen"
    assert found.dataset["notes"] == "Isi"
    assert found.dataset["tanggal_mutakhir"] == "2024-08-09"
    assert found.rest == {"dilihat": 5}


@pytest.mark.parametrize(
    ("written", "expected"),
    [("DIBAGIKAN", []), ("terbuka", []), ("lain-lain", ["W-MAP-002"]), (["DIBAGIKAN", "x", "y"], ["W-MAP-002"])],
)
def test_a_value_that_a_list_of_codes_does_not_know_is_said_once_for_a_field(written, expected):
    spec = {"fields": {"hak_akses": {"pick": "sifat", "codes": {"DIBAGIKAN": "terbuka", "KECUALI": "tertutup"}}}}
    mapped = Mapping(spec).apply({"id": "1", "judul": "A", "sifat": written})
    found = [issue for issue in mapped.issues if issue.code == "W-MAP-002"]
    assert [issue.code for issue in found] == expected
    assert all((one.pointer, one.params) == ("/hak_akses", {"source_field": "sifat"}) for one in found)


def test_constants_templates_codes_and_alternatives():
    spec = {
        "fields": {
            "konsep": {"value": "Penduduk"},
            "landing_page": {"template": "https://a.go.id/d/{slug}/{opd.kode}"},
            "hak_akses": {"pick": "sifat", "codes": {"DIBAGIKAN": "terbuka", "KECUALI": "tertutup"}},
            "notes": {"pick": ["kosong", "lain"]},
        }
    }
    found = mapped({"id": 1, "slug": "x", "opd": {"kode": "7"}, "sifat": "kecuali", "kosong": "-", "lain": "Ada"}, spec)
    assert found.dataset["konsep"] == "Penduduk"
    assert found.dataset["landing_page"] == "https://a.go.id/d/x/7"
    assert found.dataset["hak_akses"] == "tertutup"
    assert found.dataset["notes"] == "Ada"


def test_a_template_whose_key_is_missing_gives_nothing():
    assert (
        "landing_page" not in mapped({"id": 1}, {"fields": {"landing_page": {"template": "https://a/{slug}"}}}).dataset
    )


def test_resources_are_made_of_each_file_or_of_the_record_itself():
    each = {"fields": {"resources": {"each": "berkas", "fields": {"name": "nama", "url": "tautan", "format": "jenis"}}}}
    found = mapped({"id": 1, "berkas": [{"nama": "A", "tautan": "https://a/1", "jenis": "CSV"}, None]}, each)
    assert found.dataset["resources"] == [{"name": "A", "url": "https://a/1", "format": "csv"}]
    listed = {
        "fields": {
            "resources": [
                {"name": {"value": "Data"}, "url": {"template": "https://a/{id}.csv"}, "format": {"value": "csv"}}
            ]
        }
    }
    assert mapped({"id": 7}, listed).dataset["resources"] == [
        {"name": "Data", "url": "https://a/7.csv", "format": "csv"}
    ]


def test_a_value_that_cannot_be_read_is_an_issue_and_stays_with_the_source_s_keys():
    found = mapped({"id": 1, "x": "bukan angka"}, {"fields": {"tanggal_mutakhir": {"pick": "x", "as": "date"}}})
    assert [(issue.code, issue.pointer) for issue in found.issues] == [("W-MAP-001", "/tanggal_mutakhir")]
    assert found.rest["x"] == "bukan angka"
    assert "bukan angka" not in found.issues[0].message("id")


def test_what_the_source_says_once_is_inherited_where_a_record_is_silent():
    found = mapped({"id": 1, "judul": "T", "konsep": "Sendiri"}, source=SOURCE)
    assert found.dataset["kode_wilayah"] == "32.10"
    assert found.dataset["license_id"] == "cc-by"
    assert found.dataset["konsep"] == "Sendiri"
    assert found.dataset["sumber_aplikasi"] == "Aplikasi Uji"


def test_fields_are_found_by_their_known_other_names():
    raw = {
        "id": 9,
        "judul": "T",
        "uraian": "D",
        "nama_opd": "Dinas Kesehatan",
        "frekuensi": "Tahunan",
        "download_url": "https://a/b.csv",
        "format": "CSV",
    }
    found = mapped(raw)
    assert found.identifier == "9"
    assert found.dataset["produsen_data_name"] == "Dinas Kesehatan"
    assert found.dataset["jadwal_pemutakhiran"] == "tahunan"
    assert found.dataset["resources"] == [{"name": "T", "url": "https://a/b.csv", "format": "csv"}]
    assert found.rest == {}


@pytest.mark.parametrize("spec", ["otomatis", "ckan"])
@pytest.mark.parametrize("field", ["owner_org", "hasil", "status", "skor_sdi", "sumber_aplikasi"])
def test_a_source_cannot_claim_what_the_platform_decides(spec, field):
    found = mapped(
        {"id": "1", "title": "T", field: "milik-lain", "extras": [{"key": field, "value": "milik-lain"}]}, spec
    )
    assert field not in found.dataset
    assert found.rest[field] == "milik-lain"


@pytest.mark.parametrize("field", ["owner_org", "hasil", "identifier"])
def test_a_rule_cannot_claim_it_either(field):
    with pytest.raises(ConfigError) as caught:
        Mapping({"fields": {field: "x"}})
    assert caught.value.code == "E-CFG-002"


def test_every_mistake_is_found_when_the_source_is_saved():
    with pytest.raises(ConfigError) as caught:
        Mapping(
            {
                "use": "lain",
                "identifier": "a[",
                "fields": {"judul": "x", "title": "a b", "notes": {"as": "x", "pick": "y"}, "konsep": {}},
            }
        )
    assert [(error.code, error.pointer) for error in caught.value.all()] == [
        ("E-CFG-004", "/mapping/use"),
        ("E-CFG-002", "/mapping/fields/judul"),
        ("E-CFG-008", "/mapping/fields/title"),
        ("E-CFG-004", "/mapping/fields/notes/as"),
        ("E-CFG-004", "/mapping/fields/konsep"),
        ("E-CFG-008", "/mapping/identifier"),
    ]


def test_another_rule_is_another_version():
    versions = {
        Mapping(spec).version
        for spec in (None, "ckan", {"use": "ckan"}, {"use": "ckan", "fields": {"konsep": {"value": "A"}}})
    }
    assert len(versions) == 3


# --- CKAN ---

PACKAGE = {
    "id": "p-1",
    "name": "aki",
    "title": "AKI 2025",
    "owner_org": "milik-orang",
    "private": False,
    "state": "active",
    "organization": {"name": "dinkes", "title": "Dinas Kesehatan"},
    "tags": [{"name": "a" * 60}, {"name": "ibu"}],
    "groups": [{"title": "Kesehatan"}],
    "metadata_modified": "2026-01-01T00:00:00",
    "extras": [
        {"key": "accrualPeriodicity", "value": "R/P1Y"},
        {"key": "prioritas_tahun", "value": "2023, 2024"},
        {"key": "kategori", "value": "Pembangunan Daerah"},
        {"key": "iv_frekuensi_penyelanggara", "value": "Tahunan"},
        {"key": "produsen_data_province_code", "value": "14"},
        {"key": "Angka kematian ibu tahun 2025", "value": "IBU"},
        {"key": "spatial", "value": '{"type": "Point", "coordinates": [1, 2]}'},
        {"key": "guid", "value": "g-1"},
    ],
    "resources": [
        {
            "id": "r-1",
            "name": "A",
            "url": "https://a/x.xlsx",
            "format": "XLSX",
            "size": "12",
            "hash": "",
            "datastore_active": True,
        }
    ],
}


def test_a_package_becomes_a_dataset_in_the_contract_s_fields():
    dataset = mapped(PACKAGE, "ckan", Source(name="u", connector="ckan", url="https://portal.go.id/")).dataset
    assert dataset["identifier"] == "p-1"
    assert dataset["jadwal_pemutakhiran"] == "tahunan"
    assert dataset["prioritas_tahun"] == ["2023", "2024"]
    assert dataset["kategori"] == "03"
    assert dataset["iv_frekuensi_penyelenggara"] == "Tahunan"
    assert dataset["produsen_data_province_code"] == "14"
    assert dataset["produsen_data_name"] == "Dinas Kesehatan"
    assert dataset["spatial"] == {"type": "Point", "coordinates": [1, 2]}
    assert dataset["tags"] == ["a" * 60, "ibu"]
    assert dataset["landing_page"] == "https://portal.go.id/dataset/aki"
    assert dataset["resources"] == [{"id": "r-1", "name": "A", "url": "https://a/x.xlsx", "format": "xlsx", "size": 12}]


def test_nothing_of_a_package_is_lost():
    rest = mapped(PACKAGE, "ckan").rest
    assert rest["owner_org"] == "milik-orang"
    assert rest["groups"] == [{"title": "Kesehatan"}]
    assert rest["extras"] == {"Angka kematian ibu tahun 2025": "IBU", "guid": "g-1"}
    assert rest["resources"][0]["datastore_active"] is True


def test_what_changes_by_itself_is_no_change():
    from satudata_schemas.dataset import fingerprint

    def of(package):
        found = mapped(package, "ckan")
        return fingerprint(found.dataset, found.rest, Mapping("ckan").volatile)

    assert of(PACKAGE) == of({**PACKAGE, "metadata_modified": "2026-02-02T00:00:00", "tracking_summary": {"total": 5}})
    assert of(PACKAGE) != of({**PACKAGE, "title": "AKI 2026"})


def test_a_title_in_several_languages_is_one_text_and_the_others_are_kept():
    found = mapped({"id": "1", "title": {"de": "Arbeitslose", "en": "", "id": "Pengangguran"}}, "ckan")
    assert found.dataset["title"] == "Pengangguran"
    assert found.rest["title"]["de"] == "Arbeitslose"


def test_a_person_s_name_is_not_taken_for_an_office_to_contact():
    assert "kontak_nama_unit" not in mapped({"id": "1", "maintainer": "Qexazo Vizeku"}, "ckan").dataset
    assert mapped({"id": "1", "author": "Dinas Kesehatan"}, "ckan").dataset["kontak_nama_unit"] == "Dinas Kesehatan"


def test_two_extras_of_one_name_are_both_kept():
    raw = {"id": "1", "extras": [{"key": "x", "value": "1"}, {"key": "x", "value": "2"}]}
    assert sorted(mapped(raw, "ckan").rest["extras"].values()) == ["1", "2"]


MAPPINGS = [
    Mapping(spec)
    for spec in ("ckan", "otomatis", {"fields": {"title": "a.b", "resources": {"each": "c", "fields": {"url": "d"}}}})
]


@given(
    raw=st.dictionaries(
        st.sampled_from(["id", "title", "notes", "tags", "extras", "resources", "organization", "a", "c", "spatial"]),
        ANYTHING,
    )
)
@settings(max_examples=40)
def test_no_record_makes_a_mapping_raise(raw):
    for mapping in MAPPINGS:
        assert isinstance(mapping.apply(raw, SOURCE).dataset["resources"], list)


@pytest.mark.parametrize("raw", ["teks", None, 5, []])
def test_what_is_no_record_is_an_issue(raw):
    assert [issue.code for issue in mapped(raw).issues] == ["W-MAP-003"]


def test_keys_that_a_source_makes_up_anew_for_every_record_do_not_fill_the_memory():
    ways = Ways(lambda key: way(key, str))
    for number in range(MOST_KEYS + 10):
        assert claim(ways, [(f"k{number}", "x")], {}) == {}
    assert len(ways) <= MOST_KEYS


ODD = ["-", "", " N/A ", " a ", "a\x07b", "a\nb", "www.a.go.id", None, 5, 2.5, True, ["a", "b"], {"id": "x"}, "x" * 300]


def test_a_record_like_the_last_is_read_as_one_that_is_new():
    ways = Ways(lambda key: None if key.startswith("k") else way(key[0], values.url if key[0] == "u" else values.text))
    plain = {"a": "satu", "b": "dua", "c": "tiga", "d1": "empat", "d2": "lima", "u": "https://a.go.id", "k": "x"}
    records = [plain, plain, *({**plain, key: odd} for key in plain for odd in ODD)]
    for record in records:
        slow, fast = {}, {}
        assert claim(ways, record.items(), slow) == claim_record(ways, record, fast)
        assert slow == fast
    taken_1, taken_2 = {"b": "sudah"}, {"b": "sudah"}
    assert claim(ways, plain.items(), taken_1) == claim_record(ways, plain, taken_2)
    assert taken_1 == taken_2
