"""Erasing: what must not exist is gone from everywhere, stays gone, and the law's record of it is written."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa

pytestmark = pytest.mark.usefixtures("clean_catalog")

SECRET = "rahasiatersebar"


@pytest.fixture
def leak(office, act, walidata, session):
    """A dataset whose every part says SECRET: fields, files, tags, other keys, versions, issues, a person's edits."""
    from ckanext.satudata.catalog import raw, tables

    resources = [{"url": f"https://data.example.go.id/{SECRET}.csv", "name": f"Berkas {SECRET}", "format": "CSV"}]
    more = {
        "title": f"Daftar {SECRET} Tahun 2024", "notes": f"Uraian {SECRET}.", "tags": [SECRET, "penduduk"],
        "resources": resources, "konsep": f"Konsep {SECRET}",
    }  # fmt: skip
    written = office.put(dataset=office.layak(**more), rest={f"kunci {SECRET}": SECRET})
    office.put(dataset=office.layak(**more | {"notes": f"Uraian kedua {SECRET}."}), rest={"kunci": SECRET})
    office.put("2", dataset=office.layak(title="Dataset lain yang tetap"))
    act("package_patch", id=written.record_id, satuan=f"Satuan {SECRET}")
    office.put(action="hold", dataset=office.layak(**more | {"satuan": f"Pending {SECRET}"}), status="menunggu")
    traced = {"package_id": written.record_id, "rules_hash": "x", "rows_read": 1, "shown": {"rows": [[SECRET]]}}
    session.execute(tables.trace.insert().values(**traced))
    released = {"package_id": written.record_id, "period": "2024", "cells": {SECRET: 5}}
    session.execute(tables.released.insert().values(**released))
    body = f'{{"judul": "{SECRET}"}}'.encode()
    raw.keep(session, [raw.Sent(written.record_id, "a" * 64, body)], replacing=())
    session.commit()
    return written.record_id


def _erase(session, id_, actor, reason="Memuat data pribadi warga."):
    from ckanext.satudata.catalog import erase

    incident = erase.erase(session, id_, actor=actor.id, reason=reason)
    session.commit()
    return incident


def _everything(session, platform, search_index) -> str:
    """All that Postgres, Solr, Redis and the storage hold, as one text; what is compressed, as it was."""
    from pathlib import Path

    from ckan.common import config

    from ckanext.satudata.catalog import raw, tables
    from deploy import postgres

    environment = {**platform.services.postgres.environment(), "PGOPTIONS": "-c bytea_output=escape"}
    command = [str(postgres.binary("pg_dump")), platform.name]
    dump = subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode("utf-8", "replace")
    search_index.commit()
    dump += "".join(str(raw.parsed(row.body)) for row in session.execute(sa.select(tables.raw.c.body)))
    documents = str(search_index.select("*:*", rows="1000", fl="*"))
    with redis.Redis.from_url(platform.redis_url) as connection:
        keys = list(connection.scan_iter())
        values = [connection.dump(key) for key in keys]
    stored = [path.read_bytes() for path in Path(config["ckan.storage_path"]).rglob("*") if path.is_file()]
    return dump + documents + str(keys) + str(values) + str(stored)


def test_nothing_of_it_is_left_anywhere(leak, session, walidata, platform, search_index, office):
    from ckanext.satudata.catalog import erase, index, tables

    index.drain(session)
    assert SECRET in _everything(session, platform, search_index)
    assert session.scalar(sa.select(sa.func.count()).select_from(tables.raw)) == 1

    _erase(session, leak, walidata)
    index.drain(session)
    assert erase.finish(session) == 1

    assert SECRET not in _everything(session, platform, search_index).lower()
    assert session.scalar(sa.select(sa.func.count()).select_from(tables.raw)) == 0
    assert [row["status"] for row in office.rows("record", identifier="2")] == ["tayang"]


