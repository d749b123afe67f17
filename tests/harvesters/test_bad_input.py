"""Each way in which a source goes wrong: one issue with code and remedy, and a run that is not complete.

What the guarded client, the connectors and the parsers do about each is told in their own tests; here stands what a
Walidata sees, and that a run of it never passes for complete: only a complete one may mark anything as vanished.
"""

from __future__ import annotations

import socket
import zlib

import pytest

from satudata_harvesters.http import Http, Limits
from satudata_harvesters.source import Source
from tests.harvesters.site import answer
from tests.harvesters.tls import self_signed, tls_server
from tests.harvesters.until import until_it_fails

PAGED = {"records": "data", "paging": {"style": "page", "last_page": "meta.last_page", "total": "meta.total"}}
CURSOR = {"records": "data", "paging": {"style": "cursor", "next": "lanjut"}}
OFFSET = {"records": "data", "paging": {"style": "offset", "total": "total", "page_size": 2}}


def _rows(first, count=2):
    return [{"id": f"k-{number}", "judul": f"Judul {number}"} for number in range(first, first + count)]


def _good_then(bad):
    """The first page as it should be, then this."""

    def handle(asked):
        page = int(asked.query.get("page", 1))
        good = {"data": _rows(0), "meta": {"last_page": 3, "total": 6}}
        return answer(good) if page == 1 else bad(asked)

    return handle


def _drip_headers(asked):
    asked.drip(b"HTTP/1.1 200 OK\r\nX-Panjang: " + b"x" * 1000)


def _drip_body(asked):
    asked.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    asked.drip(b" " * 1000)


def _bomb(_):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = packer.compress(bytes(1 << 22)) + packer.flush()
    return answer(body, Content_Encoding="gzip")


def _cut(asked):
    asked.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")


def _html(_):
    return answer("<!doctype html><title>Pemeliharaan</title>")


def _firewall(_):
    return answer("<html><title>Perimeter WAF Block</title></html>", status=403)


#: what goes wrong -> (what the source answers behind a good first page, the code it is told by)
IN_THE_MIDDLE = {
    "headers that drip": (_drip_headers, "E-TRK-009"),
    "a body that drips": (_drip_body, "E-TRK-009"),
    "a bomb": (_bomb, "E-TRK-010"),
    "half a JSON": (lambda _: answer(b'{"data": [{"id": "k-2"}, {"id'), "E-TRK-014"),
    "a cut line": (_cut, "E-TRK-007"),
    "HTML with 200": (_html, "E-TRK-001"),
    "a firewall's 403": (_firewall, "E-TRK-020"),
    "success: false with 200": (lambda _: answer({"success": False, "data": []}), "E-TRK-016"),
    "api_status that says it failed": (lambda _: answer({"api_status": "error", "data": []}), "E-TRK-016"),
    "an envelope without its list": (lambda _: answer({"meta": {}}), "E-TRK-015"),
    "401 in the middle": (lambda _: answer({}, status=401), "E-TRK-003"),
    "429 for an hour": (lambda _: answer({}, status=429, Retry_After="3600"), "E-TRK-002"),
    "500": (lambda _: answer(b"Fatal error", status=500), "E-TRK-005"),
    "404": (lambda _: answer({}, status=404), "E-TRK-004"),
    "a redirect to this machine": (lambda _: answer(status=302, Location="http://127.0.0.1:22/"), "E-TRK-011"),
    "a redirect to the metadata of a cloud": (
        lambda _: answer(status=302, Location="http://169.254.169.254/latest"), "E-TRK-011"
    ),
    "a redirect that never ends": (lambda asked: answer(status=302, Location=asked.target), "E-TRK-013"),
    "the same page for ever": (lambda _: answer({"data": _rows(0), "meta": {"last_page": 99}}), "E-TRK-017"),
    "NaN": (lambda _: answer(b'{"data": [{"id": NaN}]}'), "E-TRK-014"),
    "doubled keys": (lambda _: answer(b'{"data": [], "data": []}'), "E-TRK-014"),
    "a number too long to be one": (lambda _: answer(b'{"data": [' + b"9" * 5000 + b"]}"), "E-TRK-014"),
    "endless depth": (lambda _: answer(b"[" * 100_000), "E-TRK-014"),
}  # fmt: skip


