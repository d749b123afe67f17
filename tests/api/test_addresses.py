"""Whose rate an anonymous request counts against: the sender's, or whom a trusted proxy asks for."""

from __future__ import annotations

import pytest
from ckan.common import config

BASE = "/api/satudata/v1"


@pytest.fixture
def counted(app, monkeypatch):
    """Set the proxies, then read as which address a request is counted."""
    monkeypatch.setitem(config, "ckanext.satudata.api.anonymous_rate_limit", 1000)

    def read(sender, forwarded="", proxies="127.0.0.1/32 10.0.0.0/24"):
        from flask import Flask

        from ckanext.satudata.api import addresses

        monkeypatch.setitem(config, "ckanext.satudata.api.trusted_proxies", proxies)
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        with Flask("x").test_request_context("/", headers=headers, environ_base={"REMOTE_ADDR": sender}):
            return addresses.caller()

    return read


@pytest.mark.parametrize(
    ("sender", "forwarded", "address"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # nobody's proxy: its word does not count
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # what the sender wrote before it does not count
        ("127.0.0.1", "198.51.100.1, 10.0.0.9", "198.51.100.1"),  # two proxies of ours
        ("127.0.0.1", "10.0.0.8, 10.0.0.9", "10.0.0.8"),
        ("127.0.0.1", "bukan-alamat", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, bukan-alamat", "127.0.0.1"),
        ("127.0.0.1", ",,, ,", "127.0.0.1"),
        ("127.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "", "2001:db8:1:2::"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
    ],
)
def test_only_a_trusted_proxy_names_another_address(counted, sender, forwarded, address):
    assert counted(sender, forwarded) == address


def test_without_proxies_nobody_s_word_counts(counted):
    assert counted("127.0.0.1", "198.51.100.1", proxies="") == "127.0.0.1"


def test_readers_behind_one_proxy_have_rates_of_their_own(app, monkeypatch, unique):
    monkeypatch.setitem(config, "ckanext.satudata.api.trusted_proxies", "127.0.0.1")
    monkeypatch.setitem(config, "ckanext.satudata.api.anonymous_rate_limit", 1)

    def status(address):
        return app.get(f"{BASE}/openapi.json", headers={"X-Forwarded-For": address}).status_code

    assert [status("198.51.100.21"), status("198.51.100.21"), status("198.51.100.22")] == [200, 429, 200]


def test_metrics_are_not_for_whom_a_proxy_speaks(app):
    assert app.get("/metrics").status_code == 200
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert app.get("/metrics", headers={name: "198.51.100.1"}).status_code == 401
