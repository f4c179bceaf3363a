"""A raw file and the JPEG (or HEIC) of the same shot are one picture with two files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.search.duplicates import find_groups
from imsearch.indexer import pairs
from imsearch.indexer.pipeline import index
from imsearch.indexer.report import Report, SilentObserver
from imsearch.pictures.formats import SUFFIXES
from imsearch.pictures.raw import RAW_SUFFIXES
from imsearch.records import Image
from imsearch.webui.thumbs.copies import Copies, NoCopyError
from tests.fakes import Calls, colour_spec
from tests.make_pictures import encoded, quarters
from tests.make_raw import dng

JPEG, OTHER_JPEG = encoded(quarters(), "JPEG"), encoded(quarters((128, 96)), "JPEG")


class Notes(SilentObserver):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def run(engine: Engine, calls: Calls, notes: Notes) -> Callable[..., Report]:
    """Index some folders or files."""
    return lambda *paths: index(paths, engine, [colour_spec(calls)], observer=notes)


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """A folder with IMG_1.JPG and img_1.dng."""
    (folder := tmp_path / "shots").mkdir()
    (folder / "IMG_1.JPG").write_bytes(JPEG)
    dng(folder / "img_1.dng", quarters((640, 480)))
    return folder


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As without what reads raw files."""
    monkeypatch.setattr(pairs, "SUFFIXES", SUFFIXES - RAW_SUFFIXES)


def image(engine: Engine, path: Path) -> Image:
    found = engine.catalog.image(path)
    assert found is not None
    return found


def assert_paired(engine: Engine, jpeg: Path, raw: Path) -> None:
    found = image(engine, jpeg)
    assert (found.files, found.companions, found.format) == ((jpeg,), (raw,), "JPEG")
    assert found.bytes == jpeg.stat().st_size and image(engine, raw) == found


def assert_alone(engine: Engine, path: Path, format: str) -> None:
    found = image(engine, path)
    assert (found.files, found.companions, found.format) == ((path,), (), format)


def test_the_jpeg_is_looked_at_and_the_raw_file_is_one_of_its_files(
    engine: Engine, run: Callable[..., Report], shots: Path, calls: Calls
) -> None:
    report = run(shots)
    assert (report.new, report.annotated, report.failed, calls.annotated) == (1, 1, 0, 1)
    assert_paired(engine, shots / "IMG_1.JPG", shots / "img_1.dng")
    assert engine.status().images == 1 and engine.status().files == 2
    again = run(shots)
    assert (again.unchanged, again.new, again.read, again.removed) == (1, 0, 0, 0)
    assert_paired(engine, shots / "IMG_1.JPG", shots / "img_1.dng")


@pytest.mark.usefixtures("without_extra")
def test_a_pair_needs_nothing_that_reads_raw_files(
    engine: Engine, run: Callable[..., Report], shots: Path, notes: Notes
) -> None:
    (shots / "img_1.dng").rename(shots / "img_1.CR2")
    (shots / "img_1.CR2").write_bytes(b"rubbish")
    run(shots)
    assert_paired(engine, shots / "IMG_1.JPG", shots / "img_1.CR2")
    assert not notes.said


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_raw_files_of_no_pair_are_told(
    engine: Engine, run: Callable[..., Report], shots: Path
) -> None:
    (shots / "IMG_1.JPG").unlink()
    shutil.copy(shots / "img_1.dng", shots / "img_2.dng")
    report = run(shots)
    assert (report.new, report.failed, report.complete) == (0, 0, True)
    assert report.not_read == {"raw": {"dng": 2}}


def test_a_heic_counts_like_a_jpeg_and_a_jpeg_before_it(
    engine: Engine, run: Callable[..., Report], shots: Path
) -> None:
    (shots / "IMG_1.JPG").unlink()
    (shots / "IMG_1.HEIC").write_bytes(encoded(quarters(), "HEIF"))
    run(shots)
    assert image(engine, shots / "img_1.dng").format == "HEIF"
    (shots / "img_1.jpeg").write_bytes(JPEG)
    run(shots)
    assert image(engine, shots / "img_1.dng").format == "JPEG"
    assert_alone(engine, shots / "IMG_1.HEIC", "HEIF")


@pytest.mark.parametrize("name", ["IMG_1.png", "IMG_10.JPG", "IMG_1.CR2.jpg", "sub/IMG_1.JPG", ".IMG_1.JPG"])
def test_others_make_no_pair(engine: Engine, run: Callable[..., Report], shots: Path, name: str) -> None:
    (shots / "sub").mkdir()
    (shots / "IMG_1.JPG").rename(shots / name)
    run(shots)
    assert_alone(engine, shots / "img_1.dng", "RAW")


def test_when_the_jpeg_goes_the_raw_file_is_a_picture_of_its_own(
    engine: Engine, run: Callable[..., Report], shots: Path, calls: Calls
) -> None:
    run(shots)
    (shots / "IMG_1.JPG").unlink()
    report = run(shots)
    assert (report.new, report.removed, calls.annotated) == (1, 1, 2)
    assert_alone(engine, shots / "img_1.dng", "RAW")
    assert run(shots).unchanged == 1 and engine.status().images == 1


@pytest.mark.usefixtures("without_extra")
def test_when_the_jpeg_goes_nothing_is_left_that_cannot_be_read(
    engine: Engine, run: Callable[..., Report], shots: Path
) -> None:
    run(shots)
    (shots / "IMG_1.JPG").unlink()
    run(shots)
    assert engine.status().images == 0 and engine.status().files == 0


