"""The option --ray where there is no cluster, or no Ray."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.indexer.ray_nodes import exit_code

pytestmark = [
    # Ray leaves files and sockets of its own to the garbage collector, and asks Python what it will not say any more.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("ray_on_path", "no_settings"),
]


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMSEARCH_CONFIG", os.fspath(tmp_path / "config.toml"))


def test_an_address_without_a_cluster_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imsearch.indexer.ray.ANSWER", 0.1)
    with socket.socket() as taken, socket.create_server(("127.0.0.1", 0)) as silent, another_server() as other:
        taken.bind(("127.0.0.1", 0))
        for address, why in (
            (f"127.0.0.1:{taken.getsockname()[1]}", "refused"),
            (f"127.0.0.1:{silent.getsockname()[1]}", "timed out"),
            (other, "something else answers there"),
            ("http://127.0.0.1", "an address is HOST:PORT"),
            ("ray://127.0.0.1:10001", "an address is HOST:PORT"),
        ):
            command = ["index", str(tmp_path), "--ray", address, "--library", str(tmp_path / "library")]
            assert exit_code(command) == 2
            told = capfd.readouterr().err
            assert f"No Ray cluster was found at {address}" in told and why in told
    assert not (tmp_path / "library").exists()


@contextmanager
def another_server() -> Iterator[str]:
    """Address of a web server."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_without_the_extra_it_is_told_what_to_install(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "imsearch.indexer.ray", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    command = ["index", str(tmp_path), "--library", str(tmp_path / "library")]
    assert exit_code([*command, "--ray", "127.0.0.1:6379"]) == 2
    assert "pip install 'imsearch-engine[ray]'" in capfd.readouterr().err
    assert exit_code([*command, "--ship-bytes"]) == 2
    assert not (tmp_path / "library").exists()
