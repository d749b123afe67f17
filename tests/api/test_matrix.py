"""Every route against every kind of caller and every access class, made from the OpenAPI document.

A route that is added to the document is in the matrix by itself; the few that answer otherwise than the rule are named
here with what they answer.
"""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.forgery import FORGED, tools

BASE = "/api/satudata/v1"
BASIS = "UU 14/2008 Pasal 17 huruf h"
CHALLENGE = 'Bearer realm="satudata"'
#: Routes that are asked for before there is a token, and take no notice of one.
TOKENLESS = {
    "/oauth/token": (400, "invalid_request"),
    "/oauth/revoke": (400, "invalid_request"),
    "/.well-known/jwks.json": (200, None),
    "/.well-known/oauth-authorization-server": (200, None),
}


@pytest.fixture
def document(app):
    return json.loads(app.get(f"{BASE}/openapi.json").body)


def operations(document):
    """Every (method, path, scope | None) of the document."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                needed = operation.get("security", document["security"])
                yield method.upper(), path, needed[0]["token"][0] if needed else None


@pytest.fixture
def ask(app, addressed):
    """Call a route of the document: `ask(method, path, token)`; what a path names is there."""

    def call(method, path, token=None, **things):
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return app.test_client(use_cookies=False).open(
            f"{BASE}{addressed(path, **things)}", method=method, headers=headers
        )

    return call


def without_request(body):
    return {name: value for name, value in body.items() if name != "instance"}


def test_without_a_token_only_the_public_routes_answer(document, ask):
    public = set()
    for method, path, scope in operations(document):
        answer = ask(method, path)
        if scope is None:
            public.add(path)
            assert answer.status_code == TOKENLESS.get(path, (200, None))[0], (method, path)
        else:
            assert (answer.status_code, answer.json["code"]) == (401, "E-API-401"), (method, path)
            assert answer.headers["WWW-Authenticate"] == CHALLENGE
    assert public == {
        *TOKENLESS, "/openapi.json", "/docs", "/dataset.schema.json", "/problems/{code}", "/catalog.jsonld",
        "/catalog.ttl", "/data.json", "/datasets/{id}.jsonld", "/datasets/{id}.ttl",
        "/nasional/api/3/action/{action}", "/nasional/api/action/{action}",
    }  # fmt: skip


@pytest.fixture
def bad_tokens(client_of, session):
    """Every token that is none, of a client that may do everything, by what is wrong with it."""
    from ckanext.satudata.api import clients, reading_keys
    from ckanext.satudata.api.clients import SCOPES

    everything = client_of(*SCOPES)
    forger = tools(everything.id, " ".join(SCOPES))
    taken_back, gone, key = client_of(*SCOPES), client_of(*SCOPES), reading_keys.add(session, name="uji")
    from ckanext.satudata.api import tokens

    claims = tokens.verify(taken_back.token)
    clients.revoke_token(session, claims.jti, taken_back.id, claims.expires)
    clients.revoke(session, gone.id)
    reading_keys.revoke(session, key.id)
    forged = {kind: make(forger) for kind, make in FORGED.items()}
    return forged | {"revoked": taken_back.token, "of a revoked client": gone.token, "revoked key": key.value,
                     "altered": everything.token[:-4] + "AAAA"}  # fmt: skip


def test_every_bad_token_gets_the_same_401_at_every_route(document, ask, bad_tokens):
    reference = without_request(ask("GET", "/vocabularies").json)
    for kind, token in bad_tokens.items():
        for method, path, _ in operations(document):
            answer = ask(method, path, token)
            if path in TOKENLESS and not path.startswith("/oauth"):
                assert answer.status_code == 200, (kind, path)
                continue
            if path in TOKENLESS:
                assert answer.status_code in {400, 401}, (kind, path)
                assert "access_token" not in answer.text
                continue
            assert answer.status_code == 401, (kind, method, path)
            assert answer.headers["WWW-Authenticate"] == f'{CHALLENGE}, error="invalid_token"', (kind, path)
            assert without_request(answer.json) == reference, (kind, path)


def test_no_revoked_token_is_revived_by_an_emptied_redis(document, ask, bad_tokens):
    from ckanext.satudata.api import guard

    for kind in ("revoked", "of a revoked client", "revoked key"):
        guard.client().flushdb()
        assert ask("GET", "/datasets", bad_tokens[kind]).status_code == 401, kind


def test_every_route_needs_its_own_scope_and_no_other(document, ask, client_of):
    from ckanext.satudata.api.clients import SCOPES

    lacking = {scope: client_of(*(one for one in SCOPES if one != scope)).token for scope in SCOPES}
    for method, path, scope in operations(document):
        if scope is None:
            continue
        answer = ask(method, path, lacking[scope])
        assert (answer.status_code, answer.json["code"]) == (403, "E-API-403"), (method, path)
        expected = f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'
        assert answer.headers["WWW-Authenticate"] == expected


CLASSES = {
    "terbuka": {"hak_akses": "terbuka"},
    "terbatas": {"hak_akses": "terbatas", "dasar_pengecualian": BASIS},
    "tertutup": {"hak_akses": "tertutup", "dasar_pengecualian": BASIS},
    "menunggu": {"hak_akses": "terbuka", "action": "hold"},
}
#: What of each class nobody but its OPD and the Walidata may read.
LINK, WORDS, TITLE = "https://data.example.go.id/rahasia-zebra", "catatan zebra", "Jumlah Zebra Rahasia"
SECRETS = {
    "terbuka": (),
    "terbatas": (LINK,),
    "tertutup": (LINK, WORDS, "pengenal-zebra"),
    "menunggu": (LINK, WORDS, TITLE, "pengenal-zebra"),
}


def foreign(method, path, scope, kind):
    """What a client of another OPD, of every scope, is answered about a dataset of this class; None: see `SECRETS`."""
    if "{source}" in path or "{run}" in path:
        return (403, "E-API-433")
    if "{id}" not in path:
        return None
    if method == "POST":
        return (200, None) if path.endswith("/suggestions") else (403, "E-API-439")
    if kind == "menunggu":
        return (404, "E-API-404")
    if scope == "dataset:read":
        return (403, "E-API-439")
    return (200, None)


@pytest.fixture
def hidden(office):
    """A dataset of a class, with what it hides planted in it: `hidden(kind) -> id`."""

    def put(kind):
        link = {"url": LINK, "name": "Berkas", "format": "CSV"}
        return office.put("pengenal-zebra", title=TITLE, notes=WORDS, resources=[link], **CLASSES[kind])

    return put


@pytest.fixture
def other(client_of, make_office, unique):
    """A client of another OPD that has every scope."""
    from ckanext.satudata.api.clients import SCOPES

    return client_of(*SCOPES, organization=make_office(f"{unique}-lain").id)


@pytest.mark.parametrize("kind", CLASSES)
def test_another_opd_reads_what_the_public_reads_and_writes_nothing(document, ask, hidden, other, session, kind):
    from sqlalchemy import text

    id_ = hidden(kind)
    state = text("SELECT status, version, dataset FROM satudata_record WHERE id = :id")
    before = session.execute(state, {"id": id_}).one()
    for method, path, scope in operations(document):
        if scope is None and method == "POST":
            continue
        token = other.token if scope is not None else None
        answer = ask(method, path, token, id=id_, action="package_search")
        expected = foreign(method, path, scope, kind)
        if expected is not None and scope is not None:
            code = answer.json.get("code") if expected[1] else None
            assert (answer.status_code, code) == expected, (method, path, answer.data[:300])
        assert answer.status_code < 500, (method, path)
        for secret in SECRETS[kind]:
            assert secret.encode() not in answer.data, (method, path, secret)
    session.rollback()
    assert session.execute(state, {"id": id_}).one() == before


@pytest.mark.parametrize("kind", CLASSES)
def test_its_own_opd_reads_all_of_it(ask, client_of, office, hidden, kind):
    id_ = hidden(kind)
    own = client_of("catalog:read", "dataset:read", organization=office.id)
    for path in ("/datasets", "/datasets/{id}", "/changes", "/exports/datasets.ndjson", "/exports/datasets.csv"):
        assert LINK in ask("GET", path, own.token, id=id_).text, path


def test_heads_answer_as_gets_do_and_preflights_need_no_token(document, ask, client_of):
    from ckanext.satudata.api.clients import SCOPES

    everyone = client_of(*SCOPES).token
    for method, path, scope in operations(document):
        if method == "GET" and not re.search(r"exports|\.csv$", path):
            got, head = (ask(one, path, everyone if scope else None) for one in ("GET", "HEAD"))
            assert (head.status_code, head.data) == (got.status_code, b""), path
        preflight = ask("OPTIONS", path)
        assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, "*"), path


@pytest.fixture
def without(monkeypatch):
    """Take a service away: `without("postgres")`."""
    from ckan import model
    from ckan.common import config
    from sqlalchemy import create_engine

    kept = model.meta.engine

    def take(service):
        if service == "postgres":
            gone = create_engine("postgresql://siapa@127.0.0.1:1/tidak-ada")
            monkeypatch.setattr(model.meta, "engine", gone)
            model.Session.remove()
            model.Session.configure(bind=gone)
        elif service == "redis":
            monkeypatch.setitem(config, "ckan.redis.url", "redis://127.0.0.1:1/0")
        else:
            monkeypatch.setitem(config, "solr_url", "http://127.0.0.1:1/solr/ckan")

    yield take
    model.Session.remove()
    model.Session.configure(bind=kept)


#: Routes that go on without Postgres: what they tell stands in the code or in Solr, or the request itself is none.
WITHOUT_POSTGRES = {
    "/datasets", "/vocabularies", "/vocabularies/{name}", "/reference/wilayah", "/openapi.json", "/docs", "/validate",
    "/dataset.schema.json", "/problems/{code}", "/nasional/api/3/action/{action}", "/nasional/api/action/{action}",
    "/suggestions/accept", "/sources/preview", *TOKENLESS,
}  # fmt: skip


@pytest.mark.parametrize("service", ["postgres", "redis", "solr"])
def test_without_a_service_each_route_says_so_at_once_or_does_without_it(document, ask, client_of, without, service):
    from ckanext.satudata.api.clients import SCOPES

    everyone = client_of(*SCOPES).token
    ask("GET", "/datasets", everyone)
    without(service)
    unavailable = set()
    for method, path, scope in operations(document):
        begun = time.monotonic()
        answer = ask(method, path, everyone if scope else None)
        assert time.monotonic() - begun < 2, (method, path)
        if answer.status_code == 503:
            unavailable.add(path)
            assert int(answer.headers["Retry-After"]) > 0
        else:
            assert answer.status_code < 500, (method, path, answer.data[:300])
    every = {path for _, path, _ in operations(document)}
    if service == "postgres":
        assert every - unavailable == WITHOUT_POSTGRES
    elif service == "redis":
        assert every - unavailable == {path for path in TOKENLESS if not path.startswith("/oauth")}
    else:
        assert unavailable == {"/datasets"}
