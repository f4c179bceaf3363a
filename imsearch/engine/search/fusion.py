"""What a text says as a whole, by its cosines in the pictures' space, joined with what its words say.  Pure.

A model trained by contrast (InfoNCE; van den Oord et al. 2018, https://arxiv.org/abs/1807.03748, section 2.3) learns
cosines that, times its scale, are the log of how much likelier a text is beside a picture than by itself, but for a
constant of the text.  Dividing by the mean over the library's pictures takes the constant out.  What is left is
evidence in nats, which is added to the log-odds that the words give, at a small weight: the words are better
calibrated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.search.feedback import best
from imsearch.engine.search.leaves import Scored

Floats = NDArray[np.float32]
_SURE = 1e-6
"""Scores nearer than this to 0 or 1 are so; their log-odds would be without end."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """How much the pictures' space counts; the defaults are what measured best (docs/ranking.md).

    weight: how far its evidence is believed beside words that are known.  word: the same beside a single word.
    most: so many nats of evidence at most, either way.  prior: how likely a picture is to show a text before it was
    compared, where the encoder cannot tell.  nearest: so many of the pictures nearest to the text are found though no
    word finds them, if they are nearer than most.  alone: by what their probability is multiplied then; not where no
    word of the query is known.  looked: of a large library, so many of the best by words are compared with the text.
    """

    weight: float = 0.3
    word: float = 0.1
    most: float = 6.0
    prior: float = 0.01
    nearest: int = 200
    alone: float = 0.3
    looked: int = 500


@dataclass(frozen=True, slots=True, eq=False)
class Sense:
    """What a text says of pictures as a whole.

    words: the plain words it is made of.  unknown: how many of them nobody knows, for which it counts.  source: the
    annotator in whose space this is.  ids, cosines: of the pictures compared, in order of id.  usual: cosines of all
    pictures or of a sample, one at least.  scale: what a unit of cosine is worth, in nats.  probability: what the
    encoder makes of cosines, if it can.  among: compares further pictures; None when all were.
    """

    text: str
    words: tuple[str, ...]
    unknown: int
    source: str
    ids: NDArray[np.int64]
    cosines: Floats
    usual: Floats
    scale: float
    probability: Callable[[Floats], Floats | None]
    among: Callable[[Sequence[int]], tuple[NDArray[np.int64], Floats]] | None = None


def evidence(cosines: Floats, usual: Floats, scale: float) -> Floats:
    """How much likelier each picture fits the text than pictures of this library do, in nats; shape of the cosines."""
    scaled = np.float64(scale) * usual.astype(np.float64)
    most = scaled.max()
    base = most + np.log(np.exp(scaled - most).mean())
    return np.asarray(np.float64(scale) * cosines - base, np.float32)


def probabilities(sense: Sense, cosines: Floats, prior: float) -> Floats:
    """How likely pictures of these cosines show the text: what the encoder says, or else the prior and the evidence."""
    said = sense.probability(cosines)
    if said is not None:
        return said
    # In a library of ten pictures, one of a hundred would be none.
    likely = min(0.5, max(prior, 1 / (len(sense.usual) + 1)))
    return _sigmoid(_logit(np.float32(likely)) + evidence(cosines, sense.usual, sense.scale))


def fuse(
    scored: Scored,
    sense: Sense,
    present: NDArray[np.bool_],
    rejected: NDArray[np.bool_],
    words: int,
    absent: int,
    fusion: Fusion,
    floor: float,
) -> Scored:
    """Join what the words say of every image, the geometric mean of `words` of them, with what their text says.

    present: which images there are.  rejected: where the user said that some word is wrong, so that the text cannot
    speak for them.  absent: how many of the words find nothing anywhere, at `floor`; the text stands for them, too.
    All arrays have the shape (size,).
    """
    cosines, compared = _spread(scored, sense, present, fusion)
    lift = evidence(cosines, sense.usual, sense.scale)
    alone = probabilities(sense, cosines, fusion.prior)
    usual = np.float32(np.median(sense.usual))
    near = scored.allowed & present & compared & ~rejected & (cosines > usual)
    places = np.flatnonzero(near)
    near = np.zeros_like(near)
    near[places[best(lift[places], fusion.nearest)]] = True
    said, instead = words - absent, sense.unknown + absent
    if not said:
        # What is left of the score is what the words to avoid make of it.
        left = np.minimum(scored.score / np.float32(floor if words else 1), 1)
        return Scored(np.where(near, alone * left, 0).astype(np.float32), near, near & False, scored.allowed)
    logs = np.float32(words) * np.log(np.maximum(scored.score, np.float32(1e-30))) - np.float32(absent * np.log(floor))
    logs = (logs + np.float32(instead) * np.log(np.maximum(alone, np.float32(floor)))) / np.float32(said + instead)
    score = np.exp(np.minimum(logs, 0))
    weight = fusion.word if said + instead == 1 else fusion.weight
    lift = np.clip(lift, -fusion.most, np.where(rejected, 0, fusion.most)) * np.float32(weight)
    lift[~compared & (lift > 0)] = 0
    lifted = _sigmoid(_logit(score) + lift)
    lifted = np.where((score <= _SURE) | (score >= 1 - _SURE), score, lifted)
    lifted = np.where(near, np.maximum(lifted, np.float32(fusion.alone) * alone), lifted)
    return Scored(lifted.astype(np.float32), scored.found | near, scored.holds, scored.allowed)


def _spread(
    scored: Scored, sense: Sense, present: NDArray[np.bool_], fusion: Fusion
) -> tuple[Floats, NDArray[np.bool_]]:
    """The cosine of every image, the usual one where it was not compared, and which were."""
    size = len(present)
    cosines, compared = np.full(size, np.median(sense.usual), np.float32), np.zeros(size, np.bool_)

    def note(ids: NDArray[np.int64], values: Floats) -> None:
        known = ids < size
        cosines[ids[known]] = values[known]
        compared[ids[known]] = True

    note(sense.ids, sense.cosines)
    if sense.among is not None:
        rest = np.flatnonzero(scored.found & scored.allowed & present & ~compared)
        note(*sense.among(rest[best(scored.score[rest], fusion.looked)].tolist()))
    return cosines, compared


def _logit(probabilities: Floats | np.float32) -> Floats:
    inside = np.clip(probabilities, _SURE, 1 - _SURE)
    return np.asarray(np.log(inside) - np.log1p(-inside), np.float32)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), np.float32)
