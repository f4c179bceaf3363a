"""Tags with a namespace: found by their whole name, by what stands after the colon, and by other words for both."""

from __future__ import annotations

from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.query.grammar import MAX_LENGTH, Node, Not, Word, parse
from imsearch.languages.lexicon import Lexicon
from tests.engine.support import tagged_library

SMALL = Lexicon(
    synonyms={"mood": "emotion", "happy": "emotion:happy", "joyful": "emotion:happy", "warm": "heat"},
    kinds={"emotion:happy": ("emotion",), "emotion:angry": ("emotion",), "heat": (), "dog": ("animal",)},
)
PICTURES = {
    1: {"emotion:happy": 0.9, "emotion:angry": 0.1, "weather:sunny": 0.8},
    2: {"emotion:happy": 0.3, "emotion:angry": 0.7, "weather:very windy": 0.6},
    3: {"happy": 0.5, "dog": 0.6, "light:warm": 0.4},
}


@pytest.fixture
def library(tmp_path: Path) -> Engine:
    return tagged_library(tmp_path / "library", SMALL, PICTURES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The plain tag "happy" of some other annotator means the same to the lexicon.
        ("emotion:happy", [(1, 0.9), (3, 0.5), (2, 0.3)]),
        ("Emotion:HAPPY", [(1, 0.9), (3, 0.5), (2, 0.3)]),
        ("tag:emotion:happy", [(1, 0.9), (2, 0.3)]),
        ("mood:happy", [(1, 0.9), (3, 0.5), (2, 0.3)]),
        ("emotion:joyful", [(1, 0.9), (3, 0.5), (2, 0.3)]),
        ("mood:joyful", [(1, 0.9), (3, 0.5), (2, 0.3)]),
        ("happy", [(1, 0.9), (3, 0.5), (2, 0.3)]),
        ("tag:happy", [(3, 0.5)]),
        ("emotion", [(1, 0.9), (2, 0.7), (3, 0.5)]),
        ("mood", [(1, 0.9), (2, 0.7), (3, 0.5)]),
        ("-emotion:angry", [(3, 1.0), (1, 0.9)]),
        ("+mood:happy", [(1, 0.9), (3, 0.5)]),
        # Namespaces that the lexicon has never heard of: a plugin's own.
        ("weather:sunny", [(1, 0.8)]),
        ("sunny", [(1, 0.8)]),
        ('weather:"very windy"', [(2, 0.6)]),
        ('tag:"weather:very windy"', [(2, 0.6)]),
        ("very windy", [(2, 0.6)]),
        # What stands after the colon may be a word of the lexicon.
        ("warm", [(3, 0.4)]),
        ("heat", [(3, 0.4)]),
        ("light:heat", [(3, 0.4)]),
        # Another namespace is not meant.
        ("weather:happy", []),
        ("emotion:dog", []),
        ("emotion:sunny", []),
    ],
)
def test_a_namespace_is_searched(library: Engine, text: str, expected: list[tuple[int, float]]) -> None:
    hits = library.finder.search(text, min_score=0).hits
    assert [(hit.image.id, round(hit.score, 4)) for hit in hits] == expected


def test_what_no_tag_answers_is_unknown(library: Engine) -> None:
    assert library.finder.search("emotion:bored weather:happy dog").unknown == ("emotion:bored", "weather:happy")
    assert library.finder.search("emotion: dog").unknown == ()


def test_the_user_may_say_what_a_picture_feels_like(library: Engine) -> None:
    library.correct(2, "happy", -1)
    assert [hit.image.id for hit in library.finder.search("emotion:happy", min_score=0).hits] == [1, 3]
    library.correct(3, "joyful", 1)
    assert library.finder.search("mood:happy").hits[0].image.id == 3
    assert "emotion:happy" in {tag.name for tag in library.finder.search("dog").hits[0].tags}


def test_a_hit_says_which_tag_answered(library: Engine) -> None:
    hit = library.finder.search("mood:joyful").hits[0]
    assert {word: tag.name for word, tag in hit.why.items()} == {"mood:joyful": "emotion:happy"}


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("emotion:happy", Word("emotion:happy")),
        ("-emotion:happy", Not(Word("emotion:happy"))),
        ('weather:"very  windy"', Word("weather:very windy", quoted=True)),
        ('weather:"very windy', Word("weather:very windy", quoted=True)),
        ('tag:"a b"', Word("a b", exact=True)),
        ("tag:a:b", Word("a:b", exact=True)),
        ("happy:", Word("happy")),
        (":happy", Word("happy")),
        ("12:30", Word("12:30")),
    ],
)
def test_the_grammar_keeps_a_namespace_with_its_word(text: str, tree: Node) -> None:
    assert parse(text).tree == tree


def test_many_colons_do_no_harm(library: Engine) -> None:
    assert library.finder.search("a:" * (MAX_LENGTH // 2)).total == 0


def test_the_lexicon_knows_the_emotions() -> None:
    lexicon = Lexicon.load()
    assert lexicon.expand("happy") == lexicon.expand("joyful") == ("emotion:happy",)
    assert lexicon.canonical("moods") == "emotion"
    assert lexicon.kinds("emotion:negative") == ("emotion",)
    assert lexicon.labels("sentiment")["positive"] == "emotion:positive"
