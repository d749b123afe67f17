"""The ready-made sources against answers of the shapes they are made for."""

from __future__ import annotations

import json

import pytest

from satudata_harvesters.preview import preview
from satudata_harvesters.source import Source
from tests.harvesters.site import answer


@pytest.fixture
def previewed(serve, client):
    def make(template, handler, path=""):
        at = serve(handler)
        given = {"name": "uji", "template": template, "organization": "Diskominfo", "url": at.url + path}
        return preview(Source.from_dict(given), client(at), limit=50)

    return make


def test_garut(previewed):
    def handle(asked):
        page = int(asked.query.get("page", 1))
        row = {
            "slug": f"luas-{page}",
            "judul": f"Luas {page}",
            "deskripsi": "<p>Isi</p>",
            "grup": {"name": "Ekonomi dan Industri"},
            "opd": {"name": "Dinas Pertanian"},
            "first_year": 2019,
            "last_year": 2023,
            "total_views": 9,
            "updated_at": "2024-01-01",
        }
        return answer({"datasets": {"data": [row], "last_page": 2}})

    report = previewed("garut", handle, "/datasets")
    assert [item.identifier for item in report.items] == ["luas-1", "luas-2"]
    dataset = report.items[0].dataset
    assert (dataset["produsen_data_name"], dataset["kategori"], dataset["periode_awal"]) == (
        "Dinas Pertanian",
        "02",
        "2019",
    )
    assert dataset["resources"][0]["url"].endswith("/dataset-value/luas-1")
    assert report.items[0].hasil == "layak"


def test_jakarta_is_asked_by_post_with_numbers_as_text(previewed):
    def handle(asked):
        body = json.loads(asked.body)
        rows = [
            {
                "id": "7",
                "title": "Jumlah RPTRA",
                "desc": "<b>Isi</b>",
                "frekuensi_penerbitan": "Tahunan",
                "sumber_data": ["DPPAPP"],
            }
        ]
        return answer({"data": rows if body["page_no"] == "1" else []})

    [item] = previewed("jakarta", handle).items
    assert item.dataset["jadwal_pemutakhiran"] == "tahunan"
    assert item.dataset["produsen_data_name"] == "DPPAPP"


def test_jabar_is_read_by_skip(previewed):
    def handle(asked):
        start = int(asked.query["skip"])
        return answer(
            {
                "data": [
                    {"id": n, "name": f"Data {n}", "nama_skpd": "Dinas"} for n in range(start, min(start + 100, 150))
                ]
            }
        )

    assert len(previewed("jabar", handle).items) == 50


def test_trenggalek(recorded, previewed):
    body = (recorded / "rest" / "trenggalek_json_vertikal_kecamatan.json").read_bytes()
    report = previewed("trenggalek", lambda _: answer(body))
    assert len(report.items) == 14
    assert report.error is None


def test_sipd_takes_only_what_the_walidata_has_checked(previewed):
    row = {
        "kodeindikator": "1.01.000474",
        "uraian_indikator": "Jumlah SD",
        "satuan": "Unit",
        "tahun": 2025,
        "data": "12",
        "rowtotal": 3,
        "status": "AKTIF",
        "status_verifikasi_walidata": "Y",
        "lastupdate": "2025-03-04 05:06:07",
        "uraibidang": "Pendidikan",
    }
    rows = [
        row,
        {**row, "kodeindikator": "2", "status_verifikasi_walidata": "N"},
        {**row, "kodeindikator": "3", "status": "DISABLED"},
    ]
    [item] = previewed("sipd", lambda _: answer(rows)).items
    assert item.identifier == "1.01.000474-2025"
    assert item.title == "Jumlah SD Tahun 2025"
    assert (item.dataset["kode_indikator"], item.dataset["kode_urusan"]) == ("1.01.000474", ["1.01"])
