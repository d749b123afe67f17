"""Hide first, show last: ids that are hidden in Postgres while Solr may still show them, in a Redis set every search
reads.

The set is a shortcut to the outbox, never the truth: it is rebuilt from there when its marker is missing, and read
from there when Redis is away.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ckan import model
from ckan.common import config
from ckan.lib.redis import connect_to_redis
from redis.exceptions import RedisError
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ckanext.satudata.catalog import tables

log = logging.getLogger(__name__)

#: seconds after which an entry that no outbox row explains is taken as left over from a transaction that never ended
_LEFT_OVER = 600


def _key(name: str) -> str:
    return f"satudata:{config['ckan.site_id']}:hidden:{name}"


def names() -> tuple[str, str]:
    """Where Redis holds the marker and the ids, for a reader that asks for them together with something else."""
    return _key("marker"), _key("ids")


def _redis() -> Any:
    return connect_to_redis()


def _now(redis: Any) -> float:
    """Redis' own time in seconds: a host whose clock is a day off must not take a fresh entry for one left over."""
    seconds, microseconds = redis.time()
    return float(seconds) + float(microseconds) / 1_000_000


def hide(ids: Sequence[str]) -> None:
    """Keep these out of every search from now on; called before the transaction that hides them commits."""
    if not ids:
        return
    try:
        redis = _redis()
        redis.zadd(_key("ids"), dict.fromkeys(ids, _now(redis)))
    except RedisError:
        log.warning("Redis is away: %d datasets are hidden by the outbox alone", len(ids))
        _forget_marker()


def _forget_marker() -> None:
    """What Redis holds is incomplete: have it rebuilt when it is back."""
    try:
        _redis().delete(_key("marker"))
    except RedisError:
        log.debug("no marker to forget")


def ids(session: Session | None = None) -> list[str]:
    """Ids no search may show."""
    session = session or model.Session
    try:
        redis = _redis()
        marker, members = redis.pipeline().exists(_key("marker")).zrange(_key("ids"), 0, -1).execute()
        if marker:
            return [member.decode() for member in members]
        found = from_outbox(session)
        pipeline = redis.pipeline()
        if found:
            pipeline.zadd(_key("ids"), dict.fromkeys(found, _now(redis)))
        pipeline.set(_key("marker"), 1).execute()
        return sorted({*found, *(member.decode() for member in members)})
    except RedisError:
        return from_outbox(session)


def lacking(session: Session) -> list[str]:
    """Ids that must be hidden and that Redis does not hold; none while it is away, when the outbox itself is asked."""
    try:
        members = {member.decode() for member in _redis().zrange(_key("ids"), 0, -1)}
    except RedisError:
        return []
    return sorted(set(from_outbox(session)) - members)


def from_outbox(session: Session) -> list[str]:
    """Ids of datasets whose document waits to be replaced or removed, and which not everyone may see whole."""
    package, record, outbox = model.package_table.c, tables.record.c, tables.outbox.c
    statement = (
        select(outbox.package_id)
        .outerjoin(model.package_table, package.id == outbox.package_id)
        .outerjoin(tables.record, record.id == outbox.package_id)
        .where(
            or_(
                package.id.is_(None),
                package.state != "active",
                package.private.is_(True),
                record.hak_akses.in_(("terbatas", "tertutup")),
            )
        )
    )
    return list(session.execute(statement).scalars())


#: Removes each id whose time is still the one it had, in one step.
_REMOVE = """
for place = 1, #ARGV, 2 do
  local now = redis.call('ZSCORE', KEYS[1], ARGV[place])
  if now and tonumber(now) == tonumber(ARGV[place + 1]) then redis.call('ZREM', KEYS[1], ARGV[place]) end
end
"""


def since(of: Sequence[str], session: Session) -> dict[str, float] | None:
    """Which of these are hidden at this moment, and since when; to be asked before what Solr is to be told is read.

    A set that was emptied is rebuilt first, while the outbox still has what waits. None while Redis is away.
    """
    if not of:
        return {}
    try:
        redis = _redis()
        if not redis.exists(_key("marker")):
            ids(session)
        if not redis.zcard(_key("ids")):
            return {}
        pipeline = redis.pipeline()
        for id_ in of:
            pipeline.zscore(_key("ids"), id_)
        found = pipeline.execute()
    except RedisError:
        return None
    return {id_: score for id_, score in zip(of, found, strict=True) if score is not None}


def show_again(done: Mapping[str, float]) -> None:
    """Solr has caught up with these, as `since` gave them; what was hidden once more in the meantime stays hidden."""
    if not done:
        return
    try:
        _redis().eval(_REMOVE, 1, _key("ids"), *(part for id_, at in done.items() for part in (id_, repr(at))))
    except RedisError:
        log.debug("Redis is away; the set is rebuilt when it is back")


def sweep(session: Session) -> None:
    """Drop entries that no outbox row explains and that are older than any transaction."""
    try:
        redis = _redis()
        found = redis.zrangebyscore(_key("ids"), 0, _now(redis) - _LEFT_OVER, withscores=True)
    except RedisError:
        return
    old = {member.decode(): at for member, at in found}
    if old:
        outbox = tables.outbox.c.package_id
        waiting = set(session.execute(select(outbox).where(outbox.in_(old))).scalars())
        show_again({id_: at for id_, at in old.items() if id_ not in waiting})
