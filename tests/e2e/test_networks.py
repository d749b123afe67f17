"""What a source may reach inside: only what the administrator's list permits, and only when the source says so."""

import secrets

import pytest

from demo.portal import Portal
from demo.serving import serve
from deploy.ports import free_ports
from tests.e2e.stack import csrf_token

OFFICE = "dinas-kesehatan"


def definition(url, **more):
    name = f"dalam-{secrets.token_hex(4)}"
    return {"name": name, "title": "Dalam", "organization": OFFICE, "connector": "ckan", "url": url, **more}


@pytest.fixture
def inside():
    """A portal on an inner address that the administrator has not permitted: (portal, address, port)."""
    portal = Portal(datasets=3)
    port = free_ports(1)[0]
    with serve(portal, port=port) as url:
        yield portal, url, port


def test_the_same_source_without_its_entry_is_refused_before_anything_is_sent(stack, tmp_path):
    portal = Portal(datasets=3)
    with stack.serving(portal) as url:
        without = definition(url, allow_networks=[])
        stack.satudata("source", "add", without["name"], "--file", str(stack.write_source(tmp_path, without)))
        run = stack.harvest(without["name"])
        assert (run["state"], run["error"]["code"]) == ("gagal", "E-TRK-011")
        assert portal.requests == []

        with_entry = definition(url)
        stack.satudata("source", "add", with_entry["name"], "--file", str(stack.write_source(tmp_path, with_entry)))
        assert stack.harvest(with_entry["name"])["state"] == "selesai"
        assert portal.requests != []


@pytest.mark.parametrize("network", ["127.0.0.1/32:{port}", "127.0.0.0/8:{port}", "0.0.0.0/0:{port}", "127.0.0.1/32"])
@pytest.mark.parametrize("actor", [["--as", "operator"], []], ids=["an editor", "the command line"])
def test_a_command_cannot_add_an_entry_that_is_not_permitted(stack, inside, network, actor, tmp_path):
    portal, url, port = inside
    asked = definition(url, allow_networks=[network.format(port=port)])
    ended = stack.ckan(
        "satudata", "source", "add", asked["name"], "--file", str(stack.write_source(tmp_path, asked)), *actor
    )
    assert (ended.code, ended.out) == (2, "")
    assert "[E-SRC-003]" in ended.err or "[E-CFG-011]" in ended.err
    assert asked["name"] not in {row["name"] for row in stack.satudata("source", "list")}
    assert portal.requests == []


def test_an_editor_cannot_add_one_by_form_either(stack, inside):
    portal, url, port = inside
    editor = stack.signed_in("operator")
    form = editor.get(stack.url("/sumber-data/baru"), timeout=30).text
    assert f"127.0.0.1/32:{stack.platform.allowed_ports[0]}" in form
    filled = {
        "title": "Dalam", "organization": OFFICE, "kind": "ckan", "url": url, "schedule": "manual",
        "network": f"127.0.0.1/32:{port}", "_csrf_token": csrf_token(form),
    }  # fmt: skip
    answer = editor.post(stack.url("/sumber-data/baru"), data=filled, timeout=30)
    assert answer.status_code == 422
    assert "E-SRC-003" in answer.text
    assert portal.requests == []


def test_a_form_that_names_no_network_reaches_nothing_inside(stack, inside):
    portal, url, _ = inside
    editor = stack.signed_in("operator")
    form = editor.get(stack.url("/sumber-data/baru"), timeout=30).text
    filled = {
        "title": "Dalam", "organization": OFFICE, "kind": "ckan", "url": url, "schedule": "manual", "network": "",
        "_csrf_token": csrf_token(form),
    }  # fmt: skip
    answer = editor.post(stack.url("/sumber-data/baru"), data=filled, timeout=30)
    assert "E-TRK-011" in answer.text
    assert portal.requests == []
