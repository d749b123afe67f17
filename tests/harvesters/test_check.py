"""`satudata check` on what people have: templates, data files, folders; and its reports to hand on."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from satudata_harvesters import cli
from satudata_harvesters.check import Terms, check_file
from satudata_harvesters.errors import ConfigError
from satudata_schemas import template
from satudata_schemas.profile import Profile
from tests.harvesters.portal import packages, searching
from tests.harvesters.site import answer
from tests.harvesters.test_cli import DATASET

MISTAKES = Path(__file__).parents[1] / "schemas" / "template_mistakes.csv"
REPORTED = {"pointer", "identifier", "title", "hasil", "score", "principles", "issues", "suggestions", "personal_data"}
NIK = "3204104506" + "999999"


@pytest.fixture
def run(capfdbinary):
    """`run("check", file)` -> (exit code, standard output as bytes, standard error)."""

    def typed(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        assert b"Traceback" not in out + err
        return ended.value.code or 0, out, err.decode()

    return typed


@pytest.fixture
def told(run):
    """The report as JSON, and the exit code."""

    def typed(*arguments):
        code, out, _ = run("check", *arguments, "--json")
        return code, json.loads(out)

    return typed


def load_workbook(file):
    """Imported late, as the product does: it takes longer than most of these tests."""
    from openpyxl import load_workbook

    return load_workbook(file)


def test_a_filled_in_template_gives_a_dataset_a_row(told):
    code, report = told(MISTAKES, "--profile", "sdi-2019")
    assert code == 1
    assert set(report["items"][0]) == REPORTED
    by_identifier = {item["identifier"]: item for item in report["items"]}
    assert by_identifier["benar"]["hasil"] == "layak"
    assert by_identifier["definisi-kosong"]["hasil"] == "perlu_perbaikan"
    assert by_identifier[None]["hasil"] == "tidak_dimuat"
    assert "E-META-002" in {issue["code"] for issue in by_identifier[None]["issues"]}
    assert report["summary"]["total"] == len(report["items"]) == 37


def test_a_row_of_a_template_is_named_as_the_spreadsheet_numbers_it(run):
    assert "baris 2" in run("check", MISTAKES)[1].decode()


def test_a_data_file_gives_tables_findings_and_a_proposed_dictionary(told, tmp_path):
    path = tmp_path / "luas_panen_2024.csv"
    path.write_text("kecamatan;luas (ha)\nA;1.234,5\nB;10,2\nJumlah;1.244,7\n")
    code, report = told(path)
    [item] = report["items"]
    assert code == 0
    assert set(item) == REPORTED | {"tables"}
    assert (item["hasil"], item["score"], item["title"]) == ("layak", None, "luas panen 2024")
    [table] = item["tables"]
    assert (table["row_count"], table["totals"]) == (2, [4])
    assert [column["tipe_data"] for column in table["kamus_data"]] == ["teks", "bilangan"]
    assert "W-TBL-024" in {issue["code"] for issue in item["issues"]}


@pytest.mark.parametrize("name", ["p.csv", "p.json", "p.ndjson"])
def test_personal_data_in_a_data_file_blocks_and_is_shown_masked_only(run, tmp_path, name):
    rows = [{"nama": "A", "nik": NIK, "bantuan": 1}, {"nama": "B", "nik": NIK, "bantuan": 2}]
    lines = [json.dumps(row) for row in rows]
    content = {
        "p.csv": f"nama,nik,bantuan\nA,{NIK},1\nB,{NIK},2\n",
        "p.json": json.dumps(rows),
        "p.ndjson": "\n".join(lines),
    }
    path = tmp_path / name
    path.write_text(content[name])
    for form in ("text", "json", "csv", "html"):
        code, out, _ = run("check", path, "--format", form)
        assert code == 1
        assert b"E-PDP-001" in out
        assert NIK.encode() not in out
    every = json.loads(run("check", path, "--json")[1])["items"][0]["personal_data"]
    [found] = [one for one in every if one["kind"] == "nik"]
    assert (found["kind"], found["column"], found["count"]) == ("nik", "nik", 2)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("d.csv", b"<html><body>Masuk</body></html>", "E-TBL-004"),
        ("d.xlsx", b"PK\x03\x04 broken", "E-TBL-010"),
        ("d.csv", b"", "E-TBL-002"),
        ("d.pdf", b"%PDF-1.7", "E-TBL-004"),
        ("d.yaml", b"a: &a [x]\nb: [*a, *a]\n", "E-CFG-015"),
        ("d.jsonl", b'{"title": 1', "E-CFG-015"),
        ("d.json", b'{"success": false, "error": {"message": "Not found", "__type": "Not Found Error"}}', "E-CFG-026"),
        ("d.json", b'{"status": "error", "message": "Token salah"}', "E-CFG-026"),
        ("d.jsonl", b'{"error": "unauthorized"}', "E-CFG-026"),
    ],
)
def test_what_is_of_no_known_kind_ends_with_2_a_code_and_a_remedy(run, tmp_path, name, content, expected):
    path = tmp_path / name
    path.write_bytes(content)
    code, _, err = run("check", path)
    assert code == 2
    assert expected in err


def test_a_failure_told_as_a_status_of_a_dataset_or_of_rows_is_none_of_an_api(told, tmp_path):
    (tmp_path / "d.json").write_text(json.dumps({**DATASET, "status": "gagal", "message": "uji"}))
    assert told(tmp_path / "d.json")[1]["items"][0]["title"] == DATASET["title"]
    (tmp_path / "r.json").write_text('{"success": false, "message": "", "data": [{"kecamatan": "A", "luas": 1}]}')
    assert told(tmp_path / "r.json")[1]["items"][0]["tables"][0]["row_count"] == 1


def test_elements_of_a_list_that_are_no_rows_are_counted(told, tmp_path):
    (tmp_path / "d.json").write_text('[{"id": 1}, 2, "x", null]')
    [found] = [one for one in told(tmp_path / "d.json")[1]["items"][0]["issues"] if one["code"] == "W-TBL-030"]
    assert found["message"].startswith("Sebanyak 3 unsur")


def test_a_document_too_large_to_hold_is_refused_before_it_is_read(run, tmp_path):
    path = tmp_path / "d.json"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    code, _, err = run("check", path)
    assert code == 2
    assert "E-TBL-003" in err


def test_lines_beyond_the_limit_are_counted_and_not_kept(told, tmp_path):
    path = tmp_path / "d.jsonl"
    path.write_text("".join(json.dumps({**DATASET, "identifier": f"d-{number}"}) + "\n" for number in range(50)))
    _, report = told(path, "--limit", 3)
    assert (report["summary"]["read"], report["summary"]["total"]) == (3, 50)


CATALOGUE = {
    "k.ttl": """@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
