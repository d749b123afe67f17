"""Reading keys and the secrets of clients on the command line: shown once, replaced, taken back."""

from __future__ import annotations


def test_a_reading_key_is_made_listed_and_revoked(ckan, unique):
    made = ckan("key", "add", unique, "--json").json
    assert made["key"].startswith("sdk_")
    listed = ckan("key", "list", "--json")
    assert made["key"] not in listed.out
    assert [row["revoked_at"] for row in listed.json if row["id"] == made["id"]] == [None]
    assert ckan("key", "revoke", unique, "--json").json == {"revoked": unique}
    again = ckan("key", "revoke", unique)
    assert again.code == 2
    assert "E-API-442" in again.err


def test_a_client_gets_a_new_secret(ckan, unique):
    first = ckan("client", "add", unique, "--scope", "catalog:read", "--json").json
    second = ckan("client", "rotate", unique, "--json").json
    assert first["client_id"] == second["client_id"]
    assert first["client_secret"] != second["client_secret"]


def test_a_client_of_unknown_scope_is_refused_with_what_would_do(ckan, unique):
    refused = ckan("client", "add", unique, "--scope", "semua")
    assert refused.code == 2
    assert "catalog:read" in refused.err
