"""The contract as one source: fields, vocabularies, other spellings."""

from __future__ import annotations

import re
from datetime import date

import jsonschema
import pytest

from satudata_schemas import contract
from satudata_schemas.normalise import normalise


def test_the_schema_is_valid_json_schema_2020_12():
    jsonschema.Draft202012Validator.check_schema(contract.schema())


def test_the_complete_dataset_passes_the_schema(complete):
    jsonschema.Draft202012Validator(contract.schema()).validate(complete.to_dict())


def every_field():
    yield from contract.fields().values()
    yield from contract.resource_fields().values()
    yield from contract.column_fields().values()


@pytest.mark.parametrize("field", list(every_field()), ids=lambda field: field.name)
def test_every_field_has_its_words_in_both_languages(field):
    assert all((field.label, field.label_en, field.help, field.help_en))
    assert field.help.endswith((".", "?"))


@pytest.mark.parametrize("field", [field for field in every_field() if field.vocabulary], ids=lambda field: field.name)
def test_every_vocabulary_a_field_names_exists(field):
    assert len(contract.vocabulary(field.vocabulary)) > 0


@pytest.mark.parametrize("name", list(contract.vocabularies))
def test_every_vocabulary_says_where_it_is_from_and_has_both_languages(name):
    words = contract.vocabulary(name)
    assert words.source
    assert words.version
    assert re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", words.taken)
    assert words.since is None or date.fromisoformat(words.since)
    for entry in words.values():
        assert entry.label
        assert entry.label_en
        assert words.resolve(entry.label) == entry.code
        assert words.resolve(entry.code.upper()) == entry.code


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("jadwal_pemutakhiran", "Tahunan", "tahunan"),
        ("jadwal_pemutakhiran", "annual", "tahunan"),
        ("jadwal_pemutakhiran", "Sewaktu-waktu (Ad-hoc)", "ad_hoc"),
        ("hak_akses", "Terbuka", "terbuka"),
        ("kategori", "Pembangunan Daerah", "03"),
        ("kategori", "Pembangunan Kewilayahan", "03"),
        ("kategori", "Pendukung Umum", "10"),
        ("format", "application/json", "json"),
        ("format", ".CSV", "csv"),
        ("satuan", "jiwa", "orang"),
        ("satuan", "M²", "meter_persegi"),
        ("urusan", "1.02 Kesehatan", "1.02"),
    ],
)
def test_labels_and_other_spellings_are_read_as_their_code(name, said, code):
    assert contract.vocabulary(name).resolve(said) == code


def test_the_region_of_topics_and_the_affairs_are_complete():
    assert list(contract.vocabulary("kategori")) == [f"{number:02}" for number in range(1, 11)]
    assert sum(1 for entry in contract.vocabulary("urusan").values() if entry["jenis"] != "penunjang") == 32


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("i_instansi_penyelanggara", "i_instansi_penyelenggara"),
        ("iv_frekuensi_penyelanggara", "iv_frekuensi_penyelenggara"),
        ("iii_latar_belakang_kegiatang", "iii_latar_belakang_kegiatan"),
        ("accrualPeriodicity", "jadwal_pemutakhiran"),
        ("accessRights", "hak_akses"),
        ("Cakupan Wilayah", "nama_wilayah"),
        ("update-frequency", "jadwal_pemutakhiran"),
        ("vi_sesuatu", "vi_sesuatu"),
        ("harvest_object_id", None),
        ("x" * 5000, None),
    ],
)
def test_keys_as_the_national_portal_writes_them_are_known(key, name):
    assert contract.field_name(key) == name


def test_a_pointer_leads_to_the_field_it_is_about():
    assert contract.field_at("/resources/3/url").label == "Tautan"
    assert contract.field_at("/resources/0/kamus_data/2/satuan").label == "Satuan"
    assert contract.field_at("/tidak_ada") is None


def test_the_version_is_a_digest_of_schema_and_vocabularies():
    assert contract.version.startswith("1.")
    assert contract.digest()[:12] in contract.version


# --- reading what others write ---


def test_other_names_and_labels_become_contract_fields_and_the_rest_is_kept_apart():
    read = normalise(
        {"judul": {"id": "Luas Panen"}, "accessRights": "Terbuka", "prioritas_tahun": "2023, 2024", "x": 1}
    )
    assert dict(read.dataset) == {"title": "Luas Panen", "hak_akses": "terbuka", "prioritas_tahun": ["2023", "2024"]}
    assert read.rest == {"x": 1}
    assert [(issue.code, issue.pointer) for issue in read.issues] == [("W-TIPE-001", "/title")]


def test_the_contracts_own_name_wins_over_an_alias_and_nothing_is_lost():
    read = normalise({"judul": "B", "title": "A"})
    assert read.dataset["title"] == "A"
    assert read.rest == {"judul": "B"}


def test_resources_keep_their_other_keys_in_rest():
    read = normalise(
        {"resources": [{"downloadURL": "https://a.id/x", "format": "Excel", "cache_url": None}, {"url": "u"}]}
    )
    assert read.dataset["resources"] == [{"url": "https://a.id/x", "format": "xls"}, {"url": "u"}]
    assert read.rest["resources"] == [{"cache_url": None}, {}]


def test_ckans_tags_and_json_lists_are_read():
    read = normalise({"tags": [{"name": "a"}, {"name": "b"}], "kode_urusan": '["Kesehatan", "2.12"]'})
    assert read.dataset["tags"] == ["a", "b"]
    assert read.dataset["kode_urusan"] == ["1.02", "2.12"]


@pytest.mark.parametrize("value", [None, 5, [], {}, "x", [1], {"a": [{}]}, "[" * 5000, True])
def test_nothing_breaks_the_reading(value):
    for name in (*contract.fields(), "lain"):
        normalise({name: value})
    for name in contract.resource_fields():
        normalise({"resources": [{name: value}]})
