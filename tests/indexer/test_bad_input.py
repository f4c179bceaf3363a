"""Odd and broken files, odd names, links, pipes: each is indexed or ends in a recorded reason, and the rest goes on."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imsearch.engine.engine import Engine
from imsearch.indexer import read
from imsearch.indexer.item import Item
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.pipeline import index
from imsearch.pictures.decoders import InProcess
from tests.fakes import colour_spec
from tests.make_pictures import BLUE, GREEN, RED, WHITE, broken_pictures, odd_pictures, plain


def reasons(engine: Engine) -> dict[str, str]:
    return {failure.path.name: failure.reason for failure in engine.catalog.failures()}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_every_odd_picture_is_indexed_and_every_broken_one_recorded(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name, data in (odd_pictures() | broken_pictures()).items():
        (folder / name).write_bytes(data)
    report = index([folder], engine, [colour_spec()])
    assert set(reasons(engine)) == set(broken_pictures()) == {failure.path.name for failure in report.failures}
    assert all(reasons(engine).values())
    assert report.failed == len(broken_pictures())
    assert report.new == report.annotated == len(odd_pictures())
    rotated = engine.catalog.image(folder / "rotated.jpg")
    assert rotated is not None and (rotated.width, rotated.height) == (64, 48)
    again = index([folder], engine, [colour_spec()])
    assert (again.failed, again.unchanged) == (len(broken_pictures()), len(odd_pictures()))


def test_a_mended_file_loses_its_failure(engine: Engine, photos: Path) -> None:
    (photos / "later.png").write_bytes(b"half a file")
    index([photos], engine, [colour_spec()])
    assert set(reasons(engine)) == {"later.png"}
    plain(photos / "later.png", BLUE, seed=1)
    assert index([photos], engine, [colour_spec()]).new == 1
    assert reasons(engine) == {}
    (photos / "broken.png").write_bytes(b"half a file")
    index([photos], engine, [colour_spec()])
    (photos / "broken.png").unlink()
    index([photos], engine, [colour_spec()])
    assert reasons(engine) == {}


def test_copies_of_broken_bytes_are_all_recorded(engine: Engine, photos: Path) -> None:
    for number in range(3):
        (photos / f"broken{number}.png").write_bytes(broken_pictures()["truncated.png"])
    assert index([photos], engine, [colour_spec()]).failed == 3
    assert len(reasons(engine)) == 3


def test_odd_names(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    names = [
        b"with space.png",
        b"new\nline.png",
        "emoji \N{CAT FACE}.PNG".encode(),
        b"not utf-8 \xff\xe9.png",
        b"-n.png",
    ]
    for number, name in enumerate(names):
        plain(folder / os.fsdecode(name), RED, seed=number + 1)
    report = index([folder], engine, [colour_spec()])
    assert (report.new, report.failed) == (5, 0)
    hits = engine.finder.search("red", min_score=0.5).hits
    assert {os.fsencode(hit.image.path.name) for hit in hits} == set(names)
    assert index([folder], engine, [colour_spec()]).unchanged == 5


def test_links(engine: Engine, photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    plain(other / "elsewhere.png", RED, seed=9)
    (photos / "round").symlink_to(photos)
    (photos / "sub" / "up").symlink_to("..")
    (photos / "again").symlink_to(photos / "sub")
    (photos / "outside").symlink_to(other)
    (photos / "link.png").symlink_to(photos / "red.png")
    (photos / "dangling.png").symlink_to("nowhere.png")
    (photos / "self.png").symlink_to("self.png")
    report = index([photos], engine, [colour_spec()])
    assert reasons(engine) == {
        "dangling.png": "it is a link to a file that is not there",
        "self.png": "it is a link that leads back to itself",
    }
    assert (report.new, report.copied, report.failed) == (4, 1, 2)
    known = {str(Path(path).relative_to(photos)) for path in engine.catalog.known_files(photos)}
    assert known == {
        *("red.png", "green.png", "sub/blue.png", "outside/elsewhere.png"),
        *("link.png", "dangling.png", "self.png"),
    }


def test_pipes_and_sockets_do_not_hang(engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(photos / "pipe.png")
    monkeypatch.chdir(photos)  # the path of a socket has a short limit
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
        report = index([photos], engine, [colour_spec()])
    assert set(reasons(engine)) == {"pipe.png", "socket.png"}
    assert report.new == 3
    assert (
        "a pipe" in read.read_bytes(Item(photos / "pipe.png", 1, 1), InProcess()).reason
    )  # took a file's place after the scan


def test_files_without_permission(engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def refusing(path: Any, *args: Any, **options: Any) -> int:
        if str(path).endswith("red.png"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **options)

    monkeypatch.setattr("imsearch.indexer.read.os.open", refusing)
    report = index([photos], engine, [colour_spec()])
    assert reasons(engine) == {"red.png": "it cannot be opened: Permission denied"}
    assert (report.new, report.failed) == (2, 1)
    monkeypatch.undo()
    assert index([photos], engine, [colour_spec()]).new == 1


def test_a_disk_that_goes_away_during_a_run_loses_nothing(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index([photos], engine, [colour_spec()])
    plain(photos / "new.png", WHITE)
    opened = os.open

    def refusing(path: Any, *args: Any, **options: Any) -> int:
        if str(path).endswith(".png"):
            raise OSError(errno.EIO, "Input/output error", str(path))
        return opened(path, *args, **options)

    monkeypatch.setattr("imsearch.indexer.read.os.open", refusing)
    report = index([photos], engine, [colour_spec(version="2")])
    assert (report.failed, report.complete) == (4, False)
    assert engine.catalog.image(photos / "red.png") is not None  # known pictures stay known, where they are
    assert set(reasons(engine)) == {"new.png"}
    monkeypatch.undo()
    report = index([photos], engine, [colour_spec(version="2")])
    assert (report.new, report.annotated, report.failed) == (1, 4, 0)


READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from imsearch.indexer.item import Item
from imsearch.indexer.read import read_bytes
from imsearch.indexer.scan import Scanner
from imsearch.pictures.decoders import InProcess
os.setuid(65534)
scanner = Scanner()
list(scanner.scan([Path(sys.argv[1])]))
print([(f.path.rpartition("/")[2], read_bytes(Item(Path(f.path), f.size, 0), InProcess()).reason)
       for f in scanner.found.files])
print([path.name for path in scanner.found.unreadable])
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_real_permissions() -> None:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    try:
        folder.chmod(0o755)
        plain(folder / "fine.png")
        plain(folder / "secret.png").chmod(0)
        (folder / "closed").mkdir(mode=0o700)
        done = subprocess.run(
            [sys.executable, "-c", READ_AS_NOBODY, folder], capture_output=True, text=True, check=True
        )
    finally:
        shutil.rmtree(folder)
    assert done.stdout.splitlines() == [
        "[('fine.png', ''), ('secret.png', 'it cannot be opened: Permission denied')]",
        "['closed']",
    ]


def during_reading(monkeypatch: pytest.MonkeyPatch, action: Callable[[Path], None]) -> None:
    """Do something to each file right after its bytes were read."""
    fstat = os.fstat
    seen: list[int] = []

    def acting(descriptor: int) -> os.stat_result:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.suffix == ".png":
            seen.append(descriptor)
            if len(seen) % 2 == 0:
                action(path)
        return fstat(descriptor)

    monkeypatch.setattr("imsearch.indexer.read.os.fstat", acting)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds the name of an open file by Linux's means")
def test_a_file_that_changes_once_is_read_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plain(tmp_path / "a.png", RED)
    changes = [BLUE]

    def change(path: Path) -> None:
        if changes:
            plain(path, changes.pop())

    during_reading(monkeypatch, change)
    report = index([path], engine, [colour_spec()], IndexOptions(workers=1))
    assert (report.new, report.failed) == (1, 0)
    assert [hit.image.path for hit in engine.finder.search("blue", min_score=0.5).hits] == [path]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds the name of an open file by Linux's means")
def test_a_file_that_keeps_changing_is_recorded(engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def grow(path: Path) -> None:
        if path.name == "red.png":
            path.write_bytes(path.read_bytes() + b"more")

    during_reading(monkeypatch, grow)
    report = index([photos], engine, [colour_spec()], IndexOptions(workers=1))
    assert (report.new, report.failed) == (2, 1)
    assert "changes while it is being read" in reasons(engine)["red.png"]


def test_a_file_that_vanishes_is_recorded_and_gone_next_time(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = read._read_once

    def vanishing(item: Item) -> object:
        if item.path.name == "red.png":
            item.path.unlink()
        return once(item)

    monkeypatch.setattr(read, "_read_once", vanishing)
    report = index([photos], engine, [colour_spec()])
    assert reasons(engine) == {"red.png": "it cannot be opened: No such file or directory"}
    assert report.new == 2
    monkeypatch.undo()
    assert index([photos], engine, [colour_spec()]).removed == 1
    assert reasons(engine) == {}


def test_huge_files_are_refused_unread(engine: Engine, photos: Path) -> None:
    with (photos / "huge.tif").open("wb") as file:
        file.truncate(read.MAX_BYTES + 1)  # sparse: takes no room
    index([photos], engine, [colour_spec()])
    assert "more than 1,073,741,824 are refused" in reasons(engine)["huge.tif"]


def test_a_picture_named_green_is_found_after_all_this(engine: Engine, photos: Path) -> None:
    (photos / "a.png").write_bytes(b"")
    plain(photos / "z.png", GREEN, seed=3)
    index([photos], engine, [colour_spec()])
    assert {hit.image.path.name for hit in engine.finder.search("green", min_score=0.5).hits} == {"green.png", "z.png"}
