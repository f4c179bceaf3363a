"""A private library, an installed fake annotator, and a way to run commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imsearch.cli import main
from tests.make_pictures import BLUE, GREEN, RED, plain
from tests.make_plugins import Plugins

FAKE = """
from imsearch import hookimpl
from tests.fakes import Calls, colour_spec

calls = Calls()

@hookimpl
def imsearch_annotators():
    return [colour_spec(calls)]
"""


@dataclass(frozen=True)
class Ran:
    """The exit code of a command and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command line against a private library, without reading the configuration of whoever tests."""
    monkeypatch.setenv("IMSEARCH_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("IMSEARCH_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("IMSEARCH_SEMANTIC", "off")

    def call(*arguments: str | Path) -> Ran:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ran(code, *capfd.readouterr())

    return call


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    """Only the plugins that a test installs; the fake annotator "colours" is one already."""
    installed = Plugins(tmp_path / "plugins", monkeypatch)
    installed.add("fake", FAKE)
    return installed


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with red.png, green.png and sub/blue.png."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    plain(folder / "red.png", RED)
    plain(folder / "green.png", GREEN)
    plain(folder / "sub" / "blue.png", BLUE)
    return folder


@pytest.fixture
def indexed(run: Run, plugins: Plugins, photos: Path) -> Path:
    """The same folder, indexed."""
    assert run("index", photos).code == 0
    return photos
