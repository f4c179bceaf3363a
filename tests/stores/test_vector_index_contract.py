"""What every vector index does."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.engine.stores.derived import State
from imsearch.engine.stores.vector_index import VectorIndex

STATE: State = ("library", 7)
FAR = 70_000_000_000
"""An id that needs more than 32 bits."""
EAST = np.array([2, 0], np.float32)


def rows(vectors: dict[int, tuple[float, float]]) -> dict[int, NDArray[np.float32]]:
    return {image: np.array(vector, np.float32) for image, vector in vectors.items()}


@pytest.fixture
def compass(vector_index: VectorIndex) -> VectorIndex:
    """1 in the east, 6 in the north-east, 5 in the north, `FAR` in the west, 9 nowhere."""
    vector_index.apply(rows({1: (1, 0), 5: (0, 3), FAR: (-2, 0), 9: (0, 0)}), [1, 5, 9, FAR], None)
    vector_index.apply(rows({6: (30, 40)}), [6, 4], STATE)
    return vector_index


def test_an_empty_index_finds_nothing(vector_index: VectorIndex) -> None:
    assert vector_index.state is None and vector_index.damage == ""
    assert (len(vector_index), len(vector_index.images())) == (0, 0)
    assert [len(found) for found in vector_index.nearest(EAST, 5)] == [0, 0]


def test_the_nearest_come_first_whatever_the_lengths(compass: VectorIndex) -> None:
    ids, cosines = compass.nearest(EAST, 10)
    assert ids[:2].tolist() == [1, 6] and ids[-1] == FAR
    assert set(ids[2:4].tolist()) == {5, 9}  # a vector of zeros points nowhere
    assert cosines.tolist() == pytest.approx([1, 0.6, 0, 0, -1], abs=1e-3)


def test_no_more_than_asked_for_are_told(compass: VectorIndex) -> None:
    assert compass.nearest(EAST, 1)[0].tolist() == [1]
    assert [len(found) for found in compass.nearest(EAST, 3)] == [3, 3]


def test_the_state_is_that_of_the_last_piece(vector_index: VectorIndex) -> None:
    vector_index.apply(rows({1: (1, 0)}), [1], None)
    assert vector_index.state is None
    vector_index.apply({}, [], STATE)
    assert vector_index.state == STATE


def test_vectors_are_replaced_and_removed_and_twice_does_no_harm(compass: VectorIndex) -> None:
    for _ in range(2):
        compass.apply(rows({1: (0, 1)}), [1, 6], ("library", 8))
    assert compass.state == ("library", 8)
    assert sorted(compass.images().tolist()) == [1, 5, 9, FAR]
    assert len(compass) == 4
    assert set(compass.nearest(np.array([0, 1], np.float32), 2)[0].tolist()) == {1, 5}


def test_clearing_leaves_nothing(compass: VectorIndex) -> None:
    compass.clear()
    assert (len(compass), compass.state) == (0, None)
    compass.apply(rows({2: (1, 0)}), [2], STATE)
    assert compass.nearest(EAST, 5)[0].tolist() == [2]


def test_saving_changes_nothing(compass: VectorIndex) -> None:
    before = compass.nearest(EAST, 1)[0].tolist(), len(compass), compass.state
    compass.save()
    assert (compass.nearest(EAST, 1)[0].tolist(), len(compass), compass.state) == before
