"""The guarded client against servers that mean harm, or do it."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import threading
import time
import tracemalloc
import zlib

import pytest

from satudata_harvesters.credentials import Credentials, OAuth2, credentials
from satudata_harvesters.errors import ConfigError, SourceError
from satudata_harvesters.http import Http, Limits
from tests.harvesters.site import answer
from tests.harvesters.tls import self_signed, tls_server

SECRET = "kunci-rahasia-9f8e7d"


def refused(http, url, **options):
    with pytest.raises(SourceError) as caught:
        http.request("GET", url, **options)
    return caught.value


def test_an_answer_comes_with_its_status_headers_body_and_validators(serve, client):
    at = serve(lambda _: answer({"a": 1}, ETag='"v1"', Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT"))
    response = client(at).request("GET", at.url + "/x")
    assert (response.status, response.json(), response.unchanged) == (200, {"a": 1}, False)
    assert response.validators["etag"] == '"v1"'
    assert set(response.validators) == {"etag", "last_modified", "hash"}


def test_validators_turn_a_second_request_into_304_and_unchanged(serve, client):
    at = serve(
        lambda asked: answer(status=304) if asked.headers.get("if-none-match") == '"v1"' else answer({}, ETag='"v1"')
    )
    http = client(at)
    first = http.request("GET", at.url)
    second = http.request("GET", at.url, validators={**first.validators, "next": "2"})
    assert second.unchanged
    assert second.validators["next"] == "2"


def test_equal_bytes_are_unchanged_also_where_the_source_knows_no_validators(serve, client):
    at = serve(lambda _: answer({"a": 1}))
    http = client(at)
    first = http.request("GET", at.url)
    assert http.request("GET", at.url, validators=first.validators).unchanged


# --- addresses ---


def test_a_local_server_hears_nothing_without_an_entry(serve):
    at = serve(lambda _: answer({}))
    error = refused(Http(Limits(attempts=1)), at.url)
    assert error.code == "E-TRK-011"
    assert error.params["port"] == str(at.port)
    assert at.asked == []


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f000001", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
def test_another_spelling_of_this_machine_is_refused_as_well(host):
    assert refused(Http(Limits(attempts=1)), f"http://{host}/").code in {"E-TRK-011", "E-TRK-008"}


def test_a_name_is_checked_on_the_very_answer_it_is_connected_by(serve, monkeypatch):
    at = serve(lambda _: answer({"got": "through"}))
    turns = iter(["93.184.216.34", "127.0.0.1"])
    asked = []

    def resolve(host, port, *args, **kwargs):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(turns), port))]

    class Unconnected(socket.socket):
        def connect(self, address):
            raise OSError("no network in a test")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    http = Http(Limits(attempts=2, backoff=0), [f"93.184.216.34/32:{at.port}"], sleep=lambda _: None)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", Unconnected)
        error = refused(http, f"http://portal.contoh.go.id:{at.port}/")
    assert asked == ["portal.contoh.go.id"] * 2
    assert error.code == "E-TRK-011"
    assert at.asked == []


def test_an_unknown_name_is_said_to_be_unknown(monkeypatch):
    def resolve(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    error = refused(Http(Limits(attempts=3), sleep=pytest.fail), "https://tidak-ada.go.id/")
    assert (error.code, error.params) == ("E-TRK-008", {"host": "tidak-ada.go.id"})


def test_a_name_server_that_never_answers_is_not_waited_for(monkeypatch):
    waiting = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [][: waiting.wait(3)])
    begun = time.monotonic()
    assert refused(Http(Limits(connect=0.2, attempts=1)), "https://lambat.go.id/").code == "E-TRK-008"
    assert time.monotonic() - begun < 2
    waiting.set()


@pytest.mark.parametrize(
    "url", ["ftp://a.id/x", "file:///etc/passwd", "gopher://a", "http://", "//a.id", "http://a id/", "http://a:x/"]
)
def test_only_http_addresses_are_addresses(url):
    with pytest.raises(ConfigError) as caught:
        Http().request("GET", url)
    assert caught.value.code == "E-CFG-009"


def test_credentials_inside_an_address_are_a_mistake_and_not_echoed():
    with pytest.raises(ConfigError) as caught:
        Http().request("GET", f"https://admin:{SECRET}@a.go.id/")
    assert caught.value.code == "E-CFG-007"
    assert SECRET not in str(caught.value)


def test_proxies_of_the_surroundings_take_no_part(serve, client, monkeypatch):
    proxy = serve(lambda _: answer({"from": "proxy"}))
    at = serve(lambda _: answer({"from": "source"}))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    assert client(at, proxy_of_test := proxy).request("GET", at.url).json() == {"from": "source"}
    assert proxy_of_test.asked == []


def test_a_proxy_is_used_when_it_is_configured(serve, client):
    proxy = serve(lambda asked: answer({"asked": asked.target}))
    answered = client(proxy=proxy.url).request("GET", "http://portal.contoh.go.id/x")
    assert answered.json() == {"asked": "http://portal.contoh.go.id/x"}


# --- redirects and credentials ---


def test_a_redirect_on_the_same_origin_keeps_the_credentials(serve, client):
    at = serve(lambda asked: answer(status=302, Location="/b") if asked.path == "/a" else answer({"ok": True}))
    http = client(at, auth=Credentials({"X-API-Key": SECRET}))
    assert http.request("GET", at.url + "/a").json() == {"ok": True}
    assert [asked.headers["x-api-key"] for asked in at.asked] == [SECRET, SECRET]


def test_another_origin_never_sees_a_credential(serve, client):
    other = serve(lambda _: answer({"ok": True}))
    at = serve(lambda _: answer(status=302, Location=other.url + "/b"))
    http = client(
        at, other, auth=Credentials({"X-API-Key": SECRET, "Authorization": f"Bearer {SECRET}"}, {"kunci": SECRET})
    )
    assert http.request("GET", at.url, headers={"X-Custom": "1"}, validators={"etag": '"x"'}).json() == {"ok": True}
    [seen] = other.asked
    assert SECRET not in json.dumps([seen.target, seen.headers])
    assert not {"x-api-key", "authorization", "x-custom", "if-none-match"} & set(seen.headers)


def test_credentials_go_only_to_the_origin_the_source_named(serve, client):
    at, other = serve(lambda _: answer({})), serve(lambda _: answer({}))
    http = client(at, other, auth=Credentials({"X-API-Key": SECRET}))
    http.request("GET", at.url)
    http.request("GET", other.url)
    assert "x-api-key" not in other.asked[0].headers


def test_a_redirect_into_this_machine_is_refused(serve, client):
    inside = serve(lambda _: answer({"inside": True}))
    at = serve(lambda _: answer(status=302, Location=inside.url))
    assert refused(client(at), at.url).code == "E-TRK-011"
    assert inside.asked == []


def test_the_host_a_redirect_leads_to_is_named_without_a_secret_or_a_person(serve, client, monkeypatch):
    real = socket.getaddrinfo
    hosts = iter(["kunci-rahasia-1a2b.contoh.go.id", "n-1234567890123456.contoh.go.id", "x" * 60 + ".contoh.go.id"])
    at = serve(lambda _: answer(status=302, Location=f"http://{next(hosts)}/warga/Fulan?nik=1"))

    def resolve(host, *args, **kwargs):
        return real("127.0.0.1" if host.endswith("contoh.go.id") else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    http = client(at, auth=credentials({"type": "header", "name": "X-Key", "value": "kunci-rahasia-1a2b"}))
    errors = [refused(http, at.url) for _ in range(3)]
    assert [error.code for error in errors] == ["E-TRK-011"] * 3
    assert [error.params["host"] for error in errors] == ["***.contoh.go.id", "n-***.contoh.go.id", "***.contoh.go.id"]
    told = json.dumps([error.to_dict() for error in errors])
    assert "Fulan" not in told


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x", "http://a:b@c.id/", "javascript:alert(1)"])
def test_a_redirect_to_something_else_than_the_web_is_refused(serve, client, location):
    at = serve(lambda _: answer(status=302, Location=location))
    assert refused(client(at), at.url).code == "E-TRK-013"


PERSON = "/warga/Fulan-bin-Fulan"
GOES_WRONG = {
    "not found": answer(status=404),
    "broken down": answer(status=500),
    "too many": answer(status=429),
    "wrong key": answer(status=401),
    "no JSON": answer("<html>Beranda</html>"),
    "half a JSON": answer(b'{"nama": '),
    "too large": answer(b" " * 2_000),
    "cut": answer(b"{", Content_Length="9"),
    "on to something else": answer(status=302, Location="gopher://x" + PERSON),
    "round and round": answer(status=302, Location=PERSON),
}


@pytest.mark.parametrize("name", GOES_WRONG)
def test_an_error_behind_a_redirect_names_the_address_that_was_asked(serve, client, name):
    at = serve(lambda asked: answer(status=302, Location=PERSON) if asked.path == "/data" else GOES_WRONG[name])
    with pytest.raises(SourceError) as caught:
        client(at, limits={"max_bytes": 1_000, "read": 0.2}).request("GET", at.url + "/data").json()
    assert caught.value.params["url"] == at.url + "/data"
    assert "Fulan" not in str(caught.value) + repr(caught.value.__cause__)


@pytest.mark.parametrize("name", GOES_WRONG)
def test_an_error_of_a_next_page_names_the_address_of_the_configuration(serve, client, name):
    at = serve(lambda _: GOES_WRONG[name])
    with pytest.raises(SourceError) as caught:
        client(at, limits={"max_bytes": 1_000, "read": 0.2}).request(
            "GET", at.url + PERSON, asked=at.url + "/data"
        ).json()
    assert caught.value.params["url"] == at.url + "/data"


def test_a_next_page_that_is_no_address_is_the_sources_mistake(client):
    with pytest.raises(SourceError) as caught:
        client().request("GET", "gopher://x" + PERSON, asked="https://a.go.id/data")
    assert (caught.value.code, caught.value.params["url"]) == ("E-TRK-013", "https://a.go.id/data")


def test_redirects_end(serve, client):
    at = serve(lambda asked: answer(status=302, Location=asked.path + "x"))
    assert refused(client(at), at.url + "/").code == "E-TRK-013"
    assert len(at.asked) == 4


def test_a_body_is_never_sent_on_to_another_origin(serve, client):
    other = serve(lambda _: answer({}))
    at = serve(lambda _: answer(status=307, Location=other.url))
    with pytest.raises(SourceError) as caught:
        client(at, other).request("POST", at.url, body={"rahasia": SECRET})
    assert caught.value.code == "E-TRK-013"
    assert other.asked == []


def test_a_mapping_is_posted_as_json(serve, client):
    at = serve(lambda asked: answer({"got": json.loads(asked.body)}))
    assert client(at).request("POST", at.url, body={"q": "å"}).json() == {"got": {"q": "å"}}


def test_a_key_in_the_query_is_added_once_and_never_shown(serve, client):
    at = serve(lambda _: answer(status=500))
    http = client(at, auth=credentials({"type": "query", "name": "kunci", "value": SECRET}))
    error = refused(http, at.url + "/a?x=1")
    assert at.asked[0].query == {"x": "1", "kunci": SECRET}
    assert SECRET not in str(error) + repr(error) + json.dumps(error.to_dict())


def test_no_secret_is_logged_or_shown_by_the_client_itself(serve, client, caplog):
    caplog.set_level(logging.DEBUG)
    at = serve(lambda _: answer({"message": f"key {SECRET} is wrong"}, status=401))
    auth = credentials([{"type": "bearer", "token": SECRET}, {"type": "basic", "username": "u", "password": SECRET}])
    error = refused(client(at, auth=auth), at.url + f"/?token={SECRET}")
    assert error.code == "E-TRK-003"
    assert SECRET not in str(error) + repr(auth) + "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("satudata")
    )


def test_an_oauth2_token_is_fetched_sent_and_fetched_anew_when_it_is_refused(serve, client):
    tokens = iter(["pertama", "kedua"])
    gate = serve(lambda _: answer({"access_token": next(tokens), "expires_in": 3600}))
    at = serve(lambda asked: answer({"ok": 1}) if asked.headers["auth"] == "Bearer kedua" else answer({}, status=401))
    auth = Credentials(oauth2=(OAuth2(gate.url + "/token", "id-klien", SECRET, scope="baca", header="Auth"),))
    assert client(at, gate, auth=auth).request("GET", at.url).json() == {"ok": 1}
    assert gate.asked[0].body == b"grant_type=client_credentials&scope=baca"
    assert gate.asked[0].headers["authorization"].startswith("Basic ")
    assert "authorization" not in at.asked[0].headers


def test_a_token_lasts_for_many_requests(serve, client):
    gate = serve(lambda _: answer({"access_token": "abcdef", "expires_in": "3600"}))
    at = serve(lambda _: answer({}))
    http = client(at, gate, auth=Credentials(oauth2=(OAuth2(gate.url, "id", SECRET),)))
    for _ in range(3):
        http.request("GET", at.url)
    assert len(gate.asked) == 1


# --- size and time ---


def test_a_body_is_cut_off_at_the_cap(serve, client):
    at = serve(lambda _: answer(b"[" + b"1," * 100_000 + b"1]"))
    error = refused(client(at, limits={"max_bytes": 50_000}), at.url)
    assert (error.code, error.params["limit"]) == ("E-TRK-010", 50_000)


def test_a_compressed_bomb_costs_little_memory(serve, client):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(60)) + packer.flush()
    at = serve(lambda _: answer(bomb, Content_Encoding="gzip"))
    http = client(at, limits={"max_bytes": 5_000_000})
    tracemalloc.start()
    try:
        assert refused(http, at.url).code == "E-TRK-010"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_compressed_answer_is_read(serve, client):
    at = serve(lambda _: answer(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip"))
    assert client(at).request("GET", at.url).json() == {"a": 1}


def test_a_body_that_drips_ends_at_the_deadline(serve, client):
    def drip(asked):
        asked.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        asked.drip(b"x" * 100_000)

    at = serve(drip)
    begun = time.monotonic()
    error = refused(client(at, limits={"deadline": 0.15}), at.url)
    assert error.code == "E-TRK-009"
    assert time.monotonic() - begun < 1.5


def test_headers_that_drip_end_at_the_deadline(serve, client):
    at = serve(lambda asked: asked.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000))
    begun = time.monotonic()
    assert refused(client(at, limits={"deadline": 0.15}), at.url).code == "E-TRK-009"
    assert time.monotonic() - begun < 1.5


def test_a_handshake_that_drips_ends_at_the_deadline(client):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    http = Http(Limits(connect=5, read=5, deadline=0.15, attempts=1), [f"127.0.0.1:{port}"])
    begun = time.monotonic()
    with listener:
        assert refused(http, f"https://127.0.0.1:{port}/").code == "E-TRK-009"
    assert time.monotonic() - begun < 1.5


def test_a_body_without_length_that_drips_ends_as_well(serve, client):
    def drip(asked):
        asked.connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        asked.drip(b"1\r\nx\r\n" * 10_000)

    at = serve(drip)
    assert refused(client(at, limits={"deadline": 0.15}), at.url).code == "E-TRK-009"


def test_half_a_body_is_not_taken_for_a_whole_one(serve, client):
    def half(asked):
        asked.connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a": 1}')

    at = serve(half)
    assert refused(client(at), at.url).code == "E-TRK-007"


def test_a_silent_source_is_left_after_the_read_timeout(serve, client):
    at = serve(lambda asked: asked.over.wait(3) and None)
    assert refused(client(at, limits={"read": 0.2}), at.url).code == "E-TRK-009"


def test_a_certificate_that_has_expired_is_refused_also_where_its_authority_is_trusted(tmp_path):
    certificate, key = self_signed(tmp_path, expired=True)
    with tls_server(certificate, key) as port:
        http = Http(Limits(attempts=3), [f"127.0.0.1:{port}"], ca=certificate.read_text(), sleep=pytest.fail)
        assert refused(http, f"https://127.0.0.1:{port}/").code == "E-TRK-012"


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path):
    certificate, key = self_signed(tmp_path)
    with tls_server(certificate, key) as port:
        http = Http(Limits(attempts=3), [f"127.0.0.1:{port}"], sleep=pytest.fail)
        assert refused(http, f"https://127.0.0.1:{port}/").code == "E-TRK-012"
        trusting = Http(Limits(attempts=1), [f"127.0.0.1:{port}"], ca=certificate.read_text())
        assert trusting.request("GET", f"https://127.0.0.1:{port}/").json() == {"tls": True}


# --- repeating ---


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_source_that_stumbles_is_asked_again(serve, client, status):
    answers = iter([answer({}, status=status), answer({}, status=status), answer({"ok": 1})])
    at = serve(lambda _: next(answers))
    http = client(at, limits={"attempts": 3, "backoff": 1})
    assert http.request("GET", at.url).json() == {"ok": 1}
    assert http.slept[0] < http.slept[1] < 3


def test_a_source_that_stays_down_is_an_error_with_its_status(serve, client):
    at = serve(lambda _: answer({}, status=503))
    error = refused(client(at, limits={"attempts": 3}), at.url)
    assert (error.code, error.status, len(at.asked)) == ("E-TRK-005", 503, 3)


def test_a_line_that_is_cut_is_tried_again(serve, client):
    turns = iter([None, answer({"ok": 1})])
    at = serve(lambda _: next(turns))
    assert client(at, limits={"attempts": 2}).request("GET", at.url).json() == {"ok": 1}


def test_retry_after_is_honoured(serve, client):
    turns = iter([answer({}, status=429, Retry_After="7"), answer({"ok": 1})])
    at = serve(lambda _: next(turns))
    http = client(at, limits={"attempts": 2})
    assert http.request("GET", at.url).json() == {"ok": 1}
    assert http.slept == [7]


def test_a_source_that_wants_an_hour_is_left_for_the_next_run(serve, client):
    at = serve(lambda _: answer({}, status=429, Retry_After="3600"))
    error = refused(client(at, limits={"attempts": 5}), at.url)
    assert (error.code, error.retry_after, len(at.asked)) == ("E-TRK-002", 3600, 1)
    assert "3.600" in error.message("id")


@pytest.mark.parametrize("retry_after", ["besok", "-5", "9" * 400, "", "Mon, 99 Foo 2024"])
def test_a_retry_after_nobody_can_read_is_left_out_of_account(serve, client, retry_after):
    at = serve(lambda _: answer({}, status=429, Retry_After=retry_after))
    http = client(at, limits={"attempts": 2, "backoff": 1})
    assert refused(http, at.url).code == "E-TRK-002"
    assert http.slept[0] < 2


@pytest.mark.parametrize(
    ("status", "code"), [(401, "E-TRK-003"), (403, "E-TRK-003"), (404, "E-TRK-004"), (400, "E-TRK-006")]
)
def test_an_answer_that_will_stay_the_same_is_not_asked_for_again(serve, client, status, code):
    at = serve(lambda _: answer({}, status=status))
    error = refused(client(at, limits={"attempts": 3}), at.url)
    assert (error.code, error.status, len(at.asked)) == (code, status, 1)


def test_requests_keep_the_pace_that_was_asked_for(serve, client):
    at = serve(lambda _: answer({}))
    http = client(at, limits={"requests_per_second": 2}, clock=lambda: 100.0)
    for _ in range(3):
        http.request("GET", at.url)
    assert http.slept == [0.5, 1.0]


# --- what is not JSON ---


def test_a_page_for_people_is_said_to_be_one(serve, client):
    at = serve(lambda _: answer("<!doctype html><title>Selamat datang</title>"))
    with pytest.raises(SourceError) as caught:
        client(at).request("GET", at.url).json()
    assert (caught.value.code, caught.value.params["type"]) == ("E-TRK-001", "text/html")


def test_a_firewall_page_is_said_to_be_one(serve, client):
    at = serve(lambda _: answer("<!doctype html><head><title>Perimeter WAF Block</title>"))
    with pytest.raises(SourceError) as caught:
        client(at).request("GET", at.url).json()
    assert caught.value.code == "E-TRK-020"
