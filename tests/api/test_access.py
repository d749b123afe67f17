"""Who is let in: the same plain 401 for everything that is wrong with a token, at once when it is taken back."""

from __future__ import annotations

import base64
import json
import time
from types import SimpleNamespace

import jwt
import pytest
from ckan.common import config

from tests.forgery import FORGED, signed, tools

BASE = "/api/satudata/v1"
LIST = f"{BASE}/vocabularies"


@pytest.fixture
def client(session, unique):
    from ckanext.satudata.api import clients

    made = clients.add(session, name=unique, scopes=["catalog:read"])
    return SimpleNamespace(id=made.client.id, name=unique, secret=made.secret)


def token_of(app, client, **form):
    answer = app.post(
        f"{BASE}/oauth/token",
        data={"grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret, **form},
    )
    assert answer.status_code == 200, answer.body
    return answer.json["access_token"]


def get(app, token, path=LIST, **headers):
    return app.get(path, headers={"Authorization": f"Bearer {token}", **headers})


def test_client_credentials_give_a_token_that_reads(app, client):
    answer = get(app, token_of(app, client))
    assert answer.status_code == 200
    assert set(answer.json) == {"data", "meta", "links"}


def test_basic_credentials_give_a_token_too(app, client):
    basic = base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
    answer = app.post(
        f"{BASE}/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["scope"] == "catalog:read"


def test_a_token_follows_the_profile_of_access_tokens(app, client):
    token = token_of(app, client)
    header, payload = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    assert header["typ"] == "at+jwt"
    assert header["alg"] == "EdDSA"
    assert {"iss", "aud", "sub", "client_id", "exp", "iat", "jti", "scope"} <= set(payload)
    assert 0 < payload["exp"] - time.time() <= 3600


def test_a_token_verifies_with_the_published_keys(app, client):
    token = token_of(app, client)
    published = jwt.PyJWKSet.from_dict(json.loads(app.get(f"{BASE}/.well-known/jwks.json").body))
    key = published[jwt.get_unverified_header(token)["kid"]]
    issuer = f"{config['ckan.site_url']}{BASE}"
    assert jwt.decode(token, key, algorithms=["EdDSA"], audience=issuer, issuer=issuer)["client_id"] == client.id


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "salah"}, 401, "invalid_client"),
        ({"client_id": "sdi-tidak-ada"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": "catalog:read admin"}, 400, "invalid_scope"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "a\x00b"}, 400, "invalid_request"),
    ],
)
def test_token_errors_are_those_of_the_standard(app, client, form, status, error):
    sent = {"grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret, **form}
    answer = app.post(f"{BASE}/oauth/token", data=sent)
    assert (answer.status_code, answer.json) == (status, {"error": error})
    assert answer.headers["Cache-Control"] == "no-store"


def test_token_requests_must_be_forms(app, client):
    answer = app.post(f"{BASE}/oauth/token", json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_request"})


def test_issued_and_refused_tokens_are_audited(app, client, session):
    from sqlalchemy import select

    from ckanext.satudata.catalog.tables import audit

    token = token_of(app, client)
    app.post(
        f"{BASE}/oauth/token",
        data={"grant_type": "client_credentials", "client_id": client.id, "client_secret": "salah"},
    )
    entries = session.execute(select(audit).where(audit.c.actor == client.id).order_by(audit.c.id)).all()
    assert [(entry.action, entry.outcome) for entry in entries] == [
        ("token.issue", "ok"),
        ("token.issue", "invalid_client"),
    ]
    assert token not in str(entries)
    assert client.secret not in str(entries)


def test_secrets_are_stored_hashed(client, session):
    from sqlalchemy import select

    from ckanext.satudata.catalog.tables import client as table

    row = session.execute(select(table).where(table.c.id == client.id)).one()
    assert client.secret not in str(tuple(row))


def test_without_a_token_the_answer_is_401_with_a_challenge(app):
    answer = app.get(LIST)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="satudata"'
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "E-API-401"


def test_even_a_public_address_takes_no_token_that_is_not_valid(app, client):
    token = token_of(app, client)
    for path in ("openapi.json", "docs", "catalog.jsonld", "data.json"):
        assert get(app, token, f"{BASE}/{path}").status_code == 200
        assert get(app, token + "x", f"{BASE}/{path}").status_code == 401
        assert app.get(f"{BASE}/{path}").status_code == 200


@pytest.fixture
def forge(client):
    return tools(client.id)


def test_the_forger_s_pattern_itself_is_accepted(app, forge):
    assert get(app, signed(forge.payload, forge.real, forge.kid)).status_code == 200


@pytest.mark.parametrize("kind", FORGED)
def test_every_forged_token_gets_the_same_401(app, forge, kind):
    answer = get(app, FORGED[kind](forge))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="satudata", error="invalid_token"'
    body = {name: value for name, value in answer.json.items() if name != "instance"}
    reference = {name: value for name, value in app.get(LIST).json.items() if name != "instance"}
    assert body == reference


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "Token abc", "Bearer " + "a" * 9000])
def test_an_authorization_that_is_none_never_becomes_anonymous(app, header, monkeypatch):
    monkeypatch.setitem(config, "ckanext.satudata.api.anonymous_read", True)
    assert app.get(LIST).status_code == 200
    assert app.get(LIST, headers={"Authorization": header}).status_code == 401


