"""One direction of the CNN-RNN: from a picture's features and the previous labels to the next label.

Wang et al. 2016 (https://arxiv.org/abs/1604.04573), section 3.1: the previous label is embedded, an LSTM carries the
history, its output and the picture are projected to the space of the label embeddings and added, and the score of a
label is the inner product with its own embedding.  If a linear head predicts the labels, too, a share of its
logits is added to the scores.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from imsearch.plugins.cnn_rnn.beam import State, Step
from imsearch.plugins.cnn_rnn.sequences import NONE, to_lesson, told_before

Seen = tuple[Tensor, Tensor]
"""A decoder's input for a picture: features ``(N, features)`` and the linear head's logits ``(N, labels)``."""


class Symbols(nn.Module):
    """Embeddings shared by input and output: all labels, the stop symbol, and a start symbol for each head."""

    def __init__(self, heads: tuple[int, ...], size: int) -> None:
        super().__init__()
        self.labels = sum(heads)
        self.embedding = nn.Embedding(self.labels + 1 + len(heads), size)
        nn.init.normal_(self.embedding.weight, std=size**-0.5)
        self.bias = nn.Parameter(torch.zeros(self.labels + 1))
        owner = torch.repeat_interleave(torch.arange(len(heads)), torch.tensor(heads))
        self.register_buffer("owner", owner, persistent=False)
        self.owner: Tensor

    @property
    def stop(self) -> int:
        """The index of the stop symbol; labels have lower ones."""
        return self.labels

    def start(self, heads: Tensor) -> Tensor:
        """Return the start symbols of these heads."""
        return self.labels + 1 + heads

    def foreign(self, heads: Tensor) -> Tensor:
        """Return a mask of the labels of other heads, boolean ``(N, labels + 1)``."""
        return functional.pad(self.owner != heads[:, None], (0, 1))


class Decoder(nn.Module):
    """Predicts labels in one direction."""

    def __init__(self, features: int, symbols: Symbols, hidden: int, dropout: float) -> None:
        super().__init__()
        size = symbols.embedding.embedding_dim
        self.cell = nn.LSTM(size, hidden, batch_first=True)
        self.first = nn.Linear(features, hidden)
        self.picture = nn.Linear(features, size)
        self.told = nn.Linear(hidden, size, bias=False)
        self.share = nn.Parameter(torch.ones(()))
        self.dropout = nn.Dropout(dropout)

    def begin(self, seen: Seen) -> State:
        """Return the initial state: the LSTM's hidden and cell vectors, the picture's projection, the head's share."""
        features, opinion = seen
        hidden = torch.tanh(self.first(features))
        return hidden, torch.zeros_like(hidden), self.picture(features), functional.pad(self.share * opinion, (0, 1))

    def logits(
        self, symbols: Symbols, read: Tensor, state: State, columns: slice | None = None
    ) -> tuple[Tensor, State]:
        """Return logits ``(N, steps, labels + 1)`` after each of the symbols read ``(N, steps)``, and the final state.

        With `columns`, only for those labels and the stop symbol; the state's last part must be reduced to them
        already.
        """
        hidden, cell, picture, opinion = state
        output, (hidden, cell) = self.cell(symbols.embedding(read), (hidden[None], cell[None]))
        joined = self.dropout(torch.relu(self.told(output) + picture[:, None]))
        weight: Tensor = symbols.embedding.weight[: symbols.labels + 1]
        bias: Tensor = symbols.bias
        if columns is not None:
            weight = torch.cat([weight[columns], weight[-1:]])
            bias = torch.cat([bias[columns], bias[-1:]])
        scores = functional.linear(joined, weight, bias) + opinion[:, None]
        return scores, (hidden[0], cell[0], picture, opinion)

    def log_probability(self, symbols: Symbols, seen: Seen, sequences: Tensor, heads: Tensor) -> Tensor:
        """Return the log-probability of exactly these sequences: ``(N,)``.  Its negative mean is the loss."""
        read, answer = to_lesson(sequences, symbols.start(heads), symbols.stop)
        logits, _ = self.logits(symbols, read, self.begin(seen))
        barred = told_before(read, symbols.stop)  # no label is predicted twice; the stop symbol may always be
        barred = functional.pad(barred, (0, 1)) | symbols.foreign(heads)[:, None]
        logs = logits.float().masked_fill(barred, -torch.inf).log_softmax(dim=-1)
        chosen = logs.gather(2, answer.clamp(min=0)[..., None])[..., 0]
        return torch.where(answer == NONE, 0.0, chosen).sum(dim=1)

    def stepper(self, symbols: Symbols, head: int, columns: slice) -> Step:
        """Return the `Step` of `beam_search` over the labels of one head."""

        def step(last: Tensor, state: State) -> tuple[Tensor, State]:
            pictures, width = last.shape
            start = symbols.labels + 1 + head
            read = torch.where(last == NONE, start, last + columns.start)
            flat = tuple(each.flatten(0, 1) for each in state)
            logits, after = self.logits(symbols, read.reshape(-1, 1), flat, columns)
            return logits.reshape(pictures, width, -1), tuple(each.view(pictures, width, -1) for each in after)

        return step

    def surest_first(self, symbols: Symbols, seen: Seen, sequences: Tensor, heads: Tensor) -> Tensor:
        """Return the same labels ordered by this decoder's confidence, each step conditioned on those before.

        The order-free training of Chen et al. 2018 (https://arxiv.org/abs/1707.05495).
        """
        left = told_before(sequences.where(sequences != NONE, symbols.stop), symbols.stop)[:, -1]
        length = (sequences != NONE).sum(dim=1)
        state, last, steps = self.begin(seen), symbols.start(heads), []
        for place in range(sequences.shape[1]):
            logits, state = self.logits(symbols, last[:, None], state)
            best = logits[:, 0, : symbols.labels].masked_fill(~left, -torch.inf).argmax(dim=1)
            left = left & ~functional.one_hot(best, symbols.labels).bool()
            last = torch.where(place < length, best, symbols.stop)
            steps.append(torch.where(place < length, best, NONE))
        return torch.stack(steps, dim=1)
