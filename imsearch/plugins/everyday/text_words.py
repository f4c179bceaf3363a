"""Tokenize text to rows of a table of word vectors: lower case, no accents, runs of letters or digits.  Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

MOST_WORDS = 64
"""Maximum number of words that are read."""
_WORD = re.compile(r"[a-z]+|\d+")
_ENDINGS = (("'s", ""), ("ies", "y"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"))
"""Endings to replace if the table does not have a word; the first hit is taken."""
_SHORTEST = 3


def words_of(text: str) -> list[str]:
    """Return the words of a text, in the spelling of the table."""
    plain = unicodedata.normalize("NFD", text.lower().replace("\u2019", "'").replace("'s ", " "))
    return _WORD.findall("".join(each for each in plain if not unicodedata.combining(each)))[:MOST_WORDS]


def rows_of(text: str, places: Mapping[str, int]) -> list[int]:
    """Return the rows of a text's words in a table whose words have these positions; unknown words are left out."""
    return [row for word in words_of(text) if (row := _row(word, places)) is not None]


def _row(word: str, places: Mapping[str, int]) -> int | None:
    if word in places:
        return places[word]
    stems = (word.removesuffix(end) + instead for end, instead in _ENDINGS if word.endswith(end))
    return next((places[stem] for stem in stems if len(stem) >= _SHORTEST and stem in places), None)
