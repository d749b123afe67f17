"""Region codes that a user brings: villages, and which code of BPS is which of Kemendagri.

Neither is bundled (reference/SOURCES.md says why). `satudata vocab wilayah --load FILE` reads a table of either kind
and keeps it in `own_folder()`, where `Reference.load` finds it.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from satudata_schemas import table_source
from satudata_schemas.table_source import TableError

#: The folder for what a user brings; services of one installation share one.
FOLDER_VARIABLE = "SATUDATA_REFERENCE"
VILLAGES, CROSSWALK = "desa.csv", "bps.csv"
#: More rows than Indonesia has regions at all levels are no list of its regions.
MOST_ROWS = 250_000
_VILLAGE = re.compile(r"\d{2}\.\d{2}\.\d{2}\.[123]\d{3}\Z")
_BPS = re.compile(r"[1-9]\d(?:\d{2}(?:\d{3}(?:\d{3})?)?)?\Z")
#: What columns are called in the lists that are about.
_CODES = ("kode_dagri", "kode_kemendagri", "kode_wilayah", "kode_desa", "kode", "code", "id")
_NAMES = ("nama_dagri", "nama_kemendagri", "nama_wilayah", "nama_desa", "nama", "name")
_BPS_CODES = ("kode_bps", "bps_code", "bps")


@dataclass
class Brought:
    """What a file holds: villages by code, codes of BPS with Kemendagri's, and how many rows were of no use.

    `unknown` rows lie in a district that the bundled list does not know; `others` hold no region code.
    """

    villages: dict[str, str] = field(default_factory=dict)
    crosswalk: dict[str, str] = field(default_factory=dict)
    unknown: int = 0
    others: int = 0


def own_folder() -> Path:
    """Where a user's lists are kept: `SATUDATA_REFERENCE`, else `satudata` below the user's data folder (XDG)."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "satudata"


def is_kept(path: Path) -> bool:
    """Whether such a list is there and may be looked at: a service may be kept out of the HOME it inherits."""
    try:
        return path.is_file()
    except OSError:
        return False


def read(path: Path, dotted: Callable[[object], str | None], known: Callable[[str], bool]) -> Brought:
    """The villages and the crosswalk of a table (CSV, TSV, XLSX, JSON), with or without a header.

    `dotted` reads a code in any form, `known` says whether a district is listed. Raises TableError.
    """
    sheet = table_source.sheets(path, table_source.Limits())[0]
    rows = ([_text(cell) for cell in row] for row in sheet.rows())
    brought = Brought()
    first = next(rows, [])
    places = _places(first)
    if places is None:
        places = (0, 1, None)
        _take(brought, first, places, dotted, known)
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            raise TableError("E-TBL-003", ukuran=number, batas=MOST_ROWS)
        _take(brought, row, places, dotted, known)
    return brought


def keep(brought: Brought, folder: Path) -> list[Path]:
    """Writes what was brought over what was kept before; OSError where that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, head, rows in (
        (VILLAGES, ("kode", "nama"), brought.villages),
        (CROSSWALK, ("kode_bps", "kode"), brought.crosswalk),
    ):
        if rows:
            _replace(folder / name, [head, *sorted(rows.items())])
            written.append(folder / name)
    return written


def kept(folder: Path, name: str) -> dict[str, str]:
    """The kept list of that name: village code → name, or code of BPS → of Kemendagri; empty where there is none."""
    try:
        with (folder / name).open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines)
            next(rows, None)
            return {row[0]: row[1] for row in rows if len(row) == 2}
    except OSError:
        return {}


Places = tuple[int, "int | None", "int | None"]


def _places(head: list[str]) -> Places | None:
    """Where code, name and code of BPS stand, by the header; None for a first row that is none."""
    titles = [re.sub(r"[\s\-]+", "_", title.casefold()) for title in head]
    code, name, bps = (_first(titles, names) for names in (_CODES, _NAMES, _BPS_CODES))
    return None if code is None else (code, name, bps)


def _first(titles: list[str], names: Iterable[str]) -> int | None:
    return next((titles.index(name) for name in names if name in titles), None)


def _take(
    brought: Brought,
    row: list[str],
    places: Places,
    dotted: Callable[[object], str | None],
    known: Callable[[str], bool],
) -> None:
    code, name, bps = (row[at] if at is not None and at < len(row) else "" for at in places)
    region = dotted(code)
    if region is None:
        brought.others += any(row)
        return
    if _BPS.match(bps):
        brought.crosswalk[bps] = region
    if _VILLAGE.match(region) and name:
        if known(region.rpartition(".")[0]):
            brought.villages[region] = name
        else:
            brought.unknown += 1


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()


def _replace(path: Path, rows: Iterable[Iterable[str]]) -> None:
    beside = path.with_suffix(".baru")
    with beside.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    beside.replace(path)
