"""Suggestions out of titles: what must be offered with confidence, and what must not be."""

from __future__ import annotations

import time

import pytest

from satudata_schemas.dataset import Dataset
from satudata_schemas.issue import messages
from satudata_schemas.suggest import suggest

#: title → region, first period, measure, unit, as a person reads them; None where the title does not say
TITLES = [
    ("Jumlah Penduduk Menurut Kecamatan di Kabupaten Bandung Tahun 2024", "32.04", "2024", "jumlah", "orang"),
    ("Persentase Penduduk Miskin Menurut Kabupaten/Kota di Jawa Timur, 2023", "35", "2023", "persentase", "persen"),
    ("Angka kematian ibu (AKI) tahun 2025", None, "2025", "angka", None),
    ("Luas Panen Padi Kota Sukabumi 2021-2023", "32.72", "2021", "luas", "hektare"),
    ("Jumlah Siswa Sekolah Dasar Negeri Semester I 2024", None, "2024-01", "jumlah", "orang"),
    ("Jumlah Sekolah Dasar di Kab. Garut", "32.05", None, "jumlah", "unit"),
    ("Indeks Pembangunan Manusia Provinsi Sumatera Barat Tahun 2022", "13", "2022", "indeks", "indeks"),
    ("Indeks Harga Konsumen Menurut Kelompok Pengeluaran, 2022", None, "2022", "indeks", "indeks"),
    (
        "[Seri 2010] PDRB Menurut Lapangan Usaha (17 Sektor) Triwulanan (Miliar Rupiah), 2025",
        None,
        "2025",
        "nilai",
        "miliar_rupiah",
    ),
    ("Jumlah Perusahaan Industri Skala Mikro dan Kecil Menurut Provinsi (Unit), 2023", None, "2023", "jumlah", "unit"),
    ("Inflasi Tahun ke Tahun (Y on Y) (Persen), 2025", None, "2025", "persentase", "persen"),
    ("Rata-rata Lama Sekolah Kabupaten Kampar 2020", "14.01", "2020", "rata-rata", "tahun"),
    ("Jumlah Pengaduan Masyarakat per Kecamatan Triwulan II Tahun 2024", None, "2024-04", "jumlah", "pengaduan"),
    ("Data Jumlah Guru PNS Kota Depok", "32.76", None, "jumlah", "orang"),
    ("Kepadatan Penduduk DKI Jakarta 2013", "31", "2013", "kepadatan", "orang_per_km2"),
    (
        "Panjang Jalan Kabupaten Menurut Kondisi di Kabupaten Trenggalek Tahun 2022",
        "35.03",
        "2022",
        "panjang",
        "kilometer",
    ),
    ("Volume Sampah Terangkut per Bulan Tahun 2023 Kota Cimahi", "32.77", "2023", "volume", "ton"),
    (
        "Realisasi Pendapatan Asli Daerah (Rp) Kabupaten Banyuwangi 2019 s.d. 2023",
        "35.10",
        "2019",
        "realisasi",
        "rupiah",
    ),
    ("Standar Kelurahan Data Corona (30 Juni 2020 Pukul 09.00)", None, "2020-06-30", None, None),
    (
        "Tingkat Pengangguran Terbuka (TPT) Menurut Wilayah Klasifikasi Wilayah (Persen), 2025",
        None,
        "2025",
        "tingkat",
        "persen",
    ),
    ("Daftar Puskesmas di Kota Surabaya", "35.78", None, "daftar", None),
    ("Populasi Ternak Menurut Jenis di Kabupaten Pacitan (Ekor) 2021", "35.01", "2021", "populasi", "ekor"),
    ("Data DKI Menurut Nomor Kode Wilayah Tahun 2014", None, "2014", None, None),
    ("Produksi Padi Sulawesi Selatan dan Sulawesi Barat 2020", None, "2020", "produksi", "ton"),
    ("Produksi Kopi Menurut Distrik, Papua Barat 2021", "92", "2021", "produksi", None),
    ("Upah Minimum Provinsi Jawa Timur", "35", None, "nilai", "rupiah"),
    ("Angka Kematian Ibu per 100.000 Kelahiran Hidup Provinsi Gorontalo 2021", "75", "2021", "angka", "per_100000"),
    ("Angka Kematian Bayi per 1000 Kelahiran Hidup", None, None, "angka", "per_1000"),
    ("Luas Lahan Kritis (Ha) per Kabupaten/Kota di Jambi", "15", None, "luas", "hektare"),
    ("Indeks Harga Konsumen Kota Palangka Raya Januari-Juni 2022", "62.71", "2022-01", "indeks", "indeks"),
    ("Jumlah Kunjungan Pasien RSUD Kota Bogor Triwulan III 2023", "32.71", "2023-07", "jumlah", "kunjungan"),
    ("Curah Hujan dan Hari Hujan Menurut Bulan, 2020", None, "2020", None, "milimeter"),
]
FIELDS = ("kode_wilayah", "periode_awal", "ukuran", "satuan")


