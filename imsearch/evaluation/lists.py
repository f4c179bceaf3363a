"""Precision and recall of the pictures that a single-word query lists by default.

Each word is queried as a user would type it, in a library with all pictures of a dataset.  The scores of all pictures
found are kept, so that several cut-off rules can be compared on the same scores.
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
    """The results of a library for some words.

    truth: relevant pictures, ``(words, pictures)``.  scores: of each picture, 0 where it is not found, same
    shape.
    """

    words: tuple[str, ...]
    truth: Bools
    scores: Floats

    def choose(self, words: NDArray[np.intp], pictures: NDArray[np.intp] | None = None, *, known: bool = True) -> Asked:
        """Return the results for some words and pictures; known: leave out words without a relevant picture."""
        columns = np.arange(self.truth.shape[1]) if pictures is None else pictures
        rows = words[self.truth[np.ix_(words, columns)].any(axis=1)] if known else words
        chosen = np.ix_(rows, columns)
        return Asked(tuple(self.words[row] for row in rows), self.truth[chosen], self.scores[chosen])

    def listed(self, ending: Ending, words: int = 1) -> Bools:
        """Return the pictures that each query of `words` words lists under this cut-off rule, ``(words, pictures)``."""
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
    """Score lists, ``(words, pictures)``, for words with at least one relevant picture each."""
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
    """Return the lists with the highest F1 that any cut-off could give, ``(words, pictures)``, by the ground truth."""
    rows = []
    for scores, truth in zip(asked.scores, asked.truth, strict=True):
        falling = np.argsort(-scores, kind="stable")
        right = np.cumsum(truth[falling])
        end = scores[falling][(2 * right / (np.arange(1, len(right) + 1) + truth.sum())).argmax()]
        rows.append((scores > 0) & (scores >= end))
    return np.array(rows, dtype=bool).reshape(asked.scores.shape)


def caption_truth(samples: Sequence[Sample], lexicon: Lexicon, least: int) -> dict[str, Bools]:
    """Return the words in the captions of at least `least` pictures, and which pictures; the most frequent first.

    A picture is relevant to a word when any of its captions contains the word or a form of it.  The most frequent of
    a word's forms represents all.  Words unknown to the lexicon and words that a query ignores are left out.
    Raises `DatasetError` for a picture without captions.
    """
    said = [_tokens(sample) for sample in samples]
    counts = Counter(token for each in said for token in each)
    known = frozenset(lexicon.spellings)
    # "gras" is not a word, though a rule derives it from "grass".
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
    """Return the labels of at least `least` pictures, and which pictures; the most frequent first."""
    labels = sorted({label for sample in samples for label in sample.labels})
    return _frequent({label: np.array([label in sample.labels for sample in samples]) for label in labels}, least)


def ask(
    truth: Mapping[str, Bools],
    positions: Mapping[int, int],
    find: Callable[[str], tuple[NDArray[np.int64], Floats]],
    *,
    quoted: bool = True,
) -> Asked:
    """Query a library for each word.

    positions: image id -> position of its picture among the samples.  find: returns the ids and scores of all images
    that a query finds.  quoted: True to query a word with spaces as a phrase.
    """
    scores = np.zeros((len(truth), len(positions)), np.float32)
    for row, word in enumerate(truth):
        ids, found = find(f'"{word}"' if quoted and " " in word else word)
        scores[row, [positions[image] for image in ids.tolist()]] = found
    return Asked(tuple(truth), np.array(list(truth.values())), scores)


def halves(asked: Asked) -> tuple[Asked, Asked]:
    """Return every other word over the first half of the pictures, and the remaining words over the rest.

    A choice made on one half shares neither words nor pictures with the other.
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
        raise DatasetError(f"{sample.place or sample.file} has no captions, whose words are the queries.")
    return {token for caption in captions for token in _TOKEN.findall(str(caption).lower())}
