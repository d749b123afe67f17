"""How a request proves who is asking: what a source file's `auth` may say.

A value may be `env:NAME`; it is looked up only when a request is made, so that neither the file nor the database holds
it.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from satudata_harvesters.errors import ConfigError

ENV = "env:"

_VALUE = {"type": "string", "minLength": 1}
_SECRET = {"type": "string", "minLength": 1, "secret": True}
_ONE = {
    "oneOf": [
        {
            "type": "object",
            "required": ["type", *required],
            "additionalProperties": False,
            "properties": {"type": {"const": name}, **properties},
        }
        for name, required, properties in (
            ("header", ["name", "value"], {"name": _VALUE, "value": _SECRET, "prefix": {"type": "string"}}),
            ("query", ["name", "value"], {"name": _VALUE, "value": _SECRET}),
            ("basic", ["username", "password"], {"username": _VALUE, "password": _SECRET}),
            ("bearer", ["token"], {"token": _SECRET}),
            (
                "oauth2",
                ["token_url", "client_id", "client_secret"],
                {
                    "token_url": {"type": "string", "pattern": "^https?://"},
                    "client_id": _VALUE,
                    "client_secret": _SECRET,
                    "scope": _VALUE,
                    "header": _VALUE,
                    "prefix": {"type": "string"},
                },
            ),
        )
    ]
}
#: JSON Schema of `auth`: one way, or several that are used together (SPLP, SIASN).
AUTH_SCHEMA: Mapping[str, Any] = {
    "title": "Kredensial",
    "anyOf": [_ONE, {"type": "array", "items": _ONE, "maxItems": 4}],
}


def secret(value: str, label: str = "auth", environ: Mapping[str, str] | None = None) -> str:
    """The value behind `env:NAME`, or the value itself; `ConfigError` E-CFG-006 where the variable is not set."""
    if not value.startswith(ENV):
        return value
    name = value.removeprefix(ENV)
    found = (os.environ if environ is None else environ).get(name)
    if not found:
        raise ConfigError("E-CFG-006", name=name, field=label)
    return found


@dataclass(frozen=True)
class OAuth2:
    """A token is fetched with client credentials (RFC 6749 §4.4) and sent in `header`."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None
    header: str = "Authorization"
    prefix: str = "Bearer "


@dataclass(frozen=True)
class Credentials:
    """What is added to each request to the source's own origin. Its `repr` shows no value."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    oauth2: tuple[OAuth2, ...] = field(default=(), repr=False)

    @property
    def values(self) -> tuple[str, ...]:
        """Every secret in use, so that it can be struck from whatever is shown."""
        plain = [*self.headers.values(), *self.query.values(), *(way.client_secret for way in self.oauth2)]
        return tuple(value for text in plain for value in {text, text.rpartition(" ")[2]} if len(value) >= 4)


def credentials(auth: Any, environ: Mapping[str, str] | None = None) -> Credentials:
    """Read the `auth` of a source file (one way or a list of them), looking up `env:` references."""
    ways: Sequence[Mapping[str, Any]] = [auth] if isinstance(auth, Mapping) else list(auth or [])
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    oauth2: list[OAuth2] = []
    for way in ways:

        def value(name: str, way: Mapping[str, Any] = way) -> str:
            return secret(str(way[name]), f"config.auth.{name}", environ)

        match way["type"]:
            case "header":
                headers[way["name"]] = way.get("prefix", "") + value("value")
            case "query":
                query[way["name"]] = value("value")
            case "basic":
                pair = f"{value('username')}:{value('password')}"
                headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
            case "bearer":
                headers["Authorization"] = "Bearer " + value("token")
            case "oauth2":
                extra = {name: way[name] for name in ("scope", "header", "prefix") if name in way}
                oauth2.append(OAuth2(way["token_url"], value("client_id"), value("client_secret"), **extra))
    for name, text in (*headers.items(), *query.items()):
        if any(ord(char) < 32 for char in text):
            raise ConfigError("E-CFG-004", field=f"config.auth ({name})", expected="tanpa baris baru")
    return Credentials(headers, query, tuple(oauth2))
