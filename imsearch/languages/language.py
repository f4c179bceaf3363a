"""One language of queries: what its words mean in English.  The table is read when a word is first asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice, product
from pathlib import Path

from imsearch.languages.table import FILLER, QuestionWord, Table, fold, read_table

_SHORTEST_STEM = 3
_SHORTEST_PART = 3
"""Letters of a part of a compound."""
_LINKS = ("", "s", "n", "es", "en", "e", "er")
"""What may stand between the parts of a compound."""
_TRIED = 100
"""So many combinations of forms are tried for a phrase."""
_UNSPACED = re.compile("([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)")
"""Runs of letters between which no spaces are written: kana and ideographs."""


class Language:
    """A language with its table.  All words are given as `imsearch.languages.lexicon.Lexicon.normalize` makes them.

    Several threads may use one.  Raises ImsearchError, from any method, when the file is no table of words.
    """

    def __init__(self, code: str, path: Path) -> None:
        self.code = code
        self.path = path

    @property
    def name(self) -> str:
        """The language by its own name."""
        return self._table.name

    @property
    def compounds(self) -> bool:
        """True where words are put together without a space."""
        return self._table.compounds

    @property
    def colours_after(self) -> bool:
        """True where colours stand behind the thing they belong to."""
        return self._table.colours_after

    @property
    def spellings(self) -> tuple[str, ...]:
        """The words that stand for a tag or kind, but for forms of others that stand for the same."""
        tags = self._table.tags
        return tuple(word for word in tags if not any(tags.get(stem) == tags[word] for stem in self._stems(word)))

    @cached_property
    def longest(self) -> int:
        """The number of words of the longest phrase."""
        return max(len(text.replace("'", " ").split()) for text in ("", *self._table.tags, *self._table.questions))

    def senses(self, text: str, loose: bool = True) -> tuple[str, ...]:
        """The English names that a word or phrase stands for in any form, the likeliest first.

        loose: whether accents may be missing.
        """
        return self._look_up(text, loose) or ()

    def question_word(self, text: str) -> QuestionWord | None:
        """The role of a word or phrase in questions, as it is spelled; None for others."""
        table = self._table
        return table.questions.get(text) or table.folded_questions.get(fold(text))

    def forms(self, text: str) -> Iterator[str]:
        """Spellings that a word may be a form of, without itself; of several words the last is varied."""
        first, space, last = text.rpartition(" ")
        return (first + space + stem for stem in self._stems(last))

    def inflections(self, text: str) -> Iterator[str]:
        """Spellings that may be forms of a word, without itself."""
        for ending, instead in self._table.endings:
            if text.endswith(instead):
                yield text.removesuffix(instead) + ending

    def pieces(self, text: str) -> list[str]:
        """The words of a text that is written without spaces, the longest first; what is unknown stays together.

        Also parts what is only written together: an article with its apostrophe.
        """
        article, apostrophe, rest = text.partition("'")
        known = self._table.questions.get(article + apostrophe) if apostrophe and rest else None
        if known is not None and known.kind == FILLER:
            return [article + apostrophe, rest]
        return [piece for run in _UNSPACED.split(text) if run for piece in self._pieces(run)]

    def parts(self, text: str) -> tuple[str, str] | None:
        """The two words of a compound, the last one as long as possible: "gartenstuhl" -> "garten", "stuhl"."""
        for place in range(_SHORTEST_PART, len(text) - _SHORTEST_PART + 1):
            last = text[place:]
            if not self._means(last):
                continue
            for link in _LINKS:
                first = text[:place].removesuffix(link)
                if text[:place].endswith(link) and len(first) >= _SHORTEST_PART and self._means(first):
                    return first, last
        return None

    @cached_property
    def _table(self) -> Table:
        return read_table(self.path)

    @cached_property
    def _begins(self) -> frozenset[str]:
        """The first words of phrases, without accents."""
        keys = (*self._table.tags, *self._table.folded_tags)
        return frozenset(fold(key.partition(" ")[0]) for key in keys if " " in key)

    @cached_property
    def _letters(self) -> int:
        """The length of the longest word that is written without spaces."""
        words = (*self._table.tags, *self._table.questions)
        return max((len(word) for word in words if _UNSPACED.fullmatch(word)), default=0)

    def _means(self, text: str) -> bool:
        return bool(self.senses(text)) or self.question_word(text) is not None

    def _look_up(self, text: str, loose: bool) -> tuple[str, ...] | None:
        """The names of a word in its own spelling, then in a stem of it, then the same without accents."""
        words, folded = self._table.tags, self._table.folded_tags
        exact = next((form for form in (text, *self._varied(text)) if form in words), None)
        if exact is not None or not loose:
            return None if exact is None else words[exact]
        plain = fold(text)
        forms = (plain, *self._varied(plain))
        return next((folded.get(form) or words[form] for form in forms if form in folded or form in words), None)

    def _varied(self, text: str) -> Iterator[str]:
        """A text in other forms; of a phrase any of the words."""
        if " " not in text:
            yield from self._stems(text)
            return
        words = text.split()
        choices = [(word, *self._stems(word)) for word in words]
        if any(fold(first) in self._begins for first in choices[0]):
            yield from (" ".join(chosen) for chosen in islice(product(*choices), 1, _TRIED))

    def _stems(self, word: str) -> Iterator[str]:
        for ending, instead in self._table.endings:
            if word.endswith(ending) and len(word) - len(ending) + len(instead) >= _SHORTEST_STEM:
                yield word.removesuffix(ending) + instead

    def _pieces(self, run: str) -> Iterator[str]:
        if not _UNSPACED.fullmatch(run):
            yield run
            return
        unknown, start = "", 0
        while start < len(run):
            lengths = range(min(self._letters, len(run) - start), 0, -1)
            length = next((n for n in lengths if self._is_word(run[start : start + n])), 0)
            if not length:
                unknown, start = unknown + run[start], start + 1
                continue
            if unknown:
                yield unknown
                unknown = ""
            yield run[start : start + length]
            start += length
        if unknown:
            yield unknown

    def _is_word(self, text: str) -> bool:
        return text in self._table.tags or text in self._table.questions
