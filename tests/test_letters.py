"""Names that look the same are the same, and letters that change what is read stay."""

from __future__ import annotations

import pytest

from imsearch.languages.letters import breaks_lines, folded, is_blank, tidy, turns_around, unaccented, without_invisible
from imsearch.languages.lexicon import Lexicon
from imsearch.pictures.metadata.fields import plain

NOTHING = (
    *("\u200b", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u200f", "\u061c", "\u034f", "\u180e", "\u2063", "\u206a"),
    *("\u202a", "\u202e", "\u2066", "\u2069", "\U000e0001", "\U000e0041", "\U000e0100", "\ufe0f", "\u200d", "\u200c"),
    *("\u3164", "\uffa0", "\u115f", "\u17b4", "\ufff9", "\ufffc", "\uffff", "\x00", "\x1b", "\x7f", "\u0090"),
)


@pytest.mark.parametrize("letter", NOTHING, ids=ascii)
def test_what_cannot_be_seen_makes_no_name(letter: str) -> None:
    for text in (f"grandma{letter}", f"{letter}grandma", f"grand{letter}ma", f"grand{letter}{letter}ma"):
        assert without_invisible(text) == "grandma"
        assert Lexicon().normalize(text) == "grandma"
    assert is_blank(letter)
    assert is_blank(f" {letter} ")
    assert without_invisible(f"m\u00fc{letter}ller") == "m\u00fcller"


KEPT = {
    "Persian": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "Hindi": "\u0915\u094d\u200d\u0937",
    "Malayalam, at the end": "\u0d28\u0d4d\u200d",
    "Bengali": "\u09b0\u200d\u09cd\u09af",
    "family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "skin": "\U0001f469\U0001f3fd\u200d\U0001f680",
    "rainbow flag": "\U0001f3f3\ufe0f\u200d\U0001f308",
    "heart": "\u2764\ufe0f",
    "text cake": "\U0001f382\ufe0e",
    "key": "1\ufe0f\u20e3",
    "flag": "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "ideograph": "\u845b\U000e0100",
    "Mongolian": "\u182e\u1823\u1829\u180b",
    "Arabic sign": "\u0601\u0661",
    "private": "\uf8ff",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_changes_how_a_word_is_read_stays(text: str) -> None:
    assert without_invisible(text) == text
    assert tidy(f"\u200b{text}\u2060") == text
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Auf\u200clage", "Auflage"),
        ("\u062e\u0627\u0646\u0647\u200c", "\u062e\u0627\u0646\u0647"),
        ("\u0645\u06cc\u200c\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("\U0001f382\ufe0f", "\U0001f382"),
        ("cafe\u0301", "caf\u00e9"),
        ("c\u034fafe\u200b\u0301", "caf\u00e9"),
        ("\u0301\u0302cat", "cat"),
        ("hot\u00a0\u2003dog", "hot dog"),
        ("hot\u2800dog", "hot dog"),
        ("\u1112\u1161\u11ab", "\ud55c"),
    ],
    ids=ascii,
)
def test_a_name_has_one_spelling(text: str, name: str) -> None:
    assert tidy(text) == name
    assert tidy(name) == name


def test_blank_names() -> None:
    for text in ("", " ", "\u00a0", "\u2800", "\u0301", "\u200b\u0301", "\n", "\u20dd"):
        assert is_blank(text)
    for text in ("a", "1", "?", "\u2764", "\U0001f382", "\u4e2d"):
        assert not is_blank(text)


def test_marks_that_turn_text_around() -> None:
    for text in ("a\u202egpj.b", "\u202eabc", "\u202eabc\u202c", "a\u2067b\u2069c", "\u2066a\u2069b"):
        assert turns_around(text)
    for text in ("abc", "\u202a+49 170\u202c", "\u2068Dana\u2069", "\u05d0\u200f", ""):
        assert not turns_around(text)


def test_line_breaks() -> None:
    assert [breaks_lines(text) for text in ("a b", "a\nb", "a\u2028b", "a\x1bb", "\udcff")] == [
        False,
        True,
        True,
        True,
        True,
    ]


def test_keywords_of_files() -> None:
    for text in ("grand\u00adma\x00", "\ufeffgrandma\u200b", " grandma\u202c\ud83d"):
        assert plain(text) == "grandma"
    assert (
        plain("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645") == "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )
    assert plain("Canon\x00EOS") == "Canon EOS"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("M\u00dcNCHEN", "m\u00fcnchen"),
        ("Mu\u0308ller", "m\u00fcller"),
        ("Stra\u00dfe", "strasse"),
        ("\uff29\uff2d\uff27", "img"),
        ("dog\u2019s", "dog's"),
        ("grand\u00adma", "grandma"),
        ("\u1112\u1161\u11ab", "\ud55c"),
    ],
)
def test_words_are_folded(text: str, words: str) -> None:
    assert folded(text) == words == folded(words)


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("m\u00fcller", ("muller", "mueller")),
        ("s\u00e3o", ("sao",)),
        ("\u00f8rsted", ("orsted", "oersted")),
        ("rose", ()),
        ("\u304c", ()),  # another letter, not an accent
        ("\u0939\u093f\u0928\u094d\u0926\u0940", ()),
    ],
)
def test_accents_may_be_left_out(text: str, spellings: tuple[str, ...]) -> None:
    assert unaccented(text) == spellings
