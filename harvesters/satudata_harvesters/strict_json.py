"""JSON as RFC 8259 and I-JSON (RFC 7493) mean it, from a source that may mean harm.

Python's parser takes `NaN`, numbers too large, doubled keys and endless depth; Postgres and the readers of our API do
not.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import msgspec

#: An escaped NUL or half of a surrogate pair: the only ways in which valid JSON yields text that cannot be stored.
_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
#: An escape that hides a colon, or that `_UNSTORABLE` has to look at: such a document is read the slow way.
_HIDING = re.compile(rb"\\u(?:003[aA]|0000|[dD][89a-fA-F])")
_quick = msgspec.json.Decoder()
_renderer = msgspec.json.Encoder()
#: So many bytes at most are kept by each thread to render the next page in.
KEPT = 8_000_000
_kept = threading.local()


class InvalidJson(ValueError):  # noqa: N818 - reads as what it is where it is caught
    """The bytes are not JSON we take; the message is a short reason without a word of the content."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise InvalidJson("kunci ganda")
    return result


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidJson("bilangan terlalu besar")
    return number


def _constant(_: str) -> Any:
    raise InvalidJson("NaN atau Infinity")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF_PAIR.sub("\ufffd", value).replace("\x00", "")
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value


def loads(body: bytes) -> Any:
    """The value of a JSON document in UTF-8 or UTF-16; raises `InvalidJson` with a short reason.

    An escaped NUL is dropped and half a surrogate pair replaced by U+FFFD: neither can be stored, and one such title
    must not stop a source.
    """
    try:
        value = _quick.decode(body)
        if _nothing_lost(body, value):
            return value
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # The slow way knows the reason, or that it can be mended.
        pass
    return _slowly(body)


def _nothing_lost(body: bytes, value: Any) -> bool:
    """Whether no key was doubled, told without looking at each: one that was took its colon with it.

    A document has as many colons as it has keys, and those within its texts. Without escapes that hide one, a rendering
    of what was read has exactly as many, unless a doubled key swallowed a member.
    """
    if b"\\" in body and _HIDING.search(body):
        return False
    rendered: bytearray = getattr(_kept, "buffer", None) or bytearray()
    _renderer.encode_into(value, rendered)
    # Kept for the next page: asking the system for megabytes each time costs more than filling them.
    _kept.buffer = rendered if len(rendered) <= KEPT else None
    return body.count(b":") == rendered.count(b":")


def _slowly(body: bytes) -> Any:
    try:
        text = body.decode(json.detect_encoding(body))
        value = json.loads(text, object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)
        return _storable(value) if _UNSTORABLE.search(body) else value
    except InvalidJson:
        raise
    except UnicodeDecodeError:
        raise InvalidJson("bukan UTF-8") from None
    except json.JSONDecodeError as error:
        raise InvalidJson(f"posisi {error.pos}") from None
    except RecursionError:
        raise InvalidJson("terlalu dalam") from None
    except ValueError:
        raise InvalidJson("bilangan terlalu panjang") from None


class Records(Sequence[Any]):
    """JSON objects that are parsed when they are looked at, each time anew: a page takes no more memory than its bytes.

    One that is no JSON for us (a doubled key, a number too large) stops none of the others: of it only the keys `names`
    are read, so that nobody takes what it names for gone; it is None where not even these can be.
    """

    __slots__ = ("_names", "_raws")

    def __init__(self, raws: Sequence[msgspec.Raw], names: Sequence[str] = ()) -> None:
        self._raws, self._names = raws, names

    def __len__(self) -> int:
        return len(self._raws)

    def __iter__(self) -> Iterator[Any]:
        return map(self._read, self._raws)

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> Records: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return Records(self._raws[place], self._names)
        return self._read(self._raws[place])

    @property
    def nbytes(self) -> int:
        """How many bytes they take together."""
        return sum(memoryview(raw).nbytes for raw in self._raws)

    def bodies(self) -> Iterator[bytes]:
        """The bytes of each, as the source sent them: equal ones need not be parsed."""
        return map(bytes, self._raws)

    def _read(self, raw: msgspec.Raw) -> Any:
        body = bytes(raw)
        try:
            return loads(body)
        except InvalidJson:
            return _named(body, self._names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(map(bytes, self._raws)))

    def __repr__(self) -> str:
        return f"<Records {len(self)}>"


def _named(raw: bytes, names: Sequence[str]) -> dict[str, str] | None:
    """What names a broken object: texts under these keys."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    found = {name: _storable(value[name]) for name in names if isinstance(value.get(name), str)}
    return found or None


def apart(
    body: bytes,
    shape: msgspec.json.Decoder[Any],
    found: Callable[[Any], list[msgspec.Raw]],
    names: Sequence[str] = (),
) -> tuple[Any, Records] | None:
    """A document without its list of records, as `loads` reads it with that list empty, and the records by themselves.

    `shape` decodes the document so that `found` gets at the records. None for a document that is not of that shape, or
    is broken as a whole: `loads` says why.
    """
    try:
        raws = found(shape.decode(body))
        if not raws or any(memoryview(raw)[:1] != b"{" for raw in raws):
            return None
        first, last = bytes(raws[0]), bytes(raws[-1])
        first.decode()
        return loads(body[: body.index(first)] + body[body.rindex(last) + len(last) :]), Records(raws, names)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
