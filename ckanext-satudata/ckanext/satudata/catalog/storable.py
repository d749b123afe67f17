"""What Postgres and Solr can hold: texts are mended where nothing is lost by it, and what cannot be held is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

#: `idx_pkg_stitle` takes about 2,700 bytes; a title of 500 characters has at most 2,000
TITLE_LENGTH = 500
#: CKAN's own limits of a tag's name
TAG_LENGTH = (2, 100)
#: Lucene refuses a term of more than 32,766 bytes
TERM_BYTES = 32_000
MOST_TAGS = 1_000
MOST_RESOURCES = 1_000
MOST_BYTES = 4_000_000
_DEEPEST = 100

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: what CKAN's tag_name_validator refuses: a dataset that carries it could not even be hidden by its owner
_NOT_IN_TAGS = re.compile(r"[^\w \-.]+")


@dataclass(frozen=True, slots=True)
class Refused(Exception):  # noqa: N818 - reads as what it says
    """A record that is not stored: the issue code and what its sentences need."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


def storable(value: Any) -> Any:
    """The same JSON value without what Postgres cannot hold: NUL, lone surrogates, NaN, integers beyond 64 bits.

    Raises Refused for a value nested more than 100 deep or larger than 4 MB.
    """
    try:
        body = orjson.dumps(value)
    except TypeError:
        value = _mended(value, 0)
        body = orjson.dumps(value)
    if b"\\u0000" in body:
        value = _mended(value, 0)
    if len(body) > MOST_BYTES:
        raise Refused("E-SMP-002", {"isian": "dataset", "batas": MOST_BYTES})
    return value


def _mended(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise Refused("E-SMP-001", {"alasan": "terlalu dalam"})
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, Mapping):
        return {_UNSTORABLE.sub("", str(key)): _mended(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mended(inner, depth + 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def within_limits(tags: Sequence[str], resources: Sequence[Any]) -> None:
    """Raise Refused where a dataset has more tags or resources than a catalogue can show."""
    for name, found, most in (("tags", len(tags), MOST_TAGS), ("resources", len(resources), MOST_RESOURCES)):
        if found > most:
            raise Refused("E-SMP-002", {"isian": name, "batas": most, "jumlah": found})


def tag(name: str) -> str:
    """A tag as CKAN takes it, empty where nothing of it is left."""
    plain = " ".join(_NOT_IN_TAGS.sub(" ", name).split())[: TAG_LENGTH[1]].strip()
    return plain if len(plain) >= TAG_LENGTH[0] else ""
