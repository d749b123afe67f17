"""A CKAN portal in a process of its own that sends pages rendered before the first measurement."""

from __future__ import annotations

import json
import multiprocessing
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import parse_qs, urlsplit

from bench.corpus import package

#: Datasets on a page, as the connector asks for them.
PAGE = 250
SEED = 20_250_707


@contextmanager
def serving(datasets: int) -> Iterator[int]:
    """Serve so many packages until the block ends; gives the port."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, datasets), daemon=True)
    server.start()
    try:
        yield ours.recv()
    finally:
        server.terminate()
        server.join()


def _serve(tell: Connection, datasets: int) -> None:
    """Answer `package_search` from pages rendered before the address is told; ends with its parent."""
    draw = random.Random(SEED)
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
