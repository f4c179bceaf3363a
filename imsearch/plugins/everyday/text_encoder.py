"""The text encoder of everyday: word vectors, a small network, and a linear map of everyday's vectors.

A dual encoder (Frome et al. 2013; Radford et al. 2021, https://arxiv.org/abs/2103.00020, section 2.3) on top of
everyday: the mean of a text's word vectors, weighted by a learned number per word, goes through one hidden layer;
a picture's vector through one linear map; the cosine of the two measures how well they fit.  With the extra
``semantic`` a sentence encoder's vector replaces the mean of words.  README.md describes the training.

NumPy, because a query must not wait for PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from imsearch.errors import ModelError
from imsearch.plugins.everyday.text_words import rows_of

Floats = NDArray[np.float32]
GAIN = np.float32(8)
"""Factor on a text's vector, of length 1, before the hidden layer."""
WORDS, SENTENCES = "words", "sentences"
"""The two ways to read a text, and the prefixes of their tensors' names."""


class Sentences(Protocol):
    """A sentence encoder; `imsearch.semantic` has one."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return vectors of length 1, float32 ``(texts, 384)``."""


class EverydayText:
    """See `imsearch.annotator.TextEncoder`."""

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]], sentences: Sentences | None = None) -> None:
        """tensors: as read by `load`.  sentences: reads texts in place of the table of words."""
        self._sentences = sentences
        self.reader = WORDS if sentences is None else SENTENCES
        self._table = None if sentences is not None else WordTable(tensors)
        self._layers = Layers(tensors, SENTENCES if sentences is not None else WORDS)
        self._weight, self._bias = _floats(tensors["pictures.weight"]), _floats(tensors["pictures.bias"])
        self.scale = float(tensors["scale"][0])
        self.length = len(self._bias)

    @classmethod
    def load(cls, path: Path, sentences: Sentences | None = None) -> EverydayText:
        """Read the weights; raises `ModelError` if they cannot be used."""
        try:
            return cls(load_file(path), sentences)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelError(f"The weights in {path} are damaged or changed. Install imsearch again.") from error

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return directions of length 1, ``(texts, length)``; zeros for a text without any known word."""
        if self._sentences is not None:
            read = self._sentences.encode(texts)
            known = np.array([bool(text.strip()) for text in texts])
        else:
            assert self._table is not None
            read = self._table.means(texts)
            known = np.asarray(read.any(axis=1))
        return _unit(self._layers(read)) * known[:, None].astype(np.float32)

    def pictures(self, vectors: Floats) -> Floats:
        """Project picture vectors ``(N, 1280)`` of length 1 to the space of texts: length 1, ``(N, length)``."""
        return _unit(vectors @ self._weight.T + self._bias)

    def towards(self, directions: Floats) -> Floats:
        """Map directions ``(texts, length)`` to the vectors' own space, ``(texts, 1280)``, length 1 or 0.

        A picture vector far along one of them has a large product with the text before normalization:
        good enough to choose candidates.
        """
        return _unit(directions @ self._weight)


class WordTable:
    """Vectors of words, and the weight of each in a text."""

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        spelled = bytes(tensors["words.spelled"].tobytes()).decode("ascii").split("\n")
        self._places = {word: place for place, word in enumerate(spelled)}
        self._vectors, self._scales = tensors["words.vectors"], tensors["words.scales"]
        self._weights = _floats(tensors["words.weights"])

    def means(self, texts: Sequence[str]) -> Floats:
        """Return the weighted mean of each text's words, of length 1; zeros if none is known."""
        found = np.zeros((len(texts), self._vectors.shape[1]), np.float32)
        for place, text in enumerate(texts):
            rows = rows_of(text, self._places)
            if rows:
                vectors = _floats(self._vectors[rows]) * _floats(self._scales[rows])[:, None]
                weights = np.exp(self._weights[rows] - self._weights[rows].max())
                found[place] = weights @ vectors
        return _unit(found)


class Layers:
    """The network of one hidden layer that maps a text's vector to the space of pictures."""

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]], kind: str) -> None:
        self._layers = [
            (_floats(tensors[f"{kind}.{name}.weight"]), _floats(tensors[f"{kind}.{name}.bias"]))
            for name in ("hidden", "out")
        ]

    def __call__(self, vectors: Floats) -> Floats:
        (hidden, first), (out, second) = self._layers
        return np.asarray(_gelu(_floats(GAIN * vectors @ hidden.T + first)) @ out.T + second, np.float32)


def _floats(values: NDArray[np.generic]) -> Floats:
    return np.asarray(values, np.float32)


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def _gelu(values: Floats) -> Floats:
    """Return x times the logistic function of 1.702 x (Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415)."""
    return np.asarray(values / (1 + np.exp(np.clip(-1.702 * values, -60, 60))), np.float32)
