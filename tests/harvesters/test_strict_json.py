"""JSON from sources that may mean harm."""

from __future__ import annotations

import pytest

from satudata_harvesters.errors import SourceError
from satudata_harvesters.http import Response
from satudata_harvesters.strict_json import InvalidJson, loads

HOSTILE = {
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a number too large": b'{"a": 1e999}',
    "a doubled key": b'{"a": 1, "a": 2}',
    "endless depth": b"[" * 200_000,
    "endless depth of objects": b'{"a":' * 100_000,
    "a number of 10,000 digits": b"[" + b"9" * 10_000 + b"]",
    "half a document": b'{"data": [1, 2',
    "two documents": b"{} {}",
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "a bare NUL": b'{"a": "\x00"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_json_for_everybody_is_refused_with_a_reason(name):
    with pytest.raises(InvalidJson) as caught:
        loads(HOSTILE[name])
    assert 0 < len(str(caught.value)) < 40


@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_that_holds_it_is_an_error_of_the_source(name):
    response = Response(200, {"content-type": "application/json"}, HOSTILE[name], "https://a.go.id/x")
    with pytest.raises(SourceError) as caught:
        response.json()
    assert caught.value.code == "E-TRK-014"


def test_text_that_cannot_be_stored_is_mended_and_stops_nothing():
    assert loads(rb'{"a\u0000b": ["x\ud800y", "\u0000"], "ok": "\ud83d\ude00"}') == {
        "ab": ["x\ufffdy", ""],
        "ok": "\U0001f600",
    }


def test_a_byte_order_mark_and_utf_16_are_read():
    assert loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert loads('{"a": "é"}'.encode("utf-16")) == {"a": "é"}


@pytest.mark.parametrize("body", [b"", b"   ", b"<html></html>", b"\xef\xbb\xbf<!DOCTYPE html>"])
def test_an_answer_without_json_is_called_no_json(body):
    with pytest.raises(SourceError) as caught:
        Response(200, {}, body, "https://a.go.id").json()
    assert caught.value.code == "E-TRK-001"
