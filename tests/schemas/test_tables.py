"""Tables as offices make them. What is expected of the recorded ones was written down from looking at the files."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from satudata_schemas import tables
from satudata_schemas.tables import TableError

RECORDED = Path(__file__).parents[3] / "shared" / "recorded" / "tables"


@pytest.fixture
def table(tmp_path):
    """The one table of a file with this content."""

    def made(content: str | bytes, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        [found] = tables.read(path)
        return found

    return made


def names(found):
    return [column.name for column in found.columns]


# --- shapes ---


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separators_encodings_and_line_ends_make_no_difference(table, separator, encoding, newline):
    lines = ["Wilayah|Jumlah|Café", "Garut|12|a", "Bogor|3|b", "Depok|9|é"]
    found = table(newline.join(lines).replace("|", separator).encode(encoding))
    assert names(found) == ["Wilayah", "Jumlah", "Café"]
    assert list(found.rows())[2] == ("Depok", 9, "é")


def test_titles_above_and_notes_below_are_told_apart_from_the_data(table):
    found = table(
        "LAPORAN PENDUDUK,,\nTAHUN 2024,,\n,,\nNo,Kecamatan,Jumlah\n1,Garut,12\n2,Tarogong,30\n,,\nSumber: Dinas,,\n"
    )
    assert (found.header_row, found.first_row, found.row_count) == (4, 5, 2)
    assert found.title == "LAPORAN PENDUDUK TAHUN 2024"
    assert found.notes == ("Sumber: Dinas",)
    assert [issue.code for issue in found.findings] == ["W-TBL-020", "I-TBL-025"]


def test_two_header_rows_with_merged_cells_give_joined_names(table):
    found = table("No,Kecamatan,Penduduk,,Rumah\n,,L,P,\n1,Garut,10,12,4\n2,Bogor,11,13,5\n")
    assert names(found) == ["No", "Kecamatan", "Penduduk - L", "Penduduk - P", "Rumah"]
    assert (found.header_row, found.header_rows) == (2, 2)


def test_years_as_column_names_are_names_and_periods(table):
    found = table(";;\nNama Wilayah;2020;2019\nJAWA BARAT;410988;386198\n")
    assert names(found) == ["Nama Wilayah", "2020", "2019"]
    assert [column.period for column in found.columns] == [None, "2020", "2019"]


def test_the_running_numbers_below_the_names_are_no_data(table):
    found = table("Kecamatan,L,P\n(1),(2),(3)\nGarut,10,12\nBogor,11,13\n")
    assert (names(found), found.row_count) == (["Kecamatan", "L", "P"], 2)


def test_a_total_is_left_out_and_said_by_name_or_by_sum(table):
    by_name = table("Kecamatan,L\nGarut,10\nBogor,11\nDepok,5\nJumlah,26\n")
    assert (by_name.row_count, by_name.totals) == (3, (5,))
    by_sum = table("Kecamatan,L,P\nSemua,26,9\nGarut,10,3\nBogor,11,3\nDepok,5,3\n")
    assert (by_sum.row_count, by_sum.totals) == (3, (2,))
    by_region = table("Wilayah,IPM\nKabupaten Garut,70\nKota Bogor,77\nKota Depok,82\nJawa Barat,73\n")
    assert by_region.totals == (5,)


@pytest.mark.parametrize(
    ("content", "totals"),
    [
        ("Komoditas,Kota\nPadi,10\nIkan,11\nTelur,5\nJumlah/Total,100\n", (5,)),
        ("Wilayah,TPT\nPerkotaan,3.7\nPerdesaan,3.4\nPerkotaan & Perdesaan,3.6\n", (4,)),
        ("Lapangan Usaha,Pertumbuhan\nA Pertanian,1.5\nB Tambang,2.4\nProduk Domestik Regional Bruto,2.1\n", (4,)),
        ("Kelompok,Indeks Harga Konsumen\nUmum,107.7\nPakaian,105.8\nPendidikan,112.5\n", (2,)),
        ("Penjamin,Pasien\nUmum,107\nBPJS,105\nAsuransi,12\n", ()),
        ("Jenis,Nilai\nJalan,5\nJembatan,9\nJalan dan Drainase,4\n", ()),
    ],
)
def test_a_row_of_the_whole_is_a_total_whatever_it_is_called(table, content, totals):
    assert table(content).totals == totals


def test_what_only_a_total_says_does_not_decide_a_column_s_type(table):
    found = table("Kelurahan,Positif,Keterangan\nTOTAL,26,0\nA,10,\nB,11,\nC,5,\n")
    assert [column.type for column in found.columns] == ["teks", "bilangan_bulat", "teks"]


def test_an_id_is_a_code_also_where_it_is_a_range(table):
    found = table("id_turunan,nilai\n54-57,1\n0,2\n45-47 370-371,3\n0 dan 62,4\n")
    assert found.columns[0].type == "kode"


def test_columns_without_name_or_with_the_same_are_told_and_told_apart(table):
    found = table("id,,Sembuh,Sembuh,\n1,a,3,4,\n2,b,5,6,\n3,b,1,2,\n")
    assert names(found) == ["id", "kolom_2", "Sembuh", "Sembuh_2"]
    assert [issue.code for issue in found.findings] == ["W-TBL-022", "W-TBL-023"]


def test_a_table_of_texts_alone_has_a_header_too(table):
    assert names(table("Nama Sekolah,Alamat\nSDN 1,Jalan A\nSDN 2,Jalan B\n")) == ["Nama Sekolah", "Alamat"]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([{"wilayah": "Garut", "jumlah": "12"}, {"wilayah": "Bogor", "jumlah": None}]),
        json.dumps({"data": [{"wilayah": "Garut", "jumlah": "12"}, {"wilayah": "Bogor", "jumlah": "-"}]}),
        '{"wilayah": "Garut", "jumlah": 12}\n{"wilayah": "Bogor"}\n',
    ],
)
def test_json_in_its_shapes_is_a_table(table, content):
    assert list(table(content).rows()) == [("Garut", 12), ("Bogor", None)]


def test_a_spreadsheet_is_read_sheet_by_sheet(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Penduduk"
    sheet.append([])
    sheet.append([None, "Kecamatan", "Jumlah", None])
    sheet.append([None, None, "L", "P"])
    sheet.append([None, "Garut", 10, 12.5])
    sheet.append([None, "Bogor", 11, 13.0])
    book.create_sheet("Kosong")
    book.save(tmp_path / "a.xlsx")
    [found] = tables.read(tmp_path / "a.xlsx")
    assert (found.sheet, found.format, found.header_row) == ("Penduduk", "xlsx", 3)
    assert list(found.rows()) == [("Garut", 10, 12.5), ("Bogor", 11, 13)]


# --- values ---


def test_numbers_are_read_as_their_column_writes_them(table):
    found = table('a;b;c;d;e\n"1.234,5";Rp 1.250.000;12,5%;1.234;0,07\n"2.000,0";Rp 900.000;8%;2.345;"1,10"\n')
    assert next(found.rows()) == (1234.5, 1250000, 12.5, 1234, 0.07)


def test_a_dot_is_a_fraction_where_another_value_of_the_column_says_so(table):
    found = table("wilayah,nilai\na,313.637\nb,6.51\nc,11.00\n")
    assert [row[1] for row in found.rows()] == [313.637, 6.51, 11.0]


def test_many_words_for_nothing_are_nothing(table):
    found = table("wilayah,nilai\na,-\nb,n/a\nc,...\nd,tidak ada data\ne,4\nf,5\ng,6\nh,7\n")
    assert [row[1] for row in found.rows()] == [None, None, None, None, 4, 5, 6, 7]


def test_types_units_and_code_lists_are_proposed_as_kamus_data(table):
    found = table(
        "kode_wilayah,tahun,tanggal,Luas (Ha),nik\n3204,2024,9 Agustus 2024,12.5,0123\n3205,2024,10/08/2024,3.5,0456\n"
    )
    assert [column.type for column in found.columns] == ["kode", "tahun", "tanggal", "bilangan", "kode"]
    assert next(found.rows()) == ("3204", 2024, "2024-08-09", 12.5, "0123")
    kamus = found.kamus_data()
    assert kamus[0] == {"nama": "kode_wilayah", "tipe_data": "kode", "kode_referensi": "kemendagri-wilayah"}
    assert kamus[3]["satuan"] == "hektare"


def test_a_column_satuan_gives_the_unit_of_the_measure_beside_it(table):
    found = table("kode_provinsi,jumlah,satuan,tahun\n32,5.5,HEKTAR (HA),2024\n33,6.5,HEKTAR (HA),2024\n")
    assert found.columns[1].unit == "hektare"


# --- recorded ---

#: Written down from looking at the files; the other half of that file is left to the measurement.
TRUTH = [
    one for one in json.loads((Path(__file__).parent / "truth" / "recorded_tables.json").read_text()) if one["seen"]
]


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded tables are not here")
@pytest.mark.parametrize("truth", TRUTH, ids=lambda one: one["file"][:50])
def test_a_recorded_table_is_found_as_it_is(truth):
    found = tables.read(RECORDED / truth["file"])[0]
    assert (found.header_row, found.row_count, list(found.totals)) == tuple(
        truth[key] for key in ("header_row", "rows", "totals")
    )
    assert [[column.name, column.type] for column in found.columns] == truth["columns"]
    assert sum(1 for _ in found.rows()) == found.row_count


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded tables are not here")
@pytest.mark.parametrize("path", sorted(RECORDED.glob("*")), ids=lambda path: path.name[:50])
def test_every_recorded_file_is_a_table_with_rows(path):
    assert all(found.row_count and len(set(names(found))) == len(found.columns) for found in tables.read(path))


# --- bad input ---


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 150_000_000)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "E-TBL-002"),
        ("a.csv", b"\x00" * 100, "E-TBL-002"),
        ("a.csv", b"<!DOCTYPE html><html><table><tr><td>1</td></tr></table></html>", "E-TBL-004"),
        ("a.xls", b"<html><body><table><tr><td>1</td></tr></table>", "E-TBL-004"),
        ("a.xlsx", b"PK\x03\x04rusak", "E-TBL-010"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "E-TBL-010"),
        ("a.csv", b"%PDF-1.4 ...", "E-TBL-004"),
        ("a.csv", ",".join(f"k{n}" for n in range(10_000)).encode() + b"\n" + b",".join([b"1"] * 10_000), "E-TBL-006"),
        ("a.csv", b'a,b\n"' + b"x" * 200_000 + b"\n", "E-TBL-007"),
        ("a.csv", b"x" * 6_000_000, "E-TBL-005"),
        ("a.json", b'[{"a": NaN}]', "E-TBL-008"),
        ("a.json", b"[" * 100_000, "E-TBL-008"),
        ("a.json", b"[1, 2]", "E-TBL-009"),
        ("a.txt", b"satu kalimat saja", "E-TBL-012"),
        ("a.bin", bytes(range(256)) * 20, "E-TBL-012"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_table_is_said_so(tmp_path, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TableError) as caught:
        tables.read(path)
    assert caught.value.issue.code == code
    assert caught.value.issue.message("id")


@pytest.mark.heavy
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    bomb(tmp_path / "a.xlsx")
    with pytest.raises(TableError) as caught:
        tables.read(tmp_path / "a.xlsx")
    assert caught.value.issue.code == "E-TBL-011"


def test_a_missing_file_is_said_so(tmp_path):
    with pytest.raises(TableError) as caught:
        tables.read(tmp_path / "tidak-ada.csv")
    assert caught.value.issue.code == "E-TBL-001"


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["long", "string", "wide"])
def test_memory_stays_bounded_on_large_input(tmp_path, kind):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        if kind == "long":
            file.write(b"id,nama,nilai\n")
            for _ in range(40):
                file.write(b"1,Garut,2.5\n" * 10_000)
        elif kind == "string":
            for _ in range(190):
                file.write(b"x" * 1_000_000)
        else:
            file.write(b"\n".join([b",".join([b"12"] * 1_900)] * 1_000))
    program = (
        "import re, sys; from pathlib import Path; from satudata_schemas import tables\n"
        "try: print(tables.read(sys.argv[1])[0].row_count)\n"
        "except tables.TableError as error: print(error.issue.code)\n"
        # not getrusage: a child that was forked reports its parent's peak
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    told, peak = run.stdout.split()
    assert told == {"long": "400000", "string": "E-TBL-005", "wide": "E-TBL-012"}[kind]
    assert int(peak) < 300_000
