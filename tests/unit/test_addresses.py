"""A webhook leads to the public net or nowhere, whatever a name resolves to and however an address is written."""

import socket
from typing import Any

import pytest

from streams.live import addresses
from streams.live.addresses import ForbiddenAddressError, PublicOnly, is_literal, is_public, public_socket

PRIVATE = """127.0.0.1 127.8.8.8 0.0.0.0 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1 240.0.0.1 255.255.255.255
192.0.2.1 198.18.0.1 :: ::1 ::127.0.0.1 fe80::1 fe80::1%eth0 fc00::1 fd12::1 fec0::1 ff02::1 2001:db8::1
::ffff:127.0.0.1 ::ffff:10.0.0.1 2002:7f00:1:: 2002:a00:1:: 64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe nonsense
192.0.0.8 192.0.0.171 192.88.99.1 3fff::1 3fff:fff:ffff::1 2002:c058:6301:: 64:ff9b::192.0.0.8""".split()
PUBLIC = "1.1.1.1 8.8.8.8 93.184.216.34 2606:4700:4700::1111 64:ff9b::101:101".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_an_inner_net_is_not_public_in_any_disguise(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_net_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", "127.0.0.1 ::1 fe80::1%eth0 2130706433 0x7f.1 127.1 0 0177.0.0.1 0x7f000001".split())
def test_a_number_in_any_writing_is_an_address(host: str) -> None:
    assert is_literal(host)


@pytest.mark.parametrize("host", ["localhost", "hooks.example.org", "127.0.0.1.example.org", "b\u00fccher.example", ""])
def test_a_name_is_no_address(host: str) -> None:
    assert not is_literal(host)


def test_no_socket_is_given_for_an_address_that_is_not_public() -> None:
    with pytest.raises(ForbiddenAddressError):
        public_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443)))
    public_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443))).close()


def answering(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    async def resolve(self: Any, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        return [{"hostname": host, "host": one, "port": port, "family": family, "proto": 0, "flags": 0} for one in found]

    monkeypatch.setattr(addresses.ThreadedResolver, "resolve", resolve)


async def test_one_private_address_among_public_ones_is_enough_to_refuse_all(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(ForbiddenAddressError):
        await PublicOnly().resolve("hooks.example", 443)


async def test_what_was_checked_is_what_is_given_to_connect_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "8.8.8.8", "1.1.1.1")
    assert [one["host"] for one in await PublicOnly().resolve("hooks.example", 443)] == ["8.8.8.8", "1.1.1.1"]


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1"])
async def test_this_machine_by_any_name_is_refused(host: str) -> None:
    with pytest.raises((ForbiddenAddressError, socket.gaierror)):
        await PublicOnly().resolve(host, 80)
