"""What a source would become, before anything is stored."""

from __future__ import annotations

import json

from satudata_harvesters.preview import preview
from tests.harvesters.portal import packages, searching
from tests.harvesters.site import answer

PERSON = "3205014101909999"


def with_link(package):
    return {
        **package,
        "resources": [{"id": "r-" + package["id"], "name": "Data", "url": "https://a.go.id/x.csv", "format": "CSV"}],
    }


def test_the_first_records_are_read_mapped_and_judged(serve, client, source_at):
    at = serve(searching([with_link(package) for package in packages(30)]))
    report = preview(source_at(at, "ckan", organization="Dinas Uji", config={"page_size": 10}), client(at), limit=5)
    assert [item.title for item in report.items] == [f"Judul {n}" for n in range(5)]
    assert {item.hasil for item in report.items} == {"layak"}
    assert (report.total, report.fine, report.error, len(at.asked)) == (30, True, None, 1)
    assert report.summary()["layak"] == 5


def test_what_would_not_be_published_is_said_with_its_issues(serve, client, source_at):
    at = serve(searching(packages(1)))
    report = preview(source_at(at, "ckan", organization="Dinas Uji"), client(at))
    [told] = report.to_dict("id")["items"]
    assert told["hasil"] == "perlu_perbaikan"
    assert all(
        {"code", "severity", "pointer", "principle", "message", "remedy"} == set(issue) for issue in told["issues"]
    )
    assert not report.fine


def test_a_record_without_identifier_would_not_be_loaded(serve, client, source_at):
    at = serve(lambda _: answer([{"judul": "Tanpa pengenal"}]))
    assert preview(source_at(at, "rest"), client(at)).items[0].hasil == "tidak_dimuat"


def test_a_source_that_is_down_is_an_error_and_what_came_before_is_shown(serve, client, source_at):
    whole = searching(packages(30))
    at = serve(lambda asked: answer({}, status=503) if asked.query["start"] != "0" else whole(asked))
    report = preview(source_at(at, "ckan", config={"page_size": 10}), client(at), limit=20)
    assert len(report.items) == 10
    assert report.error.code == "E-TRK-005"
    assert report.to_dict("en")["error"]["remedy"]


def test_an_application_is_previewed_as_the_table_it_would_become(serve, client, source_at):
    rows = [
        {
            "kategori": "Jalan",
            "kecamatan": "A",
            "kode_kecamatan": "350301",
            "tanggal": "2025-01-02 03:04:05",
            "nik": PERSON,
            "nama_pelapor": "Xuqazo",
            "tiket": f"ADU-{number}",
        }
        for number in range(9)
    ]
    at = serve(lambda _: answer({"status": "success", "data": rows, "meta": {"page": 1, "last_page": 1, "total": 9}}))
    report = preview(source_at(at, "rest", template="complaints", organization="Diskominfo"), client(at))
    assert report.table.rows == [["Jalan", "35.03.01", "Panggul", "2025-01", "Januari 2025", 9]]
    [item] = report.items
    assert item.hasil == "layak"
    told = json.dumps(report.to_dict(), ensure_ascii=False)
    assert PERSON not in told
    assert "Xuqazo" not in told


def test_personal_data_in_words_is_shown_masked(serve, client, source_at):
    at = serve(searching([{**with_link(packages(1)[0]), "notes": f"Data milik NIK {PERSON} di Garut"}]))
    told = preview(source_at(at, "ckan", organization="D"), client(at)).to_dict()
    assert told["items"][0]["hasil"] == "tidak_dimuat"
    assert told["items"][0]["personal_data"][0]["column"] == "notes"
    assert PERSON not in json.dumps(told)
