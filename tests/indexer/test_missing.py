"""What cannot be looked at is not taken for deleted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imsearch.engine.engine import Engine
from imsearch.errors import ImsearchError
from imsearch.indexer.pipeline import index
from imsearch.indexer.report import SilentObserver
from tests.fakes import colour_spec


class Notes(SilentObserver):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


def files(engine: Engine, folder: Path) -> int:
    return len(engine.catalog.known_files(folder))


def test_a_missing_folder_deletes_nothing_and_says_so(engine: Engine, photos: Path) -> None:
    index([photos], engine, [colour_spec()])
    photos.rename(photos.with_name("unplugged"))
    notes = Notes()
    report = index([photos], engine, [colour_spec()], observer=notes)
    assert (report.removed, report.missing) == (0, (photos,))
    assert not report.complete
    assert notes.texts == [f"{photos} is missing; its 3 pictures are kept (an unplugged disk?)"]
    assert files(engine, photos) == 3


def test_an_empty_folder_deletes_nothing_and_says_so(engine: Engine, photos: Path) -> None:
    index([photos], engine, [colour_spec()])
    shutil.rmtree(photos)
    photos.mkdir()  # the mount point of an unplugged disk
    notes = Notes()
    report = index([photos], engine, [colour_spec()], observer=notes)
    assert (report.removed, report.missing) == (0, (photos,))
    assert "is empty" in notes.texts[0]
    assert files(engine, photos) == 3


@pytest.mark.parametrize("left", ["missing", "empty"])
def test_missing_pictures_are_forgotten_on_demand(engine: Engine, photos: Path, left: str) -> None:
    index([photos], engine, [colour_spec()])
    shutil.rmtree(photos)
    if left == "empty":
        photos.mkdir()
    report = index([photos], engine, [colour_spec()], forget_missing=True)
    assert (report.removed, report.missing) == (3, ())
    assert files(engine, photos) == 0


def test_an_unknown_path_is_refused_before_anything_is_done(engine: Engine, photos: Path) -> None:
    before = engine.catalog.state()
    with pytest.raises(ImsearchError, match="nowhere does not exist"):
        index([photos, photos / "nowhere"], engine, [colour_spec()])
    assert engine.catalog.state() == before
    assert files(engine, photos) == 0


def test_an_empty_folder_that_is_not_known_is_fine(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    report = index([tmp_path / "new"], engine, [colour_spec()])
    assert report.complete and report.new == 0


@contextmanager
def unreadable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Listing a folder is refused.  Taking its permissions away would not stop root, who runs many test machines."""
    scandir = os.scandir

    def refusing(path: Any) -> object:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr("imsearch.indexer.scan.os.scandir", refusing)
        yield


def test_an_unreadable_subfolder_deletes_nothing_and_says_so(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index([photos], engine, [colour_spec()])
    (photos / "red.png").unlink()
    (photos / "sub" / "blue.png").unlink()
    notes = Notes()
    with unreadable(photos / "sub", monkeypatch):
        report = index([photos], engine, [colour_spec()], observer=notes, forget_missing=True)
    assert (report.removed, report.unreadable) == (1, (photos / "sub",))
    assert notes.texts == [f"{photos / 'sub'} cannot be read; its pictures are kept"]
    assert set(engine.catalog.known_files(photos)) == {str(photos / "green.png"), str(photos / "sub" / "blue.png")}
