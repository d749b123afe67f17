"""What the applications of a regency's offices hold, row by row, about people who never lived.

Each function draws the rows of one application with its habits: codes without dots, text for numbers, several ways to
write a date, a moment in UTC, a payee who is a person. Columns that no table may show are in every one of them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from demo.population import Person
from demo.regency import offices

Row = dict[str, Any]
YEAR = 2025
_MONTHS = [
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
]  # fmt: skip
KBLI = ["47112", "56101", "10794", "41011", "62019", "01134", "96111", "49431"]
SCALES = ["Mikro", "Kecil", "Menengah", "Besar"]
RANKS = ["I/c", "II/a", "II/c", "III/a", "III/b", "III/d", "IV/a", "IV/b", "PPPK"]
KINDS = ["Surat Dinas", "Nota Dinas", "Undangan", "Surat Edaran", "Surat Keterangan"]
DIAGNOSES = {"J06.9": 30, "I10": 22, "E11.9": 12, "A09": 10, "K29.7": 9, "M79.1": 8, "L20": 5, "B26": 1, "Z00.0": 20}
ACCOUNTS = ["5.1.01.01.001", "5.1.02.01.001", "5.1.02.02.003", "5.1.02.04.001", "5.2.02.05.001", "5.2.03.01.001"]
TOPICS = {"KTP-el": 34, "Kartu Keluarga": 24, "Akta Kelahiran": 14, "Perizinan": 12, "Bansos": 9, "": 7}


def _office_names(count: int) -> list[str]:
    return [office.title for office in offices() if not office.ended][:count]


def _day(rng: random.Random, months: int = 6) -> datetime:
    return datetime(YEAR, 1, 1) + timedelta(days=rng.randrange(months * 30), seconds=rng.randrange(86_400))  # noqa: DTZ001 - WIB, and nobody says so


def _nip(rng: random.Random, number: int) -> str:
    return f"{rng.randrange(1965, 2000)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}2015{rng.randrange(1, 13):02d}{rng.randrange(1, 3)}{number % 900 + 100}"  # noqa: E501


def licences(people: Sequence[Person], rng: random.Random) -> list[Row]:
    """What OSS gives a regency: a project each, with the region in ten digits and the investment as text."""
    return [
        {
            "id_proyek": f"R-{YEAR}{number:08d}",
            "nib": f"{rng.randrange(10**12, 10**13)}",
            "nama_pemohon": person.name,
            "nik_pemohon": person.nik,
            "telepon": person.phone,
            "alamat_usaha": person.address,
            "kbli": rng.choice(KBLI),
            "kd_daerah": f"{person.district.code.replace('.', '')}{rng.randrange(2001, 2012)}",
            "skala_usaha": rng.choices(SCALES, [70, 20, 8, 2])[0],
            "jumlah_investasi": str(rng.randrange(1, 900) * 1_000_000),
            "tgl_terbit": f"{_day(rng):%Y-%m-%d}",
        }
        for number, person in enumerate(people)
    ]


def staff(people: Sequence[Person], rng: random.Random) -> list[Row]:
    """SIMPEG's view: an employee each."""
    units = _office_names(8)
    return [
        {
            "nip": _nip(rng, number) + f"{number}",
            "nama": person.name,
            "nik": person.nik,
            "no_hp": person.phone,
            "alamat": person.address,
            "golongan": rng.choice(RANKS),
            "jenis_kelamin": rng.choice("LP"),
            "unit_kerja": units[min(int(rng.expovariate(0.5)), len(units) - 1)],
        }
        for number, person in enumerate(people)
    ]


def letters(people: Sequence[Person], rng: random.Random) -> list[Row]:
    """An e-office's export: dates in words, subjects that name people."""
    found = []
    for number, person in enumerate(people):
        at = _day(rng)
        written = [f"{at.day} {_MONTHS[at.month - 1]} {at.year}", f"{at:%d/%m/%Y}", f"{at:%Y-%m-%d}"]
        found.append(
            {
                "Nomor Naskah": f"{number + 1:05d}/{rng.choice('ABCD')}/{YEAR}",
                "Tanggal": rng.choices(written, [90, 6, 4])[0],
                "Arah": rng.choice(["Masuk", "Keluar"]),
                "Jenis Naskah": rng.choice(KINDS),
                "Unit Pengolah": rng.choice(_office_names(6)),
                "Perihal": f"Permohonan cuti – a.n. {person.name}",
                "Pengirim": person.name,
                "Alamat Tujuan": person.address,
                "Kontak": person.phone,
                "NIK": person.nik,
            }
        )
    return found


