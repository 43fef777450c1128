"""Where a request comes from: the address that sends it, or the one for which a proxy of ours says that it sends it. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

_MAX_SHOWN: Final = 100


class Places:
    """Addresses and networks of the settings."""

    def __init__(self, written: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(each, strict=False) for each in written]

    def __bool__(self) -> bool:
        return bool(self._networks)

    def has(self, address: str) -> bool:
        """Return whether an address is one of them; what is no address is none."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self._networks)


def sender(peer: str, forwarded_for: Iterable[str], proxies: Places) -> str:
    """Return who sends a request that comes from ``peer``: the last that the proxies name and that is none of them.

    Only the last: what stands before it, its sender wrote. ``forwarded_for`` are the lines of ``X-Forwarded-For``, in order.
    """
    if not proxies.has(peer):
        return peer
    named = [_address(each) for line in forwarded_for for each in line.split(",") if each.strip()]
    return next((each for each in reversed(named) if not proxies.has(each)), peer)


def _address(entry: str) -> str:
    """Return an entry without its port: ``[::1]:80``, ``10.0.0.1:80``."""
    entry = entry.strip()[:_MAX_SHOWN]
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, _, port = entry.rpartition(":")
    return host if port.isdigit() and host.count(".") == 3 else entry
