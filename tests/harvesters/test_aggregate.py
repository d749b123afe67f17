"""Rows about people in, counts out."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections import Counter

import pytest

from satudata_harvesters.aggregate import AggregateRules, aggregate, bucket, describe, tally, to_csv
from satudata_harvesters.aggregate.tally import Tally
from satudata_harvesters.errors import ConfigError, SourceError

RULES = {
    "columns": ["kategori", "kecamatan", "tanggal"],
    "group_by": [{"field": "kategori"}, {"field": "kecamatan"}, {"field": "tanggal", "as": "bulan", "bucket": "month"}],
    "k": 5,
    "measure_name": "jumlah_aduan",
    "unit": "Aduan",
    "dataset": {"title": "Jumlah Aduan", "notes": "Catatan."},
}
NIK = "3205014101909999"


def row(number, kategori="Jalan", kecamatan="Trenggalek", month=1):
    return {
        "kategori": kategori,
        "kecamatan": kecamatan,
        "tanggal": f"2025-{month:02d}-15 10:00:00",
        "nik": NIK,
        "isi_laporan": f"rahasia {number}",
    }


def counted(rows, **changed):
    return aggregate(iter(rows), AggregateRules.from_dict({**RULES, **changed}))


def test_rows_are_counted_by_category_district_and_month():
    rows = [row(n) for n in range(7)] + [row(n, "Sampah", "Dongko", 2) for n in range(6)]
    table = counted(rows)
    assert table.columns == ["kategori", "kecamatan", "bulan", "nama_bulan", "jumlah_aduan"]
    assert table.rows == [
        ["Jalan", "Trenggalek", "2025-01", "Januari 2025", 7],
        ["Sampah", "Dongko", "2025-02", "Februari 2025", 6],
    ]
    assert table.rows_read == 13


def test_cells_under_k_are_left_out_and_told():
    table = counted([row(n) for n in range(5)] + [row(n, "Sampah") for n in range(4)])
    assert [line[:3] + line[-1:] for line in table.rows] == [["Jalan", "Trenggalek", "2025-01", 5]]
    assert (table.suppressed, table.total_cells, table.rows_suppressed, table.share_suppressed) == (1, 2, 4, 0.5)


def test_k_belongs_to_the_template():
    rows = [row(n) for n in range(5)] + [row(5, month=2)]
    assert len(counted(rows, k=1).rows) == 2
    assert len(counted(rows).rows) == 1


def test_a_text_that_only_a_few_rows_bear_is_not_published_whatever_k_is():
    table = counted([row(n) for n in range(6)] + [row(6, kategori="Budi mengadu lagi")], k=1)
    assert "Budi" not in str(table.rows)
    assert table.suppressed == 1
    assert "Budi" not in str(table.released)


def test_a_value_left_empty_is_unknown_and_spaces_do_not_make_two_of_one():
    table = counted(
        [row(n, kecamatan=value) for n, value in enumerate(["-", "", None, *[" Dongko  Barat", "Dongko Barat "] * 3])],
        k=1,
    )
    assert Counter({r[1]: r[-1] for r in table.rows}) == {"Tidak diketahui": 3, "Dongko Barat": 6}


@pytest.mark.parametrize(
    ("size", "told"), [("day", "2025-08-09"), ("month", "2025-08"), ("quarter", "2025-Q3"), ("year", "2025")]
)
def test_a_date_is_coarsened_in_wib(size, told):
    assert bucket("2025-08-09 23:59:59", size) == told
    assert bucket("2025-08-08T20:00:00Z", size) == told


def test_nothing_of_a_person_leaves_in_the_table_or_its_description():
    table = counted([row(n) for n in range(20)])
    everything = to_csv(table).decode() + str(table) + str(describe(table, AggregateRules.from_dict(RULES)))
    assert NIK not in everything
    assert "rahasia" not in everything


def test_a_column_that_is_not_allowed_cannot_be_grouped_by():
    with pytest.raises(ConfigError) as caught:
        AggregateRules.from_dict({**RULES, "group_by": ["nik"]})
    assert caught.value.code == "E-CFG-004"


def test_no_error_names_a_value():
    with pytest.raises(SourceError) as caught:
        counted([{"nik": NIK, "kategori": "rahasia"}])
    assert caught.value.code == "E-TRK-028"
    assert NIK not in str(caught.value)
    assert "rahasia" not in str(caught.value)


def test_what_is_no_aggregate_is_refused(monkeypatch):
    monkeypatch.setattr(tally, "MOST_CELLS", 500)
    with pytest.raises(SourceError) as caught:
        counted((row(n, kategori=str(n)) for n in range(600)), k=1)
    assert caught.value.code == "E-TRK-029"


@pytest.mark.heavy
def test_memory_does_not_grow_with_the_rows():
    def peak(count):
        tracemalloc.start()
        counted(row(n, month=n % 12 + 1) for n in range(count))
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    counted(row(n) for n in range(5_000))  # what is made once and kept is no growth
    peak(2_000)
    assert peak(20_000) < peak(2_000) * 1.1 + 10_000


def test_the_csv_has_a_header_and_no_formula():
    table = counted([row(n, kategori="=HYPERLINK(1)") for n in range(5)])
    [header, first] = csv.reader(io.StringIO(to_csv(table).decode("utf-8")))
    assert header == table.columns
    assert first[0] == "'=HYPERLINK(1)"


def test_the_dataset_tells_its_period_and_what_is_missing():
    rules = AggregateRules.from_dict(RULES)
    table = counted([row(n) for n in range(5)] + [row(n, month=3) for n in range(5)] + [row(1, "Sampah")])
    dataset = describe(table, rules)
    assert (dataset["periode_awal"], dataset["periode_akhir"]) == ("2025-01", "2025-03")
    assert "kurang dari 5" in dataset["notes"]
    assert "33,3%" in dataset["notes"]


def test_the_data_dictionary_describes_every_column():
    table = counted([row(1)], k=1)
    assert [column["nama"] for column in table.kamus_data] == table.columns
    assert table.kamus_data[-1]["satuan"] == "Aduan"


def test_a_page_that_is_named_by_a_row_s_key_is_traced_by_a_hash():
    counting = Tally(AggregateRules.from_dict(RULES))
    for key in ("2:500", NIK, f'"{NIK}"'):
        counting.page(key, [row(1)])
    keys = [page.key for page in counting.close().pages]
    assert keys[0] == "2:500"
    assert NIK not in str(keys)


LISTED = [{"field": "kategori", "values": ["Jalan", "Sampah"]}, {"field": "tanggal", "as": "bulan", "bucket": "month"}]


def faults(table):
    return {issue.code: issue.params for issue in table.issues}


def test_a_category_that_was_renamed_is_told_and_a_new_spelling_mends_it():
    rows = [row(n) for n in range(40)] + [row(n, "Persampahan") for n in range(7)]
    table = counted(rows, group_by=LISTED)
    assert faults(table)["W-AGR-002"]["jumlah"] == 7
    assert "Persampahan" not in str(table)
    mended = [{**LISTED[0], "codes": {"Persampahan": "Sampah"}}, LISTED[1]]
    table = counted(rows, group_by=mended)
    assert {line[0]: line[-1] for line in table.rows} == {"Jalan": 40, "Sampah": 7}
    assert faults(table) == {}


@pytest.mark.parametrize(
    ("spoiled", "code"),
    [({"kategori": "xx"}, "E-AGR-001"), ({"tanggal": "kemarin"}, "E-AGR-001"), ({"kategori": NIK}, "E-AGR-002")],
)
def test_a_column_that_is_no_longer_what_it_was_ends_the_counting(spoiled, code):
    rows = [row(n) for n in range(20)] + [{**row(n), **spoiled} for n in range(10)]
    with pytest.raises(SourceError) as caught:
        counted(rows, group_by=LISTED)
    assert caught.value.code == code
    assert not any(value in str(caught.value) for value in spoiled.values())


def test_a_date_in_three_forms_is_one_month():
    forms = ["2025-03-04 10:00:00", "4 Maret 2025", "04/03/2025", "2025-03-04"]
    table = counted([{**row(n), "tanggal": form} for n, form in enumerate(forms * 3)], group_by=LISTED)
    assert [line[1] for line in table.rows] == ["2025-03"]


def test_a_row_that_comes_twice_counts_once():
    rows = [{**row(n), "tiket": f"T{n}"} for n in range(8)]
    table = counted([*rows, rows[0], rows[3]], key="tiket")
    assert [line[-1] for line in table.rows] == [8]
    assert faults(table)["W-AGR-004"] == {"jumlah": 2}
    assert "T3" not in str(table)


def test_a_region_is_found_by_code_and_by_name():
    ways = ["350301", "35.03.01", "3503012001", "Panggul", "Kec. Panggul", "panggul"]
    group = [{"field": "kecamatan", "region": "kecamatan", "within": "35.03"}]
    table = counted([row(n, kecamatan=ways[n % 6]) for n in range(12)], group_by=group)
    assert table.rows == [["35.03.01", "Panggul", 12]]


def test_sums_means_and_shares_are_of_the_cell():
    measures = [
        {"name": "n"},
        {"name": "jumlah", "kind": "sum", "field": "kecamatan"},
        {"name": "rata", "kind": "mean", "field": "kecamatan"},
        {"name": "bagian", "kind": "share", "part": "n", "of": ["bulan"]},
        {"name": "rasio", "kind": "share", "part": "n", "whole": "jumlah"},
    ]
    rows = [row(n, kecamatan=str(n)) for n in range(1, 7)] + [row(n, "Sampah", kecamatan="10") for n in range(14)]
    table = counted(rows, group_by=LISTED, measures=measures)
    assert [line[3:] for line in table.rows] == [[6, 21, 3.5, 30, 28.57], [14, 140, 10, 70, 10]]
