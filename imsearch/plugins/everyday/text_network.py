"""The dual encoder in training; `imsearch.plugins.everyday.text_encoder` runs it without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.plugins.everyday.text_encoder import GAIN, SENTENCES, WORDS

LENGTH = 256
"""Length of the vectors in the common space."""
SENTENCE_LENGTH = 384
_HIDDEN = {WORDS: 1024, SENTENCES: 768}
_FIRST_SCALE = 14.0
_MOST_SCALE = 100.0


class TextNetwork(nn.Module):
    """Both readers of texts, and the map of picture vectors, which they share."""

    centre: Tensor
    spread: Tensor

    def __init__(self, vectors: NDArray[np.float32], centre: Tensor, spread: Tensor) -> None:
        """vectors: of the table's words, ``(words, D)``; their lengths are the initial weights of the words.

        centre, spread: mean and standard deviation of picture vectors, ``(1280,)``.
        """
        super().__init__()
        start = torch.from_numpy(vectors)
        self.table = nn.Embedding(len(start), start.shape[1], _weight=nn.functional.normalize(start, dim=1))
        self.counts = nn.Parameter(start.norm(dim=1).clamp(min=1e-3).log())
        self.words = _layers(vectors.shape[1], _HIDDEN[WORDS])
        self.sentences = _layers(SENTENCE_LENGTH, _HIDDEN[SENTENCES])
        self.pictures = nn.Linear(len(centre), LENGTH)
        self.drop = nn.Dropout(0.3)
        self.register_buffer("centre", centre)
        self.register_buffer("spread", spread)
        self.log_scale = nn.Parameter(torch.tensor(float(np.log(_FIRST_SCALE))))

    @property
    def scale(self) -> Tensor:
        """The factor on cosines before the softmax."""
        return self.log_scale.exp().clamp(max=_MOST_SCALE)

    def see(self, vectors: Tensor) -> Tensor:
        """Map picture vectors of length 1, ``(N, 1280)``, to the common space."""
        return _unit(self.pictures(self.drop((vectors - self.centre) / self.spread)))

    def read_words(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Map texts, as rows of the table with at least one each, to the common space."""
        device = self.counts.device
        longest = max(map(len, rows))
        padded = torch.tensor([[*each, *[0] * (longest - len(each))] for each in rows], device=device)
        there = (
            torch.arange(longest, device=device) < torch.tensor([len(each) for each in rows], device=device)[:, None]
        )
        weights = self.counts[padded].masked_fill(~there, -torch.inf).softmax(dim=1)
        mean = (self.table(padded) * weights[..., None]).sum(dim=1)
        return _unit(self.words(float(GAIN) * _unit(mean)))

    def read_sentences(self, vectors: Tensor) -> Tensor:
        """Map texts, as vectors of the sentence encoder, ``(N, 384)``, to the common space."""
        return _unit(self.sentences(float(GAIN) * vectors))

    def groups(self, rate: float, table_rate: float) -> list[dict[str, object]]:
        """Return parameter groups for an optimizer: the table has a low rate and no weight decay."""
        table = [*self.table.parameters(), self.counts]
        own = {id(each) for each in table}
        rest = [each for each in self.parameters() if id(each) not in own]
        return [{"params": rest, "lr": rate}, {"params": table, "lr": table_rate, "weight_decay": 0.0}]


class _QuickGelu(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


def _layers(length: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(length, hidden), _QuickGelu(), nn.Dropout(0.2), nn.Linear(hidden, LENGTH))


def _unit(vectors: Tensor) -> Tensor:
    return nn.functional.normalize(vectors, dim=1)


def contrast(logits: Tensor, fits: Tensor) -> Tensor:
    """Return the softmax loss of texts against pictures and of pictures against texts, where several may fit.

    logits, fits: ``(texts, pictures)``; fits in 0 to 1.  The target of a text is distributed over the pictures that it
    fits,
    and vice versa.  (InfoNCE, van den Oord et al. 2018, with soft targets.)
    """
    found = logits.new_zeros(())
    for values, wanted in ((logits, fits), (logits.T, fits.T)):
        share = wanted / wanted.sum(dim=1, keepdim=True).clamp(min=1e-6)
        found = found - (share * values.log_softmax(dim=1)).sum(dim=1).mean()
    return found
