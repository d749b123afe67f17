"""One round trip to Redis for every request: revoked or not, within the rate or not, counted, and what is hidden.

Postgres holds the truth about revocation. Redis holds a copy that says of itself whether it is whole: a member named
after the server's run id. A server that was emptied, restarted or restored from an older dump lacks it, and the copy is
made again from the table before anyone is let in. Where Redis does not answer, nobody is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from ckan.common import config
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import func, select

from ckanext.satudata.api import database, settings
from ckanext.satudata.api.problems import Unavailable
from ckanext.satudata.catalog import hidden, tables

WINDOW_SECONDS = 60
#: Seconds Redis has to answer before a request is refused with 503.
TIMEOUT = 0.8

_SCRIPT = """
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 0 then return {0} end
for i = 4, #ARGV do
  if redis.call('SISMEMBER', KEYS[1], ARGV[i]) == 1 then return {1, 1, 0, 0, 1, {}} end
end
local count = redis.call('INCR', KEYS[2])
if count == 1 then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
if ARGV[3] ~= '' then redis.call('HINCRBY', KEYS[3], ARGV[3], 1) end
return {1, 0, count, redis.call('TTL', KEYS[2]), redis.call('EXISTS', KEYS[4]), redis.call('ZRANGE', KEYS[5], 0, -1)}
"""


@dataclass(frozen=True, slots=True)
class Passage:
    """What Redis says of one request; `reset` in seconds. `hidden` is None when Redis does not know what is."""

    revoked: bool
    count: int
    reset: int
    hidden: list[str] | None = None


class _Link:
    """This process's connections to one Redis, and whether the server behind them is still the same."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connections = 0
        self._lock = threading.Lock()
        self._marker: tuple[int, str] = (-1, "")
        pool = redis.ConnectionPool.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 1),
            redis_connect_func=self._connected,
        )
        self.client = redis.Redis(connection_pool=pool)
        self.script = self.client.register_script(_SCRIPT)

    def _connected(self, connection: Any) -> None:
        connection.on_connect()
        with self._lock:
            self.connections += 1

    def marker(self) -> str:
        """The member that marks a whole copy on the server behind the present connections."""
        known, name = self._marker
        if known == self.connections:
            return name
        run_id = self.client.info("server")["run_id"]
        self._marker = (self.connections, f"#{run_id}")
        return self._marker[1]


_links: dict[str, _Link] = {}


def link() -> _Link:
    """The connections to the Redis that CKAN is configured with."""
    url = str(config.get("ckan.redis.url"))
    if url not in _links:
        _links[url] = _Link(url)
    return _links[url]


def check(bucket: str, *, members: Sequence[str] = (), user: str = "") -> Passage:
    """Look up and count one request: `bucket` names the rate's counter, `members` what may have been revoked.

    Raises `Unavailable` when Redis does not answer in time.
    """
    prefix = settings.redis_prefix()
    names = [f"{prefix}revoked", f"{prefix}rate:{bucket}", f"{prefix}uses", *hidden.names()]
    return _answered(lambda: _check(names, [WINDOW_SECONDS, user, *members]))


def _check(names: list[str], arguments: list[Any]) -> Passage:
    here = link()
    for _ in range(8):
        marker, met = here.marker(), here.connections
        answer = here.script(keys=names, args=[marker, *arguments])
        if here.connections != met:
            continue  # a new connection: the server may be another one by now
        if answer[0]:
            known = [id_.decode() for id_ in answer[5]] if answer[4] else None
            return Passage(bool(answer[1]), int(answer[2]), int(answer[3]), known)
        rebuild()
    raise Unavailable("redis")


def rebuild() -> None:
    """Copy every revocation from Postgres to Redis, then mark the copy as whole."""
    here = link()
    marker = here.marker()
    here.client.sadd(f"{settings.redis_prefix()}revoked", *_revoked(), marker)


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
    _answered(lambda: link().client.sadd(name, *added))
    keep()
    _answered(lambda: link().client.sadd(name, *added))


def forget(members: Collection[str]) -> None:
    """Drop revocations whose tokens have expired by themselves."""
    if members:
        _answered(lambda: link().client.srem(f"{settings.redis_prefix()}revoked", *members))


def take_uses() -> dict[str, int]:
    """Uses counted since the last call, by client or key, taken out of Redis."""
    name = f"{settings.redis_prefix()}uses"

    def take() -> dict[str, int]:
        both = link().client.pipeline(transaction=True)
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
    _answered(link().client.ping)
