"""The metadata template: what is handed out, what comes back, and what is said of the mistakes offices make in it."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from satudata_schemas import contract, spreadsheet, template
from satudata_schemas.assess import assess
from satudata_schemas.normalise import normalise
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference
from satudata_schemas.table_source import TableError

MISTAKES = Path(__file__).parent / "template_mistakes.csv"
HEAD = ["Pengenal di Sumber", "Judul Dataset", "Deskripsi", "Satuan", "Nama Berkas", "Tautan", "Format"]


@pytest.fixture
def sheet(tmp_path):
    """`sheet([[...], ...], name)` -> path of a CSV or XLSX file with these rows."""

    def write(rows, name="m.csv"):
        path = tmp_path / name
        if name.endswith(".xlsx"):
            from openpyxl import Workbook

            book = Workbook()
            for row in rows:
                book.active.append(row)
            book.save(path)
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, delimiter=";").writerows(rows)
        return path

    return write


def load_workbook(path):
    """Imported late, as the product does: it takes longer than all these tests."""
    from openpyxl import load_workbook

    return load_workbook(path)


# --- what is handed out


@pytest.mark.parametrize("lang", contract.LANGUAGES)
def test_every_field_of_the_form_has_a_column_and_is_found_again_by_its_label(lang):
    asked = {field.name for field in contract.fields().values() if field.in_form and field.kind in {"text", "select"}}
    names = [(column.field.name, column.part) for column in template.columns()]
    assert asked <= {name for name, part in names if part == "dataset"}
    assert set(contract.column_fields()) == {name for name, part in names if part == "column"}
    assert len(names) == len(set(names)) == len(set(template.header(lang)))


@pytest.mark.parametrize("lang", contract.LANGUAGES)
def test_a_template_handed_back_untouched_holds_no_dataset(tmp_path, lang):
    for name, content in (("m.csv", template.csv_template(lang).encode()), ("m.xlsx", template.xlsx_template(lang))):
        (tmp_path / name).write_bytes(content)
        assert template.read(tmp_path / name) == []


def test_the_example_is_good_once_it_has_an_identifier_and_owner_of_its_own(tmp_path):
    row, *further = template.examples()
    row[0] = "d-1"
    row[template.header().index("Produsen Data (OPD)*")] = "Dinas Kependudukan"
    further[0][-1] = "Ya"
    (tmp_path / "m.csv").write_text(spreadsheet.csv_text([template.header(), row, *further]))
    [entry] = template.read(tmp_path / "m.csv")
    assert [column["nama"] for column in entry.raw["resources"][0]["kamus_data"]] == [
        "kode_kecamatan", "jumlah_penduduk",
    ]  # fmt: skip
    found = normalise(entry.raw)
    judged = assess(found.dataset, Profile.load(), reference=Reference.load())
    assert judged.hasil == "layak"
    assert not [issue for issue in (*entry.issues, *found.issues, *judged.issues) if issue.code.startswith("W-VOK")]


@pytest.mark.parametrize("lang", contract.LANGUAGES)
def test_the_workbook_has_drop_downs_with_exactly_the_values_of_the_vocabulary(tmp_path, lang):
    (tmp_path / "m.xlsx").write_bytes(template.xlsx_template(lang))
    book = load_workbook(tmp_path / "m.xlsx")
    page, lists = book["Metadata"], book["Pilihan"]
    offered = {}
    for choice in page.data_validations.dataValidation:
        cells = [cell.value for [cell] in lists[choice.formula1.split("!")[1].replace("$", "")]]
        title = page.cell(1, next(iter(choice.sqref.ranges)).min_col).value.rstrip("*")
        offered[title] = [spreadsheet.revived(str(value)) for value in cells]
    schedule = contract.fields()["jadwal_pemutakhiran"]
    assert offered[schedule.label_in(lang)] == [
        entry.label_in(lang) for entry in contract.vocabulary("jadwal_pemutakhiran").values()
    ]
    with_values = [one for one in template.columns() if one.field.vocabulary]
    assert len(offered) >= len(with_values)
    for one in with_values:
        resolve = contract.vocabulary(one.field.vocabulary).resolve
        assert all(resolve(value) for value in offered[one.title(lang).rstrip("*")]), one.field.name


def test_the_same_template_has_the_same_bytes():
    assert template.xlsx_template() == template.xlsx_template()


# --- what comes back


@pytest.mark.parametrize("name", ["m.csv", "m.xlsx"])
def test_rows_of_one_identifier_or_none_are_further_files_of_the_dataset(sheet, name):
    rows = [
        ["Metadata Dinas Contoh"],
        HEAD,
        ["a", "Luas Panen", "", "hektare", "2023", "https://contoh.go.id/1.csv", "CSV"],
        ["a", "Luas Panen", "", "hektare", "2024", "https://contoh.go.id/2.csv", "CSV"],
        ["", "", "", "", "2025", "https://contoh.go.id/3.csv", "CSV"],
        [],
        ["b", "Produksi", "", "ton", "", "", ""],
    ]
    first, second = template.read(sheet(rows, name))
    assert [one["url"][-5] for one in first.raw["resources"]] == ["1", "2", "3"]
    assert (first.row, second.row, second.raw["resources"]) == (3, 7, [])
    assert first.issues == []


@pytest.mark.parametrize("name", ["m.csv", "m.xlsx"])
def test_columns_of_a_data_dictionary_stand_in_the_files_row_and_in_those_below(sheet, name):
    about_columns = ["Kolom: Nama Kolom", "Column: Unit", "Kolom: Tipe Data"]
    rows = [
        ["Pengenal di Sumber", "Judul Dataset", "Tautan", "Format", *about_columns],
        ["a", "Luas Panen", "https://contoh.go.id/1.csv", "CSV", "kode_desa", "", "Kode"],
        ["", "", "", "", "luas", "hektare", "Bilangan"],
        ["", "", "https://contoh.go.id/2.csv", "CSV", "luas", "hektare", ""],
        ["b", "Produksi", "", "", "", "", ""],
    ]
    first, second = template.read(sheet(rows, name))
    assert [[column["nama"] for column in one["kamus_data"]] for one in first.raw["resources"]] == [
        ["kode_desa", "luas"], ["luas"],
    ]  # fmt: skip
    assert normalise(first.raw).dataset["resources"][0]["kamus_data"][1] == {
        "nama": "luas", "satuan": "hektare", "tipe_data": "bilangan",
    }  # fmt: skip
    assert (first.issues, second.raw["resources"]) == ([], [])


def test_labels_in_english_and_field_names_are_columns_too(sheet):
    rows = [
        ["identifier", "Dataset title", "satuan", "Keterangan", "resources.url"],
        ["a", "T", "ton", "K", "https://x.id"],
    ]
    [entry] = template.read(sheet(rows))
    assert entry.raw == {
        "identifier": "a", "title": "T", "satuan": "ton", "notes": "K", "resources": [{"url": "https://x.id"}],
    }  # fmt: skip


def test_numbers_and_dates_of_a_workbook_are_read_as_people_see_them(sheet):
    rows = [
        ["Pengenal di Sumber", "Judul Dataset", "Periode Data: Awal", "Terakhir Dimutakhirkan"],
        [17, "Luas", 2024.0, date(2025, 2, 14)],
    ]
    [entry] = template.read(sheet(rows, "m.xlsx"))
    assert (entry.raw["identifier"], entry.raw["periode_awal"], entry.raw["tanggal_mutakhir"]) == (
        "17", "2024", "2025-02-14",
    )  # fmt: skip


@pytest.mark.parametrize("head", [["nama", "nik", "nilai"], ["judul", "pengarang", "penerbit", "tahun", "halaman"]])
def test_a_table_of_data_is_no_template(sheet, head):
    assert template.read(sheet([head, ["1", "2", "3", "4", "5"][: len(head)]])) is None


def test_what_is_no_table_says_so(tmp_path):
    (tmp_path / "m.xlsx").write_bytes(b"<html><body>Masuk</body></html>")
    with pytest.raises(TableError):
        template.read(tmp_path / "m.xlsx")


# --- the commonest mistakes: the row's identifier (or title) → code and the label that must be named
FOUND = {
    "judul-kosong": ("E-META-003", "Judul Dataset"),
    "judul-nama-berkas": ("W-META-015", "Judul Dataset"),
    "": ("E-META-002", "Pengenal di Sumber"),
    "CONTOH": ("W-TMP-004", "Pengenal di Sumber"),
    "kembar": ("W-TMP-002", "Pengenal di Sumber"),
    "opd-kosong": ("E-META-004", "Produsen Data (OPD)"),
    "deskripsi-sama-judul": ("W-META-011", "Deskripsi"),
    "deskripsi-pendek": ("W-META-010", "Deskripsi"),
    "nik-di-deskripsi": ("E-PDP-002", "Deskripsi"),
    "telepon-di-deskripsi": ("W-PDP-003", "Deskripsi"),
    "konsep-diawali-ukuran": ("W-STD-001", "Konsep"),
    "rumus-rusak": ("W-TMP-003", "Konsep"),
    "definisi-kosong": ("E-META-001", "Definisi"),
    "definisi-mengulang": ("W-STD-004", "Definisi"),
    "satuan-lain": ("I-VOK-002", "Satuan"),
    "satuan-bukan-ukuran": ("W-STD-006", "Satuan"),
    "tautan-kosong": ("E-TAUT-001", "Tautan"),
    "tautan-tanpa-https": ("W-TAUT-002", "Tautan"),
    "tautan-komputer": ("W-TAUT-002", "Tautan"),
    "format-kosong": ("E-META-001", "Format"),
    "format-lain-dari-tautan": ("W-INT-002", "Format"),
    "jadwal-lain": ("W-VOK-001", "Jadwal Pemutakhiran"),
    "topik-lain": ("W-VOK-001", "Topik"),
    "akses-lain": ("W-VOK-001", "Klasifikasi Akses"),
    "tingkat-lain": ("W-VOK-001", "Tingkat Penyajian"),
    "periode-terbalik": ("W-WAKTU-002", "Periode Data: Awal"),
    "tahun-judul-lain": ("W-META-014", "Judul Dataset"),
    "tanggal-tidak-terbaca": ("W-WAKTU-001", "Terakhir Dimutakhirkan"),
    "kode-wilayah-tidak-ada": ("E-REF-002", "Kode Wilayah"),
    "kode-wilayah-tempat-lain": ("W-REF-004", "Kode Wilayah"),
    "kode-wilayah-nol-hilang": ("I-REF-005", "Kode Wilayah"),
    "dasar-hukum-kosong": ("E-META-001", "Dasar Hukum Pembatasan"),
    "lisensi-kosong": ("E-META-001", "Lisensi"),
    "surel-salah": ("W-META-012", "Surel Unit"),
    "surel-layanan-umum": ("W-META-016", "Surel Unit"),
    "benar": ("W-TMP-001", "Satuan Kerja"),
}


@pytest.fixture(scope="module")
def judged():
    """The fixture's rows: identifier → every issue of it; a repeated identifier's are taken together."""
    profile, reference = Profile.load("sdi-2019"), Reference.load()
    found = {}
    for entry in template.read(MISTAKES):
        written = normalise(entry.raw)
        assessment = assess(written.dataset, profile, reference=reference)
        issues = (*entry.issues, *written.issues, *assessment.issues)
        found.setdefault(entry.raw.get("identifier", ""), []).extend(issues)
    return found


def test_every_row_of_the_fixture_is_a_mistake_that_is_expected(judged):
    assert set(judged) == set(FOUND)
    assert len(set(FOUND.values())) >= 20


@pytest.mark.parametrize("row", FOUND)
def test_each_of_the_commonest_mistakes_gets_label_cause_and_remedy(judged, row):
    code, label = FOUND[row]
    issue = next((issue for issue in judged[row] if issue.code == code and f'"{label}"' in told(issue)), None)
    assert issue is not None, [(one.code, one.message()) for one in judged[row]]
    for lang in contract.LANGUAGES:
        assert issue.message(lang).endswith(".")
        assert len(issue.remedy(lang)) > 20
    assert "{" not in told(issue)
    assert "3204104506999999" not in told(issue)
    assert "081234567890" not in told(issue)


def told(issue):
    return f"{issue.message()} {issue.remedy()}"


def test_a_row_without_mistakes_blocks_nothing(judged):
    assert [issue.code for issue in judged["benar"] if issue.severity == "error"] == []


# --- spreadsheets run nothing

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("https://x")']


@pytest.mark.parametrize("value", DANGEROUS)
def test_a_text_that_a_spreadsheet_would_run_is_defused_and_comes_back_as_it_was(tmp_path, value):
    [[cell]] = csv.reader(spreadsheet.csv_text([[value]]).lstrip("\ufeff").splitlines(keepends=True))
    assert cell.startswith("'")
    assert spreadsheet.revived(cell) == value
    (tmp_path / "x.xlsx").write_bytes(spreadsheet.xlsx_bytes([spreadsheet.Page("A", [["judul"], [value]])]))
    kept = load_workbook(tmp_path / "x.xlsx")["A"]["A2"]
    assert kept.data_type == "s"
    assert kept.value.startswith("'")


def test_numbers_stay_numbers_and_what_no_workbook_can_hold_is_replaced(tmp_path):
    assert spreadsheet.defused(-5) == -5
    page = spreadsheet.Page("A", [["a\x00b\ud800", "x" * 40_000]])
    (tmp_path / "x.xlsx").write_bytes(spreadsheet.xlsx_bytes([page]))
    first, second = next(load_workbook(tmp_path / "x.xlsx")["A"].iter_rows(values_only=True))
    assert first == "a\ufffdb\ufffd"
    assert len(second) < 32_768
