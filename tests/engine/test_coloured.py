"""A thing and its colour in queries, where the library has tags such as "red car"."""

from __future__ import annotations

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.changes import Verdict
from tests.engine.support import correct, ids, reading


@pytest.fixture
def cars(engine: Engine) -> Engine:
    """1 a red car, 2 surely a car but blue, 3 a red dog beside a grey car, 4 a black and white dog, 5 a black dog."""
    engine.record(
        [
            reading(1, {"car": 0.8, "red car": 0.6}),
            reading(2, {"car": 0.95, "blue car": 0.9}),
            reading(3, {"dog": 0.9, "red dog": 0.8, "car": 0.9, "grey car": 0.7}),
            reading(4, {"dog": 0.9, "black dog": 0.6, "white dog": 0.7}),
            reading(5, {"dog": 0.95, "black dog": 0.9}),
        ]
    )
    engine.catch_up()
    return engine


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("red car", [1, 2, 3]),
        ("Red Cars", [1, 2, 3]),
        ("a scarlet automobile", [1, 2, 3]),
        ("cars that are red", [1, 2, 3]),
        ("the car is red", [1, 2, 3]),
        ("gray cars", [3, 2, 1]),
        ("silver car", [3, 2, 1]),
        ("black and white dog", [4, 5, 3]),
    ],
)
def test_what_has_the_colour_comes_first_and_the_thing_in_others_after(
    cars: Engine, text: str, first: list[int]
) -> None:
    results = cars.finder.search(text, min_score=0)
    assert [hit.image.id for hit in results.hits] == first
    assert results.unknown == ()


def test_the_tag_says_how_likely_and_the_list_ends_before_other_colours(cars: Engine) -> None:
    results = cars.finder.search("red car")
    assert [(hit.image.id, round(hit.score, 3)) for hit in results.hits] == [(1, 0.6)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"red car"', [1]),
        ('"red cars"', [1]),
        ("tag:red tag:car", [2, 3, 1]),
        ('+"red car"', [1]),
        ('car -"red car"', [2, 3]),
        ("car -(red car)", [2, 3]),
        ("+(red car)", [1]),
    ],
)
def test_what_is_demanded_or_excluded_is_this_colour_alone(cars: Engine, text: str, found: list[int]) -> None:
    assert ids(cars, text)[: len(found)] == found
    if text[:1] in '"+' or "-" in text:
        assert len(ids(cars, text)) == len(found)


def test_without_such_tags_words_are_looked_for_one_by_one(pets: Engine) -> None:
    results = pets.finder.search("red car", min_score=0)
    assert [(hit.image.id, round(hit.score, 2)) for hit in results.hits] == [(3, 0.7)]
    assert results.unknown == ("red",)


def test_a_colour_of_no_such_tag_is_left_to_itself(cars: Engine) -> None:
    results = cars.finder.search("purple car", min_score=0)
    assert [hit.image.id for hit in results.hits] == [2, 3, 1]
    assert results.unknown == ("purple",)


def test_a_picture_whose_colour_the_user_rejected_is_found_as_a_thing_alone(cars: Engine) -> None:
    correct(cars, Verdict.REJECT, [1], "red car")
    assert ids(cars, "red car") == [2, 3, 1]
    assert ids(cars, '"red car"') == []


def test_words_that_are_known_themselves_order_what_has_no_such_tag(engine: Engine) -> None:
    engine.record(
        [
            reading(1, {"car": 0.9, "blue": 0.9}),
            reading(2, {"car": 0.8, "red": 0.9}),
            reading(3, {"car": 0.8, "red": 0.1, "red car": 0.5}),
            reading(4, {"red": 0.9, "dog": 0.9}),
        ]
    )
    engine.catch_up()
    assert ids(engine, "red car") == [3, 2, 1, 4]
    assert ids(engine, "car red") == [2, 3, 1, 4]
