"""Under which names the server may be asked for.

A page on the web can point a name of its own at this machine and so read what is served here as if it were its own
(DNS rebinding).  The browser still says the name it asked for; a name that is not ours is refused.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::([0-9]{1,5}))?", re.ASCII)


class Hosts:
    """The names that are ours.

    Loopback names always are.  names: further ones, without port.  addresses: whether any numeric address is fine, as
    is needed where the server listens on several; nobody can point one elsewhere.
    """

    def __init__(self, names: Iterable[str] = (), *, addresses: bool = False) -> None:
        self._names = {"localhost", *(name.lower().strip("[]").rstrip(".") for name in names)}
        self._addresses = addresses

    @classmethod
    def of(cls, bound: str, allowed: Iterable[str] = ()) -> Hosts:
        """For a server that listens on `bound`: its names, those of this machine, and those the user allows."""
        if is_loopback(bound):
            return cls(allowed)
        name = socket.gethostname()
        short = name.partition(".")[0]
        return cls([*allowed, bound, name, short, f"{short}.local"], addresses=True)

    def know(self, header: str) -> bool:
        """Whether the value of a Host header is one of ours, with any port: a tunnel may have another."""
        name = host_name(header)
        if name is None:
            return False
        address = _address(name)
        return name in self._names or (address is not None and (self._addresses or address.is_loopback))


@lru_cache(1000)
def host_name(header: str) -> str | None:
    """The name in a Host header, in lower case, without port and brackets; None when it is none."""
    found = _HOST.fullmatch(header.lower())
    if found is None or int(found[2] or 0) > 65535:
        return None
    name = found[1]
    if name.startswith("["):
        return name[1:-1] if isinstance(_address(name[1:-1]), IPv6Address) else None
    return name


@lru_cache(1000)
def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    address = _address(host.strip("[]"))
    return host.lower().rstrip(".") == "localhost" if address is None else address.is_loopback


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
