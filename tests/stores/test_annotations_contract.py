"""What every catalog does with tags, annotators and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.home import Home, Recorder
from imsearch.engine.stores.limits import Limits
from imsearch.errors import ImsearchError
from imsearch.records import RANKING_ONLY
from imsearch.specs import AnnotatorSpec
from tests.engine.support import reading, spec


def names(catalog: CatalogReading, image: int) -> list[str]:
    return [tag.name for tag in catalog.tags_of([image])[image]]


# -- tags


def test_tags_are_counted_where_they_are_shown(catalog: CatalogReading, pets: Recorder) -> None:
    assert catalog.tag_counts() == [("car", 1), ("cat", 1), ("dog", 1), ("traffic light", 1)]
    assert catalog.tag_counts("ca") == [("car", 1), ("cat", 1)]
    assert catalog.tag_counts("%") == []
    assert catalog.tag_counts("", "fake") == catalog.tag_counts()
    assert catalog.tag_counts("", "other") == []
    assert sorted(catalog.tag_names()) == ["car", "cat", "dog", "traffic light"]


def test_an_image_without_tags_has_none(catalog: CatalogReading, recorder: Recorder) -> None:
    recorder.record([reading(1, {})], [])
    assert catalog.tags_of([1, 99]) == {1: (), 99: ()}


def test_of_the_long_tail_only_what_is_asked_for_is_told(catalog: CatalogReading, pets: Recorder) -> None:
    assert [[tag.name for tag in tags] for tags in catalog.tags_of([1, 3], ()).values()] == [["cat"], ["car"]]
    assert [tag.name for tag in catalog.tags_of([1], {"dog", "unicorn"})[1]] == ["cat", "dog"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({f"t{number}": 0.9 - number / 10 for number in range(9)}, ["t0", "t1", "t2", "t3", "t4"]),
        ({f"t{number}": 0.4 - number / 100 for number in range(9)} | {"zero": 0.0}, ["t0", "t1", "t2"]),
    ],
    ids=["shown tags stay", "the likeliest stay"],
)
def test_the_tail_is_cut(home: Home, said: dict[str, float], kept: list[str]) -> None:
    recorder = home.recorder(3)
    recorder.use_annotators([spec()])
    recorder.record([reading(1, said)], [])
    assert names(home.catalog, 1) == kept


def test_where_annotators_agree_the_likelier_counts(catalog: CatalogReading, pets: Recorder) -> None:
    pets.use_annotators([spec(), spec("other", vector_length=None)])
    pets.record([reading(1, {"cat": 0.3, "dog": 0.95}, annotator="other")], [])
    tags = {tag.name: (tag.probability, tag.source, tag.shown) for tag in catalog.tags_of([1])[1]}
    assert tags == {"cat": (0.9, "fake", True), "dog": (0.95, "other", True)}
    assert catalog.tag_counts("dog", "other") == [("dog", 1)]
    assert catalog.sources() == ["fake", "other"]


# -- annotators


def told(catalog: CatalogReading) -> Sequence[tuple[object, ...]]:
    return [
        (each.name, each.version, each.current, each.images, each.tags, each.vector_length, each.forgotten)
        for each in catalog.annotators()
    ]


def test_a_newer_version_replaces_tags_and_vectors(catalog: CatalogReading, pets: Recorder) -> None:
    pets.use_annotators([spec(version="2", vector_length=3)])
    assert catalog.lacking(["fake", "other"]) == dict.fromkeys((1, 2, 3), ("fake", "other"))
    assert catalog.vector_spaces() == {"fake": ("2", 3)} and catalog.vector(1, "fake") is None
    assert names(catalog, 1) == ["cat", "dog"]  # until it is looked at again
    pets.record([reading(1, {"dog": 0.9}, vector=(0, 0, 1))], [])
    assert names(catalog, 1) == ["dog"]
    assert catalog.lacking(["fake"]) == {2: ("fake",), 3: ("fake",)}
    assert told(catalog) == [("fake", "1", False, 2, 3, 2, False), ("fake", "2", True, 1, 1, 3, False)]


def test_other_thresholds_of_a_version_show_other_tags(catalog: CatalogReading, pets: Recorder) -> None:
    before = catalog.state()
    assert list(catalog.limits().values()) == [Limits(0.5, {"dog": 0.7})]
    pets.use_annotators([replace(spec(), threshold=0.65, thresholds={"cat": RANKING_ONLY, "dog": 0.1})])
    assert catalog.changed_since(before[1]) == [1, 2]
    assert catalog.tag_counts() == [("dog", 2), ("car", 1)]
    assert list(catalog.limits().values()) == [Limits(0.65, {"cat": RANKING_ONLY, "dog": 0.1})]


def other() -> AnnotatorSpec:
    return spec("other", vector_length=None)


def test_a_forgotten_annotator_is_not_heard_and_can_be_taken_back(catalog: CatalogReading, pets: Recorder) -> None:
    before = catalog.tags_of([1, 2, 3]), catalog.tag_counts(), catalog.vector_spaces(), catalog.sources()
    assert pets.forget_annotator("fake") == 3
    assert catalog.tags_of([1, 2]) == {1: (), 2: ()} and catalog.tag_counts() == []
    assert (catalog.vector_spaces(), catalog.vectors("fake", [1]), catalog.sources()) == ({}, {}, [])
    assert told(catalog)[0][-1] is True
    with pytest.raises(ImsearchError):
        pets.forget_annotator("fake")
    assert pets.restore_annotator("fake") == 3
    assert (catalog.tags_of([1, 2, 3]), catalog.tag_counts(), catalog.vector_spaces(), catalog.sources()) == before
    with pytest.raises(ImsearchError):
        pets.restore_annotator("fake")


def test_the_next_run_removes_a_forgotten_annotator_or_hears_it_again(catalog: CatalogReading, pets: Recorder) -> None:
    pets.use_annotators([spec(), other()])
    pets.record([reading(1, {"sea": 0.9}, annotator="other")], [])
    pets.forget_annotator("other")
    assert pets.use_annotators([spec(), other()]) == []
    assert "sea" in names(catalog, 1)
    pets.forget_annotator("other")
    assert pets.use_annotators([spec()]) == ["other"]
    assert [each[0] for each in told(catalog)] == ["fake"] and "sea" not in names(catalog, 1)
    with pytest.raises(ImsearchError):
        pets.restore_annotator("other")


# -- vectors


def test_vectors_are_those_of_the_current_version(catalog: CatalogReading, pets: Recorder) -> None:
    vector = catalog.vector(2, "fake")
    assert vector is not None and vector.tolist() == [3, 4] and vector.dtype == np.float32
    assert {image: vector.tolist() for image, vector in catalog.vectors("fake", [1, 3, 9]).items()} == {
        1: [1, 0],
        3: [0, 2],
    }
    assert catalog.vector_spaces() == {"fake": ("1", 2)}
    assert catalog.vector(1, "other") is None


def test_all_vectors_are_those_of_images_with_files(catalog: CatalogReading, pets: Recorder) -> None:
    pets.forget([b"/photos/2.jpg"])
    ids, vectors = catalog.all_vectors("fake")
    assert (ids.tolist(), vectors.tolist()) == ([1, 3], [[1, 0], [0, 2]]) and vectors.dtype == np.float16
    assert catalog.count_vectors("fake") == 3
    ids, vectors = catalog.all_vectors("other")
    assert (ids.shape, vectors.shape) == ((0,), (0, 0))


def test_who_was_looked_at_since(catalog: CatalogReading, pets: Recorder) -> None:
    generation = catalog.state()[1]
    pets.record([reading(2, {"dog": 0.9}, vector=(1, 1)), reading(4)], [])
    assert catalog.annotated_since("fake", generation, [1, 2, 4]) == {2}
    assert catalog.annotated_since("fake", 0, [1, 2, 4]) == {1, 2}
