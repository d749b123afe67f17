"""Which addresses may be connected to.

The tables are written out because `ipaddress.is_global` differs between patch releases of Python and lets some embedded
addresses through (6to4, NAT64, IPv4-compatible, site-local).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from satudata_harvesters.errors import ConfigError

STANDARD_PORTS = frozenset({80, 443})

#: IANA IPv4 special-purpose registry, and multicast.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_GLOBAL_6 = IPv6Network("2000::/3")
#: IANA IPv6 special-purpose registry within 2000::/3; 6to4 and Teredo can carry any IPv4 address.
_NOT_PUBLIC_6 = tuple(
    IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_6TO4 = IPv6Network("2002::/16")


def unwrap(text: str) -> IPv4Address | IPv6Address:
    """The address a packet would really reach: IPv4 inside IPv6 (mapped, compatible, 6to4, NAT64) is taken out."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in _6TO4:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(text: str) -> bool:
    """Whether an address belongs to the public Internet, also when it hides inside another."""
    address = unwrap(text)
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _NOT_PUBLIC_4)
    return address in _GLOBAL_6 and not any(address in block for block in _NOT_PUBLIC_6)


@dataclass(frozen=True, order=True)
class Network:
    """An entry of `allow_networks`: addresses, and the port on them (None: the standard ports)."""

    block: IPv4Network | IPv6Network
    port: int | None = None

    @classmethod
    def parse(cls, entry: str) -> Network:
        """Read `10.20.0.0/16:8080`, `10.20.0.5:8080`, `10.20.0.0/16`, `[fd00::/8]:80`; else E-CFG-010."""
        text = str(entry).strip()
        network: Network | None
        try:
            if text.startswith("["):
                block, _, port = text[1:].partition("]")
                port = port.removeprefix(":")
            elif text.count(":") > 1:
                block, port = text, ""
            else:
                block, _, port = text.partition(":")
            network = cls(ip_network(block), int(port) if port else None)
        except ValueError:
            network = None
        if network is None or (network.port is not None and not 0 < network.port < 65536):
            raise ConfigError("E-CFG-010", entry=text, pointer="/allow_networks")
        return network

    def allows(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        """Whether this entry opens the address at the port."""
        ports = STANDARD_PORTS if self.port is None else {self.port}
        return port in ports and address.version == self.block.version and address in self.block

    def __str__(self) -> str:
        block = str(self.block) if self.block.version == 4 or self.port is None else f"[{self.block}]"
        return block if self.port is None else f"{block}:{self.port}"


def parse_networks(entries: Iterable[str]) -> tuple[Network, ...]:
    """Read several entries; `ConfigError` for the first that cannot be read."""
    return tuple(Network.parse(entry) for entry in entries)


def allowed(text: str, port: int, networks: Iterable[Network]) -> bool:
    """Whether a connection to the address and port may be opened: public at a standard port, or named by an entry."""
    address = unwrap(text)
    return (port in STANDARD_PORTS and is_public(text)) or any(network.allows(address, port) for network in networks)


def not_permitted(chosen: Iterable[str], permitted: Iterable[str]) -> list[str]:
    """Those entries a source chose which the administrator's list does not name: an editor chooses, never extends."""
    known = set(parse_networks(permitted))
    return [str(network) for network in parse_networks(chosen) if network not in known]
