"""A plugin for imsearch that names the dominant colors of a picture.

It has no network and no weights, but everything else that a model plugin has: a spec, an annotator with tags and a
vector, words that lead into the space of its vectors, and the hook that offers them.  Beside that it adds a key to the
query language, ``ratio:3:2``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imsearch import Annotation, Annotator, AnnotatorSpec, Key, Picture, Tag, hookimpl
from imsearch.keys import BadValue, Compare, Facet, in_words, span

Colors: TypeAlias = NDArray[np.floating[Any]]

SIDE = 32
"""Pictures are looked at as squares of this many pixels a side; colors need no detail."""

COLORS = ("black", "gray", "white", "red", "brown", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")

HUES = ((15, "red"), (40, "orange"), (70, "yellow"), (165, "green"), (200, "cyan"), (260, "blue"), (300, "purple"))
"""Where each color ends on the color circle, in degrees; what follows is pink, and red again from 345."""

RATIOS = ("1:1", "4:3", "3:2", "16:9", "2:1", "3:4", "2:3", "9:16", "1:2")
"""Width to height, as pictures usually have it."""

NEARLY = 0.01
"""A ratio is met when it is missed by no more than this share: cameras round to whole blocks of pixels."""


class ColorAnnotator(Annotator):
    """Tags are colors; the probability of one grows with its share of the pixels and is 1 from two fifths on."""

    batch_size = 64

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        return picture.array(SIDE, SIDE)

    def annotate(self, batch: Sequence[NDArray[np.uint8]]) -> Sequence[Annotation]:
        return [self._annotation(shares) for shares in color_shares(np.stack(batch))]

    def _annotation(self, shares: NDArray[np.float32]) -> Annotation:
        tags = (Tag(color, min(1.0, 2.5 * share)) for color, share in zip(COLORS, shares.tolist(), strict=True))
        # Square roots make the cosine of two vectors the overlap of their histograms (Bhattacharyya's coefficient).
        return Annotation(tuple(tag for tag in tags if tag.probability > 0), np.sqrt(shares))


class ColorWords:
    """The direction of a text is that of a picture made of the colors it names, in equal parts."""

    scale = 8.0
    """By trial: 8 makes a picture that is half red e ** 5.7 times as likely to be meant by "red" as one without."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        named = np.array([[color in text.lower().split() for color in COLORS] for text in texts], np.float32)
        shares = named / np.maximum(named.sum(axis=1, keepdims=True), 1)
        return np.asarray(np.sqrt(shares), np.float32)


def color_shares(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much of each picture has each color: uint8 (pictures, height, width, 3) to float32 (pictures, colors)."""
    rgb = pixels.astype(np.float32) / 255
    value, chroma = rgb.max(axis=-1), np.ptp(rgb, axis=-1)
    saturation = chroma / np.maximum(value, 1e-6)
    hue = _hue(rgb, value, np.maximum(chroma, 1e-6))
    name = np.full(hue.shape, COLORS.index("pink"))
    for end, color in reversed(HUES):
        name[hue < end] = COLORS.index(color)
    name[hue >= 345] = COLORS.index("red")
    name[(name == COLORS.index("orange")) & (value < 0.6)] = COLORS.index("brown")
    name[saturation < 0.15] = COLORS.index("gray")
    name[(saturation < 0.15) & (value > 0.85)] = COLORS.index("white")
    name[value < 0.2] = COLORS.index("black")
    counts = [(name == index).mean(axis=(1, 2)) for index in range(len(COLORS))]
    return np.stack(counts, axis=1).astype(np.float32)


def _hue(rgb: Colors, value: Colors, chroma: Colors) -> Colors:
    """The angle on the color circle, 0 to 360 degrees: red at 0, green at 120, blue at 240."""
    red, green, blue = np.moveaxis(rgb, -1, 0)
    sixth = np.where(value == red, (green - blue) / chroma, (blue - red) / chroma + 2)
    sixth = np.where((value == blue) & (value != red) & (value != green), (red - green) / chroma + 4, sixth)
    return np.asarray(sixth * 60 % 360)


def read_ratio(text: str, position: int) -> tuple[float, float]:
    """``3:2`` or ``1.5``: the least and the greatest width for a height of 1."""
    width, _, height = text.partition(":")
    try:
        ratio = float(width) / float(height or 1)
    except (ValueError, ZeroDivisionError):
        ratio = 0.0
    if not 0 < ratio < float("inf"):
        raise BadValue("ratio: takes width and height, or a number, for example ratio:3:2 or ratio:>1.5", position)
    return ratio * (1 - NEARLY), ratio * (1 + NEARLY)


def usual_ratio(width: int, height: int) -> str | None:
    """The usual ratio that a picture has, if any."""
    limits = ((name, read_ratio(name, 0)) for name in RATIOS)
    return next((name for name, (least, most) in limits if least * height <= width <= most * height), None)


RATIO = Key(
    "ratio",
    hint="width to height: ratio:3:2, ratio:>1.5",
    example="ratio:3:2",
    read=lambda text: span(text, read_ratio),
    predicate=lambda asked: Compare("width", asked, times="height"),
    told=lambda text: f"with a ratio of {in_words(text)}",
    values=tuple((name, "") for name in RATIOS),
    facets=(Facet("ratio", ("width", "height"), usual_ratio, title="Width to height", glyph="similar"),),
)


@hookimpl
def imsearch_query_keys() -> list[Key]:
    return [RATIO]


@hookimpl
def imsearch_annotators() -> list[AnnotatorSpec]:
    return [
        AnnotatorSpec(
            name="colors",
            version="1",
            factory=lambda device: ColorAnnotator(),
            description="the dominant colors of a picture",
            vocabulary=COLORS,
            vector_length=len(COLORS),
            input_size=SIDE,
            threshold=0.5,
            license="Apache-2.0",
            text_encoder=ColorWords,
        )
    ]
