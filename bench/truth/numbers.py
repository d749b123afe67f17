"""Numbers of persons and numbers that look like them, drawn from a seed.

Written from the law and from published tables alone: nothing here is taken from the finder it measures. Serials are
drawn at run time; none is ever written to a file of the repository.
"""

from __future__ import annotations

import json
from random import Random

from bench.truth.recorded import TRUTH

WORDS = json.loads((TRUTH / "nik_words.json").read_text("utf-8"))
#: Regencies in force, some of each island.
CURRENT: list[str] = WORDS["regencies"]
#: Regencies whose code was withdrawn: in Timor Timur (1999), Kalimantan Timur (2012), Papua and Papua Barat (2022).
RETIRED: list[str] = WORDS["retired_regencies"]
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def digits(draw: Random, count: int) -> str:
    """So many digits."""
    return "".join(draw.choices("0123456789", k=count))


def nik(draw: Random, *, retired: bool | None = None, family: bool = False) -> str:
    """A NIK, or with `family` the number of a family card, which carries its date of issue instead of a birth date."""
    old = draw.random() < 0.5 if retired is None else retired
    regency = draw.choice(RETIRED if old else CURRENT)
    month = draw.randint(1, 12)
    day = draw.randint(1, _DAYS[month - 1]) + (40 if not family and draw.random() < 0.5 else 0)
    year = draw.randint(5, 25) if family else (draw.randint(40, 99) if draw.random() < 0.75 else draw.randint(0, 24))
    return f"{regency}{draw.randint(1, 32):02}{day:02}{month:02}{year:02}{draw.randint(1, 60):04}"


def broken(draw: Random) -> str:
    """A NIK with a date that is none, as misread cards have."""
    whole = nik(draw)
    date = draw.choice(
        [f"{draw.randint(72, 99)}{whole[8:10]}", f"{whole[6:8]}{draw.randint(13, 99)}", f"00{whole[8:10]}"]
    )
    return whole[:6] + date + whole[10:]


def nip(draw: Random) -> str:
    """A civil servant's number: birth date, month of appointment, sex, serial."""
    born = draw.randint(1962, 2000)
    appointed = min(born + draw.randint(19, 34), 2025)
    start = f"{born}{draw.randint(1, 12):02}{draw.randint(1, 28):02}{appointed}{draw.randint(1, 12):02}"
    return f"{start}{draw.choice('12')}{draw.randint(1, 40):03}"


def phone(draw: Random) -> str:
    """A mobile number as people write it, without signs."""
    return f"08{draw.choice('1235789')}{draw.randint(1, 9)}{digits(draw, draw.choice((7, 8, 8, 8)))}"


def meter(draw: Random) -> str:
    """A meter of sixteen digits, any of them."""
    return draw.choice("123456789") + digits(draw, 15)


def asset(draw: Random) -> str:
    """An asset of sixteen digits: kind of good by level, year, running number."""
    level = f"{draw.randint(1, 19):02}{draw.randint(1, 9):02}{draw.randint(1, 12):02}{draw.randint(1, 999):03}"
    return f"1{draw.randint(1, 5)}{draw.randint(1, 3)}{level}{draw.randint(1, 9999):04}"


def registration(draw: Random) -> str:
    """A number given out by an office: its region, year, month, running number. Every one could be a NIK."""
    return f"{CURRENT[30]}{draw.randint(2021, 2024)}{draw.randint(1, 12):02}{draw.randint(1, 99_999):06}"


def census_block(draw: Random) -> str:
    """The id of a part of a local environment unit in the statistics office's master file: 10 + 4 + 2 digits."""
    return (
        f"{draw.choice(CURRENT)}{draw.randint(1, 32):02}0{draw.randint(1, 18):03}{draw.randint(1, 40):04}"
        f"{draw.choice(('00', '00', '01', '02'))}"
    )


def virtual_account(draw: Random) -> str:
    """A bank's payment number: prefix of the bank and of the office, then a mobile number's digits."""
    return "8808" + phone(draw).ljust(12, "0")[:12]


def moment(draw: Random) -> str:
    """A transaction's number: date, time, two digits."""
    date = f"20{draw.randint(18, 25)}{draw.randint(1, 12):02}{draw.randint(1, 28):02}"
    return f"{date}{draw.randint(0, 23):02}{draw.randint(0, 59):02}{draw.randint(0, 59):02}{digits(draw, 2)}"


def land(draw: Random) -> str:
    """A taxed object of land: 18 digits, parted."""
    whole = draw.choice(CURRENT) + digits(draw, 14)
    return f"{whole[:2]}.{whole[2:4]}.{whole[4:7]}.{whole[7:10]}.{whole[10:13]}-{whole[13:17]}.{whole[17]}"
