"""A server whose pages may add folders below a home of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.picking import Picker
from tests.make_pictures import plain
from tests.webui.conftest import fake_plugins, settings_of_runs

HERE = ("127.0.0.1", 5)


COLOURS = """
from imsearch import hookimpl
from tests.fakes import colour_spec

@hookimpl
def imsearch_annotators():
    return [colour_spec(seconds=0.05)]
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a server whose runs, in processes of their own, know the fake annotator."""
    return settings_of_runs(tmp_path, monkeypatch, COLOURS)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with twelve pictures in two folders, and what must not be seen."""
    home = tmp_path / "home"
    for name, count in (("Pictures/2023", 8), ("Pictures/2024", 4), (".secret", 6), ("Documents", 0), ("@eaDir", 6)):
        (home / name).mkdir(parents=True)
        for number in range(count):
            plain(home / name / f"{number}.png", (number, ord(name[-1]), 3))
    (home / "Pictures" / "notes.txt").write_text("no picture")
    (tmp_path / "outside").mkdir()
    return home


@pytest.fixture
def empty(settings: Settings) -> Iterator[Library]:
    Library.open(settings=settings, create=True).close()
    with Library.open(settings=settings, plugins=fake_plugins()) as opened:
        yield opened


@pytest.fixture
def picker(home: Path, settings: Settings) -> Picker:
    return Picker(Path(settings.library), usual=lambda: [home])


@pytest.fixture
def app(empty: Library, picker: Picker) -> FastAPI:
    return create_app(empty, picker=picker)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost:8000", client=HERE) as opened:
        yield opened
