"""Access classes hold in CKAN's pages, index and API: the public reads no way to restricted content."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.usefixtures("clean_catalog")

SECRET = "https://data.example.go.id/rahasia-7f3a.csv"


@pytest.fixture
def readers(office, person, walidata, act):
    """Everyone who may come, by name."""
    act("organization_create", name=f"{office.name}-lain", title="Dinas Lain")
    return {
        "anonymous": None,
        "other OPD": person(f"{office.name}-lain", "admin", "lain"),
        "own OPD": person(office.name, "editor", "sendiri"),
        "walidata": walidata,
    }


def _reading(reader, app, address):
    app.set_session_user(reader.id if reader else None) if reader else None
    return app.get(address).body


def _act(readers, name):
    from ckan.plugins import toolkit

    reader = readers[name]
    if reader is None:
        return lambda action, **data: toolkit.get_action(action)({"user": "", "ignore_auth": False}, data)
    return reader.act


def _restricted(office, access, session, search_index, **more):
    from ckanext.satudata.catalog import index

    written = office.put(
        dataset=office.layak(
            hak_akses=access,
            dasar_pengecualian="UU 14/2008 Pasal 17 huruf a",
            notes="Uraian yang hanya untuk yang berhak.",
            resources=[{"url": SECRET, "name": "Berkas", "format": "CSV", "kamus_data": [{"nama": "kolom_rahasia"}]}],
            **more,
        )
    )
    assert written.status == "tayang"
    while index.drain(session):
        pass
    search_index.commit()
    return written.record_id


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("who", ["anonymous", "other OPD", "own OPD", "walidata"])
@pytest.mark.parametrize("access", ["terbatas", "tertutup"])
def test_only_the_entitled_read_the_way_to_the_files(access, who, indexed, office, readers, session, search_index):
    package = _restricted(office, access, session, search_index)
    if not indexed:
        search_index.clear()
    shown = _act(readers, who)("package_show", id=package)
    text = json.dumps(shown)
    entitled = who in ("own OPD", "walidata")
    assert (SECRET in text) == entitled
    assert ("kolom_rahasia" in text) == entitled
    assert ("Uraian yang hanya" in text) == (entitled or access == "terbatas")
    assert shown["title"] == office.layak()["title"]
    assert shown["organization"]["name"] == office.name
    assert "Pasal 17" in text


@pytest.mark.parametrize("access", ["terbatas", "tertutup"])
def test_solr_holds_no_more_than_the_public_sees(access, office, session, search_index):
    _restricted(office, access, session, search_index)
    [document] = search_index.documents("*:*")
    full = document.pop("sd_answer_full")
    assert SECRET in full
    assert "rahasia-7f3a" not in json.dumps(document)
    assert search_index.documents('res_url:"' + SECRET + '"') == []
    assert len(search_index.documents("text:rahasia")) == 0


@pytest.mark.parametrize("who", ["anonymous", "other OPD"])
@pytest.mark.parametrize(
    "asked",
    [
        {"fl": ["id", "sd_answer_full"]},
        {"fl": ["*"]},
        {"fl": ["sd_*"]},
        {"fl": ["sd_answer_ful?"]},
        {"fl": ["x:field(sd_answer_full)"]},
        {"q": "sd_hasil:layak"},
        {"q": r"sd\_hasil:layak"},
        {"q": r"sd\u005fhasil:layak"},
        {"fq": r"sd\u005Fhasil:layak"},
        {"fq": "sd_status:tayang"},
        {"fq_list": ["sd_hasil:layak"]},
        {"facet.field": ["sd_hasil"], "facet": "true"},
        {"sort": "sd_skor desc"},
    ],
)
def test_no_search_leads_to_what_is_internal(asked, who, office, readers, session, search_index):
    _restricted(office, "terbatas", session, search_index)
    found = json.dumps(_act(readers, "anonymous")("package_search", **asked))
    assert "rahasia-7f3a" not in found
    assert "sd_answer" not in found
    if "fl" not in asked:
        assert '"count": 0' in found


def test_resource_search_does_not_lead_to_restricted_files(office, readers, session, search_index):
    _restricted(office, "terbatas", session, search_index)
    found = _act(readers, "anonymous")("resource_search", query="url:rahasia")
    assert SECRET not in json.dumps(found)


def test_a_person_named_in_the_national_metadata_is_shown_to_the_office_alone(office, readers, act):
    from ckan import model

    written = office.put()
    package = model.Package.get(written.record_id)
    package.extras = {**package.extras, "ii_pj_nama": "seseorang yang bertanggung jawab"}
    model.Session.commit()
    assert "seseorang" not in json.dumps(_act(readers, "anonymous")("package_show", id=written.record_id))


@pytest.mark.parametrize(
    ("who", "sees"), [("anonymous", False), ("other OPD", False), ("own OPD", True), ("walidata", True)]
)
def test_what_waits_is_found_by_its_office_and_the_walidata(who, sees, office, readers, session, search_index):
    from ckan.logic import NotAuthorized

    from ckanext.satudata.catalog import index

    written = office.put(action="hold", status="menunggu")
    while index.drain(session):
        pass
    search_index.commit()
    call = _act(readers, who)
    assert bool(call("package_search", include_private=True)["count"]) == sees
    if sees:
        assert call("package_show", id=written.record_id)["private"] is True
    else:
        with pytest.raises(NotAuthorized):
            call("package_show", id=written.record_id)


def test_an_access_class_made_stricter_hides_before_solr_knows(office, readers, session, search_index, act):
    from ckanext.satudata.catalog import index

    written = office.put()
    while index.drain(session):
        pass
    search_index.commit()
    office.put(dataset=office.layak(hak_akses="terbatas", dasar_pengecualian="UU 14/2008 Pasal 17"))
    assert _act(readers, "anonymous")("package_search")["count"] == 0
    while index.drain(session):
        pass
    search_index.commit()
    assert [item["id"] for item in _act(readers, "anonymous")("package_search")["results"]] == [written.record_id]


@pytest.mark.parametrize("who", ["anonymous", "other OPD", "own OPD", "walidata"])
@pytest.mark.parametrize("access", ["terbatas", "tertutup"])
def test_a_file_in_our_own_storage_opens_for_the_entitled_only(
    access, who, office, readers, session, search_index, *, app, act
):
    import io

    from ckan import model
    from ckan.lib import uploader
    from flask import g
    from werkzeug.datastructures import FileStorage

    id_ = _restricted(office, access, session, search_index)
    file = act("package_show", id=id_)["resources"][0]["id"]
    content = FileStorage(io.BytesIO(b"kolom\nisi-rahasia\n"), filename="isi.csv")
    stored = {"id": file, "url": "isi.csv", "url_type": "upload", "upload": content}
    uploader.get_resource_uploader(stored).upload(file, 1)
    session.query(model.Resource).filter_by(id=file).update({"url_type": "upload"})
    session.commit()

    headers = {}
    if readers[who]:
        headers["Authorization"] = act("api_token_create", user=readers[who].name, name="uji")["token"]
    g.pop("_login_user", None)  # the test's own context and the request's share it
    answer = app.get(f"/dataset/{id_}/resource/{file}/download/isi.csv", headers=headers)

    entitled = who in {"own OPD", "walidata"}
    assert ("isi-rahasia" in answer.body) is entitled
    assert answer.status_code == 200 if entitled else answer.status_code in {403, 404}
