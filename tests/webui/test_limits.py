"""What is sent here is limited in bytes and in time, also before a request is complete."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
import uvicorn
from fastapi import Body, FastAPI, UploadFile
from fastapi.testclient import TestClient

from imsearch.webui import bodies, connections
from imsearch.webui.bodies import Bodies, Limits
from imsearch.webui.problems import handle_errors
from imsearch.webui.rendering import Pages
from imsearch.webui.security import GuardedApp

SMALL = Limits(upload=2000, other=1000, idle=0.05, whole=0.2, pace=100_000)
BOUNDARY = b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture(autouse=True)
def short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_LINGER", 0.2)


@pytest.fixture
def app() -> FastAPI:
    """Takes JSON and uploads, within small limits."""
    made = GuardedApp([lambda inner: Bodies(inner, SMALL)])
    made.state.site = SimpleNamespace(pages=Pages())
    handle_errors(made)

    @made.post("/api/json")
    def take(value: Annotated[Any, Body()]) -> int:
        return len(str(value))

    @made.post("/api/upload")
    def upload(file: UploadFile) -> int:
        return len(file.file.read())

    @made.post("/upload")
    def page_upload(file: UploadFile) -> int:
        return len(file.file.read())

    return made


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False) as opened:
        yield opened


def chunks(size: int, of: int = 100) -> Iterator[bytes]:
    """A body of so many bytes, of which no Content-Length tells."""
    yield b'"'
    for _ in range((size - 2) // of):
        yield b"x" * of
    yield b"x" * ((size - 2) % of) + b'"'


@pytest.mark.parametrize("declared", [True, False])
def test_large_bodies_are_refused(client: TestClient, declared: bool) -> None:
    def send(size: int) -> Any:
        content = b"".join(chunks(size)) if declared else chunks(size)
        return client.post("/api/json", content=content, headers={"Content-Type": "application/json"})

    assert send(1000).json() == 998
    refused = send(1001)
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["connection"] == "close"
    assert "at most 0.001 MB" in refused.json()["detail"]


def test_files_may_be_larger_but_below_the_api_only(client: TestClient) -> None:
    def send(path: str, size: int) -> Any:
        return client.post(path, content=iter([BOUNDARY, b"y" * size, b"\r\n--x--\r\n"]), headers=FORM)

    assert send("/api/upload", 1500).json() == 1500
    assert send("/api/upload", 2001).status_code == 413
    assert send("/upload", 1500).status_code == 413


def test_what_is_announced_as_too_large_is_not_waited_for(client: TestClient) -> None:
    headers = {"Content-Length": "5000", "Expect": "100-continue", "Content-Type": "application/json"}
    assert client.post("/api/json", content=b"", headers=headers).status_code == 413


async def answer(app: FastAPI, pieces: list[tuple[float, bytes]]) -> tuple[int, float]:
    """The status of a request whose body comes in pieces, each after some seconds; and how long it took."""
    statuses: list[int] = []
    left = list(pieces)

    async def receive() -> dict[str, Any]:
        wait, body = left.pop(0) if left else (60.0, b"")
        await asyncio.sleep(wait)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/json",
        "raw_path": b"/api/json",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "http_version": "1.1",
    }
    began = time.monotonic()
    await app(scope, receive, send)
    return statuses[0], time.monotonic() - began


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([(0.0, b"["), (0.01, b"]")], 200),
        ([(0.0, b"["), (60.0, b"]")], 408),  # nothing comes any more
        ([(0.03, b" ")] * 40, 408),  # a byte now and then
    ],
)
def test_slow_bodies_are_given_up(app: FastAPI, pieces: list[tuple[float, bytes]], status: int) -> None:
    with ThreadPoolExecutor() as pool:  # in this thread the browser of other tests has a loop of its own
        found, seconds = pool.submit(lambda: asyncio.run(answer(app, pieces))).result()
    assert found == status
    assert seconds < 30


# -- connections


@pytest.fixture
def connect(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], socket.socket]]:
    """Opens connections to the application, served with little patience."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connections, "REST_SECONDS", 0.3)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=connections.PatientProtocol, log_level="critical", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    opened: list[socket.socket] = []

    def one() -> socket.socket:
        opened.append(socket.create_connection(server.servers[0].sockets[0].getsockname(), timeout=20))
        return opened[-1]

    yield one
    for each in opened:
        each.close()
    server.should_exit = True
    thread.join()


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server hangs up."""
    found = b""
    try:
        while part := connection.recv(4096):
            found += part
    except ConnectionResetError:
        pass
    return found


def test_whoever_says_nothing_is_hung_up_on(connect: Callable[[], socket.socket]) -> None:
    assert read_all(connect()) == b""


def test_a_head_that_never_ends_is_given_up(connect: Callable[[], socket.socket]) -> None:
    slow = connect()
    slow.sendall(b"GET /api/none HTTP/1.1\r\nHost: localhost\r\n")
    with pytest.raises(OSError):  # reset, or a broken pipe
        for _ in range(200):
            slow.sendall(b"X-More: 1\r\n")
            time.sleep(0.05)


def test_a_head_that_is_too_long_is_refused(connect: Callable[[], socket.socket]) -> None:
    long = connect()
    long.sendall(b"GET /api/none HTTP/1.1\r\nHost: localhost\r\nX-More: " + b"x" * 80_000)
    assert read_all(long).startswith(b"HTTP/1.1 400 ")


def test_a_second_request_gets_the_same_patience(connect: Callable[[], socket.socket]) -> None:
    kept = connect()
    kept.sendall(b"GET /api/none HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert kept.recv(4096).startswith(b"HTTP/1.1 404 ")
    kept.sendall(b"GET /api/n")
    read_all(kept)


def test_a_body_that_nobody_waits_for_does_not_keep_the_connection(connect: Callable[[], socket.socket]) -> None:
    waste = connect()
    waste.sendall(b"POST /api/none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n" + b"x" * 10)
    assert read_all(waste).startswith(b"HTTP/1.1 404 ")
