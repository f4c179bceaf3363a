"""Learn the colours of things from captions: "a black dog", "the girl in a pink dress"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from imsearch.plugins.everyday.colour_pixels import lab_basis
from imsearch.plugins.everyday.colours import NAMES, ColourModel
from imsearch.training.probabilities import Floats, sigmoid

SPELLED = {
    **{name: name for name in NAMES},
    **{"gray": "grey", "silver": "grey", "maroon": "red", "gold": "yellow", "golden": "yellow"},
    **{"tan": "brown", "beige": "brown"},
}
"""Caption word -> colour."""
THINGS: Mapping[str, tuple[str, ...]] = {
    "backpack": ("backpacks",),
    "bag": ("bags",),
    "ball": ("balls",),
    "bicycle": ("bicycles", "bike", "bikes"),
    "bird": ("birds",),
    "boat": ("boats", "kayak", "canoe"),
    "bus": ("buses",),
    "car": ("cars",),
    "cat": ("cats", "kitten"),
    "costume": ("costumes",),
    "cow": ("cows",),
    "dog": ("dogs", "puppy", "puppies", "poodle", "labrador"),
    "dress": ("dresses",),
    "flag": ("flags",),
    "flower": ("flowers",),
    "hat": ("hats", "cap", "caps"),
    "helmet": ("helmets",),
    "horse": ("horses",),
    "jacket": ("jackets", "coat", "coats"),
    "motorcycle": ("motorcycles", "motorbike"),
    "scarf": ("scarves",),
    "shirt": ("shirts", "t-shirt", "tshirt", "top", "sweater", "jersey"),
    "swimsuit": ("swimsuits", "bikini"),
    "tent": ("tents",),
    "toy": ("toys",),
    "train": ("trains",),
    "truck": ("trucks",),
    "umbrella": ("umbrellas",),
    "uniform": ("uniforms", "jerseys"),
}
"""Tags of things with colours in captions -> further words for them."""
_BETWEEN = frozenset(
    (
        *("and", "or", "with", ",", "small", "large", "big", "little", "long", "short", "haired", "hairy", "furry"),
        *("fluffy", "curly", "shaggy", "spotted", "striped", "plaid", "checkered", "cotton", "leather", "plastic"),
        *("rubber", "hard", "winter", "sports", "race", "racing", "dirt", "tennis", "baseball", "football", "soccer"),
        *("beach", "polo", "hooded", "sleeved", "button", "down", "tank", "t", "sun"),
        *("bright", "dark", "light", "colored", "coloured"),
    )
)
"""Words allowed between a colour and its thing."""
_FARTHEST = 2
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*|,")
_NAMED = {word: thing for thing, words in THINGS.items() for word in (thing, *words)}
_PENALTY = 1e-3
_ROUNDS = 400


def colours_in(captions: Iterable[str]) -> dict[str, set[str]]:
    """Return the colours that captions name of each thing: "a black and white dog" -> dog: black, white."""
    found: dict[str, set[str]] = {}
    for caption in captions:
        waiting: list[str] = []
        apart = 0
        for word in _WORD.findall(caption.lower()):
            if word in SPELLED:
                waiting, apart = [*waiting, SPELLED[word]], 0
            elif word in _NAMED:
                if waiting:
                    found.setdefault(_NAMED[word], set()).update(waiting)
                waiting = []
            elif waiting:
                apart += 1
                waiting = waiting if word in _BETWEEN and apart <= _FARTHEST else []
    return found


def colour_words_in(captions: Iterable[str]) -> set[str]:
    """Return the colours named in captions, whatever they belong to."""
    return {SPELLED[word] for caption in captions for word in _WORD.findall(caption.lower()) if word in SPELLED}


def things_in(captions: Iterable[str]) -> set[str]:
    """Return the things named in captions, with or without a colour."""
    return {_NAMED[word] for caption in captions for word in _WORD.findall(caption.lower()) if word in _NAMED}


def learn_colours(evidence: Floats, things: list[str], colours: list[set[str]]) -> ColourModel:
    """Fit one logistic regression per colour; a row is a thing in a picture whose captions name its colours.

    evidence: ``(rows, evidence)`` from `imsearch.plugins.everyday.colours.gather_evidence`.  Ridge penalty on
    standardized columns, minimized by accelerated gradient descent (Nesterov 1983).
    """
    names = tuple(THINGS)
    # Features get a twentieth of the scale of colour shares, which are fewer and directly informative.
    middle, spread = evidence.mean(axis=0), np.ones(evidence.shape[1], np.float32)
    own = len(middle) - 2 * lab_basis().shape[1]
    spread[:own] = 20 * (evidence[:, :own].std(axis=0) + 0.02)
    middle[own:] = 0
    placed = np.eye(len(names), dtype=np.float32)[[names.index(thing) for thing in things]]
    rows = np.concatenate([(evidence - middle) / spread, placed, np.ones((len(placed), 1))], axis=1).astype(np.float32)
    truth = np.array([[name in named for name in NAMES] for named in colours], dtype=np.float32)
    weight = descend(rows, truth)
    scaled = weight[: len(middle)] / spread[:, None]
    return ColourModel(names, scaled, weight[len(middle) : -1], weight[-1] - middle @ scaled)


def descend(rows: Floats, truth: Floats, rounds: int = _ROUNDS) -> Floats:
    """Return the weights ``(columns, colours)`` of least penalized cross-entropy; the last column is unpenalized."""
    penalty = np.full((rows.shape[1], 1), 2 * _PENALTY, dtype=np.float32)
    penalty[-1] = 0
    step = 1 / (np.linalg.norm(rows, 2) ** 2 / (4 * len(rows)) + 2 * _PENALTY)
    weight = ahead = np.zeros((rows.shape[1], truth.shape[1]), dtype=np.float32)
    for round_ in range(rounds):
        slope = rows.T @ (sigmoid(rows @ ahead) - truth) / len(rows) + penalty * ahead
        moved = np.asarray(ahead - step * slope, dtype=np.float32)
        ahead = moved + round_ / (round_ + 3) * (moved - weight)
        weight = moved
    return np.asarray(weight, dtype=np.float32)
