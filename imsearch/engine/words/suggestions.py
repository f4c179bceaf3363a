"""Suggest similarly spelled words that find something for an unknown one ("did you mean").

An English word is not a misspelling, even if the lexicon does not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from imsearch.engine.query.tree import Word
from imsearch.engine.words.decency import is_suggestible
from imsearch.engine.words.english import is_english
from imsearch.engine.words.postings import Postings
from imsearch.engine.words.resolved import Term
from imsearch.engine.words.vocabulary import SEPARATOR
from imsearch.engine.words.words import Words
from imsearch.languages.spelling import near

MOST = 3
_SHORT, _LONG = 4, 7
_TRIED = 20
"""Maximum candidates looked up in the index; the closest come first."""


def suggest(unknown: Iterable[str], words: Words, showing: Callable[[Term], int]) -> dict[str, tuple[str, ...]]:
    """Return up to `MOST` words for each unknown one, the likeliest first, without those that have none.

    showing: returns on how many pictures a tag that answers the word is shown.
    """
    found = {word: _keys(word, words) or _words(word, words, showing) for word in unknown}
    return {word: suggested for word, suggested in found.items() if suggested}


def shown_of(term: Term, lookup: Callable[[str], Postings]) -> int:
    """Return on how many pictures the tags that answer a word are shown."""
    found = [lookup(tag) for tag in (*term.names, *term.members)]
    return sum(int((postings.shown & ~postings.rejected).sum()) for postings in found)


def _keys(word: str, words: Words) -> tuple[str, ...]:
    """Correct ``camra:canon``: the part before the colon may be a misspelled key of the language."""
    key, separator, value = word.partition(SEPARATOR)
    if not separator or words.has_namespace(words.normalize(key)):
        return ()
    value = f'"{value}"' if " " in value else value
    return tuple(f"{right}:{value}" for _, right in near(key.lower(), words.keys)[:MOST])


def _words(word: str, words: Words, showing: Callable[[Term], int]) -> tuple[str, ...]:
    """Return similarly spelled words that find something: the library's own tags first, the closest of them first."""
    wanted = words.normalize(word)
    near = [(distance, name) for distance, name in words.vocabulary.near(wanted) if _may_be(wanted, name, distance)]
    if not near or is_english(wanted):
        return ()
    counted = []
    for distance, name in near[:_TRIED]:
        term = words.term(Word(name))
        pictures = showing(term) if term is not None else 0
        if pictures:
            counted.append((not words.has_tag(name), distance, name[:1] != wanted[:1], -pictures, name))
    return tuple(name for *_, name in sorted(counted)[:MOST])


def _may_be(typed: str, name: str, distance: int) -> bool:
    """Return True if `typed` may be a misspelling of `name`.

    Short words are one letter away from many others.  With three letters only a swap of two counts; with four the first
    must be right or swapped, too; two mistakes need seven.
    """
    swapped = sorted(typed) == sorted(name)
    allowed = 2 if len(typed) >= _LONG else 1
    near = distance <= allowed and (swapped or len(typed) > _SHORT or typed[:1] == name[:1])
    return near and (swapped or len(typed) >= _SHORT) and is_suggestible(name)
