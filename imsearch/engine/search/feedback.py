"""Visual evidence: pictures that look like the best hits of a word are likelier to show it.  Pure.

Pseudo-relevance feedback, as a kernel vote: each of the best hits says of a picture near it that it shows the word,
too, with a probability that falls with the distance; several that say so count like independent witnesses.  Only the
best candidates are looked at, so that the cost does not grow with the library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = Callable[[Sequence[int]], Mapping[int, NDArray[np.float32]]]
"""Gives the vectors of those of these images that have one."""

WIDTH = 0.2
"""By how much a cosine must fall until a likeness counts 1/e of what it did."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """hits: how many of a word's likeliest pictures vote.  weight: how far a vote is believed.

    candidates: so many of the best pictures are voted on.
    """

    hits: int = 10
    weight: float = 0.1
    candidates: int = 200


def kernel(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """How likely a picture shows what another shows, by the cosine between their vectors."""
    likeness: NDArray[np.float32] = np.exp((cosines - 1) / np.float32(WIDTH))
    return likeness


def noisy_or(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """The probability by two independent witnesses."""
    joined: NDArray[np.float32] = 1 - (1 - one) * (1 - other)
    return joined


def votes(
    feedback: Feedback,
    scores: Mapping[int, NDArray[np.float32]],
    images: NDArray[np.int64],
    vectors: Vectors,
) -> dict[int, NDArray[np.float32]]:
    """For each term, what its likeliest pictures say of these images: probabilities of their shape.

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
    """The places of the `count` greatest scores, in order of place; of equal ones the first."""
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
    """Rows of length 1, shape (n, length); a row of zeros where there is no vector."""
    rows = np.zeros((len(ids), length), np.float32)
    for place, image in enumerate(ids.tolist()):
        if image in vectors:
            rows[place] = vectors[image]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = rows / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit
