"""Access classes hold behind every door of CKAN's: its pages, its API, its feeds, and after what people do in bulk."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from flask import g

from tests.catalog.test_access import SECRET, _restricted, readers  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("clean_catalog")

WHO = ("anonymous", "other OPD", "own OPD", "walidata")
#: what shows one dataset, or a list it stands in; `{name}`, `{id}`, `{resource}`, `{office}` are put in
PAGES = (
    "/dataset/{name}",
    "/dataset/{id}",
    "/dataset/{name}/resource/{resource}",
    "/dataset/{name}/resource/{resource}/view",
    "/dataset/{name}/resource/{resource}/download",
    "/dataset/groups/{name}",
    "/dataset/activity/{name}",
    "/dataset?q=Penduduk",
    "/organization/{office}",
    "/feeds/dataset.atom",
    "/feeds/organization/{office}.atom",
    "/feeds/custom.atom?q=Penduduk",
    "/api/3/action/package_show?id={id}",
    "/api/3/action/resource_show?id={resource}",
    "/api/3/action/package_search?q=Penduduk&include_private=true",
    "/api/3/action/package_search?fl=id,data_dict,res_url,extras_notes&q=*:*",
    "/api/3/action/package_search?q=res_url:*rahasia*",
    "/api/3/action/resource_search?query=url:rahasia",
    "/api/3/action/current_package_list_with_resources?limit=100",
    "/api/3/action/organization_show?id={office}&include_datasets=true",
    "/api/3/action/package_autocomplete?q=jumlah",
    "/api/3/action/resource_view_list?id={resource}",
)


@pytest.fixture
def visit(app, act, readers, unique):  # noqa: F811 - the fixture
    """Visit an address as one of the readers: `visit("own OPD", "/dataset/…")` gives the status and the body."""
    tokens = {}

    def go(who, address):
        reader = readers[who]
        if reader is not None and who not in tokens:
            tokens[who] = act("api_token_create", user=reader.name, name=f"{unique}-{uuid4().hex[:6]}")["token"]
        headers = {"Authorization": tokens[who]} if reader is not None else {}
        _forget_who_asked()
        answer = app.get(address, headers=headers, follow_redirects=False)
        _forget_who_asked()
        return answer.status_code, answer.body + json.dumps(dict(answer.headers))

    return go


def _forget_who_asked():
    """A test's requests share the application context that it stands in, and with it who was the last to ask."""
    for name in ("_login_user", "user", "userobj", "satudata_reviewer", "satudata_pembina", "login_via_auth_header"):
        g.pop(name, None)


def _addresses(office, act, package):
    shown = act("package_show", id=package)
    named = {"name": shown["name"], "id": package, "resource": shown["resources"][0]["id"], "office": office.name}
    return [page.format(**named) for page in PAGES]


def _leaks(visit, who, addresses):
    told = {}
    for address in addresses:
        status, body = visit(who, address)
        assert status < 500, address
        told[address] = [word for word in (SECRET, "kolom_rahasia", "rahasia-7f3a") if word in body]
    return {address: found for address, found in told.items() if found}


@pytest.mark.parametrize("access", ["terbatas", "tertutup"])
@pytest.mark.parametrize("who", ["anonymous", "other OPD"])
def test_no_door_leads_the_public_to_the_files(access, who, office, act, visit, session, search_index):
    addresses = _addresses(office, act, _restricted(office, access, session, search_index))
    assert _leaks(visit, who, addresses) == {}


@pytest.mark.parametrize("access", ["terbatas", "tertutup"])
@pytest.mark.parametrize("who", ["own OPD", "walidata"])
def test_the_entitled_are_led_there(access, who, office, act, visit, session, search_index):
    addresses = _addresses(office, act, _restricted(office, access, session, search_index))
    leads = _leaks(visit, who, addresses)
    assert any("/api/3/action/package_show" in address for address in leads)
    assert any(address.startswith("/dataset/") for address in leads)


@pytest.mark.parametrize("who", ["anonymous", "other OPD"])
def test_a_closed_datasets_words_are_found_by_nobody_outside(who, office, act, visit, session, search_index):
    package = _restricted(office, "tertutup", session, search_index)
    for address in _addresses(office, act, package):
        assert "Uraian yang hanya" not in visit(who, address)[1], address


@pytest.mark.parametrize("who", WHO)
def test_what_waits_is_behind_no_door_but_its_offices_and_the_walidatas(who, office, act, visit, session, search_index):
    from ckanext.satudata.catalog import index

    written = office.put(action="hold", status="menunggu", dataset=office.layak(notes="Uraian yang menunggu."))
    while index.drain(session):
        pass
    search_index.commit()
    seen = [one for one in _addresses(office, act, written.record_id) if "Uraian yang menunggu" in visit(who, one)[1]]
    assert bool(seen) == (who in ("own OPD", "walidata")), seen


def _renamed(act, office, _package, _editor):
    act("organization_patch", id=office.id, title="Dinas Bernama Baru")


def _hidden_and_shown_in_bulk(act, office, package, _editor):
    act("bulk_update_private", org_id=office.id, datasets=[package])
    act("bulk_update_public", org_id=office.id, datasets=[package])


def _edited(_act, _office, package, editor):
    editor.act("package_patch", id=package, satuan="Jiwa")


@pytest.mark.parametrize("done", [_renamed, _hidden_and_shown_in_bulk, _edited])
def test_what_people_do_opens_no_door(done, office, act, visit, readers, session, search_index):  # noqa: F811
    from ckanext.satudata.catalog import index

    package = _restricted(office, "terbatas", session, search_index)
    done(act, office, package, readers["own OPD"])
    addresses = _addresses(office, act, package)
    for _ in range(2):  # before Solr knows, and after
        for who in ("anonymous", "other OPD"):
            assert _leaks(visit, who, addresses) == {}
        while index.drain(session):
            pass
        search_index.commit()


@pytest.mark.parametrize("action", ["bulk_update_private", "bulk_update_public", "bulk_update_delete"])
@pytest.mark.parametrize("who", ["anonymous", "other OPD"])
def test_nobody_outside_acts_in_bulk(action, who, office, readers, session, search_index):  # noqa: F811
    from ckan.plugins import toolkit

    from tests.catalog.test_access import _act

    package = _restricted(office, "terbatas", session, search_index)
    with pytest.raises(toolkit.NotAuthorized):
        _act(readers, who)(action, org_id=office.id, datasets=[package])
    assert office.rows("record")[0]["status"] == "tayang"


@pytest.mark.parametrize("who", ["anonymous", "other OPD", "own OPD", "walidata"])
def test_purging_is_for_the_administrator(who, office, readers, session, search_index):  # noqa: F811
    from ckan.plugins import toolkit

    from tests.catalog.test_access import _act

    package = _restricted(office, "terbatas", session, search_index)
    with pytest.raises(toolkit.NotAuthorized):
        _act(readers, who)("dataset_purge", id=package)


def test_what_was_purged_is_behind_no_door(office, act, visit, session, search_index):
    package = _restricted(office, "terbatas", session, search_index)
    addresses = _addresses(office, act, package)
    act("dataset_purge", id=package)
    for who in WHO:
        assert _leaks(visit, who, addresses) == {}
