"""The network: a frozen backbone's features, colour and texture, each through a layer of its own, then joined.

Labels of one head are mutually exclusive: a picture is happy, or angry, or neither.  So a head is a softmax over its
labels and one more class, none of them.  Its output is the log-odds of each label against all else, whose sigmoid is
the softmax again; the kit's losses, calibration and tags then work as for independent labels.

A head of ratings instead has two outputs, valence and arousal, regressed from human ratings.  Each of its labels is
one side of a cut-off on one of them ("positive": a valence of 5 and more), and its log-odds are the distance of the
rating from the cut-off times a learned gain.  A picture between the cut-offs has none of the labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from imsearch.training.data.rated_sets import CUTS, MIDDLE, RATINGS, SCALES
from imsearch.training.efficientnet_lite import EfficientNetLite, fold_normalization, load_imagenet

_FARTHEST = 5.0
"""Standard deviations; a flat or striped picture is far outside the range of photographs, and would dominate."""
_LEAST_SPREAD = 1e-3


class Branch(nn.Module):
    """One kind of input: standardized, with dropout, through one hidden layer."""

    mean: Tensor
    scale: Tensor

    def __init__(self, length: int, width: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(length))
        self.register_buffer("scale", torch.ones(length))
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(length, width), nn.ReLU())

    def standardize(self, values: Tensor) -> None:
        """Fit mean and spread to training values ``(N, length)``."""
        self.mean.copy_(values.mean(dim=0))
        self.scale.copy_(1 / values.std(dim=0).clamp(min=_LEAST_SPREAD))

    def forward(self, x: Tensor) -> Tensor:
        standard = ((x.float() - self.mean) * self.scale).clamp(-_FARTHEST, _FARTHEST)
        return self.layers(standard)  # type: ignore[no-any-return]


class Joint(nn.Module):
    """The trained part.

    heads: the number of labels of each head, in the order of the outputs.  rated: the labels of the head of ratings,
    if there is one, each of `CUTS`.  lengths, widths: of each branch, in the order of the arguments of `forward`.
    """

    def __init__(
        self,
        heads: Mapping[str, int],
        lengths: Sequence[int],
        widths: Sequence[int],
        dropout: float = 0.0,
        rated: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.heads = dict(heads)
        self.branches = nn.ModuleList(
            Branch(length, width, dropout) for length, width in zip(lengths, widths, strict=True)
        )
        self.sizes = [len(SCALES) if name == RATINGS else size + 1 for name, size in heads.items()]
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(sum(widths), sum(self.sizes)))
        self.sides = Sides(rated) if RATINGS in heads else None

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return log-odds ``(N, labels of all heads)``."""
        return self.told(*inputs)[0]

    def told(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return log-odds, and ratings ``(N, len(SCALES))`` minus the scale's middle; ``(N, 0)`` if there are none."""
        hidden = [branch(x) for branch, x in zip(self.branches, inputs, strict=True)]
        scores = dict(zip(self.heads, torch.split(self.head(torch.cat(hidden, dim=1)), self.sizes, dim=1), strict=True))
        odds = [
            exclusive(given, (self.heads[name],)) if name != RATINGS or self.sides is None else self.sides(given)
            for name, given in scores.items()
        ]
        return torch.cat(odds, dim=1), scores.get(RATINGS, odds[0][:, :0])


class Sides(nn.Module):
    """Maps ratings to the log-odds of being beyond each label's cut-off."""

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__()
        self.labels = tuple(labels)
        self.gain = nn.Parameter(torch.zeros(len(SCALES)))  # one per scale, as a logarithm

    def forward(self, ratings: Tensor) -> Tensor:
        """Return log-odds ``(N, labels)`` for ratings ``(N, len(SCALES))`` minus the scale's middle."""
        found = []
        for label in self.labels:
            scale, cut, sign = CUTS[label]
            place = SCALES.index(scale)
            found.append(sign * (ratings[:, place] - (cut - MIDDLE)) * self.gain[place].exp())
        return torch.stack(found, dim=1)


class EmotionNetwork(nn.Module):
    """Maps pixels and hand-made features to log-odds.  The backbone is its package's, unchanged, and not stored."""

    frozen = ("backbone.",)

    def __init__(self, joint: Joint) -> None:
        super().__init__()
        self.backbone: EfficientNetLite = load_imagenet("lite2")
        fold_normalization(self.backbone)
        del self.backbone.classifier
        self.joint = joint

    def forward(self, x: Tensor, handmade: Tensor) -> Tensor:
        """Run on input as for `EfficientNetLite`, and `imsearch.plugins.emotion.handmade.describe` of each picture."""
        return self.joint(self.backbone.features(x), handmade)  # type: ignore[no-any-return]


def exclusive(scores: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return the log-odds ``(N, labels)`` of each label in the softmax over its head's scores.

    sizes: the heads' numbers of labels; the last score of each head is that of none of them, which is not returned.
    """
    return torch.cat([_log_odds(part)[:, :-1] for part in torch.split(scores, [size + 1 for size in sizes], dim=1)], 1)


def _log_odds(scores: Tensor) -> Tensor:
    own = torch.eye(scores.shape[1], dtype=torch.bool, device=scores.device)
    others = scores[:, None, :].masked_fill(own, -torch.inf).logsumexp(dim=2)
    return scores - others
