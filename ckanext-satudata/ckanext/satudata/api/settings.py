"""What an administrator may set of the API, read when it is needed; names as in `config_declaration.yaml`."""

from __future__ import annotations

from pathlib import Path

from ckan.common import config

#: Where the API stands below the site.
PREFIX = "/api/satudata"
VERSION_PREFIX = "/v1"


def issuer() -> str:
    """Issuer and audience of access tokens: the API's own URL."""
    stated = config.get("ckanext.satudata.api.issuer") or ""
    return stated or f"{site_url()}{PREFIX}{VERSION_PREFIX}"


def site_url() -> str:
    """The portal's public address without a slash at its end."""
    return str(config.get("ckan.site_url") or "").rstrip("/")


def keys_dir() -> Path | None:
    """Folder of the signing keys; without a setting of its own below CKAN's storage path, None where neither is set."""
    stated = config.get("ckanext.satudata.api.keys_dir") or ""
    if stated:
        return Path(stated)
    storage = config.get("ckan.storage_path") or ""
    return Path(storage, "satudata", "api-keys") if storage else None


def token_lifetime() -> int:
    """Seconds an access token lives, at most an hour."""
    return max(60, min(3600, int(config.get("ckanext.satudata.api.token_lifetime"))))


def anonymous_read() -> bool:
    """Whether reading the catalogue needs no token."""
    return bool(config.get("ckanext.satudata.api.anonymous_read"))


def rate_limit() -> int:
    """Requests a client may make in a minute."""
    return int(config.get("ckanext.satudata.api.rate_limit"))


def anonymous_rate_limit() -> int:
    """Requests an address without a token may make in a minute."""
    return int(config.get("ckanext.satudata.api.anonymous_rate_limit"))


def trusted_proxies() -> list[str]:
    """Addresses and networks of the reverse proxies whose word about the sender counts."""
    stated = config.get("ckanext.satudata.api.trusted_proxies") or []
    return stated.split() if isinstance(stated, str) else list(stated)


def secret() -> bytes:
    """The site's secret, from which keys for other purposes are derived."""
    return str(config.get("SECRET_KEY") or "").encode()


def redis_prefix() -> str:
    """Beginning of every name of ours in Redis, so that sites may share one."""
    return f"satudata:{config.get('ckan.site_id')}:"
