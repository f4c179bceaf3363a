"""A private library, a folder of pictures, and counters of what indexing costs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imsearch.engine.engine import Engine
from imsearch.languages.lexicon import Lexicon
from imsearch.pictures import tasks
from imsearch.pictures.picture import Picture, read_picture
from tests.make_pictures import BLUE, GREEN, RED, plain


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(tmp_path / "library", Lexicon(), write=True, create=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def ray_on_path() -> Iterator[None]:
    """Ray's own copies of other packages are on ``sys.path``, where it puts them, for these tests only."""
    import ray

    folder = os.fspath(Path(ray.__file__).parent / "thirdparty_files")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    yield
    while folder in sys.path:
        sys.path.remove(folder)


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
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are decoded while the test runs, in no particular order."""
    paths: list[Path] = []

    def spy(path: Path, *arguments: Any, **options: Any) -> Picture:
        paths.append(path)
        return read_picture(path, *arguments, **options)

    monkeypatch.setattr(tasks, "read_picture", spy)
    return paths
