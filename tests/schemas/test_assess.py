"""What the product says of a dataset: `hasil`, points, issues, label."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from satudata_schemas import label
from satudata_schemas.assess import Assessment, rules_version
from satudata_schemas.dataset import Dataset
from satudata_schemas.file_facts import FileFacts
from satudata_schemas.normalise import normalise
from satudata_schemas.personal_data import Finding
from satudata_schemas.profile import Profile, ProfileError

from .conftest import found

RECORDED = Path(__file__).parents[3] / "shared" / "recorded" / "ckan"

#: A NIK as nobody has one: the serial 9999 is not reached in a district in a day.
NIK = "3204056001909999"


def test_the_complete_dataset_meets_every_principle_and_has_all_points(judge, complete):
    assessment = judge(complete, "sdi-2019")
    assert (assessment.hasil, assessment.score, assessment.conforms) == ("layak", 100.0, True)
    assert [issue for issue in assessment.issues if issue.severity != "info"] == []
    assert assessment.mend_first() == []


def test_the_least_dataset_is_layak_in_transition_and_carries_the_label_of_one_on_its_way(judge, least):
    assessment = judge(least)
    assert assessment.hasil == "layak"
    assert not assessment.conforms
    assert label.text(assessment.conforms) == "Masih dalam proses pemenuhan Prinsip SDI"


def test_the_same_dataset_needs_mending_where_the_principles_bind(judge, least):
    assert judge(least, "sdi-2019").hasil == "perlu_perbaikan"


@pytest.mark.parametrize(
    ("missing", "code", "hasil"),
    [
        ("identifier", "E-META-002", "tidak_dimuat"),
        ("title", "E-META-003", "perlu_perbaikan"),
        ("owner_org", "E-META-004", "perlu_perbaikan"),
        ("resources", "E-TAUT-001", "perlu_perbaikan"),
    ],
)
def test_in_transition_only_identity_title_owner_and_link_block(judge, least, missing, code, hasil):
    assessment = judge(least.with_fields(**{missing: None}))
    assert assessment.hasil == hasil
    assert [issue.code for issue in assessment.issues if issue.severity == "error"] == [code]


@pytest.mark.parametrize("at", ["title", "notes", "tags", "definisi", "ii_pj_nama"])
def test_a_nik_anywhere_in_open_metadata_keeps_the_record_out_and_is_never_repeated(judge, least, at):
    value = [f"warga {NIK}"] if at == "tags" else f"warga {NIK} pindah"
    assessment = judge(least.with_fields(**{at: value}))
    assert assessment.hasil == "tidak_dimuat"
    [issue] = found(assessment, "E-PDP-002")
    assert NIK not in json.dumps(assessment.to_dict()) + issue.message("id") + issue.message("en") + issue.remedy()
    assert "3204********9999" in issue.message("id")


@pytest.mark.parametrize("key", ["name", "description", "url"])
def test_a_nik_in_a_resource_keeps_the_record_out(judge, least, key):
    resource = {"url": "https://contoh.go.id/a", key: f"https://contoh.go.id/{NIK}"}
    assert judge(least.with_fields(resources=[resource])).hasil == "tidak_dimuat"


def test_a_nik_in_a_column_name_keeps_the_record_out(judge, least):
    resource = {"url": "https://contoh.go.id/a", "kamus_data": [{"nama": f"nik {NIK}"}]}
    assert judge(least.with_fields(resources=[resource])).hasil == "tidak_dimuat"


def test_a_nik_as_a_number_is_found_too(judge, least):
    assert judge(least.with_fields(interpretasi=int(NIK))).hasil == "tidak_dimuat"


def test_closed_data_that_says_so_may_describe_personal_data_but_not_in_its_title(judge, least):
    closed = least.with_fields(hak_akses="tertutup", memuat_data_pribadi="umum", notes=f"contoh {NIK}")
    assert judge(closed).hasil == "layak"
    assert judge(closed.with_fields(title=f"Data {NIK}")).hasil == "tidak_dimuat"
    assert judge(closed.with_fields(hak_akses="terbatas")).hasil == "tidak_dimuat"


def test_a_file_with_a_column_of_niks_keeps_open_data_out(judge, least):
    files = {"https://contoh.go.id/a": FileFacts(personal=(Finding("nik", 214, "3204********9999", "nik"),))}
    assert judge(least, files=files).hasil == "tidak_dimuat"
    assert judge(least.with_fields(hak_akses="tertutup"), files=files).hasil == "layak"


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded answers are not here")
def test_the_recorded_portals_hold_37_datasets_of_which_29_are_layak_and_eight_lack_a_link(judge):
    hasil: Counter[tuple[str, str]] = Counter()
    seen = set()
    for path in sorted(RECORDED.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            raw = json.loads(line)
            if (path.name, raw["id"]) in seen:
                continue
            seen.add((path.name, raw["id"]))
            read = normalise({**raw, "identifier": raw["id"]})
            assessment = judge(read.dataset)
            hasil[path.stem, assessment.hasil] += 1
            for issue in (*read.issues, *assessment.issues):
                assert "{" not in issue.message("id") + issue.remedy("en")
    assert len(seen) == 37
    assert sum(count for (_, what), count in hasil.items() if what == "layak") == 29
    assert hasil["hdx-search", "perlu_perbaikan"] == 8


# --- points ---


def test_every_point_is_shown_and_they_add_up(judge, least, complete):
    for dataset in (least, complete, Dataset()):
        assessment = judge(dataset)
        for principle in assessment.principles.values():
            assert sum(part.max for part in principle.parts) == pytest.approx(25, abs=0.1)
            assert sum(part.points for part in principle.parts) == pytest.approx(principle.points, abs=0.1)
        assert assessment.score == pytest.approx(sum(p.points for p in assessment.principles.values()), abs=0.2)


def test_what_to_mend_first_is_what_wins_most(judge, least):
    points = [one["points"] for one in judge(least).mend_first()]
    assert points == sorted(points, reverse=True)
    assert points[0] > points[-1] > 0


def test_a_value_that_is_there_but_wrong_earns_nothing(judge, complete):
    assert judge(complete.with_fields(kode_wilayah="35.99")).score < judge(complete).score


def test_geospatial_data_is_not_asked_for_a_unit_but_for_a_geometry(judge, complete):
    assessment = judge(complete.with_fields(jenis_data="geospasial", satuan=None, ukuran=None, klasifikasi=None))
    assert {issue.pointer for issue in found(assessment, "E-META-001")} == {"/spatial"}
    assert assessment.principles["standar_data"].points == 25


def test_a_unit_on_a_measure_column_stands_for_one_on_the_dataset(judge, complete):
    assert found(judge(complete.with_fields(satuan=None)), "E-META-001") == []


def test_a_legal_basis_is_asked_of_what_is_not_open_and_a_licence_of_what_is(judge, complete):
    bare = complete.with_fields(license_id=None)
    assert {issue.pointer for issue in found(judge(bare), "E-META-001")} == {"/license_id"}
    assert {issue.pointer for issue in found(judge(bare.with_fields(hak_akses="terbatas")), "E-META-001")} == {
        "/dasar_pengecualian"
    }


def test_a_file_nobody_looked_at_costs_no_points(judge, complete):
    url = complete.resources[0]["url"]
    assert judge(complete).score == judge(complete, files={url: FileFacts()}).score == 100
    assert judge(complete, files={url: FileFacts(reachable=False)}).score < 100


# --- profiles ---


def test_a_region_makes_a_field_binding_without_code(judge, least, tmp_path):
    own = tmp_path / "daerah.yaml"
    own.write_text("nama: daerah\nturunan_dari: transisi\nisian:\n  definisi: error\naturan:\n  W-META-010: mati\n")
    profile = Profile.load(own)
    assert judge(least.with_fields(notes="pendek"), profile).hasil == "perlu_perbaikan"
    assert found(judge(least.with_fields(notes="pendek"), profile), "W-META-010") == []


def test_a_rule_binding_from_a_date_warns_with_the_days_left_before_it(judge, least):
    profile = Profile.load({"turunan_dari": "transisi", "isian": {"definisi": {"wajib_sejak": "2027-01-01"}}})
    before, after = judge(least, profile, today=date(2026, 12, 22)), judge(least, profile, today=date(2027, 1, 1))
    assert (before.hasil, after.hasil) == ("layak", "perlu_perbaikan")
    [issue] = [issue for issue in found(before, "E-META-001") if issue.pointer == "/definisi"]
    assert (issue.severity, issue.params["sisa_hari"]) == ("warning", 10)
    assert issue.remedy("id").endswith("Wajib mulai 1 Januari 2027 (10 hari lagi).")
    assert issue.remedy("en").endswith("Required from 1 January 2027 (10 days left).")
    assert "Wajib mulai" not in found(after, "E-META-001")[0].remedy()


@pytest.mark.parametrize(
    ("told", "code", "named"),
    [
        ({"aturan": {"E-PDP-002": "warning"}}, "E-PRF-006", "E-PDP-002"),
        ({"aturan": {"E-META-002": "mati"}}, "E-PRF-006", "E-META-002"),
        ({"aturan": {"E-TIDAK-ADA": "error"}}, "E-PRF-005", "E-TIDAK-ADA"),
        ({"isian": {"definsi": "error"}}, "E-PRF-004", "definisi"),
        ({"isian": {"definisi": {"wajib_sejak": "besok"}}}, "E-PRF-008", "isian.definisi"),
        ({"isian": {"definisi": "keras"}}, "E-PRF-007", "keras"),
        ({"isian": {"definisi": {"sejak": "2027-01-01"}}}, "E-PRF-007", "sejak"),
        ({"isian": ["definisi"]}, "E-PRF-007", "isian"),
        ({"warna": "merah"}, "E-PRF-003", "warna"),
        ({"turunan_dari": "sdi"}, "E-PRF-001", "sdi-2019"),
    ],
)
def test_a_profile_that_cannot_be_used_says_what_is_wrong_where_and_what_to_write(told, code, named):
    with pytest.raises(ProfileError) as raised:
        Profile.load({"turunan_dari": "transisi", **told})
    issue = raised.value.issue
    assert issue.code == code
    assert named in issue.message() + issue.remedy()
    assert named in issue.message("en") + issue.remedy("en")


def test_a_profile_s_file_that_is_no_yaml_names_the_line(tmp_path):
    (tmp_path / "daerah.yaml").write_text("nama: daerah\nisian: [a\n")
    with pytest.raises(ProfileError, match=r"daerah.yaml.*\(3:1\)"):
        Profile.load(tmp_path / "daerah.yaml")


def test_the_rules_version_changes_with_profile_mapping_and_the_day_a_rule_begins_to_bind(codes):
    transisi, sdi = Profile.load("transisi"), Profile.load("sdi-2019")
    dated = Profile.load({"turunan_dari": "transisi", "isian": {"definisi": {"wajib_sejak": "2027-01-01"}}})
    versions = [
        rules_version(transisi, codes),
        rules_version(sdi, codes),
        rules_version(transisi, codes, {"title": "judul"}),
        rules_version(dated, codes, today=date(2026, 1, 1)),
        rules_version(dated, codes, today=date(2027, 1, 1)),
    ]
    assert len(set(versions)) == len(versions)
    assert rules_version(transisi, codes) == versions[0]


# --- bad input ---

HOSTILE = [
    None,
    5,
    True,
    1.5,
    "",
    " ",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"a": {"b": []}},
    "\x00",
    "\ud800",
    "x" * 200_000,
    10**400,
    float("nan"),
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_no_value_in_any_field_breaks_an_assessment(judge, complete, value):
    for name in complete:
        assessment = judge(complete.with_fields(**{name: value}))
        assert isinstance(assessment, Assessment)
        for issue in assessment.issues:
            assert issue.message("id")
            assert len(issue.message("en")) < 1000


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_no_value_in_any_resource_field_breaks_an_assessment(judge, complete, value):
    for name in ("name", "url", "format", "description", "kamus_data", "size", "tahun_data"):
        judge(complete.with_fields(resources=[{**complete.resources[0], name: value}]))


def test_a_dict_as_title_gives_a_sensible_text_and_an_issue(judge, least):
    titled = least.with_fields(title={"de": "Arbeitslose", "en": "Unemployed", "fr": ""})
    assert titled.text("title") == "Unemployed"
    assessment = judge(titled)
    assert assessment.hasil == "layak"
    assert [issue.pointer for issue in found(assessment, "W-TIPE-001")] == ["/title"]


def test_ten_thousand_broken_links_give_some_issues_and_a_count(judge, least):
    assessment = judge(least.with_fields(resources=[{"url": "tidak ada"}] * 10_000))
    assert len(found(assessment, "W-TAUT-002")) == 50
    assert assessment.more["W-TAUT-002"] == 9_950
