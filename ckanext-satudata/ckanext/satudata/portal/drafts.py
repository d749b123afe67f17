"""A source between preview and save: half an hour in Redis, credentials sealed, for the person who wrote it."""

from __future__ import annotations

import json
import secrets as random
from collections.abc import Mapping
from typing import Any

from ckan.common import config
from ckan.lib.redis import connect_to_redis

from ckanext.satudata.harvest import secrets, sources

_LIFE_SECONDS = 1800


def keep(definition: Mapping[str, Any], *, user_id: str) -> str:
    """Store a definition and return the word under which `take` finds it; raises `SourceRefused` for a wrong one."""
    pointers = sources.secret_pointers(sources.parsed(definition))
    shown, sealed = secrets.take(definition, pointers)
    word = random.token_urlsafe(24)
    kept = json.dumps({"user": user_id, "definition": shown, "sealed": sealed})
    connect_to_redis().set(_key(word), kept, ex=_LIFE_SECONDS)
    return word


def take(word: str, *, user_id: str) -> dict[str, Any] | None:
    """The definition with its credentials; None when it is too old, unknown, or another person's."""
    found = connect_to_redis().get(_key(word[:64]))
    if not found:
        return None
    kept = json.loads(found)
    if kept["user"] != user_id:
        return None
    return secrets.put_back(kept["definition"], kept["sealed"], name=kept["definition"].get("name", ""))


def forget(word: str) -> None:
    """Remove a draft that has been saved."""
    connect_to_redis().delete(_key(word[:64]))


def _key(word: str) -> str:
    return f"satudata:{config.get('ckan.site_id')}:draf:{word}"
