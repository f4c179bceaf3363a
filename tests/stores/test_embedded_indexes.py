"""What only indexes in files do: other processes read them, and they are written down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.engine.stores.local import vectors_faiss as faiss_index
from imsearch.engine.stores.local.text_arrays import ArrayTextIndex
from imsearch.engine.stores.local.vectors_faiss import FaissVectorIndex
from tests.stores.test_text_index_contract import STATE, content
from tests.stores.test_vector_index_contract import rows


def test_readers_see_what_another_one_commits(tmp_path: Path) -> None:
    writer, reader = ArrayTextIndex(tmp_path / "text"), ArrayTextIndex(tmp_path / "text")
    writer.clear()
    writer.apply({1: {"cat": 0.5}}, STATE)
    assert set(content(reader, "cat")) == {1}
    writer.apply({2: {"cat": 0.5}}, STATE)
    assert set(content(reader, "cat")) == {1}
    reader.refresh()
    assert set(content(reader, "cat")) == {1, 2}
    writer.close()
    reader.close()


def test_faiss_index_is_saved_and_belongs_to_one_version(tmp_path: Path) -> None:
    path = tmp_path / "vectors" / "fake.faiss"
    index = FaissVectorIndex(path, "1", 2)
    index.apply(rows({1: (1, 0), 5: (0, 3)}), [1, 5], STATE)
    index.save()
    again = FaissVectorIndex(path, "1", 2)
    assert again.state == STATE
    assert again.nearest(np.array([1, 0], np.float32), 1)[0].tolist() == [1]
    assert FaissVectorIndex(path, "2", 2).state is None
    assert FaissVectorIndex(path, "1", 3).state is None


def grown(monkeypatch: pytest.MonkeyPatch, path: Path) -> tuple[FaissVectorIndex, NDArray[np.float32]]:
    """An index of 3,000 vectors in 30 clusters that counts as large from 2,000 on."""
    monkeypatch.setattr(faiss_index, "LARGE", 2000)
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(30, 16))[np.arange(3000) % 30] + 0.2 * rng.normal(size=(3000, 16))).astype(np.float32)
    index = FaissVectorIndex(path, "1", 16)
    for start in range(0, 3000, 500):
        piece = range(start, start + 500)
        index.apply({image + 1: rows[image] for image in piece}, [image + 1 for image in piece], STATE)
    return index, rows


def test_a_large_faiss_index_finds_nearly_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index, rows = grown(monkeypatch, tmp_path / "vectors" / "fake.faiss")
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found: Callable[[FaissVectorIndex, int], set[int]] = lambda index, row: set(  # noqa: E731
        index.nearest(rows[row], 10)[0].tolist()
    )
    overlap = [
        len(found(index, row) & set((np.argsort(-(unit @ unit[row]))[:10] + 1).tolist())) for row in range(0, 3000, 60)
    ]
    assert float(np.mean(overlap)) >= 9
    index.apply({}, [1], ("library", 8))
    assert len(index) == 2999
    assert 1 not in index.images()
    index.save()
    again = FaissVectorIndex(tmp_path / "vectors" / "fake.faiss", "1", 16)
    assert found(again, 60) == found(index, 60)
    assert 1 not in found(again, 0)
