"""The contract holds every field of Satu Data Indonesia, each with all that form, API and rules need of it."""

from __future__ import annotations

import pytest

from satudata_schemas import contract
from satudata_schemas.generators.form import scheming
from satudata_schemas.normalise import normalise
from satudata_schemas.profile import Profile
from satudata_schemas.score import applies, context_of

#: field → (asked by `sdi-2019`, vocabulary, beginning of the DCAT term). The order is that of the standard.
STANDARD = {
    "title": (True, None, "dct:title"),
    "name": (False, None, None),
    "notes": (True, None, "dct:description"),
    "owner_org": (True, None, "dct:creator"),
    "walidata": (True, None, "dct:publisher"),
    "konsep": (True, None, "skos:prefLabel"),
    "definisi": (True, None, "skos:definition"),
    "klasifikasi": (True, None, "sdi:klasifikasi"),
    "ukuran": (True, "ukuran", "sdi:ukuran"),
    "satuan": (True, "satuan", "sdi:satuan"),
    "sumber_definisi": (False, None, "dct:source"),
    "kode_indikator": (True, None, "adms:identifier"),
    "id_mskeg": (False, None, "dct:isReferencedBy"),
    "id_msind": (False, None, "dct:isReferencedBy"),
    "interpretasi": (True, None, "sdi:"),
    "metode_perhitungan": (True, None, "sdi:"),
    "rumus": (True, None, "sdi:"),
    "level_estimasi": (True, "level_estimasi", "sdi:"),
    "variabel_disagregasi": (True, None, "sdi:"),
    "jenis_data": (True, "jenis_data", "dct:type"),
    "kategori": (True, "kategori", "dcat:theme"),
    "kode_urusan": (True, "urusan", "dcat:theme"),
    "hak_akses": (True, "hak_akses", "dct:accessRights"),
    "dasar_pengecualian": (True, None, "dct:rights"),
    "memuat_data_pribadi": (True, "memuat_data_pribadi", "sdi:"),
    "license_id": (True, "lisensi", "dct:license"),
    "jadwal_pemutakhiran": (True, "jadwal_pemutakhiran", "dct:accrualPeriodicity"),
    "tanggal_mutakhir": (True, None, "dct:modified"),
    "tanggal_rilis_berikut": (False, None, "sdi:"),
    "periode_awal": (True, None, "dct:temporal"),
    "periode_akhir": (True, None, "dct:temporal"),
    "kode_wilayah": (True, None, "dct:spatial"),
    "sistem_kode_wilayah": (False, "sistem_kode_wilayah", "dct:spatial"),
    "versi_kode_wilayah": (False, None, "dct:spatial"),
    "tingkat_penyajian": (True, "tingkat_penyajian", "sdi:"),
    "kode_referensi": (True, "kode_referensi", "dct:conformsTo"),
    "data_induk": (False, None, "dct:isPartOf"),
    "prioritas_tahun": (False, None, "sdi:prioritas"),
    "sumber_aplikasi": (False, None, "prov:wasGeneratedBy"),
    "kontak_nama_unit": (True, None, "dcat:contactPoint"),
    "kontak_surel": (True, None, "dcat:contactPoint"),
    "tags": (True, None, "dcat:keyword"),
    "spatial": (True, None, "dct:spatial"),
    "hasil": (False, "hasil", "dqv:hasQualityMeasurement"),
    "status": (False, "status", "adms:status"),
    "skor_sdi": (False, None, "dqv:hasQualityMeasurement"),
    "resources": (True, None, "dcat:distribution"),
}
OF_RESOURCES = ["name", "url", "format", "description", "tahun_data", "hash", "size", "kamus_data"]
#: MS-Var of BPS.
OF_COLUMNS = {
    "nama", "judul", "konsep", "definisi", "ukuran", "satuan", "tipe_data", "value_domain", "aturan_validasi",
    "kode_referensi", "akses_umum",
}  # fmt: skip
#: What the national catalogue sends beyond these (fork of ckanext-dcat), misspellings included.
_NATIONAL_KEYS = """
publisher_type prioritas_tahun accessRights accrualPeriodicity id_msind id_mskeg id_dds id_indikator_mms
id_kegiatan id_kegiatan_mms identitas_rekomendasi cara_pengumpulan_data i_instansi_penyelanggara i_alamat
i_telepon i_email i_faksimile ii_unit_eselon1 ii_unit_eselon2 ii_pj_nama ii_pj_jabatan ii_pj_alamat
ii_pj_telepon ii_pj_email ii_pj_faksimile iii_latar_belakang_kegiatan iii_latar_belakang_kegiatang
iii_tujuan_kegiatan indikator_prioritas interpretasi iv_kegiatan_ini_dilakukan iv_frekuensi_penyelanggara jenis
jenis_statistik judul_kegiatan kodereferensi kriteria_prioritas level_estimasi metode_perhitungan
produsen_data_name produsen_data_province_code produsen_data_city_code publishing_status rumus satuan ukuran
sektor_kegiatan submission_period tahun_kegiatan theme total_msind total_msvar vi_sesuatu vii_metode_analisis
viii_ketersediaan_produk_digital dcat_issued dcat_modified guid dcat_publisher_name dcat_publisher_email
language update-frequency variabel_disaggregasi
"""
#: Facets of the national catalogue and of the portal.
FACETS = {"tags", "owner_org", "kategori", "kode_urusan", "hak_akses", "license_id", "jadwal_pemutakhiran",
          "kode_wilayah", "tingkat_penyajian", "prioritas_tahun", "jenis_data", "ukuran", "satuan", "status",
          "sumber_aplikasi"}  # fmt: skip
