"""A complaints application (aduan warga) as an office runs one: JSON behind an API key, in pages, rows about people.

    python demo/complaints.py --port 8102 --key-file kunci.txt

The people are made up when it starts: names of syllables found in no language here, NIKs with the serial 9999 that is
not given out, phones with a prefix no operator has. `people()` lists them: a test can look for every one of them.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # `python demo/complaints.py` puts this folder on the path, not the checkout
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo.population import Person, people, spellings
from demo.regency import NAME
from demo.serving import Answer, Request, html_answer, json_answer, run, serve

PER_PAGE = 100
MAX_PER_PAGE = 500
FIRST_MOMENT = datetime(2025, 1, 1)  # noqa: DTZ001  # WIB, and the application does not say so
DAYS = 181  # January to June

#: category -> how often people complain about it
CATEGORIES = {
    "Jalan Rusak": 30,
    "Sampah": 22,
    "Penerangan Jalan": 16,
    "Pelayanan Administrasi": 12,
    "Bantuan Sosial": 8,
    "Pungutan Liar": 2,
}
CHANNELS = {"Aplikasi": 45, "WhatsApp": 35, "Web": 15, "Loket": 5}
STATES = {"Selesai": 60, "Diproses": 25, "Menunggu Verifikasi": 10, "Ditolak": 5}
STORIES = {
    "Jalan Rusak": "Jalan di depan rumah saya berlubang sejak bulan lalu.",
    "Sampah": "Sampah di tempat penampungan sudah dua minggu tidak diangkut.",
    "Penerangan Jalan": "Lampu jalan di tikungan padam setiap malam.",
    "Pelayanan Administrasi": "Berkas saya belum selesai padahal sudah sebulan.",
    "Bantuan Sosial": "Tetangga saya belum pernah menerima bantuan.",
    "Pungutan Liar": "Saya diminta membayar untuk layanan yang gratis.",
}


@dataclass
class Complaints:
    """The application's reports and the key that opens them; `requests` lists the paths asked for, oldest first.

    `fail_page` answers 500 to that page `failures` times, for ever when None; `html` answers with a firewall's page.
    """

    key: str = "kunci-peragaan"
    count: int = 6000
    population: int = 2400
    seed: int = 2025
    fail_page: int | None = None
    failures: int | None = None
    html: bool = False
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._rng = random.Random(f"complaints/{self.seed}")
        self._people = people(self.population, self._rng)
        self._rows: list[dict[str, Any]] = []
        self.add(self.count)

    # --- for tests ---

    def people(self) -> list[Person]:
        """Everybody the application knows something about."""
        return list(self._people)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every report, newest first, as the application gives them."""
        return list(self._rows)

    def cells(self) -> Counter[tuple[str, str, str]]:
        """Reports counted by category, district and month in WIB, as ("Sampah", "Pogalan", "2025-03")."""
        return Counter((row["kategori"], row["kecamatan"], row["tanggal"][:7]) for row in self._rows)

    def add(self, count: int) -> None:
        """Take in `count` more reports; pages shift, as they do when people go on complaining."""
        with self._lock:
            new = [self._report(len(self._rows) + number) for number in range(1, count + 1)]
            self._rows = sorted([*self._rows, *new], key=lambda row: (row["tanggal"], row["tiket"]), reverse=True)

    def _report(self, number: int) -> dict[str, Any]:
        rng = self._rng
        person = self._people[number - 1] if number <= len(self._people) else rng.choice(self._people)
        category = _weighted(CATEGORIES, rng)
        at = FIRST_MOMENT + timedelta(days=rng.randrange(DAYS), seconds=rng.randrange(86_400))
        told = rng.random() > 0.01
        return {
            "tiket": f"ADU-{at:%y%m}-{number:06d}",
            "tanggal": at.strftime("%Y-%m-%d %H:%M:%S"),
            "kategori": category,
            "kecamatan": person.district.name if told else "-",
            "kode_kecamatan": person.district.code.replace(".", "") if told else "",
            "kanal": _weighted(CHANNELS, rng),
            "status": _weighted(STATES, rng),
            "isi_laporan": _story(category, person, rng),
            "nama_pelapor": person.name,
            "nik": person.nik,
            "telepon": person.phone,
            "alamat": person.address,
        }

    # --- serving ---

    def answer(self, request: Request) -> Answer | None:
        """`GET /api/v1/laporan?page=&per_page=`, and a page for people at `/`."""
        with self._lock:
            self.requests.append(request.path)
        if request.path == "/":
            return html_answer(f"Aduan Warga {NAME}", "Aplikasi contoh untuk peragaan; semua orangnya rekaan.")
        if request.path != "/api/v1/laporan":
            return _error(404, "Alamat tidak ditemukan")
        if request.headers.get("X-API-Key") != self.key:
            return _error(401, "API key tidak valid")
        if self.html:
            return html_answer("Permintaan ditolak", "Kode dukungan: 0000.")
        try:
            page = max(1, int(request.query.get("page", 1)))
            per_page = max(1, int(request.query.get("per_page", PER_PAGE)))
        except ValueError:
            return _error(422, "Parameter page dan per_page harus bilangan bulat")
        return self._page(page, min(per_page, MAX_PER_PAGE))

    def _page(self, page: int, per_page: int) -> Answer:
        if page == self.fail_page and self.failures != 0:
            if self.failures is not None:
                self.failures -= 1
            return _error(500, "SQLSTATE[HY000]: General error: 2006 MySQL server has gone away")
        rows = self._rows
        meta = {"page": page, "last_page": -(-len(rows) // per_page) or 1, "per_page": per_page, "total": len(rows)}
        return json_answer({"status": "success", "data": rows[(page - 1) * per_page : page * per_page], "meta": meta})


def _error(status: int, message: str) -> Answer:
    return json_answer({"status": "error", "message": message}, status)


def _weighted(weights: dict[str, int], rng: random.Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _story(category: str, person: Person, rng: random.Random) -> str:
    """What was written into the free-text field; half of it says who wrote it, in one of the ways people do."""
    international, dashed = spellings(person.phone)
    signature = rng.choice(
        [
            "",
            "",
            f" Terima kasih, {person.name}.",
            f" Hubungi saya di {dashed}.",
            f" NIK saya {person.nik}, HP {international}.",
            f" Atas nama {person.name.upper()} NIK: {person.nik}.",
            f" Rumah saya di {person.address}.",
        ]
    )
    return f"{STORIES[category]}{signature} Mohon segera ditindaklanjuti."


def serve_complaints(
    complaints: Complaints | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> AbstractContextManager[str]:
    """Serve `complaints` (a standard one without) while the block lasts; gives its address."""
    return serve(complaints or Complaints(), host, port)


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description="Aplikasi aduan contoh: semua orangnya rekaan.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8102)
    parser.add_argument("--key-file", type=Path, required=True, help="berkas yang berisi API key")
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--reports", type=int, default=6000)
    options = parser.parse_args()
    key = options.key_file.read_text(encoding="utf-8").strip()
    if not key:
        parser.error(f"{options.key_file}: kosong")
    run(Complaints(key, options.reports, seed=options.seed), options.host, options.port)


if __name__ == "__main__":
    main()
