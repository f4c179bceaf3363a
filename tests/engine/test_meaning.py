"""Which tags answer a word, by how much, and what a text's sense as a whole adds; the lexicon is that of support.py."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.query.grammar import Word, parse
from imsearch.engine.words.resolved import All, Sense, Term
from imsearch.engine.words.words import Words
from imsearch.lexicon import Lexicon
from tests.engine.support import LEXICON, reading, spec

DOGS = Lexicon(
    kinds={"labrador": ("retriever", "dog", "animal"), "poodle": ("dog", "animal"), "dog": ("animal",)},
    related={"leash": ("dog",)},
)


def members(word: str, *tags: str, lexicon: Lexicon = DOGS) -> Mapping[str, float]:
    term = Words(lexicon, tags).term(Word(word))
    assert term is not None
    return term.members


@pytest.mark.parametrize(
    ("word", "tags", "expected"),
    [
        ("animal", ("labrador", "dog"), {"labrador": 1.0, "dog": 1.0}),  # true, however far below
        ("dog", ("dog", "leash"), {"leash": 0.3}),
        ("dog", ("leash",), {"leash": 0.3}),
        ("poodle", ("poodle", "dog"), {}),  # the word's own tag is there, so nothing above is asked
        ("poodle", ("dog", "animal"), {"dog": 1 / 2}),  # the nearest kind alone
        ("labrador", ("dog", "animal"), {"dog": 1 / 3}),  # two kinds up
        ("labrador", ("animal",), {"animal": 1 / 4}),
        ("labrador", ("leash",), {}),
    ],
)
def test_tags_that_speak_for_a_word(word: str, tags: tuple[str, ...], expected: dict[str, float]) -> None:
    assert members(word, *tags) == pytest.approx(expected)


def test_a_word_above_an_absent_one_finds_less_surely(pets: Engine) -> None:
    pets.record([reading(4, {"vehicle": 0.8})])
    pets.catch_up()
    # "cat" is on pictures, so animals are not asked; nothing is tagged "beach", and no kind is above it.
    assert [hit.image.id for hit in pets.search("cat", min_score=0).hits] == [1, 3]
    assert pets.search("beach", min_score=0).total == 0
    # The kind itself finds what is below and what says no more than "vehicle".
    assert [(hit.image.id, round(hit.score, 2)) for hit in pets.search("vehicle").hits] == [(4, 0.8), (3, 0.7)]


def test_a_rejected_word_is_not_found_by_the_kind_above(engine: Engine) -> None:
    engine.record([reading(1, {"animal": 0.9}), reading(2, {"animal": 0.6})])
    engine.catch_up()
    found = [(hit.image.id, round(hit.score, 2)) for hit in engine.search("dog").hits]
    assert found == [(1, 0.45), (2, 0.3)]
    engine.correct(1, "dog", -1)
    assert [hit.image.id for hit in engine.search("animal").hits] == [1, 2]
    assert [hit.image.id for hit in engine.search("dog").hits] == [2]


def test_words_around_the_words_that_count_are_left_out_silently(pets: Engine) -> None:
    results = pets.search("there is a dog with his kitty through the very blorp", min_score=0)
    assert results.unknown == ("blorp",)
    assert results.hits[0].image.id == 1
    assert results.hits[0].score == pytest.approx(math.sqrt(0.9 * 0.2), abs=1e-3)
    # Alone such a word is a word, and a tag of that name is one too.
    assert pets.search("through").unknown == ("through",)


class Fake:
    """Knows what three texts are near to, and which texts it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def near(self, text: str, tags: Set[str]) -> Mapping[str, float]:
        self.asked.append(text)
        known = {
            "purring": {"cat": 0.6, "dog": 0.4},
            "a purring kitty": {"cat": 1.0},
            "dog vroom": {"car": 1.0},
            "vroom dog kitty": {"car": 1.0},
        }
        return {tag: weight for tag, weight in known.get(text, {}).items() if tag in tags}


@pytest.fixture
def meanings() -> Fake:
    return Fake()


@pytest.fixture
def sensed(folder: Path, meanings: Fake) -> Iterator[Engine]:
    """1 a cat and perhaps a dog, 2 a dog, 3 a car."""
    with Engine.open(folder, LEXICON, create=True, meanings=meanings) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.81, "dog": 0.25}), reading(2, {"dog": 0.64}), reading(3, {"car": 0.49})])
        engine.catch_up()
        yield engine


def test_an_unknown_word_finds_what_its_text_is_near_to(sensed: Engine) -> None:
    results = sensed.search("purring", min_score=0)
    # (0.6 * 0.9 + 0.4 * 0.5) squared, and (0.4 * 0.8) squared: roots of the probabilities, weighted.
    assert [(hit.image.id, round(hit.score, 4)) for hit in results.hits] == [(1, 0.5476), (2, 0.1024)]
    assert (results.unknown, results.sense) == (("purring",), "purring")
    assert results.hits[0].why["purring"].name == "cat"


def test_the_sense_counts_beside_the_known_words(sensed: Engine) -> None:
    results = sensed.search("dog vroom", min_score=0)
    # One known word and one unknown: the geometric mean of the dog and the car, absent ones at the floor of .001.
    assert {hit.image.id: round(hit.score, 4) for hit in results.hits} == {
        1: round(math.sqrt(0.25 * 0.001), 4),
        2: round(math.sqrt(0.64 * 0.001), 4),
        3: round(math.sqrt(0.001 * 0.49), 4),
    }


def test_the_text_is_asked_with_the_words_that_are_left_out(sensed: Engine, meanings: Fake) -> None:
    resolved, _ = Words(LEXICON, {"cat"}, meanings=meanings).resolve(parse("a purring kitty").tree)
    assert resolved == All((Term("kitty", ("cat",)), Sense("a purring kitty", {"cat": 1.0}, 1)))


def test_and_joins_words_as_a_space_does(sensed: Engine, meanings: Fake) -> None:
    assert sensed.search("vroom dog and kitty").sense == "vroom dog kitty"


@pytest.mark.parametrize(
    "text", ["dog", "a dog with a kitty", "tag:purring", "-purring dog", "purring OR dog", "mood:purring dog"]
)
def test_nobody_is_asked_without_an_unknown_plain_word(sensed: Engine, meanings: Fake, text: str) -> None:
    assert sensed.search(text, min_score=0).sense == ""
    assert meanings.asked == []


def test_a_text_near_to_nothing_is_left_out(sensed: Engine) -> None:
    results = sensed.search("qwertz dog")
    assert (results.unknown, results.sense) == (("qwertz",), "")
    assert results.hits[0].image.id == 2
