"""Bind the addresses to listen on."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from imsearch.errors import ImsearchError
from imsearch.webui.guard.hosts import is_loopback

_TRIED = 100
"""Number of ports tried to find a free one."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets for all addresses of a host; port 0 takes a free one.  Raises ImsearchError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise ImsearchError(f"There is no address for the host {host!r}. Try --host 127.0.0.1.") from error
    bound: list[socket.socket] = []
    free = port
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                bound.append(_listen(family, (address[0], free, *address[2:])))
            except OSError as error:
                # "localhost" may resolve to an IPv6 address where there is no IPv6.
                if not bound or error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
            free = bound[0].getsockname()[1]
    except OSError as error:
        close(bound)
        raise ImsearchError(_why_not(host, port, error)) from error
    return bound


def close(sockets: list[socket.socket]) -> None:
    """Close the sockets."""
    for each in sockets:
        each.close()


def only_here(sockets: list[socket.socket]) -> bool:
    """Return True if no other device can reach them."""
    return all(is_loopback(each.getsockname()[0]) for each in sockets)


def addresses(sockets: list[socket.socket], host: str) -> list[str]:
    """Return the addresses to open in a browser, the best first.  host: as given by the user."""
    port = sockets[0].getsockname()[1]
    hosts = [*_outward(), socket.gethostname()] if host in ("0.0.0.0", "::") else [host]
    shown = [f"[{each}]" if ":" in each else each for each in hosts]
    return [f"http://{each}{'' if port == 80 else f':{port}'}/" for each in shown]


def _listen(family: int, address: tuple[Any, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # allows a port just released to be bound; on Windows it would share it
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # "::" covers every address, but "::1" beside 127.0.0.1 needs the port for itself
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
        made.bind(address)
        made.listen(2048)
    except OSError:
        made.close()
        raise
    return made


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        free = next((each for each in range(port + 1, min(port + _TRIED, 65536)) if _is_free(host, each)), 0)
        return (
            f"Port {port} is in use, perhaps by another imsearch. Port {free or 'that is chosen for you'} is free: "
            f"imsearch serve --port {free}"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine. Try --host 127.0.0.1, or 0.0.0.0 for all its addresses."
    if error.errno == errno.EACCES:
        return f"Port {port} needs administrator rights. Try one from 1024 on: imsearch serve --port 8000"
    return f"The server cannot listen on {host}, port {port}: {error.strerror}."


def _is_free(host: str, port: int) -> bool:
    try:
        close(bind(host, port))
    except ImsearchError:
        return False
    return True


def _outward() -> list[str]:
    """Return the address by which other devices reach this one, if it is in a network.  Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a reserved address
            found: str = probe.getsockname()[0]
        except OSError:
            return []
    return [found]
