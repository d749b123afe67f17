"""The next page is fetched while the last one is written: a thread that runs exactly one page ahead.

The thread touches the network only, never the database. Memory holds two pages, however large the source is.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from typing import Final

from ckanext.satudata.catalog.stopwatch import during
from satudata_harvesters.connector import Page

_END: Final = object()


def ahead(pages: Iterable[Page], *, idle: Callable[[], None], every: float) -> Iterator[Page]:
    """Yield the pages in their order; `idle` is called about each `every` seconds, also while the source keeps us
    waiting.

    What the connector raises is raised here, after the pages before it. Leaving the loop early ends the thread at its
    next page.
    """
    fetched: queue.Queue[object] = queue.Queue(maxsize=1)
    left = threading.Event()
    work = copy_context().run
    threading.Thread(target=work, args=(_fetch, pages, fetched, left), name="satudata-fetch", daemon=True).start()
    called = time.monotonic()
    try:
        while True:
            if time.monotonic() - called >= every:
                idle()
                called = time.monotonic()
            try:
                item = fetched.get(timeout=every)
            except queue.Empty:
                continue
            if item is _END:
                return
            if isinstance(item, BaseException):
                raise item
            yield item  # type: ignore[misc]
    finally:
        left.set()


def _fetch(pages: Iterable[Page], fetched: queue.Queue[object], left: threading.Event) -> None:
    try:
        source = iter(pages)
        while True:
            with during("parse"):
                page = next(source, None)
            if page is None:
                break
            if not _put(page, fetched, left):
                return
        _put(_END, fetched, left)
    except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits for it
        _put(error, fetched, left)


def _put(item: object, fetched: queue.Queue[object], left: threading.Event) -> bool:
    while not left.is_set():
        try:
            fetched.put(item, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False