#: Only statistics have a classification, a measure and a unit; only geodata a geometry.
ONLY_FOR = {
    **dict.fromkeys(
        ["klasifikasi", "ukuran", "satuan", "id_mskeg", "id_msind", "interpretasi", "metode_perhitungan", "rumus",
         "level_estimasi", "variabel_disagregasi"],
        ("statistik",),
    ),
    "spatial": ("geospasial",),
}  # fmt: skip


@pytest.mark.parametrize("name", STANDARD)
def test_a_field_of_the_standard_is_there_with_its_vocabulary_term_and_profile(name):
    asked, vocabulary, term = STANDARD[name]
    field = contract.fields()[name]
    assert bool(field.required_by) is asked
    assert field.vocabulary == vocabulary
    assert (field.dcat or "").startswith(term or "")
    assert (field.dcat is None) is (term is None)
    assert field.jenis_data == ONLY_FOR.get(name, ())
    assert field.facet is (name in FACETS)


def test_what_the_national_profile_asks_for_says_on_which_law():
    without = [
        field.name
        for field in (*contract.fields().values(), *contract.resource_fields().values())
        if field.required_by and not field.legal_basis
    ]
    # Words to search by are good sense; no law asks for them.
    assert without == ["tags"]


def test_resources_and_their_data_dictionary_have_the_fields_of_the_standard():
    assert set(OF_RESOURCES) <= set(contract.resource_fields())
    assert set(contract.column_fields()) >= OF_COLUMNS
    assert all(field.legal_basis for field in contract.column_fields().values())


@pytest.mark.parametrize("key", _NATIONAL_KEYS.split())
def test_a_key_of_the_national_catalogue_is_taken_in_and_goes_out(key):
    name = contract.field_name(key)
    assert name is not None
    value = ["2024"] if name == "prioritas_tahun" else "Terbuka" if name == "hak_akses" else "2024"
    assert name in normalise({key: value}).dataset


def test_misspelt_keys_leave_under_their_right_name():
    taken = normalise({"i_instansi_penyelanggara": "A", "iv_frekuensi_penyelanggara": "B"}).dataset.to_dict()
    assert taken == {"i_instansi_penyelenggara": "A", "iv_frekuensi_penyelenggara": "B"}


def test_the_form_does_not_ask_for_the_activity_metadata():
    form = scheming()
    asked = [
        field.name for field in contract.fields().values() if field.national and f"field_name: {field.name}\n" in form
    ]
    assert asked == []


def test_a_person_s_contact_is_marked_as_such():
    private = {field.name for field in contract.fields().values() if field.private}
    assert private >= {"i_telepon", *(name for name in contract.fields() if name.startswith("ii_pj_"))}


def test_the_indicator_s_code_is_asked_of_priority_data_only(complete):
    field = contract.fields()["kode_indikator"]
    assert applies(field, context_of(complete))
    assert not applies(field, context_of(complete.with_fields(prioritas_tahun=None)))


def test_what_bps_asks_of_an_indicator_is_asked_of_no_other_data(complete, judge):
    of_indicators = {"interpretasi", "metode_perhitungan", "rumus", "level_estimasi", "variabel_disagregasi"}

    def asked(dataset):
        issues = judge(dataset, "sdi-2019").issues
        return {issue.pointer[1:] for issue in issues if issue.code == "E-META-001"} & of_indicators

    assert asked(complete) == set()
    assert asked(complete.with_fields(id_msind="12345")) == of_indicators


def test_the_profiles_ask_for_what_the_contract_says():
    asked = {name for name, (asked, *_) in STANDARD.items() if asked}
    assert set(Profile.load("sdi-2019").required) == asked
    # In transition only identity, title, owner, link and personal data block.
    assert {weight.severity for weight in Profile.load("transisi").required.values()} == {"warning"}
