"""A table made of an application's rows lives for years: months are added and corrected, columns come and go, and what
was published before stays where nothing better came.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from demo.office import Office, workbook
from demo.serving import json_answer, serve

SIZE = 90


@pytest.fixture
def office_files(tmp_path, monkeypatch):
    """The demo's attendance files in a folder that an administrator has opened."""
    monkeypatch.setenv("SATUDATA_FOLDER", str(tmp_path))
    made = Office(population=SIZE, seed=5)
    made.folder = tmp_path / "absensi"
    return made


def put(office_files, month, rows, ending=""):
    path = office_files.folder / f"absensi-2025-{month:02d}{ending}.xlsx"
    workbook(path, rows, "REKAPITULASI KEHADIRAN")
    return path


def month(office_files, number):
    return [dict(row) for row in office_files.attendance[f"absensi-2025-{number:02d}.xlsx"]]


@pytest.fixture
def add(clean_catalog, office, sealing, unique):
    """Register a source of a template; gives its id."""
    from ckanext.satudata.harvest import sources
    from ckanext.satudata.harvest.sessions import session

    def register(**definition):
        given = {"name": unique, "title": "Absensi", "template": "attendance", "connector": "table",
                 "url": "folder:absensi", **definition}  # fmt: skip
        given = {name: value for name, value in given.items() if value is not None}
        with session() as opened:
            source_id = sources.add(opened, given, organization=office.id)
            opened.commit()
        return source_id

    return register


@pytest.fixture
def approve(walidata):
    from ckan import model

    from ckanext.satudata.catalog import review

    def now(record_id):
        review.approve(model.Session, [record_id], actor=walidata.id)
        model.Session.commit()

    return now


@pytest.fixture
def command(loaded_ckan):
    """Runs a command of `ckan satudata dataset`."""
    import click
    from click.testing import CliRunner

    from ckanext.satudata.cli.dataset import dataset

    @click.group()
    @click.pass_context
    def root(context):
        context.meta["flask_app"] = loaded_ckan.flask

    root.add_command(dataset)
    return lambda *words: CliRunner().invoke(root, ["dataset", *words])


def table(row, key="csv"):
    """The lines of a file as it lies in CKAN's storage."""
    from pathlib import Path

    from ckan.common import config

    from ckanext.satudata.catalog.package import resource_id

    id_ = resource_id(row["id"], key)
    path = Path(config["ckan.storage_path"]) / "resources" / id_[:3] / id_[3:6] / id_[6:]
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8")))) if key == "csv" else path.read_bytes()


def staff_of(lines, period):
    return {line["perangkat_daerah"]: int(line["jumlah_pegawai"]) for line in lines if line["bulan"] == period}


def test_months_are_added_corrected_and_kept_under_the_same_addresses(office_files, add, harvest, records, approve):
    january = put(office_files, 1, month(office_files, 1))
    put(office_files, 2, month(office_files, 2))
    source_id = add()
    harvest(source_id)
    [row] = records(source_id).values()
    urls = [resource["url"] for resource in row["dataset"]["resources"]]
    assert [url.rpartition(".")[2] for url in urls] == ["csv", "parquet"]
    approve(row["id"])
    first = table(row)
    assert {line["bulan"] for line in first} == {"2025-01", "2025-02"}

    january.unlink()
    corrected = month(office_files, 2)
    for one in corrected:
        one["Hadir"] = one["Hari Kerja"]
    put(office_files, 2, corrected, "-koreksi")
    put(office_files, 3, month(office_files, 3))
    run = harvest(source_id)

    assert (run["state"], run["updated"]) == ("selesai", 1)
    [later] = records(source_id).values()
    lines = table(later)
    assert [resource["url"] for resource in later["dataset"]["resources"]] == urls
    assert later["dataset"]["periode_akhir"][:7] == "2025-03"
    assert staff_of(lines, "2025-01") == staff_of(first, "2025-01")
    assert {line["persentase_kehadiran"] for line in lines if line["bulan"] == "2025-02"} == {"100"}
    assert staff_of(lines, "2025-03")
    assert table(later, "parquet")[:4] == b"PAR1"


