"""Label sets as sequences: their order, and a decoder's input and target at each step.

A sequence is a row of label columns, padded with `NONE` at its end.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.errors import ModelError

NONE = -1
RARE, FREQUENT, DICTIONARY, RANDOM, LEARNED = "rare", "frequent", "dictionary", "random", "learned"
ORDERS = (RARE, FREQUENT, DICTIONARY, RANDOM, LEARNED)
"""Rare words first; frequent words first; alphabetically; random each time; by the decoder's confidence."""

Rows = NDArray[np.intp]


def check_order(order: str) -> str:
    """Return the order itself; raises `ModelError` for an unknown one."""
    if order not in ORDERS:
        raise ModelError(f"There is no label order {order!r}; choose one of {', '.join(ORDERS)}")
    return order


def priorities(order: str, frequency: NDArray[np.floating], labels: tuple[str, ...]) -> NDArray[np.float64]:
    """Return a number for each label; the smallest comes first.  Ties in frequency are broken alphabetically.

    For `RANDOM` and `LEARNED` it is only the start of a shuffle.
    """
    alphabet = np.argsort(np.argsort(np.array(labels, dtype=object), kind="stable"), kind="stable")
    sign = {RARE: 1.0, FREQUENT: -1.0}.get(check_order(order), 0.0)
    ranks = np.empty(len(labels))
    ranks[np.lexsort((alphabet, sign * frequency))] = np.arange(len(labels))
    return ranks


def to_sequences(
    positive: NDArray[np.bool_], priority: NDArray[np.floating], generator: np.random.Generator | None = None
) -> Tensor:
    """Return the true labels of each row in order: int64 ``(N, longest)``.  With a generator, shuffled.

    positive: ``(N, labels)``.
    """
    keys = np.broadcast_to(priority, positive.shape) if generator is None else generator.random(positive.shape)
    longest = max(int(positive.sum(axis=1).max(initial=0)), 1)
    order = np.argsort(np.where(positive, keys, np.inf), axis=1, kind="stable")[:, :longest]
    return torch.from_numpy(np.where(np.take_along_axis(positive, order, axis=1), order, NONE))


def backwards(sequences: Tensor) -> Tensor:
    """Reverse each sequence, keeping the padding at the end."""
    length = (sequences != NONE).sum(dim=1, keepdim=True)
    places = torch.arange(sequences.shape[1], device=sequences.device)
    source = (length - 1 - places).clamp(min=0)
    return torch.where(places < length, sequences.gather(1, source), NONE)


def to_lesson(sequences: Tensor, start: Tensor, stop: int) -> tuple[Tensor, Tensor]:
    """Return inputs and targets, both ``(N, longest + 1)``: start, a, b and a, b, stop.

    start: the start symbol of each row ``(N,)``.  After the stop symbol the target is `NONE`, and the
    input is the stop symbol.
    """
    length = (sequences != NONE).sum(dim=1, keepdim=True)
    read = torch.cat([start[:, None], torch.where(sequences == NONE, stop, sequences)], dim=1)
    answer = torch.cat([sequences, torch.full_like(start[:, None], NONE)], dim=1)
    return read, answer.scatter(1, length, stop)


def told_before(read: Tensor, symbols: int) -> Tensor:
    """Return a mask of the symbols each step has already read, boolean ``(N, steps, symbols)``; padding is ignored."""
    seen = torch.nn.functional.one_hot(read.clamp(max=symbols), symbols + 1)[..., :symbols]
    return seen.cumsum(dim=1) > 0
