"""How well every kind of personal data is told from what only looks like it: F1 over findings in tables and texts.

The truth is written by hand: tables as offices keep them (`tests/schemas/truth/personal_tables.txt`) and the sentences
below. A finding is right when its kind and its column are; what is said of a whole table has no column. The figure is
that of the half of tables and sentences nobody looks at while developing.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from bench.figure import Figure
from bench.truth import people
from bench.truth.half import unseen
from satudata_schemas.personal_columns import in_rows
from satudata_schemas.personal_data import contacts_in_text, in_text

ROWS = (8, 40, 250)
WHOLE_TABLE = frozenset({"person", "health"})
#: What metadata and complaints say, with what stands in them; {name} is drawn.
SENTENCES = """
Hubungi admin di {hp} untuk data lengkap | phone
Narahubung: {hp_spasi} (jam kerja) | phone
WA {hp_plus} | phone
Telp {telepon} pada jam kerja | -
Call center 112 dan 119 | -
Kirim permintaan ke {surel} | email
Kirim permintaan ke {surel_unit} | -
Kontak: {surel} atau {hp} | email, phone
NIP. {nip} | nip
Kepala Bidang, NIP {nip_spasi} | nip
NPWP {npwp_titik} | npwp
NPWP pemenang {npwp_titik}, nilai kontrak Rp 1.250.000.000 | npwp
NIK pemohon {nik} | nik
Data an. {nama} ({nik}) dihapus | nik
NIK {nik} dan HP {hp} | nik, phone
KK {kk} | nik
Nomor NIB {nib} dan KBLI {kbli} | -
NPSN {npsn}, koordinat {lintang}, {bujur} | -
NOP {nop} | -
Meter {meter} | -
SK Nomor 800/123/2024 tanggal 12-01-2024 | -
Peraturan Bupati Nomor 12 Tahun 2021 tentang Satu Data | -
Data tahun 2018, 2019, 2020, 2021, 2022 dan 2023 | -
Anggaran 2.500.000.000 dari total 12.750.000.000 | -
Dataset ini memuat NIK, nama dan alamat yang telah disamarkan | -
Kode rekening {rekening_apbd} | -
ISBN {isbn} | -
Unduh di {url} | -
Nilai 081234 dan 0812 | -
Nomor surat 0812/345/678/2024 | -
Kode voucher 0812{angka_besar}9 berlaku | -
NIP belum tersedia | -
Kode barang {kode_barang} | -
Diperbarui 20240115103012 | -
Kontak pengelola {hp_titik} | phone
surel: {surel}; telepon {telepon} | email
""".strip().splitlines()


@dataclass
class Tally:
    """Findings that are right, wrong and lacking, by kind."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    lacking: Counter[str] = field(default_factory=Counter)
    where: list[str] = field(default_factory=list)

    def judge(self, what: str, told: set[tuple[str, str | None]], truth: set[tuple[str, str | None]]) -> None:
        """Count what was told against what is true."""
        for counter, ones in ((self.right, told & truth), (self.wrong, told - truth), (self.lacking, truth - told)):
            counter.update(kind for kind, _ in ones)
        if told != truth:
            self.where.append(
                f"{what}: wrong {sorted(map(str, told - truth))}, lacking {sorted(map(str, truth - told))}"
            )

    @property
    def f1(self) -> float:
        """2PR / (P + R)."""
        right, off = self.right.total(), self.wrong.total() + self.lacking.total()
        return 2 * right / (2 * right + off)


def tallied(half: str) -> Tally:
    """Fill the half's tables with drawn people and judge what is found in each."""
    tally = Tally()
    for called, columns, truth in people.designs():
        if unseen(called) == (half == "unseen"):
            for rows in ROWS:
                draw = Random(zlib.crc32(f"{called} {rows}".encode()))
                cells = [[people.MAKERS[maker](draw, at) for _, maker in columns] for at in range(rows)]
                told = {
                    (one.kind, None if one.kind in WHOLE_TABLE else one.column or "")
                    for one in in_rows([title for title, _ in columns], cells)
                }
                tally.judge(f"{called} ({rows} rows)", told, truth)
    for line in SENTENCES:
        sentence, _, kinds = line.rpartition("|")
        if unseen(sentence) == (half == "unseen"):
            for draw in map(Random, range(len(ROWS))):
                text = _filled(sentence.strip(), draw)
                truth = {(kind.strip(), None) for kind in kinds.split(",") if kind.strip() != "-"}
                tally.judge(sentence, {(one.kind, None) for one in (*in_text(text), *contacts_in_text(text))}, truth)
    return tally


def _filled(sentence: str, draw: Random) -> str:
    return sentence.format_map({maker: make(draw, 1) for maker, make in people.MAKERS.items()})


def measure() -> Iterator[Figure]:
    """Tally both halves; the value is the unseen one's."""
    halves = {half: tallied(half) for half in ("developing", "unseen")}
    raw: dict[str, object] = {"value_of": "unseen", "developing_off": halves["developing"].where[:40]}
    for half, one in halves.items():
        raw[f"{half}_f1"] = round(one.f1, 4)
        raw[f"{half}_right"], raw[f"{half}_wrong"] = one.right.total(), one.wrong.total()
        raw[f"{half}_lacking"] = one.lacking.total()
    yield Figure("personal_f1", round(halves["unseen"].f1, 4), bar=0.95, aim=0.98, unit="", raw=raw)


FIGURES = {"personal_f1": measure}
