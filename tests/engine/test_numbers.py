"""Numbers of things in queries, with a model that counts dogs and without."""

from __future__ import annotations

import numpy as np
import pytest

from imsearch.annotator import CountHead
from imsearch.engine.engine import Engine
from imsearch.engine.search.finder import Finder
from imsearch.engine.search.options import SearchOptions
from imsearch.engine.words.numbers import find_number
from tests.engine.support import ids, reading

SENSES = {"dogs": ("dog", "animal"), "man": ("man", "person"), "people": ("person",), "zwei": ("two",)}
HEAD = CountHead(np.array([(8, 0), (0, 8), (-8, -8)], np.float32), np.array([-4, -4, 4], np.float32))
"""Along the first axis there is one, along the second there are two, and three against both."""


@pytest.mark.parametrize(
    ("text", "value", "length", "first"),
    [
        ("two dogs", 2, 1, "dog"),
        ("2 dogs", 2, 1, "dog"),
        ("zwei dogs", 2, 1, "dog"),
        ("twelve small brown dogs", 12, 1, "dog"),
        ("couple of dogs", 2, 2, "dog"),
        ("group of people", 3, 2, "person"),
        ("several dogs", 3, 1, "dog"),
        ("single man", 1, 1, "man"),
        ("couple dancing", 2, 1, "person"),
        ("alone", 1, 1, "person"),
    ],
)
def test_a_number_and_what_is_counted(text: str, value: int, length: int, first: str) -> None:
    found = find_number((), text.split(), lambda word: SENSES.get(word, ()))
    assert found is not None
    assert (found.value, found.length, found.things[0]) == (value, length, first)


@pytest.mark.parametrize(
    "text", ["two", "2", "2021 dogs", "0 dogs", "one of them", "group", "dogs two", "two in a car"]
)
def test_what_is_no_number_of_things(text: str) -> None:
    assert find_number((), text.split(), lambda word: SENSES.get(word, ())) is None


def test_who_is_alone_stands_before_it() -> None:
    found = find_number(("old", "dogs"), ("alone", "in"), lambda word: SENSES.get(word, ()))
    assert found is not None and found.things == ("dog", "animal", "person") and not found.thing


@pytest.fixture
def dogs(engine: Engine) -> Engine:
    """1 one dog, 2 two dogs, 3 many dogs, 4 a dog of which there is no vector, 5 two cars; all dogs equally likely."""
    engine.record(
        [
            reading(1, {"dog": 0.8}, vector=(1, 0)),
            reading(2, {"dog": 0.8}, vector=(0, 1)),
            reading(3, {"dog": 0.8}, vector=(-1, -1)),
            reading(4, {"dog": 0.8}),
            reading(5, {"car": 0.9}, vector=(0, 1)),
        ]
    )
    engine.catch_up()
    return engine


def counting(engine: Engine, version: str = "1", thing: str = "dog") -> Finder:
    """Queries of an engine whose annotator counts a thing."""
    return engine.finder.using(SearchOptions(heads=lambda: {"fake": (version, {thing: HEAD})}))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("one dog", 1),
        ("single dog", 1),
        ("two dogs", 2),
        ("2 Dogs", 2),
        ("a couple of dogs", 2),
        ("three dogs", 3),
        ("4 dogs", 3),
        ("a group of dogs", 3),
        ("dog alone", 1),
    ],
)
def test_pictures_with_so_many_come_first_and_the_thing_is_required(dogs: Engine, text: str, first: int) -> None:
    found = counting(dogs).search(text, min_score=0)
    assert found.unknown == ()
    listed = [hit.image.id for hit in found.hits]
    assert listed[0] == first and sorted(listed) == [1, 2, 3, 4]
    assert found.hits[0].score > 0.85 > found.hits[1].score


def test_a_picture_without_a_vector_is_taken_for_a_usual_one(dogs: Engine) -> None:
    scores = {hit.image.id: hit.score for hit in counting(dogs).search("two dogs", min_score=0).hits}
    assert scores[2] > scores[4] >= min(scores[1], scores[3])


def test_without_a_model_that_counts_a_number_neither_finds_nor_harms(dogs: Engine) -> None:
    for text in ("one dog", "2 dogs", "three dogs", "a group of dogs", "dog alone", "a couple of dogs"):
        plain, numbered = dogs.finder.search("dog", min_score=0), dogs.finder.search(text, min_score=0)
        assert [(hit.image.id, hit.score) for hit in numbered.hits] == [(hit.image.id, hit.score) for hit in plain.hits]
        assert numbered.unknown == (), text


def test_heads_of_another_version_are_not_asked(dogs: Engine) -> None:
    assert ids(counting(dogs, version="2"), "two dogs") == ids(dogs, "dog")


def test_what_no_head_counts_goes_by_the_tag_of_the_number(dogs: Engine) -> None:
    dogs.record([reading(6, {"car": 0.9, "two": 0.6}, vector=(1, 0)), reading(7, {"two": 0.9}, vector=(0, 1))])
    dogs.catch_up()
    finder = counting(dogs)
    assert ids(finder, "two cars") == [6, 5, 7]
    assert ids(finder, "2 cars") == [6, 5, 7]
    assert ids(finder, "two") == [7, 6]  # by itself it is a word like others
    assert ids(finder, "one car") == ids(finder, "car")


def test_an_unknown_thing_stays_unknown_and_its_number_finds_nothing(dogs: Engine) -> None:
    found = counting(dogs).search("two zorgs", min_score=0)
    assert (found.total, found.unknown) == (0, ("zorgs",))


def test_a_tag_that_begins_with_a_number_is_that_tag(dogs: Engine) -> None:
    dogs.record([reading(6, {"two dogs": 0.9})])
    dogs.catch_up()
    finder = counting(dogs)
    assert ids(finder, "two dogs") == [6]
    assert ids(finder, '"two dogs"') == [6]


def test_numbers_stand_beside_other_words_and_conditions(dogs: Engine) -> None:
    finder = counting(dogs)
    assert ids(finder, "two dogs type:jpeg")[0] == 2
    assert ids(finder, "(two dogs) OR car")[:2] == [5, 2]
    assert ids(finder, "two dogs -car")[0] == 2
    assert 2 not in ids(finder, "car -(two dogs)")[:1]


def test_of_a_large_index_only_the_nearest_are_compared(dogs: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    index = dogs.indexes.vectors.of("fake")[1]
    nearest = index.nearest
    monkeypatch.setattr(index, "nearest", lambda vector, count: nearest(vector, 2))
    finder = counting(dogs)
    assert ids(finder, "two dogs")[0] == 2
    assert sorted(ids(finder, "two dogs")) == [1, 2, 3, 4]


@pytest.mark.parametrize(("text", "kinds"), [("couple", ["Counted", "Term"]), ("alone", ["Counted", "Term"])])
def test_a_couple_and_who_is_alone_are_people(engine: Engine, text: str, kinds: list[str]) -> None:
    engine.record([reading(1, {"person": 0.8}, vector=(1, 0)), reading(2, {"person": 0.8}, vector=(0, 1))])
    engine.catch_up()
    finder = counting(engine, thing="person")
    assert ids(finder, text) == ([2, 1] if text == "couple" else [1, 2])
    assert [type(item).__name__ for item in finder._answer(text)[1].query.items] == kinds  # type: ignore[union-attr]
