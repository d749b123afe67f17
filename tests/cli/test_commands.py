"""The commands people type: what they print, in which language, and with which code they leave."""

from __future__ import annotations

import subprocess
from urllib.parse import urlsplit

import pytest
import yaml

from demo.complaints import Complaints, serve_complaints

#: What contracts.md says `harvest NAME --json` prints.
SUMMARY = [
    "run", "source", "state", "complete", "read", "created", "updated", "unchanged", "missing", "withdrawn", "layak",
    "perlu_perbaikan", "tidak_dimuat", "issues",
]  # fmt: skip


def test_a_source_is_added_listed_shown_paused_and_resumed(ckan, added, region):
    assert [row["name"] for row in ckan("source", "list", "--json").json] == ["portal-uji"]
    assert ckan("source", "show", "portal-uji", "--json").json["organization"] == region.office
    assert ckan("source", "pause", "portal-uji", "--reason", "pemeliharaan", "--json").json["state"] == "jeda"

    refused = ckan("harvest", "portal-uji")
    assert refused.code == 2
    assert "E-SRC-010" in refused.err
    assert ckan("source", "resume", "portal-uji", "--json").json["state"] == "aktif"


def test_adding_again_is_refused_and_update_changes(ckan, added, source_file, region):
    file = source_file(added.url, title="Judul baru")
    again = ("source", "add", "portal-uji", "--file", file, "--organization", region.office)

    refused = ckan(*again, "--approved-by", region.walidata)
    assert (refused.code, "E-SRC-002" in refused.err) == (2, True)
    assert ckan(*again, "--update", "--json").json["title"] == "Judul baru"


def test_harvest_prints_exactly_the_contract_s_shape(ckan, added):
    done = ckan("harvest", "portal-uji", "--json")

    assert done.code == 0, done.err
    assert list(done.json) == SUMMARY
    assert (done.json["source"], done.json["state"], done.json["complete"]) == ("portal-uji", "selesai", True)
    assert done.json["read"] == 30
    again = ckan("harvest", "--all", "--json").json
    assert [(one["created"], one["unchanged"]) for one in again] == [(0, 30)]


def test_progress_and_summary_are_for_people_in_both_languages(ckan, added):
    indonesian = ckan("harvest", "portal-uji")
    assert "Dibaca 30" in indonesian.out
    assert "membaca: 30/30" in indonesian.err
    assert "Read 30" in ckan("harvest", "portal-uji", "--lang", "en").out


def test_a_source_that_is_down_is_a_sentence_a_remedy_and_exit_code_1(ckan, added):
    added.html = True
    indonesian = ckan("harvest", "portal-uji")
    assert indonesian.code == 1
    assert "bukan JSON" in indonesian.err
    assert "[E-TRK-001]" in indonesian.err
    assert "Traceback" not in indonesian.err
    english = ckan("harvest", "portal-uji", "--lang", "en", "--json")
    assert (english.code, english.json["state"]) == (1, "gagal")
    assert "JSON" in english.err


def test_a_background_harvest_is_queued(ckan, added):
    done = ckan("harvest", "portal-uji", "--background", "--json")

    assert (done.code, done.json["state"]) == (0, "antre")
    [run] = ckan("run", "list", "--source", "portal-uji", "--json").json
    assert run["run"] == done.json["run"]
    assert ckan("run", "cancel", run["run"], "--json").json["state"] == "dibatalkan"


def test_ctrl_c_cancels_the_run(ckan, added, monkeypatch):
    from ckanext.satudata.harvest import engine

    def interrupted(_run_id, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "run", interrupted)
    assert ckan("harvest", "portal-uji").code == 1
    assert [run["state"] for run in ckan("run", "list", "--json").json] == ["dibatalkan"]


