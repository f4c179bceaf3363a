"""One contract for every text index and one for every vector index, run against ours and a few lines in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.engine.stores.derived import State
from imsearch.engine.stores.embedded import vectors_faiss as faiss_index
from imsearch.engine.stores.embedded.text_whoosh import WhooshTextIndex
from imsearch.engine.stores.embedded.vectors_faiss import FaissVectorIndex
from imsearch.engine.stores.text_index import TextIndex
from imsearch.engine.stores.vector_index import VectorIndex
from imsearch.engine.words.postings import REJECTED, SHOWN, Postings, weight_of

STATE: State = ("library", 7)


class DictTextIndex:
    """What a text index does, in its simplest form."""

    def __init__(self, folder: Path) -> None:
        self.state: State | None = None
        self._documents: dict[int, Mapping[str, float]] = {}

    def clear(self) -> None:
        self.state = None
        self._documents.clear()

    def apply(self, documents: Mapping[int, Mapping[str, float] | None], state: State | None) -> None:
        for image, tags in documents.items():
            self._documents.pop(image, None)
            if tags is not None:
                self._documents[image] = tags
        self.state = state or self.state

    def postings(self, tag: str) -> Postings:
        found = [(image, tags[tag]) for image, tags in self._documents.items() if tag in tags]
        weights = np.array([weight for _, weight in found], np.float32)
        shown = weights >= SHOWN
        return Postings(
            np.array([image for image, _ in found], np.int64),
            np.where(shown, weights - np.float32(SHOWN), weights),
            shown,
            weights == REJECTED,
        )

    def images(self) -> NDArray[np.int64]:
        return np.array(list(self._documents), np.int64)

    def refresh(self) -> None: ...

    def close(self) -> None: ...


class DictVectorIndex:
    """What a vector index does, in its simplest form."""

    def __init__(self, path: Path, version: str, length: int) -> None:
        self.state: State | None = None
        self._vectors: dict[int, NDArray[np.float32]] = {}

    def clear(self) -> None:
        self.state = None
        self._vectors.clear()

    def apply(self, vectors: Mapping[int, NDArray[np.float32]], changed: Collection[int], state: State | None) -> None:
        for image in changed:
            self._vectors.pop(image, None)
        self._vectors.update(vectors)
        self.state = state or self.state

    def nearest(self, vector: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        cosines = {
            image: float(vector @ other) / (float(np.linalg.norm(vector) * np.linalg.norm(other)) or 1.0)
            for image, other in self._vectors.items()
        }
        best = sorted(cosines, key=lambda image: -cosines[image])[:count]
        return np.array(best, np.int64), np.array([cosines[image] for image in best], np.float32)

    def images(self) -> NDArray[np.int64]:
        return np.array(list(self._vectors), np.int64)

    def __len__(self) -> int:
        return len(self._vectors)

    def save(self) -> None: ...


@pytest.fixture(params=[WhooshTextIndex, DictTextIndex])
def text_index(request: pytest.FixtureRequest, tmp_path: Path) -> TextIndex:
    index: TextIndex = request.param(tmp_path / "text")
    index.clear()
    return index


@pytest.fixture(params=[FaissVectorIndex, DictVectorIndex])
def vector_index(request: pytest.FixtureRequest, tmp_path: Path) -> VectorIndex:
    index: VectorIndex = request.param(tmp_path / "vectors" / "fake.faiss", "1", 2)
    return index


def content(index: TextIndex, tag: str) -> dict[int, tuple[float, bool, bool]]:
    postings = index.postings(tag)
    columns = zip(
        postings.images.tolist(),
        postings.probabilities.tolist(),
        postings.shown.tolist(),
        postings.rejected.tolist(),
        strict=True,
    )
    return {image: (round(probability, 5), shown, rejected) for image, probability, shown, rejected in columns}


def test_text_index(text_index: TextIndex) -> None:
    assert text_index.state is None
    assert len(text_index.images()) == 0
    assert content(text_index, "cat") == {}
    text_index.apply(
        {
            3: {"cat": weight_of(0.9, True), "hot dog": weight_of(0.25, False)},
            70_000_000_000: {"cat": weight_of(1.0, True)},
            5: {},
        },
        None,
    )
    assert text_index.state is None
    text_index.apply({4: {"cat": weight_of(0.001, False)}, 6: None}, STATE)
    assert text_index.state == STATE
    assert sorted(text_index.images().tolist()) == [3, 4, 5, 70_000_000_000]
    assert content(text_index, "cat") == {
        3: (0.9, True, False),
        70_000_000_000: (1, True, False),
        4: (0.001, False, False),
    }
    assert content(text_index, "hot dog") == {3: (0.25, False, False)}
    assert content(text_index, "hot") == {}
    # Replacing and removing; doing it twice does no harm.
    for _ in range(2):
        text_index.apply({3: {"cat": REJECTED, "\u72ac": 0.5}, 4: None}, ("library", 8))
    assert content(text_index, "hot dog") == {}
    assert {image: rejected for image, (_, _, rejected) in content(text_index, "cat").items()} == {
        3: True,
        70_000_000_000: False,
    }
    assert content(text_index, "\u72ac") == {3: (0.5, False, False)}
    assert sorted(text_index.images().tolist()) == [3, 5, 70_000_000_000]
    text_index.clear()
    assert len(text_index.images()) == 0
    text_index.close()


def test_long_postings_survive_blocks_merges_and_deletions(text_index: TextIndex) -> None:
    probability = {image: round(((image * 37) % 1000) / 1000, 3) for image in range(1, 3001)}
    for start in range(1, 3001, 300):
        piece = range(start, start + 300)
        text_index.apply({image: {"cat": weight_of(probability[image], False), "one": 1.0} for image in piece}, None)
    text_index.apply(dict.fromkeys(range(100, 2900)), STATE)
    expected = {image: probability[image] for image in (*range(1, 100), *range(2900, 3001))}
    assert {image: value for image, (value, _, _) in content(text_index, "cat").items()} == pytest.approx(expected)
    assert set(content(text_index, "one")) == set(expected)
    text_index.close()


def test_whoosh_readers_see_what_another_one_commits(tmp_path: Path) -> None:
    writer, reader = WhooshTextIndex(tmp_path / "text"), WhooshTextIndex(tmp_path / "text")
    writer.clear()
    writer.apply({1: {"cat": 0.5}}, STATE)
    assert set(content(reader, "cat")) == {1}
    writer.apply({2: {"cat": 0.5}}, STATE)
    assert set(content(reader, "cat")) == {1}
    reader.refresh()
    assert set(content(reader, "cat")) == {1, 2}
    writer.close()
    reader.close()


def vectors(**rows: tuple[float, float]) -> dict[int, NDArray[np.float32]]:
    return {int(name[1:]): np.array(row, np.float32) for name, row in rows.items()}


def test_vector_index(vector_index: VectorIndex) -> None:
    assert vector_index.state is None
    assert len(vector_index.nearest(np.array([1, 0], np.float32), 5)[0]) == 0
    vector_index.apply(vectors(i1=(1, 0), i5=(0, 3), i70000000000=(-2, 0), i9=(0, 0)), [1, 5, 9, 70000000000], None)
    assert vector_index.state is None
    vector_index.apply(vectors(i6=(30, 40)), [6, 4], STATE)
    assert vector_index.state == STATE
    ids, cosines = vector_index.nearest(np.array([2, 0], np.float32), 10)
    assert ids[:2].tolist() == [1, 6] and ids[-1] == 70000000000
    assert cosines.tolist() == pytest.approx([1, 0.6, 0, 0, -1], abs=1e-3)
    assert vector_index.nearest(np.array([2, 0], np.float32), 1)[0].tolist() == [1]
    for _ in range(2):
        vector_index.apply(vectors(i1=(0, 1)), [1, 6], ("library", 8))
    assert sorted(vector_index.images().tolist()) == [1, 5, 9, 70000000000]
    assert len(vector_index) == 4
    vector_index.clear()
    assert (len(vector_index), vector_index.state) == (0, None)


def test_faiss_index_is_saved_and_belongs_to_one_version(tmp_path: Path) -> None:
    path = tmp_path / "vectors" / "fake.faiss"
    index = FaissVectorIndex(path, "1", 2)
    index.apply(vectors(i1=(1, 0), i5=(0, 3)), [1, 5], STATE)
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
