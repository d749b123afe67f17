"""What stands behind a dataset: its assessment for those it concerns, its provenance as far as each may know it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ckanext.satudata.catalog import raw

PERSONAL = {"ii_pj_nama": "Penanggung Jawab Contoh", "ii_pj_telepon": "0800-1", "i_telepon": "0800-2"}
BASIS = "UU 14/2008 Pasal 17 huruf h"


@pytest.fixture
def inside(office, client_of):
    return client_of("catalog:read", "dataset:read", organization=office.id)


def test_the_opd_and_the_walidata_read_what_is_to_be_mended(office, make_office, read, client_of, inside, unique):
    id_ = office.put(title="Jumlah Penduduk Tahun 2024")
    own = read(f"/datasets/{id_}/assessment", by=inside).json
    assert own["hasil"] == "layak"
    assert 0 < own["score"] < 100
    first = next(issue for issue in own["issues"] if issue["severity"] == "warning")
    assert first["message"]
    assert first["remedy"]
    assert {"field", "value", "confidence", "reason"} <= set(own["suggestions"][0])
    whole = client_of("catalog:read", "dataset:read")
    assert read(f"/datasets/{id_}/assessment", by=whole).json == own
    other = client_of("catalog:read", "dataset:read", organization=make_office(f"{unique}-lain").id)
    refused = read(f"/datasets/{id_}/assessment", by=other)
    assert (refused.status_code, refused.json["code"]) == (403, "E-API-439")


def test_a_dataset_past_its_stored_due_date_is_told_to_be_late_when_it_is_read(office, read, inside):
    timing = {"jadwal_pemutakhiran": "tahunan", "title": "Jumlah Penduduk"}
    told = {
        updated: read(
            f"/datasets/{office.put(identifier=updated, **timing, tanggal_mutakhir=updated)}/assessment", by=inside
        )
        for updated in ("2019-01-31", "9990-01-31")
    }
    codes = {updated: [issue["code"] for issue in answer.json["issues"]] for updated, answer in told.items()}
    assert ("W-TEP-001" in codes["2019-01-31"], "W-TEP-001" in codes["9990-01-31"]) == (True, False)


def test_messages_follow_the_reader_s_language(office, read, inside):
    id_ = office.put()
    told = {
        language: read(f"/datasets/{id_}/assessment", by=inside, headers={"Accept-Language": language})
        for language in ("id", "en")
    }
    assert told["id"].json["issues"] != told["en"].json["issues"]
    assert told["en"].headers["Content-Language"] == "en"


def test_a_waiting_dataset_s_assessment_is_not_there_for_others(office, make_office, read, client_of, inside, unique):
    id_ = office.put(action="hold")
    other = client_of("catalog:read", "dataset:read", organization=make_office(f"{unique}-lain").id)
    assert read(f"/datasets/{id_}/assessment", by=other).status_code == 404
    assert read(f"/datasets/{id_}/assessment", by=inside).json["status"] == "menunggu"


def test_an_unchanged_assessment_is_304(office, read, inside):
    id_ = office.put()
    tag = read(f"/datasets/{id_}/assessment", by=inside).headers["ETag"]
    assert read(f"/datasets/{id_}/assessment", by=inside, headers={"If-None-Match": tag}).status_code == 304


@pytest.fixture
def remembered(office, session):
    def put(**fields):
        id_ = office.put(**fields)
        change = text("UPDATE satudata_record SET fingerprint = :mark, rest = CAST(:rest AS jsonb) WHERE id = :id")
        session.execute(change, {"mark": "a" * 64, "rest": '{"kolom_sumber": "lama"}', "id": id_})
        body = b'{"judul": "mentah", "telepon": "0800-9", "i_telepon": "0800-2"}'
        raw.keep(session, [raw.Sent(id_, "a" * 64, body)], replacing=())
        session.commit()
        return id_

    return put


def test_the_record_as_it_was_read_is_for_its_own_opd_alone(remembered, office, read, client_of, inside):
    id_ = remembered(satuan="orang")
    public = read(f"/datasets/{id_}/provenance").json
    assert public["source"] == {"name": office.source, "title": f"Aplikasi {office.source}", "connector": "rest"}
    assert (public["identifier"], public["mapped"]["satuan"]) == ("1", "orang")
    assert not {"raw", "rest", "held", "pending"} & set(public)
    own = read(f"/datasets/{id_}/provenance", by=inside).json
    assert own["raw"] == {"judul": "mentah", "telepon": "0800-9", "i_telepon": raw.STARS}
    whole = read(f"/datasets/{id_}/provenance", by=client_of("catalog:read", "dataset:read")).json
    assert whole["rest"] == {"kolom_sumber": "lama"}
    assert "raw" not in whole


def test_the_record_of_another_version_is_not_shown_as_this_one_s(remembered, session, read, inside):
    id_ = remembered()
    session.execute(
        text("UPDATE satudata_record SET fingerprint = :mark WHERE id = :id"), {"mark": "b" * 64, "id": id_}
    )
    session.commit()
    assert read(f"/datasets/{id_}/provenance", by=inside).json["raw"] is None


def test_personal_contacts_stand_in_no_provenance_and_as_stars_in_the_raw_record(remembered, read, inside, client_of):
    id_ = remembered(**PERSONAL)
    for reader in (None, client_of("catalog:read", "dataset:read")):
        body = read(f"/datasets/{id_}/provenance", **({"by": reader} if reader else {})).body
        assert not any(value in body for value in PERSONAL.values())
        assert "0800-9" not in body
    own = read(f"/datasets/{id_}/provenance", by=inside)
    assert not set(PERSONAL) & set(own.json["mapped"])
    assert not any(value in own.body for value in PERSONAL.values())


def test_provenance_shows_no_more_than_the_access_class(remembered, read, client_of, office):
    granted = client_of("catalog:read", granted=[office.id])
    restricted = remembered(identifier="a", hak_akses="terbatas", dasar_pengecualian=BASIS)
    assert "url" not in read(f"/datasets/{restricted}/provenance").json["mapped"]["resources"][0]
    assert "url" in read(f"/datasets/{restricted}/provenance", by=granted).json["mapped"]["resources"][0]
    closed = remembered(identifier="b", hak_akses="tertutup", dasar_pengecualian=BASIS, notes="rahasia zebra")
    for reader in (None, granted):
        shown = read(f"/datasets/{closed}/provenance", **({"by": reader} if reader else {})).json
        assert set(shown["mapped"]) == {"title", "hak_akses", "dasar_pengecualian"}
        assert not {"identifier", "source", "last_seen"} & set(shown)


def codes(answer):
    assert answer.status_code == 200, answer.body
    return [one["kode"] for one in answer.json["data"]]


def test_regions_are_found_by_code_name_parent_and_level(read):
    assert read("/reference/wilayah", kode="32.04").json["data"][0]["nama"] == "Kabupaten Bandung"
    assert "32.73" in codes(read("/reference/wilayah", q="kota bandung"))
    below = codes(read("/reference/wilayah", induk="32", limit=1000))
    assert below
    assert all(code.startswith("32.") and code.count(".") == 1 for code in below)
    assert set(codes(read("/reference/wilayah", induk="32", tingkat="kecamatan"))) == set()
    assert len(codes(read("/reference/wilayah", tingkat="provinsi"))) == 38


def test_a_region_of_the_past_is_found_on_its_day(read):
    past = read("/reference/wilayah", tingkat="provinsi", berlaku="2010")
    assert len(past.json["data"]) < 38


def test_pages_of_regions_lead_on_and_an_altered_cursor_is_400(read):
    first = read("/reference/wilayah", tingkat="kabkota", limit=300)
    rest = read("/reference/wilayah", tingkat="kabkota", limit=300, cursor=first.json["meta"]["cursor"])
    assert len(first.json["data"]) + len(rest.json["data"]) == first.json["meta"]["total"]
    assert rest.json["links"]["next"] is None
    assert read("/reference/wilayah", tingkat="provinsi", cursor=first.json["meta"]["cursor"]).status_code == 400
    assert read("/reference/wilayah", berlaku="2024-13").status_code == 400


def test_lists_are_304_for_who_has_them(office, read):
    office.put()
    for path in ("/datasets", "/organizations", "/applications", "/reference/wilayah", "/vocabularies"):
        tag = read(path).headers["ETag"]
        again = read(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.body) == (304, ""), path
