"""Credentials of sources, sealed at rest: Fernet with a list of keys, so that a key can be replaced without losing any.

The keys stand in the file of `ckanext.satudata.secrets_file` (mode 600), newest first, one a line; the database holds
only what they sealed. A reference `env:NAME` is no secret and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ckan.common import config
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ckanext.satudata.harvest.errors import SourceRefused
from satudata_harvesters.credentials import ENV

#: What stands in a definition, a page or an answer in the place of a secret.
FILLED = "terisi"

Pointer = str


def take(definition: Mapping[str, Any], pointers: Iterable[Pointer]) -> tuple[dict[str, Any], dict[Pointer, str]]:
    """Split a definition into what may be shown, with `FILLED` in the place of each secret, and the sealed secrets
    by pointer.

    Raises `SourceRefused` E-SRC-007 where there is a secret but no key to seal it with.
    """
    shown = _copy(dict(definition))
    sealed: dict[Pointer, str] = {}
    for pointer in pointers:
        holder, key = _holder(shown, pointer)
        if holder is None or not isinstance(holder[key], str) or holder[key].startswith(ENV):
            continue
        sealed[pointer] = _keys().encrypt(holder[key].encode()).decode()
        holder[key] = FILLED
    return shown, sealed


def put_back(definition: Mapping[str, Any], sealed: Mapping[Pointer, str], *, name: str) -> dict[str, Any]:
    """The definition with its secrets in the open, for the one moment of reading the source; never store or show it.

    Raises `SourceRefused` E-SRC-008 for a secret that no present key opens.
    """
    whole = _copy(dict(definition))
    for pointer, token in sealed.items():
        holder, key = _holder(whole, pointer)
        if holder is None:
            continue
        try:
            holder[key] = _keys().decrypt(token.encode()).decode()
        except InvalidToken:
            raise SourceRefused("E-SRC-008", name=name) from None
    return whole


def restore(definition: Mapping[str, Any], sealed: Mapping[Pointer, str], *, name: str) -> dict[str, Any]:
    """A changed definition in which each secret that came back as `FILLED` is what it was before."""
    untouched = {}
    for pointer, token in sealed.items():
        holder, key = _holder(definition, pointer)
        if holder is not None and holder[key] == FILLED:
            untouched[pointer] = token
    return put_back(definition, untouched, name=name)


def opens(sealed: Mapping[Pointer, str]) -> bool:
    """Whether the present keys open all of these."""
    try:
        return all(_keys().decrypt(token.encode()) is not None for token in sealed.values())
    except (InvalidToken, SourceRefused):
        return False


def sealed_anew(sealed: Mapping[Pointer, str], *, name: str) -> dict[Pointer, str]:
    """The same secrets under the newest key; `SourceRefused` E-SRC-008 for one that no present key opens."""
    try:
        return {pointer: _keys().rotate(token.encode()).decode() for pointer, token in sealed.items()}
    except InvalidToken:
        raise SourceRefused("E-SRC-008", name=name) from None


def check() -> None:
    """Raise `SourceRefused` E-SRC-007 where secrets can be neither sealed nor opened."""
    _keys()


def _keys() -> MultiFernet:
    path = config.get("ckanext.satudata.secrets_file")
    try:
        lines = Path(path).read_text("ascii").split() if path else []
        return MultiFernet([Fernet(line) for line in lines])
    except (OSError, ValueError):
        raise SourceRefused("E-SRC-007") from None


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_copy(inner) for inner in value]
    return value


def _holder(document: Any, pointer: Pointer) -> tuple[Any, Any]:
    """(container, key) of what an RFC 6901 pointer names, or (None, None)."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for position, step in enumerate(steps):
        key: Any = int(step) if isinstance(document, list) and step.isdigit() else step
        try:
            inner = document[key]
        except (KeyError, IndexError, TypeError):
            return None, None
        if position == len(steps) - 1:
            return document, key
        document = inner
    return None, None
