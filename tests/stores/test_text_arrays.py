"""What only the text index in arrays does: segments, lists of the dead, checksums of blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imsearch.engine.stores.blocks import BLOCK
from imsearch.engine.stores.derived import IndexDamagedError
from imsearch.engine.stores.local import text_arrays
from imsearch.engine.stores.local.text_arrays import ArrayTextIndex
from tests.stores.test_text_index_contract import STATE, content


@pytest.fixture
def index(tmp_path: Path) -> ArrayTextIndex:
    index = ArrayTextIndex(tmp_path / "text")
    index.clear()
    return index


def names(index: ArrayTextIndex, folder: Path) -> tuple[set[str], set[str]]:
    """The segments that the index reads, and those in its folder."""
    return set(index._open()), {path.name for path in folder.glob("*.segment")}


def test_random_changes_give_what_a_dictionary_would(index: ArrayTextIndex, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    terms = [f"term {number}" for number in range(40)]
    expected: dict[int, dict[str, float]] = {}
    for step in range(120):
        changed: dict[int, dict[str, float] | None] = {}
        for image in random.integers(1, 200, random.integers(0, 12)).tolist():
            chosen = random.choice(terms, random.integers(0, 6), replace=False).tolist()
            changed[image] = None if random.random() < 0.2 else {term: float(random.random()) for term in chosen}
        index.apply(changed, ("library", step))
        expected |= {image: tags for image, tags in changed.items() if tags is not None}
        for image, tags in changed.items():
            if tags is None:
                expected.pop(image, None)
    for reader in (index, ArrayTextIndex(tmp_path / "text")):
        assert sorted(reader.images().tolist()) == sorted(expected)
        for term in terms:
            found = {image: weight for image, (weight, _, _) in content(reader, term).items()}
            assert found == pytest.approx({i: tags[term] for i, tags in expected.items() if term in tags}, abs=1e-5)
    opened, there = names(index, tmp_path / "text")
    assert opened == there and len(opened) <= 16


def test_a_reader_goes_on_with_what_it_has_opened(index: ArrayTextIndex, tmp_path: Path) -> None:
    index.apply({1: {"cat": 0.5}}, STATE)
    reader = ArrayTextIndex(tmp_path / "text")
    assert set(content(reader, "cat")) == {1}
    for image in range(2, 40):
        index.apply({image: {"cat": 0.5, "dog": 0.25}, 1: None}, STATE)
    assert set(content(reader, "cat")) == {1} and content(reader, "dog") == {}
    reader.refresh()
    assert set(content(reader, "cat")) == set(range(2, 40)) == set(content(reader, "dog"))


def test_only_what_is_read_is_checked(index: ArrayTextIndex, tmp_path: Path) -> None:
    count = 3 * BLOCK // 8
    index.apply({image: {"frequent": 0.5} for image in range(1, count)} | {count: {"rare": 0.5}}, STATE)
    index.close()
    (path,) = (tmp_path / "text").glob("*.segment")
    index.close()
    damaged = bytearray(path.read_bytes())
    damaged[8 * count + 4 * count] ^= 255  # in the middle of the long list
    path.write_bytes(damaged)
    assert content(index, "rare") == {count: (0.5, False, False)}
    with pytest.raises(IndexDamagedError, match="does not hold the bytes that were written"):
        index.postings("frequent")
    with pytest.raises(IndexDamagedError):
        index.check()


def test_what_an_interrupted_commit_leaves_is_removed_by_the_next(
    index: ArrayTextIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.apply({1: {"cat": 0.5}}, STATE)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(text_arrays, "write_state", interrupt)
        index.apply({1: {"dog": 0.5}, 2: {"dog": 0.5}}, STATE)
    assert set(content(ArrayTextIndex(tmp_path / "text"), "cat")) == {1}
    index.apply({2: {"dog": 0.5}}, STATE)
    opened, there = names(index, tmp_path / "text")
    assert opened == there and not list((tmp_path / "text").glob("*.dead"))
    assert set(content(index, "cat")) == {1} and set(content(index, "dog")) == {2}


def test_lists_are_kept_up_to_a_limit(index: ArrayTextIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_arrays, "_SHORT_BYTES", 5000)
    index = ArrayTextIndex(tmp_path / "text")
    index.apply({image: {f"tag {image % 30}": 0.5} for image in range(1, 301)}, STATE)
    for _ in range(2):
        for number in range(30):
            assert len(index.postings(f"tag {number}").images) == 10
    assert len(index._short) == 5000 // (500 + 14 * 10) and len(index._long) == 0
