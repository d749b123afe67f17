"""How the API behaves towards programs: methods, headers, languages, compression, and services that are gone."""

from __future__ import annotations

import gzip
import json
import socket
import time

import pytest
from ckan.common import config

BASE = "/api/satudata/v1"


def test_lists_come_in_the_envelope(read):
    answer = read("/vocabularies")
    assert list(answer.json) == ["data", "meta", "links"]
    assert answer.json["meta"] == {"total": len(answer.json["data"]), "cursor": None}
    assert answer.json["links"] == {"self": f"{config['ckan.site_url']}{BASE}/vocabularies", "next": None}


def test_vocabularies_carry_their_entries(read):
    answer = read("/vocabularies/hak_akses")
    assert [entry["code"] for entry in answer.json["entries"]] == ["terbuka", "terbatas", "tertutup"]
    assert read("/vocabularies/../../etc/passwd").status_code == 404
    assert read("/vocabularies/tidak-ada").status_code == 404


def test_organizations_and_applications_count_what_is_published(office, read):
    office.put("1", index=False)
    office.put("2", action="hold", index=False)
    opd = next(one for one in read("/organizations").json["data"] if one["id"] == office.id)
    assert (opd["title"], opd["datasets"]) == (f"Dinas {office.name}", 1)
    application = read("/applications").json["data"][0]
    assert (application["name"], application["datasets"]) == (office.source, 1)
    assert application["last_checked"]
    assert "aplikasi.example" not in json.dumps(application)


def test_an_application_was_last_checked_when_a_complete_run_ended(office, read, session):
    from sqlalchemy import update

    from ckanext.satudata.catalog.tables import source

    office.put(index=False)
    before = read("/applications").json["data"][0]["last_checked"]
    session.execute(update(source).where(source.c.name == office.source).values(last_complete="2999-01-01T00:00:00Z"))
    session.commit()
    after = read("/applications").json["data"][0]["last_checked"]
    assert before < after == "2999-01-01T00:00:00Z"


def test_statistics_tell_what_is_published_now(office, read):
    assert read("/statistics").json["datasets"] == 0
    office.put("1", jadwal_pemutakhiran="tahunan", tanggal_mutakhir="2020-01-01", index=False)
    office.put("2", action="hold", index=False)
    told = read("/statistics").json
    assert (told["datasets"], told["resources"], told["organizations"]) == (1, 1, 1)
    assert told["freshness"] == {"mutakhir": 0, "terlambat": 1, "tanpa_jadwal": 0}
    (one,) = told["per_organization"]
    assert (one["name"], one["datasets"], one["terlambat"]) == (office.name, 1, 1)
    assert sum(told["label"].values()) == 1


def test_statistics_count_topics_by_code_and_of_what_is_closed_only_that_it_is_there(office, read):
    late = {"jadwal_pemutakhiran": "tahunan", "tanggal_mutakhir": "2020-01-01"}
    office.put("1", kategori="Perlindungan Sosial dan Kesehatan", index=False)
    office.put("2", kategori="04", index=False)
    closed = {"hak_akses": "tertutup", "dasar_pengecualian": "UU 14/2008 Pasal 17 huruf h"}
    office.put("3", kategori="09", index=False, **late, **closed)
    told = read("/statistics").json
    assert (told["datasets"], told["resources"]) == (3, 2)
    assert [(one["value"], one["datasets"]) for one in told["kategori"]] == [("04", 2)]
    assert told["freshness"]["terlambat"] == 0
    assert [(one["datasets"], one["terlambat"]) for one in told["per_organization"]] == [(3, 0)]


def test_answers_say_what_may_be_kept_and_how_they_vary(read):
    answer = read("/vocabularies")
    assert "public" not in answer.headers["Cache-Control"]
    assert {"Authorization", "Accept-Language", "Accept-Encoding"} <= set(answer.headers["Vary"].split(", "))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_harmless_request_id_comes_back_and_another_is_replaced(read):
    assert read("/vocabularies", headers={"X-Request-ID": "uji-12345678"}).headers["X-Request-ID"] == "uji-12345678"
    forged = read("/vocabularies", headers={"X-Request-ID": "<script>alert(1)</script>"}).headers["X-Request-ID"]
    assert forged.isalnum()


