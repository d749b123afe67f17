"""The parts of the set-up that need no service: words, secrets, ports, archives, sources, failures."""

from __future__ import annotations

import io
import json
import re
import socket
import stat
import tarfile
from pathlib import Path

import pytest
import yaml

from deploy import archive, machine, own_portal, secret_files
from deploy.layout import Account, make_folder, own_account, reachable, write_private
from deploy.ports import free_ports, is_free, remembered_ports
from deploy.steps import StepError, run_logged, step
from deploy.wording import say


def test_the_operator_reads_indonesian_whatever_the_machine_speaks(monkeypatch):
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.delenv("SATUDATA_LANG", raising=False)
    assert say("selesai", "done") == "selesai"
    monkeypatch.setenv("SATUDATA_LANG", "en")
    assert say("selesai", "done") == "done"


def test_a_folder_that_another_process_makes_at_the_same_moment_is_taken_as_it_is(tmp_path, monkeypatch):
    there = tmp_path / "satu" / "dua"
    there.mkdir(parents=True)
    monkeypatch.setattr(Path, "exists", lambda _self: False)  # looked at a moment before
    assert make_folder(there, own_account(), 0o755) == there


def test_a_step_says_what_it_does_and_how_long_it_took(capsys):
    with step("Menyiapkan sesuatu"):
        pass
    assert re.search(r"==> Menyiapkan sesuatu \.\.\.\n    \w+ \(\d+\.\d s\)", capsys.readouterr().out)


def test_a_failing_step_names_the_failure_its_log_and_the_remedy(tmp_path):
    log = tmp_path / "a.log"
    with pytest.raises(StepError) as failed:
        run_logged(["sh", "-c", "echo kunci ditolak; exit 3"], log, failing="Tidak dapat masuk", remedy="Periksa kunci")
    report = failed.value.report()
    assert "Tidak dapat masuk" in report
    assert "kunci ditolak" in report
    assert str(log) in report
    assert "Periksa kunci" in report


def test_a_program_that_is_missing_is_a_failing_step_too(tmp_path):
    with pytest.raises(StepError):
        run_logged(["/no/such/program"], tmp_path / "a.log", failing="x", remedy="y")


def test_a_secret_is_drawn_once_and_only_its_owner_reads_it(tmp_path):
    file = tmp_path / "kunci"
    drawn = secret_files.kept(file, own_account())
    assert secret_files.kept(file, own_account()) == drawn
    assert len(drawn) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret_files.kept(tmp_path / "lain", own_account()) != drawn


def test_a_private_file_is_never_written_through_a_link(tmp_path):
    victim = tmp_path / "korban"
    victim.write_text("utuh")
    (tmp_path / "rahasia").symlink_to(victim)
    write_private(tmp_path / "rahasia", "baru", own_account())
    assert victim.read_text() == "utuh"
    assert (tmp_path / "rahasia").read_text() == "baru"


def test_a_typed_password_has_no_look_alikes():
    drawn = {secret_files.readable_password() for _ in range(50)}
    assert len(drawn) == 50
    assert all(re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", one) and not set(one) & set("01ilo") for one in drawn)


def test_ports_are_drawn_once_and_can_be_set(tmp_path, monkeypatch):
    file = tmp_path / "ports.json"
    first = remembered_ports(["web", "solr"], file)
    assert len(set(first.values())) == 2
    assert remembered_ports(["web", "solr"], file) == first
    monkeypatch.setenv("SATUDATA_WEB_PORT", "8765")
    assert remembered_ports(["web", "solr"], file) == {**first, "web": 8765}


def test_a_port_somebody_listens_on_is_not_free():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])
    assert len(set(free_ports(20))) == 20


def test_services_do_not_reach_what_lies_in_a_closed_home(tmp_path):
    home = tmp_path / "home"
    (home / "checkout").mkdir(parents=True)
    stranger = Account("stranger", 987654, 987654, switch=True)
    home.chmod(0o700)
    assert not reachable(home / "checkout", stranger)
    assert reachable(home / "checkout", own_account())


@pytest.mark.parametrize(
    "url",
    ["data.contoh.go.id", "ftp://data.contoh.go.id", "https://", "https://a:b@contoh.go.id", 'https://x/"\nname: y'],
)
def test_what_is_no_address_of_a_portal_is_refused_before_anything_happens(url):
    with pytest.raises(StepError):
        own_portal.source_file(url)


def test_ones_own_portal_becomes_a_source_file():
    read = yaml.safe_load(own_portal.source_file("https://Data.Contoh.go.id/ckan/"))
    assert read["url"] == "https://Data.Contoh.go.id/ckan"
    assert read["connector"] == "ckan"
    assert read["name"] == own_portal.name("https://Data.Contoh.go.id/ckan/") == "portal-sendiri-data-contoh-go-id"
    assert len(own_portal.name("https://" + "x" * 300)) <= 60


def test_elsewhere_than_debian_and_ubuntu_what_is_missing_and_the_way_out_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "system", lambda: ("fedora", "41"))
    missing = machine.Need("Postgres >= 12", lambda: False, ("postgresql",))
    monkeypatch.setattr(machine, "needs", lambda **_: [missing])
    with pytest.raises(StepError) as refused:
        machine.prepare(tmp_path / "log")
    assert "Postgres >= 12" in refused.value.what
    for variable in ("SATUDATA_POSTGRES_URL", "SATUDATA_REDIS_URL", "SATUDATA_SOLR_URL"):
        assert variable in refused.value.remedy


def test_a_service_that_runs_elsewhere_is_not_asked_for(monkeypatch):
    for service in machine.EXTERNAL_SERVICES.values():
        monkeypatch.delenv(service, raising=False)
    assert "Redis" in [need.what for need in machine.needs(tests=False)]
    monkeypatch.setenv("SATUDATA_REDIS_URL", "redis://127.0.0.1:6379/1")
    assert "Redis" not in [need.what for need in machine.needs(tests=False)]
    assert "Redis" in [need.what for need in machine.needs(tests=True)]


def entry(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, io.BytesIO]:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(content), kind, "/etc/passwd"
    return info, io.BytesIO(content)


@pytest.mark.parametrize(
    "stray", [entry("../keluar", b"x"), entry("/etc/x", b"x"), entry("storage/tautan", kind=tarfile.SYMTYPE)]
)
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path, stray):
    file = tmp_path / "a.tar"
    with tarfile.open(file, "w") as made:
        for one in (entry("archive.json", json.dumps({"format": 1}).encode()), entry("database.dump", b"x"), stray):
            made.addfile(*one)
    (tmp_path / "in").mkdir()
    with pytest.raises(StepError):
        archive._unpack(file, tmp_path / "in")
    assert not (tmp_path / "keluar").exists()


@pytest.mark.parametrize("content", [b"", b"not a tar at all" * 100])
def test_what_is_no_archive_is_refused(tmp_path, content):
    file = tmp_path / "a.tar"
    file.write_bytes(content)
    with pytest.raises(StepError):
        archive._unpack(file, tmp_path)


def test_deleting_needs_to_be_confirmed(monkeypatch):
    monkeypatch.delenv("CONFIRM", raising=False)
    with pytest.raises(StepError, match="hapus"):
        archive._agreed("Semua akan dihapus")
