"""Personal data in tables. All people here are drawn at run time; every NIK has the serial 9999."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time

import pytest

from satudata_schemas.examine import examine
from satudata_schemas.personal_columns import TableFinder, header_kind, in_rows

ROWS = 300


@pytest.fixture
def draw():
    return random.Random(2019)


def nik(draw, *, retired=False):
    regency = draw.randint(81, 99) if retired else draw.randint(1, 20)
    day = draw.randint(1, 28) + draw.choice((0, 40))
    born = f"{day:02}{draw.randint(1, 12):02}{draw.randint(0, 99):02}"
    return f"{draw.choice((32, 33, 91, 54))}{regency:02}{draw.randint(1, 40):02}{born}9999"


def word(draw):
    return "".join(draw.choice("bdgklmn") + draw.choice("aiueo") for _ in range(4)).title()


def digits(draw, count):
    return "".join(draw.choice("0123456789") for _ in range(count))


def column(draw, make):
    return [[make(draw, at)] for at in range(ROWS)]


def kinds(header, rows):
    return {(one.kind, one.column) for one in in_rows(header, rows)}


@pytest.mark.parametrize("title", ["NIK", "no ktp", "kolom_1", ""])
@pytest.mark.parametrize("retired", [False, True])
@pytest.mark.parametrize("shape", ["{}", "'{}", "{}.0", " {} ", "({})", '="{}"', "{}\t", "{}\u00a0", "\u2019{}"])
def test_a_column_of_niks_is_found_whatever_it_is_called_and_however_it_is_written(draw, title, retired, shape):
    rows = column(draw, lambda draw, _: shape.format(nik(draw, retired=retired)))
    [finding] = in_rows([title], rows)
    assert (finding.kind, finding.count) == ("nik", ROWS)
    assert finding.example.endswith("********9999")


@pytest.mark.parametrize("title", ["NIK", "keterangan"])
@pytest.mark.parametrize("shape", ["NIK: {}", "NIK {}", "Kepala keluarga (NIK {})", "KTP-el no {}"])
def test_niks_behind_words_are_found_in_any_column(draw, title, shape):
    [finding] = in_rows([title], column(draw, lambda draw, _: shape.format(nik(draw, retired=True))))
    assert (finding.kind, finding.count) == ("nik", ROWS)


def test_numbers_given_as_numbers_are_found_too(draw):
    [finding] = in_rows(["nik"], column(draw, lambda draw, _: int(nik(draw))))
    assert finding.count == ROWS


def test_a_few_broken_ones_do_not_hide_the_column(draw):
    rows = column(draw, lambda draw, at: digits(draw, 16) if at % 20 == 0 else nik(draw))
    assert kinds(["nomor"], rows) == {("nik", "nomor")}


def test_identity_numbers_a_spreadsheet_has_rounded_are_told(draw):
    rows = column(draw, lambda draw, _: f"3.{digits(draw, 5)}E+15")
    assert kinds(["nik"], rows) == {("broken_identity", "nik")}
    assert kinds(["nik"], column(draw, lambda draw, _: f"3,{digits(draw, 5)}e+15")) == {("broken_identity", "nik")}


@pytest.mark.parametrize(
    ("title", "make", "kind"),
    [
        ("no_kk", lambda draw, _: nik(draw), "kk"),
        (
            "nip",
            lambda draw, _: (
                f"19{draw.randint(60, 95)}0{draw.randint(1, 9)}1{draw.randint(0, 9)}20100{draw.randint(1, 9)}1999"
            ),
            "nip",
        ),
        (
            "npwp",
            lambda draw, _: f"{digits(draw, 2)}.{digits(draw, 3)}.{digits(draw, 3)}.1-{digits(draw, 3)}.000",
            "npwp",
        ),
        ("npwp", lambda draw, _: digits(draw, 15), "npwp"),
        ("no_hp", lambda draw, _: f"0812-{digits(draw, 4)}-{digits(draw, 4)}", "phone"),
        ("hubungi", lambda draw, _: f"+62813{digits(draw, 8)}", "phone"),
        ("surel", lambda draw, at: f"{word(draw)}{at}@contoh.com", "email"),
        ("no_rekening", lambda draw, _: digits(draw, 10), "account"),
        ("nisn", lambda draw, _: digits(draw, 10), "student"),
        ("npwp", lambda draw, at: "0" + digits(draw, 15) if at % 2 else nik(draw), "npwp"),
        ("no_paspor", lambda draw, _: f"{draw.choice('ABC')}{digits(draw, 7)}", "passport"),
        ("no_kartu_jkn", lambda draw, _: f"000{digits(draw, 10)}", "insurance"),
        ("uraian", lambda draw, _: f"Hubungi {word(draw)} di 0812{digits(draw, 8)} sore", "phone"),
        ("keterangan", lambda draw, _: f"an {word(draw)} NIK {nik(draw)} alamat", "nik"),
    ],
)
def test_other_kinds_are_found_by_value_and_header(draw, title, make, kind):
    assert kinds([title], column(draw, make)) == {(kind, title)}


@pytest.mark.parametrize(
    ("title", "make"),
    [
        ("no_meter", lambda draw, _: digits(draw, 16)),
        ("kode_aset", lambda _, at: f"1201350799{at:06}"),
        ("nib", lambda draw, _: digits(draw, 13)),
        # Region, year, month, running number: each could be a NIK, were it not for the days.
        ("nomor", lambda draw, at: f"3204{draw.randint(2021, 2024)}0{draw.randint(1, 9)}{at + 1:06}"),
        ("idsubsls", lambda draw, _: f"320405{draw.randint(1, 9)}00{draw.randint(1, 9)}{digits(draw, 4)}00"),
        ("nilai", lambda draw, _: f"3.{digits(draw, 3)}.{digits(draw, 3)}.201.909.999"),
        ("kode_voucher", lambda draw, _: f"0812{digits(draw, 8)}"),
        ("kode_rekening", lambda draw, _: f"5102{digits(draw, 8)}"),
        ("jumlah_kk", lambda draw, _: draw.randint(0, 5000)),
        ("peserta_jkn", lambda draw, _: draw.randint(0, 500_000)),
        ("npsn", lambda draw, _: digits(draw, 8)),
        ("bujur", lambda draw, _: f"{95 + draw.random() * 45:.13f}"),
        ("lintang", lambda draw, _: draw.random() * -11),
        ("kbli", lambda draw, _: digits(draw, 5)),
        ("harga", lambda draw, _: draw.randint(10**9, 10**12)),
        ("jumlah", lambda draw, _: f"8{draw.randint(1, 9)}{digits(draw, 8)}"),
        ("kode_barang", lambda draw, _: digits(draw, 18)),
        ("surel_dinas", lambda _, at: f"opd{at}@contohkab.go.id"),
        ("tanggal", lambda draw, _: f"20{draw.randint(10, 24)}-01-1{draw.randint(0, 9)} 10:00:00.000000"),
    ],
)
def test_other_long_numbers_are_no_personal_data(draw, title, make):
    assert kinds([title], column(draw, make)) == set()


def people(draw, **columns):
    makers = {
        "nama": lambda: f"{word(draw)} {word(draw)}",
        "lahir": lambda: f"{draw.randint(1950, 2018)}-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}",
        "alamat": lambda: f"Jl. {word(draw)} {draw.randint(1, 99)}",
        "jk": lambda: draw.choice("LP"),
        "desa": lambda: draw.choice(("Sukamaju", "Cibodas", "Mekar")),
        "hp": lambda: f"0812{digits(draw, 8)}",
        "jabatan": lambda: draw.choice(("Kepala Bidang", "Sekretaris")),
        "agama": lambda: draw.choice(("Islam", "Kristen", "Hindu")),
        "angka": lambda: draw.randint(0, 5000),
        "diagnosa": lambda: draw.choice(("Demam", "Batuk")),
        "sekolah": lambda: f"SDN {word(draw)}",
        "rt": lambda: str(draw.randint(1, 9)),
        "bantuan": lambda: draw.choice(("PKH", "BLT")),
    }
    return list(columns), [[makers[what]() for what in columns.values()] for _ in range(ROWS)]


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"nama_siswa": "nama", "tanggal_lahir": "lahir"}, "person"),
        ({"nama": "nama", "alamat": "alamat"}, "person"),
        ({"nama": "nama", "no_hp": "hp"}, "person"),
        ({"tgl_lahir": "lahir", "jenis_kelamin": "jk", "desa": "desa"}, "person"),
        ({"nama_pasien": "nama", "diagnosa": "diagnosa"}, "health"),
        ({"tanggal_lahir": "lahir", "diagnosa": "diagnosa"}, "health"),
        ({"nama_kpm": "nama", "desa": "desa", "rt": "rt"}, "person"),
        ({"nama_penerima": "nama", "jenis_bantuan": "bantuan"}, "person"),
        ({"nama_nelayan": "nama", "alamat": "alamat"}, "person"),
        ({"nama": "nama", "instansi": "sekolah", "nomor_telepon": "hp"}, "person"),
        ({"posyandu": "desa", "nama_kader": "nama", "no_hp_kader": "hp"}, "person"),
    ],
)
def test_a_table_of_persons_is_told_also_without_names(draw, columns, kind):
    assert kind in {one.kind for one in in_rows(*people(draw, **columns))}


@pytest.mark.parametrize(
    "columns",
    [
        {"desa": "desa", "agama": "agama", "jumlah": "angka"},
        {"kecamatan": "desa", "jenis_kelamin": "jk", "jumlah_penduduk": "angka"},
        {"penyakit": "diagnosa", "desa": "desa", "kasus": "angka"},
        {"nama": "nama", "jabatan": "jabatan"},
        {"nama_sekolah": "sekolah", "alamat": "alamat", "telepon": "hp"},
        {"nama_puskesmas": "sekolah", "alamat_puskesmas": "alamat", "no_hp": "hp"},
        {"nama_toko": "sekolah", "alamat": "alamat", "telepon": "hp"},
        {"nama_sanggar": "sekolah", "ketua": "nama", "kontak": "hp"},
        {"nama_embung": "nama", "alamat": "alamat"},
        {"nama_ibu_kota": "nama", "alamat_kantor": "alamat"},
        {"nama_provinsi": "desa", "nama_kabupaten": "desa", "tahun": "angka"},
    ],
)
def test_ordinary_breakdowns_officials_and_facilities_are_no_table_of_persons(draw, columns):
    assert {one.kind for one in in_rows(*people(draw, **columns))} == set()


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("NIK Pemohon", "nik"),
        ("No. KK", "kk"),
        ("Nama Provinsi", "facility"),
        ("nama_sekolah", "facility"),
        ("Alamat Kantor", "facility"),
        ("Alamat Rumah", "home"),
        ("klinik", "facility"),
        ("teknik", None),
        ("jumlah", None),
        (None, None),
        ("x" * 100_000, None),
    ],
)
def test_headers_promise_what_they_say(title, kind):
    assert header_kind(title) == kind


def test_a_facility_s_telephone_is_told_apart_from_that_of_who_runs_it(draw):
    header, rows = people(draw, nama_masjid="sekolah", telepon="hp", hp_takmir="hp")
    assert kinds(header, rows) == {("phone", "hp_takmir")}


def test_rows_one_by_one_or_all_at_once_make_no_difference(draw):
    rows = [["", str(at), "x"] if at % 3 else [nik(draw), str(at), "0812-3456-7890"] for at in range(2_000)]
    finder = TableFinder(["nomor", "no", "keterangan"])
    for row in rows:
        finder.feed(row)
    assert finder.findings() == in_rows(["nomor", "no", "keterangan"], rows)
    assert finder.findings()[0].count == 667


def test_one_number_far_down_a_long_table_is_found(draw):
    rows = [["Garut", "12"]] * 5_000 + [["Garut", nik(draw)]] + [["Garut", "12"]] * 700
    assert [(one.kind, one.count) for one in in_rows(["wilayah", "nilai"], rows)] == [("nik", 1)]


def test_short_rows_and_values_of_any_type_are_read(draw):
    rows = [[], [None], [int(nik(draw)), 1.5], ["a", True, "zuviel"], [nik(draw)], [nik(draw), None]]
    assert [(one.kind, one.count) for one in in_rows(["nik", "nilai"], rows)] == [("nik", 3)]


def test_a_file_is_examined_for_the_rules(draw, tmp_path, judge, least):
    path = tmp_path / "penerima.csv"
    path.write_text("no,nik,jumlah\n" + "".join(f"{at},{nik(draw)},5\n" for at in range(50)))
    examined = examine(path)
    assert (examined.facts.format, examined.facts.columns, examined.facts.rows) == ("csv", ("no", "nik", "jumlah"), 50)
    assessment = judge(least, files={least.resources[0]["url"]: examined.facts})
    assert assessment.hasil == "tidak_dimuat"
    assert "9999" not in json.dumps(examined.facts.to_dict()).replace("********9999", "")


def test_a_number_in_the_notes_below_a_table_is_found_too(draw, tmp_path):
    path = tmp_path / "rekap.csv"
    path.write_text(f"desa,jumlah\nA,3\nB,4\nC,5\n,\nCatatan: data a.n. NIK {nik(draw)} menyusul,\n")
    assert [(one.kind, one.count) for one in examine(path).facts.personal] == [("nik", 1)]


def test_a_file_that_is_no_table_is_said_so_and_breaks_nothing(tmp_path):
    (tmp_path / "a.xls").write_text("<html></html>")
    examined = examine(tmp_path / "a.xls")
    assert (examined.facts.readable, [issue.code for issue in examined.issues]) == (False, ["E-TBL-004"])


@pytest.mark.parametrize(
    "text", ["1" * 50_000, "1 " * 50_000, "@" * 50_000, "a@" * 30_000, "0-8-1" * 20_000, "E+15" * 20_000]
)
def test_hostile_cells_are_read_in_linear_time(text):
    began = time.perf_counter()
    finder = TableFinder(["a"])
    finder.feed([text])
    finder.findings()
    assert time.perf_counter() - began < 1.0


@pytest.mark.heavy  # writes and reads 40 MB, so that rows kept in memory would show
def test_memory_does_not_grow_with_the_length_of_lines(tmp_path):
    path = tmp_path / "panjang.csv"
    with path.open("w") as file:
        file.write(",".join(f"k{at}" for at in range(40)) + "\n" + (",".join(["1"] * 40) + "\n") * 200)
        for _ in range(8):
            file.write(",".join(["ab" * 61_000] * 38 + ["1", "2"]) + "\n")
    program = (
        "import re, sys; from pathlib import Path; from satudata_schemas.examine import examine\n"
        "print(examine(sys.argv[1]).facts.rows)\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    rows, peak = run.stdout.split()
    assert rows == "208"
    assert int(peak) < 100_000
