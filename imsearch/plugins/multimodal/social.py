"""Social tags as numbers: text vectors of a picture's tags, and the labels that they say.

Any words count, not only those of training: each tag is read by the text encoder of `everyday`, the one that free text
is searched with.  Always by its table of words, also where a sentence encoder is installed, so that the same tags mean
the same everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.files import TEXT_WEIGHTS
from imsearch.plugins.everyday.text_encoder import EverydayText
from imsearch.plugins.multimodal.likeness import Likeness
from imsearch.training.data.samples import Sample
from imsearch.training.label_words import LabelWords
from imsearch.training.probabilities import Floats

TEXT_TAGS = "text_tags"
"""Key in `Sample.extra` of the texts that people wrote, or of their stand-ins."""
MOST = 100
"""Of a picture's tags so many are read."""
_SEPARATORS = str.maketrans("|/,;:_", "      ")
"""Photo programs write hierarchies such as "Places|Beach" and lists in one keyword."""


class Told(NamedTuple):
    """Text vectors of a picture's tags, the labels they are like, and the labels they say.

    vector: float32 ``(2 * length,)``, mean and maximum of the text vectors; zeros where no tag is known.
    alike: float32 ``(outputs,)``, see `Likeness`.
    said: uint8 ``(outputs,)``, the labels that a tag says, in any form or by a synonym.
    """

    vector: Floats
    alike: Floats
    said: NDArray[np.uint8]


def text_tags(sample: Sample) -> tuple[str, ...]:
    """Return the dataset's text tags of a picture, if any."""
    return tuple(str(tag) for tag in sample.extra.get(TEXT_TAGS) or ())


def text_hash(path: Path = TEXT_WEIGHTS) -> str:
    """Names the text encoder by its file: the tag branch knows the vectors of no other."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise ModelError(
            f"multimodal reads social tags with {path}, which is missing. Install imsearch again"
        ) from error


def clean(tags: Iterable[str]) -> list[str]:
    """Tags in lower case without separators, each once, no more than `MOST`."""
    plain = (" ".join(tag.translate(_SEPARATORS).lower().split()) for tag in tags)
    return list(dict.fromkeys(tag for tag in plain if tag))[:MOST]


class TagReader:
    """Reads tags, and knows which of the labels they say.  labels: of all heads, one after another."""

    def __init__(self, labels: Sequence[str], lexicon: Lexicon, path: Path = TEXT_WEIGHTS) -> None:
        self.labels, self._path = tuple(labels), path
        self._words = LabelWords(labels, lexicon)

    @cached_property
    def _encoder(self) -> EverydayText:
        return EverydayText.load(self._path)

    @property
    def length(self) -> int:
        """Of the vector of a picture's tags."""
        return 2 * self._encoder.length

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Text vectors ``(texts, length / 2)`` of length 1; zeros for a text without any known word."""
        return self._encoder.encode(texts)

    def said(self, text: str) -> list[int]:
        """The columns of the labels that a tag says, as a whole or by one of its words."""
        return self._words.said(text)

    def read(self, tags: Iterable[str], likeness: Likeness) -> Told:
        """Read a picture's tags; empty without any."""
        texts, said = clean(tags), np.zeros(len(self.labels), np.uint8)
        if not texts:
            return Told(np.zeros(self.length, np.float32), np.zeros(len(self.labels), np.float32), said)
        for text in texts:
            said[self.said(text)] = 1
        vectors = self.vectors(texts)
        return Told(pooled(vectors), likeness(vectors), said)


def pooled(vectors: Floats) -> Floats:
    """Mean and maximum ``(2 * length,)`` of the vectors ``(tags, length)``, those without any known word left out."""
    known = vectors[vectors.any(axis=1)]
    if not len(known):
        return np.zeros(2 * vectors.shape[1], np.float32)
    return np.concatenate([known.mean(axis=0), known.max(axis=0)])
