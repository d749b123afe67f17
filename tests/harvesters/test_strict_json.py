"""JSON from sources that may mean harm."""

from __future__ import annotations

import json

import msgspec
import pytest

from satudata_harvesters.errors import SourceError
from satudata_harvesters.response import Response
from satudata_harvesters.strict_json import InvalidJson, Records, apart, loads

HOSTILE = {
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a number too large": b'{"a": 1e999}',
    "a doubled key": b'{"a": 1, "a": 2}',
    "a doubled key deep inside": b'{"a": [{"b": {"c": 1, "d": ":", "c": 1}}]}',
    "a doubled key written in two ways": rb'{"a:": 1, "a\u003A": 2}',
    "a doubled key whose values hide colons": rb'{"a": 1, "a": "\u003a\u003a"}',
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


TELLING = [
    b"0", b"-0", b"1.5e3", b"18446744073709551616", b"123456789012345678901234567890", b'"a:b"', rb'"\u003a"',
    b"[]", b"{}", b'{"a" : {"b"\n:\t[1, 2.50, null, true]}}', rb'{"a\"b": "c\\", "\/": "\u00e9\ud83d\ude00"}',
    '{"é:": "：", "b": "\x7f\x85\u2028"}'.encode(), b'{"": {"": {"": ":"}}}', b" [1,\n2 ] ",
]  # fmt: skip


@pytest.mark.parametrize("body", TELLING)
def test_what_is_read_fast_is_what_python_reads(body):
    read = loads(body)
    assert (read, repr(read)) == (json.loads(body), repr(json.loads(body)))


def test_records_are_parsed_one_by_one_and_a_broken_one_stops_none_of_the_others():
    raws = [msgspec.Raw(text) for text in (b'{"a": 1}', b'{"a": 1, "a": 2}', b'{"a": 1e999}', b'{"a": 2}')]
    records = Records(raws)
    assert list(records) == [{"a": 1}, None, None, {"a": 2}]
    assert list(records) == list(records), "they can be gone through again"
    assert (len(records), records[-1]) == (4, {"a": 2})
    assert records[2:] == [None, {"a": 2}]
    assert records[3] is not records[3], "nothing is kept"
    assert list(Records(raws[:2], ["a"])) == [{"a": 1}, None], "a name is a text"


def test_a_broken_record_keeps_what_names_it_and_nothing_else():
    body = rb'{"id": "k\u0000-1", "title": "A", "title": "B", "n": NaN}'
    assert list(Records([msgspec.Raw(body)], ["id", "name"])) == [{"id": "k-1"}]


class _Shape(msgspec.Struct):
    items: list[msgspec.Raw]


@pytest.mark.parametrize(
    "body",
    [
        b'{"items": [{"a": 1}], "n": 1, "n": 2}',
        b'{"items": [{"a": 1}], "n": 1e999}',
        b'{"items": [{"a": 1}',
        b'{"items": [{"a": "\xe9"}]}',
        b'{"items": [{"a": 1}, 2]}',
        b'{"items": []}',
        b'{"else": [{"a": 1}]}',
    ],
)
def test_only_a_sound_document_of_the_expected_shape_is_taken_apart(body):
    assert apart(body, msgspec.json.Decoder(_Shape), lambda found: found.items) is None


def test_a_document_is_taken_apart_into_its_records_and_what_stands_around_them():
    body = b'{"other": {}, "items": [{}, {"a": "}"}, {}], "n": 3}'
    around, records = apart(body, msgspec.json.Decoder(_Shape), lambda found: found.items) or (None, None)
    assert around is None or around == {"other": {}, "items": [], "n": 3}
    body = b'{"items": [{"a": 1}, {"a": "}]"}], "n": 2}'
    around, records = apart(body, msgspec.json.Decoder(_Shape), lambda found: found.items)
    assert (around, records) == ({"items": [], "n": 2}, [{"a": 1}, {"a": "}]"}])