def test_a_file_in_the_storage_is_removed(office, act, session, walidata, platform):
    from ckan.lib import uploader
    from werkzeug.datastructures import FileStorage

    from ckanext.satudata.catalog import erase

    written = office.put()
    [resource, _other] = act("package_show", id=written.record_id)["resources"]
    upload = FileStorage(io.BytesIO(SECRET.encode()), filename="a.csv", content_type="text/csv")
    told = {"id": resource["id"], "url": "a.csv", "url_type": "upload"}
    place = uploader.get_resource_uploader(told | {"upload": upload})
    place.upload(resource["id"], 1)
    path = Path(place.get_path(resource["id"]))
    assert path.read_text() == SECRET

    _erase(session, written.record_id, walidata)
    erase.finish(session)

    assert not path.exists()


def test_the_api_answers_410_by_id_and_by_its_old_name(leak, session, walidata, app, office):
    [record] = office.rows("record", id=leak)
    assert app.get(f"/api/satudata/v1/datasets/{leak}.jsonld").status_code == 200
    _erase(session, leak, walidata)
    for address in (leak, record["name"]):
        assert app.get(f"/api/satudata/v1/datasets/{address}.jsonld", status=410)
    assert app.get(f"/dataset/{record['name']}", status=404)


def test_it_is_found_by_nobody_from_that_moment_on_though_solr_is_down(leak, session, walidata, act, search_index):
    from ckan.common import config

    from ckanext.satudata.catalog import erase, hidden, index

    index.drain(session)
    search_index.commit()
    assert act("package_search", q=SECRET)["count"] == 1
    before = config["solr_url"]
    config["solr_url"] = "http://127.0.0.1:9/solr/tidak-ada"
    try:
        _erase(session, leak, walidata)
        assert erase.finish(session) == 0
    finally:
        config["solr_url"] = before

    assert leak in hidden.ids(session)
    assert act("package_search", q=SECRET)["count"] == 0
    index.drain(session)
    assert erase.finish(session) == 1
    search_index.commit()
    assert search_index.documents(f"text:{SECRET}") == []


def test_no_harvest_edit_or_undo_brings_it_back(office, session, walidata, act, unique):
    from ckan.plugins import toolkit

    written = office.put("https://contoh.go.id/pengenal")
    _erase(session, written.record_id, walidata)
    again = office.put("https://contoh.go.id/pengenal")
    assert (again.outcome, again.code) == ("refused", "E-SMP-008")
    [record] = office.rows("record")
    assert record["status"] == "ditarik"
    assert "pengenal" not in str(record)
    with pytest.raises(toolkit.ValidationError):
        act("package_create", id=written.record_id, name=unique, owner_org=office.id, title="Lagi")


def test_the_walidata_may_lift_it(office, session, walidata, person):
    from ckanext.satudata.catalog import erase, incidents
    from ckanext.satudata.catalog.roles import NotAllowed

    written = office.put("satu")
    incident = _erase(session, written.record_id, walidata)
    with pytest.raises(NotAllowed):
        erase.lift(session, written.record_id, actor=person(office.name).id, reason="Keliru.")
    erase.lift(session, written.record_id, actor=walidata.id, reason="Keliru.")
    session.commit()
    assert office.put("satu").outcome == "created"
    assert incidents.show(session, incident)["lifted_by"] == walidata.id
    with pytest.raises(erase.EraseRefused) as refused:
        erase.lift(session, written.record_id, actor=walidata.id, reason="Keliru.")
    assert refused.value.code == "E-HPS-003"


