"""The finder of personal data. Every NIK here is made: its serial is 9999."""

from __future__ import annotations

import time

import pytest

from satudata_schemas.personal_data import contacts_in_text, in_text, is_nik, mask, niks


@pytest.mark.parametrize(
    "text",
    [
        "3204051201909999",
        "a.n. warga, NIK: 3204055201909999.",
        "NIK3204051201909999",
        "3204 0512 0190 9999",
        "32.04.05.120190.9999",
        "320405-120190-9999",
        "(3204051201909999)",
        "lama 9101011201909999 Merauke",
        "NIK 5401011201909999",
        "https://contoh.go.id/warga?nik=3204051201909999",
        "KTP-el no 3204051201909999 hilang",
        "kartu keluarga nomor 3204051201909999",
        "lahir di Dili 5403011201909999",
    ],
)
def test_a_nik_is_found_in_running_text(text):
    [finding] = in_text(text)
    assert (finding.kind, finding.count) == ("nik", 1)
    assert finding.example.endswith("********9999")


@pytest.mark.parametrize(
    "text",
    [
        "3204051301909999123",
        "-6.9147443204051201909999",
        "0,3204051201909999",
        "uuid ab3204051201909999cd",
        "3204053201909999",
        "3204051213909999",
        "3204053002909999",
        "3204051201900000",
        "3200051201909999",
        "2004051201909999",
        "tahun 2013 2014 2015 2016 dan 2017",
        "Rp 3.204.051.201.909.999",
        "kode barang 1320405120190999 9",
        "Meter nomor 3204051201909999 diganti",
        "virtual account: 3204051201909999",
        "Berkas 3204051201909999 di loket 2",
        "",
    ],
)
def test_other_numbers_are_no_nik(text):
    assert in_text(text) == []


def test_a_leap_day_needs_a_leap_year():
    assert is_nik("3204052902929999")
    assert not is_nik("3204052902919999")


def test_several_are_counted_and_one_is_shown_masked():
    [finding] = in_text("3204051201909999 dan 3204055201909999")
    assert (finding.count, finding.example) == (2, "3204********9999")


@pytest.mark.parametrize("value", ["3204051201909999", "12345678", "123", "", "a"])
def test_a_mask_hides_at_least_half(value):
    assert mask(value).count("*") * 2 >= len(value)


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "1 " * 50_000, "1-" * 50_000, "nik" * 33_000, "." * 100_000, "3204051201909999 " * 6_000]
)
def test_hostile_text_is_read_in_linear_time(text):
    began = time.perf_counter()
    list(niks(text))
    assert time.perf_counter() - began < 1.0


def test_a_code_that_looks_like_a_telephone_number_is_none():
    assert contacts_in_text("Kode voucher 081234567890 berlaku") == []
    assert [one.kind for one in contacts_in_text("Hubungi 081234567890")] == ["phone"]
