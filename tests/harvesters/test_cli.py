"""The command `satudata`, as it is typed."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from satudata_harvesters import check as checking
from satudata_harvesters import cli, http
from satudata_harvesters.connector import registry
from satudata_harvesters.http import Http, Limits
from tests.harvesters.portal import packages, searching
from tests.harvesters.site import answer

DATASET = {
    "identifier": "d-1", "title": "Luas Panen Padi Menurut Kecamatan", "owner_org": "dinas-pertanian",
    "resources": [{"name": "Luas panen", "url": "https://data.contoh.go.id/luas.csv", "format": "csv"}],
}  # fmt: skip


@pytest.fixture
def run(capsys):
    """`run("check", file)` -> (exit code, standard output, standard error)."""

    def typed(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return ended.value.code or 0, out, err

    return typed


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def test_a_good_dataset_is_fine(run, file):
    code, out, _ = run("check", file("d.json", DATASET))
    assert code == 0
    assert "1 layak" in out
    assert 'Perbaiki lebih dulu: "Kode Wilayah" (+' in out


def test_yaml_and_json_are_read_alike(run, file):
    import yaml

    as_json = json.loads(run("check", file("d.json", DATASET), "--json")[1])
    as_yaml = json.loads(run("check", file("d.yaml", yaml.safe_dump(DATASET)), "--json")[1])
    assert as_json == as_yaml
    assert set(as_json["items"][0]) == {
        "pointer",
        "identifier",
        "title",
        "hasil",
        "score",
        "principles",
        "issues",
        "suggestions",
        "personal_data",
    }


def test_a_dataset_with_problems_ends_with_1_and_says_what_to_do(run, file):
    code, out, _ = run("check", file("d.json", {**DATASET, "resources": []}))
    assert code == 1
    assert "perlu perbaikan" in out


def test_a_number_of_a_person_in_a_key_the_contract_does_not_know_is_found_as_the_platform_finds_it(run, file):
    code, out, _ = run("check", file("d.json", {**DATASET, "catatan_petugas": "NIK 3204050505909999"}), "--json")
    [item] = json.loads(out)["items"]
    assert (code, item["hasil"]) == (1, "tidak_dimuat")
    assert ("E-PDP-002", "/catatan_petugas") in [(issue["code"], issue["pointer"]) for issue in item["issues"]]
    assert [(one["column"], one["count"]) for one in item["personal_data"]] == [("catatan_petugas", 1)]
    assert "3204050505909999" not in out


@pytest.mark.parametrize(
    "wrapped", [[DATASET, DATASET], {"result": {"results": [DATASET, DATASET]}}, {"success": True, "result": DATASET}]
)
def test_lists_and_answers_of_an_api_are_unwrapped(run, file, wrapped):
    code, out, _ = run("check", file("d.json", wrapped), "--json")
    assert code == 0
    assert len(json.loads(out)["items"]) in {1, 2}


def test_packages_of_ckan_are_known_by_their_keys(run, file):
    lines = "\n".join(
        json.dumps({**package, "num_resources": 0, "title": {"id": "Dua bahasa"}}) for package in packages(3)
    )
    code, out, _ = run("check", file("p.jsonl", lines), "--json")
    assert code == 1
    assert [item["title"] for item in json.loads(out)["items"]] == ["Dua bahasa"] * 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.json", "{oops"),
        ("d.json", ""),
        ("d.yaml", "a: [b"),
        ("d.json", "42"),
        ("d.json", '{"a": NaN}'),
        ("d.json", "[" * 100_000),
        ("d.yaml", "!!python/object:os.system x"),
        ("d.json", "\x00\x01"),
    ],
)
def test_a_file_that_is_not_understood_ends_with_2_and_a_sentence(run, file, name, content):
    code, _, err = run("check", file(name, content))
    assert code == 2
    assert "E-CFG-015" in err


def test_a_mistake_in_a_region_s_profile_is_told_with_its_remedy(run, file):
    own = file("daerah.yaml", "turunan_dari: transisi\nisian:\n  definsi: error\n")
    code, _, err = run("check", file("d.json", DATASET), "--profile", own)
    assert code == 2
    assert "E-PRF-004" in err
    assert "definisi" in err
    assert "E-PRF-001" in run("check", file("d.json", DATASET), "--profile", "sdi")[2]


def test_a_date_that_is_none_in_a_region_s_profile_is_told_with_its_place(run, file):
    own = file("daerah.yaml", "turunan_dari: transisi\nisian:\n  satuan: {wajib_sejak: 2027-13-01}\n")
    code, _, err = run("check", file("d.json", DATASET), "--profile", own)
    assert (code, "E-PRF-008" in err, "satuan" in err) == (2, True, True)


def test_a_kind_of_personal_data_is_named_in_the_reader_s_language(run, file):
    table = file("t.csv", "NIK,jumlah\n3.20405E+15,1\n3.20405E+15,2\n3.20405E+15,3\n")
    assert "kolom identitas rusak: 3 (NIK)" in run("check", table)[1]
    assert "broken identity column: 3 (NIK)" in run("check", table, "--lang", "en")[1]


def test_a_file_that_is_not_there_ends_with_2(run, tmp_path):
    assert run("check", tmp_path / "tidak.json")[0] == 2


def test_a_portal_is_checked_by_its_address(run, serve):
    at = serve(searching(packages(3)))
    code, out, _ = run("check", at.url, "--allow-network", at.network, "--json", "--limit", 2)
    assert code == 1
    told = json.loads(out)
    assert (len(told["items"]), told["summary"]["total"]) == (2, 3)


def test_a_portal_inside_is_refused_without_leave(run, serve):
    at = serve(searching(packages(3)))
    code, _, err = run("check", at.url)
    assert code == 1
    assert "E-TRK-011" in err
    assert "--allow-network" in err
    assert at.asked == []


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (lambda _: answer("<!doctype html>Selamat datang"), "E-TRK-001"),
        (lambda _: answer({}, status=401), "E-TRK-003"),
        (lambda _: answer(b'{"a"'), "E-TRK-014"),
        (lambda _: None, "E-TRK-007"),
    ],
)
def test_a_source_with_a_problem_ends_with_1_a_code_and_a_remedy(run, serve, handler, code, monkeypatch):
    monkeypatch.setattr(http, "Http", lambda **options: Http(Limits(attempts=1), **options))
    at = serve(handler)
    ended, _, err = run("check", at.url, "--allow-network", at.network)
    assert ended == 1
    assert code in err
    english = run("check", at.url, "--allow-network", at.network, "--lang", "en")[2]
    assert english != err


def test_a_source_file_is_previewed(run, serve, file):
    at = serve(searching(packages(3)))
    source = file("s.yaml", f"name: uji\nconnector: ckan\nurl: {at.url}\n")
    code, out, _ = run("preview", source, "--allow-network", at.network, "--limit", 2)
    assert code == 1
    assert "Judul 1" in out


def test_a_source_file_s_mistakes_are_told_with_their_lines(run, file):
    code, _, err = run(
        "preview", file("s.yaml", "name: uji\nconnector: ckan\nurl: https://a.go.id\nkonfig: {}\nschedul: x\n")
    )
    assert code == 2
    assert err.count("E-CFG-002") == 2
    assert "Baris 4" in err
    assert "Baris 5" in err


def test_each_mistake_of_a_source_file_is_told_once(run, file):
    err = run("preview", file("s.yaml", "title: tanpa nama dan konektor\n"))[2]
    assert sorted(line.partition(" Tambahkan")[2] for line in err.splitlines()) == [
        ' isian "connector".', ' isian "name".'
    ]  # fmt: skip


def test_a_network_the_command_does_not_permit_is_refused(run, file):
    source = file(
        "s.yaml", 'name: uji\nconnector: ckan\nurl: http://10.1.1.1:8080\nallow_networks: ["10.1.1.1:8080"]\n'
    )
    code, _, err = run("preview", source)
    assert code == 2
    assert "E-CFG-011" in err


def test_connectors_and_vocabularies_are_listed(run):
    known = json.loads(run("connector", "list", "--json")[1])
    assert {row["kind"] for row in known["connectors"]} == set(registry())
    shown = json.loads(run("connector", "show", "rest", "--json")[1])
    assert shown["config_schema"]["properties"]["auth"]
    assert "harian" in run("vocab", "jadwal_pemutakhiran")[1]
    assert "Daily" in run("vocab", "jadwal_pemutakhiran", "--lang", "en")[1]
    assert run("vocab", "warna")[0] == 2
    assert run("connector", "show", "warna")[0] == 2


@pytest.mark.parametrize(
    "typed",
    [
        [],
        ["chek"],
        ["check"],
        ["check", "--limit", "x", "y"],
        ["check", "a", "--warna"],
        ["connector"],
        ["preview", "a", "--lang", "jv"],
    ],
)
def test_wrong_usage_ends_with_2_in_words_of_the_language(run, typed):
    code, out, err = run(*typed)
    assert code == 2
    assert not re.search(r"\b(Error|Usage|Missing|No such)\b", out + err)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["check", "a.csv", "--format", "pdf"], ["--format", "xlsx", "satudata check --help"]),
        (["check", "a.csv", "--limit", "0"], ["--limit", "1–100000"]),
        (["vocab", "--lang", "jv"], ["--lang", "id, en", "satudata vocab --help"]),
        (["check"], ["BERKAS|FOLDER|ALAMAT", "satudata check --help"]),
        (["connector", "show"], ["satudata connector show --help"]),
    ],
)
def test_wrong_usage_names_the_option_as_typed_what_it_may_be_and_where_to_read_on(run, typed, told):
    err = run(*typed)[2]
    assert [word for word in told if word not in err] == []


@pytest.mark.parametrize(
    "command", [[], ["check"], ["preview"], ["connector"], ["connector", "list"], ["connector", "show"], ["vocab"]]
)
def test_every_command_explains_itself_with_examples(run, command):
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert "Contoh:" in out
    assert "Tampilkan bantuan ini." in out


def test_a_mistake_of_the_program_shows_no_traceback(run, monkeypatch):
    monkeypatch.setattr(checking, "check_file", lambda *_, **__: 1 / 0)
    code, _, err = run("check", "x.json")
    assert code == 2
    assert "ZeroDivisionError" in err


def test_an_address_becomes_a_source_file_that_preview_takes(run, serve, tmp_path):
    at = serve(searching(packages(3)))
    path = tmp_path / "sumber.yaml"
    code, out, _ = run("connect", at.url, "--output", path, "--allow-network", at.network)
    assert code == 0
    assert "Portal CKAN" in out
    assert path.stat().st_mode & 0o077 == 0
    assert "Judul 1" in run("preview", path, "--allow-network", at.network)[1]
    assert run("connect", at.url, "--output", path, "--allow-network", at.network)[0] == 2


def test_a_source_file_is_for_its_owner_alone_also_in_the_place_of_another(run, serve, tmp_path, monkeypatch):
    monkeypatch.setenv("KUNCI_UJI", "uji-kunci")
    at = serve(searching(packages(3)))
    path = tmp_path / "sumber.yaml"
    path.write_text("lama")
    path.chmod(0o644)
    key = ("--header", "X-API-Key=env:KUNCI_UJI")
    assert run("connect", at.url, "--output", path, "--force", "--allow-network", at.network, *key)[0] == 0
    assert "env:KUNCI_UJI" in path.read_text()
    assert "uji-kunci" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("given", ["X-API-Key=uji-kunci", "X-API-Key", "=env:KUNCI_UJI", "X-API-Key=env:"])
def test_a_key_is_named_on_the_command_line_and_not_written(run, tmp_path, given):
    path = tmp_path / "s.yaml"
    code, _, err = run("connect", "https://a.contoh.go.id", "--output", path, "--header", given)
    assert (code, "NAMA=env:VARIABEL" in err, "uji-kunci" in err, path.exists()) == (2, True, False, False)


def test_a_folder_that_is_not_there_is_told(run, serve, tmp_path):
    at = serve(searching(packages(3)))
    code, _, err = run("connect", at.url, "--output", tmp_path / "tidak" / "s.yaml", "--allow-network", at.network)
    assert (code, "E-CFG-018" in err) == (2, True)


def test_an_address_without_a_source_ends_with_1_and_a_remedy(run, serve):
    at = serve(lambda _: answer("<!doctype html>Selamat datang"))
    code, _, err = run("connect", at.url, "--allow-network", at.network)
    assert code == 1
    assert "E-TRK-001" in err


def test_an_application_that_asks_for_a_key_is_told_how_to_give_it(run, serve):
    at = serve(lambda _: answer({}, status=401))
    code, _, err = run("connect", at.url, "--allow-network", at.network)
    assert (code, "E-TRK-003" in err, "--header" in err) == (1, True, True)


def test_a_key_that_stood_in_the_address_goes_into_the_file_and_not_onto_the_screen(run, serve, tmp_path):
    told = {
        "status": "OK",
        "data-availability": "available",
        "data": [{"page": 1, "pages": 1, "total": 1}, [{"var_id": 1}]],
    }
    at = serve(lambda _: answer(told))
    address = at.url + "/v1/api/list/model/var/lang/ind/domain/3503/key/kunci-1a2b3c"
    for arguments in ([], ["--json"], ["--output", tmp_path / "bps.yaml"]):
        code, out, err = run("connect", address, "--allow-network", at.network, *arguments)
        assert "kunci-1a2b3c" not in out + err
        assert code in {0, 1}
    assert "kunci-1a2b3c" in (tmp_path / "bps.yaml").read_text()


LIGHT = """
import sys
from satudata_harvesters import cli
try:
    cli.main(sys.argv[1:])
except SystemExit as ended:
    print(ended.code or 0)
heavy = "rdflib openpyxl duckdb sqlalchemy python_calamine jsonschema urllib3 requests pandas"
print(*sorted(set(heavy.split()) & {name.partition(".")[0] for name in sys.modules}))
"""


def test_every_command_listed_is_there_and_every_one_there_is_listed(run):
    from pathlib import Path

    import click

    from satudata_harvesters.cli import grammar

    found = {path.stem for path in Path(cli.__file__).parent.glob("*.py")} - {
        "__init__",
        "__main__",
        "grammar",
        "showing",
    }
    context = click.Context(cli.satudata)
    listed = cli.satudata.list_commands(context)
    assert set(listed) == found
    assert all(isinstance(cli.satudata.get_command(context, name), click.Command) for name in listed)
    assert isinstance(cli.satudata, grammar.Group)
    assert cli.satudata.get_command(context, "panen") is None


def test_a_small_file_is_checked_without_the_libraries_that_other_work_needs(file):
    ran = subprocess.run(
        [sys.executable, "-c", LIGHT, "check", str(file("d.json", DATASET))],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert ran.stdout.splitlines()[-2:] == ["0", ""]