<https://a.go.id/d/1> a dcat:Dataset ; dct:identifier "d-1" ; dct:title "Luas Panen Padi" ;
  dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://a.go.id/1.csv> ] .""",
    "k.rdf": """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dcat="http://www.w3.org/ns/dcat#" xmlns:dct="http://purl.org/dc/terms/"><dcat:Dataset rdf:about="https://a.go.id/d/1">
 <dct:identifier>d-1</dct:identifier><dct:title>Luas Panen Padi</dct:title><dcat:distribution><dcat:Distribution>
 <dcat:accessURL rdf:resource="https://a.go.id/1.csv"/></dcat:Distribution></dcat:distribution></dcat:Dataset></rdf:RDF>""",
    "k.jsonld": json.dumps({
        "@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"},
        "@id": "https://a.go.id/d/1", "@type": "dcat:Dataset", "dct:identifier": "d-1", "dct:title": "Luas Panen Padi",
        "dcat:distribution": {"@type": "dcat:Distribution", "dcat:accessURL": {"@id": "https://a.go.id/1.csv"}},
    }),
    "data.json": json.dumps({"dataset": [
        {"identifier": "d-1", "title": "Luas Panen Padi", "distribution": [{"downloadURL": "https://a.go.id/1.csv"}]},
    ]}),
}  # fmt: skip


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_dcat_catalogue_is_checked_in_every_form(told, tmp_path, name):
    (tmp_path / name).write_text(CATALOGUE[name])
    _, report = told(tmp_path / name)
    [item] = report["items"]
    assert (item["identifier"], item["title"]) == ("d-1", "Luas Panen Padi")
    # Nobody said whose it is; the link was read.
    assert [issue["code"] for issue in item["issues"] if issue["severity"] == "error"] == ["E-META-004"]


