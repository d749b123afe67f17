"""Reading one dataset: what its access class and status show to whom, and when nothing need be sent."""

from __future__ import annotations

import json

import pytest
from ckan.common import config

PERSONAL = {"ii_pj_nama": "Penanggung Jawab Contoh", "ii_pj_telepon": "0800-1", "i_telepon": "0800-2"}
BASIS = "UU 14/2008 Pasal 17 huruf h"


def test_one_is_found_by_id_and_by_name(office, read):
    id_ = office.put(title="Jumlah Puskesmas 2024", kategori="04", kode_urusan=["1.02"], index=False)
    by_id = read(f"/datasets/{id_}")
    assert by_id.status_code == 200
    assert by_id.json["title"] == "Jumlah Puskesmas 2024"
    assert by_id.json["organization"] == {"id": office.id, "name": office.name, "title": f"Dinas {office.name}"}
    assert by_id.json["kode_urusan"] == ["1.02"]
    assert by_id.json["source"] == {"name": office.source, "title": f"Aplikasi {office.source}"}
    assert by_id.json["resources"][0]["url"] == "https://data.example.go.id/1.csv"
    assert read(f"/datasets/{by_id.json['name']}").json == by_id.json


def test_the_application_s_address_is_no_part_of_an_answer(office, read):
    id_ = office.put(index=False)
    assert "aplikasi.example" not in read(f"/datasets/{id_}").body


def test_an_unknown_one_is_404_as_a_problem(office, read):
    answer = read("/datasets/tidak-ada", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.json["code"] == "E-API-404"
    assert answer.json["title"] == "Not found"


@pytest.mark.parametrize("path", ["/datasets/%00", "/datasets/' OR 1=1 --", "/datasets/" + "a" * 5000])
def test_hostile_names_are_404(office, read, path):
    assert read(path).status_code == 404


def test_an_unchanged_one_is_304_without_a_body(office, read):
    id_ = office.put(index=False)
    first = read(f"/datasets/{id_}")
    again = read(f"/datasets/{id_}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.body) == (304, "")
    assert again.headers["ETag"] == first.headers["ETag"]
    office.put(title="Judul Baru Jumlah Penduduk", index=False)
    assert read(f"/datasets/{id_}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("sent", ['W/"x", ""', '""', '"', ",", 'W/""', '"\x80"', '"' + "a" * 5000 + '"'])
def test_a_tag_that_is_none_of_ours_is_only_unknown(office, read, sent):
    id_ = office.put(index=False)
    assert read(f"/datasets/{id_}", headers={"If-None-Match": sent}).status_code == 200
    tag = read(f"/datasets/{id_}").headers["ETag"]
    assert read(f"/datasets/{id_}", headers={"If-None-Match": f'"x", "", {tag}'}).status_code == 304
    assert read(f"/datasets/{id_}", headers={"If-None-Match": "*"}).status_code == 304


def test_seeing_it_again_at_its_source_leaves_the_etag(office, read, session):
    from sqlalchemy import text

    id_ = office.put(index=False)
    first = read(f"/datasets/{id_}")
    session.execute(
        text("UPDATE satudata_record SET last_seen = now() + interval '1 hour' WHERE id = :id"), {"id": id_}
    )
    session.commit()
    second = read(f"/datasets/{id_}")
    assert second.json["last_checked"] != first.json.get("last_checked")
    assert second.headers["ETag"] == first.headers["ETag"]


def test_of_a_restricted_one_links_are_for_the_opd_and_those_granted(office, make_office, read, client_of, unique):
    other = make_office(f"{unique}-lain")
    id_ = office.put(hak_akses="terbatas", dasar_pengecualian=BASIS, index=False)
    shown = {
        "public": read(f"/datasets/{id_}"),
        "own": read(f"/datasets/{id_}", by=client_of("catalog:read", "dataset:read", organization=office.id)),
        "granted": read(f"/datasets/{id_}", by=client_of("catalog:read", granted=[office.id])),
        "other": read(f"/datasets/{id_}", by=client_of("catalog:read", "dataset:read", organization=other.id)),
        "granted other": read(f"/datasets/{id_}", by=client_of("catalog:read", granted=[other.id])),
        "walidata": read(f"/datasets/{id_}", by=client_of("catalog:read", "dataset:read")),
    }
    links = {who: "url" in answer.json["resources"][0] for who, answer in shown.items()}
    assert links == {
        "public": False, "own": True, "granted": True, "other": False, "granted other": False, "walidata": True,
    }  # fmt: skip
    assert "data.example.go.id" not in shown["public"].body
    assert shown["public"].headers["ETag"] != shown["own"].headers["ETag"]


def test_of_a_closed_one_the_public_reads_title_opd_and_legal_basis(office, read, client_of):
    id_ = office.put(
        hak_akses="tertutup",
        dasar_pengecualian=BASIS,
        notes="Rincian yang dikecualikan.",
        konsep="Rahasia",
        index=False,
    )
    public = read(f"/datasets/{id_}").json
    assert set(public) <= {
        "id", "name", "title", "organization", "hak_akses", "dasar_pengecualian", "status", "version", "resources",
        "last_checked",
    }  # fmt: skip
    assert (public["dasar_pengecualian"], public["resources"]) == (BASIS, [])
    assert "dikecualikan" not in json.dumps(public)
    granted = read(f"/datasets/{id_}", by=client_of("catalog:read", granted=[office.id])).json
    assert granted == public
    own = read(f"/datasets/{id_}", by=client_of("catalog:read", "dataset:read", organization=office.id)).json
    assert own["notes"] == "Rincian yang dikecualikan."


def test_personal_contacts_stand_in_no_answer(office, read, client_of):
    id_ = office.put(**PERSONAL, ii_pj_lain="Contoh Lain", ii_unit_eselon1="Sekretariat", index=False)
    everything = client_of("catalog:read", "dataset:read")
    for answer in (read(f"/datasets/{id_}"), read(f"/datasets/{id_}", by=everything)):
        assert answer.json["ii_unit_eselon1"] == "Sekretariat"
        for value in (*PERSONAL.values(), "Contoh Lain"):
            assert value not in answer.body


def test_what_waits_is_seen_by_its_opd_and_the_walidata_only(office, make_office, read, client_of, unique):
    other = make_office(f"{unique}-lain")
    id_ = office.put(action="hold", index=False)
    seen = {
        "public": read(f"/datasets/{id_}"),
        "own": read(f"/datasets/{id_}", by=client_of("catalog:read", "dataset:read", organization=office.id)),
        "without scope": read(f"/datasets/{id_}", by=client_of("catalog:read", organization=office.id)),
        "granted": read(f"/datasets/{id_}", by=client_of("catalog:read", granted=[office.id])),
        "other": read(f"/datasets/{id_}", by=client_of("catalog:read", "dataset:read", organization=other.id)),
        "walidata": read(f"/datasets/{id_}", by=client_of("catalog:read", "dataset:read")),
    }
    assert {who: answer.status_code for who, answer in seen.items()} == {
        "public": 404, "own": 200, "without scope": 404, "granted": 404, "other": 404, "walidata": 200,
    }  # fmt: skip
    assert seen["own"].json["status"] == "menunggu"
    body = {name: value for name, value in seen["public"].json.items() if name != "instance"}
    missing = {name: value for name, value in read("/datasets/tidak-ada").json.items() if name != "instance"}
    assert body == missing


def test_a_withdrawn_one_is_gone_and_one_never_published_never_was(office, read):
    shown, waiting = office.put("1", index=False), office.put("2", action="hold", index=False)
    office.withdraw("1", index=False)
    office.withdraw("2", index=False)
    assert read(f"/datasets/{shown}").status_code == 410
    assert read(f"/datasets/{shown}").json["code"] == "E-API-410"
    assert read(f"/datasets/{waiting}").status_code == 404


def test_turning_restricted_takes_the_links_away_at_once(office, read):
    id_ = office.put(index=False)
    assert "url" in read(f"/datasets/{id_}").json["resources"][0]
    office.put(hak_akses="terbatas", dasar_pengecualian=BASIS, index=False)
    assert "url" not in read(f"/datasets/{id_}").json["resources"][0]


def test_a_single_read_is_one_statement_and_a_token_costs_none(office, read, client_of):
    from ckan import model
    from sqlalchemy import event

    from ckanext.satudata.api import database

    id_ = office.put(index=False)
    by = client_of("catalog:read")
    read("/vocabularies", by=by)
    statements = []

    def note(_connection, _cursor, statement, *_):
        statements.append(statement)

    engines = (model.meta.engine, database.engine())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        read(f"/datasets/{id_}", by=by)
        counted = len(statements)
        read("/vocabularies/kategori", by=by)
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    assert (counted, len(statements)) == (1, 1)


def test_person_s_token_reads_with_that_person_s_rights(office, act, app, unique):
    person = act("user_create", name=f"{unique}-orang", email=f"{unique}@example.go.id", password=unique * 2)
    id_ = office.put(action="hold", index=False)
    token = act("api_token_create", user=person["name"], name="uji")["token"]

    def status():
        return app.get(f"/api/satudata/v1/datasets/{id_}", headers={"Authorization": f"Bearer {token}"}).status_code

    assert status() == 404
    act("organization_member_create", id=office.id, username=person["name"], role="editor")
    assert status() == 200


def test_the_walidata_reads_the_whole_catalogue(office, make_office, act, app, unique, monkeypatch):
    person = act("user_create", name=f"{unique}-orang", email=f"{unique}@example.go.id", password=unique * 2)
    walidata = make_office(f"{unique}-diskominfo")
    monkeypatch.setitem(config, "ckanext.satudata.walidata_org", walidata.name)
    act("organization_member_create", id=walidata.id, username=person["name"], role="editor")
    id_ = office.put(action="hold", index=False)
    token = act("api_token_create", user=person["name"], name="uji")["token"]
    answer = app.get(f"/api/satudata/v1/datasets/{id_}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_a_dataset_named_after_another_s_id_opens_no_way_into_it(office, make_office, read, client_of, session, unique):
    from sqlalchemy import text

    other = make_office(f"{unique}-lain")
    secret = office.put(hak_akses="terbatas", dasar_pengecualian=BASIS, index=False)
    decoy = other.put(index=False)
    session.execute(text("UPDATE satudata_record SET name = :name WHERE id = :id"), {"name": secret, "id": decoy})
    session.commit()
    asking = client_of("catalog:read", "dataset:read", organization=other.id)

    for reader in (asking, client_of("catalog:read")):
        found = read(f"/datasets/{secret}", by=reader).json
        assert found["id"] == secret
        assert "url" not in found["resources"][0]


def test_connections_that_have_forgotten_the_statement_answer_all_the_same(office, read):
    from ckanext.satudata.api import database

    id_ = office.put(index=False)
    database.engine().dispose()  # the next read makes the only connection there is
    assert read(f"/datasets/{id_}").status_code == 200
    for forgetting in ("DEALLOCATE ALL", "DISCARD ALL"):
        with database.engine().connect() as connection:
            assert "satudata_one" in connection.info
            connection.exec_driver_sql(forgetting)
        assert [read(f"/datasets/{id_}").status_code for _ in range(3)] == [200, 200, 200]


def test_an_answer_is_handed_to_the_server_in_one_piece_and_an_export_is_not(office, client_of, loaded_ckan):
    from werkzeug.test import EnvironBuilder

    id_, token = office.put(index=False), client_of("catalog:read").token
    for path, whole in ((f"datasets/{id_}", True), ("exports/datasets.ndjson", False)):
        environ = EnvironBuilder(f"/api/satudata/v1/{path}", headers={"Authorization": f"Bearer {token}"}).get_environ()
        handed = loaded_ckan.wsgi(environ, lambda _status, _headers: None)
        assert isinstance(handed, list) is whole
        assert id_ in b"".join(handed).decode()
        if not whole:
            handed.close()
