from __future__ import annotations

import numpy as np
import pytest

from imsearch.errors import ModelError
from imsearch.training.knn import DIRECTIONS, LEAST_SHARE, Memory, Shelf

LABELS = {"words": ("sea", "sky")}


def small() -> Memory:
    """Three pictures in two dimensions, two of them of the sea."""
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    labels = np.array([[1, 0], [1, 1], [0, 1]], dtype=np.float32)
    return Memory(np.eye(2, dtype=np.float32), {"words": Shelf(vectors, labels)})


def test_neighbours_vote_by_their_cosine() -> None:
    asked = np.array([0.95, np.sqrt(1 - 0.95**2)])
    found = small().evidence("words", 2 * asked[None].astype(np.float32))
    votes = np.exp(40 * (np.array([0.95, 0.8 * asked[0] + 0.6 * asked[1], asked[1]]) - 1))
    share = (votes[1] + votes[2]) / votes.sum()
    assert found[0, 1] == pytest.approx(np.log(share / (1 - share)), rel=1e-3)
    # All the votes that count are for the sea; the share stays away from 1.
    assert found[0, 0] == pytest.approx(np.log((1 - LEAST_SHARE) / LEAST_SHARE), rel=1e-4)


def test_what_is_stored_answers_the_same() -> None:
    memory = small()
    again = Memory.restore(memory.tensors(), LABELS)
    asked = np.random.default_rng(0).random((5, 2), dtype=np.float32)
    assert again.evidence("words", asked) == pytest.approx(memory.evidence("words", asked), abs=0.2)
    assert again.shelves["words"].labels.tolist() == memory.shelves["words"].labels.tolist()


def test_a_remembered_picture_finds_itself() -> None:
    random = np.random.default_rng(1)
    features = random.random((400, 1280), dtype=np.float32) ** 4
    labels = np.eye(400, dtype=bool)
    memory = Memory.restore(
        Memory.build({"words": features}, {"words": labels}).tensors(), {"words": tuple(map(str, range(400)))}
    )
    assert memory.basis.shape == (1280, DIRECTIONS)
    found = memory.evidence("words", features[:50])
    assert found.argmax(axis=1).tolist() == list(range(50))


def test_a_memory_of_other_heads_is_refused() -> None:
    with pytest.raises(ModelError, match="do not fit"):
        Memory.restore(small().tensors(), {"objects": ("boat",)})
