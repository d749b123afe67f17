"""A regency's CKAN portal with datasets of mixed quality, to harvest in the demo and in tests.

    python demo/portal.py --port 8101

In a test: `with serve_portal(Portal(datasets=40, fail_page=2)) as url: ...`; a portal's datasets and what it does
wrong can be changed while it is being served.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # `python demo/portal.py` puts this folder on the path, not the checkout
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo.catalogue import BASE, Entry, entries, organization
from demo.files import PDF, PNG, table
from demo.regency import NAME, offices
from demo.serving import Answer, Request, html_answer, json_answer, run, serve

MAX_ROWS = 1000  # ckan.search.rows_max
_RANGE = re.compile(r"(id|metadata_modified|metadata_created):([\[{])(\S+) TO ([^\s\]}]+)([\]}])")
_ORGANIZATION = re.compile(r'\borganization:"?([\w-]+)"?')


class ActionError(Exception):
    """An answer in CKAN's own form of an error."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


@dataclass
class Portal:
    """The portal's datasets and its failures.

    `fail_page` answers 500 to that page of a search (1 is the first) `failures` times, for ever when None; `down`
    hangs up; `html` answers every API call with a firewall's page and 200; `key`, when set, must be in `Authorization`;
    `delay` is in seconds before each answer; `throttle=n` answers each n+1st call with 429. `requests` lists the paths
    asked for, oldest first.
    """

    datasets: int = 300
    seed: int = 2025
    duplicate: bool = True
    fail_page: int | None = None
    failures: int | None = None
    down: bool = False
    html: bool = False
    key: str | None = None
    delay: float = 0.0
    throttle: int | None = None
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._entries = {entry.id: entry for entry in entries(self.datasets, self.seed)}
        self._removed: dict[str, Entry] = {}
        self._json: dict[str, str] = {}
        # A page's last dataset is shown again where the next begins, as when a portal is edited while it is read.
        self.repeated = min(self._entries) if self.duplicate and self.datasets >= 40 else None

    # --- for tests ---

    @property
    def entries(self) -> list[Entry]:
        """What the portal holds now."""
        return list(self._entries.values())

    def ids(self, quirk: str | None = None) -> set[str]:
        """Ids of all datasets, or of those with a quirk of `QUIRKS` or filled in `lengkap`, `lama`, `polos`."""
        return {entry.id for entry in self.entries if quirk is None or quirk in entry.quirks}

    def change(self, count: int) -> list[str]:
        """Edit the description of `count` datasets, always the same ones, each newest in its turn; gives their ids."""
        with self._lock:
            newest = max(datetime.fromisoformat(entry.package["metadata_modified"]) for entry in self.entries)
            plain = sorted(self.entries, key=lambda entry: (len(entry.quirks), entry.id))[:count]
            for step, entry in enumerate(plain, start=1):
                entry.package["notes"] = f"{entry.package['notes'] or ''} Telah diperiksa kembali."
                entry.package["metadata_modified"] = (newest + timedelta(minutes=step)).isoformat(
                    timespec="microseconds"
                )
                self._json.pop(entry.id, None)
            return [entry.id for entry in plain]

    def remove(self, ids: Iterable[str]) -> None:
        """Take datasets from the portal; `restore` puts them back."""
        with self._lock:
            self._removed |= {id_: self._entries.pop(id_) for id_ in ids}

    def restore(self, ids: Iterable[str]) -> None:
        """Put back, unchanged, what was removed."""
        with self._lock:
            self._entries |= {id_: self._removed.pop(id_) for id_ in ids}

    # --- serving ---

    def answer(self, request: Request) -> Answer | None:
        """CKAN's action API, the files, and two plain pages."""
        with self._lock:
            self.requests.append(request.path)
            count = len(self.requests)
        if self.delay:
            time.sleep(self.delay)
        if self.down:
            return None
        if self.throttle and count % (self.throttle + 1) == 0:
            return json_answer(
                {"success": False, "error": {"message": "Terlalu banyak permintaan"}}, 429, Retry_After="1"
            )
        if match := re.fullmatch(r"/api/(?:3/)?action/(\w+)", request.path):
            if self.html:
                return html_answer("Permintaan ditolak", "Kode dukungan: 0000.")
            return self._action(match[1], request)
        if match := re.fullmatch(r"/dataset/([\w-]+)/resource/[\w-]+\.(csv|png|pdf)", request.path):
            return self._file(match[1], match[2])
        return self._page(request.path)

    def _action(self, name: str, request: Request) -> Answer:
        params: dict[str, Any] = dict(request.query)
        if request.body:
            params |= json.loads(request.body)
        try:
            result = self._result(name, params, request.headers.get("Authorization"))
        except ActionError as error:
            problem = {"__type": error.kind, "message": str(error)}
            return json_answer({"help": "", "success": False, "error": problem}, error.status)
        body = f'{{"help": "{BASE}/api/3/action/help_show?name={name}", "success": true, "result": {result}}}'
        return Answer(body.replace(BASE, request.base).encode())

    def _result(self, name: str, params: dict[str, Any], key: str | None) -> str:
        if self.key is not None and key != self.key:
            raise ActionError(403, "Authorization Error", "Access denied: kunci API tidak berlaku")
        if name not in ACTIONS:
            raise ActionError(400, "Bad request", f"Bad request - Action name not known: {name}")
        return ACTIONS[name](self, params)

    def _file(self, package_id: str, suffix: str) -> Answer:
        entry = self._entries.get(package_id)
        if entry is None:
            return html_answer("Tidak ditemukan", "Berkas tidak ditemukan.", status=404)
        if suffix == "png":
            return Answer(PNG, content_type="image/png")
        if suffix == "pdf":
            return Answer(PDF, content_type="application/pdf")
        return Answer(table(entry), content_type="text/csv")

    def _page(self, path: str) -> Answer:
        if path == "/":
            return html_answer(
                f"Portal Data {NAME}",
                "Portal contoh untuk peragaan; semua angkanya rekaan.",
                f"{len(self._entries)} dataset.",
            )
        name = path.removeprefix("/dataset/")
        for entry in self.entries:
            if name in (entry.package["name"], entry.id):
                return html_answer(html.escape(entry.topic.title), html.escape(entry.package["notes"] or ""))
        return html_answer("Tidak ditemukan", "Halaman tidak ditemukan.", status=404)

    def _text(self, entry: Entry) -> str:
        if entry.id not in self._json:
            self._json[entry.id] = entry.json
        return self._json[entry.id]

    # --- actions: each returns its result as JSON text ---

    def package_search(self, params: dict[str, Any]) -> str:
        """Pages of packages; of `fq` only ranges and the organisation count, `q` is ignored."""
        start, rows = _number(params, "start", 0), min(_number(params, "rows", 10), MAX_ROWS)
        if self.fail_page is not None and rows and start // rows + 1 == self.fail_page and self.failures != 0:
            if self.failures is not None:
                self.failures -= 1
            raise ActionError(500, "Internal Server Error", "SolrError")
        with self._lock:
            wanted = [entry for entry in self.entries if _matches(entry, str(params.get("fq") or ""))]
            for part in reversed(str(params.get("sort") or "metadata_modified desc").split(",")):
                key, _, direction = part.strip().partition(" ")
                if key not in ("id", "name", "metadata_modified", "metadata_created", "title_string", "score"):
                    raise ActionError(409, "Search Query Error", f"sort: {key}")
                wanted.sort(key=_sort_key(key), reverse=direction.strip() == "desc")
            wanted += [entry for entry in wanted if entry.id == self.repeated]
            texts = [self._text(entry) for entry in wanted[start : start + rows]]
        head = json.dumps({"count": len(wanted), "facets": {}, "search_facets": {}, "sort": params.get("sort", "")})
        return f'{head[:-1]}, "results": [{", ".join(texts)}]}}'

    def package_show(self, params: dict[str, Any]) -> str:
        """One package by id or name."""
        for entry in self.entries:
            if params.get("id") in (entry.id, entry.package["name"]):
                return self._text(entry)
        raise ActionError(404, "Not Found Error", "Not found")

    def package_list(self, params: dict[str, Any]) -> str:
        """Names of all packages, sorted."""
        names = sorted(str(entry.package["name"]) for entry in self.entries)
        offset, limit = _number(params, "offset", 0), _number(params, "limit", len(names))
        return json.dumps(names[offset : offset + limit])

    def organization_list(self, params: dict[str, Any]) -> str:
        """The offices, as names or with `all_fields`."""
        shown = [organization(office) for office in offices() if not office.ended]
        full = str(params.get("all_fields", "")).lower() in ("1", "true")
        return json.dumps(shown if full else [office["name"] for office in shown])

    def status_show(self, _params: dict[str, Any]) -> str:
        """What the portal says about itself."""
        return json.dumps(
            {
                "site_title": f"Portal Data {NAME}",
                "ckan_version": "2.9.11",
                "site_url": BASE,
                "locale_default": "id",
                "extensions": [],
            }
        )

    def site_read(self, _params: dict[str, Any]) -> str:
        """True: the portal may be read."""
        return "true"


