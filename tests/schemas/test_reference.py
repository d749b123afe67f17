"""Region codes: forms, validity in time, names."""

from __future__ import annotations

from collections import Counter

import pytest

from satudata_schemas.dataset import Dataset

from .conftest import found


def test_the_list_is_complete_today(codes):
    levels = Counter(region.level for region in codes.wilayah if region.until is None)
    assert (levels["provinsi"], levels["kabkota"]) == (38, 514)
    assert levels["kecamatan"] == 7277


def test_every_region_has_its_parents(codes):
    for region in codes.wilayah:
        if region.until is None:
            assert len(codes.wilayah.parents(region.code)) == region.code.count(".")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("32.04", "32.04"),
        ("3204", "32.04"),
        ("1100", "11"),
        ("32.00.00", "32"),
        (3204, "32.04"),
        (32.1, "32.10"),
        (" 32.04.05 ", "32.04.05"),
        ("3204052001", "32.04.05.2001"),
        ("32.04.05.2001", "32.04.05.2001"),
        ("3204050", None),
        ("Bandung", None),
        ("", None),
        (None, None),
        ("9" * 100_000, None),
    ],
)
def test_codes_are_read_in_every_form_seen_in_the_wild(codes, given, code):
    assert codes.wilayah.read(given) == code


def test_a_retired_code_is_valid_for_its_time_only(codes):
    wilayah = codes.wilayah
    assert wilayah.valid("91.01", on="2013")
    assert not wilayah.valid("91.01")
    assert not wilayah.valid("93.01", on="2013")
    assert wilayah.valid("91.01", on="2022")
    assert wilayah.get("91.01").successor == "93.01"
    assert wilayah.valid("91.01.07", on="2013")


def test_villages_are_checked_down_to_their_district(codes):
    assert codes.wilayah.valid("32.04.05.2001")
    assert not codes.wilayah.valid("32.04.99.2001")
    assert not codes.wilayah.valid("32.04.05.9001")


def test_a_name_finds_its_region_however_it_is_written(codes):
    wilayah = codes.wilayah
    for name in ("Kabupaten Bandung", "KAB. BANDUNG", "Kab Bandung", "Pemerintah Kabupaten Bandung"):
        assert [region.code for region in wilayah.find(name, "kabkota")] == ["32.04"]
    assert [region.code for region in wilayah.find("Bandung", "kabkota")] == ["32.04", "32.73"]
    assert [region.code for region in wilayah.find("Prov. Jawa Barat")] == ["32"]


# --- the rule ---


def region_issues(judge, **fields):
    assessment = judge(Dataset(fields))
    return [issue for issue in assessment.issues if "REF" in issue.code]


def test_an_unknown_code_is_named_with_the_version_it_was_looked_up_in(judge, codes):
    [issue] = region_issues(judge, kode_wilayah="35.99")
    assert (issue.code, issue.pointer) == ("E-REF-002", "/kode_wilayah")
    assert "35.99" in issue.message("id")
    assert codes.wilayah.version in issue.message("id")


def test_a_code_split_since_is_valid_for_data_from_before_the_split(judge):
    assert region_issues(judge, kode_wilayah="91.01", periode_awal="2013", periode_akhir="2013") == []


def test_a_code_out_of_its_time_is_told_with_its_successor(judge):
    [issue] = region_issues(judge, kode_wilayah="91.01", periode_awal="2024", periode_akhir="2024")
    assert issue.code == "W-REF-006"
    assert "93.01" in issue.remedy()
    [issue] = region_issues(judge, kode_wilayah="93.01", periode_awal="2013", periode_akhir="2013")
    assert issue.code == "W-REF-006"


def test_a_code_of_bps_is_told_so_and_taken_where_it_is_declared(judge):
    [issue] = region_issues(judge, kode_wilayah="3501020")
    assert issue.code == "W-REF-003"
    assert region_issues(judge, kode_wilayah="3501020", sistem_kode_wilayah="bps") == []


def test_a_code_of_another_place_than_the_name_beside_it_is_told_with_the_right_one(judge):
    [issue] = region_issues(judge, kode_wilayah="14.01", nama_wilayah="Kuantan Singingi")
    assert issue.code == "W-REF-004"
    assert "Kabupaten Kampar" in issue.message()
    assert "14.09" in issue.remedy()
    assert region_issues(judge, kode_wilayah="14.01", nama_wilayah="Kab. Kampar, Riau") == []


def test_an_undotted_code_is_read_and_told(judge):
    assert [issue.code for issue in region_issues(judge, kode_wilayah="1401")] == ["I-REF-005"]
    assert [issue.code for issue in region_issues(judge, kode_wilayah=1100)] == ["I-REF-005"]


def test_the_whole_country_is_a_region_too(judge):
    assert region_issues(judge, kode_wilayah="00") == []


def test_a_wrong_region_earns_no_points(judge, complete):
    [issue] = found(judge(complete.with_fields(kode_wilayah="99.99")), "E-REF-002")
    assert issue.principle == "kode_referensi"
