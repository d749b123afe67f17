"""A CKAN portal in a process of its own that sends pages rendered before the first measurement."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Thread
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from bench.corpus import package

#: Datasets on a page, as the connector asks for them.
PAGE = 250
SEED = 20_250_707
#: How the pages are sent: `equal` as they are; `varied` with other bytes around the same packages at every request, so
#: that nothing but reading them shows that they are the same; `conditional` answers 304 to who has them already.
Manner = Literal["equal", "varied", "conditional"]
_NONCE = b"0000000000"


@dataclass(frozen=True)
class Portal:
    """A portal that serves; `change` and `manner` are done when they return, before anything is measured."""

    port: int
    _pipe: Connection

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def manner(self, manner: Manner) -> None:
        """Send pages in this manner from now on."""
        self._told(("manner", manner))

    def change(self, every: int) -> int:
        """Give every such package another description, and render the pages again; how many were changed."""
        return int(str(self._told(("change", every))))

    def _told(self, order: tuple[str, object]) -> object:
        self._pipe.send(order)
        return self._pipe.recv()


@contextmanager
def opened(datasets: int, *, port: int = 0, page: int = PAGE) -> Iterator[Portal]:
    """Serve so many packages until the block ends, in pages of `page`."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, datasets, port, page), daemon=True)
    server.start()
    try:
        yield Portal(ours.recv(), ours)
    finally:
        server.terminate()
        server.join()


@contextmanager
def serving(datasets: int) -> Iterator[int]:
    """Serve so many packages until the block ends; gives the port."""
    with opened(datasets) as portal:
        yield portal.port


class _Pages:
    """The rendered pages, each as the connector asks for it and as the bare loop does (without the overlap of one)."""

    def __init__(self, datasets: int, page: int) -> None:
        draw = random.Random(SEED)
        self.packages = [json.dumps(package(number, draw), ensure_ascii=False).encode() for number in range(datasets)]
        self.page, self.turn, self.manner = page, 0, "equal"
        self.render()

    def render(self) -> None:
        """Render all of them."""
        total, page = len(self.packages), self.page
        self.pages: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        for begin in range(0, total, page):
            for start, rows in {(begin, page), (max(begin - 1, 0), page + min(begin, 1))}:
                body = _body(self.packages[start : start + rows], total)
                self.pages[start, rows] = hashlib.sha256(body).hexdigest()[:20].encode(), body

    def obey(self, order: tuple[str, object]) -> object:
        """Do what the measurement orders."""
        name, value = order
        if name == "manner":
            self.manner = str(value)
            return None
        self.turn += 1
        told = b'"notes": "Ralat ke-%d. ' % self.turn
        chosen = range(0, len(self.packages), int(str(value)))
        for place in chosen:
            self.packages[place] = self.packages[place].replace(b'"notes": "', told, 1)
        self.render()
        return len(chosen)

    def answer(self, start: int, rows: int, known: bytes) -> tuple[bytes, bytes]:
        """Head and body of one answer; `known` is the validator that the client brings."""
        tag, body = self.pages.get((start, rows)) or (b"", _body([], len(self.packages)))
        if self.manner == "conditional" and known.strip(b'"') == tag:
            return b'HTTP/1.1 304 Not Modified\r\nETag: "%s"\r\n\r\n' % tag, b""
        etag = b'ETag: "%s"\r\n' % tag
        if self.manner == "varied":
            self.turn += 1
            etag, body = b"", body.replace(_NONCE, b"%010d" % self.turn, 1)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\n%sContent-Length: %d\r\n\r\n"
        return head % (etag, len(body)), body


def _body(packages: list[bytes], total: int) -> bytes:
    answer = b'{"help": "%s", "success": true, "result": {"count": %d, "results": [%s]}}'
    return answer % (_NONCE, total, b", ".join(packages))


def _serve(pipe: Connection, datasets: int, port: int, page: int) -> None:
    """Answer `package_search` from pages rendered before the address is told; ends with its parent."""
    pages = _Pages(datasets, page)
    with socket.create_server(("127.0.0.1", port)) as listener:
        Thread(target=_accept, args=(listener, pages), daemon=True).start()
        pipe.send(listener.getsockname()[1])
        while True:
            pipe.send(pages.obey(pipe.recv()))


def _accept(listener: socket.socket, pages: _Pages) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Thread(target=_converse, args=(connection, pages), daemon=True).start()


def _converse(connection: socket.socket, pages: _Pages) -> None:
    with connection, connection.makefile("rb") as stream:
        while line := stream.readline():
            known = b""
            while header := stream.readline().strip():
                if header.lower().startswith(b"if-none-match:"):
                    known = header.partition(b":")[2].strip()
            asked = parse_qs(urlsplit(line.split()[1].decode()).query)
            head, body = pages.answer(int(asked.get("start", ["0"])[0]), int(asked["rows"][0]), known)
            connection.sendall(head + body)