def test_a_held_run_is_shown_and_decided_by_the_walidata_alone(ckan, added, region):
    ckan("harvest", "portal-uji")
    added.remove(added.ids())
    held = ckan("harvest", "portal-uji", "--json")
    assert (held.code, held.json["state"]) == (1, "ditahan")
    run_id = held.json["run"]

    assert ckan("run", "confirm", run_id).code == 2
    done = ckan("run", "confirm", run_id, "--as", region.walidata, "--json")
    assert (done.code, done.json["state"]) == (0, "selesai")
    assert done.json["missing"] > 5
    refused = ckan("run", "reject", run_id, "--as", region.walidata)
    assert (refused.code, "E-RUN-003" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["source", "show", "tidak-ada"], "E-SRC-001"),
        (["run", "show", "tidak-ada"], "E-RUN-001"),
        (["harvest"], "E-CLI-004"),
        (["harvest", "a", "--all"], "E-CLI-004"),
        (["source", "add", "x", "--file", "/tidak/ada.yaml"], "E-CFG-012"),
        (["opd", "import", "/tidak/ada.csv"], "E-CLI-003"),
        (["run", "confirm", "x", "--as", "tidak-ada"], "E-CLI-001"),
        (["dataset", "approve", "--as", "tidak-ada", "x"], "E-CLI-001"),
        (["opd", "merge", "tidak-ada", "tidak-ada-juga"], "E-OPD-004"),
        (["client", "revoke", "tidak-ada"], "E-API-442"),
    ],
)
@pytest.mark.parametrize("lang", ["id", "en"])
def test_a_mistake_is_one_sentence_with_a_code_and_exit_code_2(ckan, region, arguments, code, lang):
    done = ckan(*arguments, "--lang", lang)

    assert done.code == 2
    assert done.err.strip().endswith(f"[{code}]")
    assert "\n" not in done.err.strip()
    assert len(done.err) > len(code) + 20, "a code without words"
    assert "…" not in done.err


def test_every_mistake_of_a_source_file_is_told_with_its_line(ckan, region, tmp_path):
    path = tmp_path / "salah.yaml"
    path.write_text("name: portal-uji\nconnector: ckan\nurll: https://x.go.id\nprofil: transisi\n", "utf-8")

    done = ckan("source", "add", "portal-uji", "--file", path, "--organization", region.office)

    assert done.code == 2
    assert [line.split(":")[0] for line in done.err.strip().splitlines()] == ["Baris 3", "Baris 4"]


def test_complaints_wait_until_the_walidata_approves_them(ckan, region, tmp_path):
    complaints = Complaints(key="kunci-uji", count=1500, population=500)
    with serve_complaints(complaints) as url:
        port = urlsplit(url).port
        region.permit(f"127.0.0.1/32:{port}")
        path = tmp_path / "aduan.yaml"
        path.write_text(
            yaml.safe_dump({
                "name": "aduan-uji", "template": "complaints", "connector": "rest", "url": f"{url}/api/v1/laporan",
                "config": {"auth": {"type": "header", "name": "X-API-Key", "value": "kunci-uji"}},
                "allow_networks": [f"127.0.0.1/32:{port}"],
            }),
            "utf-8",
        )  # fmt: skip
        added = ckan("source", "add", "aduan-uji", "--file", path, "--organization", region.office, "--json")
        assert added.json["definition"]["config"]["auth"]["value"] == "terisi"
        assert ckan("harvest", "aduan-uji").code == 0

    name = "jumlah-aduan-warga-menurut-kategori-kecamatan-dan-bulan"
    done = ckan("dataset", "approve", name, "--as", region.walidata, "--json")
    assert (done.code, [one["status"] for one in done.json]) == (0, ["tayang"])
    again = ckan("dataset", "approve", name, "--as", region.walidata)
    assert again.code == 1
    returned = ckan("dataset", "return", name, "--reason", "Lengkapi definisi.", "--as", region.walidata, "--json")
    assert [one["status"] for one in returned.json] == ["dikembalikan"]