ACTIONS: dict[str, Callable[[Portal, dict[str, Any]], str]] = {
    action.__name__: action
    for action in (
        Portal.package_search,
        Portal.package_show,
        Portal.package_list,
        Portal.organization_list,
        Portal.status_show,
        Portal.site_read,
    )
}


def _number(params: dict[str, Any], name: str, default: int) -> int:
    try:
        return max(0, int(params.get(name, default)))
    except ValueError:
        raise ActionError(409, "Validation Error", f"{name}: harus bilangan bulat") from None


def _sort_key(key: str) -> Callable[[Entry], str]:
    if key == "score":
        return lambda _entry: ""
    if key == "title_string":
        return lambda entry: entry.topic.title
    return lambda entry: str(entry.package[key])


def _bound(text: str) -> str:
    return text.strip('"').removesuffix("Z")


def _matches(entry: Entry, fq: str) -> bool:
    for key, opening, low, high, closing in _RANGE.findall(fq):
        value = str(entry.package[key])
        if low != "*" and (value < _bound(low) or (value == _bound(low) and opening == "{")):
            return False
        if high != "*" and (value > _bound(high) or (value == _bound(high) and closing == "}")):
            return False
    names = _ORGANIZATION.findall(fq)
    return not names or (entry.package["organization"] or {}).get("name") in names


def serve_portal(
    portal: Portal | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> AbstractContextManager[str]:
    """Serve `portal` (a standard one without) while the block lasts; gives its address."""
    return serve(portal or Portal(), host, port)


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description="Portal CKAN contoh: data peragaan, bukan data resmi.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8101)
    parser.add_argument("--datasets", type=int, default=300)
    parser.add_argument("--seed", type=int, default=2025)
    options = parser.parse_args()
    run(Portal(options.datasets, options.seed), options.host, options.port)


if __name__ == "__main__":
    main()
