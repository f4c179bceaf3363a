from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.errors import DatasetError, ModelError
from imsearch.training.cache import cached_rows, picture_rows


class Squares:
    """Row i is (i, i squared); stops when it has computed `limit` rows."""

    def __init__(self, limit: int = 1000) -> None:
        self.computed: list[tuple[int, int]] = []
        self.limit = limit

    def __call__(self, start: int, stop: int) -> NDArray[np.generic]:
        if stop > self.limit:
            raise KeyboardInterrupt
        self.computed.append((start, stop))
        rows = np.arange(start, stop, dtype=np.float32)
        return np.stack([rows, rows**2], axis=1).astype(np.float16)


EXPECTED = np.array([(i, i * i) for i in range(10)], dtype=np.float16)


def test_rows_are_computed_once(tmp_path: Path) -> None:
    path, compute = tmp_path / "new" / "rows.npy", Squares()
    heard: list[int] = []
    rows = cached_rows(path, 10, compute, 4, heard.append)
    assert rows.tolist() == EXPECTED.tolist() and rows.dtype == np.float16
    assert compute.computed == [(0, 4), (4, 8), (8, 10)]
    assert heard == [0, 4, 4, 2]
    assert cached_rows(path, 10, Squares(0), 4, heard.append).tolist() == EXPECTED.tolist()
    assert heard[4:] == [10]


def test_a_stopped_computation_goes_on_where_it_was(tmp_path: Path) -> None:
    path, again = tmp_path / "rows.npy", Squares()
    with pytest.raises(KeyboardInterrupt):
        cached_rows(path, 10, Squares(8), 4)
    assert cached_rows(path, 10, again, 4).tolist() == EXPECTED.tolist()
    assert again.computed == [(8, 10)]


@pytest.mark.parametrize("said", ["", "many"])
def test_a_damaged_note_of_what_is_done_begins_anew(tmp_path: Path, said: str) -> None:
    path = tmp_path / "rows.npy"
    cached_rows(path, 10, Squares())
    path.with_suffix(".json").write_text(said)
    assert cached_rows(path, 10, Squares()).tolist() == EXPECTED.tolist()


def test_rows_of_another_number_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    cached_rows(path, 10, Squares())
    with pytest.raises(ModelError, match=r"holds 10 rows, not 11. Delete it"):
        cached_rows(path, 11, Squares())


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / f"{number}.jpg" for number in range(10)]
    for file in found:
        file.write_bytes(b"picture " + file.name.encode())
    return found


def computed(files: list[Path], *settings: object) -> int:
    """How many rows had to be computed."""
    compute = Squares()
    picture_rows(files[0].parent / "kept", "rows", settings, files, compute, batch=5)
    return sum(stop - start for start, stop in compute.computed)


def test_rows_of_pictures_are_found_by_what_the_files_hold(files: list[Path], tmp_path: Path) -> None:
    assert computed(files) == 10 and computed(files) == 0
    moved = [file.rename(tmp_path / f"renamed {file.name}") for file in files]
    assert computed(moved) == 0


def test_other_contents_are_other_rows_even_with_the_same_name_size_and_time(files: list[Path]) -> None:
    computed(files)
    before = files[3].stat()
    files[3].write_bytes(files[3].read_bytes()[::-1])
    os.utime(files[3], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert files[3].stat().st_size == before.st_size and computed(files) == 10
    files[3].write_bytes(files[3].read_bytes()[::-1])
    assert computed(files) == 0, "the first rows are still there"


def test_fewer_pictures_other_settings_and_another_order_are_other_rows(files: list[Path]) -> None:
    computed(files)
    assert computed(files, "side", 224) == 10 and computed(files, "side", 225) == 10
    assert computed(files[::-1]) == 10, "row by row in the order of the files"
    assert computed(files[:5]) == 5 and computed(files) == 0


def test_a_picture_that_changes_meanwhile_is_not_kept(files: list[Path], tmp_path: Path) -> None:
    old = files[7].read_bytes()

    def compute(start: int, stop: int) -> NDArray[np.generic]:
        files[7].write_bytes(b"edited")
        return Squares()(start, stop)

    with pytest.raises(DatasetError, match=r"7.jpg was changed while it was learned from. Start the command again"):
        picture_rows(tmp_path / "kept", "rows", (), files, compute)
    files[7].write_bytes(old)
    assert computed(files) == 10, "what was computed from the edited picture is not taken for the old one's"


def test_a_picture_that_cannot_be_read_is_named(files: list[Path]) -> None:
    files[2].unlink()
    with pytest.raises(DatasetError, match=r"2.jpg cannot be read \(No such file"):
        computed(files)