def test_a_table_tells_an_auditor_where_it_comes_from(office_files, add, harvest, records, query, command):
    from ckanext.satudata.catalog import tables as t
    from satudata_harvesters.source import template

    paths = [put(office_files, number, month(office_files, number)) for number in (1, 2)]
    source_id = add()
    run = harvest(source_id)
    [row] = records(source_id).values()

    [trace] = query(sa.select(t.trace).where(t.trace.c.package_id == row["id"]))
    assert (trace["run_id"], trace["template"], trace["template_version"]) == (run["run"], "attendance", "1")
    assert trace["rows_read"] == 2 * SIZE
    assert [(page["rows"], page["hash"]) for page in trace["pages"]] == [
        (SIZE, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths
    ]
    assert [one["period"] for one in trace["periods"]] == ["2025-01", "2025-02"]
    assert trace["rules"]["columns"] == template("attendance")["aggregate"]["columns"]
    stored = table(row, "parquet")
    assert trace["files"]["parquet"]["hash"] == hashlib.sha256(stored).hexdigest()
    assert not any(person.name in json.dumps(dict(trace), default=str) for person in office_files.people)

    harvest(source_id)
    assert len(query(sa.select(t.trace).where(t.trace.c.package_id == row["id"]))) == 1
    told = command("trace", row["name"], "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)[0]["pages"] == trace["pages"]
    assert "attendance" in command("trace", row["name"], "--lang", "en").stdout


def spoiled_column(rows):
    for row in rows:
        row.pop("OPD")
    return rows


def spoiled_niks(rows):
    for row in rows:
        row["OPD"] = f"{row['OPD']} {row['NIK']}"
    return rows


@pytest.mark.parametrize(("spoil", "code"), [(spoiled_column, "E-TRK-028"), (spoiled_niks, "E-AGR-002")])
def test_what_the_rules_were_not_made_for_ends_the_run_and_the_last_good_table_stays(
    spoil, code, office_files, add, harvest, records
):
    put(office_files, 1, month(office_files, 1))
    source_id = add()
    harvest(source_id)
    [row] = records(source_id).values()
    before = table(row)
    put(office_files, 1, spoil(month(office_files, 1)))

    run = harvest(source_id)

    assert (run["state"], run["error"]["code"]) == ("gagal", code)
    [after] = records(source_id).values()
    assert (table(after), after["fingerprint"]) == (before, row["fingerprint"])
    told = json.dumps(run, default=str)
    assert not any(trace in told for person in office_files.people for trace in person.traces())


def test_a_column_that_appears_and_rows_that_come_twice_are_told(office_files, add, harvest, records, query):
    from ckanext.satudata.catalog import tables as t

    rows = month(office_files, 1)
    put(office_files, 1, rows)
    source_id = add()
    harvest(source_id)
    [row] = records(source_id).values()
    before = staff_of(table(row), "2025-01")
    put(office_files, 1, [*[{**one, "Catatan": one["Nama Pegawai"]} for one in rows], {**rows[5], "Catatan": "x"}])

    assert harvest(source_id)["state"] == "selesai"

    issues = query(sa.select(t.issue).where(t.issue.c.record_id == row["id"]))
    found = {issue["code"]: issue["params"] for issue in issues if "AGR" in issue["code"]}
    assert found["W-AGR-008"] == {"muncul": 1, "hilang": 0}
    assert found["W-AGR-004"] == {"jumlah": 1}
    [after] = records(source_id).values()
    assert staff_of(table(after), "2025-01") == before


def test_a_fhir_bundle_of_patients_is_refused_at_the_door(add, harvest, records, own_networks):
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "Patient", "name": [{"text": "Xuqazo"}], "birthDate": "1980-01-01"}}],
    }

    class Fhir:
        def answer(self, request):
            return json_answer(bundle)

    with serve(Fhir()) as url:
        own_networks(f"127.0.0.1/32:{urlsplit(url).port}")
        network = f"127.0.0.1/32:{urlsplit(url).port}"
        source_id = add(
            template=None,
            connector="rest",
            url=f"{url}/Patient",
            config={"records": "entry"},
            aggregate={"columns": ["resource"], "group_by": ["resource"]},
            allow_networks=[network],
        )
        run = harvest(source_id)
    assert (run["state"], run["error"]["code"]) == ("gagal", "E-PDP-007")
    assert records(source_id) == {}
    assert "Xuqazo" not in json.dumps(run, default=str)


def test_the_page_shows_first_rows_and_a_chart_and_only_insiders_where_they_come_from(
    office_files, add, harvest, records, approve, ckan_context, *, app
):
    from ckanext.satudata.portal import table_part

    for number in (1, 2, 3):
        put(office_files, number, month(office_files, number))
    source_id = add()
    harvest(source_id)
    [row] = records(source_id).values()
    chart = f"/dataset/{row['id']}/grafik.svg"
    assert app.get(chart, expect_errors=True).status_code == 404
    approve(row["id"])

    page = app.get(f"/dataset/{row['name']}").body
    assert "Isi tabel" in page
    assert "Januari 2025" in page
    assert "persentase_kehadiran" in page
    assert f"/dataset/{row['name']}/grafik.svg" in page
    assert "Sidik aturan" not in page
    drawn = app.get(chart)
    assert drawn.headers["Content-Type"].startswith("image/svg+xml")
    assert "<script" not in drawn.body
    assert "Jumlah pegawai (Orang)" in drawn.body
    origin = dict(table_part.of_package(row["id"], inside=True).origin)
    assert origin["Templat dan versinya"] == "attendance 1"
    assert table_part.of_package(row["id"], inside=False).origin == ()


def test_the_walidata_sees_what_is_read_dropped_and_hidden_before_anything_is_saved(
    office_files, clean_catalog, own_networks, query, *, ckan_context
):
    from ckanext.satudata.catalog import tables as t
    from ckanext.satudata.portal import previewing

    own_networks()
    put(office_files, 1, month(office_files, 1))
    definition = {"name": "uji-pratinjau", "template": "attendance", "connector": "table", "url": "folder:absensi"}

    shown = previewing.preview(definition)

    assert shown.failure is None
    assert set(shown.counting.read) == {"NIP", "OPD", "Hari Kerja", "Hadir"}
    assert {"Nama Pegawai", "NIK", "No HP", "Alamat"} <= set(shown.counting.dropped)
    assert (shown.counting.k, shown.counting.small) == (5, 1)
    assert shown.rows[0][1] == "2025-01"
    assert "Inspektorat Pembantu" not in str(shown)
    assert query(sa.select(t.source).where(t.source.c.connector == "table")) == []
    assert query(sa.select(t.trace)) == []
