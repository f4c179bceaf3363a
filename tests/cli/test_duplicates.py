"""`imsearch duplicates`: from files to groups, with copies made here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run
from tests.make_pictures import noise
from tests.make_plugins import Plugins


@pytest.fixture
def copies(run: Run, plugins: Plugins, tmp_path: Path) -> Path:
    """A photo, a half as large one, one on its side in sub/, a file of the same bytes, and two other photos."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    photo = noise(folder / "photo.jpg", (256, 192), seed=1)
    shutil.copy(photo, folder / "same.jpg")
    with Image.open(photo) as image:
        image.resize((128, 96)).save(folder / "half.jpg", quality=90)
        image.transpose(Image.Transpose.ROTATE_90).save(folder / "sub" / "turned.png")
    noise(folder / "other.jpg", (256, 192), seed=2)
    noise(folder / "third.jpg", (256, 192), seed=3)
    assert run("index", folder).code == 0
    return folder


def test_copies_are_one_group_the_best_first(run: Run, copies: Path) -> None:
    found = run("duplicates", "--format", "json")
    assert (found.code, found.json["total"]) == (0, 1)
    best, *others = found.json["groups"][0]["images"]
    assert (best["path"], best["similarity"]) == (str(copies / "sub" / "turned.png"), 1)  # as large, more bytes
    assert [sorted(Path(path).name for path in each["files"]) for each in others] == [
        ["photo.jpg", "same.jpg"],
        ["half.jpg"],
    ]
    assert found.json["groups"][0]["spare_bytes"] == sum(
        (copies / name).stat().st_size for name in ("photo.jpg", "same.jpg", "half.jpg")
    )


def test_the_table_tells_best_similar_and_same(run: Run, copies: Path) -> None:
    lines = run("duplicates").out.splitlines()
    told = {line.split()[-1].rpartition("/")[2]: line for line in lines if ".jpg" in line or ".png" in line}
    assert told.keys() == {"turned.png", "photo.jpg", "same.jpg", "half.jpg"}
    assert told["turned.png"].split()[0] == "best"
    assert "same bytes" in told["photo.jpg"] + told["same.jpg"]
    assert "128 x 96" in told["half.jpg"]
    assert all(len(line) <= 80 for line in lines)


def test_a_query_finds_pictures_that_have_copies(run: Run, copies: Path) -> None:
    paths = run("query", "is:duplicate", "--min-score", "0", "--format", "paths").out.splitlines()
    assert {Path(path).name for path in paths} - {"photo.jpg", "same.jpg"} == {"half.jpg", "turned.png"}
    assert len(paths) == 3  # photo.jpg and same.jpg are one image


def test_exact_copies_only(run: Run, copies: Path) -> None:
    paths = run("duplicates", "--exact", "--format", "paths").out.splitlines()
    assert {Path(path).name for path in paths} == {"photo.jpg", "same.jpg"}


def test_paths_for_other_programs(run: Run, copies: Path) -> None:
    everything = run("duplicates", "--format", "paths").out.splitlines()
    assert everything[0] == str(copies / "sub" / "turned.png")
    assert run("duplicates", "--rest", "-0").out.split("\0") == [*everything[1:], ""]


def test_in_a_folder(run: Run, copies: Path) -> None:
    assert run("duplicates", copies / "sub").code == 0
    alone = run("duplicates", copies / "other.jpg")
    assert (alone.code, alone.out) == (1, "")
    assert "No copies found" in alone.err
    absent = run("duplicates", copies / "absent")
    assert absent.code == 2
    assert "holds no picture in" in absent.err


def test_a_threshold_that_makes_no_sense_is_refused(run: Run, copies: Path) -> None:
    assert run("duplicates", "--threshold", "0.9").code == 0
    assert run("duplicates", "--threshold", "2").code == 2


def test_nothing_is_touched(run: Run, copies: Path) -> None:
    before = {path: path.read_bytes() for path in copies.rglob("*.*")}
    run("duplicates", "--rest", "-0")
    assert {path: path.read_bytes() for path in copies.rglob("*.*")} == before
