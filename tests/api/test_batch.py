"""Many at once and checking without storing: a result for each, and one bad line stops no other."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from satudata_schemas.template import csv_template

BASE = "/api/satudata/v1"
LINK = {"name": "Berkas", "url": "https://data.example.go.id/penduduk.csv", "format": "CSV"}


def dataset(identifier, **more):
    return {
        "identifier": identifier,
        "title": f"Jumlah Penduduk Menurut Kecamatan {identifier}",
        "notes": "Menurut jenis kelamin.",
        "resources": [LINK],
        **more,
    }


@pytest.fixture
def post(app, office, client_of):
    """Post a body: `post(path, content, media)`, as a client of the office unless `by` says who."""
    writer = client_of("dataset:write", "dataset:read", "catalog:read", organization=office.id)

    def send(path, content, media, by=writer, **headers):
        told = {"Authorization": f"Bearer {by.token}", "Content-Type": media}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        return app.test_client(use_cookies=False).post(f"{BASE}{path}", data=content, headers=told)

    send.writer = writer
    return send


@pytest.fixture
def batch(post, office):
    """Send lines to the office's source and read the result of each."""

    def send(*lines, source=office.source, **more):
        content = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
        answer = post(f"/sources/{source}/datasets", content, "application/x-ndjson", **more)
        if answer.status_code != 200:
            return answer
        assert answer.content_type == "application/x-ndjson"
        return [json.loads(line) for line in answer.data.splitlines()]

    return send


def test_every_line_has_its_result(batch, read, post):
    told = batch(
        dataset("a"),
        b"{broken",
        dataset("b", owner_org="lain"),
        {"title": "tanpa pengenal"},
        b"",
        dataset("c", title="NIK 3204011505909999"),
        dataset("a", title="dua kali"),
        [1],
        dataset("d"),
    )
    assert [(one["line"], one["status"]) for one in told] == [
        (1, 201), (2, 400), (3, 422), (4, 422), (6, 422), (7, 422), (8, 422), (9, 201),
    ]  # fmt: skip
    assert told[0]["dataset"]["status"] == "menunggu"
    assert told[2]["errors"][0]["pointer"] == "/owner_org"
    assert "3204011505909999" not in json.dumps(told)
    assert read(f"/datasets/{told[0]['dataset']['id']}", by=post.writer).json["identifier"] == "a"


def test_what_exists_is_overwritten_only_when_asked_to(batch):
    assert batch(dataset("a"))[0]["status"] == 201
    assert batch(dataset("a", satuan="orang"))[0]["status"] == 428
    again = batch(dataset("a", satuan="orang"), dataset("b"), If_Match="*")
    assert [one["status"] for one in again] == [200, 201]
    only_new = batch(dataset("a", satuan="jiwa"), dataset("c"), If_None_Match="*")
    assert [one["status"] for one in only_new] == [412, 201]


def test_sending_the_same_batch_again_changes_nothing(batch, session):
    lines = [dataset(str(number)) for number in range(20)]
    batch(*lines)
    count = text("SELECT count(*) FROM satudata_change")
    before = session.execute(count).scalar()
    again = batch(*lines, If_Match="*")
    session.rollback()
    assert {one["status"] for one in again} == {200}
    assert session.execute(count).scalar() == before


def test_a_batch_is_written_with_few_statements(batch, session):
    from sqlalchemy import event

    statements = []
    engine = session.get_bind()

    def note(*told):
        statements.append(told[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        batch(*(dataset(str(number)) for number in range(100)))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(statements) < 60
    assert sum("COMMIT" in one for one in statements) <= 2


def test_a_batch_has_bounds_and_belongs_to_its_opd(batch, client_of, make_office, unique, post, office):
    assert batch(*[b"{}"] * 1001).status_code == 413
    assert post(f"/sources/{office.source}/datasets", b"{}", "application/json").status_code == 415
    stranger = client_of("dataset:write", organization=make_office(f"{unique}-lain").id)
    refused = batch(dataset("a"), by=stranger)
    assert (refused.status_code, refused.json["code"]) == (403, "E-API-433")
    assert batch(dataset("a"), source="tidak-ada").status_code == 404
    assert batch() == []


def stored(session):
    session.rollback()
    return session.execute(text("SELECT count(*) FROM satudata_record")).scalar()


def test_a_dataset_is_checked_and_nothing_is_stored(post, session):
    answer = post("/validate", json.dumps(dataset("a")), "application/json")
    (item,) = answer.json["items"]
    assert item["issues"][0]["remedy"]
    assert item["score"] > 0
    several = post("/validate?profile=sdi-2019", json.dumps([dataset("a"), dataset("b")]), "application/json").json
    assert several["summary"]["read"] == 2
    assert stored(session) == 0


def test_a_file_is_checked_for_its_form_and_for_persons(post, session):
    rows = "nama,nik,jumlah\r\n" + "".join(f"x,320401{day:02}05909999,1\r\n" for day in range(1, 29))
    (item,) = post("/validate", rows, "text/csv").json["items"]
    assert item["hasil"] == "perlu_perbaikan"
    assert {one["kind"] for one in item["personal_data"]} >= {"nik"}
    assert "3204011505909999" not in json.dumps(item)
    lines = b"\n".join(json.dumps(dataset(str(number))).encode() for number in range(3))
    assert post("/validate", lines, "application/x-ndjson").json["summary"]["read"] == 3
    assert stored(session) == 0


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"{broken", "application/json", 400),
        (b"1", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[" + b",".join([b"{}"] * 101) + b"]", "application/json", 413),
        (b"x" * (11 * 1024 * 1024), "text/csv", 413),
        (b"x", "application/octet-stream", 415),
        (b"PK\x03\x04 no archive", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 422),
        (b"\x00\x01\x02", "text/csv", 422),
        (csv_template().encode(), "text/csv", 422),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes | str) else value,
)
def test_what_cannot_be_checked_is_refused_with_its_reason(post, content, media, status):
    answer = post("/validate", content, media)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), answer.data[:300]