def attendance(people: Sequence[Person], rng: random.Random, months: int = 3) -> dict[str, list[Row]]:
    """An attendance application's monthly recaps: file name -> an employee each."""
    units = _office_names(7)
    employees = [(person, _nip(rng, number) + f"{number}", rng.choice(units)) for number, person in enumerate(people)]
    # One office is so small that nothing may be said about it.
    employees[:3] = [(person, nip, "Inspektorat Pembantu") for person, nip, _ in employees[:3]]
    files = {}
    for month in range(1, months + 1):
        rows = []
        for person, nip, unit in employees:
            work = 22 if month != 2 else 20
            absent = min(int(rng.expovariate(0.7)), 6)
            rows.append(
                {
                    "NIP": nip, "Nama Pegawai": person.name, "NIK": person.nik, "No HP": person.phone,
                    "Alamat": person.address, "OPD": unit, "Hari Kerja": work, "Hadir": work - absent,
                    "Sakit": absent // 2, "Izin": absent - absent // 2,
                }
            )  # fmt: skip
        files[f"absensi-{YEAR}-{month:02d}.xlsx"] = rows
    return files


def visits(people: Sequence[Person], rng: random.Random, months: int = 3) -> dict[str, list[Row]]:
    """A health office's monthly register of the puskesmas: file name -> a visit each."""
    files: dict[str, list[Row]] = {f"kunjungan-{YEAR}-{month:02d}.xlsx": [] for month in range(1, months + 1)}
    for number, person in enumerate(people):
        for _ in range(rng.choice([1, 1, 2])):
            at = _day(rng, months)
            month = min(at.month, months)
            files[f"kunjungan-{YEAR}-{month:02d}.xlsx"].append(
                {
                    "Tanggal": f"{at:%d/%m}/{YEAR}" if at.month == month else f"28/{month:02d}/{YEAR}",
                    "Puskesmas": f"Puskesmas {person.district.name}",
                    "Kode Kecamatan": person.district.code,
                    "No RM": f"RM{number:06d}",
                    "NIK": person.nik,
                    "Nama Pasien": person.name,
                    "Telepon": person.phone,
                    "Alamat": person.address,
                    "Diagnosa": rng.choices(list(DIAGNOSES), list(DIAGNOSES.values()))[0],
                }
            )
    return files


def budget(people: Sequence[Person], rng: random.Random) -> list[Row]:
    """The finance office's export of what was spent: some of the payees are persons."""
    units = _office_names(6)
    found = []
    for person in people:
        planned = rng.randrange(1, 400) * 250_000
        spent = planned * rng.randrange(50, 101) // 100
        month = rng.randrange(1, 7)
        found.append(
            {
                "Nama SKPD": rng.choice(units),
                "Kode Rekening": rng.choice(ACCOUNTS),
                "Uraian": f"Honorarium a.n. {person.name}",
                "Penerima": person.name,
                "NIK Penerima": person.nik,
                "Alamat Penerima": person.address,
                "Telepon": person.phone,
                "Bulan": f"{_MONTHS[month - 1]} {YEAR}",
                "Anggaran": planned,
                # Some offices type amounts as text, with points between thousands.
                "Realisasi": f"{spent:,}".replace(",", ".") if rng.random() < 0.1 else spent,
            }
        )
    return found


def messages(people: Sequence[Person], rng: random.Random) -> list[Row]:
    """A WhatsApp gateway's log, in UTC: a message each, with its sender and words."""
    found: list[Row] = []
    for number, person in enumerate(people):
        for _ in range(rng.choice([1, 2, 3])):
            at = datetime(YEAR, 3, 1) + timedelta(days=int(rng.triangular(0, 28, 3)), seconds=rng.randrange(86_400))  # noqa: DTZ001 - UTC, as `at` says
            found.append(
                {
                    "id": f"wamid.{number:06d}{len(found):06d}",
                    "at": f"{at:%Y-%m-%dT%H:%M:%S}Z",
                    "from": f"62{person.phone[1:]}",
                    "profile_name": person.name,
                    "topic": rng.choices(list(TOPICS), list(TOPICS.values()))[0],
                    "text": f"Halo, saya {person.name}, NIK {person.nik}, {person.address}. HP {person.phone}",
                }
            )
    return sorted(found, key=lambda row: str(row["at"]))
