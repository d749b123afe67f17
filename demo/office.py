"""The applications of a regency's offices in one server, and the files and the database they leave in a folder.

    python demo/office.py --port 8103 --key-file kunci.txt --folder berkas

`GET /oss/api/v1/izin?page=` are licences, `GET /wa/api/messages?after=` the log of a WhatsApp service desk; the folder
gets a CSV with semicolons in cp1252, workbooks a month and a year, and an SQLite file with a view for harvesting.
"""

from __future__ import annotations

import argparse
import csv
import random
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # `python demo/office.py` puts this folder on the path, not the checkout
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo import records
from demo.population import Person, people
from demo.regency import NAME
from demo.serving import Answer, Request, html_answer, json_answer, run

PER_PAGE = 200


@dataclass
class Office:
    """Seven applications about the same people; every row can be had as the application holds it."""

    population: int = 1500
    key: str = "kunci-peragaan"
    seed: int = 2025
    requests: list[str] = field(default_factory=list)

    @cached_property
    def people(self) -> list[Person]:
        """Everybody the applications know something about."""
        return people(self.population, self._rng("people"))

    @cached_property
    def licences(self) -> list[records.Row]:
        """Rows of the licensing application."""
        return records.licences(self.people, self._rng("licences"))

    @cached_property
    def staff(self) -> list[records.Row]:
        """Rows of the staff application."""
        return records.staff(self.people, self._rng("staff"))

    @cached_property
    def letters(self) -> list[records.Row]:
        """Rows of the e-office."""
        return records.letters(self.people, self._rng("letters"))

    @cached_property
    def attendance(self) -> dict[str, list[records.Row]]:
        """Rows of the attendance application by file."""
        return records.attendance(self.people, self._rng("attendance"))

    @cached_property
    def visits(self) -> dict[str, list[records.Row]]:
        """Rows of the puskesmas' register by file."""
        return records.visits(self.people, self._rng("visits"))

    @cached_property
    def budget(self) -> list[records.Row]:
        """Rows of the finance application."""
        return records.budget(self.people, self._rng("budget"))

    @cached_property
    def messages(self) -> list[records.Row]:
        """Rows of the service desk."""
        return records.messages(self.people, self._rng("messages"))

    def _rng(self, name: str) -> random.Random:
        return random.Random(f"{name}/{self.seed}")

    # --- the server ---

    def answer(self, request: Request) -> Answer | None:
        """A page for people at `/`, the two lists behind their key."""
        self.requests.append(request.path)
        if request.path == "/":
            return html_answer(f"Aplikasi OPD {NAME}", "Aplikasi contoh untuk peragaan; semua orangnya rekaan.")
        if request.headers.get("X-API-Key") != self.key:
            return json_answer({"message": "API key tidak valid"}, 401)
        if request.path == "/oss/api/v1/izin":
            page = max(int(request.query.get("page", "1") or 1), 1)
            last = -(-len(self.licences) // PER_PAGE) or 1
            rows = self.licences[(page - 1) * PER_PAGE : page * PER_PAGE]
            kept = {"kode": 200, "data": rows, "page": page, "last_page": last, "total": len(self.licences)}
            return json_answer(kept)
        if request.path == "/wa/api/messages":
            start = int(request.query.get("after") or 0)
            end = start + PER_PAGE
            following = str(end) if end < len(self.messages) else None
            return json_answer({"messages": self.messages[start:end], "paging": {"after": following}})
        return json_answer({"message": "Alamat tidak ditemukan"}, 404)

    # --- the folder ---

    def write(self, folder: Path) -> None:
        """Leave every file in the folder, as the applications and their users do."""
        self.write_letters(folder / "surat" / "naskah-2025.csv")
        for name, rows in self.attendance.items():
            workbook(folder / "absensi" / name, rows, f"REKAPITULASI KEHADIRAN PEGAWAI {NAME.upper()}")
        for name, rows in self.visits.items():
            workbook(folder / "puskesmas" / name, rows)
        workbook(folder / "apbd" / "realisasi-2025.xlsx", self.budget, f"REALISASI APBD {NAME.upper()} TAHUN 2025")
        self.write_staff(folder / "simpeg.db")

    def write_letters(self, path: Path) -> None:
        """The e-office's export: semicolons, and the encoding of office computers."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="cp1252", newline="") as file:
            writer = csv.DictWriter(file, list(self.letters[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(self.letters)

    def write_staff(self, path: Path) -> None:
        """SIMPEG's database with the view that is meant for harvesting."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        names = list(self.staff[0])
        with closing(sqlite3.connect(path)) as opened, opened:
            opened.execute(f"CREATE TABLE pegawai ({', '.join(names)})")
            places = ", ".join("?" for _ in names)
            opened.executemany(f"INSERT INTO pegawai VALUES ({places})", [tuple(row.values()) for row in self.staff])  # noqa: S608 - names are ours
            opened.execute("CREATE VIEW v_pegawai AS SELECT * FROM pegawai")


def workbook(path: Path, rows: Sequence[Mapping[str, Any]], heading: str = "") -> None:
    """A workbook as people make one: a heading, an empty row, the header, the rows, a note."""
    from openpyxl import Workbook  # noqa: PLC0415 - only where workbooks are written

    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rekap")
    if heading:
        sheet.append([heading])
        sheet.append([])
    sheet.append(["No", *rows[0]])
    for number, row in enumerate(rows, start=1):
        sheet.append([number, *row.values()])
    book.save(path)


def main() -> None:
    """Write the files and serve until ended."""
    parser = argparse.ArgumentParser(description="Aplikasi OPD contoh: semua orangnya rekaan.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8103)
    parser.add_argument("--key-file", type=Path, required=True, help="berkas yang berisi API key")
    parser.add_argument("--folder", type=Path, help="folder untuk berkas dan basis data contoh")
    parser.add_argument("--population", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=2025)
    options = parser.parse_args()
    key = options.key_file.read_text(encoding="utf-8").strip()
    if not key:
        parser.error(f"{options.key_file}: kosong")
    office = Office(options.population, key, options.seed)
    if options.folder and not (options.folder / "simpeg.db").exists():
        office.write(options.folder)
    run(office, options.host, options.port)


if __name__ == "__main__":
    main()
