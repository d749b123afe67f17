"""One round trip to Redis for every request: revoked or not, within the rate or not, counted, and what is hidden.

Postgres holds the truth about revocation. Redis holds a copy that says of itself whether it is whole: a member named
after the server's run id. A server that was emptied, restarted or restored from an older dump lacks it, and the copy is
made again from the table before anyone is let in. Where Redis does not answer, nobody is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any

import redis
from ckan.common import config
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry
from sqlalchemy import func, select

from ckanext.satudata.api import database, settings
from ckanext.satudata.api.problems import Unavailable
from ckanext.satudata.catalog import hidden, tables

WINDOW_SECONDS = 60
#: Seconds Redis has to answer before a request is refused with 503.
TIMEOUT = 0.8

#: Answers words in one string, which a client reads in one go: the state, and for who may pass the count, the seconds
#: left of the window, whether what is hidden is known, and what is.
_SCRIPT = """
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 0 then return 'incomplete' end
for i = 4, #ARGV do
  if redis.call('SISMEMBER', KEYS[1], ARGV[i]) == 1 then return 'revoked' end
end
local count = redis.call('INCR', KEYS[2])
if count == 1 then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
if ARGV[3] ~= '' then redis.call('HINCRBY', KEYS[3], ARGV[3], 1) end
local told = {'passed', count, redis.call('TTL', KEYS[2]), redis.call('EXISTS', KEYS[4])}
for _, id in ipairs(redis.call('ZRANGE', KEYS[5], 0, -1)) do told[#told + 1] = id end
return table.concat(told, '\\n')
"""
_SHA = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Passage:
    """What Redis says of one request; `reset` in seconds. `hidden` is None when Redis does not know what is."""

    revoked: bool
    count: int
    reset: int
    hidden: list[str] | None = None


class _Line:
    """One thread's connection to Redis. `marker` is the member that marks a whole copy on the server at its other end:
    a connection that has to be opened again may lead to another server, whose run id is then asked for."""

    def __init__(self, url: str) -> None:
        self.url, self.process = url, os.getpid()
        pool = redis.ConnectionPool.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0),
            redis_connect_func=self._connected,
        )  # fmt: skip
        self.marker = ""
        self.connection = pool.make_connection()

    def _connected(self, connection: Any) -> None:
        connection.on_connect()
        connection.send_command("INFO", "server", check_health=False)
        told = connection.read_response()
        run_id = next(line for line in bytes(told).splitlines() if line.startswith(b"run_id:"))
        self.marker = f"#{run_id.partition(b':')[2].decode()}"

    def ask(self, keys: Sequence[str], arguments: Sequence[Any]) -> list[str]:
        """The script's words. A connection that was closed meanwhile is opened once more."""
        try:
            return self._asked(keys, arguments)
        except redis.ConnectionError:
            self.connection.disconnect()
            return self._asked(keys, arguments)

    def _asked(self, keys: Sequence[str], arguments: Sequence[Any]) -> list[str]:
        self.connection.connect()  # before the marker is read, which belongs to this connection
        told = (len(keys), *keys, self.marker, *arguments)
        try:
            answer = self._sent("EVALSHA", _SHA, *told)
        except NoScriptError:
            answer = self._sent("EVAL", _SCRIPT, *told)
        return str(answer, "utf-8").split("\n")

    def _sent(self, *words: Any) -> bytes:
        self.connection.send_command(*words, check_health=False)
        answer: bytes = self.connection.read_response()
        return answer


_kept = threading.local()
_clients: dict[str, redis.Redis] = {}


def line() -> _Line:
    """This thread's connection to the Redis that CKAN is configured with."""
    url = str(config.get("ckan.redis.url", None))
    here: _Line | None = getattr(_kept, "line", None)
    if here is None or here.url != url or here.process != os.getpid():
        _kept.line = here = _Line(url)
    return here


def client() -> redis.Redis:
    """For all that is not asked with every request, over the Redis that CKAN is configured with."""
    url = str(config.get("ckan.redis.url"))
    if url not in _clients:
        limits: dict[str, Any] = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
        _clients[url] = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 1), **limits)
    return _clients[url]


def check(bucket: str, *, members: Sequence[str] = (), user: str = "") -> Passage:
    """Look up and count one request: `bucket` names the rate's counter, `members` what may have been revoked.

    Raises `Unavailable` when Redis does not answer in time.
    """
    prefix = settings.redis_prefix()
    names = [f"{prefix}revoked", f"{prefix}rate:{bucket}", f"{prefix}uses", *hidden.names()]
    return _answered(lambda: _check(names, [WINDOW_SECONDS, user, *members]))


def _check(names: list[str], arguments: list[Any]) -> Passage:
    here = line()
    for _ in range(8):
        told = here.ask(names, arguments)
        if told[0] == "passed":
            _, count, reset, known, *ids = told
            return Passage(False, int(count), int(reset), ids if known == "1" else None)
        if told[0] == "revoked":
            return Passage(True, 0, 0)
        rebuild(here.marker)
    raise Unavailable("redis")


def rebuild(marker: str) -> None:
    """Copy every revocation from Postgres to Redis, then mark the copy as whole.

    `marker` names the server that was found without: on any other that may answer by now it marks nothing.
    """
    client().sadd(f"{settings.redis_prefix()}revoked", *_revoked(), marker)


def _revoked() -> list[str]:
    tokens = select(tables.revocation.c.jti).where(tables.revocation.c.expires > func.now())
    clients = select(tables.client.c.id).where(tables.client.c.revoked_at.is_not(None))
    reading_keys = select(tables.key.c.id).where(tables.key.c.revoked_at.is_not(None))
    return [
        *(member("token", row.jti) for row in database.rows(tokens)),
        *(member("client", row.id) for row in database.rows(clients)),
        *(member("key", row.id) for row in database.rows(reading_keys)),
    ]


def member(kind: str, id_: str) -> str:
    """How a revoked token, client or key is named in the copy."""
    return f"{kind}:{id_}"


def revoke(members: Iterable[str], keep: Callable[[], None]) -> None:
    """Take something back at once: first in Redis, then by `keep`, which commits it to Postgres, then in Redis again.

    The second time covers a Redis that was emptied, and rebuilt by another process, in between.
    """
    name, added = f"{settings.redis_prefix()}revoked", list(members)
    _answered(lambda: client().sadd(name, *added))
    keep()
    _answered(lambda: client().sadd(name, *added))


def forget(members: Collection[str]) -> None:
    """Drop revocations whose tokens have expired by themselves."""
    if members:
        _answered(lambda: client().srem(f"{settings.redis_prefix()}revoked", *members))


def take_uses() -> dict[str, int]:
    """Uses counted since the last call, by client or key, taken out of Redis."""
    name = f"{settings.redis_prefix()}uses"

    def take() -> dict[str, int]:
        both = client().pipeline(transaction=True)
        both.hgetall(name)
        both.delete(name)
        counted, _ = both.execute()
        return {user.decode(): int(count) for user, count in counted.items()}

    return _answered(take)


def _answered(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except redis.RedisError as error:
        raise Unavailable("redis") from error


def ping() -> None:
    """Raises `Unavailable` unless Redis answers."""
    _answered(client().ping)
