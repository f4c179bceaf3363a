"""Batched beam search, and the probability of every label along the beams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from imsearch.plugins.cnn_rnn.sequences import NONE

State = tuple[Tensor, ...]
"""Tensors ``(N, width, ...)``."""
Step = Callable[[Tensor, State], tuple[Tensor, State]]
"""Maps the previous symbols ``(N, width)`` and the state to logits ``(N, width, labels + 1)`` and the next state.
The last logit is that of the stop symbol; `NONE` stands for the start.
"""


@dataclass(frozen=True)
class Beams:
    """The likeliest sequences of each picture, best first.

    sequences: int64 ``(N, width, longest)``, padded with `NONE`.  totals: their log-probabilities ``(N, width)``;
    minus infinity where there are fewer sequences.  missed: ``(N, width, labels)``, see `probabilities`.
    """

    sequences: Tensor
    totals: Tensor
    missed: Tensor

    def probabilities(self) -> Tensor:
        """Return the probability that a label is predicted at all: ``(N, labels)``.

        Along one beam a label is missed when every step predicts something else: the product over steps of 1 -
        p(label).
        The beams are weighted by their probabilities, normalized to sum to 1.
        """
        share = torch.softmax(self.totals, dim=1)
        return 1 - (share[:, :, None] * self.missed).sum(dim=1)


def beam_search(step: Step, state: State, width: int, labels: int, longest: int) -> Beams:
    """Return the `width` likeliest sequences of at most `longest` labels, without repeated labels.

    A sequence that has stopped keeps its probability and competes with those that continue.  With a width of at least
    the number of prefixes this finds the best sequences exactly.
    """
    pictures, device = len(state[0]), state[0].device
    sequences = torch.full((pictures, width, longest), NONE, device=device)
    totals = torch.full((pictures, width), -torch.inf, device=device)
    totals[:, 0] = 0  # all beams start alike: only one of them may be expanded
    done = torch.zeros((pictures, width), dtype=torch.bool, device=device)
    last = torch.full((pictures, width), NONE, device=device)
    missed = torch.ones((pictures, width, labels), device=device)
    told = torch.zeros((pictures, width, labels), dtype=torch.bool, device=device)
    for place in range(longest + 1):
        logits, state = step(last, state)
        logs = _next(logits.float(), told if place < longest else torch.ones_like(told), done)
        missed = missed * -torch.expm1(logs[..., :labels])
        totals, best = (totals[..., None] + logs).flatten(1).topk(width, dim=1)
        parent, word = best // (labels + 1), best % (labels + 1)
        sequences, done, missed, told = (_pick(each, parent) for each in (sequences, done, missed, told))
        state = tuple(_pick(each, parent) for each in state)
        done = done | (word == labels) | totals.isneginf()  # there are fewer sequences than beams
        if bool(done.all()):
            break
        last = torch.where(done, NONE, word)
        sequences[:, :, place] = last
        said = functional.one_hot(torch.where(done, labels, word), labels + 1)[..., :labels]
        told = told | said.bool()
    return Beams(sequences, totals, missed)


def _next(logits: Tensor, told: Tensor, done: Tensor) -> Tensor:
    """Return log-probabilities of the next symbols: no repeats, and after the stop symbol only the stop symbol."""
    labels = told.shape[-1]
    logs = torch.log_softmax(logits.masked_fill(functional.pad(told, (0, 1)), -torch.inf), dim=-1)
    stopped = torch.full_like(logs, -torch.inf)
    stopped[..., labels] = 0
    return torch.where(done[..., None], stopped, logs)


def _pick(values: Tensor, parent: Tensor) -> Tensor:
    """Return the rows of each beam's parent; values ``(N, width, ...)``."""
    index = parent.reshape(*parent.shape, *(1,) * (values.dim() - 2)).expand(-1, -1, *values.shape[2:])
    return values.gather(1, index)
