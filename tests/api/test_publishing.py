"""Publishing: an application sends its dataset, is told what is wrong with it, and can neither claim nor overwrite."""

from __future__ import annotations

import json

import pytest

BASE = "/api/satudata/v1"
LINK = {"name": "Berkas", "url": "https://data.example.go.id/penduduk.csv", "format": "CSV"}
DATASET = {"title": "Jumlah Penduduk Menurut Kecamatan", "notes": "Menurut jenis kelamin.", "resources": [LINK]}


@pytest.fixture
def send(app, office, client_of):
    """Send to the office's source: `send("PUT", "penduduk-1", {…})`, as a client of the office unless `by` says who."""
    writer = client_of("dataset:write", "dataset:read", "catalog:read", organization=office.id)

    def call(method, identifier="penduduk-1", body=None, by=writer, source=office.source, **headers):
        told = {"Authorization": f"Bearer {by.token}", **{name.replace("_", "-"): v for name, v in headers.items()}}
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        if content is not None:
            told.setdefault("Content-Type", "application/json")
        path = f"{BASE}/sources/{source}/datasets/{identifier}"
        return app.test_client(use_cookies=False).open(path, method=method, data=content, headers=told)

    call.writer = writer
    return call


def etag(read, send, id_):
    return read(f"/datasets/{id_}", by=send.writer).headers["ETag"]


def test_a_sent_dataset_waits_for_the_walidata_as_a_harvested_one(send, read):
    answer = send("PUT", body=DATASET)
    assert answer.status_code == 201, answer.data
    assert {name: answer.json[name] for name in ("hasil", "status")} == {"hasil": "layak", "status": "menunggu"}
    assert all({"code", "severity", "pointer", "message", "remedy"} <= set(issue) for issue in answer.json["issues"])
    single = read(f"/datasets/{answer.json['id']}", by=send.writer)
    assert (single.json["title"], single.json["identifier"]) == (DATASET["title"], "penduduk-1")
    assert answer.headers["Location"] == f"{BASE}/datasets/{answer.json['id']}"
    assert read(f"/datasets/{answer.json['id']}").status_code == 404


def test_a_source_that_publishes_by_itself_publishes_at_once(send, read, office, session):
    from sqlalchemy import update

    from ckanext.satudata.catalog.tables import source

    session.execute(update(source).where(source.c.name == office.source).values(penayangan="otomatis"))
    session.commit()
    answer = send("PUT", body=DATASET)
    assert answer.json["status"] == "tayang"
    assert read(f"/datasets/{answer.json['id']}").status_code == 200


def test_sending_the_same_again_changes_nothing(send, read, session):
    from sqlalchemy import text

    first = send("PUT", body=DATASET)
    changes = text("SELECT count(*) FROM satudata_change")
    before = session.execute(changes).scalar()
    again = send("PUT", body=DATASET, If_Match=etag(read, send, first.json["id"]))
    assert (again.status_code, again.json["id"]) == (200, first.json["id"])
    session.rollback()
    assert session.execute(changes).scalar() == before


def test_only_who_has_read_it_replaces_it(send, read):
    id_ = send("PUT", body=DATASET).json["id"]
    changed = {**DATASET, "title": "Jumlah Penduduk Menurut Desa"}
    read_as = etag(read, send, id_)
    assert send("PUT", body=changed).status_code == 428
    assert send("PUT", body=changed, If_Match='"lain"').status_code == 412
    assert send("PUT", body=changed, If_None_Match="*").status_code == 412
    assert send("PUT", body=changed, If_Match=read_as).status_code == 200
    assert send("PUT", body=DATASET, If_Match=read_as).status_code == 412
    assert send("PUT", "baru", body=DATASET, If_Match=read_as).status_code == 412


@pytest.mark.parametrize(
    "claim",
    [
        {"owner_org": "lain"}, {"private": False}, {"state": "active"}, {"id": "x"}, {"creator_user_id": "x"},
        {"status": "tayang"}, {"hasil": "layak"}, {"skor_sdi": 100}, {"name": "milik-lain"}, {"tidak_dikenal": 1},
    ],
    ids=str,
)  # fmt: skip
def test_what_the_server_decides_cannot_be_sent(send, claim):
    answer = send("PUT", body={**DATASET, **claim})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert [one["pointer"] for one in answer.json["errors"]] == [f"/{name}" for name in claim]


def test_a_foreign_key_in_a_resource_is_pointed_at(send):
    answer = send("PUT", body={**DATASET, "resources": [LINK, {**LINK, "package_id": "x"}]})
    assert [one["pointer"] for one in answer.json["errors"]] == ["/resources/1/package_id"]


def test_another_identifier_in_the_body_is_refused(send):
    assert send("PUT", body={**DATASET, "identifier": "lain"}).json["errors"][0]["pointer"] == "/identifier"
    assert send("PUT", body={**DATASET, "identifier": "penduduk-1"}).status_code == 201


def test_personal_data_is_not_loaded_and_not_echoed(send, session):
    from sqlalchemy import text

    nik = "3204011203909999"
    answer = send("PUT", body={**DATASET, "notes": f"Data warga dengan NIK {nik}"})
    assert (answer.status_code, answer.json["code"]) == (422, "E-API-422")
    assert answer.json["errors"]
    assert nik not in answer.text
    session.rollback()
    assert nik not in str(session.execute(text("SELECT to_jsonb(r) FROM satudata_record r")).all())


def test_an_identifier_that_is_a_person_s_number_is_refused(send):
    assert send("PUT", "3204011203909999", body=DATASET).status_code == 400


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b'{"title": NaN}', {}, 400),
        (b'{"title": "a", "title": "b"}', {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"title": "x"}', {"Content_Type": "text/plain"}, 415),
        (b'{"title": "' + b"x" * 1_100_000 + b'"}', {}, 413),
    ],
    ids=range(8),
)
def test_a_bad_body_is_told_what_is_wrong(send, body, headers, status):
    assert send("PUT", body=body, **headers).status_code == status


def test_an_incomplete_dataset_is_kept_as_a_draft_with_its_issues(send):
    answer = send("PUT", body={"notes": "Tanpa judul dan tautan."})
    assert (answer.status_code, answer.json["hasil"], answer.json["status"]) == (201, "perlu_perbaikan", "draf")
    assert {"/title", "/resources"} <= {issue["pointer"] for issue in answer.json["issues"]}


def test_another_opd_s_source_is_out_of_reach(send, make_office, client_of, unique):
    other = make_office(f"{unique}-lain")
    foreign = client_of("dataset:write", organization=other.id)
    assert send("PUT", body=DATASET, by=foreign).status_code == 403
    assert send("PUT", body=DATASET, by=foreign).json["code"] == "E-API-433"
    assert send("PUT", body=DATASET, by=client_of("dataset:read")).status_code == 403
    assert send("PUT", body=DATASET, source="tidak-ada").status_code == 404
    assert send("PUT", body=DATASET).status_code == 201
    assert send("DELETE", by=foreign, If_Match="*").status_code == 403


def test_withdrawing_is_done_once_and_leaves_a_tombstone(send, read):
    id_ = send("PUT", body=DATASET).json["id"]
    assert send("DELETE").status_code == 428
    assert send("DELETE", If_Match=etag(read, send, id_)).status_code == 204
    assert send("DELETE").status_code == 204
    assert read(f"/datasets/{id_}", by=send.writer).status_code == 410
    assert send("PUT", body=DATASET, If_Match="*").status_code == 410
    assert send("DELETE", "tidak-ada").status_code == 404


def test_what_was_erased_is_gone_and_is_not_sent_again(send, read, client_of, session):
    from ckanext.satudata.catalog import erase

    id_ = send("PUT", body=DATASET).json["id"]
    walidata = client_of("catalog:read", "dataset:read", "review")
    erase.erase(session, id_, actor=walidata.id, reason="Memuat data pribadi.")
    session.commit()
    assert read(f"/datasets/{id_}", by=send.writer).status_code == 410
    assert send("PUT", body=DATASET).status_code == 410


def test_every_write_is_audited(send, session):
    from sqlalchemy import text

    id_ = send("PUT", body=DATASET).json["id"]
    session.rollback()
    told = text("SELECT actor, action FROM satudata_audit WHERE object_id = :id")
    assert session.execute(told, {"id": id_}).all() == [(send.writer.id, "dataset.put")]


def test_what_its_application_took_back_while_it_was_lost_stays_taken_back(send, session):
    from sqlalchemy import text

    sent = send("PUT", body=DATASET)
    asked = {"id": sent.json["id"]}
    session.execute(text("UPDATE satudata_record SET tidak_ditemukan_sejak = current_date WHERE id = :id"), asked)
    session.commit()
    assert send("DELETE", If_Match="*").status_code == 204
    row = session.execute(text("SELECT status, tidak_ditemukan_sejak FROM satudata_record WHERE id = :id"), asked).one()
    assert tuple(row) == ("ditarik", None)


def test_a_source_s_name_that_postgres_cannot_hold_is_not_found(send):
    assert send("PUT", body=DATASET, source="a%00b").status_code == 404
