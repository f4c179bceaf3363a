"""Social tags as numbers: which words count, and the vector of a picture's tags.

A tag that says a label (in any form or by a synonym) is never part of the vector: in training it would tell the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from imsearch.languages.lexicon import Lexicon
from imsearch.training.data.datasets import Sample

TEXT_TAGS = "text_tags"
"""Key in `Sample.extra` of the texts that stand in for social tags."""
_SEPARATORS = str.maketrans("|/,;:_", "      ")
"""Photo programs write hierarchies such as "Places|Beach" and lists in one keyword."""


def text_tags(sample: Sample) -> tuple[str, ...]:
    """The stand-in for social tags that a dataset has for this picture, if any."""
    return tuple(sample.extra.get(TEXT_TAGS, ()))


def learn_words(
    several: Iterable[Sequence[str]], labels: Iterable[str], lexicon: Lexicon, least: int, most: int
) -> tuple[str, ...]:
    """The words that at least `least` pictures have, the `most` frequent ones, without those that say a label."""
    forbidden = {name for label in labels for name in _meanings(label, lexicon)}
    counts = Counter(word for tags in several for word in {lexicon.normalize(tag) for tag in tags})
    kept = [
        (-count, word)
        for word, count in counts.items()
        if count >= least and forbidden.isdisjoint(_meanings(word, lexicon))
    ]
    return tuple(word for _, word in sorted(kept)[:most])


def _meanings(word: str, lexicon: Lexicon) -> set[str]:
    """Everything a word may stand for: its forms, and the names they lead to."""
    return {*lexicon.forms(word), *lexicon.senses(word)}


class SocialWords:
    """Turns a picture's tags into a vector of zeros and ones, one place for each of `words`."""

    def __init__(self, words: Sequence[str], lexicon: Lexicon) -> None:
        self.words, self._lexicon = tuple(words), lexicon
        self._place = {word: index for index, word in enumerate(self.words)}

    def vector(self, tags: Iterable[str]) -> NDArray[np.uint8]:
        """uint8 ``(words,)``; unknown tags leave no trace.  Of a tag of several words, each counts as well."""
        found = np.zeros(len(self.words), dtype=np.uint8)
        for tag in tags:
            for text in (tag, *tag.translate(_SEPARATORS).split()):
                place = next((self._place[form] for form in self._lexicon.forms(text) if form in self._place), None)
                if place is not None:
                    found[place] = 1
        return found

    def vectors(self, several: Iterable[Iterable[str]]) -> NDArray[np.uint8]:
        """uint8 ``(pictures, words)``."""
        rows = [self.vector(tags) for tags in several]
        return np.stack(rows) if rows else np.zeros((0, len(self.words)), dtype=np.uint8)
