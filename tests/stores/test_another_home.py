"""A home that another package brings: a library there, from indexing to its pages, by its URL."""

from __future__ import annotations

import subprocess
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from imsearch.cli import main
from imsearch.engine.stores import registry
from imsearch.engine.stores.changes import Verdict
from imsearch.errors import LibraryError
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.guard.access import Access
from imsearch.webui.indexing import Indexing
from tests.make_pictures import BLUE, RED, plain
from tests.make_plugins import Plugins
from tests.stores.memory import MemoryHome

FAKE = """
from imsearch import hookimpl
from tests.fakes import colour_spec

@hookimpl
def imsearch_annotators():
    return [colour_spec()]
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    plain(folder / "red.png", RED)
    plain(folder / "blue.png", BLUE)
    plain(folder / "purple.png", (200, 0, 255))
    return folder


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a library in memory, whose files on this machine are in the folder "local/photos"."""
    monkeypatch.chdir(tmp_path)
    Plugins(tmp_path / "plugins", monkeypatch).add("fake", FAKE)
    monkeypatch.setenv("IMSEARCH_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("IMSEARCH_SEMANTIC", "off")
    monkeypatch.setenv("IMSEARCH_DEVICE", "cpu")
    monkeypatch.setattr(MemoryHome, "libraries", {})
    monkeypatch.setattr(MemoryHome, "folders", tmp_path / "local", raising=False)
    entry = EntryPoint("memory", f"{MemoryHome.__module__}:{MemoryHome.__name__}", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    return "memory://somebody:secret@attic/photos"


def test_from_indexing_to_the_pages(address: str, photos: Path, tmp_path: Path) -> None:
    settings = Settings(semantic="off", device="cpu")
    with pytest.raises(LibraryError, match=r"no library at memory://somebody:\*\*\*@attic/photos yet"):
        Library.open(address, settings)
    with Library.open(address, settings, create=True) as library:
        assert library.runs.index([photos]).annotated == 3
    with Library.open(Path(address), settings) as library:
        assert library.settings.library == address and library.scratch == tmp_path / "local" / "photos"
        last = library.runs.last_run()
        assert last is not None and last.counts["annotated"] == 3
        (red,) = library.search.query("red -blue").hits
        assert red.image.path == photos / "red.png" and library.facts.image(red.image.id) == red.image
        assert library.search.query("type:png width:>10 name:r*.png by:colours", facets=True).facets["type"]
        library.tags.correct([red.image.id], ["sunset"], Verdict.ADD)
        assert [hit.image.path for hit in library.search.query("sunset by:user sort:name").hits] == [red.image.path]
        similar = library.search.similar(red.image.id).hits
        assert [hit.image.path.name for hit in similar] == ["purple.png", "blue.png"]
        assert library.tags.undo().images == 1 and library.search.query("tag:sunset").total == 0
        assert library.health.verify() == [] and library.health.status().images == 3
        _browse(library, red.image.id)
    assert sorted(path.name for path in (tmp_path / "local" / "photos").iterdir()) == ["last-run.json", "thumbnails"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["local", "photos", "plugins"]


def _browse(library: Library, image: int) -> None:
    client = TestClient(create_app(library), base_url="http://localhost")
    assert client.get("/api/search", params={"q": "red"}).json()["total"] == 2
    assert client.get(f"/api/images/{image}/thumbnail").headers["content-type"] == "image/jpeg"
    told = client.get("/api/status")
    assert told.json()["library"] == "memory://somebody:***@attic/photos"
    for page in ("/", "/?q=red", f"/picture/{image}", "/tags", "/review", "/status"):
        answer = client.get(page)
        assert answer.status_code == 200 and "secret" not in answer.text
    assert "secret" not in told.text + client.get("/api/indexing").text


def test_its_tokens_are_local(address: str) -> None:
    with Library.open(address, Settings(semantic="off"), create=True) as library:
        token = Access(library.scratch).ensure_token()
        guarded = TestClient(create_app(library, access=Access(library.scratch)), base_url="http://localhost")
        assert guarded.get("/api/status").status_code == 401
        assert guarded.get("/api/status", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_runs_that_the_server_starts_have_no_password_in_their_arguments(
    address: str, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []

    def start(command: list[str], *, env: dict[str, str], **options: object) -> SimpleNamespace:
        started.append((command, env))
        return SimpleNamespace(poll=lambda: 0, returncode=0)

    with Library.open(address, Settings(semantic="off", device="cpu"), create=True) as library:
        library.runs.index([photos])
        with monkeypatch.context() as patched:
            patched.setattr(subprocess, "Popen", start)
            runs = Indexing(library)
            runs.start()
            runs.close()
    ((command, environment),) = started
    assert command[-1] == str(photos) and "secret" not in " ".join(command)
    assert environment["IMSEARCH_LIBRARY"] == address


def test_commands_take_its_address(
    address: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> str:
        capfd.readouterr()
        assert main(list(arguments)) == 0, capfd.readouterr().err
        out, err = capfd.readouterr()
        assert "secret" not in out + err
        return out

    run("index", str(photos), "--library", address)
    monkeypatch.setenv("IMSEARCH_LIBRARY", address)
    assert run("query", "red", "-blue", "--format", "paths") == f"{photos / 'red.png'}\n"
    run("tag", "add", str(photos / "red.png"), "sunset")
    assert run("query", "sunset", "--format", "paths") == f"{photos / 'red.png'}\n"
    assert run("similar", str(photos / "red.png"), "--format", "paths").splitlines()[0] == str(photos / "purple.png")
    assert "memory://somebody:***@attic/photos" in run("status")
    run("verify")
    run("rebuild")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["local", "photos", "plugins"]