def test_a_missing_scope_is_403_and_named(app, session, unique):
    from ckanext.satudata.api import clients

    made = clients.add(session, name=unique, scopes=["harvest:run"])
    answer = get(app, clients.issue_token(session, made.client))
    assert answer.status_code == 403
    assert answer.json["code"] == "E-API-403"
    assert 'error="insufficient_scope", scope="catalog:read"' in answer.headers["WWW-Authenticate"]


def test_a_revoked_token_is_refused_at_once_and_another_of_the_client_is_not(app, client):
    first, second = token_of(app, client), token_of(app, client)
    sent = {"token": first, "client_id": client.id, "client_secret": client.secret}
    assert app.post(f"{BASE}/oauth/revoke", data=sent).status_code == 200
    assert get(app, first).status_code == 401
    assert get(app, second).status_code == 200


def test_nobody_revokes_another_s_token(app, client, session, unique):
    from ckanext.satudata.api import clients

    other = clients.add(session, name=f"{unique}-lain", scopes=["catalog:read"])
    token = token_of(app, client)
    sent = {"token": token, "client_id": other.client.id, "client_secret": other.secret}
    assert app.post(f"{BASE}/oauth/revoke", data=sent).status_code == 200
    assert get(app, token).status_code == 200


def test_emptying_redis_revives_no_revoked_token(app, client, session):
    from ckanext.satudata.api import clients, guard

    token = token_of(app, client)
    other = token_of(app, client)
    sent = {"token": token, "client_id": client.id, "client_secret": client.secret}
    app.post(f"{BASE}/oauth/revoke", data=sent)
    guard.client().flushdb()
    assert get(app, token).status_code == 401
    assert get(app, other).status_code == 200
    clients.revoke(session, client.id)
    guard.client().flushdb()
    assert get(app, other).status_code == 401


def test_a_redis_restored_from_an_older_dump_revives_no_revoked_token(app, client):
    from ckanext.satudata.api import guard, settings

    token = token_of(app, client)
    assert get(app, token).status_code == 200
    redis, name = guard.client(), f"{settings.redis_prefix()}revoked"
    older = redis.dump(name)
    sent = {"token": token, "client_id": client.id, "client_secret": client.secret}
    app.post(f"{BASE}/oauth/revoke", data=sent)
    redis.restore(name, 0, older, replace=True)
    # A restarted server has another run id, so the mark in the older dump is not the one that is looked for.
    redis.srem(name, guard.line().marker)
    redis.sadd(name, "#another-run")
    assert get(app, token).status_code == 401


def test_a_line_to_redis_that_was_closed_is_opened_again_and_knows_what_was_taken_back(app, client):
    from ckanext.satudata.api import guard

    token, other = token_of(app, client), token_of(app, client)
    assert get(app, token).status_code == 200
    sent = {"token": token, "client_id": client.id, "client_secret": client.secret}
    app.post(f"{BASE}/oauth/revoke", data=sent)
    redis, here = guard.client(), guard.line().connection
    for forgotten in (lambda: None, redis.script_flush, redis.flushdb):
        forgotten()
        number = here._sock.getsockname()[1]
        redis.execute_command("CLIENT", "KILL", "ADDR", f"127.0.0.1:{number}")
        assert (get(app, token).status_code, get(app, other).status_code) == (401, 200)