def test_only_the_walidata_approves(ckan, region, act, unique):
    person = act("user_create", name=f"{unique}-bukan", email=f"{unique}-b@contoh.go.id", password="kata-sandi-uji")

    done = ckan("dataset", "approve", "apa-saja", "--as", person["name"])

    assert (done.code, "E-CLI-002" in done.err) == (2, True)


def test_offices_are_imported_and_merged(ckan, region, tmp_path, unique):
    path = tmp_path / "opd.csv"
    path.write_text(
        f"kode_skpd;name;title;aliases\n{unique}.1;{unique}-kebun;Dinas Perkebunan {unique};Disbun {unique}\n"
        f"{unique}.2;{unique}-tani;Dinas Pertanian {unique};\n",
        "utf-8-sig",
    )
    assert ckan("opd", "import", path, "--json").json == {
        "created": [f"{unique}-kebun", f"{unique}-tani"], "updated": [], "unchanged": [],
    }  # fmt: skip
    assert len(ckan("opd", "import", path, "--json").json["unchanged"]) == 2
    assert ckan("opd", "merge", f"{unique}-kebun", f"{unique}-tani", "--json").json["moved"] == 0


def test_a_client_s_secret_is_shown_once(ckan, region, unique):
    made = ckan("client", "add", unique, "--scope", "dataset:read", "--json").json
    listed = ckan("client", "list", "--json")
    assert made["client_secret"] not in listed.out
    assert unique in [row["name"] for row in listed.json]
    assert ckan("client", "revoke", unique).code == 0


def test_the_doctor_names_what_is_wrong(ckan, region):
    done = ckan("doctor", "--json")

    assert {check["name"] for check in done.json["checks"]} == {
        "postgres", "redis", "solr", "migrations", "outbox", "aside", "sources", "sealed", "workers", "connectors",
        "secrets", "disk", "index", "packages", "answers", "changes", "hidden", "unrecorded",
    }  # fmt: skip
    assert {check["name"] for check in done.json["checks"] if not check["ok"]} <= {"workers"}


def test_one_tick_drains_and_queues(ckan, added):
    done = ckan("tick", "--once", "--json")
    assert (done.code, done.json) == (0, {"queued": [], "interrupted": 0, "indexed": 0})


@pytest.mark.parametrize(
    ("option", "service"),
    [
        ("sqlalchemy.url = postgresql://x:y@127.0.0.1:1/tidak-ada", "Postgres"),
        ("ckan.redis.url = redis://127.0.0.1:1/0", "Redis"),
        ("solr_url = http://127.0.0.1:1/solr/tidak-ada", "Solr"),
    ],
)
def test_a_missing_service_is_exit_code_3_without_a_traceback(ckan_ini, tmp_path, platform, option, service):
    ini = tmp_path / "mati.ini"
    ini.write_text(f"[app:main]\nuse = config:{ckan_ini}\n{option}\n", "utf-8")

    done = subprocess.run(
        [str(platform.venv / "bin" / "ckan"), "-c", str(ini), "satudata", "doctor"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 3
    assert f"Layanan {service} tidak dapat dihubungi." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_client_is_not_revoked_while_redis_cannot_know_of_it(ckan, region, unique, monkeypatch):
    import redis

    from ckanext.satudata.api import guard

    def away(*_args, **_more):
        raise redis.ConnectionError

    ckan("client", "add", unique, "--scope", "catalog:read")
    monkeypatch.setattr(guard.client(), "sadd", away)
    done = ckan("client", "revoke", unique)

    assert (done.code, "Redis" in done.err, "E-SVC-001" in done.err) == (3, True, True)
    assert [row["revoked_at"] for row in ckan("client", "list", "--json").json if row["name"] == unique] == [None]


def test_every_command_shows_an_example_in_its_help(ckan):
    from ckanext.satudata.cli import satudata

    for name, command in satudata.commands.items():
        told = ckan(name, "--help")
        assert told.code == 0
        assert "Contoh" in told.out, name
        for inner in getattr(command, "commands", {}):
            assert ckan(name, inner, "--help").code == 0