def offered(codes, **fields):
    return {one.field: one for one in suggest(Dataset(fields), codes)}


@pytest.mark.parametrize(("title", "region", "period", "measure", "unit"), TITLES, ids=lambda value: str(value)[:40])
def test_what_a_title_says_is_offered(codes, title, region, period, measure, unit):
    found = offered(codes, title=title)
    wrong = {
        name: (found[name].value, expected)
        for name, expected in zip(FIELDS, (region, period, measure, unit), strict=True)
        if name in found and found[name].confidence == "high" and found[name].value != expected
    }
    assert wrong == {}
    missing = [
        name
        for name, expected in zip(FIELDS, (region, period, measure, unit), strict=True)
        if expected and name not in found
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("title", "urusan", "kategori"),
    [
        ("Jumlah Siswa dan Guru Sekolah Dasar", "1.01", "06"),
        ("Persentase Penduduk Miskin", "1.06", "04"),
        ("Luas Panen Padi Sawah", "3.27", "07"),
        ("Jumlah Akta Kelahiran yang Diterbitkan", "2.12", "04"),
        ("Realisasi Pajak Daerah", "5.02", "09"),
    ],
)
def test_topic_and_affair_follow_from_the_words(codes, title, urusan, kategori):
    found = offered(codes, title=title)
    assert found["kode_urusan"].value == [urusan]
    assert found["kategori"].value == kategori


def test_what_is_given_is_never_suggested(codes, complete):
    assert list(suggest(complete, codes)) == []


def test_resources_tell_period_and_schedule(codes):
    found = offered(codes, title="Produksi Beras", resources=[{"tahun_data": year} for year in ("2021", "2022", 2023)])
    assert (found["periode_awal"].value, found["periode_akhir"].value) == ("2021", "2023")
    assert found["jadwal_pemutakhiran"].value == "tahunan"


def test_the_dictionary_tells_the_unit(codes):
    resources = [{"kamus_data": [{"nama": "a"}, {"nama": "b", "satuan": "Ha"}]}]
    assert offered(codes, title="x", resources=resources)["satuan"].value == "hektare"


@pytest.mark.parametrize(
    "title", ["", "x", "2013 2015 2019", "Kabupaten", "di", "(((((", "1" * 5000, "Bandung", None, {"a": 1}]
)
def test_titles_that_say_nothing_get_no_confident_suggestion(codes, title):
    assert [one for one in suggest(Dataset(title=title), codes) if one.confidence == "high"] == []


def test_every_reason_has_its_sentence(codes):
    for title, *_ in TITLES:
        for one in suggest(Dataset(title=title, resources=[{"name": "a 2020"}]), codes):
            assert one.reason in messages()


def test_hostile_titles_are_read_in_linear_time(codes):
    for title in ("(" * 50_000, "di A " * 20_000, "kota a " * 20_000, "2020 " * 20_000, " " * 50_000 + "a"):
        began = time.perf_counter()
        list(suggest(Dataset(title=title, tags=[title]), codes))
        assert time.perf_counter() - began < 1.0
