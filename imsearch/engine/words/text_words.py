"""Words of a query in what people wrote: which spellings of a word are in file names, titles, descriptions, keywords.

The index holds written words as they were spelled; other forms and names of a word are tried when a query is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeAlias

from imsearch.engine.query.tree import Word
from imsearch.engine.words.resolved import Term
from imsearch.engine.words.written import words_of

Written: TypeAlias = Callable[[str], bool]
"""Whether a word was written of any picture."""


class Forms(Protocol):
    """What is needed of `imsearch.lexicon.Lexicon`."""

    def normalize(self, text: str) -> str:
        """Lower case, spaces folded, one Unicode form."""

    def forms(self, word: str) -> tuple[str, ...]:
        """The word and what it may be a form of."""

    def inflections(self, word: str) -> tuple[str, ...]:
        """The word and what may be forms of it."""


def nowhere(word: str) -> bool:
    """For a library without written words."""
    return False


def with_texts(word: Word, term: Term | None, forms: Forms, written: Written) -> Term | None:
    """The term with the spellings that were written of some picture; None when the word is unknown there, too.

    Not for an exact tag, one of a namespace, and beginnings or misspellings of words.
    """
    if word.exact or word.match or ":" in word.text or written is nowhere:
        return term
    text = forms.normalize(word.text)
    names = dict.fromkeys((*forms.forms(text), *(term.names if term else ())))
    spelled = (form for name in names if ":" not in name for form in forms.inflections(name))
    phrases = dict.fromkeys(" ".join(words_of(form)) for form in spelled)
    texts = tuple(phrase for phrase in phrases if phrase and all(written(each) for each in phrase.split()))
    if not texts:
        return term
    return Term(text, (), texts=texts) if term is None else replace(term, texts=texts)
