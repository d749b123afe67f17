"""How fast pages of a CKAN portal become datasets, against a bare loop that only fetches and parses them.

    python bench/ckan_read_rate.py --datasets 4000

Prints one JSON object; `value` is the bare loop's seconds divided by ours (1.0: mapping costs nothing). The server is
a child process that sends pages rendered before the first measurement. Both sides read the same pages in turns, and
the best turn of each counts: the machine's other work slows a turn, nothing speeds one up.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import random
import socket
import statistics
import time
import uuid
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from satudata_harvesters.http import Http
from satudata_harvesters.source import Source, http_for
from satudata_schemas import contract

PAGE = 250
EXTRAS = 33
RESOURCES = 3
TAGS = 4
WORDS = [
    "jumlah", "penduduk", "menurut", "kecamatan", "kelamin", "tahun", "kabupaten", "data", "sektoral", "rekapitulasi",
    "pelayanan", "kesehatan", "pendidikan", "pertanian", "perikanan", "anggaran", "realisasi", "laporan", "semester",
]  # fmt: skip


def package(number: int, draw: random.Random) -> dict[str, Any]:
    """A package as a regency's portal shows it: national fields as extras, files, tags, an office."""

    def words(count: int) -> str:
        return " ".join(draw.choices(WORDS, k=count)).capitalize()

    def uid() -> str:
        return str(uuid.UUID(int=draw.getrandbits(128)))

    name, office = f"dataset-{number:06d}", uid()
    moment = f"2025-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}T08:{draw.randint(0, 59):02d}:11.123456"
    resources = [
        {
            "cache_last_updated": None, "cache_url": None, "created": moment, "datastore_active": True,
            "description": words(12), "format": draw.choice(["CSV", "XLSX", "PDF"]), "hash": "", "id": uid(),
            "last_modified": moment, "metadata_modified": moment, "mimetype": "text/csv", "mimetype_inner": None,
            "name": words(5), "package_id": uid(), "position": place, "resource_type": None,
            "size": draw.randint(1000, 9_000_000), "state": "active",
            "url": f"https://data.contoh.go.id/dataset/{name}/berkas-{place}.csv", "url_type": "upload",
        }
        for place in range(RESOURCES)
    ]  # fmt: skip
    return {
        "author": "Dinas Kesehatan", "author_email": "dinkes@contoh.go.id", "creator_user_id": uid(),
        "id": f"{number:08d}-{uid()[9:]}", "isopen": True, "license_id": "cc-by", "license_title": "CC BY 4.0",
        "maintainer": "Bidang Data", "maintainer_email": "data@contoh.go.id", "metadata_created": moment,
        "metadata_modified": moment, "name": name, "notes": words(40), "num_resources": RESOURCES, "num_tags": TAGS,
        "organization": {
            "id": office, "name": "dinas-kesehatan", "title": "Dinas Kesehatan", "type": "organization",
            "description": words(10), "image_url": "", "created": moment, "is_organization": True,
            "approval_status": "approved", "state": "active",
        },
        "owner_org": office, "private": False, "state": "active", "title": words(8), "type": "dataset", "url": "",
        "version": "", "groups": [], "relationships_as_subject": [], "relationships_as_object": [],
        "extras": [{"key": key, "value": value} for key, value in _extras(number, draw, words)],
        "resources": resources,
        "tags": [
            {"display_name": word, "id": uid(), "name": word, "state": "active", "vocabulary_id": None}
            for word in draw.sample(WORDS, TAGS)
        ],
    }  # fmt: skip


def _extras(number: int, draw: random.Random, words: Callable[[int], str]) -> list[tuple[str, Any]]:
    """National fields with values of their own, then keys of the portal's own."""
    taken = {"title", "notes", "tags", "resources", "identifier", "license_id"}
    known = [one for one in contract.fields().values() if one.national and not one.computed and one.name not in taken]
    told = [(one.name, _value(one, draw, words)) for one in known[: EXTRAS - 5]]
    own = [
        ("harvest_object_id", str(uuid.UUID(int=draw.getrandbits(128)))), ("harvest_source_title", "Kabupaten - CKAN"),
        ("Hasil_Pemeriksaan_SKDN", "1"), ("tingkat_penyajian_dataset", words(2)), ("nomor urut", str(number)),
    ]  # fmt: skip
    padding = [(f"i_kolom_{place}", words(6)) for place in range(EXTRAS - len(told) - len(own))]
    return [*told, *padding, *own]


