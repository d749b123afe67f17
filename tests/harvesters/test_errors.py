"""Errors carry a code and safe parameters; words are found when they are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import satudata_harvesters
from satudata_harvesters.errors import ConfigError, RecordError, SourceError, redact
from satudata_schemas.issue import messages

ROOM = Path(satudata_harvesters.__file__).parent


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@a.go.id/x", "https://a.go.id/x"),
        ("https://a.go.id/x?key=K1&page=2", "https://a.go.id/x?key=***&page=2"),
        ("https://a.go.id/?access_token=K1&apikey=K1&X-Amz-Signature=K1&sig=K1", "https://a.go.id/?access_token=***&apikey=***&X-Amz-Signature=***&sig=***"),
        ("https://webapi.bps.go.id/v1/api/list/model/var/key/K1/page/1", "https://webapi.bps.go.id/v1/api/list/model/var/key/***/page/1"),
        ("https://a.go.id/#token=K1", "https://a.go.id/"),
        ("https://[broken", "***"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_what_may_be_secret(url, shown):
    assert redact(url) == shown
    assert "K1" not in str(SourceError("E-TRK-007", url=url))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.go.id/masuk?nik=3503021602829999&nama=Fulan&page=2", "https://a.go.id/masuk?nik=***&nama=***&page=2"),
        ("https://a.go.id/warga/3503021602829999/0844-5500-3944", "https://a.go.id/warga/***/***"),
        ("https://a.go.id/x?3503021602829999=1", "https://a.go.id/x?***=1"),
        ("https://a.go.id/x?q=fulan&sort=id+asc&rows=9&format=json", "https://a.go.id/x?q=***&sort=id%20asc&rows=9&format=json"),
        ("https://a.go.id/x?sort=Fulan+bin+Fulan&page=fulan@a.id", "https://a.go.id/x?sort=***&page=***"),
        ("http://127.0.0.1:50011/api/v1?page=12&per_page=200", "http://127.0.0.1:50011/api/v1?page=12&per_page=200"),
    ],
)  # fmt: skip
def test_an_error_names_an_address_without_whom_the_source_put_into_it(url, shown):
    assert SourceError("E-TRK-007", url=url).params["url"] == shown


def test_a_parameter_stays_on_one_line_and_short():
    error = SourceError("E-TRK-008", host="a\r\n2026 ERROR palsu\u2028" + "x" * 1000)
    assert "\n" not in str(error)
    assert len(str(error)) < 700


def test_an_error_says_cause_and_remedy_in_two_languages():
    error = SourceError("E-TRK-001", url="https://a.go.id/?key=K1", status=200, type="text/html")
    assert error.message("id").startswith('Sumber "https://a.go.id/?key=***" menjawab bukan JSON')
    assert error.remedy("en").startswith("Check")
    assert error.to_dict("en")["message"] == error.message("en")


def test_an_error_tells_the_status_it_was_answered_with():
    error = SourceError("E-TRK-003", url="https://a.go.id/api", status=403)
    assert "(HTTP 403)" in error.message("id")
    assert error.params["status"] == error.status == 403


def test_a_mistake_in_a_file_names_its_line():
    assert ConfigError("E-CFG-003", field="url", line=7).message("id").startswith("Baris 7: ")
    assert ConfigError("E-CFG-003", field="url", line=7).message("en").startswith("Line 7: ")


def test_a_record_that_could_not_be_read_can_still_be_named():
    assert RecordError("E-TRK-021", identifier="x-1", url="https://a.go.id").identifier == "x-1"


def test_every_code_this_package_uses_has_words_and_every_place_in_them_is_filled():
    used = {
        code for path in ROOM.rglob("*.py") for code in re.findall(r'"([EW]-(?:TRK|CFG|MAP)-\d{3})"', path.read_text())
    }
    assert used <= messages().keys()
    for code in used:
        for words in messages()[code].values():
            assert set(words) == {"cause", "remedy"}
            assert words["cause"].endswith(".")
            assert words["remedy"].endswith(".")
