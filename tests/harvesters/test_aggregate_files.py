"""Large files are counted by an engine for tables: it gives the table that their rows give, and tells nothing more."""

from __future__ import annotations

import pytest

from satudata_harvesters.aggregate import AggregateRules, aggregate_pages, files, to_csv
from satudata_harvesters.connectors import table as tables
from satudata_harvesters.errors import SourceError
from satudata_harvesters.source import Source, http_for

RULES = {
    "columns": ["kategori", "tanggal", "nilai"],
    "group_by": [
        {"field": "kategori", "values": ["Jalan", "Sampah"]},
        {"field": "tanggal", "as": "bulan", "bucket": "month"},
    ],
    "measures": [{"name": "jumlah"}, {"name": "nilai", "kind": "sum", "field": "nilai"},
                 {"name": "rata", "kind": "mean", "field": "nilai"}],
    "k": 1,
}  # fmt: skip
LINES = ["2025-01-03 10:00:00,Jalan,5,3503010101809999", "2025-01-04,Jalan,7,3503010101809999",
         "2025-02-01T00:00:00Z,Sampah,,3503010101809999", '"3 Februari 2025",sampah,12,3503010101809999',
         ",Jalan,1,3503010101809999", "2025-02-30,Lain,-3,3503010101809999"] * 4  # fmt: skip


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """Counts a CSV file as it comes, large or small; gives the table and how it was read."""
    monkeypatch.setenv("SATUDATA_FOLDER", str(tmp_path))
    ways = []
    real = files._grouped
    monkeypatch.setattr(files, "_grouped", lambda *given: ways.append(real(*given) is not None) or real(*given))

    def count(text, *, large, encoding="utf-8", **rules):
        (tmp_path / "aduan.csv").write_bytes(text.encode(encoding))
        monkeypatch.setattr(tables, "LARGE", 1 if large else 10**9)
        given = {"name": "uji", "connector": "table", "url": "folder:aduan.csv", "config": {"shape": "rows"}}
        source = Source.from_dict(given)
        ways.clear()
        made = AggregateRules.from_dict({**RULES, **rules})
        return aggregate_pages(source.open(http_for(source)).pages(), made), list(ways)

    return count


CSV = "tanggal,kategori,nilai,nik\n" + "\n".join(LINES) + "\n"


def test_a_large_file_gives_the_table_that_its_rows_give_one_by_one(counted):
    by_engine, ways = counted(CSV, large=True)
    by_rows, _ = counted(CSV, large=False)
    assert ways == [True]
    assert to_csv(by_engine) == to_csv(by_rows)
    assert (by_engine.rows_read, by_engine.dropped) == (len(LINES), ("nik",))
    assert by_engine.issues == by_rows.issues
    assert by_engine.pages[0].rows == len(LINES)


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (lambda text: text.replace(",12,", ',"1.200",'), {}),
        (lambda text: text.replace(",12,", ',"12,5",'), {}),
        (lambda text: text, {"measures": [{"name": "orang", "kind": "distinct", "field": "kategori"}]}),
    ],
)
def test_what_the_engine_would_read_otherwise_is_read_row_by_row(counted, change, rules):
    by_engine, ways = counted(change(CSV), large=True, **rules)
    by_rows, _ = counted(change(CSV), large=False, **rules)
    assert ways == [False]
    assert to_csv(by_engine) == to_csv(by_rows)


def test_a_large_file_in_the_encoding_of_office_computers_is_read_too(counted):
    text = CSV.replace("Jalan", "Jalän").replace(",", ";")
    values = {"group_by": [{"field": "kategori", "values": ["Jalän", "Sampah"]}], "measures": [{"name": "jumlah"}]}
    table, _ = counted(text, large=True, encoding="cp1252", **values)
    assert {row[0]: row[1] for row in table.rows} == {"Jalän": 12, "Lainnya": 4, "Sampah": 8}


def test_no_error_of_the_engine_tells_a_row(counted):
    broken = CSV + '2025-01-03,"Jalan,9,3503010101809999\n' * 3
    try:
        table, _ = counted(broken, large=True)
        told = str(table)
    except SourceError as error:
        told = str(error) + error.remedy("en")
    assert "3503010101809999" not in told


def test_a_file_larger_than_the_source_s_limit_is_not_read(counted, monkeypatch):
    from dataclasses import replace

    from satudata_harvesters import source as sources

    real = sources.http_for

    def small(*given, **named):
        http = real(*given, **named)
        http.limits = replace(http.limits, max_bytes=100)
        return http

    monkeypatch.setitem(globals(), "http_for", small)
    with pytest.raises(SourceError) as caught:
        counted(CSV, large=True)
    assert caught.value.code in {"E-TRK-010", "E-TBL-003"}
