"""Accepted host names of the server.

A page on the web can point a name of its own at this machine and so read what is served here as if it were its own
(DNS rebinding).  The browser still sends the name it requested; any name but ours is rejected.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::([0-9]{1,5}))?", re.ASCII)


class Hosts:
    """Our host names.

    Loopback names are always included.  names: further ones, without port.  addresses: True to accept any numeric
    address, as needed where the server listens on several; DNS cannot redirect those.
    """

    def __init__(self, names: Iterable[str] = (), *, addresses: bool = False) -> None:
        self._names = {"localhost", *(name.lower().strip("[]").rstrip(".") for name in names)}
        self._addresses = addresses

    @classmethod
    def of(cls, bound: str, allowed: Iterable[str] = ()) -> Hosts:
        """Return the hosts of a server listening on `bound`: its names, those of this machine, and the allowed ones."""
        if is_loopback(bound):
            return cls(allowed)
        name = socket.gethostname()
        short = name.partition(".")[0]
        return cls([*allowed, bound, name, short, f"{short}.local"], addresses=True)

    def know(self, header: str) -> bool:
        """Return True if a Host header holds one of our names, with any port: a tunnel may use another."""
        name = host_name(header)
        if name is None:
            return False
        address = _address(name)
        return name in self._names or (address is not None and (self._addresses or address.is_loopback))


@lru_cache(1000)
def host_name(header: str) -> str | None:
    """Return the name in a Host header, in lower case, without port and brackets; None for an invalid one."""
    found = _HOST.fullmatch(header.lower())
    if found is None or int(found[2] or 0) > 65535:
        return None
    name = found[1]
    if name.startswith("["):
        return name[1:-1] if isinstance(_address(name[1:-1]), IPv6Address) else None
    return name


@lru_cache(1000)
def is_loopback(host: str) -> bool:
    """Return True if only this machine can reach a server that listens on this host."""
    address = _address(host.strip("[]"))
    return host.lower().rstrip(".") == "localhost" if address is None else address.is_loopback


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
