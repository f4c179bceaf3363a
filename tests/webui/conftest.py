"""A small library behind the web application: in process, and on a loopback port for a real browser."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from imsearch.library import Library
from imsearch.plugins.manager import PluginManager, make_manager
from imsearch.settings import Settings
from imsearch.specs import AnnotatorSpec
from imsearch.webui.app import create_app
from tests.fakes import colour_spec
from tests.make_pictures import noise, plain
from tests.make_plugins import Plugins
from tests.patience import PATIENCE, wait_until

COLOURS = {
    "red.png": (255, 0, 0),
    "green.png": (0, 255, 0),
    "sub/blue.png": (0, 0, 255),
    "sub/yellow.png": (255, 255, 0),
    "grey.png": (90, 90, 90),
}
"""The fake annotator tags each with its channels: red.png is surely red, grey.png a little of all."""


def fake_plugins(*specs: AnnotatorSpec) -> PluginManager:
    """A manager of one plugin with these annotators, or only the fake one, "colours"."""
    from imsearch import hookimpl

    class Fake:
        @hookimpl
        def imsearch_annotators(self) -> list[object]:
            return list(specs) or [colour_spec()]

    entry = SimpleNamespace(name="fake", value="fake", dist=None, load=Fake)
    return make_manager([entry])  # type: ignore[list-item]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """The pictures of `COLOURS`, and noise.jpg of 1200 x 800."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for name, colour in COLOURS.items():
        plain(folder / name, colour, (640, 480))
    noise(folder / "noise.jpg", (1200, 800))
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(library=tmp_path / "library", semantic="off", device="cpu")


@pytest.fixture
def library(photos: Path, settings: Settings) -> Iterator[Library]:
    """The pictures, indexed; open for reading as the server has it."""
    with Library.open(settings=settings, create=True, plugins=fake_plugins()) as filling:
        filling.runs.index([photos])
    with Library.open(settings=settings, plugins=fake_plugins()) as opened:
        yield opened


@pytest.fixture
def ids(library: Library, photos: Path) -> dict[str, int]:
    """The pictures' numbers by name."""
    found = library.facts.identify(str(photos / name) for name in (*COLOURS, "noise.jpg"))
    return {str(Path(path).relative_to(photos)): image for path, image in found.items() if image}


def address(library: Library, path: Path) -> str:
    """Address of the original file of this picture."""
    image = library.facts.image(path)
    assert image is not None
    return f"/api/images/{image.id}/original"


@pytest.fixture
def noisy(library: Library, photos: Path) -> str:
    """Address of the file noise.jpg."""
    return address(library, photos / "noise.jpg")


@pytest.fixture
def app(library: Library) -> FastAPI:
    return create_app(library)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def serve() -> Iterator[Callable[[FastAPI], str]]:
    """Serves an application on a free loopback port; returns its address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: FastAPI) -> str:
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        wait_until(lambda: server.started or not thread.is_alive())
        assert thread.is_alive(), "the server did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


def chromium() -> str:
    """Debian's Chromium; missing it is a failure in CI and a skip elsewhere."""
    path = os.environ.get("IMSEARCH_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: .ci/run installs it")
        pytest.skip("no Chromium is installed (apt-get install chromium, or name one in IMSEARCH_CHROMIUM)")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; missing it is a failure in CI and a skip elsewhere.

    One for each module: as long as Playwright runs, asyncio takes this thread for one with a running event loop.
    """
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE * 1000)
        opened = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, serve: Callable[[FastAPI], str], app: FastAPI) -> Iterator[Page]:
    """A page of the served application; paths are relative to it.

    At the end of the test: nothing was written to the console, nothing failed, no other host was asked.  A test that
    provokes an error empties `page.problems` of it.
    """
    address = serve(app)
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            problems.append(f"console: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            problems.append(f"asked another host: {request.url}")

    opened.on("console", on_console)
    opened.on("pageerror", lambda error: problems.append(f"script: {error}"))
    opened.on("request", on_request)
    opened.problems = problems  # type: ignore[attr-defined]
    opened.set_default_timeout(PATIENCE * 1000)
    yield opened
    context.close()
    assert problems == []


def settings_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugin: str) -> Settings:
    """Those of a server whose runs, in processes of their own, have this plugin's annotator "colours"."""
    Plugins(tmp_path / "plugins", monkeypatch).add("fake", plugin)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "plugins"), str(Path(__file__).parents[2])]))
    monkeypatch.setenv("IMSEARCH_CONFIG", str(tmp_path / "config.toml"))
    return Settings(library=tmp_path / "library", semantic="off", device="cpu", annotators=("colours",))