def test_a_jpeg_that_goes_when_it_is_named_alone_takes_its_raw_file_along_until_the_next_run(
    engine: Engine, run: Callable[..., Report], shots: Path
) -> None:
    (shots / "other.jpg").write_bytes(OTHER_JPEG)
    run(shots)
    (shots / "IMG_1.JPG").unlink()
    run(shots / "IMG_1.JPG")
    assert engine.catalog.image(shots / "img_1.dng") is None and engine.status().files == 1
    run(shots)
    assert_alone(engine, shots / "img_1.dng", "RAW")


def test_a_jpeg_that_comes_later_is_joined(engine: Engine, run: Callable[..., Report], shots: Path) -> None:
    (shots / "IMG_1.JPG").unlink()
    run(shots)
    assert_alone(engine, shots / "img_1.dng", "RAW")
    (shots / "IMG_1.JPG").write_bytes(JPEG)
    report = run(shots)
    assert (report.new, report.removed) == (1, 0) and engine.status().images == 1
    assert_paired(engine, shots / "IMG_1.JPG", shots / "img_1.dng")


def test_an_edited_jpeg_keeps_its_raw_file(engine: Engine, run: Callable[..., Report], shots: Path) -> None:
    run(shots)
    (shots / "IMG_1.JPG").write_bytes(OTHER_JPEG)
    assert run(shots).updated == 1
    assert_paired(engine, shots / "IMG_1.JPG", shots / "img_1.dng")
    assert engine.status().images == 1


def test_an_edited_or_deleted_raw_file_is_noticed(engine: Engine, run: Callable[..., Report], shots: Path) -> None:
    run(shots)
    with (shots / "img_1.dng").open("ab") as file:
        file.write(b"more")
    assert run(shots).unchanged == 1
    assert_paired(engine, shots / "IMG_1.JPG", shots / "img_1.dng")
    (shots / "img_1.dng").unlink()
    report = run(shots)
    assert (report.unchanged, report.removed) == (1, 0)
    assert_alone(engine, shots / "IMG_1.JPG", "JPEG")


def test_a_folder_that_moves_takes_the_pair_along(
    engine: Engine, run: Callable[..., Report], shots: Path, calls: Calls
) -> None:
    run(shots)
    moved = shots / "2024"
    moved.mkdir()
    for name in ("IMG_1.JPG", "img_1.dng"):
        (shots / name).rename(moved / name)
    report = run(shots)
    assert (report.moved, report.new, calls.annotated) == (1, 0, 1)
    assert_paired(engine, moved / "IMG_1.JPG", moved / "img_1.dng")


def test_a_disk_that_is_away_keeps_the_pair(engine: Engine, run: Callable[..., Report], shots: Path) -> None:
    run(shots)
    away = shots.rename(shots.with_name("away"))
    run(shots)
    assert engine.status().files == 2
    away.rename(shots)
    run(shots)
    assert_paired(engine, shots / "IMG_1.JPG", shots / "img_1.dng")


def test_a_raw_file_named_alone_stays_with_its_picture(
    engine: Engine, run: Callable[..., Report], shots: Path, calls: Calls
) -> None:
    run(shots)
    run(shots / "img_1.dng")
    assert_paired(engine, shots / "IMG_1.JPG", shots / "img_1.dng")
    assert calls.annotated == 1


def test_a_raw_file_beside_a_damaged_jpeg_is_read_itself(
    engine: Engine, run: Callable[..., Report], shots: Path
) -> None:
    (shots / "IMG_1.JPG").write_bytes(b"rubbish")
    run(shots)
    run(shots)
    assert_alone(engine, shots / "img_1.dng", "RAW")
    (shots / "IMG_1.JPG").write_bytes(JPEG)
    run(shots)
    run(shots)
    assert_paired(engine, shots / "IMG_1.JPG", shots / "img_1.dng")


def test_raw_files_of_a_pair_are_no_copies_and_are_never_served(
    engine: Engine, run: Callable[..., Report], shots: Path
) -> None:
    dng(shots / "IMG_1.NEF", quarters((320, 240)))
    run(shots)
    assert len(image(engine, shots / "IMG_1.JPG").companions) == 2
    assert engine.catalog.images_with_copies() == [] and find_groups(engine.catalog) == ()
    shutil.copy(shots / "IMG_1.JPG", shots / "copy.jpg")
    run(shots)
    (group,) = find_groups(engine.catalog)
    assert sorted(path.name for copy in group.copies for path in copy.image.files) == ["IMG_1.JPG", "copy.jpg"]

    known = engine.catalog.known_image(image(engine, shots / "IMG_1.JPG").id)
    assert known is not None and {seen.path.suffix for seen in known.files} == {".JPG", ".jpg"}
    for name in ("IMG_1.JPG", "copy.jpg"):
        (shots / name).unlink()
    with pytest.raises(NoCopyError, match="missing"):
        Copies().open(known)


def test_a_raw_file_of_a_kind_that_nobody_knows_is_counted_and_no_failure(
    engine: Engine, run: Callable[..., Report], shots: Path
) -> None:
    (shots / "new.cr9").write_bytes(b"no raw file")  # not even named like one
    (shots / "new.cr2").write_bytes(b"of a camera of next year")
    report = run(shots)
    assert (report.failed, report.complete, report.not_read) == (0, True, {"raw": {"cr2": 1}})
    assert "not a picture" in run(shots / "new.cr2").failures[0].reason  # who names it wants to know
