"""What cannot be looked at is not taken for deleted."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imsearch.engine.engine import Engine
from imsearch.errors import ImsearchError
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.pipeline import index
from imsearch.indexer.report import Report, SilentObserver
from tests.fakes import colour_spec
from tests.make_pictures import plain


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
    report = index([photos], engine, [colour_spec()], IndexOptions(forget_missing=True))
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
def unreadable(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int = errno.EACCES) -> Iterator[None]:
    """Listing a folder is refused.  Taking its permissions away would not stop root, who runs many test machines."""
    scandir = os.scandir

    def refusing(path: Any) -> object:
        if Path(path) == folder:
            raise OSError(number, os.strerror(number), str(path))
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
        report = index([photos], engine, [colour_spec()], IndexOptions(forget_missing=True), observer=notes)
    assert (report.removed, report.unreadable) == (1, (photos / "sub",))
    assert notes.texts == [f"{photos / 'sub'} cannot be read; its pictures are kept"]
    assert set(engine.catalog.known_files(photos)) == {str(photos / "green.png"), str(photos / "sub" / "blue.png")}


def run(engine: Engine, folder: Path, *, forget: bool = False) -> tuple[Report, list[str]]:
    notes = Notes()
    report = index([folder], engine, [colour_spec()], IndexOptions(forget_missing=forget), observer=notes)
    return report, notes.texts


def put(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plain(path, seed=seed)


def empty(folder: Path) -> None:
    """A mount point without its disk: systems leave their own files there."""
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "lost+found").mkdir()
    (folder / ".Trash-1000").mkdir()
    (folder / "Thumbs.db").touch()


def test_a_disk_missing_below_the_folder_deletes_nothing_and_says_so(engine: Engine, photos: Path) -> None:
    put(photos / "sub" / "2023" / "deep.png", 5)
    run(engine, photos)
    (photos / "red.png").unlink()
    empty(photos / "sub")
    report, notes = run(engine, photos)
    assert (report.removed, report.unchanged, report.missing) == (1, 1, (photos / "sub",))
    assert not report.complete
    assert notes == [f"{photos / 'sub'} is empty; its 2 pictures are kept (an unplugged disk?)"]
    assert files(engine, photos) == 3
    report, notes = run(engine, photos, forget=True)
    assert (report.removed, report.missing, report.complete) == (2, (), True)
    assert notes == [f"{photos / 'sub'} is empty; its 2 pictures are forgotten"]
    report, notes = run(engine, photos)
    assert report.complete and not notes


def test_the_emptied_folder_alone_can_be_forgotten(engine: Engine, photos: Path) -> None:
    run(engine, photos)
    empty(photos / "sub")
    report, _ = run(engine, photos / "sub", forget=True)
    assert report.removed == 1
    assert run(engine, photos)[0].complete


def test_a_link_to_a_folder_that_is_not_there_deletes_nothing(engine: Engine, photos: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    (photos / "sub").rename(disk)
    (photos / "sub").symlink_to(disk)
    run(engine, photos)
    disk.rename(tmp_path / "unplugged")
    report, notes = run(engine, photos)
    assert (report.removed, report.missing) == (0, (photos / "sub",))
    assert notes == [f"{photos / 'sub'} is missing; its picture is kept (an unplugged disk?)"]
    assert run(engine, photos / "sub")[0].missing == (photos / "sub",)  # named itself, too
    (tmp_path / "unplugged").rename(disk)
    report, notes = run(engine, photos)
    assert (report.unchanged, report.read, notes) == (3, 0, [])
    disk.rename(tmp_path / "unplugged")
    assert run(engine, photos, forget=True)[0].removed == 1


def test_links_to_files_that_are_not_there_are_kept(engine: Engine, photos: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    for number in range(2):
        plain(disk / f"{number}.png", seed=number)
        (photos / f"{number}.png").symlink_to(disk / f"{number}.png")
    run(engine, photos)
    disk.rename(tmp_path / "unplugged")
    report, notes = run(engine, photos)
    assert (report.failed, report.removed, report.missing) == (0, 0, (photos,))
    assert notes == [f"{photos} leads to files that cannot be reached; its 2 pictures are kept (an unplugged disk?)"]
    assert files(engine, photos) == 5
    assert run(engine, photos, forget=True)[0].failed == 2


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOTCONN])
def test_a_disk_that_does_not_answer_is_forgotten_on_demand_only(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    run(engine, photos)
    with unreadable(photos / "sub", monkeypatch, number):
        report, notes = run(engine, photos)
        assert (report.removed, report.unreadable) == (0, (photos / "sub",))
        assert notes == [f"{photos / 'sub'} cannot be read; its pictures are kept"]
        report, notes = run(engine, photos, forget=True)
        assert report.removed == 1
        assert notes == [f"{photos / 'sub'} does not answer; its picture is forgotten"]


def test_a_disk_whose_folder_went_with_it_deletes_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = tmp_path / "media"
    put(media / "anna" / "USB" / "trip" / "a.png", 1)
    put(media / "anna" / "SSD" / "b.png", 2)
    put(media / "anna" / "SSD" / "old" / "c.png", 3)
    monkeypatch.setattr("imsearch.indexer.absent.DISKS", {str(media): 2})
    run(engine, media)
    (media / "anna" / "USB").rename(tmp_path / "unplugged")
    shutil.rmtree(media / "anna" / "SSD" / "old")  # deleted from a disk that is there
    report, _ = run(engine, media)
    assert (report.removed, report.missing) == (1, (media / "anna" / "USB",))
    assert files(engine, media) == 2


def test_what_was_moved_out_of_a_folder_is_not_missing(engine: Engine, photos: Path) -> None:
    run(engine, photos)
    (photos / "sub" / "blue.png").rename(photos / "blue.png")
    report, notes = run(engine, photos)
    assert (report.moved, report.removed, report.missing, notes) == (1, 0, (), [])
    assert files(engine, photos) == 3


def test_a_folder_that_never_held_a_picture_is_no_disk(engine: Engine, photos: Path) -> None:
    run(engine, photos)
    (photos / "new").mkdir()
    (photos / "nowhere").symlink_to(photos / "is not there")
    report, notes = run(engine, photos)
    assert report.complete and not notes


def test_many_such_folders_are_told_briefly(engine: Engine, photos: Path) -> None:
    for number in range(30):
        put(photos / f"{number:02}" / "a.png", number + 10)
    run(engine, photos)
    for number in range(30):
        (photos / f"{number:02}" / "a.png").unlink()
    report, notes = run(engine, photos)
    assert len(report.missing) == 30
    assert len(notes) == 11 and notes[-1] == "The same is true of 20 more folders"