def test_head_answers_as_get_without_a_body(app, client_of):
    headers = {"Authorization": f"Bearer {client_of('catalog:read').token}"}
    get = app.get(f"{BASE}/vocabularies", headers=headers)
    head = app.test_client(use_cookies=False).head(f"{BASE}/vocabularies", headers=headers)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_long_answers_are_compressed_for_those_who_take_it(read):
    plain, packed = read("/vocabularies/urusan"), read("/vocabularies/urusan", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Content-Encoding" not in read("/vocabularies/urusan", headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_browsers_of_other_sites_may_read_and_not_write(app):
    answer = app.options(f"{BASE}/datasets", headers={"Origin": "https://lain.example"})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_another_method_is_405_and_told_which_would_do(app):
    answer = app.post(f"{BASE}/vocabularies")
    assert (answer.status_code, answer.json["code"]) == (405, "E-API-405")
    assert "GET" in answer.headers["Allow"]


def test_problems_are_in_the_reader_s_language(app):
    spoken = {
        language: app.get(f"{BASE}/datasets", headers={"Accept-Language": language}).json["title"]
        for language in ("id", "en-GB, en;q=0.9", "fr", "")
    }
    assert spoken == {
        "id": "Token akses diperlukan",
        "en-GB, en;q=0.9": "Access token required",
        "fr": "Token akses diperlukan",
        "": "Token akses diperlukan",
    }


def test_every_problem_s_type_leads_to_its_meaning(app):
    told = app.get(f"{BASE}/datasets").json
    meaning = app.get(told["type"])
    assert meaning.status_code == 200
    assert set(meaning.json) == {"code", "id", "en"}


def test_every_code_is_told_in_both_languages_with_title_and_detail():
    from ckanext.satudata.api.problems import messages

    for code, told in messages().items():
        assert set(told) == {"id", "en"}, code
        assert all(told[language].keys() == {"title", "detail"} for language in told), code


def test_an_unknown_parameter_is_400_and_named(read):
    answer = read("/vocabularies", salah="1", **{"a/b": "2"})
    assert answer.status_code == 400
    assert [(one["code"], one["pointer"], one["parameter"]) for one in answer.json["errors"]] == [
        ("E-API-423", "/salah", "salah"),
        ("E-API-423", "/a~1b", "a/b"),
    ]


def test_a_hostile_parameter_name_is_not_echoed_whole(read):
    answer = read("/vocabularies", **{"<script>" + "a" * 9000: "1"})
    assert answer.status_code == 400
    assert len(answer.body) < 2000


def test_too_large_a_body_is_refused(app):
    answer = app.post(
        f"{BASE}/oauth/token",
        data=b"grant_type=" + b"a" * 11_000_000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413


def test_an_unexpected_failure_tells_nothing_but_its_number(app, monkeypatch, caplog):
    from ckanext.satudata.api.routes import document

    def fail():
        raise RuntimeError("rahasia dalam")

    monkeypatch.setattr(document, "described", fail)
    answer = app.get(f"{BASE}/openapi.json")
    assert (answer.status_code, answer.json["code"]) == (500, "E-API-500")
    assert "rahasia" not in answer.body + caplog.text.replace('RuntimeError("rahasia dalam")', "")
    assert answer.headers["X-Request-ID"] in caplog.text
    assert "RuntimeError" in caplog.text
    assert "in fail" in caplog.text


@pytest.fixture
def silent_port():
    """A port that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield listening.getsockname()[1]


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_without_redis_nobody_is_let_in_and_told_to_come_back(read, monkeypatch, silent_port, kind):
    port = 1 if kind == "closed" else silent_port
    monkeypatch.setitem(config, "ckan.redis.url", f"redis://127.0.0.1:{port}/0")
    begun = time.monotonic()
    answer = read("/vocabularies")
    assert (answer.status_code, answer.json["code"]) == (503, "E-API-503")
    assert int(answer.headers["Retry-After"]) > 0
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_without_solr_lists_are_503_and_single_reads_go_on(office, read, monkeypatch, silent_port, kind):
    port = 1 if kind == "closed" else silent_port
    id_ = office.put(index=False)
    monkeypatch.setitem(config, "solr_url", f"http://127.0.0.1:{port}/solr/ckan")
    begun = time.monotonic()
    answer = read("/datasets")
    assert (answer.status_code, answer.json["code"]) == (503, "E-API-503")
    assert time.monotonic() - begun < 2
    assert read(f"/datasets/{id_}").status_code == 200


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_without_postgres_single_reads_are_503(office, read, monkeypatch, silent_port, kind):
    from ckan import model
    from sqlalchemy import create_engine

    port = 1 if kind == "closed" else silent_port
    id_ = office.put(index=False)
    monkeypatch.setattr(model.meta, "engine", create_engine(f"postgresql://siapa@127.0.0.1:{port}/tidak-ada"))
    begun = time.monotonic()
    answer = read(f"/datasets/{id_}")
    assert (answer.status_code, answer.json["code"]) == (503, "E-API-503")
    assert int(answer.headers["Retry-After"]) > 0
    assert time.monotonic() - begun < 2


def test_a_statement_that_takes_longer_than_usual_is_waited_for(ckan_context):
    from sqlalchemy import text

    from ckanext.satudata.api import database, silence

    seconds = silence.PATIENCE + silence.LOOK + silence.PROBE + 0.2
    assert database.rows(text("SELECT pg_sleep(:seconds), 1 AS told"), {"seconds": seconds})[0].told == 1


def test_health_tells_which_service_is_gone(app, monkeypatch):
    assert app.get("/health/live").json == {"status": "ok"}
    assert app.get("/health/ready").json["status"] == "ok"
    monkeypatch.setitem(config, "solr_url", "http://127.0.0.1:1/solr/ckan")
    answer = app.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json["checks"] == {"postgres": "ok", "redis": "ok", "solr": "unavailable"}
    assert app.get("/health/live").status_code == 200


def test_metrics_are_for_this_machine_and_for_scope_admin(app, office, client_of):
    office.put(index=False)
    here = app.get("/metrics", environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    assert here.status_code == 200
    assert 'satudata_records{status="tayang"} 1' in here.body
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}}
    assert app.get("/metrics", **elsewhere).status_code == 401
    behind_a_proxy = app.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"})
    assert behind_a_proxy.status_code == 401
    for scope, status in (("admin", 200), ("catalog:read", 403)):
        headers = {"Authorization": f"Bearer {client_of(scope).token}"}
        assert app.get("/metrics", headers=headers, **elsewhere).status_code == status


def test_ckan_s_own_api_stays_as_it_is(app):
    assert app.get("/api/3/action/status_show").json["success"] is True


@pytest.mark.parametrize("pair", ["a%00:b", "a:%00"])
def test_credentials_that_postgres_cannot_hold_are_only_wrong(app, loaded_ckan, pair):
    import base64

    told = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    answer = app.post(f"{BASE}/oauth/token", headers=told, data={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json) == (401, {"error": "invalid_client"})
