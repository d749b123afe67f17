"""Values as Indonesian applications write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satudata_harvesters import values

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("1.234", 1234),
        ("12,5", 12.5),
        ("12.5", 12.5),
        ("Rp 1.500.000", 1500000),
        ("45,2 %", 45.2),
        ("-3", -3),
        (7, 7),
        ("007", 7),
        ("-", None),
        ("n/a", None),
        ("", None),
        (None, None),
        (True, None),
        ("1.2.3", None),
        ("dua", None),
        (float("nan"), None),
        (float("inf"), None),
        ("9" * 500, None),
    ],
)
def test_a_number_is_read_as_it_was_meant(written, read):
    assert values.number(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("9 Agustus 2024", "2024-08-09"),
        ("Agt 2024", "2024-08"),
        ("09/08/2024", "2024-08-09"),
        ("9-8-2024", "2024-08-09"),
        ("Jumat, 9 Agustus 2024", "2024-08-09"),
        ("2024-08-09", "2024-08-09"),
        ("2024/8/9", "2024-08-09"),
        ("2024-08", "2024-08"),
        ("2024", "2024"),
        ("2022.0", "2022"),
        (2024, "2024"),
        ("2024-08-09 23:30:00", "2024-08-09"),
        ("2024-08-09T23:30:00Z", "2024-08-10"),
        ("2024-08-09T23:30:00.123456789+07:00", "2024-08-09"),
        ("2024-08-09T00:30:00+0700", "2024-08-09"),
        ("9 Nopember 2023", "2023-11-09"),
        (1723212000, "2024-08-09"),
        (1723212000000, "2024-08-09"),
        ("31/02/2024", None),
        ("segera", None),
        ("-", None),
        (None, None),
        ("x" * 500, None),
    ],
)
def test_a_date_keeps_its_precision_and_its_day_in_wib(written, read):
    assert values.day(written) == read


@pytest.mark.parametrize(
    ("written", "begin", "end"),
    [
        ("2023", "2023", "2023"),
        ("2023-Q2", "2023-04", "2023-06"),
        ("Triwulan II 2023", "2023-04", "2023-06"),
        ("TW IV 2023", "2023-10", "2023-12"),
        ("Semester 1 2023", "2023-01", "2023-06"),
        ("2019-2023", "2019", "2023"),
        ("2019 s.d. 2023", "2019", "2023"),
        ("Juni 2023", "2023-06", "2023-06"),
        ("kapan saja", None, None),
    ],
)
def test_a_period_has_a_beginning_and_an_end(written, begin, end):
    assert (values.period(written), values.period(written, end=True)) == (begin, end)


def test_html_becomes_words_and_scripts_become_nothing():
    written = "<p>Luas&nbsp;panen &amp; hasil</p><script>alert(1)</script><ul><li>satu</li><li>dua</li></ul>"
    assert values.html_text(written) == "Luas panen & hasil\n\n- satu\n\n- dua"


def test_a_text_with_a_lesser_sign_is_no_html():
    assert values.html_text("nilai < 5 dan > 2") == "nilai < 5 dan > 2"


def test_years_are_taken_from_a_list_or_a_text():
    assert values.years("2023, 2024") == values.years(["2023", 2024]) == ["2023", "2024"]


def test_a_code_is_found_by_label_spelling_or_authority_uri():
    assert values.code("jadwal_pemutakhiran", "Monthly") == "bulanan"
    assert (
        values.code("jadwal_pemutakhiran", "http://publications.europa.eu/resource/authority/frequency/MONTHLY")
        == "bulanan"
    )
    assert values.code("jadwal_pemutakhiran", "kadang-kadang") == "kadang-kadang"


@pytest.mark.parametrize("value", ["", " ", "-", "N/A", "null", "None", None, [], {}, "Belum diketahui"])
def test_nothing_is_written_in_many_ways(value):
    assert values.is_missing(value)


@pytest.mark.parametrize("value", [0, False, "0", "nihil", [0]])
def test_zero_is_something(value):
    assert not values.is_missing(value)


@given(ANYTHING)
@settings(max_examples=50)
def test_no_value_makes_a_reader_raise(value):
    for read in values.READERS.values():
        read(value)
    values.code("kategori", value)
    values.moment(value)


def test_every_spelling_of_a_word_for_nothing_is_known():
    assert all(values.is_missing(form) for word in values.MISSING for form in (word, word.upper(), f" {word}\n"))
    assert not any(values.is_missing(word + "x" * values.LONGEST_MISSING) for word in values.MISSING if word.strip())


@pytest.mark.parametrize("told", ["abc", "é", "", "a\nb", "a\x7fb", "\x85", 'a "b"', "a\\b", "\u202e", "\x00"])
def test_a_text_without_control_characters_is_told_apart(told):
    assert values.plain(told) is told.isprintable()


def test_a_moment_with_a_zone_of_any_length_is_the_day_in_jakarta():
    assert values.day("2024-08-09T23:11:12.1+0000") == "2024-08-10"
    assert values.day("2024-08-09T23:11:12.123456") == "2024-08-09"
