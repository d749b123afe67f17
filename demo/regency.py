"""The regency the demo plays: Kabupaten Trenggalek its districts, offices and indicators. Every figure is made up."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
NAME = "Kabupaten Trenggalek"
CODE = "35.03"


@dataclass(frozen=True)
class District:
    """A kecamatan: dotted Kemendagri code, name, and its share of the regency's people."""

    code: str
    name: str
    weight: int


@dataclass(frozen=True)
class Office:
    """An OPD as `opd.csv` lists it; `ended` is the last day it existed (ISO) or empty."""

    kode_skpd: str
    name: str
    title: str
    aliases: tuple[str, ...]
    ended: str


@dataclass(frozen=True)
class Indicator:
    """One statistic an office keeps, in the words of its metadata."""

    opd: str
    kode_urusan: str
    kategori: str
    ukuran: str
    konsep: str
    satuan: str
    menurut: str
    jadwal: str
    definisi: str


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def districts() -> tuple[District, ...]:
    """The fourteen kecamatan."""
    return tuple(District(row["kode"], row["nama"], int(row["bobot"])) for row in _rows("kecamatan.csv"))


@cache
def offices() -> tuple[Office, ...]:
    """Every OPD of `opd.csv`, those that no longer exist included."""
    return tuple(
        Office(row["kode_skpd"], row["name"], row["title"], tuple(row["aliases"].split("|")), row["berlaku_sampai"])
        for row in _rows("opd.csv")
    )


@cache
def indicators() -> tuple[Indicator, ...]:
    """The statistics of all offices."""
    return tuple(Indicator(**row) for row in _rows("indicators.csv"))