def test_a_dcat_catalogue_is_known_by_what_it_holds_and_not_by_its_name(told, tmp_path):
    (tmp_path / "katalog.txt").write_text(CATALOGUE["k.ttl"])
    assert told(tmp_path / "katalog.txt")[1]["items"][0]["identifier"] == "d-1"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("k.ttl", "@prefix dcat: <http://www.w3.org/ns/dcat#> . <a> a dcat:Dataset ; ; ["),
        ("k.rdf", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "e">]>' + CATALOGUE["k.rdf"].partition("?>")[2]),
        ("k.ttl", "@prefix a: <http://a/> . <http://b> a:c 1 ."),
        ("k.jsonld", '{"@context": {"x": 1}, "@id": "a"}'),
    ],
)
def test_what_is_no_catalogue_or_harms_ends_with_2_and_a_remedy(run, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    code, _, err = run("check", tmp_path / name)
    assert code == 2
    assert "E-CFG-020" in err


SERVED = {
    "/penduduk.csv": (b"kecamatan,penduduk\nA,10\nB,20\n", "text/csv", "penduduk"),
    "/unduh": (b"kecamatan;penduduk\nA;10\nB;20\n", "application/octet-stream", "unduh"),
    "/katalog": (CATALOGUE["k.ttl"].encode(), "text/turtle", "Luas Panen Padi"),
    "/d.json": (json.dumps(DATASET).encode(), "application/json", DATASET["title"]),
    "/baris": (b'[{"kecamatan": "A", "luas": 1}, {"kecamatan": "B", "luas": 2}]', "application/json", "baris"),
    "/d.yaml": (
        b"identifier: d-1\ntitle: Luas Panen Menurut Desa\n",
        "text/plain",
        "Luas Panen Menurut Desa",
    ),
}


@pytest.mark.parametrize("path", SERVED)
def test_an_address_of_a_file_is_checked_as_the_file(told, serve, path):
    body, kind, title = SERVED[path]
    at = serve(lambda _: answer(body, Content_Type=kind))
    _, report = told(at.url + path, "--allow-network", at.network)
    assert [item["title"] for item in report["items"]] == [title]


def test_a_file_of_no_known_kind_at_an_address_ends_with_2(run, serve):
    at = serve(lambda _: answer(b"%PDF-1.7", Content_Type="application/pdf"))
    code, _, err = run("check", at.url + "/a.pdf", "--allow-network", at.network)
    assert (code, "E-TBL-004" in err) == (2, True)


def test_the_error_answer_of_an_address_is_told_as_connect_tells_it(run, serve):
    at = serve(lambda _: answer({"success": False, "error": {"message": "Not found"}}))
    code, _, err = run("check", at.url + "/api/3/action/package_show", "--allow-network", at.network)
    assert (code, "E-TRK-016" in err) == (1, True)


def test_personal_data_in_a_file_at_an_address_is_shown_masked_only(run, serve):
    at = serve(lambda _: answer(f"nama,nik\nA,{NIK}\nB,{NIK}\n".encode(), Content_Type="text/csv"))
    code, out, err = run("check", at.url + "/p.csv", "--allow-network", at.network)
    assert (code, b"E-PDP-001" in out) == (1, True)
    assert NIK not in out.decode() + err


def test_a_rule_that_binds_from_a_date_binds_on_the_day_it_is_checked(told, tmp_path):
    (tmp_path / "d.json").write_text(json.dumps(DATASET))
    for since, hasil in (("2020-01-01", "perlu_perbaikan"), ("2999-01-01", "layak")):
        own = tmp_path / "daerah.yaml"
        own.write_text(f"turunan_dari: transisi\nisian:\n  definisi: {{wajib_sejak: {since}}}\n")
        assert told(tmp_path / "d.json", "--profile", own)[1]["items"][0]["hasil"] == hasil


def test_a_folder_is_checked_file_by_file_and_one_that_cannot_be_read_stops_nothing(told, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "d.json").write_text(json.dumps(DATASET))
    (tmp_path / "b.csv").write_text("kecamatan,luas\nA,1\nB,2\n")
    (tmp_path / "c.csv").write_text("<html></html>")
    (tmp_path / "readme.md").write_text("x")
    (tmp_path / ".d.json").write_text("{oops")
    (tmp_path / "luar.json").symlink_to("/etc/hostname")
    code, report = told(tmp_path)
    assert code == 1
    assert [(item["pointer"], item["hasil"]) for item in report["items"]] == [
        ("/a~1d.json/0", "layak"),
        ("/b.csv/0", "layak"),
        ("/c.csv", "tidak_dimuat"),
    ]
    assert report["items"][2]["issues"][0]["code"] == "E-TBL-004"


def test_files_of_a_folder_that_are_of_other_kinds_are_named(run, told, tmp_path):
    (tmp_path / "b.csv").write_text("kecamatan,luas\nA,1\nB,2\n")
    (tmp_path / "laporan.pdf").write_bytes(b"%PDF-1.7")
    code, report = told(tmp_path)
    assert (code, report["skipped"]) == (0, ["laporan.pdf"])
    assert "Tidak diperiksa karena jenis berkasnya: laporan.pdf" in run("check", tmp_path)[1].decode()


def test_a_key_that_the_contract_does_not_know_is_named_in_quotes_and_not_as_a_pointer(run, tmp_path):
    (tmp_path / "d.json").write_text(json.dumps({**DATASET, "nik_petugas": NIK}))
    out = run("check", tmp_path / "d.json", "--format", "csv")[1].decode("utf-8-sig")
    labels = {row["Isian"] for row in csv.DictReader(io.StringIO(out))}
    assert '"nik_petugas"' in labels
    assert "/nik_petugas" not in labels


def test_an_empty_name_is_not_the_folder_one_stands_in(run, tmp_path, monkeypatch):
    (tmp_path / "b.csv").write_text("kecamatan,luas\nA,1\nB,2\n")
    monkeypatch.chdir(tmp_path)
    code, _, err = run("check", "")
    assert (code, "E-CFG-004" in err) == (2, True)


def test_a_template_without_a_dataset_says_so_alone_and_in_a_folder(run, told, tmp_path):
    (tmp_path / "metadata.csv").write_text(template.csv_template())
    code, _, err = run("check", tmp_path / "metadata.csv")
    assert (code, "E-TMP-007" in err, "metadata.csv" in err) == (1, True, True)
    code, report = told(tmp_path)
    assert (code, report["items"][0]["issues"][0]["code"]) == (1, "E-TMP-007")


def test_a_folder_with_nothing_to_check_ends_with_2(run, tmp_path):
    code, _, err = run("check", tmp_path)
    assert code == 2
    assert "E-CFG-017" in err


def test_a_portal_gives_a_report_per_opd_also_as_html_and_xlsx(run, told, serve, tmp_path):
    found = [
        {**package, "organization": {"title": "Dinas A" if at % 2 else "Dinas B", "name": f"d{at % 2}"}}
        for at, package in enumerate(packages(3))
    ]
    at = serve(searching(found))
    _, report = told(at.url, "--allow-network", at.network)
    offices = report["summary"]["organizations"]
    assert [one["datasets"] for one in offices] == [2, 1]
    assert all({"name", "layak", "perlu_perbaikan", "tidak_dimuat", "score"} <= set(one) for one in offices)
    output = tmp_path / "r.xlsx"
    assert run("check", at.url, "--allow-network", at.network, "--format", "xlsx", "--output", output)[0] == 1
    rows = list(load_workbook(output)["OPD"].iter_rows(values_only=True))
    assert [row[1] for row in rows[1:]] == [2, 1]
    html = run("check", at.url, "--allow-network", at.network, "--format", "html")[1].decode()
    assert all(one["name"] in html for one in offices)


HOSTILE = {
    **DATASET,
    "identifier": "=1+1",
    "title": "<script>alert(1)</script>",
    "owner_org": "@SUM(A1)",
    "resources": [],
}


def test_html_is_escaped_and_fetches_nothing(run, tmp_path):
    (tmp_path / "d.json").write_text(json.dumps(HOSTILE))
    html = run("check", tmp_path / "d.json", "--format", "html")[1].decode()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "default-src 'none'" in html
    assert not [word for word in ("src=", "href=", "@import", "url(") if word in html]
    assert 'lang="id"' in html
    assert "Laporan Pemeriksaan" in html


def test_the_page_says_first_what_to_mend_and_names_fields_and_numbers_as_people_do(run):
    page = run("check", MISTAKES, "--profile", "sdi-2019", "--format", "html")[1].decode()
    assert "Perbaiki lebih dulu: &quot;Kamus Data&quot; (+3,75)" in page
    assert '<td class="number" data-label="Rata-rata skor">93,' in page
    assert '<td class="error" data-label="Tingkat">kesalahan</td>' in page.replace("short ", "")
    often = page.partition("Temuan terbanyak</h2>")[2].partition("</table>")[0]
    assert often.index("W-META-017") < often.index("E-TAUT-001")
    assert page == run("check", MISTAKES, "--profile", "sdi-2019", "--format", "html")[1].decode()
    english = run("check", MISTAKES, "--profile", "sdi-2019", "--format", "html", "--lang", "en")[1].decode()
    assert "Mend first: &quot;Data dictionary&quot; (+3.75)" in english


def test_a_page_on_a_data_file_has_no_empty_table_of_offices(run, tmp_path):
    (tmp_path / "luas.csv").write_text("kecamatan,luas\nA,1\nB,2\n")
    page = run("check", tmp_path / "luas.csv", "--format", "html")[1].decode()
    assert "Menurut produsen data" not in page
    assert "Usulan kamus data" in page


def test_the_workbook_offers_what_could_be_filled_in_with_its_reason(run, tmp_path):
    titled = {**DATASET, "title": "Jumlah Penduduk Menurut Kecamatan di Kabupaten Bandung Tahun 2024"}
    (tmp_path / "d.json").write_text(json.dumps(titled))
    book = load_workbook(io.BytesIO(run("check", tmp_path / "d.json", "--format", "xlsx")[1]))
    rows = {row[2]: row[3:] for row in book["Usulan isian"].iter_rows(values_only=True, min_row=2)}
    assert rows["Kode Wilayah"][0] == "32.04"
    assert rows["Periode Data: Awal"][:2] == ("2024", "tinggi")
    assert rows["Periode Data: Awal"][2].startswith("Periode ini terbaca dari kata")


def test_tables_to_hand_on_run_nothing(run, tmp_path):
    (tmp_path / "d.json").write_text(json.dumps(HOSTILE))
    out = run("check", tmp_path / "d.json", "--format", "csv")[1].decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[1][1:4] == ["'=1+1", "<script>alert(1)</script>", "'@SUM(A1)"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    content = run("check", tmp_path / "d.json", "--format", "xlsx")[1]
    cells = [cell for page in load_workbook(io.BytesIO(content)) for row in page for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert "'=1+1" in {cell.value for cell in cells}


def test_a_report_is_not_written_over_a_file_without_leave(run, tmp_path):
    (tmp_path / "d.json").write_text(json.dumps(DATASET))
    output = tmp_path / "r.html"
    asked = ("check", tmp_path / "d.json", "--format", "html", "--output", output)
    assert run(*asked)[0] == 0
    code, _, err = run(*asked)
    assert (code, "E-CFG-016" in err) == (2, True)
    assert run(*asked, "--force")[0] == 0


@pytest.mark.parametrize(("name", "start"), [("r.html", b"<!doctype html>"), ("r.xlsx", b"PK"), ("r.txt", b"Luas")])
def test_a_report_is_what_the_name_of_its_file_says(run, tmp_path, name, start):
    (tmp_path / "d.json").write_text(json.dumps({**DATASET, "title": "Luas Panen Padi"}))
    run("check", tmp_path / "d.json", "--output", tmp_path / name)
    assert (tmp_path / name).read_bytes().lower().startswith(start.lower())


@pytest.mark.parametrize("name", ["m.xlsx", "m.csv"])
def test_a_template_is_written_and_understood_by_check(run, told, tmp_path, name):
    assert run("template", "--output", tmp_path / name)[0] == 0
    code, report = told(tmp_path / name)
    assert (code, report["items"], report["error"]["code"]) == (1, [], "E-TMP-007")


def test_a_template_of_another_kind_than_there_are_is_refused(run, tmp_path):
    code, _, err = run("template", "--output", tmp_path / "metadata.doc")
    assert (code, "E-CFG-004" in err, (tmp_path / "metadata.doc").exists()) == (2, True, False)


def test_a_file_that_cannot_be_written_is_said_so(run, tmp_path):
    code, _, err = run("template", "--output", tmp_path / "tidak" / "ada.csv")
    assert (code, "E-CFG-018" in err) == (2, True)


def test_region_codes_are_listed_like_a_vocabulary_with_their_version_and_validity(run):
    code, out, _ = run("vocab", "wilayah", "--within", "32.04", "--json")
    told = json.loads(out)
    rows = {row["code"]: row for row in told["data"]}
    assert (code, rows["32.04"]["label"], rows["32.04"]["level"]) == (0, "Kabupaten Bandung", "kabkota")
    assert len(rows) > 10
    assert all(row.startswith("32.04") for row in rows)
    assert told["version"]
    assert b"32.73" in run("vocab", "wilayah", "--find", "kota bandung")[1]


def test_villages_are_loaded_by_command_from_a_file_and_listed_with_their_district(run, tmp_path, monkeypatch):
    monkeypatch.setenv("SATUDATA_REFERENCE", str(tmp_path / "kamus"))
    (tmp_path / "desa.csv").write_text("kode,nama\n32.04.05.2001,Cileunyi Wetan\n")
    code, out, _ = run("vocab", "wilayah", "--load", tmp_path / "desa.csv", "--json")
    assert (code, json.loads(out)["desa"]) == (0, 1)
    assert b"Cileunyi Wetan" in run("vocab", "wilayah", "--within", "32.04.05")[1]
    assert b"Cileunyi Wetan" in run("vocab", "wilayah", "--within", "320405")[1]
    (tmp_path / "lain.csv").write_text("a,b\n1,2\n")
    code, _, err = run("vocab", "wilayah", "--load", tmp_path / "lain.csv")
    assert (code, "E-CFG-021" in err) == (2, True)
    assert run("vocab", "kategori", "--load", tmp_path / "desa.csv")[0] == 2
    code, _, err = run("vocab", "wilayah", "--load", tmp_path / "tidak-ada.csv")
    assert (code, "E-CFG-012" in err) == (2, True)


def test_a_search_that_finds_nothing_says_so(run):
    code, out, err = run("vocab", "format", "--find", "tidak-ada")
    assert (code, out, "Tidak ada" in err) == (0, b"", True)


def test_a_vocabulary_says_its_source_and_version(run):
    told = json.loads(run("vocab", "jadwal_pemutakhiran", "--json")[1])
    assert told["source"]
    assert told["version"]
    assert told["taken"]
    assert {"code", "label", "label_en", "since", "until"} <= set(told["data"][0])
    assert run("vocab", "tidak-ada")[0] == 2


RECORDED = Path(__file__).parents[3] / "shared" / "recorded"
#: Recorded files that are of no known kind, and why.
OF_NO_KIND = {
    "bps_handmade_waf_block_200.html": "a firewall's page instead of an answer",
    "bps_handmade_error_403.json": "what an API says of a request that failed",
}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded data is not here")
@pytest.mark.parametrize(
    "folder",
    # Graphs and sixty tables take their seconds.
    ["ckan", pytest.param("dcat", marks=pytest.mark.heavy), "rest", pytest.param("tables", marks=pytest.mark.heavy)],
)
def test_of_what_was_recorded_only_files_named_here_are_of_no_known_kind(folder):
    recorded = [path for path in sorted((RECORDED / folder).rglob("*")) if path.is_file()]
    wrong = {path.name for path in recorded if not _is_of_a_known_kind(path)}
    assert wrong == set(OF_NO_KIND) & {path.name for path in recorded}


def _is_of_a_known_kind(path):
    try:
        check_file(path, Terms(Profile.load(), limit=3))
    except ConfigError:
        return False
    return True


def _bomb():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 150_000_000)
    return made.getvalue()


CHILD = """
import re, socket, sys
from pathlib import Path

def refuse(*_):
    print("FETCHED", file=sys.stderr)
    raise OSError

socket.socket.connect = refuse
socket.getaddrinfo = refuse
from satudata_harvesters import cli
try:
    cli.main(sys.argv[1:])
finally:
    print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""
ELSEWHERE = b'"http://127.0.0.1:9/x.json"'
#: What harms → (its bytes, the exit code, the code of the issue).
HARMFUL = {
    "bukan.json": (lambda: b"halo", 2, "E-CFG-015"),
    "nan.json": (lambda: b'{"title": NaN}', 2, "E-CFG-015"),
    "kunci-ganda.json": (lambda: b'{"title": "a", "title": "b"}', 2, "E-CFG-015"),
    "dalam.json": (lambda: b"[" * 10_000 + b"]" * 10_000, 2, "E-CFG-015"),
    "kurung.json": (lambda: b"[" + b"[]," * 6_000_000 + b"[]]", 2, "E-CFG-019"),
    "nul.json": (lambda: b'{"title": "a\x00b"}', 2, "E-CFG-015"),
    "nul-tertulis.json": (lambda: b'{"identifier": "1", "title": "a\\u0000b", "resources": []}', 1, "W-TIPE-004"),
    "surogat.json": (lambda: b'{"identifier": "1", "title": "a\\ud800b", "resources": []}', 1, "W-TIPE-004"),
    "nul.csv": (lambda: b"kecamatan,luas\nA\x00,1\nB,2\n", 0, "W-TBL-029"),
    "teks-panjang.json": (lambda: b'{"title": "' + b"x" * 200_000_000 + b'"}', 2, "E-TBL-003"),
    "satu-baris.jsonl": (lambda: b'{"title": "' + b"x" * 60_000_000, 2, "E-CFG-015"),
    "satu-baris.csv": (lambda: b"x" * 200_000_000, 2, "E-TBL-005"),
    "kurung.yaml": (lambda: b"[" + b"[]," * 1_000_000 + b"[]]", 2, "E-CFG-019"),
    "lebar.csv": (lambda: (b"k," * 10_000 + b"k\n") * 3, 2, "E-TBL-006"),
    "bom.xlsx": (_bomb, 2, "E-TBL-011"),
    "halaman.xls": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", 2, "E-TBL-004"),
    "halaman.csv": (lambda: b"<!doctype html><p>Masuk</p>", 2, "E-TBL-004"),
    "tripel.ttl": (lambda: b"@prefix a: <http://a/> . a:s a:p " + b"1," * 6_000_000 + b"1 .", 2, "E-CFG-019"),
    "entitas.rdf": (
        lambda: b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e SYSTEM ' + ELSEWHERE + b">]>"
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&e;</rdf:RDF>', 2, "E-CFG-020",
    ),
    "rujukan.json": (lambda: b'{"$ref": ' + ELSEWHERE + b', "title": "a", "resources": []}', 1, "E-META-002"),
    "konteks.jsonld": (
        lambda: b'{"@context": ' + ELSEWHERE + b', "@type": "dcat:Dataset", "@id": "http://a.id/1"}', 1, "E-META-003",
    ),
}  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize("name", HARMFUL)
def test_what_harms_is_answered_in_words_within_300_megabytes_and_fetches_nothing(tmp_path, name):
    made, expected, issue = HARMFUL[name]
    path = tmp_path / name
    path.write_bytes(made())
    ended = subprocess.run(
        [sys.executable, "-c", CHILD, "check", str(path), "--format", "csv"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    path.unlink()
    *said, memory = ended.stderr.splitlines()
    assert ended.returncode == expected, ended.stdout + ended.stderr
    assert issue in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert "FETCHED" not in said
    assert int(memory) < 300_000
