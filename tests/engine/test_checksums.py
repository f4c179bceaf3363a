"""Bytes that a disk garbled: wherever they lie in a derived file, answers stay right, and the file is mended."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.derived import checksum, read_state, write_state
from tests.engine.support import LEXICON, ids, reading, spec

QUERIES = ("cat", "dog", "tag:cat>0.5", "-dog cat")


@pytest.fixture
def library(folder: Path) -> Path:
    """Sixty pictures, recorded in two commits."""
    draw = random.Random(1)
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec(vector_length=8)])
        for start in (1, 41):
            engine.record(
                [
                    reading(
                        number,
                        {"cat": draw.random(), "dog": draw.random()},
                        vector=tuple(draw.gauss(0, 1) for _ in range(8)),
                    )
                    for number in range(start, start + 40 if start == 1 else 61)
                ]
            )
            engine.catch_up()
    return folder


def answers(engine: Engine) -> list[list[int]]:
    nearest = engine.finder.similar(np.ones(8, np.float32), limit=20).hits
    return [*(ids(engine, query) for query in QUERIES), [hit.image.id for hit in nearest]]


def derived(library: Path) -> list[Path]:
    """The files that are made from the catalog."""
    kept = [
        *(library / "text").glob("*.segment"),
        *(library / "text").glob("state.json"),
        library / "text" / "state.json",
    ]
    return [*kept, *(library / "vectors").iterdir()]


def flip(path: Path, seed: int, count: int) -> None:
    """Change some bytes, as a failing disk does; the size stays."""
    draw = random.Random(seed)
    content = bytearray(path.read_bytes())
    for _ in range(count):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def test_every_derived_file_may_be_garbled(library: Path) -> None:
    with Engine.open(library, LEXICON) as engine:
        right = answers(engine)
    for seed in range(6):
        for number in range(6):
            files = derived(library)
            flip(files[number % len(files)], seed, 1 + 19 * (seed % 2))
            with Engine.open(library, LEXICON, write=seed % 3 == 0) as engine:
                assert answers(engine) == right
            with Engine.open(library, LEXICON) as engine:
                assert engine.verify() == [], "it was not mended"


@pytest.mark.parametrize("kind", ["*.segment", "state.json", "*.faiss"])
def test_a_run_mends_what_it_does_not_need(library: Path, kind: str) -> None:
    (path, *_) = library.glob(f"*/{kind}")
    flip(path, 1, 20)
    with Engine.open(library, LEXICON, write=True) as engine:
        engine.use_annotators([spec(vector_length=8)])
    with Engine.open(library, LEXICON) as engine:
        assert engine.verify() == []


@pytest.mark.parametrize("kind", ["*.segment", "*.faiss"])
def test_verify_tells_of_garbled_bytes(library: Path, kind: str) -> None:
    (path, *_) = library.glob(f"*/{kind}")
    flip(path, 1, 1)
    with Engine.open(library, LEXICON) as engine:
        (problem,) = engine.verify()
    assert "damaged" in problem


def test_what_goes_wrong_while_the_library_is_open_is_found_by_verify(library: Path) -> None:
    with Engine.open(library, LEXICON) as engine:
        answers(engine)
        (path, *_) = library.glob("text/*.segment")
        flip(path, 1, 1)
        assert "damaged" in engine.verify()[0]


def test_the_note_says_what_was_mended(library: Path) -> None:
    flip(next(library.glob("vectors/*.faiss")), 1, 20)
    with Engine.open(library, LEXICON) as engine:
        answers(engine)
        assert any("vector index of fake was damaged" in note for note in engine.notes)


def test_an_index_without_checksums_is_made_anew(library: Path) -> None:
    """As versions wrote it that had none."""
    with Engine.open(library, LEXICON) as engine:
        right = answers(engine)
    for path in (library / "text" / "state.json", library / "vectors" / "fake.json"):
        state = json.loads(path.read_text())
        path.write_text(
            json.dumps({key: value for key, value in state.items() if key not in ("check", "crc32", "files")})
        )
    with Engine.open(library, LEXICON) as engine:
        assert answers(engine) == right


def _cut(text: str) -> str:
    return text[: len(text) // 2]


@pytest.mark.parametrize("damage", [_cut, lambda text: text.replace("17", "18"), lambda text: "[]", lambda text: ""])
def test_a_state_file_that_was_changed_counts_as_none(tmp_path: Path, damage: Callable[[str], str]) -> None:
    path = tmp_path / "state.json"
    write_state(path, {"generation": 17, "library": "a"})
    assert read_state(path) == {"generation": 17, "library": "a"}
    path.write_text(damage(path.read_text()))
    assert read_state(path) is None


def test_the_checksum_is_that_of_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "large"
    content = bytearray(9 << 20)
    path.write_bytes(content)
    before = checksum(path)
    content[-1] = 1
    path.write_bytes(content)
    assert checksum(path) != before
