"""What the header of a column promises of persons: their numbers, names, homes and births, or a facility instead."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

#: What bears a name without being a person.
_NO_PERSON = """
provinsi propinsi kabupaten kota kab kabkota kecamatan desa kelurahan dusun wilayah daerah opd skpd dinas instansi
satker unit sekolah paud tk madrasah puskesmas pustu faskes rs rsud klinik apotek posyandu rumah_sakit indikator kolom
variabel barang aset komoditas produk jenis kategori kegiatan program sub_kegiatan usaha perusahaan industri toko kios
warung swalayan pasar jalan ruas jembatan sungai embung waduk bendungan irigasi objek obyek daya_tarik destinasi
wisata event hotel restoran kelompok koperasi lembaga organisasi ormas lsm masjid musala gereja pura vihara kelenteng
tempat lokasi titik dataset data file berkas bulan pos aplikasi sistem sumber bandara pelabuhan terminal stasiun halte
taman perpustakaan museum sanggar panti pesantren universitas kampus poktan gapoktan kth bumdes bank tanaman penyakit
obat paket pekerjaan kapal varietas spesies ikan hutan gunung pulau pantai danau tps tpa proyek tender penyedia
produsen merek merk bangunan gedung rumah ruang ruangan kawasan perumahan menara sub bidang bagian seksi jabatan
diklat pelatihan dokumen peraturan perda surat layanan inovasi domain situs website akun rekening latin ilmiah lain
badan partai yayasan klub
"""
#: Who bears a name.
_PERSON = """
lengkap pasien pegawai siswa santri pelapor ibu ayah bapak anak bayi balita penerima pemilik warga peserta guru murid
dosen mahasiswa kepala_keluarga kepala_rumah_tangga kk krt orang_tua orangtua wali pemohon pelamar karyawan nasabah
korban tersangka pelaku saksi terlapor terdakwa pasangan suami istri lansia penyandang pelanggan responden penduduk
ktp bendahara petani peternak pekebun nelayan pembudidaya pengrajin perajin pedagang pengusaha almarhum almarhumah
jenazah kader ketua sekretaris kades lurah camat petugas operator penyuluh pendamping relawan atlet pelatih wasit
pemandu seniman pelaku_seni jemaah jamaah anggota pendonor donatur pengirim tamu pengunjung penyewa penghuni pekerja
buruh pmi tki honorer tenaga dokter bidan perawat apoteker takmir pengurus ustaz imam pendeta sopir pengemudi
juru_parkir wajib_pajak wp debitur penanggung_jawab pj pic narahubung kontak narapidana alumni calon pemilih pensiunan
veteran kpm yatim difabel mempelai terpidana pencari_kerja pengadu direktur pimpinan kepala_sekolah pembeli penjual
ahli_waris pewaris
"""
_FACILITY = """
kantor sekolah puskesmas faskes rumah_sakit rs klinik apotek opd skpd instansi dinas badan unit perusahaan usaha toko
kios pasar hotel pos posyandu lokasi lembaga yayasan panti koperasi satker
"""


def _any(words: str) -> str:
    return "(?:" + "|".join(sorted(words.split(), key=len, reverse=True)) + ")"


_NUMBER = "(?:no|nomor|nmr|id|kode)?_?"
#: What a header promises, as words between underscores. The order matters: the first that fits is taken.
_WORDS = {
    "kk": "no_?kk nomor_kk nkk kk no_kartu_keluarga nomor_kartu_keluarga kartu_keluarga",
    "npwp": "npwp",
    "nik": "nik no_?ktp nomor_ktp no_identitas nomor_identitas nomor_induk_kependudukan nomor_kependudukan ktp e_ktp",
    "nip": "nip",
    "student": "nisn",
    "passport": "paspor passport",
    "insurance": rf"{_NUMBER}(?:kartu_|peserta_)?(?:bpjs|jkn|kis)",
    "account": "no_?rek no_rekening nomor_rekening norek rekening_bank",
    "phone": "no_?hp nomor_hp hp handphone no_?tel(?:p|epon)? nomor_tel(?:p|epon) telepon telp whatsapp wa no_kontak"
    " nomor_kontak ponsel seluler",
    "email": "e_?mail surel",
    "birth": "tgl_lahir tgl_lhr tanggal_lahir ttl tempat_tanggal_lahir tempat_tgl_lahir dob",
    "birthplace": "tempat_lahir",
    "home": rf"alamat_(?:rumah|tinggal|tempat_tinggal|domisili|lengkap|asal|{_any(_PERSON)}) domisili",
    "name": f"nama_{_any(_PERSON)}",
}
_OF_A_FACILITY = re.compile(rf"(?:^|_)nama_{_any(_NO_PERSON)}(?:_|$)|^alamat_{_any(_FACILITY)}(?:_|$)|^npsn$")
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("facility", re.compile(r"^nama_ibu_?kota")),
    # A code of the budget is no bank account.
    ("budget", re.compile(r"^(?:kode|uraian|nama)_rekening")),
    *((kind, re.compile(rf"(?:^|_){_any(words)}(?:_|$)")) for kind, words in _WORDS.items()),
    ("bare_name", re.compile(r"^(?:nama|name|full_?name)$")),
    ("bare_address", re.compile(r"^(?:alamat|address)$")),
    ("facility", _OF_A_FACILITY),
    ("facility", re.compile(rf"^{_any(_FACILITY)}(?:_|$)")),
    ("address", re.compile(r"^alamat_")),
    ("other_name", re.compile(r"^nama_")),
    (
        "health",
        re.compile(
            r"(?:^|_)(?:diagnos[ai]s?|penyakit|keluhan|gejala|rekam_medis|no_rm|status_gizi|golongan_darah|gol_darah"
            r"|disabilitas|kehamilan|hpht|gravida|tekanan_darah|hasil_(?:lab|tes|swab)|icd|riwayat_penyakit|alergi)(?:_|$)"
        ),
    ),
    ("sex", re.compile(r"^(?:jenis_kelamin|jns_kelamin|jk|l_?p|gender|kelamin|sex)$")),
    ("neighbourhood", re.compile(r"^(?:dusun|rt|rw|rt_rw|lingkungan|banjar)$")),
    ("village", re.compile(r"(?:^|_)(?:desa|kelurahan|kel)(?:_|$)")),
    ("aid", re.compile(r"(?:^|_)(?:bantuan|bansos|blt|pkh|bpnt|sembako|santunan|rutilahu|besaran)(?:_|$)")),
)
#: Headers of statistics: "jumlah_kk" counts families and numbers none.
_COUNTS = re.compile(r"^(?:jumlah|jml|total|banyaknya|persentase|persen|rata_rata|rasio|cakupan|target|wajib_ktp)")
#: A "kontak" is whoever answers.
_PERSONS = frozenset(_PERSON.split()) - {"kontak", "narahubung"}
#: Words of a header that make long numbers below it codes or amounts.
_CODE = re.compile(
    r"(?:^|_)(?:jumlah|nilai|total|kode|harga|anggaran|realisasi|pagu|rp|id|seri|sn|voucher|token|resi|npsn|nib|kbli"
    r"|transaksi|rup)(?:_|$)"
)


def words_of(title: Any) -> str:
    """A header as lower-case words between underscores."""
    return re.sub(r"[^a-z0-9]+", "_", str(title or "")[:100].casefold()).strip("_")


def header_kind(title: Any) -> str | None:
    """What a column's header promises: nik, name, phone, birth …, facility for what is none of a person's; None for
    nothing special.
    """
    return _kind(words_of(title))


@lru_cache(maxsize=4096)
def _kind(words: str) -> str | None:
    if not words or _COUNTS.match(words):
        return None
    return next((kind for kind, pattern in _KINDS if pattern.search(words)), None)


def names_a_person(title: Any) -> bool:
    """Whether a header says whose the value is: "hp_ketua" is a person's, "hp" may be an office's."""
    words = words_of(title).split("_")
    return any("_".join(words[at : at + count]) in _PERSONS for at in range(len(words)) for count in (1, 2, 3))


def names_a_facility(title: Any) -> bool:
    """Whether a header says that the rows are about facilities; "sekolah" alone may be where a person learns."""
    return _OF_A_FACILITY.search(words_of(title)) is not None


def is_code(title: Any) -> bool:
    """Whether a header says that long numbers below it are codes or amounts."""
    return _CODE.search(words_of(title)) is not None
