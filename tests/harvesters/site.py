"""A web server of one test: what it answers is a function, down to the bytes and the pauses between them."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    """One request as it came in; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: socket.socket = field(repr=False)
    over: threading.Event = field(repr=False)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {
            name: values[-1] for name, values in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()
        }

    def drip(self, data: bytes, pause: float = 0.05) -> None:
        """Send one byte at a time until the other side hangs up or the test is over."""
        with contextlib.suppress(OSError):
            for byte in data:
                self.connection.sendall(bytes([byte]))
                if self.over.wait(pause):
                    return


#: What a handler gives: bytes as they go out, or None after it has spoken for itself.
Handler = Callable[[Asked], bytes | None]


def answer(body: bytes | str | Any = b"", status: int = 200, **headers: str) -> bytes:
    """A whole HTTP answer; anything but text and bytes becomes JSON."""
    kind = "text/html; charset=utf-8" if isinstance(body, str) else "application/json"
    data = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": kind, "Content-Length": str(len(data))} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
    return "\r\n".join(lines).encode() + data


@dataclass
class Site:
    """A listening server; `asked` are the requests it saw."""

    url: str
    port: int
    asked: list[Asked] = field(default_factory=list)

    @property
    def network(self) -> str:
        """The entry of `allow_networks` that opens it."""
        return f"127.0.0.1/32:{self.port}"


@contextlib.contextmanager
def site(handler: Handler) -> Iterator[Site]:
    """Serve until the block ends; every connection has a thread of its own and is kept open between requests."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    port = listener.getsockname()[1]
    served = Site(f"http://127.0.0.1:{port}", port)
    connections: list[socket.socket] = []

    def talk(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            stream = connection.makefile("rb")
            while line := stream.readline():
                method, target, _ = line.decode().split(" ", 2)
                headers: dict[str, str] = {}
                while (header := stream.readline().strip()) != b"":
                    name, _, value = header.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                asked = Asked(method, target, headers, body, connection, over)
                served.asked.append(asked)
                sent = handler(asked)
                if sent is None:
                    return
                connection.sendall(sent)

    def listen() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(2)
