"""Five million rows of a CSV file counted through `table`: peak memory, and the time against DuckDB alone.

The file has the columns of a complaints application, people included. Both sides group the same columns of the same
file; ours also finds out which rows may be published, and hashes the file for its trace.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.figure import Figure

ROWS = 5_000_000
TURNS = 3
COLUMNS = "tiket,tanggal,kategori,kode_kecamatan,kanal,status,nama_pelapor,nik,telepon,alamat"


def _write(path: Path, rows: int) -> None:
    rng = random.Random(7)
    categories = ["Jalan Rusak", "Sampah", "Penerangan Jalan", "Pelayanan Administrasi", "Bantuan Sosial"]
    lines = []
    for number in range(20_000):
        day = f"2025-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d} {rng.randrange(24):02d}:{number % 60:02d}:07"
        who = f"Xuqazo {number},35030{number % 10}410185{number:04d}9999"[:40]
        lines.append(
            f"{day},{rng.choice(categories)},3503{rng.randrange(1, 15):02d},Aplikasi,Selesai,{who},"
            f"0844{number:08d},Dusun Xizuvo RT {number % 12}\n"
        )
    with path.open("w", encoding="utf-8") as file:
        file.write(COLUMNS + "\n")
        for begin in range(0, rows, len(lines)):
            block = lines[: rows - begin]
            file.write("".join(f"ADU-{begin + at},{line}" for at, line in enumerate(block)))


def through_table(path: str, rows: int) -> None:
    """Our way: the connector, the counting, and what may be published."""
    from satudata_harvesters.aggregate import aggregate_pages
    from satudata_harvesters.source import Source, http_for

    os.environ["SATUDATA_FOLDER"] = str(Path(path).parent)
    source = Source.from_dict(
        {
            "name": "ukur", "connector": "table", "url": f"folder:{Path(path).name}", "config": {"shape": "rows"},
            "limits": {"max_bytes": 1_000_000_000},
            "aggregate": {
                "columns": ["kategori", "kode_kecamatan", "tanggal"],
                "group_by": [
                    "kategori",
                    {"field": "kode_kecamatan", "as": "kecamatan", "region": "kecamatan"},
                    {"field": "tanggal", "as": "bulan", "bucket": "month"},
                ],
            },
        }
    )  # fmt: skip
    rules = source.aggregation
    if rules is None:
        raise RuntimeError("no rules")
    table = aggregate_pages(source.open(http_for(source)).pages(), rules)
    if table.rows_read != rows or sum(row[-1] for row in table.rows) != rows:
        raise RuntimeError("not every row was counted")


def alone(path: str, rows: int) -> None:
    """DuckDB as anybody would use it."""
    import duckdb

    found = duckdb.sql(
        "SELECT kategori, kode_kecamatan, strftime(tanggal, '%Y-%m') AS bulan, count(*)"  # noqa: S608 - our own file
        f" FROM read_csv('{path}') GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    if sum(row[-1] for row in found) != rows:
        raise RuntimeError("not every row was counted")


def _timed(work: Callable[[str, int], None], path: str, rows: int, answer: Any) -> None:
    begun = time.perf_counter()
    work(path, rows)
    seconds = time.perf_counter() - begun
    answer.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def _in_a_process(work: Callable[[str, int], None], path: str, rows: int) -> tuple[float, float]:
    """(seconds, peak MB) of one turn; each in a process of its own, so that its memory is its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_timed, args=(work, path, rows, theirs))
    child.start()
    theirs.close()
    found: tuple[float, float] = ours.recv()
    child.join()
    return found


def measure(rows: int = ROWS, turns: int = TURNS) -> Iterator[Figure]:
    """Count the file both ways, in turns; the best turn of each counts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aduan.csv"
        _write(path, rows)
        pairs = [
            (_in_a_process(through_table, str(path), rows), _in_a_process(alone, str(path), rows)) for _ in range(turns)
        ]
        size = path.stat().st_size
    mine, theirs = min(one[0][0] for one in pairs), min(one[1][0] for one in pairs)
    raw = {
        "rows": rows,
        "file_mb": round(size / 1e6),
        "seconds": [round(one[0][0], 2) for one in pairs],
        "duckdb_seconds": [round(one[1][0], 2) for one in pairs],
        "duckdb_memory_mb": round(min(one[1][1] for one in pairs)),
    }
    peak = max(one[0][1] for one in pairs)
    yield Figure("aggregate_memory", round(peak), bar=300, aim=200, unit="MB", better="lower", raw=raw)
    yield Figure("aggregate_time", round(mine / theirs, 2), bar=3, aim=1.5, better="lower", raw=raw)


FIGURES = {"aggregate_memory,aggregate_time": measure}
