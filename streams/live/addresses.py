"""Where a webhook may lead: public addresses only, checked at the start, where a name is resolved, and before each connection."""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp import ThreadedResolver
from aiohttp.abc import ResolveResult
from aiohttp.connector import AddrInfoType
from yarl import URL

_NAT64: Final = IPv6Network("64:ff9b::/96")
_NOT_PUBLIC: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))
"""What ``ipaddress`` takes for global, at least in some versions of Python: protocol assignments, relays of 6to4, documentation."""


class ForbiddenAddressError(OSError):
    """A name leads to an address that is not public."""


class Resolver(ThreadedResolver):
    """Resolves a name, and fails as for a name unknown where none can be asked for: Python's raises UnicodeError for a label too long."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """Return the addresses; raise OSError where there are none."""
        try:
            return await super().resolve(host, port, family)
        except ValueError as error:  # a NUL is one too
            raise OSError(f"no such name can be looked up: {error}") from error


class PublicOnly(Resolver):
    """Resolves a name, and gives nothing if *any* of its addresses is not public. aiohttp connects to what this gives, not to the name."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """Return the addresses; raise ForbiddenAddressError, or OSError where there are none."""
        found = await super().resolve(host, port, family)
        if not all(is_public(one["host"]) for one in found):
            raise ForbiddenAddressError("the name leads to an address that is not public")
        return found


def public_socket(address: AddrInfoType) -> socket.socket:
    """Return a socket to connect to this address; raise ForbiddenAddressError. aiohttp asks for each, one that it did not resolve too."""
    family, kind, protocol, _, where = address
    if not is_public(str(where[0])):
        raise ForbiddenAddressError("the address is not public")
    return socket.socket(family, kind, protocol)


def host_of(url: str) -> str:
    """Return the host as the HTTP client sees it: full-width digits are digits, the dots of other scripts dots. Empty where it is none."""
    try:
        return (URL(url).host or "").rstrip(".")
    except ValueError:
        return ""


def is_public(address: str) -> bool:
    """Return whether an address is one of the public net: not loopback, private, link-local, reserved, or one of these in disguise."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_public(ip) and all(_is_public(inner) for inner in _inside(ip))


def is_literal(host: str) -> bool:
    """Return whether a host is an address itself, in any writing that an operating system takes: ``127.1``, ``0x7f.1``, ``2130706433``."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return _is_number(host)
    return True


def _is_number(host: str) -> bool:
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError):
        return False
    return True


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    is_local = ip.is_multicast or ip.is_unspecified or (isinstance(ip, IPv6Address) and ip.is_site_local)
    is_local = is_local or any(ip in net for net in _NOT_PUBLIC)
    # 64:ff9b::/96 counts as reserved in parts of the world's tables: what it leads to decides.
    return ip.is_global and not is_local and (not ip.is_reserved or ip in _NAT64)


def _inside(ip: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """Return the IPv4 address that an IPv6 one leads to: 6to4 and NAT64."""
    if isinstance(ip, IPv4Address):
        return []
    found = [ip.sixtofour] if ip.sixtofour else []
    return [*found, IPv4Address(int(ip) & 0xFFFFFFFF)] if ip in _NAT64 else found
