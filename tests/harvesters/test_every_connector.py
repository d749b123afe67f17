"""What holds for every connector, the built-in ones and those of other packages.

Add a `Case` to `cases.py` and run it.
"""

from __future__ import annotations

import json
import logging
import zlib

import pytest
from jsonschema import Draft202012Validator

from satudata_harvesters.connector import Connector, registry
from satudata_harvesters.connectors.table import FOLDER_VARIABLE
from satudata_harvesters.credentials import credentials
from satudata_harvesters.errors import SourceError
from satudata_harvesters.http import Http, Limits
from tests.harvesters.cases import CASES, COUNT
from tests.harvesters.site import answer
from tests.harvesters.until import until_it_fails

SECRET = "kunci-rahasia-1a2b3c4d"
ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
)
READS_FILES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&a;</rdf:RDF>'

HOSTILE = {
    "a page for people": lambda _: answer("<!doctype html><html><title>Beranda</title></html>"),
    "a firewall": lambda _: answer("<!doctype html><head><title>Perimeter WAF Block</title>"),
    "nothing": lambda _: answer(b""),
    "half a JSON": lambda _: answer(b'{"success": true, "data": [{"id": 1'),
    "a text": lambda _: answer(b'"selamat datang"'),
    "null": lambda _: answer(b"null"),
    "a number": lambda _: answer(b"42"),
    "an object of nothing": lambda _: answer({}),
    "NaN": lambda _: answer(b'[{"id": NaN}]'),
    "doubled keys": lambda _: answer(b'{"result": 1, "result": 2}'),
    "endless depth": lambda _: answer(b"[" * 100_000),
    "bytes": lambda _: answer(bytes(range(256)) * 40),
    "a broken gzip": lambda _: answer(b"\x1f\x8bnot gzip at all", Content_Encoding="gzip"),
    "a bomb": lambda _: answer(_bomb(), Content_Encoding="gzip"),
    "entities": lambda _: answer(ENTITIES, Content_Type="application/rdf+xml"),
    "entities that read files": lambda _: answer(READS_FILES, Content_Type="application/rdf+xml"),
    "wrong key": lambda _: answer({"message": "kunci salah"}, status=401),
    "forbidden": lambda _: answer({}, status=403),
    "not found": lambda _: answer({}, status=404),
    "too many": lambda _: answer({}, status=429, Retry_After="3600"),
    "broken down": lambda _: answer(b"Fatal error: Uncaught Exception", status=500),
    "hung up": lambda _: None,
    "no HTTP": lambda asked: asked.connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "a failure that answers 200": lambda _: answer({"success": False, "status": "error", "message": "gagal"}),
    "a redirect to nowhere": lambda _: answer(status=302, Location="http://127.0.0.1:9/"),
}  # fmt: skip


def _bomb():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(8)) + packer.flush()


@pytest.fixture(params=sorted(CASES))
def case(request):
    return CASES[request.param]


#: What is about answers of the web, for the connectors that ask there.
over_http = pytest.mark.parametrize("case", sorted(kind for kind in CASES if not CASES[kind].local), indirect=True)


@pytest.fixture
def connect(case, client, tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))

    def make(at, *, auth=None, http=None, **limits) -> Connector:
        http = http or client(at, auth=credentials(auth), limits=limits)
        url = case.local(tmp_path) if case.local else at.url + case.path
        config = {"url": url, **case.config, **({"auth": auth} if auth else {})}
        Draft202012Validator(case.connector.config_schema).validate(config)
        return case.connector(config, http)

    return make


def keys(case, pages):
    return [case.key(record) for page in pages for record in page.records]


def test_every_built_in_connector_has_a_case():
    assert set(registry()) <= set(CASES)


def test_everything_is_read_once_and_only_the_last_page_says_so(case, connect, serve):
    pages = list(connect(serve(case.serving())).pages())
    assert len(keys(case, pages)) == len(set(keys(case, pages))) == COUNT
    assert [page.last for page in pages] == [False] * (case.pages - 1) + [True]
    assert len({page.key for page in pages}) == len(pages)


def test_two_runs_give_the_same(case, connect, serve):
    at = serve(case.serving())
    first, second = (list(connect(at).pages()) for _ in range(2))
    assert keys(case, first) == keys(case, second)
    assert [page.key for page in first] == [page.key for page in second]


