"""Seven applications of offices, about 5,000 people each, are read by the real worker, which is killed while it reads.

Afterwards no name, number, telephone, address or subject line of anybody stands in anything that the platform keeps.
"""

import secrets
import shutil
import threading
import time
from types import SimpleNamespace

import pytest
import yaml

from demo.office import Office
from deploy.layout import CHECKOUT
from tests.e2e.remains import PLACES, lay_out, search
from tests.e2e.stack import PATIENCE, until

pytestmark = pytest.mark.long

PEOPLE = 5_000
SOURCES = ("licences", "staff", "letters", "attendance", "health", "budget", "service_desk")


class Pausing(Office):
    """Waits with one page of each list until it is told to go on."""

    def __post_init__(self):
        self.pause, self.reached, self.go_on = "", threading.Event(), threading.Event()

    def answer(self, request):
        if (
            self.pause
            and self.pause in request.path
            and (request.query.get("page") == "9" or request.query.get("after") == "1600")
        ):
            self.pause = ""
            self.reached.set()
            self.go_on.wait(PATIENCE)
        return super().answer(request)


@pytest.fixture(scope="module")
def office(stack, seed):
    made = Pausing(PEOPLE, secrets.token_hex(24), seed)
    made.write(stack.offices)
    yield made
    shutil.rmtree(stack.offices)


@pytest.fixture(scope="module")
def traces(office):
    """Everything by which somebody could be found, and every identifier that an office gives to a person."""
    found = {trace for person in office.people for trace in person.traces()}
    assert len(office.people) == PEOPLE
    found |= {row["nip"] for row in office.staff} | {row["NIP"] for rows in office.attendance.values() for row in rows}
    found |= {row["Perihal"] for row in office.letters} | {row["nib"] for row in office.licences}
    found |= {row["No RM"] for rows in office.visits.values() for row in rows} | {row["id"] for row in office.messages}
    return found | {row["from"] for row in office.messages} | {row["Uraian"] for row in office.budget} | {office.key}


def definition(name, url, key):
    text = (CHECKOUT / "demo" / "sources" / f"{name}.yaml").read_text("utf-8")
    for place, value in {"url": url, "port": url.rpartition(":")[2], "key": key}.items():
        text = text.replace(f"{{office_{place}}}", value)
    return {**yaml.safe_load(text), "name": f"{name.replace('_', '-')}-{secrets.token_hex(3)}"}


@pytest.fixture(scope="module")
def lived(stack, office, tmp_path_factory):
    """Each source is read and killed in the middle, taken up, approved, and read by the public."""
    folder, killed, names = tmp_path_factory.mktemp("kantor"), {}, {}
    with stack.serving(office) as url:
        for name in SOURCES:
            given = definition(name, url, office.key)
            names[name] = given["name"]
            file = stack.write_source(folder, given)
            stack.satudata("source", "add", given["name"], "--file", str(file))
            killed[name] = interrupted(stack, office, name, given["name"], folder)
            stack.satudata("dataset", "approve", "--source", given["name"], "--as", "walidata")
    pages = {}
    for name, source in names.items():
        [[package]] = stack.sql("SELECT name FROM satudata_record WHERE identifier = %s", source)
        until(lambda package=package: stack.get(f"/dataset/{package}").status_code == 200, "the public sees it")
        pages[name] = package
    stack.settled()
    return SimpleNamespace(killed=killed, pages=pages)


def interrupted(stack, office, name, source, folder):
    """Kill the worker while it reads, look at what lies where, and let it go on."""
    paused = {"licences": "/oss/", "service_desk": "/wa/"}.get(name, "")
    office.pause, office.reached, office.go_on = paused, threading.Event(), threading.Event()
    run = stack.satudata("harvest", source, "--background")["run"]
    if paused:
        assert office.reached.wait(PATIENCE)
    else:
        until(lambda: stack.sql("SELECT 1 FROM satudata_run WHERE id = %s AND state = 'berjalan'", run), "it reads")
        time.sleep(0.2)
    stack.kill("worker")
    lying = {place: lay_out(stack, place, folder / name / place) for place in PLACES}
    office.go_on.set()
    stack.start()
    ended = stack.over(run)
    assert ended["state"] == "selesai", ended
    assert ended["attempt"] > 1, "the run was not interrupted"
    return lying


@pytest.mark.parametrize("name", SOURCES)
def test_nobody_is_found_when_the_worker_is_killed_while_it_reads(lived, traces, name):
    found = {place: search(traces, lying) for place, lying in lived.killed[name].items()}
    assert {place: lines[:3] for place, lines in found.items() if lines} == {}


@pytest.mark.parametrize("place", PLACES)
def test_nobody_is_found_in(stack, lived, traces, place, tmp_path):
    assert search(traces, lay_out(stack, place, tmp_path / place)) == []


@pytest.mark.parametrize("name", SOURCES)
def test_the_public_reads_the_table_and_its_chart(stack, lived, traces, name, tmp_path):
    page = stack.get(f"/dataset/{lived.pages[name]}")
    assert "Isi tabel" in page.text
    chart = stack.get(f"/dataset/{lived.pages[name]}/grafik.svg")
    assert (chart.status_code, chart.headers["Content-Type"].partition(";")[0]) == (200, "image/svg+xml")
    (tmp_path / "halaman").mkdir()
    (tmp_path / "halaman" / "isi").write_text(page.text + chart.text, "utf-8")
    assert search(traces, tmp_path / "halaman") == []


def test_the_search_finds_what_is_there(stack, lived, traces, office, tmp_path):
    planted = stack.storage / "tanam"
    planted.write_text(f"pelapor {office.people[7].name}", "utf-8")
    try:
        assert search(traces, lay_out(stack, "storage", tmp_path / "storage"))
    finally:
        planted.unlink()