def test_the_incident_says_what_article_46_asks_for_and_no_value(leak, session, walidata, office):
    from ckanext.satudata.catalog import incidents

    before = dt.datetime.now(dt.timezone.utc)
    told = incidents.show(session, _erase(session, leak, walidata))
    assert SECRET not in str(told)
    assert {"title", "notes", "resources", "konsep"} <= set(told["data"]["fields"])
    assert (told["exposure"]["public"], told["exposure"]["source"]) == (True, office.name)
    assert told["exposure"]["since"] <= told["exposure"]["until"]
    assert {one["step"] for one in told["done"]} == {"disembunyikan", "versi", "baris_basis_data"}
    assert told["notify"] == ["subjek_data", "lembaga_pdp", "masyarakat"]
    deadline = dt.datetime.fromisoformat(told["deadline"])
    assert deadline - dt.datetime.fromisoformat(told["known_at"]) == dt.timedelta(hours=72)
    assert deadline >= before + dt.timedelta(hours=72)
    assert told["state"] == "terbuka"
    assert 0 < told["seconds_left"] <= 72 * 3600


def test_the_clock_runs_from_when_it_became_known_and_stops_when_they_are_told(office, session, walidata, person):
    from ckanext.satudata.catalog import erase, incidents
    from ckanext.satudata.catalog.roles import NotAllowed

    id_ = office.put().record_id
    known = dt.datetime.now(dt.timezone.utc) - dt.timedelta(hours=80)
    incident = erase.erase(session, id_, actor=walidata.id, reason="Bocor.", known_at=known)
    assert incidents.show(session, incident)["state"] == "terlambat"
    assert [one["incident"] for one in incidents.listing(session, open_only=True)] == [incident]
    with pytest.raises(NotAllowed):
        incidents.notified(session, incident, actor=person(office.name).id, notes="")
    told = incidents.notified(session, incident, actor=walidata.id, notes="Surat nomor 12 sudah dikirim.")
    assert (told["state"], told["notified_by"], told["seconds_left"]) == ("selesai", walidata.id, None)
    assert incidents.listing(session, open_only=True) == []
    with pytest.raises(incidents.UnknownIncident):
        incidents.show(session, "tidak-ada")


def test_erasing_again_is_the_same_incident(leak, session, walidata, office):
    [record] = office.rows("record", id=leak)
    first = _erase(session, leak, walidata)
    assert _erase(session, leak, walidata) == first
    assert _erase(session, record["name"], walidata) == first


def test_only_the_walidata_erases_and_says_why_without_the_data(office, session, walidata, person):
    from ckanext.satudata.catalog import erase
    from ckanext.satudata.catalog.roles import NotAllowed

    id_ = office.put().record_id
    for actor in (None, person(office.name, "admin").id):
        with pytest.raises(NotAllowed):
            erase.erase(session, id_, actor=actor, reason="Bocor.")
    nik = "327601" + "010190" + "9999"
    for reason, code in (("  ", "E-HPS-001"), (f"NIK {nik} tampil", "E-HPS-002")):
        with pytest.raises(erase.EraseRefused) as refused:
            erase.erase(session, id_, actor=walidata.id, reason=reason)
        assert refused.value.code == code
    with pytest.raises(erase.EraseRefused) as refused:
        erase.erase(session, "tidak-ada", actor=walidata.id, reason="Bocor.")
    assert refused.value.code == "E-TIN-001"


def test_a_draft_that_the_public_never_saw_was_not_public(office, session, walidata):
    from ckanext.satudata.catalog import incidents

    id_ = office.put(action="hold", status="menunggu").record_id
    told = incidents.show(session, _erase(session, id_, walidata))
    assert (told["exposure"]["public"], told["exposure"]["since"]) == (False, None)
    assert told["notify"] == ["subjek_data", "lembaga_pdp"]


def test_other_datasets_keep_their_tags_and_rows(office, session, walidata, act):
    from ckan import model

    id_ = office.put(dataset=office.layak(tags=["bersama", "hanya-di-sini"])).record_id
    other = office.put("2", dataset=office.layak(title="Lain", tags=["bersama"])).record_id
    _erase(session, id_, walidata)
    assert [tag["name"] for tag in act("package_show", id=other)["tags"]] == ["bersama"]
    assert session.scalar(sa.select(model.Tag.id).where(model.Tag.name == "hanya-di-sini")) is None
