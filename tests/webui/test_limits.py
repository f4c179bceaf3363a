"""What is sent here is limited in bytes and in time, also before a request is complete."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import repeat
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
import uvicorn
from fastapi import Body, FastAPI, UploadFile
from fastapi.testclient import TestClient

from imsearch.webui.guard import bodies, connections
from imsearch.webui.guard.bodies import Bodies, Limits
from imsearch.webui.guard.security import GuardedApp
from imsearch.webui.problems import handle_errors
from imsearch.webui.rendering import Pages
from tests.patience import PATIENCE, wait_until

PATIENT = Limits(upload=2000, other=1000, idle=PATIENCE, whole=PATIENCE, pace=100_000)
"""Small in bytes; nothing here takes so long, however busy the machine is."""
BOUNDARY = b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture(autouse=True)
def short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_LINGER", 0.2)


@pytest.fixture
def limits() -> Limits:
    return PATIENT


@pytest.fixture
def app(limits: Limits) -> FastAPI:
    """Takes JSON and uploads, within small limits."""
    made = GuardedApp([lambda inner: Bodies(inner, limits)])
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


async def answer(app: FastAPI, pieces: Iterator[bytes], last: bool) -> int:
    """The status of a request whose body comes in pieces; unless the `last` one ends it, nothing comes after them."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        if (body := next(pieces, None)) is not None:
            return {"type": "http.request", "body": body, "more_body": True}
        if not last:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

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
    await asyncio.wait_for(app(scope, receive, send), PATIENCE)
    return statuses[0]


@pytest.mark.parametrize(
    ("limits", "pieces", "last", "status"),
    [
        (PATIENT, lambda: iter([b"[", b"]"]), True, 200),
        (replace(PATIENT, idle=0.05), lambda: iter([b"["]), False, 408),  # nothing comes any more
        (replace(PATIENT, whole=0.2), lambda: repeat(b" "), False, 408),  # a byte now and then, for ever
    ],
)
def test_slow_bodies_are_given_up(app: FastAPI, pieces: Callable[[], Iterator[bytes]], last: bool, status: int) -> None:
    with ThreadPoolExecutor() as pool:  # in this thread the browser of other tests has a loop of its own
        assert pool.submit(lambda: asyncio.run(answer(app, pieces(), last))).result() == status


# -- connections


@pytest.fixture
def connect(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], socket.socket]]:
    """Opens connections to the application, served with patience until `no_patience` is called."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", PATIENCE)
    monkeypatch.setattr(connections, "REST_SECONDS", PATIENCE)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=connections.PatientProtocol, log_level="critical", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    opened: list[socket.socket] = []

    def one() -> socket.socket:
        opened.append(socket.create_connection(server.servers[0].sockets[0].getsockname(), timeout=PATIENCE))
        return opened[-1]

    yield one
    for each in opened:
        each.close()
    server.should_exit = True
    thread.join()


@pytest.fixture
def no_patience(connect: object, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, what the server waits for has to come nearly at once."""

    def lose() -> None:
        monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
        monkeypatch.setattr(connections, "REST_SECONDS", 0.3)

    return lose


Connect = Callable[[], socket.socket]


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server hangs up."""
    found = b""
    try:
        while part := connection.recv(4096):
            found += part
    except ConnectionResetError:
        pass
    return found


def test_whoever_says_nothing_is_hung_up_on(connect: Connect, no_patience: Callable[[], None]) -> None:
    no_patience()
    assert read_all(connect()) == b""


def test_a_head_that_never_ends_is_given_up(connect: Connect, no_patience: Callable[[], None]) -> None:
    no_patience()
    slow = connect()
    slow.sendall(b"GET /api/none HTTP/1.1\r\nHost: localhost\r\n")
    with pytest.raises(OSError):  # reset, or a broken pipe
        while True:
            slow.sendall(b"X-More: 1\r\n")
            time.sleep(0.05)  # slowly, but without end


def test_a_head_that_is_too_long_is_refused(connect: Connect) -> None:
    long = connect()
    long.sendall(b"GET /api/none HTTP/1.1\r\nHost: localhost\r\nX-More: " + b"x" * 80_000)
    assert read_all(long).startswith(b"HTTP/1.1 400 ")


def test_a_second_request_gets_the_same_patience(connect: Connect, no_patience: Callable[[], None]) -> None:
    kept = connect()
    kept.sendall(b"GET /api/none HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert kept.recv(4096).startswith(b"HTTP/1.1 404 ")
    no_patience()
    kept.sendall(b"GET /api/n")
    read_all(kept)


def test_a_body_that_nobody_waits_for_does_not_keep_the_connection(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REST_SECONDS", 0.3)
    waste = connect()
    waste.sendall(b"POST /api/none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n" + b"x" * 10)
    assert read_all(waste).startswith(b"HTTP/1.1 404 ")
