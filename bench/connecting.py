"""How often `connect`, given only an address, names what answers there and proposes a source that reads all of it.

Every demo application that has an address runs as it is; every recorded answer is served where its kind of application
has it: packages behind `package_search`, catalogues beside a page for people, tables and other answers at the address
itself. What each holds was counted by reading the files. Error and firewall pages must be named as such; they hold
nothing to count.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.figure import Figure
from bench.truth.recorded import TABLES
from demo.complaints import Complaints, serve_complaints
from demo.office import Office
from demo.portal import Portal, serve_portal
from demo.serving import serve
from satudata_harvesters.connect import connect
from satudata_harvesters.credentials import credentials
from satudata_harvesters.errors import ReadingError
from satudata_harvesters.http import Http
from satudata_harvesters.source import http_for, load_source

RECORDED = TABLES.parent
#: (status, media type, body) of an answer to a path and query; None where nothing stands.
Answers = Callable[[str, dict[str, str], str], "tuple[int, str, bytes] | None"]
PACKAGES = {
    "canada-obd": 4, "hdx-search": 10, "id-katalog.data.go.id": 2, "id-muaraenim": 1, "swiss-seco": 12,
    "uk-birmingham": 10,
}  # fmt: skip
CATALOGUES = {
    "ar-pydatajson__central.json": 2, "ar-pydatajson__malformed_date.json": 1,
    "ar-pydatajson__missing_dataset_title.json": 1, "ar-pydatajson__several_datasets_for_harvest.json": 3,
    "ar-recorded__datos-gob-ar-data-json_11324031.json": 639, "de-dcatde__catalog-endpoint.rdf": 6,
    "gsa-datajson__large-spatial.data.json": 1, "gsa-datajson__null-spatial.data.json": 1,
    "gsa-datajson__numerical-title.data.json": 1, "gsa-datajson__ny.data.json": 1, "gsa-harvester__dcatus.json": 7,
    "it-brescia__catalog.rdf": 3, "it-teramo__catalog.rdf": 11, "sk-lkod__catalog.ttl": 2, "swiss-ng__catalog.xml": 2,
    "udata__dcat_bnodes.jsonld": 3, "udata__dcat_catalog.xml": 4, "udata__dcat_ckan.jsonld": 100,
    "udata__dcat_ckan.n3": 100, "udata__dcat_ckan.ttl": 100, "udata__dcat_ckan.xml": 100,
    "udata__dcat_paged-collection-{}.jsonld": 4, "udata__dcat_partial-collection-{}.jsonld": 4,
}  # fmt: skip
#: Answer at the address given: (kind, records).
ANSWERS = {
    "katalog.data.go.id_package_search_rows2.json": ("rest", 2),
    "trenggalek_json_vertikal_kecamatan.json": ("rest", 14),
    "bps_dynamicdata_maluku_var218.json": ("bps", 56),
    "bps_handmade_vardata_strings.json": ("bps", 3),
}
BPS = "/v1/api/list/model/data/lang/ind/domain/8100/var/218/key/kunci-peragaan"
#: Errors and firewalls: the status they came with, and what they have to be called.
ERRORS = {
    "bps_handmade_error_403.json": (403, "E-TRK-003"),
    "bps_handmade_waf_block_200.html": (200, "E-TRK-020"),
    "katalog.data.go.id_group_list_404.json": (404, "E-TRK-004"),
}
TYPES = {
    "rdf": "application/rdf+xml", "xml": "application/rdf+xml", "ttl": "text/turtle", "n3": "text/n3",
    "jsonld": "application/ld+json", "json": "application/json", "csv": "text/csv", "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
COMPLAINTS, DATASETS, PEOPLE = 300, 120, 260


@dataclass(frozen=True)
class Case:
    """What `connect` is shown, and what it has to find: a kind and a count, or the code of an error."""

    name: str
    answers: Answers
    kind: str
    count: int = 0
    path: str = ""
    auth: Mapping[str, str] | None = None


@dataclass
class _Site:
    """One server for all cases; `case` answers."""

    answers: Answers = field(default=lambda *_: None)


@contextmanager
def _serving(site: _Site) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            status, kind, body = site.answers(parts.path, query, str(self.headers["Host"])) or (404, "text/plain", b"")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _kind_of(name: str) -> str:
    return TYPES[name.rpartition(".")[2]]


def _packages(found: list[Any], path: str, query: dict[str, str], _: str) -> tuple[int, str, bytes] | None:
    if path == "/":
        return 200, "text/html", b"<!doctype html><title>Portal</title>"
    if path != "/api/3/action/package_search":
        return None
    start, rows = int(query.get("start", 0)), int(query.get("rows", 10))
    told = {"success": True, "result": {"count": len(found), "results": found[start : start + rows]}}
    return 200, "application/json", json.dumps(told).encode()


def _catalogue(name: str, path: str, query: dict[str, str], host: str) -> tuple[int, str, bytes] | None:
    ending = name.rpartition(".")[2]
    where = "/data.json" if ending == "json" else f"/catalog.{ending}"
    if path == "/":
        link = f'<link rel="alternate" type="{_kind_of(name)}" href="{where}">' if ending == "n3" else ""
        return 200, "text/html", f"<!doctype html><title>Katalog</title>{link}".encode()
    if path.endswith((".ttl", ".jsonld")) and "/datasets/" in path:
        here = f"http://{host}{path}"
        document = f'<{here}> a <http://www.w3.org/ns/dcat#Dataset>; <http://purl.org/dc/terms/title> "{path}".'
        return 200, "text/turtle", document.encode()
    if path != where and "{}" not in name:
        return None
    if "{}" not in name and query.get("page", "1") != "1":
        # Of these catalogues the first page was recorded; they end here.
        return 200, "text/turtle", b"<#it> a <http://www.w3.org/ns/dcat#Catalog>."
    body = (RECORDED / "dcat" / name.format(query.get("page", "1"))).read_bytes()
    root = f"http://{host}".encode()
    # Next pages and documents stood at addresses of their own: they stand here.
    body = body.replace(b"http://data.test.org", root).replace(b"https://raw.githubusercontent.com", root)
    return 200, _kind_of(name), body


def _everywhere(status: int, kind: str, body: bytes, *_: Any) -> tuple[int, str, bytes]:
    return status, kind, body


def _at(there: str, kind: str, body: bytes, path: str, *_: Any) -> tuple[int, str, bytes] | None:
    return (200, kind, body) if path == there else None


def recorded_cases() -> Iterator[Case]:
    """Every recorded answer."""
    for name, count in PACKAGES.items():
        lines = (RECORDED / "ckan" / f"{name}.jsonl").read_text("utf-8").splitlines()
        yield Case(name, partial(_packages, [json.loads(line) for line in lines if line.strip()]), "ckan", count)
    for name, count in CATALOGUES.items():
        yield Case(name, partial(_catalogue, name), "dcat", count)
    for name, (kind, count) in ANSWERS.items():
        path = BPS if kind == "bps" else "/"
        answers = partial(_at, path, _kind_of(name), (RECORDED / "rest" / name).read_bytes())
        yield Case(name, answers, kind, count, path)
    for name, (status, code) in ERRORS.items():
        body = (RECORDED / "rest" / name).read_bytes()
        yield Case(name, partial(_everywhere, status, _kind_of(name), body), code)
    for file in sorted((RECORDED / "tables").iterdir()):
        yield Case(file.name, partial(_at, "/", _kind_of(file.name), file.read_bytes()), "table", 1)


def _found(url: str, case: Case) -> tuple[str, int]:
    """(kind, records the proposal reads), or (code of the error, 0); an error without a remedy has no name."""
    try:
        network = f"127.0.0.1/32:{urlsplit(url).port}"
        http = Http(allow_networks=[network], auth=credentials(case.auth))
        proposal = connect(url + case.path, http, auth=case.auth)
    except ReadingError as error:
        return (error.code if error.remedy("id") and error.remedy("en") else ""), 0
    source = load_source(proposal.source.to_yaml())
    try:
        opened = source.open(http_for(source, permitted=source.allow_networks))
        return proposal.kind, sum(len(page.records) for page in opened.pages())
    except ReadingError as error:
        return proposal.kind, -int(error.code.rpartition("-")[2])


def measure() -> Iterator[Figure]:
    """Show `connect` every demo application and every recorded answer."""
    files = {path.name for folder in RECORDED.iterdir() if folder.is_dir() for path in folder.iterdir()}
    judged: dict[str, tuple[Case, tuple[str, int]]] = {}
    os.environ["KUNCI_PERAGAAN"] = "kunci-peragaan"
    key = {"type": "header", "name": "X-API-Key", "value": "env:KUNCI_PERAGAAN"}
    with serve_portal(Portal(datasets=DATASETS, duplicate=False)) as url:
        case = Case("demo portal", lambda *_: None, "ckan", DATASETS)
        judged[case.name] = case, _found(url, case)
    with serve_complaints(Complaints(count=COMPLAINTS)) as url:
        case = Case("demo complaints", lambda *_: None, "rest", COMPLAINTS, auth=key)
        judged[case.name] = case, _found(url, case)
    office = Office(population=PEOPLE)
    with serve(office) as url:
        for path, rows in (("/oss", office.licences), ("/wa", office.messages)):
            case = Case(f"demo office{path}", lambda *_: None, "rest", len(rows), path, auth=key)
            judged[case.name] = case, _found(url, case)
    site = _Site()
    with _serving(site) as url:
        for case in recorded_cases():
            site.answers = case.answers
            judged[case.name] = case, _found(url, case)
    covered = {name.format(number) for name in judged for number in (1, 2)} | {f"{name}.jsonl" for name in judged}
    if not files <= covered:
        raise RuntimeError(f"recorded and not shown: {sorted(files - covered)}")
    named = {name: case.kind == found[0] for name, (case, found) in judged.items()}
    counted = {
        name: case.kind == found[0] and case.count == found[1] for name, (case, found) in judged.items() if case.count
    }
    wrong = {
        name: {"expected": [judged[name][0].kind, judged[name][0].count], "found": list(judged[name][1])}
        for name in judged
        if not named[name] or not counted.get(name, True)
    }
    raw = {"shown": len(named), "counted": len(counted), "wrong": wrong}
    yield Figure("connect_kind", round(sum(named.values()) / len(named), 3), bar=1.0, aim=1.0, unit="share", raw=raw)
    share = round(sum(counted.values()) / len(counted), 3)
    yield Figure("connect_count", share, bar=0.8, aim=0.95, unit="share", raw=raw)


FIGURES = {"connect_kind,connect_count": measure}
