"""The searches for near pairs find what comparing everything with everything finds."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from imsearch.engine.stores import near_pairs
from imsearch.engine.stores.near_pairs import distances, joined, pairs_by_hash, pairs_by_vector
from imsearch.pictures.phash import FLAT, turned_hashes

DC = np.uint64(1 << 63)
"""Set in every hash."""


def random_hashes(count: int) -> near_pairs.Hashes:
    return np.random.default_rng(0).integers(1 << 63, 1 << 64, count, np.uint64)


def test_distance_is_counted_in_the_best_position() -> None:
    hashes = random_hashes(1)
    turned = turned_hashes(hashes)[5]
    assert distances(hashes, turned).tolist() == [0]
    assert distances(hashes, turned ^ np.uint64(0b111)).tolist() == [3]


def test_a_picture_without_structure_is_near_none() -> None:
    flat = np.array([FLAT, FLAT], np.uint64)
    assert distances(flat, flat).tolist() == [64, 64]
    assert list(pairs_by_hash(flat, 4)) == []


def test_pairs_by_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_pairs, "_CANDIDATES", 100)  # several blocks
    hashes = random_hashes(300)
    hashes[10] = hashes[200] ^ np.uint64(0b1111)  # four bits apart
    hashes[11] = hashes[201] ^ np.uint64(0b11111)  # five
    hashes[12] = turned_hashes(hashes[202:203])[6][0] ^ np.uint64(1 << 40)
    found = {
        pair for left, right in pairs_by_hash(hashes, 4) for pair in zip(left.tolist(), right.tolist(), strict=True)
    }
    assert found == {(10, 200), (12, 202)}


def test_a_hash_that_very_many_share_tells_nothing() -> None:
    blank = np.full(300, DC, np.uint64)
    assert list(pairs_by_hash(blank, 4)) == []


def test_pairs_by_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_pairs, "_BLOCK", 64)
    monkeypatch.setattr(near_pairs, "_EXACT", 16)
    hashes = random_hashes(200)
    vectors = np.random.default_rng(0).normal(size=(200, 100)).astype(np.float32)
    vectors[150] = vectors[3] + 0.1 * vectors[4]  # cosine .995: enough whatever the hashes
    vectors[70] = vectors[65] + 0.8 * vectors[66]  # about .78: enough with up to 10 bits that differ
    hashes[70] = hashes[65] ^ np.uint64(0b1111111111)
    vectors[71] = vectors[60] + 0.8 * vectors[61]
    hashes[71] = hashes[60] ^ np.uint64(0b1111111111111111)  # but 16 differ
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = pairs_by_vector(vectors.astype(np.float16), hashes, 0.3, 0.04, 16)
    assert {pair for left, right in pairs for pair in zip(left.tolist(), right.tolist(), strict=True)} == {
        (i, j)
        for i, j in combinations(range(200), 2)
        if vectors[i] @ vectors[j] >= 0.3 + 0.04 * min(16, int(hashes[i] ^ hashes[j]).bit_count())
    }
    assert float(vectors[65] @ vectors[70]) > 0.7 < float(vectors[60] @ vectors[71]) < 0.9


def test_hashes_that_say_nothing_leave_it_to_the_vectors() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float16)
    pairs = pairs_by_vector(vectors, np.full(3, FLAT, np.uint64), 0.26, 0.04, 16)
    assert [(left.tolist(), right.tolist()) for left, right in pairs] == [([0], [1])]


def test_no_vectors_no_pairs() -> None:
    assert list(pairs_by_vector(np.empty((0, 8), np.float16), random_hashes(0), 0.26, 0.04, 16)) == []


def test_pairs_are_joined_to_groups() -> None:
    first = np.array([0, 5, 6]), np.array([3, 6, 5])
    second = np.array([3, 8]), np.array([4, 9])
    third = np.array([4]), np.array([8])
    assert joined(11, [first, second]) == [[0, 3, 4], [5, 6], [8, 9]]
    assert joined(11, [first, second, third]) == [[0, 3, 4, 8, 9], [5, 6]]
    assert joined(0, []) == []
