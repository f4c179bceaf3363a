"""Lists: how many of the pictures that a single word lists by default are right, and how many right ones are listed.

A word is asked as it would be typed, of a library that holds all pictures of a dataset.  The scores of all that it
finds are kept, so that several ways to end the list can be judged on the same scores.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.search.cut import Ending
from imsearch.engine.words.fillers import FILLERS
from imsearch.errors import DatasetError
from imsearch.languages.lexicon import Lexicon
from imsearch.training.data.datasets import Sample

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
_TOKEN = re.compile(r"[a-z]+")
_SHORTEST = 2


@dataclass(frozen=True)
class Asked:
    """The answers of a library to some words.

    truth: which pictures are right, ``(words, pictures)``.  scores: of each picture, 0 where it is not found, same
    shape.
    """

    words: tuple[str, ...]
    truth: Bools
    scores: Floats

    def choose(self, words: NDArray[np.intp], pictures: NDArray[np.intp] | None = None, *, known: bool = True) -> Asked:
        """The same for some words and pictures; known: without the words that none of these pictures is right for."""
        columns = np.arange(self.truth.shape[1]) if pictures is None else pictures
        rows = words[self.truth[np.ix_(words, columns)].any(axis=1)] if known else words
        chosen = np.ix_(rows, columns)
        return Asked(tuple(self.words[row] for row in rows), self.truth[chosen], self.scores[chosen])

    def listed(self, ending: Ending, words: int = 1) -> Bools:
        """The pictures that each query of so many words lists when lists end so, ``(words, pictures)``."""
        rows = [(row > 0) & (row >= np.float32(ending.at(row[row > 0], words))) for row in self.scores]
        return np.array(rows, dtype=bool).reshape(self.scores.shape)


@dataclass(frozen=True)
class ListScores:
    """Means over words; the precision of a word that lists nothing is 0.

    length: the median number of pictures listed.  empty: the number of words that list nothing.
    """

    words: int
    precision: float
    recall: float
    f1: float
    length: float
    empty: int


def judge_lists(listed: Bools, truth: Bools) -> ListScores:
    """Judge lists, ``(words, pictures)``, of words that are true of at least one picture each."""
    right = (listed & truth).sum(axis=1)
    lengths, relevant = listed.sum(axis=1), truth.sum(axis=1)
    return ListScores(
        len(truth),
        float(np.mean(right / np.maximum(lengths, 1))),
        float(np.mean(right / relevant)),
        float(np.mean(2 * right / (lengths + relevant))),
        float(np.median(lengths)),
        int((lengths == 0).sum()),
    )


def best_listed(asked: Asked) -> Bools:
    """The lists of the greatest F1 that any way to end them could bring, ``(words, pictures)``: the truth decides."""
    rows = []
    for scores, truth in zip(asked.scores, asked.truth, strict=True):
        falling = np.argsort(-scores, kind="stable")
        right = np.cumsum(truth[falling])
        end = scores[falling][(2 * right / (np.arange(1, len(right) + 1) + truth.sum())).argmax()]
        rows.append((scores > 0) & (scores >= end))
    return np.array(rows, dtype=bool).reshape(asked.scores.shape)


def caption_truth(samples: Sequence[Sample], lexicon: Lexicon, least: int) -> dict[str, Bools]:
    """The words that captions of at least so many pictures say, and which pictures; the most frequent first.

    A picture is right for a word when any of its captions says the word or a form of it.  Of a word's forms the most
    frequent stands for all.  Words that the lexicon does not know are left out, and those that a query does not count.
    Raises `DatasetError` for a picture without captions.
    """
    said = [_tokens(sample) for sample in samples]
    counts = Counter(token for each in said for token in each)
    known = frozenset(lexicon.spellings)
    # "gras" is no word, though a rule makes it of "grass".
    forms = {token: {token, *known.intersection(lexicon.forms(token))} for token in counts}
    taken: set[str] = set()
    found = {}
    for token in sorted(counts, key=lambda token: (-counts[token], token)):
        if token in FILLERS or len(token) < _SHORTEST or taken & forms[token] or not lexicon.senses(token):
            continue
        taken |= forms[token]
        same = {other for other in counts if forms[token] & forms[other]}
        found[token] = np.array([not same.isdisjoint(each) for each in said])
    return _frequent(found, least)


def label_truth(samples: Sequence[Sample], least: int = 1) -> dict[str, Bools]:
    """The labels that at least so many pictures have, and which; the most frequent first."""
    labels = sorted({label for sample in samples for label in sample.labels})
    return _frequent({label: np.array([label in sample.labels for sample in samples]) for label in labels}, least)


def ask(
    truth: Mapping[str, Bools],
    positions: Mapping[int, int],
    find: Callable[[str], tuple[NDArray[np.int64], Floats]],
    *,
    quoted: bool = True,
) -> Asked:
    """Ask a library for each word.

    positions: image id -> position of its picture among the samples.  find: gives the ids and scores of all images that
    a query finds.  quoted: whether a word with spaces is one.
    """
    scores = np.zeros((len(truth), len(positions)), np.float32)
    for row, word in enumerate(truth):
        ids, found = find(f'"{word}"' if quoted and " " in word else word)
        scores[row, [positions[image] for image in ids.tolist()]] = found
    return Asked(tuple(truth), np.array(list(truth.values())), scores)


def halves(asked: Asked) -> tuple[Asked, Asked]:
    """Every other word over the first half of the pictures, and the other words over the rest.

    A choice made on one shares neither words nor pictures with the other.
    """
    words, pictures = np.arange(len(asked.words)), np.arange(asked.truth.shape[1])
    middle = len(pictures) // 2
    return asked.choose(words[::2], pictures[:middle]), asked.choose(words[1::2], pictures[middle:])


def _frequent(truth: Mapping[str, Bools], least: int) -> dict[str, Bools]:
    kept = ((word, each) for word, each in truth.items() if each.sum() >= least)
    return dict(sorted(kept, key=lambda item: (-item[1].sum(), item[0])))


def _tokens(sample: Sample) -> set[str]:
    captions = sample.extra.get("captions")
    if not isinstance(captions, list) or not captions:
        raise DatasetError(f"{sample.place or sample.file} has no captions; their words are what is asked for.")
    return {token for caption in captions for token in _TOKEN.findall(str(caption).lower())}
