"""The heads on a picture's features: a linear head, and decoders that predict its labels one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from imsearch.plugins.cnn_rnn.beam import Beams, beam_search
from imsearch.plugins.cnn_rnn.decoder import Decoder, Seen, Symbols
from imsearch.plugins.cnn_rnn.sequences import LEARNED, NONE, backwards
from imsearch.training.checkpoint import head_slices

LEAST = 1e-5
"""Probabilities of the decoders are kept this far from 0 and 1, so that their logits stay finite."""


@dataclass(frozen=True)
class Shape:
    """The architecture of a `SequenceHead`.

    longest: for each head the maximum number of labels predicted for a picture.  both: a second decoder works from the
    last
    label to the first.  beams: the width of the search.
    """

    longest: Mapping[str, int]
    order: str = "rare"
    both: bool = True
    hidden: int = 128
    embedding: int = 128
    dropout: float = 0.3
    beams: int = 3
    semantic: bool = True


class SequenceHead(nn.Module):
    """`heads` maps each head's name to its labels; outputs are the labels of all heads, concatenated."""

    def __init__(self, features: int, heads: Mapping[str, Sequence[str]], shape: Shape) -> None:
        super().__init__()
        counts = {name: len(labels) for name, labels in heads.items()}
        self.shape = shape
        self.slices = head_slices({name: tuple(labels) for name, labels in heads.items()})
        self.linear = nn.Linear(features, sum(counts.values()))
        nn.init.normal_(self.linear.weight, std=0.01)
        nn.init.constant_(self.linear.bias, -3.0)  # rare labels: start near their frequency, not at one half
        self.symbols = Symbols(tuple(counts.values()), shape.embedding)
        self.dropout = nn.Dropout(shape.dropout)
        self.decoders = nn.ModuleList(
            Decoder(features, self.symbols, shape.hidden, shape.dropout) for _ in range(1 + shape.both)
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the linear head's logits and those of the decoders' probabilities, both ``(N, outputs)``."""
        logits = self.linear(features)
        return logits, self.told(self.seen(features, logits))

    def teach(self, features: Tensor, sequences: Tensor, heads: Tensor) -> tuple[Tensor, Tensor]:
        """Return the linear head's logits ``(N, outputs)`` and the loss of the decoders (mean over pictures and
        directions).

        sequences: ``(N, longest)``, see `sequences.to_sequences`.  heads: the head of each ``(N,)``.
        """
        features = self.dropout(features)
        logits = self.linear(features)
        seen = self.seen(features, logits)
        if self.shape.order == LEARNED:
            with torch.no_grad():
                sequences = self._decoder(0).surest_first(self.symbols, seen, sequences, heads)
        ways = [sequences, backwards(sequences)][: len(self.decoders)]
        logs = [self._decoder(i).log_probability(self.symbols, seen, way, heads) for i, way in enumerate(ways)]
        return logits, -torch.stack(logs).mean()

    def seen(self, features: Tensor, logits: Tensor) -> Seen:
        """Return the decoders' input for a picture: its features and, if `Shape.semantic`, the linear head's logits.

        Liu et al. 2017 (https://arxiv.org/abs/1611.05490) pass the labels of a supervised layer to the recurrent
        network, so that no gradient has to reach the convolutions through its steps.
        """
        return features, logits.detach() if self.shape.semantic else torch.zeros_like(logits)

    def search(self, seen: Seen, head: str, width: int | None = None) -> list[Beams]:
        """Return the beams of each decoder over the labels of one head; those of the second are reversed."""
        columns, number = self.slices[head], list(self.slices).index(head)
        found = []
        for index in range(len(self.decoders)):
            decoder, wide = self._decoder(index), width or self.shape.beams
            *parts, opinion = decoder.begin(seen)
            own = torch.cat([opinion[:, columns], opinion[:, -1:]], dim=1)
            state = tuple(each[:, None].expand(-1, wide, -1) for each in (*parts, own))
            step = decoder.stepper(self.symbols, number, columns)
            count = columns.stop - columns.start
            found.append(beam_search(step, state, wide, count, min(self.shape.longest[head], count)))
        return found

    def told(self, seen: Seen, width: int | None = None) -> Tensor:
        """Return the logit of each label's probability, averaged over both directions: ``(N, outputs)``."""
        parts = [
            torch.stack([beams.probabilities() for beams in self.search(seen, head, width)]).mean(dim=0)
            for head in self.slices
        ]
        return torch.logit(torch.cat(parts, dim=1).float(), eps=LEAST)

    def best_set(self, seen: Seen, head: str, width: int | None = None) -> Tensor:
        """Return the label set at which the decoders stop, boolean ``(N, labels of the head)``.

        With two directions the best sequences of either are scored by both: the mean of their log-probabilities.
        """
        columns = self.slices[head]
        beams = self.search(seen, head, width)
        ways = [beams[0].sequences] + [backwards(b.sequences.flatten(0, 1)).view_as(b.sequences) for b in beams[1:]]
        candidates = torch.cat(ways, dim=1)
        if len(beams) == 1:
            chosen = candidates[:, 0]
        else:
            totals = self._judge(seen, candidates, head)
            totals = totals.masked_fill(torch.cat([b.totals for b in beams], dim=1).isinf(), -torch.inf)
            chosen = candidates[torch.arange(len(candidates)), totals.argmax(dim=1)]
        marks = torch.zeros((len(chosen), columns.stop - columns.start + 1), dtype=torch.bool, device=chosen.device)
        return marks.scatter(1, torch.where(chosen == NONE, marks.shape[1] - 1, chosen), True)[:, :-1]

    def _judge(self, seen: Seen, candidates: Tensor, head: str) -> Tensor:
        """Return the mean log-probabilities ``(N, candidates)`` of both decoders.

        candidates: in the first decoder's direction.
        """
        pictures, count, _ = candidates.shape
        flat = candidates.flatten(0, 1)
        flat = torch.where(flat == NONE, NONE, flat + self.slices[head].start)
        many = (seen[0].repeat_interleave(count, dim=0), seen[1].repeat_interleave(count, dim=0))
        number = torch.full((len(flat),), list(self.slices).index(head), device=flat.device)
        logs = [
            self._decoder(index).log_probability(self.symbols, many, way, number)
            for index, way in enumerate((flat, backwards(flat)))
        ]
        return torch.stack(logs).mean(dim=0).view(pictures, count)

    def _decoder(self, index: int) -> Decoder:
        decoder = self.decoders[index]
        assert isinstance(decoder, Decoder)
        return decoder
