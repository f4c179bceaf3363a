"""Every implementation of what a library is stored in: ours, and a few lines in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.embedded.home import Home as EmbeddedHome
from imsearch.engine.stores.home import Home, Recorder
from imsearch.engine.stores.local.text_arrays import ArrayTextIndex
from imsearch.engine.stores.local.text_whoosh import WhooshTextIndex
from imsearch.engine.stores.local.vectors_faiss import FaissVectorIndex
from imsearch.engine.stores.postgres.home import Home as PostgresHome
from imsearch.engine.stores.text_index import TextIndex
from imsearch.engine.stores.vector_index import VectorIndex
from tests.engine.support import reading, spec
from tests.stores.memory import MemoryHome, MemoryTextIndex, MemoryVectorIndex
from tests.stores.postgres_support import opened

HOMES: dict[str, type[Home]] = {"embedded": EmbeddedHome, "memory": MemoryHome, "postgres": PostgresHome}
TEXT_INDEXES: dict[str, Callable[[Path], TextIndex]] = {
    "arrays": lambda folder: ArrayTextIndex(folder / "text"),
    "Whoosh": lambda folder: WhooshTextIndex(folder / "text"),
    "memory": lambda folder: MemoryTextIndex(),
}
VECTOR_INDEXES: dict[str, Callable[[Path], VectorIndex]] = {
    "FAISS": lambda folder: FaissVectorIndex(folder / "vectors" / "fake.faiss", "1", 2),
    "memory": lambda folder: MemoryVectorIndex(),
}


@pytest.fixture(params=HOMES)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """A new library, open for writing."""
    where = request.getfixturevalue("postgres_library") if request.param == "postgres" else tmp_path / "library"
    home = HOMES[request.param].open(where, write=True, create=True)
    yield home
    home.close()


@pytest.fixture(params=TEXT_INDEXES)
def text_index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TextIndex]:
    """An empty index."""
    index = TEXT_INDEXES[request.param](tmp_path)
    index.clear()
    yield index
    index.close()


@pytest.fixture(params=VECTOR_INDEXES)
def vector_index(request: pytest.FixtureRequest, tmp_path: Path) -> VectorIndex:
    """An empty index of vectors of length 2."""
    return VECTOR_INDEXES[request.param](tmp_path)


@pytest.fixture
def catalog(home: Home) -> CatalogReading:
    return home.catalog


@pytest.fixture
def recorder(home: Home) -> Recorder:
    """Knows the annotator "fake"."""
    recorder = home.recorder(64)
    recorder.use_annotators([spec()])
    return recorder


@pytest.fixture
def pets(recorder: Recorder) -> Recorder:
    """1 a cat, 2 a dog at a traffic light, 3 a car with the ghost of a cat."""
    readings = [
        reading(1, {"cat": 0.9, "dog": 0.2}, vector=(1, 0)),
        reading(2, {"dog": 0.8, "traffic light": 0.6}, vector=(3, 4)),
        reading(3, {"car": 0.7, "cat": 0.05}, vector=(0, 2)),
    ]
    recorder.record(readings, [])
    return recorder


@pytest.fixture
def library(postgres_library: str) -> str:
    """The address of a library with three pictures, of a cat, a dog and a car."""
    home = opened(postgres_library, write=True)
    recorder = home.recorder()
    recorder.use_annotators([spec()])
    tags = enumerate(("cat", "dog", "car"), start=1)
    recorder.record([reading(number, {tag: 0.9}, vector=(number, 1)) for number, tag in tags], [])
    home.close()
    return postgres_library