def test_a_revoked_client_loses_every_token_and_gets_no_new_one(app, client, session):
    from ckanext.satudata.api import clients

    token = token_of(app, client)
    clients.revoke(session, client.name)
    assert get(app, token).status_code == 401
    sent = {"grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret}
    assert app.post(f"{BASE}/oauth/token", data=sent).status_code == 401


def test_a_rotated_secret_replaces_the_old_one(app, client, session):
    from ckanext.satudata.api import clients

    new = clients.rotate(session, client.name)
    old = {"grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret}
    assert app.post(f"{BASE}/oauth/token", data=old).status_code == 401
    assert app.post(f"{BASE}/oauth/token", data={**old, "client_secret": new.secret}).status_code == 200


def test_tokens_of_the_former_key_live_on_after_rotation(app, client):
    from ckanext.satudata.api import keys

    before = token_of(app, client)
    keys.rotate()
    after = token_of(app, client)
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]
    assert get(app, before).status_code == get(app, after).status_code == 200
    published = {key["kid"] for key in app.get(f"{BASE}/.well-known/jwks.json").json["keys"]}
    assert {jwt.get_unverified_header(token)["kid"] for token in (before, after)} <= published


def test_a_key_goes_when_no_token_of_it_can_live(app, client):
    from ckanext.satudata.api import keys

    before = token_of(app, client)
    keys.rotate()
    keys.rotate(now=time.time() + 2 * 3600)
    assert get(app, before).status_code == 401


def test_keys_are_for_their_owner_only(app, client):
    from ckanext.satudata.api import keys, settings

    token_of(app, client)
    files = list(settings.keys_dir().glob("*.pem"))
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert keys.ring().newest in {path.stem for path in files}


def test_ckan_s_own_tokens_are_taken_as_bearer_and_a_bad_one_is_refused(app, act, unique):
    user = act("user_create", name=unique, email=f"{unique}@example.go.id", password=unique * 2)
    token = act("api_token_create", user=user["name"], name="uji")["token"]
    assert get(app, token).status_code == 200
    assert get(app, token[:-3] + "abc").status_code == 401
    act("api_token_revoke", token=token)
    assert get(app, token).status_code == 401


def test_a_reading_key_reads_what_is_published_until_it_is_taken_back(app, session, unique):
    from sqlalchemy import select

    from ckanext.satudata.api import guard, reading_keys
    from ckanext.satudata.catalog.tables import key as table

    made = reading_keys.add(session, name=unique)
    assert get(app, made.value).status_code == 200
    assert get(app, made.value + "x").status_code == 401
    writing = {"json": {}, "headers": {"Authorization": f"Bearer {made.value}"}}
    written = app.test_client(use_cookies=False).put(f"{BASE}/sources/x/datasets/y", **writing)
    assert written.status_code == 403
    assert made.value not in str(session.execute(select(table).where(table.c.id == made.id)).one())
    reading_keys.revoke(session, made.id)
    assert get(app, made.value).status_code == 401
    guard.client().flushdb()
    assert get(app, made.value).status_code == 401


def test_a_reading_key_is_made_and_taken_back_over_the_api_by_an_administrator(app, client_of):
    administrator, reader = client_of("admin"), client_of("catalog:read")

    def call(method, path, by, **more):
        headers = {"Authorization": f"Bearer {by.token}"}
        return app.test_client(use_cookies=False).open(f"{BASE}{path}", method=method, headers=headers, **more)

    assert call("POST", "/keys", reader, json={"name": "pandas"}).status_code == 403
    assert call("POST", "/keys", administrator, json={"name": "  "}).status_code == 400
    made = call("POST", "/keys", administrator, json={"name": "pandas"})
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    assert get(app, made.json["key"]).status_code == 200
    listed = call("GET", "/keys", administrator)
    assert made.json["id"] in {one["id"] for one in listed.json["data"]}
    assert made.json["key"] not in listed.text
    assert call("DELETE", f"/keys/{made.json['id']}", administrator).status_code == 204
    assert get(app, made.json["key"]).status_code == 401
    assert call("DELETE", f"/keys/{made.json['id']}", administrator).status_code == 404


def test_uses_are_counted_for_each_client(app, client, session):
    from sqlalchemy import select

    from ckanext.satudata.api import clients
    from ckanext.satudata.catalog.tables import client as table

    token = token_of(app, client)
    for _ in range(3):
        get(app, token)
    clients.upkeep(session)
    row = session.execute(select(table.c.uses, table.c.last_used).where(table.c.id == client.id)).one()
    assert row.uses == 3
    assert row.last_used is not None


def test_beyond_the_rate_the_answer_is_429_with_the_seconds_to_wait(app, client, monkeypatch):
    monkeypatch.setitem(config, "ckanext.satudata.api.rate_limit", 2)
    token = token_of(app, client)
    answers = [get(app, token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["RateLimit"].startswith('"default";r=1;')
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60


def test_no_token_and_no_secret_reaches_a_log(app, client, caplog):
    caplog.set_level("DEBUG")
    token = token_of(app, client)
    get(app, token)
    get(app, token + "x")
    assert token not in caplog.text
    assert client.secret not in caplog.text
