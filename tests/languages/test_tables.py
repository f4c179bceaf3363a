"""The tables of words that come with imsearch: complete, tidy and quick to read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from imsearch.engine.words.coloured import find_coloured
from imsearch.languages.language import Language
from imsearch.languages.lexicon import Lexicon
from imsearch.languages.table import COLOUR, QuestionWord, read_table
from imsearch.library.languages import shipped
from imsearch.plugins.everyday import imsearch_annotators

CODES = sorted(shipped())
COLOURS = ("black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
TIMES = ("yesterday", "today", "last week", "last month", "last year", "last summer", "spring", "summer", "winter")


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


@pytest.fixture(params=CODES)
def language(request: pytest.FixtureRequest) -> Language:
    code: str = request.param
    return Language(code, shipped()[code].path)


@pytest.fixture
def data(language: Language) -> dict[str, Any]:
    return tomllib.loads(language.path.read_text(encoding="utf-8"))


def shown_tags(lexicon: Lexicon) -> Iterator[str]:
    """The tags that everyday shows, but for those of a thing and its colour, which are put together from both."""
    (spec,) = imsearch_annotators()
    visible = set(spec.visible_vocabulary)
    for tag in sorted(visible):
        words = tag.split()
        whole = find_coloured(iter(words), visible.__contains__, lambda word: (word,) if word in visible else ())
        if whole is None or words[0] not in COLOURS or tag in lexicon:
            yield tag


def test_every_shown_tag_and_the_kinds_above_have_a_word(data: Mapping[str, Any], lexicon: Lexicon) -> None:
    shown = list(shown_tags(lexicon))
    assert len(shown) > 1400
    kinds = {kind for tag in shown for kind in lexicon.kinds(tag)}
    assert sorted({*shown, *kinds} - set(data["tags"])) == []


def test_every_entry_is_of_the_lexicon_and_has_distinct_words(data: Mapping[str, Any], lexicon: Lexicon) -> None:
    for tag, words in data["tags"].items():
        assert tag in lexicon, tag
        assert words, tag
        assert all(word.strip() == word != "" for word in words), tag
        folded = [word.lower() for word in words]
        assert len(set(folded)) == len(folded), tag


def test_the_words_of_questions_are_there(language: Language) -> None:
    table = read_table(language.path)
    english = {word.english for word in table.questions.values()}
    assert {*COLOURS, *MONTHS, *NUMBERS, *TIMES, "without"} <= english
    assert {word.english for word in table.questions.values() if word.kind == COLOUR} == set(COLOURS)


def test_no_word_is_both_left_out_and_asked_for(data: Mapping[str, Any]) -> None:
    words = data["words"]
    fillers = {word.lower() for word in words["fillers"]}
    assert fillers.isdisjoint(word.lower() for name in ("without", "or") for word in words[name])
    groups = [words[name] for name in ("colours", "months", "times")]
    assert fillers.isdisjoint(word.lower() for group in groups for entry in group.values() for word in entry)


def test_the_head_says_which_language_it_is(language: Language, data: Mapping[str, Any]) -> None:
    assert data["language"]["code"] == language.code
    assert data["language"]["name"] == language.name
    assert all(isinstance(word, QuestionWord) for word in read_table(language.path).questions.values())
