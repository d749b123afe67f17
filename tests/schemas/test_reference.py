"""Region codes: forms, validity in time, names."""

from __future__ import annotations

from collections import Counter

import pytest

from satudata_schemas import region_files
from satudata_schemas.assess import assess
from satudata_schemas.dataset import Dataset
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference

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


# --- what a user brings ---


@pytest.fixture
def brought(tmp_path, monkeypatch):
    """`brought(rows)` -> the reference codes after a user has loaded a CSV of these rows."""
    monkeypatch.setenv(region_files.FOLDER_VARIABLE, str(tmp_path / "kamus"))

    def load(*rows):
        (tmp_path / "daftar.csv").write_text("".join(f"{row}\n" for row in rows))
        wilayah = Reference.load().wilayah
        found = region_files.read(tmp_path / "daftar.csv", wilayah.read, wilayah.valid)
        region_files.keep(found, region_files.own_folder())
        Reference.forget()
        return found, Reference.load()

    yield load
    Reference.forget()


@pytest.mark.parametrize(
    "rows",
    [
        ["kode,nama", "32.04.05.2001,Cileunyi Wetan", "32.04.05.2002,Cileunyi Kulon"],
        ["code;district_code;name", "3204052001;320405;Cileunyi Wetan", "3204052002;320405;Cileunyi Kulon"],
        ["32.04,KABUPATEN BANDUNG", "32.04.05.2001,Cileunyi Wetan", "32.04.05.2002,Cileunyi Kulon"],
    ],
)
def test_villages_are_known_by_name_once_a_user_has_loaded_them(brought, codes, rows):
    found, loaded = brought(*rows)
    assert (len(found.villages), found.unknown) == (2, 0)
    assert loaded.wilayah.name("32.04.05.2001") == "Cileunyi Wetan"
    assert codes.wilayah.name("32.04.05.2001") is None
    assert loaded.version != codes.version


def test_a_village_of_a_loaded_district_must_be_on_the_list_and_others_are_checked_by_form(brought):
    _, loaded = brought("kode,nama", "32.04.05.2001,Cileunyi Wetan", "32.04.99.2001,Tidak Ada", "x,y")
    assert loaded.wilayah.valid("32.04.05.2001")
    assert not loaded.wilayah.valid("32.04.05.2999")
    assert loaded.wilayah.valid("32.04.06.2999") == loaded.wilayah.valid("32.04.06")


def test_rows_that_are_of_no_use_are_counted(brought):
    found, _ = brought("kode,nama", "32.04.05.2001,A", "32.04.99.2001,B", "bukan kode,C")
    assert (len(found.villages), found.unknown, found.others) == (1, 1, 1)


def test_a_code_of_bps_is_told_by_the_name_beside_it_once_the_codes_of_both_are_loaded(brought, judge):
    # In the list of BPS 3204 is another regency than in Kemendagri's.
    _, loaded = brought("kode_bps,nama_bps,kode_dagri,nama_dagri", "3204,BANDUNG,32.05,KAB. GARUT")
    named = {"kode_wilayah": "3204", "nama_wilayah": "Kabupaten Garut"}
    assert judge_with(loaded, **named) == ["W-REF-003"]
    assert judge_with(loaded, **named, sistem_kode_wilayah="bps") == []
    assert judge_with(loaded, **{**named, "nama_wilayah": "Kota Depok"}, sistem_kode_wilayah="bps") == ["W-REF-004"]
    assert judge_with(loaded, kode_wilayah="3299", sistem_kode_wilayah="bps") == ["E-REF-002"]


def judge_with(codes, **fields):
    found = assess(Dataset(fields), Profile.load(), reference=codes).issues
    return [issue.code for issue in found if "-REF-" in issue.code]


def test_a_home_that_may_not_be_entered_is_one_without_lists_of_its_own(monkeypatch):
    from pathlib import Path

    from satudata_schemas import region_files

    def shut(_path):
        raise PermissionError

    monkeypatch.setattr(Path, "is_file", shut)
    assert not region_files.is_kept(Path("/tertutup/satudata/desa.csv"))
