"""One query language and the English meanings of its words.  The table is read at the first lookup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice, product
from pathlib import Path

from imsearch.languages.table import FILLER, QuestionWord, Table, fold, read_table

_SHORTEST_STEM = 3
_SHORTEST_PART = 3
"""Minimum number of letters in each part of a compound."""
_LINKS = ("", "s", "n", "es", "en", "e", "er")
"""Linking letters allowed between the parts of a compound."""
_TRIED = 100
"""Maximum number of combinations of word forms tried for a phrase."""
_UNSPACED = re.compile("([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)")
"""Runs of characters of scripts written without spaces: kana and ideographs."""


class Language:
    """A language and its table.  All words are passed in as `imsearch.languages.lexicon.Lexicon.normalize` returns
    them.

    Safe for use from several threads.  Every method raises ImsearchError when the file is not a valid word table.
    """

    def __init__(self, code: str, path: Path) -> None:
        self.code = code
        self.path = path

    @property
    def name(self) -> str:
        """The language's own name for itself."""
        return self._table.name

    @property
    def compounds(self) -> bool:
        """True if the language forms compounds without a space."""
        return self._table.compounds

    @property
    def colours_after(self) -> bool:
        """True if colours follow the noun they qualify."""
        return self._table.colours_after

    @property
    def spellings(self) -> tuple[str, ...]:
        """The words that stand for a tag or kind, without mere forms of another word with the same meaning."""
        tags = self._table.tags
        return tuple(word for word in tags if not any(tags.get(stem) == tags[word] for stem in self._stems(word)))

    @cached_property
    def longest(self) -> int:
        """The number of words in the longest phrase."""
        return max(len(text.replace("'", " ").split()) for text in ("", *self._table.tags, *self._table.questions))

    def senses(self, text: str, loose: bool = True) -> tuple[str, ...]:
        """Return the English names for a word or phrase in any form, the likeliest first.

        loose: also match without accents.
        """
        return self._look_up(text, loose) or ()

    def question_word(self, text: str) -> QuestionWord | None:
        """Return the role of a word or phrase in questions, exact spelling only; None if it has none."""
        table = self._table
        return table.questions.get(text) or table.folded_questions.get(fold(text))

    def forms(self, text: str) -> Iterator[str]:
        """Yield base forms the word may be inflected from, without itself; in a phrase, the last word varies."""
        first, space, last = text.rpartition(" ")
        return (first + space + stem for stem in self._stems(last))

    def inflections(self, text: str) -> Iterator[str]:
        """Yield possible inflected forms of a word, without itself."""
        for ending, instead in self._table.endings:
            if text.endswith(instead):
                yield text.removesuffix(instead) + ending

    def pieces(self, text: str) -> list[str]:
        """Split a text written without spaces into words, longest first; unknown stretches stay whole.

        Also splits elisions such as an article with its apostrophe.
        """
        article, apostrophe, rest = text.partition("'")
        known = self._table.questions.get(article + apostrophe) if apostrophe and rest else None
        if known is not None and known.kind == FILLER:
            return [article + apostrophe, rest]
        return [piece for run in _UNSPACED.split(text) if run for piece in self._pieces(run)]

    def parts(self, text: str) -> tuple[str, str] | None:
        """Return the two words of a compound, the last as long as possible: "gartenstuhl" -> "garten", "stuhl"."""
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
        """The length of the longest word written without spaces."""
        words = (*self._table.tags, *self._table.questions)
        return max((len(word) for word in words if _UNSPACED.fullmatch(word)), default=0)

    def _means(self, text: str) -> bool:
        return bool(self.senses(text)) or self.question_word(text) is not None

    def _look_up(self, text: str, loose: bool) -> tuple[str, ...] | None:
        """Return the names of a word by its own spelling, then by its stem, then by either without accents."""
        words, folded = self._table.tags, self._table.folded_tags
        exact = next((form for form in (text, *self._varied(text)) if form in words), None)
        if exact is not None or not loose:
            return None if exact is None else words[exact]
        plain = fold(text)
        forms = (plain, *self._varied(plain))
        return next((folded.get(form) or words[form] for form in forms if form in folded or form in words), None)

    def _varied(self, text: str) -> Iterator[str]:
        """Yield a text in other forms; in a phrase, any word may vary."""
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
