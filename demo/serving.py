"""A small HTTP/1.1 server for the demo applications: keep-alive, one thread a connection, stoppable at any moment.

An application is an object with `answer(request) -> Answer | None`; None drops the connection without a word, as a
server does that is restarted in the middle of a request.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What an application sees of one request; `query` holds the last value of each parameter."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes = b""

    @property
    def base(self) -> str:
        """The address under which the caller reached the application, without a slash at the end."""
        return f"http://{self.headers.get('Host', '127.0.0.1')}"


@dataclass(frozen=True)
class Answer:
    """Status, body and headers of one answer."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """`value` as JSON; underscores in header names become dashes."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(body, status, headers={name.replace("_", "-"): text for name, text in headers.items()})


def html_answer(title: str, *paragraphs: str, status: int = 200) -> Answer:
    """A plain page in Indonesian; what it is given must not need escaping."""
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    head = f'<head><meta charset="utf-8"><title>{title}</title></head>'
    page = f'<!doctype html><html lang="id">{head}<body><h1>{title}</h1>{text}</body></html>'
    return Answer(page.encode(), status, "text/html; charset=utf-8")


class Application(Protocol):
    """What `serve` and `run` need of a demo application."""

    def answer(self, request: Request) -> Answer | None:
        """The answer to one request; None closes the connection unanswered."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one packet
    server: _Server

    def _respond(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        answer = self.server.application.answer(
            Request(self.command, parts.path, query, self.headers, self.rfile.read(length))
        )
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = _respond  # noqa: N815  # the names http.server looks for

    def log_message(self, *_args: object) -> None:
        """Write no access log: paths and headers of these applications carry keys and people."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        super().__init__(address, _Handler)
        self.application = application
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about callers that hang up."""

    def drop_all(self) -> None:
        """Hang up on every open connection; without this, kept-alive ones outlive the server."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def serve(application: Application, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve `application` in a thread, on a free port unless one is given, and yield its address."""
    server = _Server((host, port), application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.drop_all()
        server.server_close()
        thread.join()


def run(application: Application, host: str, port: int) -> None:
    """Serve `application` until the process is ended."""
    with _Server((host, port), application) as server, contextlib.suppress(KeyboardInterrupt):
        print(f"Siap di http://{host}:{server.server_port}", flush=True)
        server.serve_forever()
