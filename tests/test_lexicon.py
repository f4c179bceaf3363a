"""Lookups in a lexicon made by hand, and errors of damaged files."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from imsearch.errors import ImsearchError
from imsearch.languages.lexicon import Lexicon


@pytest.fixture
def small() -> Lexicon:
    return Lexicon(
        synonyms={"automobile": "car", "crane": ("crane bird", "construction crane"), "stoplight": "traffic light"},
        kinds={"cat": ("feline", "animal"), "crane bird": ("bird", "animal"), "car": ("vehicle",)},
        irregular={"mice": ("mouse",)},
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cat", "cat"),
        ("CATS ", "cat"),
        ("automobile", "car"),
        ("automobiles", "car"),
        ("traffic  lights", "traffic light"),
        ("traffic-light", "traffic light"),
        ("stop light", "traffic light"),
        ("animals", "animal"),
        ("crane", "crane bird"),
        ("unicorn", None),
        ("", None),
        ("s", None),
    ],
)
def test_canonical(small: Lexicon, text: str, name: str | None) -> None:
    assert small.canonical(text) == name


def test_a_synonym_may_stand_for_several_names(small: Lexicon) -> None:
    assert small.senses("cranes") == ("crane bird", "construction crane")
    assert small.expand("cranes") == ("crane bird", "construction crane")


def test_a_name_stands_for_itself_even_where_it_is_a_synonym_too() -> None:
    lexicon = Lexicon({"football": "soccer"}, {"football": ("sport",)})
    assert lexicon.senses("football") == ("football", "soccer")
    assert lexicon.expand("football") == ("football",)


def test_kinds_are_nearest_first_and_empty_for_the_unknown(small: Lexicon) -> None:
    assert small.kinds("cat") == ("feline", "animal")
    assert small.kinds("unicorn") == ()


def test_forms_start_with_the_word_itself(small: Lexicon) -> None:
    assert small.forms("Mice")[:2] == ("mice", "mouse")
    assert small.forms("dogs") == ("dogs", "dog")
    assert "wine glass" in small.forms("wine glasses")
    assert "berry" in small.forms("berries")


def test_normalize(small: Lexicon) -> None:
    assert small.normalize("  Jack\u2019s \t LANTERN ") == "jack's lantern"
    assert small.normalize(unicodedata.normalize("NFD", "Café")) == "café"
    assert small.normalize("caf\udce9") == "caf?"


def test_phrases_are_several_words_that_are_known_together(small: Lexicon) -> None:
    assert small.is_phrase(("traffic", "lights"))
    assert not small.is_phrase(("traffic",))
    assert not small.is_phrase(("cat", "car"))


def test_every_name_mentioned_is_a_tag_unless_tags_are_given(small: Lexicon) -> None:
    assert set(small.tags) == {
        "cat", "feline", "animal", "crane bird", "bird", "car", "vehicle", "construction crane", "traffic light"
    }  # fmt: skip
    assert Lexicon(kinds={"cat": ("animal",)}, tags=("cat",)).tags == ("cat",)
    assert "animal" in small
    assert "automobile" not in small


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "tags": 3}'])
def test_a_damaged_file_is_a_plain_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lexicon.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ImsearchError, match=r"lexicon\.json"):
        Lexicon.load(path)


def test_a_missing_file_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(ImsearchError, match="none"):
        Lexicon.load(tmp_path / "none.json")