@over_http
def test_nothing_is_asked_before_it_is_wanted(case, connect, serve):
    at = serve(case.serving())
    pages = connect(at).pages()
    assert at.asked == []
    next(iter(pages))
    assert len(at.asked) == 1


def test_a_run_goes_on_behind_any_checkpoint(case, connect, serve):
    at = serve(case.serving())
    pages = list(connect(at).pages())
    for place, page in enumerate(pages[:-1]):
        rest = list(connect(at).pages(after=page.checkpoint))
        assert keys(case, rest) == keys(case, pages[place + 1 :])
        assert rest[-1].last


def test_a_checkpoint_and_validators_can_be_stored(case, connect, serve):
    for page in connect(serve(case.serving())).pages():
        stored = json.loads(json.dumps({"checkpoint": page.checkpoint, "validators": dict(page.validators or {})}))
        assert all(isinstance(value, str) for value in stored["validators"].values())


def test_unchanged_pages_carry_nothing_and_lead_on_to_the_end(case, connect, serve):
    at = serve(case.serving())
    known = {page.key: page.validators for page in connect(at).pages() if page.validators}
    if not known:
        pytest.fail("a connector passes on what tells an unchanged page")
    again = list(connect(at).pages(validators=known))
    assert [(page.key, page.unchanged, page.records) for page in again] == [(key, True, []) for key in known]
    assert again[-1].last


@over_http
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_one_error_of_the_source(case, connect, serve, name):
    pages, error = until_it_fails(connect(serve(HOSTILE[name]), max_bytes=5_000_000).pages())
    assert pages == []
    assert error.message("id")
    assert error.remedy("en")


@over_http
@pytest.mark.parametrize("name", ["broken down", "a page for people", "half a JSON", "wrong key", "hung up"])
def test_a_failure_in_the_middle_leaves_the_run_incomplete(case, connect, serve, name):
    if case.pages == 1:
        return
    good, turns = case.serving(), iter([True])
    at = serve(lambda asked: good(asked) if next(turns, False) else HOSTILE[name](asked))
    pages, error = until_it_fails(connect(at).pages())
    assert len(pages) == 1
    assert not pages[0].last
    assert error.code.startswith("E-TRK-")


@over_http
@pytest.mark.parametrize("name", ["wrong key", "broken down", "a page for people", "not found"])
def test_no_secret_is_told(case, connect, serve, caplog, name):
    caplog.set_level(logging.DEBUG, logger="satudata_harvesters")
    at = serve(HOSTILE[name])
    auth = [
        {"type": "query", "name": "kunci", "value": SECRET},
        {"type": "header", "name": "X-API-Key", "value": SECRET},
    ]
    _, error = until_it_fails(connect(at, auth=auth).pages())
    assert at.asked[0].query["kunci"] == SECRET
    assert at.asked[0].headers["x-api-key"] == SECRET
    assert SECRET not in str(error) + repr(error) + json.dumps(error.to_dict()) + caplog.text


@over_http
@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"a redirect to nowhere", "hung up", "no HTTP"}))
def test_no_person_in_the_target_of_a_redirect_is_told(case, connect, serve, name):
    def handle(asked):
        return HOSTILE[name](asked) if "Fulan" in asked.path else answer(status=302, Location="/warga/Fulan-bin-Fulan")

    _, error = until_it_fails(connect(serve(handle), max_bytes=5_000_000).pages())
    assert "Fulan" not in str(error) + json.dumps(error.to_dict()) + repr(error.params)


@over_http
def test_no_secret_gets_into_what_is_stored(case, connect, serve):
    auth = {"type": "query", "name": "kunci", "value": SECRET}
    for page in connect(serve(case.serving()), auth=auth).pages():
        assert SECRET not in page.key + page.checkpoint + json.dumps(dict(page.validators or {}))


@over_http
def test_only_the_guarded_client_is_used(case, connect, serve):
    at = serve(case.serving())
    with pytest.raises(SourceError) as caught:
        list(connect(at, http=Http(Limits(attempts=1))).pages())
    assert caught.value.code == "E-TRK-011"
    assert at.asked == []


def test_the_limits_of_a_run_hold(case, connect, serve):
    if case.pages == 1:
        return
    pages, error = until_it_fails(connect(serve(case.serving()), max_pages=2).pages())
    assert error.code == "E-TRK-018"
    assert len(pages) == 2
