"""Recognize English words, by the list in the package pyspellchecker."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spellchecker import SpellChecker


def is_english(text: str) -> bool:
    """Return True if every word of a text is English.  The first call reads the list, in a tenth of a second or two."""
    return all(word in _words() for word in text.split())


@cache
def _words() -> SpellChecker:
    from spellchecker import SpellChecker

    return SpellChecker(language="en")
