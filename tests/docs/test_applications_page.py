"""The walk of docs/applications.md, step by step: its rows, its template and its result belong together."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import fields
from pathlib import Path

import pytest

from satudata_harvesters.aggregate import AggregateRules, to_csv
from satudata_harvesters.cli import main
from satudata_harvesters.preview import preview
from satudata_harvesters.source import http_for, load_source
from satudata_schemas.issue import messages

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "applications.md").read_text(encoding="utf-8")
[TEMPLATE] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ROWS, RESULT = re.findall(r"^```csv\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SATUDATA_FOLDER", str(tmp_path))
    (tmp_path / "perpustakaan").mkdir()
    (tmp_path / "perpustakaan" / "pinjaman-2025.csv").write_text(ROWS, "cp1252")
    (tmp_path / "perpustakaan.yaml").write_text(TEMPLATE, "utf-8")
    return tmp_path


def test_the_template_of_the_walk_is_the_one_kept_here():
    assert (HERE / "own_application.yaml").read_text("utf-8") == TEMPLATE


def test_its_rows_give_the_table_that_the_page_shows(folder):
    source = load_source(TEMPLATE)
    report = preview(source, http_for(source))
    assert report.error is None
    assert to_csv(report.table).decode().replace("\r\n", "\n") == RESULT
    [item] = report.items
    assert item.hasil == "layak"
    assert report.table.suppressed == 2


def test_the_table_is_the_one_counted_by_hand():
    """The rows of the page, counted without the template."""
    counts: dict[tuple[str, ...], int] = {}
    for row in csv.DictReader(io.StringIO(ROWS), delimiter=";"):
        cell = (row["kelompok_usia"], row["koleksi"], row["kode_kecamatan"])
        counts[cell] = counts.get(cell, 0) + 1
    shown = list(csv.DictReader(io.StringIO(RESULT)))
    found = {
        (line["kelompok_usia"], line["koleksi"], line["kode_kecamatan"].replace(".", "")): int(
            line["jumlah_peminjaman"]
        )
        for line in shown
    }
    assert found == {cell: count for cell, count in counts.items() if count >= 5}


def test_the_command_of_the_walk_tells_what_is_read_and_what_is_dropped(folder, capsys):
    with pytest.raises(SystemExit):
        main(["preview", str(folder / "perpustakaan.yaml")])
    said = capsys.readouterr().out
    assert "kolom dibaca: id, tanggal_pinjam, kelompok_usia, koleksi, kode_kecamatan" in said
    assert "kolom dibuang: anggota, nik" in said
    assert "Xuqazo" not in said


def test_every_setting_is_explained():
    table = PAGE.partition("| isian `aggregate` |")[2].partition("\n\n")[0]
    explained = {
        name for cell in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
    }
    assert {field.name for field in fields(AggregateRules)} <= explained | {"measures"}


def test_every_code_it_names_exists():
    known = messages()
    assert {code for code in re.findall(r"`([EWI]-[A-Z]+-\d{3})`", PAGE) if code not in known} == set()
