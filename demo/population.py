"""People who never lived, for applications that hold rows about people.

They are made up as an application starts: names of syllables found in no language here, NIKs with the serial 9999 that
is not given out, phones with a prefix no operator has.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from demo.regency import District, districts


@dataclass(frozen=True)
class Person:
    """Somebody who never lived."""

    name: str
    nik: str
    phone: str
    address: str
    district: District

    def traces(self) -> tuple[str, ...]:
        """Every spelling in which the application gives away this person; none may be found anywhere else."""
        names = (self.name, *self.name.split())
        return (*names, *map(str.upper, names), self.nik, self.phone, *spellings(self.phone), self.address)


def spellings(phone: str) -> tuple[str, str]:
    """A telephone number as people write it, too."""
    return f"+62{phone[1:]}", f"{phone[:4]}-{phone[4:8]}-{phone[8:]}"


def people(count: int, rng: random.Random) -> list[Person]:
    """`count` people, no two alike in any trace."""
    words: set[str] = set()
    niks: set[str] = set()
    weights = [district.weight for district in districts()]
    found = []
    for subscriber in rng.sample(range(10**8), count):
        district = rng.choices(districts(), weights)[0]
        name = f"{_word(rng, words)} {_word(rng, words)}"
        address = f"Dusun {_word(rng, words)} RT {rng.randrange(1, 13):02d} RW {rng.randrange(1, 7):02d}"
        phone = f"0844{subscriber:08d}"
        found.append(Person(name, _nik(district, rng, niks), phone, address, district))
    return found


def _word(rng: random.Random, taken: set[str]) -> str:
    """A capitalised word of three syllables that no language, code or encoding here would produce."""
    while True:
        word = "".join(rng.choice("qxzv") + rng.choice("aeiou") + rng.choice("qxkzw") for _ in range(3)).capitalize()
        if word not in taken:
            taken.add(word)
            return word


def _nik(district: District, rng: random.Random, taken: set[str]) -> str:
    """A well-formed NIK whose serial, 9999, no office has given out."""
    while True:
        born = date(1955, 1, 1) + timedelta(days=rng.randrange(18_000))
        day = born.day + 40 * rng.randrange(2)
        nik = f"{district.code.replace('.', '')}{day:02d}{born:%m%y}9999"
        if nik not in taken:
            taken.add(nik)
            return nik
