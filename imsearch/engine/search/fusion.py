"""Fuse the evidence of a text's embedding with that of its single words.  Pure.

A model trained by contrast (InfoNCE; van den Oord et al. 2018, https://arxiv.org/abs/1807.03748, section 2.3) learns
cosines that, times its scale, are the log of how much likelier a text is with a picture than on its own, up to a
constant of the text.  Dividing by the mean over the library's pictures removes the constant.  What is left is
evidence in nats, which is added to the log-odds that the words give, at a small weight: the words are better
calibrated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.search.feedback import best
from imsearch.engine.search.scoring import Scored
from imsearch.records import Hit, Tag

Floats = NDArray[np.float32]
_SURE = 1e-6
"""Scores closer than this to 0 or 1 are certain; their log-odds would be infinite."""
PRIOR = 0.01
"""Prior probability that a picture shows some phrase."""


class Encoder(Protocol):
    """A text encoder that never fails; see `imsearch.annotator.TextEncoder`."""

    scale: float
    reader: str

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return directions of length 1, or zeros, ``(texts, length)``."""

    def pictures(self, vectors: Floats) -> Floats:
        """Project an annotator's vectors to the space of texts, ``(N, length)``, of length 1; no columns on failure."""

    def towards(self, direction: Floats) -> Floats:
        """Return where among the annotator's vectors pictures near a direction are found."""

    def probability(self, cosines: Floats) -> Floats | None:
        """Return how likely pictures of these cosines show a text; None if it is not calibrated."""


WHOLE = "as a whole"
"""In place of a tag's name, where the text itself is the reason for a hit."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """The weights of the embedding space; the defaults are what measured best (docs/ranking.md).

    weight: of its evidence beside known words.  word: the same beside a single word.
    most: maximum evidence in nats, either way.  prior: probability that a picture shows a text before comparison, if
    the
    encoder is not calibrated.  nearest: number of the pictures nearest to the text that are found even if no
    word finds them, if they stand out.  alone: factor on their probability then; not where no
    word of the query is known.  looked: in a large library, number of the best hits by words that are compared with the
    text.  clear, alone_clear: minimum evidence in nats for a picture that no word finds, beside words and
    without: among five pictures one is always nearest to a text, which means nothing.
    """

    weight: float = 0.2
    word: float = 0.1
    most: float = 6.0
    prior: float = PRIOR
    nearest: int = 200
    alone: float = 0.1
    looked: int = 500
    clear: float = 2.5
    alone_clear: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Sense:
    """The meaning of a text as a whole, by its similarity to pictures.

    words: the plain words it is made of.  unknown: the number of unknown ones, which only count here.  source: the
    annotator whose space this is.  ids, cosines: of the pictures compared, in order of id.  usual: cosines of all
    pictures or of a sample, one at least.  encoder: that computed them.  among: compares further pictures; None when
    all
    were.
    """

    text: str
    words: tuple[str, ...]
    unknown: int
    source: str
    ids: NDArray[np.int64]
    cosines: Floats
    usual: Floats
    encoder: Encoder
    among: Callable[[Sequence[int]], tuple[NDArray[np.int64], Floats]] | None = None


def baseline(usual: Floats, scale: float) -> float:
    """Return the log of the mean over pictures of exp(scale * cosine), in nats; `usual` has at least one."""
    scaled = np.float64(scale) * usual.astype(np.float64)
    most = scaled.max()
    return float(most + np.log(np.exp(scaled - most).mean()))


def evidence(cosines: Floats, base: float, scale: float) -> Floats:
    """Return how much likelier each picture fits a text than the average picture, whose baseline is `base`, in nats."""
    return np.asarray(np.float64(scale) * cosines - base, np.float32)


def probabilities(encoder: Encoder, cosines: Floats, base: float, prior: float) -> Floats:
    """Return how likely pictures of these cosines show a text: by the encoder, or else by prior and evidence."""
    said = encoder.probability(cosines)
    return _sigmoid(_logit(np.float32(prior)) + evidence(cosines, base, encoder.scale)) if said is None else said


def told(hits: Sequence[Hit], sense: Sense, fusion: Fusion) -> tuple[Hit, ...]:
    """Return the hits with one more reason: how likely each shows the text as a whole, if it was compared with it."""
    images = np.array([hit.image.id for hit in hits], np.int64)
    known = images[np.isin(images, sense.ids)]
    base = baseline(sense.usual, sense.encoder.scale)
    cosines = sense.cosines[np.searchsorted(sense.ids, known)]
    chances = probabilities(sense.encoder, cosines, base, _prior(sense, fusion))
    reasons = {
        image: {sense.text: Tag(WHOLE, chance, sense.source)}
        for image, chance in zip(known.tolist(), chances.tolist(), strict=True)
    }
    # If the text is a single word, the tag it was found by is the better reason.
    return tuple(
        replace(hit, why={**hit.why, **reasons[hit.image.id]})
        if hit.image.id in reasons and sense.text not in hit.why
        else hit
        for hit in hits
    )


def _prior(sense: Sense, fusion: Fusion) -> float:
    # In a library of ten pictures, one of a hundred would be none.
    return min(0.5, max(fusion.prior, 1 / (len(sense.usual) + 1)))


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
    """Fuse the scores of the words, a geometric mean of `words` of them for every image, with those of their text.

    present: True for existing images.  rejected: True where the user rejected some word, so that the text cannot
    count for them.  absent: how many of the words find nothing anywhere, at `floor`; like unknown words, they
    count only as a part of the text.
    All arrays have the shape (size,).
    """
    cosines, compared = _spread(scored, sense, present, fusion)
    base = baseline(sense.usual, sense.encoder.scale)
    lift = evidence(cosines, base, sense.encoder.scale)
    alone = probabilities(sense.encoder, cosines, base, _prior(sense, fusion))
    usual = np.float32(np.median(sense.usual))
    said = words - absent
    clear = lift >= np.float32(fusion.clear if said else fusion.alone_clear)
    near = scored.allowed & present & compared & ~rejected & (cosines > usual) & clear
    places = np.flatnonzero(near)
    near = np.zeros_like(near)
    if fusion.nearest:
        near[places[best(lift[places], fusion.nearest)]] = True
    if not said:
        # The rest of the score comes from excluded words.
        left = np.minimum(scored.score / np.float32(floor if words else 1), 1)
        left = np.where(scored.score > 0, left, 1)  # a word by itself is no mean, and so not at the floor
        score = np.maximum(np.where(near, alone * left, 0), np.where(scored.found & (words > 0), scored.score, 0))
        return Scored(score.astype(np.float32), near | (scored.found & (score > floor)), near & False, scored.allowed)
    logs = np.float32(words) * np.log(np.maximum(scored.score, np.float32(1e-30))) - np.float32(absent * np.log(floor))
    score = np.exp(np.minimum(logs / np.float32(said), 0))
    weight = fusion.word if said == 1 and not sense.unknown else fusion.weight
    lift = np.clip(lift, -fusion.most, np.where(rejected, 0, fusion.most)) * np.float32(weight)
    lift[~compared & (lift > 0)] = 0
    lifted = _sigmoid(_logit(score) + lift)
    lifted = np.where((score <= _SURE) | (score >= 1 - _SURE), score, lifted)
    lifted = np.where(near, np.maximum(lifted, np.float32(fusion.alone) * alone), lifted)
    return Scored(lifted.astype(np.float32), scored.found | near, scored.holds, scored.allowed)


def _spread(
    scored: Scored, sense: Sense, present: NDArray[np.bool_], fusion: Fusion
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the cosine of every image, the usual one where it was not compared, and True for the compared ones."""
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
