"""Nothing changes by following a link, and nothing by a form that this site did not write."""

import pytest

from tests.portal.conftest import fetch

ACTIONS = (
    "/sumber-data/baru/simpan",
    "/sumber-data/{source}/tarik",
    "/sumber-data/{source}/jeda",
    "/sumber-data/{source}/lanjutkan",
    "/sumber-data/{source}/penarikan/{run}/batalkan",
    "/sumber-data/{source}/penarikan/{run}/setujui-penghapusan",
    "/sumber-data/{source}/penarikan/{run}/tolak-penghapusan",
    "/sumber-data/{source}/penarikan/{run}/urungkan",
    "/dataset/{id}/kembalikan-isian",
    "/dataset/{id}/terima-saran",
    "/insiden/{incident}/diberitahukan",
    "/pemeriksaan/setujui",
    "/pemeriksaan/kembalikan",
)
#: forms that are read and sent at one address
FORMS = ("/sumber-data/baru", "/dataset/{id}/hapus-permanen")


def _address(action, portal):
    return action.format(source=portal.source, run=portal.run, id="dataset-1", incident="tidak-ada")


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_no_link(web, portal, action):
    assert fetch(web + _address(action, portal)).status == 405


@pytest.fixture
def walidata_cookie(portal, cookie_of):
    return cookie_of(portal.walidata)


def test_a_form_without_a_token_is_refused(web, portal, walidata_cookie):
    for action in (*ACTIONS, *FORMS):
        url = web + _address(action, portal)
        assert fetch(url, data={"id": "x"}, cookie=walidata_cookie).status == 400, action
        assert fetch(url, data={"id": "x", "_csrf_token": "palsu"}, cookie=walidata_cookie).status == 400, action


def test_an_anonymous_visit_does_not_switch_the_check_off(web, portal, walidata_cookie):
    for action in ACTIONS:
        url = web + _address(action, portal)
        fetch(url)
        fetch(url, data={"id": "x"})
        assert fetch(url, data={"id": "x"}, cookie=walidata_cookie).status == 400, action


def test_every_route_of_the_portal_that_takes_a_post_is_in_this_list(loaded_ckan):
    posts = {
        rule.rule
        for rule in loaded_ckan.flask.url_map.iter_rules()
        if rule.endpoint.startswith("satudata_") and "POST" in rule.methods
    }
    names = {"{source}": "<name>", "{run}": "<run_id>", "{id}": "<id>", "{incident}": "<incident_id>"}
    known = set()
    for action in (*ACTIONS, *FORMS):
        rule = action
        for ours, flasks in names.items():
            rule = rule.replace(ours, flasks)
        known.add(rule)
    assert posts == known
