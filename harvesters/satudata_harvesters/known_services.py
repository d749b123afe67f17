"""Services that are known by their address or by the keys of their records: BPS, SIPD, and the ready-made portals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from satudata_harvesters.source import template, templates

BPS_HOST = "webapi.bps.go.id"
#: Where the key of BPS is looked up when the address does not bring one.
BPS_KEY = "env:KUNCI_BPS"
#: What any BPS web API answers to: asked where only the address of a server is known.
BPS_PROBE = "v1/api/list/model/subject/lang/ind/domain/0000/page/1"
_BPS_PATH = re.compile(r"(?P<base>.*?/v\d/api)/(?:list|view)(?P<rest>/model/.*)")
_BPS_PART = re.compile(r"/(domain|var|key|model)/([^/]+)")
_SIPD_PATH = "/ewalidata/serv/"
#: template -> keys that together only its records have.
_KEYS: Mapping[str, frozenset[str]] = {
    "sipd": frozenset({"kodeindikator", "uraian_indikator", "kodepemda", "bidangurusan"}),
}
DATABASES = ("postgresql", "postgres", "mysql", "mariadb", "sqlite", "sqlserver", "mssql", "oracle", "jdbc", "mongodb")


@dataclass(frozen=True)
class Known:
    """A service: its connector, the address a source needs of it, and what is to be said in its file."""

    connector: str
    url: str
    template: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    #: Whether nothing is read without a key that the address did not bring.
    needs_key: bool = False


def by_address(url: str) -> Known | None:
    """The service this address belongs to; None where its answer has to tell."""
    parts = urlsplit(url)
    if (parts.hostname or "").lower() == BPS_HOST or _BPS_PATH.fullmatch(parts.path):
        return bps(url)
    if _SIPD_PATH in parts.path:
        return ready_made("sipd", url)
    name = _hosts().get((parts.hostname or "").lower())
    if name is None:
        return None
    return ready_made(name, str(template(name)["url"])) if parts.path.strip("/") == "" else ready_made(name, url)


def bps(url: str) -> Known:
    """The BPS web API at an address of it, with the domain, variable and key that the address names."""
    parts = urlsplit(url)
    match = _BPS_PATH.fullmatch(parts.path)
    named = dict(_BPS_PART.findall(match["rest"] if match else ""))
    config: dict[str, Any] = {"domain": "0000", "key": named.get("key", BPS_KEY)}
    if re.fullmatch(r"\d{4}", named.get("domain", "")):
        config["domain"] = named["domain"]
    if named.get("model") == "data" and named.get("var", "").isdigit():
        config["variable"] = named["var"]
    base = match["base"] if match else "/v1/api"
    address = urlunsplit(parts._replace(path=base, query="", fragment=""))
    return Known("bps", address, config=config, needs_key="key" not in named)


def ready_made(name: str, url: str) -> Known:
    """A ready-made source at this address; what its query asks for stays, but for where a page begins."""
    parts = urlsplit(url)
    ready = template(name)
    config = ready.get("config", {})
    paging = {str(value) for value in config.get("paging", {}).values()} | {"limit", "offset", "page", "key"}
    given = {key: value for key, value in parse_qsl(parts.query) if key not in paging}
    asked = {"params": {**config.get("params", {}), **given}} if given else {}
    address = urlunsplit(parts._replace(query="", fragment=""))
    return Known(str(ready["connector"]), address, name, asked)


def by_keys(keys: Iterable[str]) -> str | None:
    """The ready-made source whose records have these keys."""
    present = set(keys)
    return next((name for name, needed in _KEYS.items() if needed <= present), None)


def is_database(url: str) -> bool:
    """Whether this is the address of a database rather than of a page."""
    return url.partition(":")[0].lower() in DATABASES


@cache
def _hosts() -> Mapping[str, str]:
    named = {name: urlsplit(str(template(name).get("url", ""))).hostname for name in templates()}
    return {host: name for name, host in named.items() if host}


def table_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How the rows of a BPS table become one dataset: each cell by itself, since BPS has counted already."""
    groups = [key for key in rows[0] if key not in {"nilai", "satuan"}]
    unit, title = str(rows[0].get("satuan") or ""), str(rows[0].get("variabel") or "Tabel BPS")
    return {
        "columns": [*groups, "nilai"],
        "group_by": groups,
        "measures": [{"name": "nilai", "kind": "sum", "field": "nilai", "unit": unit}],
        "k": 1,
        "dataset": {
            "title": title,
            "produsen_data_name": "Badan Pusat Statistik",
        },
    }
