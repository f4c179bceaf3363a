"""Raw files on the command line: found, shown with their JPEG, and no copies of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.make_pictures import encoded, quarters
from tests.make_raw import dng


@pytest.fixture
def shots(run: Run, plugins: object, tmp_path: Path) -> Path:
    """A pair and a raw file alone, indexed."""
    (folder := tmp_path / "shots").mkdir()
    (folder / "IMG_1.JPG").write_bytes(encoded(quarters((128, 96)), "JPEG"))
    dng(folder / "IMG_1.DNG", quarters((640, 480)))
    dng(folder / "IMG_2.DNG", quarters((320, 240)), (300, 225))
    ran = run("index", folder)
    assert ran.code == 0 and "2 new" in ran.err + ran.out
    return folder


def test_raw_files_are_found_by_what_they_say(run: Run, shots: Path) -> None:
    assert run("query", "type:raw camera:acme date:2021-05", "--format", "paths").out == f"{shots / 'IMG_2.DNG'}\n"
    assert run("status", "--format", "json").json["images"] == 2


def test_a_pair_is_shown_with_both_files(run: Run, shots: Path) -> None:
    jpeg, raw = str(shots / "IMG_1.JPG"), str(shots / "IMG_1.DNG")
    for asked in (jpeg, raw):
        found = run("show", asked, "--format", "json").json
        assert (found["path"], found["files"], found["raw"], found["format"]) == (jpeg, [jpeg, raw], [raw], "JPEG")
    lines = run("show", jpeg).out.splitlines()
    assert lines[0].endswith("IMG_1.JPG") and lines[1].endswith("IMG_1.DNG (raw file of the same shot)")


def test_duplicates_never_list_the_raw_file_of_a_pair(run: Run, shots: Path) -> None:
    (shots / "IMG_2.DNG").unlink()
    run("index", shots)
    assert run("duplicates").code == 1
    shutil.copy(shots / "IMG_1.JPG", shots / "copy.jpg")
    run("index", shots)
    listed = run("duplicates", "--format", "json").json["groups"][0]["images"][0]["files"]
    assert sorted(Path(path).name for path in listed) == ["IMG_1.JPG", "copy.jpg"]
    assert len(run("duplicates", "--rest", "--format", "paths").out.splitlines()) == 1