def _value(one: contract.Field, draw: random.Random, words: Callable[[int], str]) -> str:
    if one.vocabulary:
        entry = draw.choice(contract.vocabulary(one.vocabulary).to_list())
        return str(entry["label"])
    samples = {
        "date": f"2025-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}", "period": "2025-Q1", "years": "2024, 2025",
        "number": str(draw.randint(1, 99_999)), "boolean": "ya", "url": "https://contoh.go.id/berkas",
        "email": "data@contoh.go.id",
    }  # fmt: skip
    return samples.get(one.kind) or words(8)


def _serve(tell: Connection, datasets: int) -> None:
    """Answer `package_search` from pages rendered before the address is told; ends with its parent."""
    draw = random.Random(20_250_707)
    rendered = [json.dumps(package(number, draw), ensure_ascii=False).encode() for number in range(datasets)]
    pages: dict[tuple[int, int], bytes] = {}
    for begin in range(0, datasets, PAGE):
        for start, rows in {(begin, PAGE), (max(begin - 1, 0), PAGE + min(begin, 1))}:
            pages[start, rows] = _page(rendered[start : start + rows], datasets)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tell.send(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, connection.makefile("rb") as stream:
                while line := stream.readline():
                    while stream.readline().strip():
                        pass
                    asked = parse_qs(urlsplit(line.split()[1].decode()).query)
                    connection.sendall(pages[int(asked["start"][0]), int(asked["rows"][0])])


def _page(packages: list[bytes], total: int) -> bytes:
    body = b'{"help": "", "success": true, "result": {"count": %d, "results": [%s]}}' % (total, b", ".join(packages))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def bare(address: str, datasets: int, *, parse: bool = True) -> int:
    """The loop anybody would write: fetch a page, parse it, count what it holds; without `parse` only fetch it."""
    read = 0
    with requests.Session() as session:
        session.trust_env = False
        for start in range(0, datasets, PAGE):
            params: dict[str, str | int] = {"q": "*:*", "sort": "id asc", "rows": PAGE, "start": start}
            answer = session.get(f"{address}/api/3/action/package_search", params=params, timeout=60)
            read += len(json.loads(answer.content)["result"]["results"]) if parse else PAGE
    return read


def mapped(source: Source, http: Http) -> int:
    """The same pages through the guarded client, the connector and the mapping."""
    pages = source.open(http).pages()
    return sum(1 for page in pages for raw in page.records if source.mapper.apply(raw, source).identifier)


def _seconds(work: Callable[[], int], expected: int) -> float:
    gc.collect()
    begun = time.perf_counter()
    if work() != expected:
        raise SystemExit("not every dataset was read")
    return time.perf_counter() - begun


def measure(datasets: int, turns: int) -> dict[str, Any]:
    """The figure and what it was made of."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, datasets), daemon=True)
    server.start()
    try:
        port = ours.recv()
        address, network = f"http://127.0.0.1:{port}", f"127.0.0.1/32:{port}"
        plain = {"name": "laju", "connector": "ckan", "url": address, "allow_networks": [network]}
        source = Source.from_dict(plain)
        fetched = min(_seconds(lambda: bare(address, datasets, parse=False), datasets) for _ in range(2))
        mapped(source, http_for(source, permitted=[network]))
        pairs = []
        for _ in range(turns):
            loop = _seconds(lambda: bare(address, datasets), datasets)
            pairs.append((loop, _seconds(lambda: mapped(source, http_for(source, permitted=[network])), datasets)))
    finally:
        server.terminate()
        server.join()
    loop, full = (min(column) for column in zip(*pairs, strict=True))
    raw = {
        "datasets": datasets,
        "served_per_second": round(datasets / fetched),
        "bare_per_second": round(datasets / loop),
        "mapped_per_second": round(datasets / full),
        "ratios": [round(one / other, 3) for one, other in pairs],
        "median_ratio": round(statistics.median(one / other for one, other in pairs), 3),
    }
    value = round(loop / full, 3)
    return {
        "name": "ckan_read_rate", "value": value, "bar": 0.5, "aim": 0.8, "unit": "x", "passed": value >= 0.5,
        "raw": raw,
    }  # fmt: skip


def main() -> None:
    """Measure and print; exit 1 below the bar, or where the server itself was too slow to tell anything."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--datasets", type=int, default=4000)
    parser.add_argument("--turns", type=int, default=3)
    chosen = parser.parse_args()
    told = measure(max(chosen.datasets // PAGE, 1) * PAGE, chosen.turns)
    print(json.dumps(told))
    if told["raw"]["served_per_second"] < 5000:
        raise SystemExit("the server gave fewer than 5,000 datasets per second: nothing was measured")
    raise SystemExit(not told["passed"])


if __name__ == "__main__":
    main()
