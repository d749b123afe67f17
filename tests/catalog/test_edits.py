"""Edits by people: one truth for all doors."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("clean_catalog")


@pytest.fixture
def editor(office, person):
    return person(office.id, "editor")


def _dataset(office, name="buatan-tangan", **more):
    return {
        "name": name,
        "title": "Daftar Puskesmas Tahun 2024",
        "notes": "Daftar puskesmas beserta alamatnya.",
        "owner_org": office.id,
        "license_id": "cc-by",
        "resources": [{"url": "https://data.example.go.id/puskesmas.csv", "name": "Puskesmas", "format": "CSV"}],
        **more,
    }


def _record(office, package_id):
    [record] = office.rows("record", id=package_id)
    return record


def test_a_persons_dataset_waits_for_review_and_is_not_public(office, editor, act):
    made = editor.act("package_create", **_dataset(office, private=False))
    assert made["private"] is True
    assert act("package_show", id=made["id"])["private"] is True
    record = _record(office, made["id"])
    assert (record["status"], record["hasil"], record["identifier"]) == ("menunggu", "layak", made["id"])
    [source] = office.rows("source", id=record["source_id"])
    assert (source["connector"], source["organization_id"]) == ("formulir", office.id)
    assert [row["audience"] for row in office.rows("answer", package_id=made["id"])] == ["full"]
    assert [(row["kind"], row["actor"]) for row in office.rows("change")] == [("created", editor.id)]


def test_what_assessment_refuses_is_kept_as_draft_with_its_issues(office, editor):
    made = editor.act("package_create", **_dataset(office, resources=[], private=False))
    assert made["private"] is True
    assert (_record(office, made["id"])["status"]) == "draf"
    assert office.rows("issue", record_id=made["id"]) != []


@pytest.mark.parametrize("door", ["package_patch", "bulk_update_public"])
def test_nobody_publishes_what_is_not_approved(door, office, editor, act):
    made = editor.act("package_create", **_dataset(office, private=True))
    if door == "package_patch":
        editor.act(door, id=made["id"], private=False)
    else:
        act(door, datasets=[made["id"]], org_id=office.id)
    assert act("package_show", id=made["id"])["private"] is True
    assert _record(office, made["id"])["status"] == "menunggu"


def test_the_walidata_publishes_what_is_fit(office, editor, walidata, act, person):
    made = editor.act("package_create", **_dataset(office, private=True))
    act("organization_member_create", id=office.id, username=walidata.name, role="editor")
    walidata.act("package_patch", id=made["id"], private=False)
    assert _record(office, made["id"])["status"] == "tayang"
    assert person(name="umum").act("package_show", id=made["id"])["private"] is False


def test_an_edit_that_would_spoil_a_published_dataset_is_refused(office, editor, act):
    from ckan.logic import ValidationError

    written = office.put()
    with pytest.raises(ValidationError) as refused:
        editor.act("package_patch", id=written.record_id, resources=[])
    assert "resources" in refused.value.error_dict
    assert len(act("package_show", id=written.record_id)["resources"]) == 2
    assert _record(office, written.record_id)["status"] == "tayang"


@pytest.mark.parametrize("door", ["private", "bulk", "delete", "bulk delete"])
def test_hiding_and_deleting_always_succeed(door, office, editor, act, session):
    from ckanext.satudata.catalog import index

    written = office.put()
    while index.drain(session):
        pass
    doors = {
        "private": lambda: editor.act("package_patch", id=written.record_id, private=True),
        "bulk": lambda: act("bulk_update_private", datasets=[written.record_id], org_id=office.id),
        "delete": lambda: act("package_delete", id=written.record_id),
        "bulk delete": lambda: act("bulk_update_delete", datasets=[written.record_id], org_id=office.id),
    }
    doors[door]()
    record = _record(office, written.record_id)
    assert record["status"] == ("ditarik" if "delete" in door else "draf")
    assert ("removed", "public") in {(row["kind"], row["audience"]) for row in office.rows("change")}
    assert act("package_search", include_private=True)["count"] == 0
    assert "public" not in {row["audience"] for row in office.rows("answer")}


def test_what_a_person_set_survives_the_next_harvest(office, editor, act):
    written = office.put()
    editor.act("package_patch", id=written.record_id, notes="Uraian yang ditulis orang.", konsep="Penduduk")
    held = {(row["field"], row["user_id"]) for row in office.rows("held")}
    assert held == {("notes", editor.id), ("konsep", editor.id)}
    office.put(dataset=office.layak(notes="Uraian baru dari sumber.", satuan="orang"))
    shown = act("package_show", id=written.record_id)
    assert shown["notes"] == "Uraian yang ditulis orang."
    assert (shown["konsep"], shown["satuan"]) == ("Penduduk", "orang")


SENT = {
    "klasifikasi": ["Kecamatan"],
    "variabel_disagregasi": "umur, jenis kelamin",
    "kode_urusan": ["2.12", "kode lain"],
    "jenis_data": "jenis sendiri",
    "interpretasi": "baris satu\nbaris dua",
    "tanggal_mutakhir": "2025",
    "lain_dari_sumber": "x",
    "resources": [
        {
            "id": "tabel-1",
            "url": "https://data.example.go.id/penduduk.csv",
            "name": "Penduduk",
            "format": "csv",
            "kunci_sumber": "tetap",
            "kamus_data": [
                {"nama": "kecamatan", "akses_umum": True, "value_domain": ["A", "B"], "catatan": "tetap"},
                {"nama": "jumlah", "akses_umum": False},
            ],
        }
    ],
}


def _as_a_browser_sends(value):
    if isinstance(value, list):
        return value[0] if len(value) == 1 else value or ""
    return "" if value is None else str(value).replace("\n", "\r\n")


def test_a_form_sent_back_untouched_changes_and_holds_nothing(office, editor, act):
    from ckanext.satudata.catalog.package import form_fields

    written = office.put("1", "hold", office.layak(**SENT), status="menunggu")
    before = _record(office, written.record_id)
    shown = act("package_show", id=written.record_id)
    sent = {name: _as_a_browser_sends(shown.get(name)) for name in form_fields()}
    editor.act("package_patch", id=written.record_id, **sent)
    assert office.rows("held") == []
    after = _record(office, written.record_id)
    [was], [now] = before["dataset"].pop("resources"), after["dataset"].pop("resources")
    assert {name: after["dataset"][name] for name in before["dataset"]} == before["dataset"]
    assert {name: now[name] for name in was} == was
    assert after["status"] == before["status"]
    stored = act("package_show", id=written.record_id)
    assert {name for name in form_fields() if name in stored} == {name for name in form_fields() if name in shown}
    assert {extra["key"] for extra in stored["extras"]} >= {"lain_dari_sumber"}


def test_a_files_form_loses_nothing_it_does_not_show(office, editor, act):
    written = office.put("1", "hold", office.layak(**SENT), status="menunggu")
    before = _record(office, written.record_id)["dataset"]
    [file] = act("package_show", id=written.record_id)["resources"]
    sent = {
        "kamus_data-0-nama": "kecamatan",
        "kamus_data-0-akses_umum": "True",
        "kamus_data-0-value_domain": '["A", "B"]',
        "kamus_data-0-satuan": "",
        "kamus_data-1-nama": "jumlah",
        "kamus_data-1-akses_umum": "False",
        "tahun_data": "",
    }
    shown = {name: file[name] for name in ("id", "url", "name", "format")}
    editor.act("resource_update", **shown, **sent, description="Ditulis orang")
    [changed] = _record(office, written.record_id)["dataset"]["resources"]
    assert changed.pop("description") == "Ditulis orang"
    assert {key: changed[key] for key in before["resources"][0]} == before["resources"][0]
    assert [(row["field"], row["resource_id"]) for row in office.rows("held")] == [("description", file["id"])]


def test_a_person_takes_a_value_away_with_an_empty_field(office, editor, act):
    written = office.put("1", "hold", office.layak(konsep="Penduduk", klasifikasi=["Kecamatan"]), status="menunggu")
    editor.act("package_patch", id=written.record_id, konsep="", klasifikasi="", kode_urusan=["", "2.12"])
    assert {(row["field"], row["value"]) for row in office.rows("held")} == {("konsep", None), ("klasifikasi", None)}
    office.put("1", "hold", office.layak(konsep="Warga", klasifikasi=["Kecamatan"]), status="menunggu")
    shown = act("package_show", id=written.record_id)
    assert not {"konsep", "klasifikasi"} & (shown.keys() | {extra["key"] for extra in shown["extras"]})


def test_a_value_set_in_a_file_survives_too(office, editor, act):
    written = office.put()
    files = act("package_show", id=written.record_id)["resources"]
    editor.act("resource_patch", id=files[0]["id"], description="Ditulis orang")
    assert [(row["field"], row["resource_id"]) for row in office.rows("held")] == [("description", files[0]["id"])]
    office.put(dataset=office.layak(notes="Uraian baru dari sumber."))
    assert act("package_show", id=written.record_id)["resources"][0]["description"] == "Ditulis orang"


def test_what_a_person_hid_is_not_published_by_the_next_harvest(office, editor):
    written = office.put()
    editor.act("package_patch", id=written.record_id, private=True)
    assert office.put(dataset=office.layak(notes="Uraian baru dari sumber.")).status != "tayang"


def test_an_edit_that_changes_nothing_leaves_no_trace(office, editor):
    written = office.put()
    editor.act("package_patch", id=written.record_id, title=office.layak()["title"])
    assert len(office.rows("change")) == 1
    assert office.rows("held") == []


def test_a_purged_dataset_leaves_a_tombstone(office, act, session):
    written = office.put()
    act("dataset_purge", id=written.record_id)
    record = _record(office, written.record_id)
    assert (record["status"], record["dataset"]) == ("ditarik", None)
    assert office.rows("answer") == office.rows("issue") == []
    assert (office.rows("change")[-1]["kind"], office.rows("outbox")[0]["op"]) == ("removed", "delete")


def test_an_organisations_new_name_reaches_answers_and_index(office, act, session, search_index):
    import json

    from ckanext.satudata.catalog import index

    office.put()
    while index.drain(session):
        pass
    act("organization_patch", id=office.id, title="Dinas Bernama Baru")
    while index.drain(session):
        pass
    search_index.commit()
    [answer] = office.rows("answer", audience="public")
    assert json.loads(answer["body"])["organization"]["title"] == "Dinas Bernama Baru"
    [document] = search_index.documents("*:*")
    assert json.loads(document["validated_data_dict"])["organization"]["title"] == "Dinas Bernama Baru"


def test_a_failed_edit_leaves_nothing_behind(office, editor):
    from ckan import model
    from ckan.logic import ValidationError

    office.put()
    with pytest.raises(ValidationError):
        editor.act("package_create", **_dataset(office, name="Nama Yang Salah"))
    model.Session.rollback()
    assert len(office.rows("record")) == 1


def _missing(office):
    import datetime as dt

    written = office.put()
    since = dt.date(2026, 1, 5)
    office.settle(office.ask("1", "hold", status="tayang", standing={"tidak_ditemukan_sejak": since}))
    assert _record(office, written.record_id)["tidak_ditemukan_sejak"] == since
    return written.record_id, since


def test_an_edit_does_not_find_again_what_its_source_has_lost(office, editor):
    id_, since = _missing(office)
    editor.act("package_patch", id=id_, notes="Uraian yang ditulis orang.")
    assert _record(office, id_)["tidak_ditemukan_sejak"] == since


def test_an_organisations_new_name_does_not_find_it_again_either(office, act):
    id_, since = _missing(office)
    act("organization_patch", id=office.id, title="Dinas dengan Nama Baru")
    assert _record(office, id_)["tidak_ditemukan_sejak"] == since


def test_what_a_person_deleted_while_it_was_lost_stays_deleted_when_its_source_sends_it_again(office, act):
    id_, _since = _missing(office)
    act("package_delete", id=id_)
    record = _record(office, id_)
    assert (record["status"], record["tidak_ditemukan_sejak"]) == ("ditarik", None)


def test_an_edit_does_not_lose_the_version_that_waits_to_be_mended(office, editor):
    written = office.put()
    newer = office.layak(notes="Uraian yang lebih baru dari sumber.", resources=[])
    office.put(dataset=newer)
    assert _record(office, written.record_id)["pending"] is not None
    editor.act("package_patch", id=written.record_id, title="Judul yang ditulis orang")
    office.put(dataset=newer)
    record = _record(office, written.record_id)
    assert record["fingerprint"] is None or record["pending"]["notes"] == newer["notes"]
    assert record["perbaikan_tertunda"] is True


@pytest.mark.parametrize(
    ("action", "data", "left"),
    [
        ("package_patch", {"private": True}, "draf"),
        ("package_delete", {}, "ditarik"),
        ("package_patch", {"title": "Judul dari orang"}, "tayang"),
    ],
)
def test_people_hide_delete_and_mend_while_solr_is_away(
    office, session, search_index, act, person, monkeypatch, *, action, data, left
):
    from ckan.common import config

    from ckanext.satudata.catalog import index

    written = office.put()
    while index.drain(session):
        pass
    search_index.commit()
    with monkeypatch.context() as away:
        away.setitem(config, "solr_url", "http://127.0.0.1:9/solr/ckan")
        person(office.name).act(action, id=written.record_id, **data)
        assert [row["package_id"] for row in office.rows("outbox")] == [written.record_id]
        [record] = office.rows("record", id=written.record_id)
        assert (record["status"], record["version"]) == (left, 2)
        audiences = [row["audience"] for row in office.rows("answer", package_id=written.record_id)]
        assert ("public" in audiences) == (left == "tayang")
    shown = act("package_search", q="*:*")["results"]
    assert [item["id"] for item in shown] == ([written.record_id] if "title" in data else [])
    while index.drain(session):
        pass
    search_index.commit()
    public = [one for one in search_index.documents() if one.get("capacity") == "public"]
    assert [one["title"] for one in public] == ([data["title"]] if "title" in data else [])


def test_a_package_of_another_kind_waits_in_the_outbox_too(office, session, search_index, act, monkeypatch):
    from ckan.common import config

    from ckanext.satudata.catalog import edits, index

    with monkeypatch.context() as away:
        away.setattr(edits, "settle", lambda *_, **__: None)
        away.setitem(config, "solr_url", "http://127.0.0.1:9/solr/ckan")
        made = act("package_create", name=f"{office.name}-lain", title="Lain", owner_org=office.id)
    while index.drain(session):
        pass
    search_index.commit()
    assert [one["id"] for one in search_index.documents()] == [made["id"]]


def test_a_dataset_put_into_a_group_stays_what_it_is(office, act):
    written = office.put()
    act("group_create", name=f"{office.name}-kelompok", packages=[{"id": written.record_id}])
    [record] = office.rows("record")
    assert (record["status"], record["dataset"]["title"]) == ("tayang", office.layak()["title"])
    assert act("package_show", id=written.record_id)["groups"][0]["name"] == f"{office.name}-kelompok"
