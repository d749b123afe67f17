"""Solr is told of one batch while the next is written: a thread with a session of its own, for as long as a run lasts.

It only drains the outbox, in which every committed change stands: killed at any moment, nothing is lost, and whoever
drains next goes on.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context

from ckanext.satudata.catalog import solr
from ckanext.satudata.harvest import schedule
from ckanext.satudata.harvest.sessions import session

log = logging.getLogger(__name__)

#: Seconds for which the end of a run waits for the index; what is left then is drained by the tick.
PATIENCE = 600.0
#: Seconds within which searches show what a run brings, and at once when it has ended: to show it each second costs
#: Solr as much as to take it.
WITHIN = 5.0
#: Rows of the outbox that one has locked the other passes over.
THREADS = 2


class Indexing:
    """The thread. `tell` it after each commit; where Solr is down or slow, the run goes on all the same."""

    def __init__(self) -> None:
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._until = math.inf
        self.sent = 0
        work = copy_context().run  # the thread finds CKAN's application where this one does
        self._thread = threading.Thread(target=work, args=(self._work,), name="satudata-index", daemon=True)
        self._thread.start()

    def tell(self) -> None:
        """Something has been committed."""
        self._wanted.set()

    def end(self) -> None:
        """Let it send what is left, for as long as it is patient."""
        self._until = time.monotonic() + PATIENCE
        self._ended.set()
        self._wanted.set()
        self._thread.join()

    def _work(self) -> None:
        with session() as opened:
            while True:
                self._wanted.wait()
                self._wanted.clear()
                while sent := schedule.drain(opened, within=WITHIN):
                    self.sent += sent
                    if time.monotonic() > self._until:
                        break
                if self._ended.is_set() and not self._wanted.is_set():
                    return


class Indexers:
    """Several of these threads: while one waits for Solr, another makes the next documents."""

    def __init__(self) -> None:
        self._threads = [Indexing() for _ in range(THREADS)]

    def tell(self) -> None:
        """Something has been committed."""
        for thread in self._threads:
            thread.tell()

    def end(self) -> None:
        """Let them send what is left, and have it shown."""
        for thread in self._threads:
            thread.end()
        if any(thread.sent for thread in self._threads):
            try:
                solr.show()
            except solr.IndexUnavailable as error:
                log.warning("what was sent is not shown yet: %r", str(error))


@contextmanager
def indexing() -> Iterator[Indexers]:
    """The threads, for as long as the block lasts."""
    running = Indexers()
    try:
        yield running
    finally:
        running.end()
