""" "Did you mean": words of the library's own that are spelled like one that nobody knows, and that find something."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from imsearch.engine.query.grammar import ALL_KEYS
from imsearch.engine.query.spelling import near
from imsearch.engine.query.tree import Word
from imsearch.engine.words.resolved import Term
from imsearch.engine.words.vocabulary import SEPARATOR
from imsearch.engine.words.words import Words

MOST = 3
_TRIED = 20
"""Candidates that are looked up in the index; the nearest come first."""


def suggest(unknown: Iterable[str], words: Words, showing: Callable[[Term], int]) -> dict[str, tuple[str, ...]]:
    """Up to `MOST` words for each unknown one, the likeliest first; those without any are left out.

    showing: on how many pictures a tag that answers the word is shown.
    """
    found = {word: _keys(word, words) or _words(word, words, showing) for word in unknown}
    return {word: suggested for word, suggested in found.items() if suggested}


def _keys(word: str, words: Words) -> tuple[str, ...]:
    """``camra:canon``: what stands before the colon may be a key of the language, written wrongly."""
    key, separator, value = word.partition(SEPARATOR)
    if not separator or words.has_namespace(words.normalize(key)):
        return ()
    value = f'"{value}"' if " " in value else value
    return tuple(f"{right}:{value}" for _, right in near(key.lower(), ALL_KEYS)[:MOST])


def _words(word: str, words: Words, showing: Callable[[Term], int]) -> tuple[str, ...]:
    wanted = words.normalize(word)
    counted = []
    for distance, name in words.vocabulary.near(wanted)[:_TRIED]:
        term = words.term(Word(name))
        pictures = showing(term) if term is not None else 0
        if pictures:
            counted.append((distance, name[:1] != wanted[:1], -pictures, name))
    return tuple(name for *_, name in sorted(counted)[:MOST])
