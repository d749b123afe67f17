"""Indonesian words find each other, and CKAN still knows its schema."""

from __future__ import annotations

import pytest

from deploy.solr import SOURCES, indonesian_schema, own_fields
from tests.platform_fixtures import ckan_schema

CKAN_SCHEMA = ckan_schema().read_text("utf-8")


def test_the_schema_keeps_ckans_name_and_declares_our_fields():
    schema = indonesian_schema(CKAN_SCHEMA, own_fields())
    assert '<schema name="ckan-2.12"' in schema
    assert "IndonesianStemFilterFactory" in schema
    assert 'language="English"' not in schema
    names = [field["name"] for field in own_fields()]
    assert names
    for name in names:
        assert name.startswith("sd_")
        assert schema.count(f'name="{name}"') == 1


def test_versions_are_numbers_as_the_update_log_needs_them():
    [declared] = [line for line in indonesian_schema(CKAN_SCHEMA, []).splitlines() if 'name="_version_"' in line]
    assert 'type="plong"' in declared


def test_a_field_that_ckan_declares_already_is_refused():
    with pytest.raises(ValueError, match="title"):
        indonesian_schema(CKAN_SCHEMA, [{"name": "title", "type": "text"}])


def test_a_schema_that_stems_otherwise_is_refused_not_passed_over():
    with pytest.raises(ValueError, match="Snowball"):
        indonesian_schema(CKAN_SCHEMA.replace("SnowballPorterFilterFactory", "PorterStemFilterFactory"), [])


def test_each_abbreviation_stands_for_itself_and_words_that_are_no_stop_words():
    lines = [line for line in (SOURCES / "synonyms.txt").read_text("utf-8").splitlines() if line and line[0] != "#"]
    seen = set()
    for line in lines:
        short, _, rest = line.partition(" => ")
        itself, words = rest.split(", ")
        assert itself == short
        assert short not in seen
        assert words == words.lower()
        assert not {"dan", "di", "untuk", "yang", "dengan"} & set(words.split())
        seen.add(short)
    assert {"aki", "dbd", "umkm", "asn", "bansos"} <= seen


@pytest.fixture
def found(platform, search_index, unique):
    """Index titles, search for words: `found("perizinan usaha", q="izin")`."""

    def search(*titles: str, q: str) -> list[str]:
        site = f"{unique}-site"
        documents = [
            {
                "index_id": f"{unique}-{at}",
                "id": f"{unique}-{at}",
                "site_id": site,
                "name": f"{unique}-{at}",
                "title": title,
            }
            for at, title in enumerate(titles)
        ]
        search_index.post("update?commit=true", documents)
        # As CKAN asks: its parser, its fields, its rule for how many words must match.
        answer = search_index.select(
            q, defType="dismax", qf="name^4 title^4 tags^2 groups^2 text", mm="2<-1 5<80%", fq=f"site_id:{site}"
        )
        return sorted(document["title"] for document in answer["response"]["docs"])

    return search


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Perizinan usaha", "izin"),
        ("Pelayanan publik", "layanan"),
        ("Jumlah petani", "pertanian"),
        ("Sarana kesehatan", "sehat"),
        ("Angka kemiskinan", "miskin"),
        ("Kependudukan", "penduduk"),
        ("Jumlah penduduk", "kependudukan"),
        ("Pendidikan dasar", "didik"),
        ("Perdagangan besar", "dagang"),
        ("Perhubungan darat", "hubungan"),
    ],
)
def test_a_word_is_found_by_its_family(found, title, query):
    assert found(title, "Sesuatu yang lain", q=query) == [title]


def test_unlike_words_stay_apart(found):
    assert found("Jumlah penduduk", q="duduk") == []


@pytest.mark.parametrize("query", ["jumlah dan penduduk", "dan penduduk", "penduduk yang jumlah"])
def test_small_words_neither_find_nor_hinder(found, query):
    assert found("Jumlah penduduk", "Dan lain-lain", q=query) == ["Jumlah penduduk"]
