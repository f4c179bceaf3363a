from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.errors import ModelError
from imsearch.training.cache import cached_rows, place_for


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


def test_rows_of_other_pictures_of_the_same_names_have_their_own_place(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "rows.npy"
    files = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for file in files:
        file.write_bytes(b"picture")
    assert place_for(path, files) == path
    cached_rows(path, 10, Squares())
    assert place_for(path, files) == path
    files[1].write_bytes(b"another picture")
    other = place_for(path, files)
    assert other != path and other.parent == path.parent and other.suffix == ".npy"
    assert place_for(path, files) == other
    path.unlink()  # as the user may
    assert place_for(path, files) == path
    cached_rows(path, 10, Squares())
    assert place_for(path, files) == path
