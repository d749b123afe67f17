"""The national façade: a stock CKAN harvester pages through it and gets every field as core key or extra."""

from __future__ import annotations

import pytest
from ckan.common import config

BASE = "/api/satudata/v1/nasional/api/3/action"
BASIS = "UU 14/2008 Pasal 17 huruf h"


@pytest.fixture
def call(app):
    def call(action, base=BASE, **params):
        return app.get(f"{base}/{action}", query_string=params)

    return call


def extras(package):
    return {extra["key"]: extra["value"] for extra in package["extras"]}


def test_a_package_carries_every_field_in_national_words(office, make_office, call, monkeypatch, unique):
    walidata = make_office(f"{unique}-diskominfo")
    monkeypatch.setitem(config, "ckanext.satudata.walidata_org", walidata.name)
    id_ = office.put(
        title="Jumlah Puskesmas", kategori="04", kode_urusan=["1.02", "2.08"], jadwal_pemutakhiran="tahunan",
        kode_wilayah="32.04", prioritas_tahun=["2023", "2024"], satuan="unit", konsep="Puskesmas", tags=["kesehatan"],
        kode_referensi=["kemendagri-wilayah"], id_msind="12", ii_pj_nama="Contoh", index=False,
    )  # fmt: skip
    package = call("package_show", id=id_).json["result"]
    assert (package["organization"]["name"], package["owner_org"]) == (walidata.name, walidata.id)
    assert [tag["name"] for tag in package["tags"]] == ["kesehatan"]
    assert package["resources"][0]["url"] == "https://data.example.go.id/1.csv"
    assert (
        extras(package).items()
        >= {
            "produsen_data_name": f"Dinas {office.name}",
            "produsen_data_province_code": "32",
            "produsen_data_city_code": "04",
            "kategori": "04",
            "kode_urusan": "1.02, 2.08",
            "prioritas_tahun": "2023, 2024",
            "accrualPeriodicity": "Tahunan",
            "update-frequency": "Tahunan",
            "kodereferensi": "kemendagri-wilayah",
            "satuan": "unit",
            "konsep": "Puskesmas",
            "id_msind": "12",
            "publishing_status": "approved",
        }.items()
    )
    assert all(isinstance(value, str) for value in extras(package).values())
    assert not any(key.startswith("ii_pj_") for key in extras(package))


def test_pages_of_a_search_lead_through_all_of_it(office, call):
    ids = {office.put(str(number), index=False) for number in range(5)}
    found, start = [], 0
    while True:
        result = call("package_search", rows=2, start=start, sort="id asc", fq="-type:harvest").json["result"]
        if not result["results"]:
            break
        found += [package["id"] for package in result["results"]]
        start += 2
    assert (sorted(found), result["count"]) == (sorted(ids), 5)
    assert len(call("package_list").json["result"]) == 5


def test_only_what_changed_since_is_searched_for(office, call):
    office.put("1", index=False)
    assert call("package_search", fq="metadata_modified:[2999-01-01T00:00:00Z TO *]").json["result"]["count"] == 0
    assert call("package_search", fq="metadata_modified:[2001-01-01T00:00:00Z TO *]").json["result"]["count"] == 1


def test_ckanapi_may_post(app, office):
    id_ = office.put("1", index=False)
    answer = app.post("/api/satudata/v1/nasional/api/action/package_show", json={"id": id_})
    assert answer.json["result"]["id"] == id_
    assert app.post("/api/satudata/v1/nasional/api/action/status_show", data={}).json["success"] is True


def test_nothing_but_what_is_public_is_shown(office, call):
    hidden = office.put("1", action="hold", title="Belum tayang", index=False)
    office.put("2", hak_akses="terbatas", dasar_pengecualian=BASIS, index=False)
    office.put("3", hak_akses="tertutup", dasar_pengecualian=BASIS, notes="zebra", index=False)
    shown = call("package_search", rows=100).body
    assert call("package_search").json["result"]["count"] == 2
    for secret in ("Belum tayang", "2.csv", "3.csv", "zebra"):
        assert secret not in shown
    assert call("package_show", id=hidden).status_code == 404


@pytest.mark.parametrize(
    ("action", "params", "status"),
    [
        ("package_create", {}, 400),
        ("package_show", {"id": "tidak-ada"}, 404),
        ("package_search", {"rows": "abc"}, 409),
        ("organization_show", {"id": "tidak-ada"}, 404),
    ],
)
def test_errors_are_told_as_ckan_tells_them(office, call, action, params, status):
    answer = call(action, **params)
    assert (answer.status_code, answer.json["success"]) == (status, False)
    assert set(answer.json["error"]) == {"__type", "message"}


def test_the_walidata_is_the_only_organisation(office, make_office, call, monkeypatch, unique):
    walidata = make_office(f"{unique}-diskominfo")
    monkeypatch.setitem(config, "ckanext.satudata.walidata_org", walidata.name)
    assert call("organization_list").json["result"] == [walidata.name]
    assert call("organization_list", all_fields="true").json["result"][0]["title"] == f"Dinas {walidata.name}"
    assert call("organization_show", id=walidata.id).json["result"]["name"] == walidata.name


@pytest.mark.parametrize("since", ["2024-13-45T99:99:99", "2024-01-01T1.2.3", "2024-01-01T::"])
def test_a_time_that_is_none_is_refused_in_ckan_s_words(call, since):
    answer = call("package_search", fq=f"metadata_modified:[{since}Z TO *]")
    assert (answer.status_code, answer.json["success"]) == (409, False)


def test_an_id_that_is_no_text_names_no_organisation(app, loaded_ckan):
    answer = app.post(f"{BASE}/organization_show", json={"id": ["satu"]})
    assert (answer.status_code, answer.json["success"]) == (404, False)
