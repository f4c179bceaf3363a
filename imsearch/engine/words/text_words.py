"""Match query words with written ones: spellings found in file names, titles, descriptions, keywords.

The index holds written words as spelled; other forms and names of a word are tried at query time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeAlias

from imsearch.engine.query.tree import And, Node, Query, Word
from imsearch.engine.words.resolved import Term
from imsearch.engine.words.splitting import chunks, pieces_of, words_of
from imsearch.engine.words.texts import name_key
from imsearch.languages.letters import folded, unaccented

_ENDINGS = frozenset(
    (
        *(
            ".jpg",
            ".jpeg",
            ".jpe",
            ".jfif",
            ".png",
            ".gif",
            ".webp",
            ".bmp",
            ".tif",
            ".tiff",
            ".heic",
            ".heif",
            ".avif",
        ),
        *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".mpo", ".jp2", ".ppm", ".pgm", ".apng"),
    )
)
"""File name endings, by which a query is recognized as a file name."""
Written: TypeAlias = Callable[[str], bool]
"""Function that returns True for a word written of any picture."""


class Forms(Protocol):
    """The part of `imsearch.languages.lexicon.Lexicon` in use here."""

    def normalize(self, text: str) -> str:
        """Return a text in lower case, with single spaces, in Unicode normal form."""

    def forms(self, word: str) -> tuple[str, ...]:
        """Return the word and its possible base forms."""

    def inflections(self, word: str) -> tuple[str, ...]:
        """Return the word and its possible inflected forms."""


def nowhere(word: str) -> bool:
    """Return False: for a library without written words."""
    return False


def with_texts(word: Word, term: Term | None, forms: Forms, written: Written) -> Term | None:
    """Return the term with the spellings written of some picture; None when the word is unknown there, too.

    Not for an exact tag, one in a namespace, prefixes and fuzzy words.
    """
    if word.exact or word.match or ":" in word.text or written is nowhere:
        return term
    text = forms.normalize(word.text)
    names = dict.fromkeys((*forms.forms(text), *(term.names if term else ())))
    spelled = (form for name in names if ":" not in name for form in forms.inflections(name))
    phrases = dict.fromkeys([*(" ".join(words_of(form)) for form in spelled), " ".join(map(folded, chunks(text)))])
    texts, loose = [name for name in (file_named(word.text, written),) if name], []
    for phrase in filter(None, phrases):
        if all(map(written, phrase.split())):
            texts.append(phrase)
        elif not phrase.isascii() and (pieces := _in_pieces(phrase, written)):
            loose.append(pieces)
        loose += [bare for bare in unaccented(phrase) if all(map(written, bare.split()))]
    if not (texts or loose):
        return term
    return replace(term or Term(text, ()), texts=tuple(texts), loose=tuple(loose))


def file_named(text: str, written: Written) -> str:
    """Return the index key if a text is a file name: ``IMG_1234``, ``holiday (2).jpg``; "" if no file has it.

    Plain words are not treated as a file name: "beach" does not ask for beach.jpg.
    """
    stem, dot, ending = text.strip().rpartition(".")
    with_ending = bool(dot and stem) and "." + ending.lower() in _ENDINGS
    if not with_ending and "_" not in text and not any(map(str.isdecimal, text)):
        return ""
    names = [name_key(stem.replace("\\", "/").rpartition("/")[2])] if with_ending else []
    names.append(name_key(text))
    spelled = (spelling for name in names for spelling in (name, *unaccented(name)))
    return next((name for name in spelled if name and written(name)), "")


def or_named(query: Query, text: str, written: Written) -> Node:
    """Return the tree of a query, extended by the file whose name is the whole text."""
    key = file_named(text, written) if isinstance(query.tree, And) else ""
    return Word(text, quoted=True) if key else query.tree


def _in_pieces(phrase: str, written: Written) -> str:
    """Return pieces that were all written, for words inside of longer ones in scripts without spaces."""
    found: list[str] = []
    for word in phrase.split():
        pieces = [word] if written(word) else pieces_of(word)
        if not pieces or not all(map(written, pieces)):
            return ""
        found += pieces
    return " ".join(found)
