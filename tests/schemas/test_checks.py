"""The rules one by one: when each speaks, and when it keeps silent."""

from __future__ import annotations

from datetime import date

import pytest

from satudata_schemas import timeliness
from satudata_schemas.dataset import Dataset
from satudata_schemas.file_facts import FileFacts
from satudata_schemas.personal_data import Finding

URL = "https://data.contoh.go.id/a.csv"


@pytest.fixture
def codes_for(judge):
    """The codes found for a dataset of these fields alone, missing fields left out."""

    def found(files=None, **fields):
        return [issue.code for issue in judge(Dataset(fields), files=files).issues if issue.code not in MISSING]

    return found


MISSING = {"E-META-001", "E-META-002", "E-META-003", "E-META-004", "E-TAUT-001"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        # Standar Data
        ({"konsep": "Jumlah Penduduk"}, "W-STD-001"),
        ({"konsep": "Rata-rata Lama Sekolah"}, "W-STD-001"),
        ({"konsep": "Penduduk Tahun 2024"}, "W-STD-002"),
        ({"konsep": "Penduduk Kabupaten Bandung"}, "W-STD-003"),
        ({"konsep": "Penduduk", "definisi": "penduduk."}, "W-STD-004"),
        ({"title": "Persentase Penduduk Miskin", "ukuran": "jumlah"}, "W-STD-005"),
        ({"ukuran": "persentase", "satuan": "orang"}, "W-STD-006"),
        ({"ukuran": "jumlah", "satuan": "%"}, "W-STD-006"),
        # Metadata
        ({"title": "Luas Panen", "notes": "luas panen"}, "W-META-011"),
        ({"notes": "pendek"}, "W-META-010"),
        ({"kontak_surel": "bukan surel"}, "W-META-012"),
        ({"kontak_surel": "dinas@gmail.com"}, "W-META-016"),
        ({"title": "Luas Panen 2021", "periode_awal": "2023", "periode_akhir": "2024"}, "W-META-014"),
        ({"title": "data_penduduk_final.xlsx"}, "W-META-015"),
        ({"title": "jumlah_penduduk_miskin"}, "W-META-015"),
        ({"resources": [{"url": URL, "format": "csv"}]}, "W-META-017"),
        ({"license_id": "notspecified"}, "W-META-018"),
        ({"periode_awal": "kemarin"}, "W-WAKTU-001"),
        ({"tanggal_mutakhir": "2024-13-01"}, "W-WAKTU-001"),
        ({"periode_awal": "2025", "periode_akhir": "2024"}, "W-WAKTU-002"),
        # Interoperabilitas
        ({"resources": [{"url": "javascript:alert(1)"}]}, "W-TAUT-002"),
        ({"resources": [{"url": "ftp://contoh.go.id/a"}]}, "W-TAUT-002"),
        ({"resources": [{"url": "http://"}]}, "W-TAUT-002"),
        ({"resources": [{"url": "https://nama:sandi@contoh.go.id/a"}]}, "W-TAUT-003"),
        ({"resources": [{"url": "https://contoh.go.id/a", "format": "PDF"}]}, "E-INT-001"),
        ({"resources": [{"url": "https://contoh.go.id/a.pdf", "format": "CSV", "kamus_data": [{}]}]}, "W-INT-002"),
        ({"hak_akses": "rahasia sekali"}, "W-VOK-001"),
        ({"satuan": "gelondong"}, "I-VOK-002"),
        ({"title": "x" * 501}, "W-TIPE-002"),
        ({"kode_urusan": [str(number) for number in range(201)]}, "W-TIPE-003"),
        ({"notes": "tersembunyi\x00 di tengah kalimat yang cukup panjang"}, "W-TIPE-004"),
        ({"tags": "bukan daftar"}, "W-TIPE-001"),
        ({"skor_sdi": True}, "W-TIPE-001"),
        # Kode referensi
        ({"kode_urusan": ["9.99"]}, "W-REF-009"),
        ({"kode_indikator": "IKU-7"}, "I-REF-008"),
        # Data pribadi
        ({"hak_akses": "terbuka", "memuat_data_pribadi": "spesifik"}, "E-PDP-006"),
        ({"notes": "Hubungi 0812-3456-7890 untuk keterangan lebih lanjut."}, "W-PDP-003"),
        ({"notes": "Hubungi petugas@contoh.com untuk keterangan lebih lanjut."}, "W-PDP-003"),
        ({"notes": "Penanggung jawab NIP 19800101 200501 1 999 pada bidang statistik."}, "W-PDP-004"),
        ({"notes": "NPWP bendahara 01.234.567.8-901.000 tercantum pada kuitansi."}, "W-PDP-004"),
    ],
)
def test_a_rule_speaks(codes_for, fields, code):
    assert code in codes_for(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"konsep": "Penduduk Miskin", "definisi": "Penduduk dengan pengeluaran di bawah garis kemiskinan."},
        {"konsep": "Angkatan Kerja"},
        {"title": "Persentase Penduduk Miskin", "ukuran": "persentase", "satuan": "persen"},
        {"title": "Tingkat Pengangguran Terbuka", "ukuran": "persentase", "satuan": "%"},
        {"title": "Luas Panen 2021", "periode_awal": "2020", "periode_akhir": "2024"},
        {"title": "PDRB", "notes": "Produk domestik regional bruto atas dasar harga berlaku menurut lapangan usaha."},
        {"kontak_surel": "statistik@bandungkab.go.id"},
        {"notes": "Hubungi statistik@bandungkab.go.id atau telepon (022) 5891234 pada jam kerja."},
        {"resources": [{"url": "https://[2001:db8::1]:8443/a b.csv?x=1#y", "format": "csv", "kamus_data": [{}]}]},
        {"resources": [{"url": "https://contoh.go.id/unduh.zip", "format": "SHP"}]},
        {"resources": [{"url": "https://contoh.go.id/wms?service=WMS", "format": "WMS"}]},
        {"resources": [{"url": "https://contoh.go.id/berkas/081234567890", "format": "api"}]},
        {"periode_awal": "2024-01", "periode_akhir": "2024-12-31", "tanggal_mutakhir": "2024-12-31T10:00:00Z"},
        {"hak_akses": "Terbuka", "satuan": "jiwa", "kategori": "Pembangunan Daerah", "kode_urusan": ["Kesehatan"]},
        {"kode_indikator": "1.01.000474"},
        {"hak_akses": "tertutup", "memuat_data_pribadi": "spesifik"},
        {"license_id": "notspecified", "hak_akses": "tertutup"},
        {"ii_pj_telepon": "0812-3456-7890"},
    ],
)
def test_the_rules_keep_silent(codes_for, fields):
    assert codes_for(**fields) == []


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (FileFacts(reachable=False), "W-TAUT-005"),
        (FileFacts(format="html"), "W-INT-003"),
        (FileFacts(readable=False), "W-INT-005"),
        (FileFacts(columns=("kode", "lain")), "W-INT-004"),
        (FileFacts(personal=(Finding("nik", 2, "3204********9999", "nik"),)), "E-PDP-001"),
        (FileFacts(personal=(Finding("phone", 2, "0812******7890", "hp"),)), "W-PDP-005"),
    ],
)
def test_what_is_known_of_a_file_is_judged(codes_for, facts, code):
    resource = {"url": URL, "format": "csv", "kamus_data": [{"nama": "Kode"}, {"nama": "jumlah"}]}
    assert codes_for(resources=[resource], files={URL: facts}) == [code]


