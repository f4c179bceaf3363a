"""Ground truth for calibration: (picture, tag) pairs whose truth is known.

There are two kinds of pictures.  Those held out from Corel5k, Flickr8k and COCO, which no part of the network has seen;
and, cross-fitted, the training pictures of the other sets, which the tuned stages were not trained on: each is judged
by a head ``photos`` that was trained without its fold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.corpus import Corpus
from imsearch.plugins.everyday.photos import fold_of
from imsearch.plugins.everyday.source_tables import BACKGROUND
from imsearch.plugins.everyday.sources import Sources

LEAST_WEIGHT = 0.25
"""Weaker evidence is used for training, but not here."""
LEAST_ABSENT = 0.3
"""If a set has fewer absences than this per picture that shows a tag, its
pictures would bias the tag's probability upwards, and are not used for it.
"""
_SURE = 0.7


@dataclass(frozen=True)
class Judged:
    """Pairs of pictures and tags.

    rows: the corpus rows of the pictures, in order.  folds: the fold of each, or -1 for those held out.  sets: the
    dataset of each, as a number.  tags: of the columns.  truth, weights: ``(rows, tags)``; weight 0 excludes a
    pair.
    """

    rows: NDArray[np.intp]
    folds: NDArray[np.intp]
    sets: NDArray[np.intp]
    tags: tuple[str, ...]
    truth: NDArray[np.bool_]
    weights: NDArray[np.float32]

    def columns(self, tags: tuple[str, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the positions of common tags: here, and among `tags`."""
        place = {tag: index for index, tag in enumerate(tags)}
        shared = [(index, place[tag]) for index, tag in enumerate(self.tags) if tag in place]
        here, there = np.array(shared, dtype=np.intp).reshape(-1, 2).T
        return here, there


def gather_judged(corpus: Corpus, sources: Sources, lexicon: Lexicon) -> Judged:
    """Return the pairs of a corpus."""
    held = corpus.all_held()
    other = corpus.train[[corpus.rows[row][0].kind not in ("corel5k", "flickr8k") for row in corpus.train]]
    there, weights = sources.targets([corpus.rows[row] for row in other])
    other = other[(weights >= LEAST_WEIGHT).any(axis=1)]
    rows = np.union1d(held, other)
    there, weights = sources.targets([corpus.rows[row] for row in rows])
    column = {tag: index for index, tag in enumerate(sources.tags)}
    objects = np.array([column[tag] for tag in lexicon.labels("coco").values()], dtype=np.intp)
    number = {each: index for index, each in enumerate(dict.fromkeys(id(dataset) for dataset, _ in corpus.rows))}
    for index, row in enumerate(rows):
        kind = corpus.rows[row][0].kind
        if kind == "coco" and row not in held:
            weights[index, objects] = 0  # the tuned stages were trained on these labels
    weights[(there > 1 - _SURE) & (there < _SURE)] = 0
    weights[weights < LEAST_WEIGHT] = 0
    truth = there >= _SURE
    weights[(weights > 0) & ~truth] = 1  # half weight would double the tag's odds
    _strict(corpus, lexicon, rows, column, truth, weights)
    folds = fold_of([corpus.rows[row][1].file for row in rows])
    folds[np.isin(rows, held)] = -1
    sets = np.array([number[id(corpus.rows[row][0])] for row in rows], dtype=np.intp)
    for each in np.unique(sets):
        judges = weights[sets == each] > 0
        present = (judges & truth[sets == each]).sum(axis=0)
        one_sided = judges.sum(axis=0) - present < LEAST_ABSENT * present
        weights[np.ix_(sets == each, one_sided)] = 0
    return Judged(rows, folds, sets, sources.tags, truth, weights)


def _strict(
    corpus: Corpus,
    lexicon: Lexicon,
    rows: NDArray[np.intp],
    column: dict[str, int],
    truth: NDArray[np.bool_],
    weights: NDArray[np.float32],
) -> None:
    """Judge Flickr8k's concepts by its labels, two captions of four, as in its protocol.

    Background concepts are excluded: captions hardly ever name the sky, so that its absence there means nothing.
    """
    names = lexicon.labels("flickr8k")
    tags = [tag for tag in dict.fromkeys(names.values()) if tag not in BACKGROUND]
    places = np.array([column[tag] for tag in tags], dtype=np.intp)
    for index in np.flatnonzero(np.isin(rows, corpus.held["flickr8k"])):
        said = {names[label] for label in corpus.rows[rows[index]][1].labels}
        truth[index, places] = [tag in said for tag in tags]
        weights[index, places] = 1
