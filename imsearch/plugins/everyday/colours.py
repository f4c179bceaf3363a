"""Colours as tags: ``black and white`` for a picture, ``red car`` for a thing in it.

A thing is located by its own linear head: the class activation map (Zhou et al., "Learning Deep Features for
Discriminative Localization", CVPR 2016, section 2) weights the cells of the feature map.  The features and the colours
of these cells, and the colours of the whole picture, are the input of one logistic regression for each of the eleven
basic colour names (Berlin and Kay 1969).  As in van de Weijer et al. ("Learning Color Names for
Real-World Applications", IEEE TIP 2009) the colour names are learned and not set by hand: from captions, by
`imsearch.plugins.everyday.colour_learning`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.plugins.everyday.colour_arrays import read_arrays
from imsearch.plugins.everyday.colour_pixels import colour_histograms, grey_probability, lab_basis
from imsearch.records import Tag
from imsearch.training.probabilities import Floats, sigmoid

NAMES = ("black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
GREYS = 3
"""The number of leading names that black-and-white pictures have, too."""
BLACK_AND_WHITE = "black and white"
MOST = 3
"""Maximum number of colour tags of things per picture."""
HEADS = ("coco", "flickr8k")
"""The heads that locate things; the later one if both know a thing."""
_WEIGHTS = Path(__file__).parent / "colours.npz"
_FOCUS = 3
"""Exponent of the activation map: the middle of a thing is more telling of its colour than its edge."""
_LEAST_THING = 0.1
_LEAST_TAG = 0.05
_LEAST_GREY = 0.01
_SCALE = 5.0
"""Brings square roots of shares to about the range of the features."""


@dataclass(frozen=True)
class ColourModel:
    """The learned model: ``evidence @ weight + thing[t] + bias`` is a logit for each colour of `NAMES`.

    things: tags that may have a colour.  weight: ``(evidence, 11)``.  thing: ``(things, 11)``.  bias: ``(11,)``.
    """

    things: tuple[str, ...]
    weight: Floats
    thing: Floats
    bias: Floats

    @classmethod
    def load(cls, path: Path = _WEIGHTS) -> ColourModel:
        """Read a file of `save`.  Raises `ModelError` when the file cannot be used."""
        things, *arrays = read_arrays(path, ("things", "weight", "thing", "bias"))
        return cls(tuple(map(str, things)), *(array.astype(np.float32) for array in arrays))

    def save(self, path: Path) -> None:
        """Write the model in half precision."""
        halves = {name: getattr(self, name).astype(np.float16) for name in ("weight", "thing", "bias")}
        np.savez(path, things=np.array(self.things), **halves)

    def probabilities(self, evidence: Floats, things: Sequence[str]) -> Floats:
        """Return the probability of each colour for each thing: ``(things, 11)``; `evidence` has one row per thing."""
        rows = [self.things.index(thing) for thing in things]
        return sigmoid(np.asarray(evidence @ self.weight + self.thing[rows] + self.bias, dtype=np.float32))

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags that `colour_tags` can return."""
        return (BLACK_AND_WHITE, *(f"{colour} {thing}" for thing in self.things for colour in NAMES))


def gather_evidence(histogram: Floats, features: Floats, heads: Floats) -> Floats:
    """Return the evidence at the activation of each head: ``(things, evidence)``.

    histogram: ``(81, 512)`` of one picture.  features: its map, ``(81, C)``.  heads: ``(C, things)``.
    """
    activation = features @ heads
    # A head without any activation still has relative differences between cells.
    nowhere = activation.max(axis=0) <= 0
    activation = np.maximum(activation - np.where(nowhere, activation.min(axis=0), 0), 0)
    focus = (activation / np.maximum(activation.max(axis=0), 1e-9)) ** _FOCUS
    focus = (focus / np.maximum(focus.sum(axis=0), 1e-9)).T
    own = np.sqrt(focus @ histogram @ lab_basis())
    whole = np.sqrt(histogram.mean(axis=0) @ lab_basis())
    parts = [focus @ features, _SCALE * own, np.broadcast_to(_SCALE * whole, own.shape)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def colour_tags(
    pixels: NDArray[np.uint8],
    maps: NDArray[np.floating],
    heads: Floats,
    things: Sequence[str],
    probabilities: Floats,
    model: ColourModel,
) -> list[tuple[Tag, ...]]:
    """Return the colour tags of each picture, the likeliest first: at most `MOST` of things, and black and white.

    The probability of ``red car`` is that of the car times that of red where there is a car.

    pixels: uint8 ``(N, side, side, 3)``, sRGB.  maps: the tuned feature map, ``(N, 9, 9, C)``.  heads: ``(C, things)``,
    the weights of each thing's linear head over the pooled map.  things: tags; those the model does not know are left
    out.  probabilities: ``(N, things)`` in 0 to 1.
    """
    grey = grey_probability(pixels)
    known = np.array([thing in model.things for thing in things], dtype=np.bool_)
    found = []
    for row in range(len(pixels)):
        columns = np.flatnonzero(known & (probabilities[row] >= _LEAST_THING))
        tags = [Tag(BLACK_AND_WHITE, float(grey[row]))] if grey[row] >= _LEAST_GREY else []
        if len(columns):
            features = maps[row].reshape(-1, maps.shape[-1]).astype(np.float32)
            histogram = colour_histograms(pixels[row : row + 1])[0]
            named = [things[int(column)] for column in columns]
            chance = model.probabilities(gather_evidence(histogram, features, heads[:, columns]), named)
            chance *= probabilities[row, columns, None]
            chance[:, GREYS:] *= 1 - grey[row]
            tags += _likeliest(named, chance)
        found.append(tuple(sorted(tags, key=lambda tag: -tag.probability)))
    return found


def _likeliest(things: Sequence[str], chance: Floats) -> list[Tag]:
    order = np.argsort(-chance, axis=None, kind="stable")[:MOST]
    places = [divmod(int(place), len(NAMES)) for place in order]
    return [Tag(f"{NAMES[c]} {things[t]}", float(chance[t, c])) for t, c in places if chance[t, c] >= _LEAST_TAG]


class Colourist:
    """Computes colour tags for an annotator's heads; made once, called for each batch."""

    def __init__(
        self,
        model: ColourModel,
        labels: Mapping[str, Sequence[str]],
        weights: Mapping[str, Floats],
        meanings: Mapping[str, Mapping[str, str]],
        tags: Sequence[str],
    ) -> None:
        """Find the head and the probability of each thing.

        labels, weights: of linear heads over the tuned map, float32 ``(labels, C)``; if two know a thing, the later
        one locates it.  meanings: of each head, label -> tag.  tags: those of the probabilities' columns.
        """
        heads = {
            meanings[name][label]: row
            for name, rows in weights.items()
            for label, row in zip(labels[name], rows, strict=True)
            if meanings[name][label] in model.things
        }
        self._model = model
        self._things = tuple(thing for thing in model.things if thing in heads and thing in tags)
        self._heads = np.stack([heads[thing] for thing in self._things], axis=1).astype(np.float32)
        self._columns = [tags.index(thing) for thing in self._things]

    def __call__(
        self, pixels: NDArray[np.uint8], maps: NDArray[np.floating], probabilities: Floats
    ) -> list[tuple[Tag, ...]]:
        """Return `colour_tags` of a batch; `probabilities` are those of all tags, ``(N, tags)``."""
        chosen = probabilities[:, self._columns]
        return colour_tags(pixels, maps, self._heads, self._things, chosen, self._model)
