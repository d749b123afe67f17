"""What cells of offices' tables hold, drawn from a seed: each maker gives one cell. Names are made of syllables."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

from bench.truth import numbers
from bench.truth.recorded import TRUTH

Maker = Callable[[Random, int], str]
TABLES = TRUTH / "personal_tables.txt"


def name(draw: Random) -> str:
    """Two or three words of drawn syllables."""
    return " ".join(_word(draw) for _ in range(draw.choice((1, 2, 2, 3))))


def _word(draw: Random) -> str:
    return "".join(draw.choice("bdgklmnprstwy") + draw.choice("aiueo") for _ in range(draw.randint(2, 4))).title()


def _one_of(words: str) -> Maker:
    choices = words.split("|")
    return lambda draw, _at: draw.choice(choices)


def _between(low: int, high: int) -> Maker:
    return lambda draw, _at: str(draw.randint(low, high))


def _born(draw: Random, _at: int) -> str:
    day, month, year = draw.randint(1, 28), draw.randint(1, 12), draw.randint(1945, 2022)
    return f"{year}-{month:02}-{day:02}"


def _dated(draw: Random, _at: int) -> str:
    return f"{draw.randint(1, 28):02}/{draw.randint(1, 12):02}/202{draw.randint(0, 4)}"


def _email(draw: Random, at: int) -> str:
    return f"{_word(draw).lower()}{at}@{draw.choice(('gmail.com', 'yahoo.co.id', 'contoh.com'))}"


def _address(draw: Random, _at: int) -> str:
    street = f"{draw.choice(('Jl.', 'Jalan', 'Gg.', 'Kp.'))} {_word(draw)} No. {draw.randint(1, 200)}"
    return f"{street} RT {draw.randint(1, 12):02}/{draw.randint(1, 12):02}" if draw.random() < 0.5 else street


def _parted(value: str, *at: int, by: str = " ") -> str:
    ends = [0, *at, len(value)]
    return by.join(value[first:last] for first, last in pairwise(ends))


def _old_npwp(draw: Random) -> str:
    return numbers.digits(draw, 9) + numbers.digits(draw, 3) + "000"


def _dotted_npwp(draw: Random, _at: int) -> str:
    raw = _old_npwp(draw)
    return f"{raw[:2]}.{raw[2:5]}.{raw[5:8]}.{raw[8]}-{raw[9:12]}.{raw[12:]}"


MAKERS: dict[str, Maker] = {
    "nama": lambda draw, _at: name(draw),
    "inisial": lambda draw, _at: _word(draw)[0] + _word(draw)[0],
    "lahir": _born,
    "ttl": lambda draw, at: f"{_word(draw)}, {_dated(draw, at)}",
    "alamat": _address,
    "jk": _one_of("L|P"),
    "umur": _between(1, 90),
    "desa": _one_of("Sukamaju|Cibodas|Mekarsari|Karanganyar|Wonosari|Banjarsari|Tegalrejo|Kedungwaru"),
    "kecamatan": _one_of("Cibiru|Ujung Berung|Sukasari|Coblong|Andir|Lengkong"),
    "kota": lambda draw, _at: f"{draw.choice(('Kota', 'Kabupaten'))} {_word(draw)}",
    "rt": _between(1, 12),
    "rw": _between(1, 12),
    "nik": lambda draw, _at: numbers.nik(draw),
    "nik_titik": lambda draw, _at: _parted(numbers.nik(draw), 2, 4, 6, 12, by="."),
    "nik_spasi": lambda draw, _at: _parted(numbers.nik(draw), 4, 8, 12),
    "nik_apostrof": lambda draw, _at: "'" + numbers.nik(draw),
    "nik_float": lambda draw, _at: numbers.nik(draw) + ".0",
    "nik_ilmiah": lambda draw, _at: f"3.{numbers.digits(draw, 5)}E+15",
    "nik_ilmiah_koma": lambda draw, _at: f"3,{numbers.digits(draw, 5)}E+15",
    "ilmiah": lambda draw, _at: f"{draw.randint(1, 9)}.{numbers.digits(draw, 3)}E+{draw.randint(9, 13):02}",
    "kk": lambda draw, _at: numbers.nik(draw, family=True),
    "nip": lambda draw, _at: numbers.nip(draw),
    "nip_spasi": lambda draw, _at: _parted(numbers.nip(draw), 8, 14, 15),
    "npwp15": lambda draw, _at: _old_npwp(draw),
    "npwp_titik": _dotted_npwp,
    "npwp16": lambda draw, _at: "0" + _old_npwp(draw) if draw.random() < 0.4 else numbers.nik(draw),
    "hp": lambda draw, _at: numbers.phone(draw),
    "hp_spasi": lambda draw, _at: _parted(numbers.phone(draw), 4, 8),
    "hp_titik": lambda draw, _at: _parted(numbers.phone(draw), 4, 8, by="."),
    "hp_plus": lambda draw, _at: "+62 " + _parted(numbers.phone(draw)[1:], 3, 7, by="-"),
    "telepon": lambda draw, _at: f"({draw.choice(('022', '021', '0274'))}) {draw.randint(200_000, 8_999_999)}",
    "telepon_pendek": _one_of("110|112|113|118|119|129"),
    "surel": _email,
    "surel_unit": lambda draw, at: f"{_word(draw).lower()}{at}@contohkab.go.id",
    "rekening": lambda draw, _at: numbers.digits(draw, draw.choice((10, 13, 15))),
    "nisn": lambda draw, _at: f"00{draw.randint(5, 9)}{numbers.digits(draw, 7)}",
    "nuptk": lambda draw, _at: f"{draw.randint(1, 9)}{draw.randint(1, 9)}{draw.randint(30, 99)}7{draw.randint(40, 80)}"
    f"{draw.randint(600, 699)}{draw.choice(('200', '300'))}{numbers.digits(draw, 3)}",
    "bpjs": lambda draw, _at: f"000{numbers.digits(draw, 10)}",
    "paspor": lambda draw, _at: f"{draw.choice('ABCEX')}{numbers.digits(draw, 7)}",
    "npsn": lambda draw, _at: f"{draw.randint(1, 6)}0{numbers.digits(draw, 6)}",
    "nib": lambda draw, _at: f"{draw.choice(('0220', '9120', '8120', '1211'))}{numbers.digits(draw, 9)}",
    "kbli": lambda draw, _at: f"{draw.randint(1, 96):02}{numbers.digits(draw, 3)}",
    "nop": lambda draw, _at: numbers.land(draw),
    "meter": lambda draw, _at: numbers.meter(draw),
    "aset16": lambda draw, _at: numbers.asset(draw),
    "subsls": lambda draw, _at: numbers.census_block(draw),
    "registrasi16": lambda draw, _at: numbers.registration(draw),
    "va": lambda draw, _at: numbers.virtual_account(draw),
    "waktu16": lambda draw, _at: numbers.moment(draw),
    "imei": lambda draw, _at: "35" + numbers.digits(draw, 13),
    "isbn": lambda draw, _at: "978602" + numbers.digits(draw, 7),
    "kode_barang": lambda draw, _at: "13" + numbers.digits(draw, 16),
    "rekening_apbd": lambda draw, _at: f"5.1.02.{draw.randint(1, 9):02}.02.{draw.randint(1, 99):04}",
    "plat": lambda draw, _at: f"D {draw.randint(1000, 9999)} {_word(draw)[:2].upper()}",
    "kode": lambda draw, at: f"{_word(draw)[:2].upper()}-{at:04}",
    "registrasi": lambda draw, at: f"{at + 1:03}/{_word(draw)[:3].upper()}/{draw.randint(2019, 2024)}",
    "urut": lambda _draw, at: str(at + 1),
    "angka": _between(0, 5000),
    "angka_kecil": _between(0, 9),
    "angka_besar": _between(10_000_000, 99_999_999),
    "desimal": lambda draw, _at: f"{draw.random() * 100:.2f}",
    "persen": lambda draw, _at: f"{draw.random() * 100:.1f}%",
    "uang": lambda draw, _at: f"{draw.randint(1, 90_000) * 1000}",
    "tahun": _between(2018, 2024),
    "lintang": lambda draw, _at: f"{-draw.random() * 9:.7f}",
    "bujur": lambda draw, _at: f"{95 + draw.random() * 45:.13f}",
    "tanggal": _dated,
    "jam": lambda draw, _at: f"{draw.randint(6, 17):02}:{draw.randint(0, 59):02}",
    "url": lambda _draw, at: f"https://contoh.go.id/berkas/{at}",
    "opd": _one_of("Dinas Kesehatan|Dinas Pendidikan|Dinas Sosial|Bappeda|Diskominfo"),
    "sekolah": lambda draw, at: f"SD Negeri {at + 1} {_word(draw)}",
    "puskesmas": lambda draw, _at: f"Puskesmas {_word(draw)}",
    "panti": lambda draw, _at: f"Panti Asuhan {_word(draw)}",
    "usaha": lambda draw, _at: f"{draw.choice(('Toko', 'CV', 'PT', 'UD'))} {_word(draw)} {_word(draw)}",
    "pasar": lambda draw, _at: f"Pasar {_word(draw)}",
    "hotel": lambda draw, _at: f"Hotel {_word(draw)}",
    "masjid": lambda draw, _at: f"Masjid {_word(draw)}",
    "wisata": lambda draw, _at: f"Curug {_word(draw)}",
    "poktan": lambda draw, _at: f"Tani {_word(draw)}",
    "jalan": lambda draw, _at: f"Jalan {_word(draw)}",
    "judul": lambda draw, _at: f"Pekerjaan {_word(draw)} {_word(draw)} {_word(draw)}",
    "aduan": lambda draw, _at: f"Jalan di dekat {_word(draw)} berlubang, mohon diperbaiki",
    "aduan_nik": lambda draw, _at: f"Saya {name(draw)}, NIK {numbers.nik(draw)}, belum menerima bantuan",
    "aduan_hp": lambda draw, _at: f"Lampu jalan {_word(draw)} mati, hubungi saya di {numbers.phone(draw)} sore hari",
    "agama": _one_of("Islam|Kristen|Katolik|Hindu|Buddha|Khonghucu"),
    "pekerjaan": _one_of("Petani|Wiraswasta|Buruh|Guru|Belum Bekerja"),
    "pendidikan": _one_of("SD|SMP|SMA|S1"),
    "jabatan": _one_of("Kepala Bidang|Sekretaris|Analis|Bendahara"),
    "golongan": _one_of("II/c|III/a|III/d|IV/a"),
    "diagnosa": _one_of("DBD|Tuberkulosis|ISPA|Diare|Hipertensi"),
    "gizi": _one_of("Normal|Pendek|Sangat Pendek|Gizi Kurang"),
    "goldar": _one_of("A|B|AB|O"),
    "disabilitas": _one_of("Fisik|Netra|Rungu|Mental"),
    "status": _one_of("Baik|Rusak|Selesai|Proses"),
    "bantuan": _one_of("PKH|Sembako|BLT"),
    "izin": _one_of("Usaha Mikro|Reklame|Apotek"),
    "kategori": _one_of("Infrastruktur|Kesehatan|Pendidikan|Sosial"),
    "kelas": _one_of("A|B|C"),
    "mapel": _one_of("Matematika|IPA|Bahasa Indonesia"),
    "jenjang": _one_of("SD|SMP|SMA"),
    "bulan": _one_of("Januari|Februari|Maret|April"),
    "triwulan": _one_of("I|II|III|IV"),
    "kendaraan": _one_of("Sepeda Motor|Mobil|Bus|Truk"),
    "barang": _one_of("Meja Kerja|Laptop|Kursi|Lemari"),
    "komoditas": _one_of("Beras|Jagung|Cabai|Bawang"),
    "cabor": _one_of("Silat|Renang|Atletik"),
    "negara": _one_of("Malaysia|Taiwan|Hong Kong"),
    "satuan": _one_of("ORANG|JIWA"),
}  # fmt: skip


def designs() -> list[tuple[str, list[tuple[str, str]], set[tuple[str, str | None]]]]:
    """The hand-written tables: name, columns as (title, maker), and what is personal as (kind, column or None)."""
    found = []
    for line in TABLES.read_text("utf-8").splitlines():
        if not line.startswith("#") and line.strip():
            called, columns, personal = (part.strip() for part in line.split("|"))
            parted = [column.strip().rpartition("=") for column in columns.split(",")]
            told = [one.strip() for one in personal.split(",") if one.strip()]
            truth = {(kind, column if sign else None) for kind, sign, column in (one.partition("@") for one in told)}
            found.append((called, [(title, maker) for title, _, maker in parted], truth))
    return found
