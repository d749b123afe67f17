"""A Postgres that is there and says nothing: noticed in time, so that a reader has its 503 and a thread its end.

Neither libpq nor the kernel ends the wait for a server that was halted: what was sent to it counts as received, and a
statement may take its time. So a thread looks after whoever waits longer than `PATIENCE`, and asks the server for
a word on another connection. Does it come, the statement is merely slow and goes on; does it not, the lines are cut.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import psycopg2  # type: ignore[import-untyped]
from psycopg2 import extensions
from sqlalchemy import Connection, Engine, event

from ckanext.satudata.api.problems import Unavailable

#: Seconds a statement may take before it is asked whether anybody is there, and after which it is asked again.
PATIENCE = 0.7
#: Seconds in which a server that is there gives a connection and answers on it, however busy its machine is.
PROBE = 1.0
#: Seconds for which a server that said nothing is not asked again.
REST = 1.0
LOOK = 0.1


@dataclass(eq=False)
class Watch:
    """Looks after the connections of one engine."""

    engine: Engine
    #: File descriptors of the connections on which somebody waits, and when each is looked after.
    _waiting: dict[int, float] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _silent_until: float = 0.0
    _heard: float = float("-inf")
    #: What the driver is given for a connection.
    _address: tuple[Sequence[Any], Mapping[str, Any]] = ((), {})
    #: The process whose thread watches: a fork has none.
    _process: int = 0

    def __post_init__(self) -> None:
        event.listen(self.engine, "do_connect", self._connecting)

    @contextmanager
    def waiting(self, connection: Connection) -> Iterator[None]:
        """Statements on this connection fail as on a closed one, where Postgres says nothing. Raises `Unavailable`."""
        self._refuse_a_silent_one()
        fd = connection.connection.dbapi_connection.fileno()  # type: ignore[union-attr]
        with self._changed:
            self._waiting[fd] = time.monotonic() + PATIENCE
            if self._process != os.getpid():
                self._begin()
        try:
            yield
            self._heard = time.monotonic()
        finally:
            with self._changed:
                self._waiting.pop(fd, None)

    def heard_within(self, seconds: float) -> bool:
        """Whether Postgres has answered a statement in the last seconds."""
        return time.monotonic() - self._heard < seconds

    def _refuse_a_silent_one(self) -> None:
        if time.monotonic() < self._silent_until:
            raise Unavailable("postgres")

    def _connecting(self, _dialect: Any, _record: Any, words: list[Any], named: dict[str, Any]) -> None:
        self._refuse_a_silent_one()
        self._address = (tuple(words), dict(named))
        if _asked(self._address) == "silent":
            self._silent_until = time.monotonic() + REST
            raise Unavailable("postgres")

    def _begin(self) -> None:
        self._process = os.getpid()
        threading.Thread(target=self._watch, name="satudata-silence", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK)
            with self._changed:
                late = any(due < time.monotonic() for due in self._waiting.values())
            if not late:
                continue
            there = _asked(self._address) != "silent"  # one that refuses speaks, and ends its lines itself
            with self._changed:
                if not there:
                    self._silent_until = time.monotonic() + REST
                now = time.monotonic()
                for fd in [fd for fd, due in self._waiting.items() if due < now]:
                    if there:
                        self._waiting[fd] = now + PATIENCE
                    else:
                        del self._waiting[fd]
                        _cut(fd)


def _asked(address: tuple[Sequence[Any], Mapping[str, Any]]) -> Literal["there", "silent", "refused"]:
    """What a server does with a new connection and a statement on it."""
    words, named = address
    until = time.monotonic() + PROBE
    try:
        with closing(psycopg2.connect(*words, **{**named, "async_": True})) as connection:
            if not _answers(connection, until):
                return "silent"
            cursor = connection.cursor()  # named, since an answer is only heard while it lives
            cursor.execute("SELECT 1")
            return "there" if _answers(connection, until) else "silent"
    except psycopg2.Error:
        return "refused"


def _answers(connection: Any, until: float) -> bool:
    line = select.poll()
    while (state := connection.poll()) != extensions.POLL_OK:
        line.register(connection, select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        if not line.poll(max(0.0, until - time.monotonic()) * 1000):
            return False
    return True


def _cut(fd: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(fd)) as line:
        line.shutdown(socket.SHUT_RDWR)
