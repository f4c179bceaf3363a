"""On which addresses the server listens, and how they are shown."""

from __future__ import annotations

import socket

import pytest

from imsearch.webui.sockets import addresses, bind, close, only_here


def test_localhost_is_all_of_loopback() -> None:
    sockets = bind("localhost", 0)
    assert only_here(sockets)
    assert len({each.getsockname()[1] for each in sockets}) == 1
    assert addresses(sockets, "localhost") == [f"http://localhost:{sockets[0].getsockname()[1]}/"]
    close(sockets)


class Bound(socket.socket):
    """Says that it listens to everybody, and does not."""

    def getsockname(self) -> tuple[str, int]:
        return "0.0.0.0", 80


def test_an_address_for_everybody_is_shown_as_others_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsearch.webui.sockets._outward", lambda: ["192.168.1.20"])
    monkeypatch.setattr("socket.gethostname", lambda: "attic")
    with Bound() as bound:
        assert not only_here([bound])
        assert addresses([bound], "0.0.0.0") == ["http://192.168.1.20/", "http://attic/"]
        assert addresses([bound], "fe80::1") == ["http://[fe80::1]/"]


def test_a_port_can_be_used_again_at_once() -> None:
    first = bind("127.0.0.1", 0)
    port = first[0].getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        first[0].accept()[0].close()  # the end that closes first keeps the port for a while
    close(first)
    close(bind("127.0.0.1", port))
