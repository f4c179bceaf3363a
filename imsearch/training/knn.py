"""Labels of similar pictures: nearest neighbours among the training pictures.

A linear head forgets single pictures; neighbours remember them, which helps rare words most (TagProp, Guillaumin et al.
2009; CCA-KNN, Murthy et al. 2015).  Features are projected on their main directions and kept as bytes: 256 a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import ModelError

Floats = NDArray[np.float32]

DIRECTIONS = 256
NEIGHBOURS = 60
SHARPNESS = 40.0
"""A neighbour's vote is exp(SHARPNESS * (cosine - 1)); chosen on held-back pictures of Corel5k and Flickr8k."""
LEAST_SHARE = 1e-3
"""Shares are kept this far from 0 and 1, so that their logits stay finite."""


@dataclass(frozen=True)
class Shelf:
    """The pictures one head remembers: unit vectors ``(pictures, DIRECTIONS)``, labels ``(pictures, labels)``."""

    vectors: Floats
    labels: Floats


class Memory:
    """`basis` is ``(1280, DIRECTIONS)``; one shelf for each head that remembers."""

    def __init__(self, basis: Floats, shelves: Mapping[str, Shelf]) -> None:
        self.basis, self.shelves = basis, dict(shelves)

    @classmethod
    def build(cls, features: Mapping[str, Floats], labels: Mapping[str, NDArray[np.bool_]]) -> Memory:
        """From the features ``(pictures, 1280)`` and labels ``(pictures, labels)`` of each head's training pictures."""
        everything = _unit(np.concatenate(list(features.values())))
        # The main directions through the origin keep inner products, and so cosines, best.
        _, directions = np.linalg.eigh((everything.T @ everything).astype(np.float64))
        basis = directions[:, ::-1][:, :DIRECTIONS].astype(np.float32)
        return cls(
            basis,
            {name: Shelf(_unit(x @ basis), labels[name].astype(np.float32)) for name, x in features.items()},
        )

    def evidence(self, head: str, features: Floats) -> Floats:
        """The logit of the share of neighbours' votes that each label gets: ``(N, labels)``."""
        shelf = self.shelves[head]
        cosines = _unit(features @ self.basis) @ shelf.vectors.T
        count = min(NEIGHBOURS, cosines.shape[1])
        nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        votes = np.exp(SHARPNESS * (np.take_along_axis(cosines, nearest, axis=1) - 1))
        votes /= votes.sum(axis=1, keepdims=True)
        shares = np.einsum("nk,nkl->nl", votes, shelf.labels[nearest])
        shares = np.clip(shares, LEAST_SHARE, 1 - LEAST_SHARE)
        return np.asarray(np.log(shares) - np.log1p(-shares), dtype=np.float32)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """As stored: vectors in bytes, labels as positions of those that are true."""
        found: dict[str, NDArray[np.generic]] = {"memory.basis": self.basis.astype(np.float16)}
        for name, shelf in self.shelves.items():
            scale = np.abs(shelf.vectors).max()
            found[f"memory.{name}.vectors"] = np.round(shelf.vectors * (127 / scale)).astype(np.int8)
            found[f"memory.{name}.labels"] = np.ascontiguousarray(np.argwhere(shelf.labels > 0), dtype=np.int32)
        return found

    @classmethod
    def restore(cls, tensors: Mapping[str, NDArray[np.generic]], heads: Mapping[str, Sequence[str]]) -> Memory:
        """The inverse of `tensors`; the length of the stored vectors does not matter, only their direction."""
        shelves = {}
        try:
            for name in (key.split(".")[1] for key in tensors if key.endswith(".vectors")):
                vectors = _unit(tensors[f"memory.{name}.vectors"].astype(np.float32))
                labels = np.zeros((len(vectors), len(heads[name])), dtype=np.float32)
                labels[tuple(tensors[f"memory.{name}.labels"].astype(np.intp).T)] = 1
                shelves[name] = Shelf(vectors, labels)
            return cls(tensors["memory.basis"].astype(np.float32), shelves)
        except (KeyError, IndexError, ValueError) as error:
            raise ModelError(f"The remembered pictures in the weights do not fit ({error}). Install again.") from error


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
