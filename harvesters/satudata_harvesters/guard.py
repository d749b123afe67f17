"""Connections that check where they go before they go there, and that can be ended from outside.

`requests`' and urllib3's time limits bound a single read; a source that drips a byte at a time, in its body or in its
headers, keeps a reader for ever. A timer that shuts the socket ends that, whatever the reader is waiting for.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError

from satudata_harvesters.networks import Network, allowed


class Blocked(Exception):  # noqa: N818 - not an OSError, which urllib3 would take for the network's
    """No address of the host may be connected to at this port."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__()


class Watch:
    """Bounds one attempt of this thread: when its time is over, the socket is shut, wherever the reader hangs."""

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._connection: Guarded | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Watch:  # noqa: PYI034 - Self needs Python 3.11
        self._timer.start()
        Guarded.current.watch = self
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        Guarded.current.watch = None

    def attach(self, connection: Guarded) -> None:
        """Take this connection as the one to end."""
        with self._lock:
            self._connection = connection
            if self.expired:
                connection.shut()

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._connection is not None:
                self._connection.shut()


def resolve(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
    """`getaddrinfo` with a deadline: the C library has none of its own."""
    answers: queue.Queue[list[tuple[Any, ...]] | OSError] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise socket.gaierror(socket.EAI_AGAIN, "timeout") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def permitted_address(host: str, port: int, networks: tuple[Network, ...], seconds: float) -> str:
    """The address of a host that may be connected to, for a protocol that connects by itself; it is to be given this
    address, so that DNS is not asked again. Raises `Blocked` where there is none, OSError where the name is unknown.
    """
    for answer in resolve(host, port, seconds):
        if allowed(str(answer[4][0]), port, networks):
            return str(answer[4][0])
    raise Blocked(host, port)


def plugged(address: str, port: int, *, connect: float, read: float) -> socket.socket:
    """A connection to an address that was permitted, with time limits in seconds."""
    opened = socket.create_connection((address, port), timeout=connect)
    opened.settimeout(read)
    return opened


class Guarded:
    """What both kinds of connection share: the check before connecting, and a second handle to shut the socket by."""

    networks: tuple[Network, ...] = ()
    #: With a proxy the connection goes to the proxy, which the administrator has named; the target is the proxy's to
    #: check.
    unchecked = False
    current = threading.local()
    _lifeline: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        host, port = str(self._dns_host), int(self.port)  # type: ignore[attr-defined]
        timeout = self.timeout if isinstance(self.timeout, int | float) else None  # type: ignore[attr-defined]
        try:
            answers = resolve(host, port, timeout or 5.0)
        except OSError as error:
            raise NameResolutionError(host, self, socket.gaierror(str(error))) from error  # type: ignore[arg-type]
        usable = [answer for answer in answers if self.unchecked or allowed(str(answer[4][0]), port, self.networks)]
        if not usable:
            raise Blocked(host, port)
        failure: OSError | None = None
        for family, kind, protocol, _, address in usable:
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(timeout)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                opened.connect(address)
            except OSError as error:
                opened.close()
                failure = error
                continue
            self._drop_lifeline()
            self._lifeline = opened.dup()
            self._announce()
            return opened
        raise urllib3.exceptions.NewConnectionError(self, "refused") from failure  # type: ignore[arg-type]

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, under the watch of its thread."""
        self._announce()
        super().request(*args, **kwargs)  # type: ignore[misc]

    def close(self) -> None:
        """Close the socket and the handle beside it."""
        super().close()  # type: ignore[misc]
        self._drop_lifeline()

    def shut(self) -> None:
        """End the conversation from another thread; also during a TLS handshake, when nobody else holds the socket."""
        lifeline = self._lifeline
        if lifeline is not None:
            with contextlib.suppress(OSError):
                lifeline.shutdown(socket.SHUT_RDWR)

    def _announce(self) -> None:
        watch: Watch | None = getattr(self.current, "watch", None)
        if watch is not None:
            watch.attach(self)

    def _drop_lifeline(self) -> None:
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None


class _PlainConnection(Guarded, HTTPConnection):
    pass


class _TlsConnection(Guarded, HTTPSConnection):
    pass


def guarded_pools(networks: tuple[Network, ...], *, unchecked: bool) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3 pools by scheme whose connections hold to these networks; `unchecked` is for a proxy that was named."""
    rules = {"networks": networks, "unchecked": unchecked}
    plain = type("Plain", (_PlainConnection,), rules)
    tls = type("Tls", (_TlsConnection,), rules)
    return {
        "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
    }
