"""Personal data in tables: decided by column, from the share of values that can be what the column seems to be, and
from its header.

Streams: memory does not grow with the table. Says counts and a masked example, never a value. Ordinary breakdowns
("agama",
"jenis_kelamin") are no personal data; in a table of persons they are what makes it sensitive (UU 27/2022 Pasal 4).

Rows are taken in batches and looked at column by column, so that the work per cell is done by the regular expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from satudata_schemas import cell
from satudata_schemas.personal_data import NIK, Finding, contacts_in_text, mask, niks

_BATCH = 512
#: Rows whose cells are also looked at one by one: for dates, words, and how much a column varies.
_SAMPLE = 2_000

_DELETE = str.maketrans("", "", " .-'`’")
_LONG = re.compile(r"[0-9](?:[ .\-]?[0-9]){9}")
_EXPONENT = re.compile(r"^[1-9](?:[.,][0-9]+)?[eE]\+?15$", re.MULTILINE)
#: Patterns on cells without separators, one cell a line.
_WHOLE = {
    "sixteen": re.compile(r"^[0-9]{16}$", re.MULTILINE),
    "valid": re.compile(rf"^{NIK}$", re.MULTILINE),
    "nip": re.compile(
        r"^(?:19[3-9][0-9]|20(?:0[0-9]|1[0-5]))(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
        r"(?:19[6-9][0-9]|20[0-9]{2})(?:0[1-9]|1[0-2])[12](?!000)[0-9]{3}$",
        re.MULTILINE,
    ),
    "phone": re.compile(r"^(?:\+?62|0)?8[1-9][0-9]{7,10}$", re.MULTILINE),
    "fifteen": re.compile(r"^[0-9]{15}$", re.MULTILINE),
}
_NPWP = re.compile(r"^[0-9]{2}\.[0-9]{3}\.[0-9]{3}\.[0-9]-[0-9]{3}\.[0-9]{3}$", re.MULTILINE)
_EMAIL = re.compile(r"^[^\s@]{1,64}@[^\s@]{1,255}$", re.MULTILINE)

_FACILITY = """
kantor sekolah puskesmas faskes rumah_sakit rs klinik opd skpd instansi dinas badan unit perusahaan usaha toko
pasar hotel pos posyandu lokasi
"""
_NO_PERSON = """
provinsi propinsi kabupaten kota kab kabkota kecamatan desa kelurahan wilayah daerah opd skpd dinas instansi
unit sekolah puskesmas faskes rs klinik rumah_sakit indikator kolom variabel barang aset komoditas produk jenis
kategori kegiatan program usaha perusahaan pasar jalan ruas jembatan sungai objek wisata hotel restoran kelompok
koperasi lembaga organisasi masjid gereja tempat lokasi dataset data file berkas bulan pos aplikasi sumber
bandara pelabuhan terminal halte taman perpustakaan museum panti pesantren universitas poktan gapoktan bank
tanaman penyakit obat paket pekerjaan
"""
_PERSON = """
lengkap pasien pegawai siswa pelapor ibu ayah anak bayi balita penerima pemilik warga peserta guru murid
mahasiswa kepala_keluarga kk orang_tua orangtua wali pemohon pelamar karyawan nasabah korban tersangka pasangan
suami istri lansia penyandang pelanggan responden penduduk ktp bendahara petani
"""


def _any(words: str) -> str:
    return "(?:" + "|".join(words.split()) + ")"


#: What a header promises, as words between underscores. The order matters: the first that fits is taken.
_HEADER_WORDS = {
    "kk": "no_?kk nomor_kk no_kartu_keluarga nomor_kartu_keluarga kartu_keluarga",
    "nik": "nik no_?ktp nomor_ktp no_identitas nomor_identitas nomor_induk_kependudukan ktp",
    "npwp": "npwp",
    "nip": "nip",
    "student": "nisn",
    "insurance": "no_?bpjs nomor_bpjs",
    "account": "no_?rek no_rekening nomor_rekening",
    "phone": "no_?hp nomor_hp hp handphone no_?telp no_telepon nomor_telepon telepon telp whatsapp wa",
    "email": "e_?mail surel",
    "birth": "tgl_lahir tanggal_lahir ttl tempat_tanggal_lahir tempat_tgl_lahir",
    "birthplace": "tempat_lahir",
    "home": "alamat_(?:rumah|tinggal|domisili|ktp|lengkap|pasien|siswa|pelapor|penerima|warga) domisili",
    "name": f"nama_{_any(_PERSON)}",
}
_HEADERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    *((kind, re.compile(rf"(?:^|_){_any(words)}(?:_|$)")) for kind, words in _HEADER_WORDS.items()),
    ("bare_name", re.compile(r"^(?:nama|name|full_?name)$")),
    ("bare_address", re.compile(r"^(?:alamat|address)$")),
    (
        "facility",
        re.compile(rf"(?:^|_)nama_{_any(_NO_PERSON)}|^{_any(_FACILITY)}(?:_|$)|^alamat_{_any(_FACILITY)}|^npsn$"),
    ),
    (
        "health",
        re.compile(
            r"(?:^|_)(?:diagnos[ai]s?|penyakit|keluhan_medis|rekam_medis|no_rm|status_gizi|golongan_darah|disabilitas)(?:_|$)"
        ),
    ),
    ("sex", re.compile(r"^(?:jenis_kelamin|jk|l_?p|gender|kelamin)$")),
    ("village", re.compile(r"(?:^|_)(?:desa|kelurahan|dusun|rt|rw|rt_rw)(?:_|$)")),
    ("position", re.compile(r"(?:^|_)(?:jabatan|pangkat|golongan|eselon)(?:_|$)")),
)


@dataclass
class _Seen:
    """What was seen of one column: `filled` cells, how many of them can be what, and one of each masked."""

    title: str
    kind: str | None
    filled: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    looked: int = 0
    texts: int = 0
    distinct: set[int] = field(default_factory=set)

    def __getitem__(self, what: str) -> int:
        return self.counts.get(what, 0)

    def note(self, what: str, values: Sequence[str]) -> None:
        """Counts values of a kind and keeps one of them, masked."""
        if values:
            self.counts[what] = self.counts.get(what, 0) + len(values)
            self.examples.setdefault(what, mask(values[0]))

    def varies(self) -> bool:
        """Whether its values differ from row to row, as those of persons do; a code of an office repeats."""
        return self.looked > 0 and len(self.distinct) * 2 > self.looked


class TableFinder:
    """Takes rows one by one and says at the end what personal data the table holds."""

    def __init__(self, header: Sequence[Any]) -> None:
        self.columns = [_Seen(str(title or ""), header_kind(title)) for title in header]
        self.rows = 0
        self._waiting: list[Sequence[Any]] = []

    def feed(self, row: Sequence[Any]) -> None:
        """Takes one row of raw or clean cells."""
        self._waiting.append(row)
        if len(self._waiting) >= _BATCH:
            self._look()

    def findings(self) -> list[Finding]:
        """One Finding a column and kind, then what the columns together say of the table."""
        self._look()
        found = [one for seen in self.columns for one in _judged(seen)]
        kinds = {seen.kind for seen in self.columns}
        if "facility" in kinds and not kinds & {"name", "nik", "kk", "birth"}:
            found = [one for one in found if one.kind not in {"phone", "email"}]
        kind = _table_kind(self.columns, {one.kind for one in found})
        return [*found, Finding(kind, self.rows, "***", _told_by(self.columns))] if kind else found

    def _look(self) -> None:
        batch, self._waiting = self._waiting, []
        sampled = self.rows < _SAMPLE
        self.rows += len(batch)
        for seen, values in zip(self.columns, zip_longest(*batch, fillvalue=""), strict=False):
            if sampled:
                _sample(seen, values)
            _count(seen, values)


def in_rows(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> list[Finding]:
    """The personal data of a whole table."""
    finder = TableFinder(header)
    for row in rows:
        finder.feed(row)
    return finder.findings()


def header_kind(title: Any) -> str | None:
    """What a column's header promises: nik, name, phone, birth …, facility for what is none of a person's; None for
    nothing special.
    """
    words = re.sub(r"[^a-z0-9]+", "_", str(title or "")[:100].casefold()).strip("_")
    return next((kind for kind, pattern in _HEADERS if pattern.search(words)), None) if words else None


def _sample(seen: _Seen, values: Sequence[Any]) -> None:
    for value in values:
        clean = cell.clean(value)
        if clean is not None:
            seen.looked += 1
            seen.distinct.add(hash(clean))
            if isinstance(clean, str) and cell.number(clean) is None and cell.as_date(clean) is None:
                seen.texts += 1


def _count(seen: _Seen, values: Sequence[Any]) -> None:
    try:
        text = "\n".join(values)
    except TypeError:
        values = ["" if value is None else value if isinstance(value, str) else str(value) for value in values]
        text = "\n".join(values)
    seen.filled += len(values) - values.count("")
    if "@" in text:
        seen.note("email", [value for value in _EMAIL.findall(text) if contacts_in_text(value)])
    if "+15" in text or "E15" in text:
        seen.note("broken", _EXPONENT.findall(text))
    if _LONG.search(text) is None:
        return
    plain = text.replace(".0\n", "\n").removesuffix(".0").translate(_DELETE)
    for what, pattern in _WHOLE.items():
        seen.note(what, pattern.findall(plain))
    seen.note("npwp", _NPWP.findall(text))
    if seen.kind not in {"nik", "kk"} and seen.texts:
        seen.note("in_text", [nik for value in values if len(value) > 18 for nik in niks(value[:10_000])])


def _judged(seen: _Seen) -> Iterable[Finding]:
    filled = max(seen.filled, 1)
    promised = seen.kind in {"nik", "kk"}
    usual = (
        seen["valid"] >= 3 and seen["valid"] * 2 > seen["sixteen"] and (seen["sixteen"] * 2 < filled or seen.varies())
    )
    if seen["valid"] and (promised or usual or seen["sixteen"] < 3):
        yield _finding("kk" if seen.kind == "kk" else "nik", seen, "valid")
    if seen["in_text"]:
        yield _finding("nik", seen, "in_text")
    if seen["broken"] and (promised or seen["broken"] * 2 > filled):
        yield _finding("broken_identity", seen, "broken")
    if seen["npwp"] or (seen.kind == "npwp" and seen["fifteen"]):
        yield _finding("npwp", seen, "npwp" if seen["npwp"] else "fifteen")
    for kind in ("nip", "phone", "email"):
        if seen[kind] and (seen.kind == kind or (seen[kind] >= 3 and seen[kind] * 2 > filled and not _counts(seen))):
            yield _finding(kind, seen, kind)
    if seen.kind in {"account", "student", "insurance"} and seen.looked and seen.texts * 2 < seen.looked:
        yield Finding(str(seen.kind), seen.filled, "***", seen.title)


def _table_kind(columns: Sequence[_Seen], found: set[str]) -> str | None:
    """ "person" or "health" for a table of persons: named with birth date, address or phone, or told apart by
    combined data; else None.
    """
    kinds = {seen.kind for seen in columns}
    private = {str(seen.kind) for seen in columns if seen.kind in {"birth", "home", "bare_address"} and seen.varies()}
    private |= found & {"phone", "account"}
    named = {str(seen.kind) for seen in columns if seen.kind in {"name", "bare_name"} and _holds_names(seen)}
    if named and private and (private != {"bare_address"} or "name" in named or "facility" not in kinds):
        known = "health" in kinds or found & {"nik", "kk"}
        return "health" if known and "health" in kinds else "person"
    if "health" in kinds and (named or "birth" in private or found & {"nik", "kk"}):
        return "health"
    return "person" if "birth" in private and "sex" in kinds and "village" in kinds else None


def _holds_names(seen: _Seen) -> bool:
    return seen.varies() and seen.texts * 2 > seen.looked


_TELLING = frozenset({"name", "bare_name", "birth", "home", "bare_address", "health", "sex", "village"})


def _told_by(columns: Sequence[_Seen]) -> str:
    return ", ".join([seen.title for seen in columns if seen.kind in _TELLING][:5])


def _counts(seen: _Seen) -> bool:
    """A column of amounts or codes may look like telephone numbers when no header says so."""
    return (
        seen.kind is None
        and re.search(r"jumlah|nilai|total|kode|harga|anggaran|realisasi|rp|id|no", seen.title, re.IGNORECASE)
        is not None
    )


def _finding(kind: str, seen: _Seen, what: str) -> Finding:
    return Finding(kind, seen[what], seen.examples[what], seen.title or None)