def test_a_file_as_it_should_be_is_fine(codes_for):
    resource = {"url": URL, "format": "csv", "kamus_data": [{"nama": "kode"}, {"nama": "jumlah"}]}
    facts = FileFacts(reachable=True, format="csv", readable=True, columns=("Kode", "Jumlah"), rows=3)
    assert codes_for(resources=[resource], files={URL: facts}) == []
    assert FileFacts.from_dict(facts.to_dict()) == facts


# --- timeliness ---


@pytest.mark.parametrize(
    ("schedule", "updated", "due"),
    [
        ("Bulanan", "2026-01-01", date(2026, 2, 10)),
        ("tahunan", "2025-01-01T08:00:00Z", date(2026, 2, 5)),
        ("ad_hoc", "2020-01-01", None),
        ("tahunan", "", None),
        ("", "2025-01-01", None),
        ("tahunan", "9999-12-31", None),
        ("entah", "2025-01-01", None),
    ],
)
def test_the_due_date_follows_from_schedule_and_last_update(schedule, updated, due):
    assert timeliness.due({"jadwal_pemutakhiran": schedule, "tanggal_mutakhir": updated}) == due


def test_late_is_said_only_after_the_due_date():
    dataset = Dataset(jadwal_pemutakhiran="bulanan", tanggal_mutakhir="2026-01-01")
    stored = timeliness.due(dataset)
    assert timeliness.lateness(dataset, date(2026, 2, 10), stored) is None
    assert timeliness.lateness(dataset, date(2026, 3, 16), None) is None
    issue = timeliness.lateness(dataset, date(2026, 3, 16), stored)
    assert (issue.code, issue.params["hari"]) == ("W-TEP-001", 74)
    assert issue.message("id").startswith(
        "Dataset ini dijadwalkan mutakhir bulanan, tetapi terakhir diperbarui 74 hari"
    )
