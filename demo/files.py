"""What the portal's links give: tables as offices here export them, and a picture or a paper instead of one."""

from __future__ import annotations

import csv
import io
import itertools
import random
import re
from collections.abc import Iterator

from demo.catalogue import Entry, Topic
from demo.regency import districts, offices

#: one transparent pixel
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63f8cfc0f01f000500"
    "01ff8963c5ec0000000049454e44ae426082"
)
PDF = (
    b"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF"
)
#: breakdown -> its classes; the two columns of a district and the offices come from the regency
CLASSES = {
    "Bidang Pelatihan": ["Menjahit", "Las", "Otomotif", "Tata Boga"],
    "Bidang Usaha": ["Perdagangan", "Industri Pengolahan", "Jasa", "Pertanian"],
    "Bulan": ["Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
              "November", "Desember"],
    "Cabang Industri": ["Makanan", "Tekstil", "Kayu", "Logam"],
    "Destinasi": ["Pantai Prigi", "Pantai Karanggongso", "Goa Lowo", "Hutan Mangrove"],
    "Golongan": ["I", "II", "III", "IV", "PPPK"],
    "Jenis Bantuan": ["PKH", "Sembako", "PBI JKN"],
    "Jenis Bencana": ["Banjir", "Tanah Longsor", "Angin Kencang", "Kekeringan"],
    "Jenis Ikan": ["Tongkol", "Layang", "Cakalang"],
    "Jenis Kelamin": ["Laki-laki", "Perempuan"],
    "Jenis Kendaraan": ["Mobil Penumpang", "Bus", "Truk"],
    "Jenis Pendapatan": ["Pajak Daerah", "Retribusi Daerah", "Transfer"],
    "Jenis Tenaga": ["Dokter", "Perawat", "Bidan"],
    "Jenis Ternak": ["Sapi Potong", "Sapi Perah", "Kerbau"],
    "Kondisi": ["Baik", "Sedang", "Rusak Ringan", "Rusak Berat"],
    "Metode Kontrasepsi": ["Suntik", "Pil", "Implan", "IUD"],
    "Pasar": ["Pasar Basah", "Pasar Pon"],
    "Ragam Disabilitas": ["Fisik", "Sensorik", "Intelektual", "Mental"],
    "Status": ["Negeri", "Swasta"],
    "Tingkat Kerusakan": ["Ringan", "Sedang", "Berat"],
}  # fmt: skip
SHARES = {"Persen", "Indeks", "Skor", "Rasio"}


def table(entry: Entry) -> bytes:
    """The entry's table as CSV; one in four comes as spreadsheets here export it: BOM and semicolons."""
    rng = random.Random(f"{entry.id}/table")
    about, rough = entry.topic.indicator, rng.random() < 0.25
    parts = about.menurut.split(" dan ")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if rough else ",")
    heads = itertools.chain.from_iterable(_columns(part) for part in parts)
    writer.writerow([*heads, _column(f"{about.ukuran} {about.konsep}"), "satuan", "tahun"])
    for cells in itertools.product(*(list(_classes(part, entry.topic)) for part in parts)):
        value = round(rng.uniform(20, 99), 2) if about.satuan in SHARES else rng.randrange(2_000)
        writer.writerow([*itertools.chain.from_iterable(cells), value, about.satuan, entry.topic.year])
    return text.getvalue().encode("utf-8-sig" if rough else "utf-8")


def _columns(part: str) -> list[str]:
    return ["kode_kecamatan", "nama_kecamatan"] if part == "Kecamatan" else [_column(part)]


def _column(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _classes(part: str, topic: Topic) -> Iterator[tuple[str, ...]]:
    if part == "Kecamatan":
        chosen = [topic.district] if topic.district else districts()
        yield from ((district.code, district.name) for district in chosen)
    elif part == "Perangkat Daerah":
        yield from ((office.title,) for office in offices() if not office.ended)
    elif part == "Tahun":
        yield from ((str(year),) for year in range(topic.year - 4, topic.year + 1))
    else:
        yield from ((name,) for name in CLASSES.get(part) or [f"{part} {letter}" for letter in "ABCD"])
