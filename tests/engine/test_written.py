"""Which words of names, folders and texts are kept, and how likely they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from imsearch.engine.words.splitting import words_of
from imsearch.engine.words.texts import SOURCES, evidence, key
from tests.engine.support import LEXICON


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("goldenGate_bridge2", ["golden", "gate", "bridge"]),
        ("HTMLPage", ["html", "page"]),
        ("Berlin 2019", ["berlin", "2019"]),
        ("20190304_113512", []),
        ("1000268201_693b08cb0e", []),
        ("P1010023", []),
        ("été à Zürich", ["été", "à", "zürich"]),
        ("\u72ac", ["\u72ac"]),
        ("K\u00d6LN_DOM", ["k\u00f6ln", "dom"]),
        ("IMG\u6771\u4eac", ["img", "\u6771\u4eac"]),
        ("cake \U0001f382\U0001f389", ["cake", "\U0001f382", "\U0001f389"]),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
            ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea"],
        ),
        ("x", []),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/home/anna/Pictures/Berlin/day one/rex.jpg", {"rex": "name", "berlin": "folder", "day": "folder"}),
        ("/a1/far/near/by/IMG_1234.jpg", {"1234": "name", "far": "folder", "near": "folder", "by": "folder"}),
        ("/DCIM/DSC0001.jpg", {"dsc0001": "name"}),
        ("/photos/\udcff rex.jpg", {"rex": "name"}),
    ],
)
def test_names_and_folders(path: str, found: dict[str, str]) -> None:
    sources = {word: tag.source for word, tag in evidence([Path(path)], []).items()}
    assert {word: source for word, source in sources.items() if word != "one" and word[0] != "_"} == found


def test_the_strongest_source_counts() -> None:
    said = evidence([Path("/rex/rex.jpg")], [("description", "Rex"), ("keyword", "rex")])
    assert (said["rex"].source, said["rex"].probability, said["rex"].shown) == ("keyword", SOURCES["keyword"], True)
    assert list(SOURCES) == ["keyword", "title", "name", "description", "folder"]
    assert sorted(SOURCES.values(), reverse=True) == list(SOURCES.values())


def test_no_tag_is_called_as_a_written_word_is() -> None:
    assert LEXICON.normalize(key("dog")) != key("dog")


def test_inflections_are_the_inverse_of_forms() -> None:
    for base, form in (("dog", "dogs"), ("berry", "berries"), ("wolf", "wolves"), ("beach", "beaches")):
        assert form in LEXICON.inflections(base)
        assert base in LEXICON.forms(form)
    assert "hot dogs" in LEXICON.inflections("Hot dog")
