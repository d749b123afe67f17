"""JSON as RFC 8259 and I-JSON (RFC 7493) mean it, from a source that may mean harm.

Python's parser takes `NaN`, numbers too large, doubled keys and endless depth; Postgres and the readers of our API do
not.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

#: An escaped NUL or half of a surrogate pair: the only ways in which valid JSON yields text that cannot be stored.
_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


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
