"""The BPS web API: variables in pages, dynamic tables whose keys have no separators."""

from __future__ import annotations

import json

import pytest

from satudata_harvesters.connectors.bps import Bps, table_rows
from satudata_harvesters.mapping import Mapping
from tests.harvesters.site import answer
from tests.harvesters.until import until_it_fails

KEY = "kunci-aplikasi-9f8e"


@pytest.fixture
def bps(client):
    return lambda at, **config: Bps({"url": at.url + "/v1/api", "domain": "3503", "key": KEY, **config}, client(at))


def test_every_cell_of_a_recorded_table_is_found(recorded):
    recording = json.loads((recorded / "rest" / "bps_dynamicdata_maluku_var218.json").read_bytes())
    rows = table_rows(recording)
    assert len(rows) == len(recording[0]["datacontent"]) == 56
    assert rows[0] == {
        "kota": "Ambon",
        "variabel": "2- Inflasi Tahun Kalender (y-to-d) Kota Ambon, dan Kota Tual",
        "turunan": "Tidak ada",
        "tahun": "2017", "periode": "Januari", "nilai": 0.28, "satuan": "Persen",
    }  # fmt: skip
    [october] = [row for row in rows if (row["kota"], row["tahun"], row["periode"]) == ("Ambon", "2017", "Oktober")]
    assert october["nilai"] == 0.21


def test_values_as_text_and_missing_ones_are_read(recorded):
    rows = table_rows(json.loads((recorded / "rest" / "bps_handmade_vardata_strings.json").read_bytes()))
    assert [(row["tahun"], row["nilai"]) for row in rows] == [("2023", 2.88), ("2024", 3.05), ("2025", None)]


@pytest.mark.parametrize("month", ["1", "01"])
def test_a_period_is_found_with_one_digit_or_two(month):
    told = {
        "status": "OK", "vervar": [{"val": 2, "label": "B"}], "var": [{"val": 7, "label": "V", "unit": "Orang"}],
        "turvar": [{"val": "0", "label": "Tidak ada"}], "tahun": [{"val": 124, "label": "2024"}],
        "turtahun": [{"val": 1, "label": "Januari"}], "datacontent": {f"270124{month}": 5},
    }  # fmt: skip
    assert [row["nilai"] for row in table_rows(told)] == [5]


def test_the_rows_of_a_variable_are_read(recorded, serve, bps):
    body = (recorded / "rest" / "bps_dynamicdata_maluku_var218.json").read_bytes()
    at = serve(lambda _: answer(body))
    [page] = bps(at, variable="218").pages()
    assert len(page.records) == 56
    assert at.asked[0].path == f"/v1/api/list/model/data/lang/ind/domain/3503/var/218/key/{KEY}"


def test_a_variable_becomes_a_dataset():
    raw = {
        "domain": "3503",
        "var_id": 218,
        "title": "Inflasi",
        "def": "<p>Arti</p>",
        "unit": "Persen",
        "sub_name": "Inflasi",
    }
    found = Mapping("bps").apply(raw)
    assert found.identifier == "3503-218"
    assert (found.dataset["definisi"], found.dataset["satuan"], found.dataset["tags"]) == (
        "Arti",
        "persen",
        ["Inflasi"],
    )


@pytest.mark.parametrize("data", ["", None, []])
def test_a_domain_without_variables_is_empty_and_complete(serve, bps, data):
    at = serve(lambda _: answer({"status": "OK", "data-availability": "list-not-available", "data": data}))
    [page] = bps(at).pages()
    assert page.last
    assert page.records == []


@pytest.mark.parametrize(
    ("name", "code"), [("bps_handmade_error_403.json", "E-TRK-016"), ("bps_handmade_waf_block_200.html", "E-TRK-020")]
)
def test_recorded_refusals_are_named_without_the_key(recorded, serve, bps, name, code):
    body = (recorded / "rest" / name).read_bytes()
    _, error = until_it_fails(bps(serve(lambda _: answer(body))).pages())
    assert error.code == code
    assert KEY not in str(error) + json.dumps(error.to_dict())


def test_a_wrong_key_is_said_to_be_wrong_and_not_shown(serve, bps):
    _, error = until_it_fails(bps(serve(lambda _: answer({"status": "Error"}, status=403))).pages())
    assert error.code == "E-TRK-003"
    assert KEY not in str(error)