def _told(pages, error, code):
    assert not any(page.last for page in pages), "what did not end well is never complete"
    assert error.code == code
    for lang in ("id", "en"):
        assert error.message(lang)
        assert error.remedy(lang)


@pytest.mark.parametrize("name", IN_THE_MIDDLE)
def test_what_came_stays_and_the_rest_is_told_by_one_issue(serve, client, source_at, name):
    bad, code = IN_THE_MIDDLE[name]
    at = serve(_good_then(bad))
    http = client(at, limits={"deadline": 0.15, "max_bytes": 1_000_000})
    pages, error = until_it_fails(source_at(at, "rest", config=PAGED).open(http).pages())
    assert [record["id"] for page in pages for record in page.records] == ["k-0", "k-1"]
    _told(pages, error, code)


def test_a_cursor_that_loops_is_told(serve, client, source_at):
    at = serve(lambda asked: answer({"data": _rows(len(at.asked) * 2), "lanjut": {"": "a", "a": "b", "b": "a"}[
        asked.query.get("cursor", "")]}))  # fmt: skip
    pages, error = until_it_fails(source_at(at, "rest", config=CURSOR).open(client(at)).pages())
    assert len(pages) == 3
    _told(pages, error, "E-TRK-017")


def test_a_total_that_grows_and_is_never_reached_is_told(serve, client, source_at):
    def handle(asked):
        offset = int(asked.query.get("offset", 0))
        return answer({"data": _rows(offset) if offset < 4 else [], "total": 6 + offset})

    at = serve(handle)
    pages, error = until_it_fails(source_at(at, "rest", config=OFFSET).open(client(at)).pages())
    assert len(pages) == 2
    _told(pages, error, "E-TRK-019")


def test_a_record_on_two_pages_comes_twice_and_the_run_is_complete_all_the_same(serve, client, source_at):
    """Which of the two counts is for the engine to say; here nothing may be lost and nothing stop."""
    at = serve(lambda asked: answer({"data": _rows(int(asked.query["page"]) - 1), "meta": {"last_page": 3}}))
    source = source_at(at, "rest", config=PAGED, mapping={"identifier": "id"})
    pages = list(source.open(client(at)).pages())
    found = [source.mapper.apply(record, source).identifier for page in pages for record in page.records]
    assert found == ["k-0", "k-1", "k-1", "k-2", "k-2", "k-3"]
    assert pages[-1].last


def test_a_certificate_that_has_expired_is_told(tmp_path):
    certificate, key = self_signed(tmp_path, expired=True)
    with tls_server(certificate, key) as port:
        url, network = f"https://127.0.0.1:{port}", f"127.0.0.1/32:{port}"
        source = Source.from_dict({"name": "uji", "connector": "ckan", "url": url})
        pages, error = until_it_fails(source.open(Http(Limits(attempts=1), [network])).pages())
        _told(pages, error, "E-TRK-012")


def test_a_name_that_leads_elsewhere_the_second_time_is_told(serve, client, source_at, monkeypatch):
    real, turns = socket.getaddrinfo, iter(["127.0.0.1", "127.0.0.2"])

    def resolve(host, *args, **kwargs):
        return real(next(turns) if host == "portal.contoh.go.id" else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    def hang_up(asked):
        asked.connection.sendall(answer({"data": _rows(0), "meta": {"last_page": 3}}, Connection="close"))

    at = serve(hang_up)
    source = source_at(at, "rest", config=PAGED)
    there = Source.from_dict({**source.to_dict(), "url": at.url.replace("127.0.0.1", "portal.contoh.go.id")})
    pages, error = until_it_fails(there.open(client(at)).pages())
    assert len(pages) == 1
    _told(pages, error, "E-TRK-011")


def test_a_proxy_of_the_surroundings_changes_nothing(serve, client, source_at, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    at = serve(lambda _: answer({"data": _rows(0)}))
    pages = list(source_at(at, "rest", config={"records": "data"}).open(client(at)).pages())
    assert [page.last for page in pages] == [True]
