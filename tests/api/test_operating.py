"""Operating through the API: sources, runs and review, each for who may, each with its entry in the audit log."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text

from tests.small_ckan import portal_of

BASE = "/api/satudata/v1"
ALL = ("catalog:read", "dataset:read", "dataset:write", "harvest:run", "source:manage", "review")


@pytest.fixture
def call(app, client_of, office):
    """Call an address with JSON: `call("POST", "/sources", {…})`, as a client of the office unless `by` says who."""
    own = client_of(*ALL[:-1], organization=office.id)

    def send(method, path, body=None, by=own, **headers):
        sent = {"Authorization": f"Bearer {by.token}", **{name.replace("_", "-"): v for name, v in headers.items()}}
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        return app.test_client(use_cookies=False).open(f"{BASE}{path}", method=method, data=content, headers=sent)

    send.own = own
    return send


@pytest.fixture
def walidata(client_of):
    return client_of(*ALL)


@pytest.fixture
def stranger(client_of, make_office, unique):
    return client_of(*ALL[:-1], organization=make_office(f"{unique}-lain").id)


@pytest.fixture
def audited(session):
    """The actions in the audit log about a thing, with who did them."""

    def read(id_):
        from ckanext.satudata.catalog.tables import audit

        session.rollback()
        asked = select(audit.c.action, audit.c.actor).where(audit.c.object_id == id_).order_by(audit.c.id)
        return [tuple(row) for row in session.execute(asked)]

    return read


def definition(name, **more):
    return {"name": name, "title": "Portal Uji", "connector": "ckan", "url": "https://data.contoh.example", **more}


def key(value):
    return {"auth": {"type": "header", "name": "X-API-Key", "value": value}}


def refusal(answer):
    return (answer.status_code, answer.json["code"], [one["code"] for one in answer.json.get("errors", ())])


def test_a_source_is_registered_changed_paused_and_resumed(call, office, audited, unique):
    made = call("POST", "/sources", definition(f"{unique}-baru", config=key("rahasia-sekali")))
    assert made.status_code == 201, made.data
    assert made.headers["Location"] == f"{BASE}/sources/{unique}-baru"
    assert (made.json["organization"], made.json["state"]) == (office.name, "aktif")
    assert b"rahasia-sekali" not in made.data
    changed = call("PUT", f"/sources/{unique}-baru", {**made.json["definition"], "title": "Portal Baru"})
    assert changed.json["title"] == "Portal Baru"
    assert call("POST", f"/sources/{unique}-baru/pause", {"reason": "Pindah."}).json["paused_reason"] == "Pindah."
    assert call("POST", f"/sources/{unique}-baru/resume").json["state"] == "aktif"
    listed = {one["name"] for one in call("GET", "/sources").json["data"]}
    assert listed == {office.source, f"{unique}-baru"}
    actor = call.own.id
    expected = ["source.add", "source.update", "source.pause", "source.resume"]
    assert audited(made.json["id"]) == [(action, actor) for action in expected]


def test_mistakes_in_a_definition_are_named_with_their_place(call, unique):
    answer = call("POST", "/sources", {"name": unique, "connector": "tidak-ada"})
    assert answer.status_code == 422
    assert answer.json["errors"]
    assert all(one["detail"] for one in answer.json["errors"])
    assert refusal(call("POST", "/sources", [1])) == (400, "E-API-400", ["E-API-430"])


def test_what_only_an_administrator_or_the_walidata_may_is_refused(call, walidata, office, unique):
    environment = definition(unique, config=key("env:SATUDATA_SOURCE_X"))
    for path in ("/sources", "/sources/preview"):
        assert refusal(call("POST", path, environment)) == (403, "E-API-439", ["E-SRC-013"])
        network = definition(unique, allow_networks=["10.0.0.0/8:443"])
        assert refusal(call("POST", path, network)) == (422, "E-API-435", ["E-SRC-003"])
    published = definition(f"{unique}-otomatis", penayangan="otomatis")
    assert refusal(call("POST", "/sources", published)) == (403, "E-API-439", ["E-SRC-006"])
    allowed = call("POST", "/sources", {**published, "organization": office.name}, by=walidata)
    assert allowed.status_code == 201


def test_another_opd_s_sources_and_runs_are_closed_to_a_client(call, stranger, office, addressed):
    named = office.source
    for method, path in (
        ("GET", f"/sources/{named}"),
        ("PUT", f"/sources/{named}"),
        ("POST", f"/sources/{named}/pause"),
        ("POST", f"/sources/{named}/preview"),
        ("POST", f"/sources/{named}/runs"),
        ("GET", f"/sources/{named}/runs"),
        ("GET", f"/sources/{named}/issues.csv"),
        ("GET", addressed("/runs/{run}")),
        ("GET", addressed("/runs/{run}/issues")),
        ("POST", addressed("/runs/{run}/cancel")),
    ):
        answer = call(method, path, {} if method == "PUT" else None, by=stranger)
        assert refusal(answer)[:2] == (403, "E-API-433"), (method, path)
    assert named not in {one["name"] for one in call("GET", "/sources", by=stranger).json["data"]}
    claimed = call("POST", "/sources", definition("milik-lain", organization=office.name), by=stranger)
    assert refusal(claimed) == (403, "E-API-439", ["E-SRC-005"])


@pytest.fixture
def portal(platform):
    """A small CKAN of one package; `.definition(name)` of a source on it."""
    with portal_of(platform, count=1) as defined:
        yield SimpleNamespace(definition=defined)


def test_a_preview_shows_what_a_source_gives_and_stores_nothing(call, portal, unique, session):
    before = session.execute(text("SELECT count(*) FROM satudata_source")).scalar()
    shown = call("POST", "/sources/preview", portal.definition(f"{unique}-portal"))
    assert shown.status_code == 200, shown.data
    assert [item["title"] for item in shown.json["items"]] == ["Jumlah Puskesmas Menurut Kecamatan 0"]
    assert shown.json["summary"]["layak"] == 1
    session.rollback()
    assert session.execute(text("SELECT count(*) FROM satudata_source")).scalar() == before
    assert call("POST", "/sources", portal.definition(f"{unique}-portal")).status_code == 201
    again = call("POST", f"/sources/{unique}-portal/preview")
    assert again.json["items"] == shown.json["items"]


def test_previews_beyond_what_is_made_at_once_are_put_off(call, walidata, portal, unique):
    """One for each client, and only as many as leave the web server threads for everybody else."""
    from ckanext.satudata.harvest import previewing

    asked = portal.definition(f"{unique}-portal")
    with previewing.turn(call.own.id):
        mine = call("POST", "/sources/preview", asked)
        assert refusal(mine)[:2] == (429, "E-API-440")
        assert mine.headers["Retry-After"] == "15"
        assert mine.json["detail"] != call("POST", "/sources/preview", asked, Accept_Language="en").json["detail"]
        other = call("POST", "/sources/preview", {**asked, "organization": unique}, by=walidata)
        assert other.status_code == 200, other.data
        with previewing.turn("seorang-lain"):
            assert call("POST", "/sources/preview", {**asked, "organization": unique}, by=walidata).status_code == 429
    assert call("POST", "/sources/preview", asked).status_code == 200


def test_a_preview_that_waits_for_its_source_holds_a_turn_and_gives_it_back(call, platform, unique):
    from threading import Event, Thread

    from demo.serving import json_answer, serve

    asked, go_on = Event(), Event()

    class Slow:
        def answer(self, _request):
            asked.set()
            go_on.wait(10)
            return json_answer({"success": True, "result": {"count": 0, "results": []}})

    port = platform.allowed_ports[1]
    there = definition(unique, url=f"http://127.0.0.1:{port}", allow_networks=[f"127.0.0.1/32:{port}"])
    answers = []
    with serve(Slow(), port=port):
        first = Thread(target=lambda: answers.append(call("POST", "/sources/preview", there)))
        first.start()
        assert asked.wait(10)
        assert call("POST", "/sources/preview", there).status_code == 429
        go_on.set()
        first.join()
        assert [one.status_code for one in answers] == [200]
        assert call("POST", "/sources/preview", there).status_code == 200


def test_a_source_that_cannot_be_read_is_told_in_the_preview(call, platform, unique):
    port = platform.allowed_ports[1]
    gone = definition(unique, url=f"http://127.0.0.1:{port}", allow_networks=[f"127.0.0.1/32:{port}"])
    shown = call("POST", "/sources/preview", gone)
    assert shown.status_code == 200
    assert shown.json["error"]["code"].startswith("E-")


def test_a_run_is_started_watched_and_leaves_its_issues(call, portal, unique, session, audited):
    from ckanext.satudata.harvest import engine

    name = f"{unique}-portal"
    assert call("POST", "/sources", portal.definition(name)).status_code == 201
    started = call("POST", f"/sources/{name}/runs")
    assert started.status_code == 202, started.data
    run = started.json["run"]
    assert (started.json["state"], started.json["trigger"]) == ("antre", "api")
    assert started.headers["Location"] == f"{BASE}/runs/{run}"
    assert refusal(call("POST", f"/sources/{name}/runs")) == (409, "E-API-409", ["E-RUN-002"])
    session.commit()
    engine.run(run)
    done = call("GET", f"/runs/{run}").json
    assert done["error"] is None
    assert (done["state"], done["read"], done["created"]) == ("selesai", 1, 1)
    assert [one["run"] for one in call("GET", f"/sources/{name}/runs").json["data"]] == [run]
    issues = call("GET", f"/runs/{run}/issues").json
    assert issues["meta"]["total"] == len(issues["data"]) > 0
    assert issues["data"][0]["title"] == "Jumlah Puskesmas Menurut Kecamatan 0"
    rows = list(csv.DictReader(io.StringIO(call("GET", f"/runs/{run}/issues.csv").text.removeprefix("\ufeff"))))
    assert [row["code"] for row in rows] == [one["code"] for one in issues["data"]]
    assert call("GET", f"/sources/{name}/issues?limit=1").json["meta"]["total"] == issues["meta"]["total"]
    assert audited(run) == [("run.start", call.own.id)]


def test_a_queued_run_is_cancelled_and_a_finished_one_is_not(call, addressed, office, session):
    from ckanext.satudata.catalog import tables

    source = session.execute(select(tables.source.c.id).where(tables.source.c.name == office.source)).scalar_one()
    run = str(uuid4())
    session.execute(insert(tables.run).values(id=run, source_id=source))
    session.commit()
    assert call("POST", f"/runs/{run}/cancel").json["state"] == "dibatalkan"
    assert refusal(call("POST", f"/runs/{run}/cancel")) == (409, "E-API-409", ["E-RUN-003"])
    assert refusal(call("GET", "/runs/tidak-ada")) == (404, "E-API-404", ["E-RUN-001"])


@pytest.mark.parametrize("decision", ["confirm", "reject"])
def test_held_removals_are_decided_by_the_walidata_alone(call, walidata, client_of, office, session, audited, decision):
    from ckanext.satudata.catalog import tables

    id_ = office.put("1")
    source = session.execute(select(tables.source.c.id).where(tables.source.c.name == office.source)).scalar_one()
    run = str(uuid4())
    held = {"state": "ditahan", "removals": [id_], "started": text("now() + interval '1 minute'")}
    session.execute(insert(tables.run).values(id=run, source_id=source, **held))
    session.commit()
    confined = client_of(*ALL, organization=office.id)
    assert refusal(call("POST", f"/runs/{run}/{decision}", by=confined)) == (403, "E-API-439", ["E-RUN-004"])
    assert call("POST", f"/runs/{run}/{decision}").status_code == 403
    decided = call("POST", f"/runs/{run}/{decision}", by=walidata)
    assert (decided.status_code, decided.json["state"]) == (200, "selesai"), decided.data
    assert decided.json["missing"] == (1 if decision == "confirm" else 0)
    assert audited(run) == [(f"run.{decision}", walidata.id)]


def test_what_waits_is_approved_or_returned_one_by_one_and_together(call, walidata, office, read, audited):
    ids = [office.put(str(number), action="hold") for number in range(3)]
    queue = call("GET", "/review/waiting?limit=2", by=walidata).json
    assert queue["meta"]["total"] == 3
    assert {one["status"] for one in queue["data"]} == {"menunggu"}
    rest = call("GET", f"/review/waiting?limit=2&cursor={queue['meta']['cursor']}", by=walidata).json
    assert {one["id"] for one in (*queue["data"], *rest["data"])} == set(ids)
    approved = call("POST", "/review/approve", {"ids": [ids[0], "tidak-ada"]}, by=walidata).json["data"]
    assert [(one["outcome"], one.get("code")) for one in approved] == [("approved", None), ("refused", "E-TIN-001")]
    assert read(f"/datasets/{ids[0]}").status_code == 200
    body = {"ids": ids[1:], "reason": "Lengkapi definisi.", "deadline": "2030-01-15"}
    returned = call("POST", "/review/return", body, by=walidata).json["data"]
    assert {one["status"] for one in returned} == {"dikembalikan"}
    told = call("GET", f"/datasets/{ids[1]}/assessment").json
    assert (told["return_reason"], told["return_deadline"]) == ("Lengkapi definisi.", "2030-01-15")
    assert ("review.approved", walidata.id) in audited(ids[0])


def test_review_is_for_the_walidata_and_its_body_is_checked(call, walidata, client_of, office):
    id_ = office.put(action="hold")
    confined = client_of(*ALL, organization=office.id)
    for path, body in (("approve", {"ids": [id_]}), ("return", {"ids": [id_], "reason": "x"})):
        assert refusal(call("POST", f"/review/{path}", body, by=confined))[:2] == (403, "E-API-439")
        assert call("POST", f"/review/{path}", body).status_code == 403
    assert call("GET", "/review/waiting", by=confined).status_code == 403
    for body, code in (
        ({}, "E-API-436"),
        ({"ids": "x"}, "E-API-437"),
        ({"ids": []}, "E-API-438"),
        ({"ids": ["x"] * 501}, "E-API-438"),
        ({"ids": [1]}, "E-API-438"),
        ({"ids": [id_], "status": "tayang"}, "E-API-431"),
    ):
        assert refusal(call("POST", "/review/approve", body, by=walidata)) == (400, "E-API-400", [code])
    wrong_day = {"ids": [id_], "reason": "x", "deadline": "besok"}
    assert refusal(call("POST", "/review/return", wrong_day, by=walidata))[0] == 400


def test_history_tells_who_changed_which_field(call, office, stranger, addressed):
    id_ = addressed.things["id"]
    told = call("GET", f"/datasets/{id_}/history").json
    assert [(one["version"], one["kind"]) for one in told["data"]] == [(2, "changed"), (1, "created")]
    assert "satuan" in told["data"][0]["fields"]
    compared = call("GET", f"/datasets/{id_}/history/1/2").json["differences"]
    assert {"field": "satuan", "resource": None, "before": None, "after": "orang"} in compared
    assert call("GET", f"/datasets/{id_}/history", by=stranger).status_code == 403
    assert call("GET", f"/datasets/{id_}/history/1/9").status_code == 404
    assert call("GET", f"/datasets/{id_}/history/x/2").status_code == 404


def test_a_run_is_taken_back_whole(call, walidata, portal, unique, session):
    from ckanext.satudata.harvest import engine

    name = f"{unique}-portal"
    call("POST", "/sources", portal.definition(name))
    run = call("POST", f"/sources/{name}/runs").json["run"]
    session.commit()
    engine.run(run)
    assert call("POST", f"/runs/{run}/undo").status_code == 403
    queued = call("POST", f"/runs/{run}/undo", by=walidata)
    assert queued.status_code == 202, queued.data
    assert queued.headers["Location"] == f"{BASE}/runs/{queued.json['run']}"
    session.commit()
    engine.run(queued.json["run"])
    assert call("GET", f"/runs/{queued.json['run']}").json["state"] == "selesai"
    assert refusal(call("POST", f"/runs/{run}/undo", by=walidata)) == (409, "E-API-409", ["E-RUN-009"])


def test_what_must_not_exist_is_erased_with_a_reason(call, walidata, office, read, session):
    id_ = office.put("1", title="Jumlah Bocor zebra")
    name = read(f"/datasets/{id_}").json["name"]
    assert refusal(call("POST", f"/datasets/{id_}/erase", {}, by=walidata)) == (400, "E-API-400", ["E-API-436"])
    assert refusal(call("POST", f"/datasets/{id_}/erase", {"reason": " "}, by=walidata))[2] == ["E-HPS-001"]
    assert call("POST", f"/datasets/{id_}/erase", {"reason": "bocor"}).status_code == 403
    erased = call("POST", f"/datasets/{id_}/erase", {"reason": "Memuat nomor pribadi."}, by=walidata)
    assert erased.status_code == 200, erased.data
    assert erased.json["incident"]
    for address in (id_, name):
        assert read(f"/datasets/{address}").status_code == 410
    assert "zebra" not in read("/changes").body
    assert "zebra" not in call("GET", f"/datasets/{id_}/history", by=walidata).text
    assert read("/datasets", q="zebra").json["meta"]["total"] == 0


def test_a_suggestion_is_accepted_held_and_marked_as_inferred(call, office, read, stranger, unique):
    id_ = office.put("1", title="Persentase Balita Stunting Tahun 2023")
    told = call("GET", f"/datasets/{id_}/assessment").json
    offered = {one["field"]: one for one in told["suggestions"]}
    assert "periode_awal" in offered
    refused = call("POST", f"/datasets/{id_}/suggestions", by=stranger).json["data"][0]
    assert (refused["outcome"], refused["code"]) == ("refused", "E-SRC-005")
    one = call("POST", f"/datasets/{id_}/suggestions", {"fields": ["periode_awal"]}).json["data"][0]
    assert (one["outcome"], one["fields"], one["status"]) == ("accepted", ["periode_awal"], "tayang")
    assert read(f"/datasets/{id_}").json["periode_awal"] == offered["periode_awal"]["value"]
    (kept,) = call("GET", f"/datasets/{id_}/provenance").json["held"]
    assert (kept["field"], kept["inferred"]) == ("periode_awal", offered["periode_awal"]["code"])
    office.put("1", title="Persentase Balita Stunting Tahun 2023", notes="Baru dari sumber.")
    assert read(f"/datasets/{id_}").json["periode_awal"] == offered["periode_awal"]["value"]


def test_suggestions_are_accepted_for_many_with_a_result_for_each(call, office):
    ids = [office.put(str(number), title=f"Persentase Balita Stunting Tahun {2020 + number}") for number in range(3)]
    told = call("POST", "/suggestions/accept", {"ids": [*ids, "tidak-ada"], "confidence": "high"}).json["data"]
    assert [one["outcome"] for one in told] == ["accepted"] * 3 + ["refused"]
    assert told[3]["code"] == "E-TIN-001"
    again = call("POST", "/suggestions/accept", {"ids": ids, "confidence": "high"}).json["data"]
    assert {one.get("code") for one in again} == {"E-SAR-001"}
    assert call("POST", "/suggestions/accept", {"ids": ids, "confidence": "yakin"}).status_code == 400
