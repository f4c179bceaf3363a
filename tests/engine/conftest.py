"""Libraries in temporary folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from tests.engine.support import LEXICON, reading, spec


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a library may be made."""
    return tmp_path / "library"


@pytest.fixture
def engine(folder: Path) -> Iterator[Engine]:
    """An empty library, open for writing, that knows the annotator "fake"."""
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        yield engine


@pytest.fixture
def pets(engine: Engine) -> Engine:
    """Three pictures: 1 a cat, 2 a dog at a traffic light, 3 a car with the ghost of a cat."""
    engine.record(
        [
            reading(1, {"cat": 0.9, "dog": 0.2}, vector=(1, 0)),
            reading(2, {"dog": 0.8, "traffic light": 0.6}, vector=(3, 4)),
            reading(3, {"car": 0.7, "cat": 0.05}, vector=(0, 2)),
        ]
    )
    engine.catch_up()
    return engine
