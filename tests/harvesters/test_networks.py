"""Which addresses may be connected to."""

from __future__ import annotations

import pytest

from satudata_harvesters.errors import ConfigError
from satudata_harvesters.networks import allowed, is_public, not_permitted, parse_networks

PUBLIC = [
    "8.8.8.8",
    "103.28.12.1",
    "1.1.1.1",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "198.17.255.255",
    "2606:4700::1111",
    "2400:3200::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "192.88.99.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::7f00:1",
    "::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "3fff::1",
    "100::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached_on_the_standard_ports_only(address):
    assert is_public(address)
    assert allowed(address, 443, ())
    assert not allowed(address, 8080, ())


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused_however_it_is_written(address):
    assert not is_public(address)
    assert not allowed(address, 80, ())


def test_an_entry_opens_its_addresses_at_its_port_and_nothing_else():
    networks = parse_networks(["10.20.0.0/16:8080", "[fd00:1::/32]:8443"])
    assert allowed("10.20.3.4", 8080, networks)
    assert allowed("::ffff:10.20.3.4", 8080, networks)
    assert allowed("fd00:1::5", 8443, networks)
    assert not allowed("10.20.3.4", 80, networks)
    assert not allowed("10.21.3.4", 8080, networks)


def test_an_entry_without_a_port_opens_the_standard_ports():
    networks = parse_networks(["10.20.0.0/16"])
    assert allowed("10.20.0.1", 443, networks)
    assert not allowed("10.20.0.1", 5432, networks)


@pytest.mark.parametrize(
    "entry", ["", "kantor", "10.20.0.0/40:80", "10.20.0.1/16:80", "10.0.0.1:0", "10.0.0.1:70000", "10.0.0.1:x"]
)
def test_an_entry_that_cannot_be_read_is_a_mistake_of_the_file(entry):
    with pytest.raises(ConfigError) as caught:
        parse_networks([entry])
    assert caught.value.code == "E-CFG-010"


def test_a_source_may_choose_of_the_administrators_list_but_never_extend_it():
    permitted = ["127.0.0.1/32:8101", "10.20.0.0/16:8080"]
    assert not_permitted(["127.0.0.1:8101"], permitted) == []
    assert not_permitted(["127.0.0.1/32:8102", "10.20.1.0/24:8080"], permitted) == [
        "127.0.0.1/32:8102",
        "10.20.1.0/24:8080",
    ]
