"""Issues in words: both languages for every code, no personal value, no loose placeholder."""

from __future__ import annotations

import re

import pytest

from satudata_schemas import checks, contract
from satudata_schemas.issue import Issue, excerpt, messages, pointer

CODES = sorted(messages())


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_cause_and_remedy_in_both_languages_with_the_same_values(code):
    assert re.fullmatch(r"[EWI]-[A-Z]{2,6}-\d{3}", code)
    told = messages()[code]
    assert set(told) == {"id", "en"}
    for part in ("cause", "remedy"):
        assert set(told["id"]) == {"cause", "remedy"}
        assert told["id"][part].rstrip('"').endswith((".", "}"))
        assert "!" not in told["id"][part]
        placed = [set(re.findall(r"\{(\w+)\}", told[lang][part])) for lang in ("id", "en")]
        assert placed[0] == placed[1]


@pytest.mark.parametrize("word", ["cacat", "gagal total", "upload", "download", "error", "invalid", "email"])
def test_indonesian_messages_avoid_words_that_blame_or_need_english(word):
    for code in CODES:
        assert word not in " ".join(messages()[code]["id"].values()).casefold().split()


def labels(lang):
    inner = (*contract.resource_fields().values(), *contract.column_fields().values())
    return {field.label_in(lang) for field in (*contract.fields().values(), *inner)}


@pytest.mark.parametrize("code", sorted(checks.sources()))
@pytest.mark.parametrize("lang", contract.LANGUAGES)
def test_what_a_rule_says_of_a_dataset_names_the_field_by_its_label_in_quotes(code, lang):
    told = messages()[code][lang]
    quoted = set(re.findall(r'"([^"]+)"', f"{told['cause']} {told['remedy']}"))
    assert quoted & {"{isian}", "{kolom}", *labels(lang)}, told


#: Quoted words that are no field: what stands in a drop-down, and the keys of files.
CHOICES = {"BPS", "Statistics Indonesia", "CSV UTF-8"}
OF_DATASETS = [
    code for code in CODES if code in checks.sources() or code.split("-")[1] in {"TMP", "TBL", "USUL", "TEP"}
]


@pytest.mark.parametrize("code", OF_DATASETS)
@pytest.mark.parametrize("lang", contract.LANGUAGES)
def test_a_field_that_a_message_names_is_one_of_the_contract(code, lang):
    for text in messages()[code][lang].values():
        for word in text.split('"')[1::2]:
            assert "{" in word or word in CHOICES | labels(lang), word


def test_every_code_a_rule_can_give_has_a_message_and_a_source():
    for code, source in checks.sources().items():
        assert code in messages(), code
        assert source


def test_no_code_belongs_to_two_rules():
    codes = [code for rule in checks.RULES for code in rule.codes]
    assert len(codes) == len(set(codes))


def test_an_issue_survives_being_stored():
    issue = Issue("E-REF-002", "warning", "/kode_wilayah", "kode_referensi", {"kode": "35.99", "versi": "2025"})
    assert Issue.from_dict(issue.to_dict()) == issue


def test_the_field_is_named_by_its_label_in_the_readers_language():
    issue = Issue("E-META-001", "error", "/definisi", "standar_data", {"isian": "definisi"})
    assert issue.message("id") == 'Isian "Definisi" belum diisi.'
    assert '"Definition"' in issue.message("en")


def test_numbers_and_dates_are_written_as_the_language_does():
    issue = Issue("W-TIPE-002", "warning", "/title", "metadata", {"panjang": 12345, "batas": 500})
    assert "12.345" in issue.message("id")
    assert "12,345" in issue.message("en")
    dated = Issue("W-REF-006", "warning", "/kode_wilayah", None, {"kode": "54", "nama": "x", "sampai": "1999-10-24"})
    assert "24 Oktober 1999" in dated.message("id")


def test_a_value_with_braces_is_not_taken_for_a_place_to_fill():
    issue = Issue("E-REF-002", "error", "/kode_wilayah", None, {"kode": "{versi}", "versi": "2025"})
    assert '"{versi}"' in issue.message("id")


@pytest.mark.parametrize("text", ["3204056001909999", "0812-3456-7890", "budi@contoh.id", "a\r\nERROR b", "x" * 500])
def test_an_excerpt_never_repeats_what_identifies_a_person_and_stays_on_one_line(text):
    short = excerpt(f"nilai {text} akhir")
    assert text not in short
    assert "\n" not in short
    assert len(short) <= 60


def test_a_pointer_escapes_as_rfc_6901_says():
    assert pointer("a/b", 0, "c~d") == "/a~1b/0/c~0d"
