"""How fast the finder of personal data goes through a CSV, against `csv.reader` alone over the same file.

Two files: statistics by district and month as offices publish most, and a register of persons, in which every column
is looked into. Both sides read the file from its first byte; the finder reads it through the same `csv.reader`. The
value is that of both files together, by processor time, the best of several turns each.
"""

from __future__ import annotations

import csv
import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from bench.figure import Figure
from bench.truth import people
from satudata_schemas.personal_columns import TableFinder

TURNS = 7
ROWS = {"statistics": 60_000, "register": 20_000}
COLUMNS = {
    "statistics": "id=urut,kode_kecamatan=kbli,kecamatan=kecamatan,desa=desa,bulan=bulan,tahun=tahun,agama=agama"
    ",laki_laki=angka,perempuan=angka,jumlah=angka,persentase=desimal,anggaran=uang",
    "register": "no=urut,nik=nik,nama_lengkap=nama,tanggal_lahir=lahir,jk=jk,alamat=alamat,desa=desa,no_hp=hp"
    ",bantuan=uang",
}


def written(kind: str, folder: Path, rows: int) -> Path:
    """A CSV of drawn rows."""
    draw, columns = Random(7), [one.split("=") for one in COLUMNS[kind].split(",")]
    path = folder / f"{kind}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow([title for title, _ in columns])
        out.writerows([people.MAKERS[maker](draw, at) for _, maker in columns] for at in range(rows))
    return path


def bare(path: Path) -> int:
    """What anybody does: read every row."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def looked(path: Path) -> int:
    """The same rows with the finder looking at each."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        finder = TableFinder(next(rows))
        finder.take(rows)
        finder.findings()
    return finder.rows


def _seconds(work: Callable[[Path], int], path: Path, expected: int) -> float:
    gc.collect()
    begun = time.process_time()
    if work(path) != expected:
        raise RuntimeError("not every row was read")
    return time.process_time() - begun


def measure(turns: int = TURNS) -> Iterator[Figure]:
    """Read both files both ways, in turns."""
    best: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = {kind: written(kind, Path(folder), rows) for kind, rows in ROWS.items()}
        for _ in range(turns):
            for kind, path in paths.items():
                now = [_seconds(work, path, ROWS[kind]) for work in (bare, looked)]
                best[kind] = [min(pair) for pair in zip(best.get(kind, now), now, strict=True)]
    total = [sum(pair) for pair in zip(*best.values(), strict=True)]
    raw: dict[str, object] = {f"{kind}_ratio": round(loop / full, 3) for kind, (loop, full) in best.items()}
    raw |= {f"{kind}_rows_per_second": round(ROWS[kind] / full) for kind, (_, full) in best.items()}
    yield Figure("personal_rate", round(total[0] / total[1], 3), bar=0.25, aim=0.5, raw=raw)


FIGURES = {"personal_rate": measure}
