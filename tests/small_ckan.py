"""A small CKAN that answers a page of packages, for tests that need a source of some datasets and no more."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tests.platform_fixtures import Platform


def package(number: int) -> dict[str, Any]:
    """A package that may be published."""
    link = {"name": "Berkas", "url": f"https://data.contoh.example/{number}", "format": "CSV"}
    return {
        "id": str(uuid5(NAMESPACE_URL, f"paket {number}")),
        "name": f"jumlah-puskesmas-{number}",
        "title": f"Jumlah Puskesmas Menurut Kecamatan {number}",
        "notes": "Jumlah puskesmas per kecamatan.",
        "state": "active",
        "resources": [{"id": str(uuid5(NAMESPACE_URL, f"berkas {number}")), **link}],
    }


@contextmanager
def portal_of(platform: Platform, *, count: int) -> Iterator[Callable[..., dict[str, Any]]]:
    """Serve so many packages on a port that sources may read; gives `definition(name)` of a source on it."""
    packages = [package(number) for number in range(count)]

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first = "start=0" in self.path or "start" not in self.path
            result = {"count": count, "results": packages if first else []}
            body = json.dumps({"success": True, "result": result}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    port = platform.allowed_ports[0]
    server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield lambda name, **more: {
            "name": name,
            "title": "Portal Uji",
            "connector": "ckan",
            "url": f"http://127.0.0.1:{port}",
            "allow_networks": [f"127.0.0.1/32:{port}"],
            **more,
        }
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
