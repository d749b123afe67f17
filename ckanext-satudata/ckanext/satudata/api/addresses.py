"""Whose request it is, by address: behind a reverse proxy the one the proxy names, from anyone else the sender's own.

`X-Forwarded-For` is what a sender likes to write. It is read from its right end, where the nearest proxy has written,
and only as long as the writer is one of `ckanext.satudata.api.trusted_proxies`.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from flask import request

from ckanext.satudata.api import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Hops that are looked at; a longer list is nobody's honest way.
_MOST_HOPS = 16
#: Bits of an IPv6 address that one subscriber has for themselves (RFC 6177).
_SUBSCRIBER = 64


def caller() -> str:
    """The address that a request without a token is counted by."""
    found = _behind_proxies(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))
    address = _parsed(found)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _SUBSCRIBER), strict=False).network_address)
    return found


def is_forwarded() -> bool:
    """Whether a proxy, trusted or not, says that it speaks for someone else."""
    return any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))


def _behind_proxies(sender: str, forwarded: str) -> str:
    proxies = _networks(tuple(settings.trusted_proxies()))
    found = sender
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()][-_MOST_HOPS:]
    while hops and _is_in(found, proxies):
        if _parsed(hops[-1]) is None:
            break
        found = hops.pop()
    return found


def _is_in(text: str, networks: tuple[Network, ...]) -> bool:
    address = _parsed(text)
    return address is not None and any(address in network for network in networks)


def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


@lru_cache(maxsize=8)
def _networks(written: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(entry, strict=False) for entry in written)
