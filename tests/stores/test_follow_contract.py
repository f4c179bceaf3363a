"""The indexes of every home follow its catalog."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imsearch.engine.review.corrections import Corrections
from imsearch.engine.review.health import status, verify
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.follow import Indexes
from imsearch.engine.stores.home import Home, Recorder
from imsearch.errors import ImsearchError
from tests.engine.support import LEXICON, reading, spec
from tests.stores.memory import MemoryHome, MemoryTextIndex


@pytest.fixture
def indexes(home: Home, catalog: CatalogReading) -> Indexes:
    return Indexes(home, catalog)


def found(indexes: Indexes, tag: str) -> list[int]:
    """The images that have a tag and where the user has not rejected it."""
    postings = indexes.with_text(lambda index: index.postings(tag))
    return sorted(postings.images[~postings.rejected].tolist())


def test_the_text_index_follows_what_is_recorded_and_corrected(
    home: Home, catalog: CatalogReading, pets: Recorder, indexes: Indexes
) -> None:
    indexes.heal()
    assert found(indexes, "cat") == [1, 3] and found(indexes, "dog") == [1, 2]
    Corrections(catalog, pets, LEXICON, indexes.catch_up_text).correct([1], ["cat"], Verdict.REJECT)
    pets.forget([b"/photos/2.jpg"])
    indexes.catch_up_text()
    assert found(indexes, "cat") == [3] and found(indexes, "dog") == [1]
    assert indexes.text_index.state == catalog.state()
    assert verify(home, catalog, indexes) == []
    indexes.close()


def test_the_vector_index_is_up_to_date_whenever_it_is_asked(pets: Recorder, indexes: Indexes) -> None:
    east = np.array([1, 0], np.float32)
    name, index = indexes.vectors.of(None)
    assert name == "fake" and index.nearest(east, 3)[0].tolist() == [1, 2, 3]
    pets.record([reading(1, {"cat": 0.9}, vector=(-1, 0))], [])
    pets.forget([b"/photos/2.jpg"])
    assert indexes.vectors.of("fake")[1].nearest(east, 3)[0].tolist() == [3, 1]
    with pytest.raises(ImsearchError, match="other makes no vectors"):
        indexes.vectors.of("other")
    pets.use_annotators([spec(version="2", vector_length=3)])
    assert len(indexes.vectors.of("fake")[1]) == 0


def test_indexes_are_made_anew(catalog: CatalogReading, pets: Recorder, indexes: Indexes) -> None:
    indexes.heal()
    indexes.rebuild()
    assert found(indexes, "cat") == [1, 3] and len(indexes.vectors.of("fake")[1]) == 3
    indexes.close()


def test_the_status_counts(home: Home, catalog: CatalogReading, pets: Recorder) -> None:
    told = status(home, catalog)
    assert (told.images, told.files, told.tags, told.place) == (3, 3, 4, home.place)
    assert [each.name for each in told.annotators] == ["fake"]


class OneWithTheCatalog(MemoryTextIndex):
    """As where the database is the index: it has what the catalog has without being told."""

    derived = False

    def clear(self) -> None:
        raise AssertionError("it must not be cleared")

    apply = None  # type: ignore[assignment]


def test_an_index_that_is_the_database_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = MemoryHome(tmp_path)
    monkeypatch.setattr(home, "text", lambda folder=None: OneWithTheCatalog())
    recorder = home.recorder()
    recorder.use_annotators([spec()])
    recorder.record([reading(1, {"cat": 0.9})], [])
    indexes = Indexes(home, home.catalog)
    indexes.heal()
    indexes.catch_up_text()
    indexes.rebuild()
    assert home.notes == []
