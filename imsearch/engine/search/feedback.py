"""Visual evidence: pictures that look like a word's best hits are likelier to show it.  Pure.

Pseudo-relevance feedback, as a kernel vote: each of the best hits votes that a picture near it shows the word, too,
with a probability that falls with the distance; several votes count like independent evidence.  Only the
best candidates are voted on, so that the cost does not grow with the library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = Callable[[Sequence[int]], Mapping[int, NDArray[np.float32]]]
"""Function that returns the vectors of those of these images that have one."""

WIDTH = 0.2
"""Difference in cosine over which the kernel falls to 1/e."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """hits: number of a word's likeliest pictures that vote.  weight: of a vote.

    candidates: number of the best pictures that are voted on.
    """

    hits: int = 10
    weight: float = 0.1
    candidates: int = 200


def kernel(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probability that a picture shows what another shows, by the cosine between their vectors."""
    likeness: NDArray[np.float32] = np.exp((cosines - 1) / np.float32(WIDTH))
    return likeness


def noisy_or(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probability from two independent pieces of evidence."""
    joined: NDArray[np.float32] = 1 - (1 - one) * (1 - other)
    return joined


def votes(
    feedback: Feedback,
    scores: Mapping[int, NDArray[np.float32]],
    images: NDArray[np.int64],
    vectors: Vectors,
) -> dict[int, NDArray[np.float32]]:
    """Return the votes of each term's likeliest pictures on these images: probabilities of their shape.

    scores: of every image, by term.  A picture has no vote about itself.
    """
    voters = {term: _voters(score, feedback.hits) for term, score in scores.items()}
    asked = sorted({*images.tolist(), *(each for ids in voters.values() for each in ids.tolist())})
    known = vectors(asked)
    if not known:
        return {}
    length = len(next(iter(known.values())))
    lifts = {}
    rows = _unit(known, images, length)
    for term, ids in voters.items():
        likeness = kernel(rows @ _unit(known, ids, length).T)
        blind = np.array([image not in known for image in ids.tolist()], np.bool_)
        likeness[(images[:, None] == ids[None]) | blind[None] | (np.abs(rows).max(axis=1) == 0)[:, None]] = 0
        said = 1 - np.prod(1 - likeness * scores[term][ids], axis=1)
        lifts[term] = (np.float32(feedback.weight) * said).astype(np.float32)
    return lifts


def best(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the indices of the `count` greatest scores in ascending order; ties go to the first."""
    if len(scores) <= count:
        return np.arange(len(scores), dtype=np.int64)
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    above = np.flatnonzero(scores > least)
    equal = np.flatnonzero(scores == least)[: count - len(above)]
    return np.sort(np.concatenate([above, equal])).astype(np.int64)


def _voters(score: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    places = best(score, count)
    return places[score[places] > 0]


def _unit(vectors: Mapping[int, NDArray[np.float32]], ids: NDArray[np.int64], length: int) -> NDArray[np.float32]:
    """Return rows of length 1, shape (n, length); a row of zeros where there is no vector."""
    rows = np.zeros((len(ids), length), np.float32)
    for place, image in enumerate(ids.tolist()):
        if image in vectors:
            rows[place] = vectors[image]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = rows / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit
