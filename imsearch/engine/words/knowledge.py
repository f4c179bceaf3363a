"""What the engine needs to know of words beside those of a library: the lexicon's side of `words`."""

from __future__ import annotations

from typing import Protocol

from imsearch.engine.words.language_pieces import Language


class Lexicon(Protocol):
    """What the engine needs of `imsearch.languages.lexicon.Lexicon`."""

    def expand(self, word: str) -> tuple[str, ...]:
        """The tags and kinds a word of a query stands for; empty when it is unknown."""

    def senses(self, word: str) -> tuple[str, ...]:
        """All tags and kinds that a word can stand for, those of other languages included."""

    def canonical(self, text: str) -> str | None:
        """The tag that a word, synonym or form stands for; None when it is unknown."""

    def __contains__(self, name: str) -> bool:
        """Whether this exact spelling is a tag or a kind."""

    def normalize(self, text: str) -> str:
        """Lower case, spaces folded, one Unicode form."""

    def forms(self, word: str) -> tuple[str, ...]:
        """The word and what it may be a form of."""

    def inflections(self, word: str) -> tuple[str, ...]:
        """The word and what may be forms of it."""

    def kinds(self, tag: str) -> tuple[str, ...]:
        """The kinds above a tag."""

    def related(self, tag: str) -> tuple[str, ...]:
        """Names that find a tag though they are not above it."""

    def is_phrase(self, words: tuple[str, ...]) -> bool:
        """Whether these words are a known tag or synonym together."""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every name and synonym."""

    @property
    def languages(self) -> tuple[Language, ...]:
        """Those whose words it knows beside the English ones."""
