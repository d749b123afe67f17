"""What an administrator may set of the API, read when it is needed; names as in `config_declaration.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ckan.common import config

#: Where the API stands below the site.
PREFIX = "/api/satudata"
VERSION_PREFIX = "/v1"


def _set(name: str) -> Any:
    """An option as it is declared or set. With a default, CKAN does not look at each use whether it is declared."""
    return config.get(name, None)


def issuer() -> str:
    """Issuer and audience of access tokens: the API's own URL."""
    stated = _set("ckanext.satudata.api.issuer") or ""
    return stated or f"{site_url()}{PREFIX}{VERSION_PREFIX}"


def site_url() -> str:
    """The portal's public address without a slash at its end."""
    return str(_set("ckan.site_url") or "").rstrip("/")


def keys_dir() -> Path | None:
    """Folder of the signing keys; without a setting of its own below CKAN's storage path, None where neither is set."""
    stated = _set("ckanext.satudata.api.keys_dir") or ""
    if stated:
        return _path(stated)
    storage = _set("ckan.storage_path") or ""
    return _path(storage, "satudata", "api-keys") if storage else None


_path = lru_cache(maxsize=16)(Path)


def token_lifetime() -> int:
    """Seconds an access token lives, at most an hour."""
    return max(60, min(3600, int(_set("ckanext.satudata.api.token_lifetime"))))


def anonymous_read() -> bool:
    """Whether reading the catalogue needs no token."""
    return bool(_set("ckanext.satudata.api.anonymous_read"))


def rate_limit() -> int:
    """Requests a client may make in a minute."""
    return int(_set("ckanext.satudata.api.rate_limit"))


def anonymous_rate_limit() -> int:
    """Requests an address without a token may make in a minute."""
    return int(_set("ckanext.satudata.api.anonymous_rate_limit"))


def trusted_proxies() -> list[str]:
    """Addresses and networks of the reverse proxies whose word about the sender counts."""
    stated = _set("ckanext.satudata.api.trusted_proxies") or []
    return stated.split() if isinstance(stated, str) else list(stated)


def secret() -> bytes:
    """The site's secret, from which keys for other purposes are derived."""
    return str(_set("SECRET_KEY") or "").encode()


def redis_prefix() -> str:
    """Beginning of every name of ours in Redis, so that sites may share one."""
    return f"satudata:{_set('ckan.site_id')}:"
