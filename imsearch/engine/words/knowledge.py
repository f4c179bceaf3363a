"""The lexicon's interface to the engine."""

from __future__ import annotations

from typing import Protocol

from imsearch.engine.words.language_pieces import Language


class Lexicon(Protocol):
    """The part of `imsearch.languages.lexicon.Lexicon` that the engine uses."""

    def expand(self, word: str) -> tuple[str, ...]:
        """Return the tags and kinds a query word stands for; empty when it is unknown."""

    def senses(self, word: str) -> tuple[str, ...]:
        """Return all tags and kinds that a word can stand for, including those from other languages."""

    def canonical(self, text: str) -> str | None:
        """Return the tag that a word, synonym or form stands for; None when it is unknown."""

    def __contains__(self, name: str) -> bool:
        """Return True if this exact spelling is a tag or a kind."""

    def normalize(self, text: str) -> str:
        """Return a text in lower case, with single spaces, in Unicode normal form."""

    def forms(self, word: str) -> tuple[str, ...]:
        """Return the word and its possible base forms."""

    def inflections(self, word: str) -> tuple[str, ...]:
        """Return the word and its possible inflected forms."""

    def kinds(self, tag: str) -> tuple[str, ...]:
        """Return the kinds above a tag."""

    def related(self, tag: str) -> tuple[str, ...]:
        """Return names that find a tag though they are not above it."""

    def is_phrase(self, words: tuple[str, ...]) -> bool:
        """Return True if these words together are a known tag or synonym."""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every name and synonym."""

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages in use besides English."""
