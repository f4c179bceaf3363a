"""Which tags answer a word, and by how much; the lexicon is that of support.py."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.query.grammar import Word
from imsearch.engine.words.words import Words
from imsearch.languages.lexicon import Lexicon
from tests.engine.support import reading

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
    assert [hit.image.id for hit in pets.finder.search("cat", min_score=0).hits] == [1, 3]
    assert pets.finder.search("beach", min_score=0).total == 0
    # The kind itself finds what is below and what says no more than "vehicle".
    assert [(hit.image.id, round(hit.score, 2)) for hit in pets.finder.search("vehicle").hits] == [(4, 0.8), (3, 0.7)]


def test_a_rejected_word_is_not_found_by_the_kind_above(engine: Engine) -> None:
    engine.record([reading(1, {"animal": 0.9}), reading(2, {"animal": 0.6})])
    engine.catch_up()
    found = [(hit.image.id, round(hit.score, 2)) for hit in engine.finder.search("dog").hits]
    assert found == [(1, 0.45), (2, 0.3)]
    engine.correct(1, "dog", -1)
    assert [hit.image.id for hit in engine.finder.search("animal").hits] == [1, 2]
    assert [hit.image.id for hit in engine.finder.search("dog").hits] == [2]


def test_words_around_the_words_that_count_are_left_out_silently(pets: Engine) -> None:
    results = pets.finder.search("there is a dog with his kitty through the very blorp", min_score=0)
    assert results.unknown == ("blorp",)
    assert results.hits[0].image.id == 1
    assert results.hits[0].score == pytest.approx(math.sqrt(0.9 * 0.2), abs=1e-3)
    # Alone such a word is a word, and a tag of that name is one too.
    assert pets.finder.search("through").unknown == ("through",)
