"""The network: EfficientNet-Lite2 with fused scales, a head that counts labels, and a branch that reads social tags.

The backbone runs as it always does.  A branch beside it carries finer scales to the last one: a fusion block halves a
map and gives it the channels of the next scale, where the two are added; the sum goes through the next block, and what
comes out last is added to the backbone's last map before that is pooled (Niu et al. 2017,
https://arxiv.org/abs/1709.01220).  The backbone's own path is not changed by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.plugins.everyday.start import start_from_everyday
from imsearch.plugins.multimodal.likeness import Likeness
from imsearch.training.efficientnet_lite import FEATURES, EfficientNetLite, fold_normalization, load_imagenet

FINE, COARSE = 3, 5
"""After how many stages the fused maps are taken: 8 and 16 pixels a cell.  The last one has 32."""
_CHANNELS = {FINE: 48, COARSE: 120}
_COUNTING = 64
_GAIN = 16.0
"""By what tags' vectors are multiplied: the numbers of a vector of length 1 are small."""
_MOST_TOLD = 8.0
STARTS = ("everyday", "imagenet")


def fusion_block(inputs: int, outputs: int, start: float) -> nn.Sequential:
    """3x3 convolution of stride 2, BN, ReLU, 1x1 convolution, BN: half the side, the next scale's channels.

    start: the factor with which the last normalization begins.
    """
    last = nn.BatchNorm2d(outputs)
    nn.init.constant_(last.weight, start)
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        last,
    )


class Fusion(nn.Module):
    """Fusion blocks: the part of the pooled feature that comes from the finer scales.

    Pooling is linear, so the last map and this branch may be pooled before they are added.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fine = fusion_block(_CHANNELS[FINE], _CHANNELS[COARSE], 0.5)
        # From 0, so that training starts from the backbone as it is; at 0 both, the blocks would hold each other there.
        self.coarse = fusion_block(_CHANNELS[COARSE], FEATURES, 0.0)
        self.to(memory_format=torch.channels_last)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """``(N, 1280)`` from the maps after `FINE` and `COARSE` stages, ``(N, C, H, W)``."""
        fused: Tensor = self.coarse(coarse + self.fine(fine))
        return fused.mean(dim=(2, 3))


class SeenHead(nn.Module):
    """Labels and their number from the visual feature.

    outputs: labels of all datasets.  heads: how many datasets; each has a count of its own.  counting: width of the
    counts' hidden layer.
    """

    def __init__(self, outputs: int, heads: int, counting: int = 256, dropout: float = 0.3) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.label = nn.Linear(FEATURES, outputs)
        nn.init.normal_(self.label.weight, std=0.01)
        nn.init.constant_(self.label.bias, -3.0)  # rare labels: start near their frequency, not at one half
        last = nn.Linear(counting, heads)
        self.count = nn.Sequential(nn.Linear(FEATURES, counting), nn.ReLU(), last)

    def start_counts(self, means: NDArray[np.float32]) -> None:
        """Lets the counts begin at these means, one for each dataset."""
        with torch.no_grad():
            next(reversed(list(self.count.parameters()))).copy_(torch.from_numpy(means))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(N, outputs)`` and counts ``(N, heads)``."""
        features = self.dropout(features)
        return self.label(features), self.count(features)


class TagBranch(nn.Module):
    """Evidence of a picture's tags, added to the calibrated logits: nothing without tags.

    Three things count: what layers make of the tags' text vectors, how near a tag is to a label's name in the space of
    texts (`imsearch.plugins.multimodal.likeness`, no word needs to have been learned), and that a tag says a label.

    Tags are trusted as far as they agree with what is seen.  Were they right, label by label and each on its own, they
    would be (1 + p (e^a - 1)) / (1 + f (e^a - 1)) times as likely beside a label of the probability p as beside any
    picture, where f is the label's frequency and a what they add; the logarithm of the product over all labels is the
    agreement.

    words: length of the tags' vector.  hidden: width of the layers; 0 for a single linear one.  `weights`: how much the
    layers, the likeness and a said label count.  `trust`: slope and offset of the trust on the agreement.  `usual`: the
    labels' frequencies.  `names`, `middle`, `mean`, `spread`: see `Likeness`.
    """

    usual: Tensor
    names: Tensor
    middle: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, words: int, hidden: int, outputs: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.words = words
        last = nn.Linear(hidden or words, outputs, bias=False)
        nn.init.zeros_(last.weight)  # it starts from what is seen
        self.layers = (
            nn.Sequential(nn.Linear(words, hidden), nn.ReLU(), nn.Dropout(dropout), last)
            if hidden
            else nn.Sequential(last)
        )
        self.weights = nn.Parameter(torch.tensor([1.0, 0.0, 0.0]))
        self.trust = nn.Parameter(torch.tensor([1.0, 1.0]))
        self.register_buffer("usual", torch.full((outputs,), 0.01))
        self.register_buffer("names", torch.zeros(outputs, words // 2))
        self.register_buffer("middle", torch.zeros(words // 2))
        self.register_buffer("mean", torch.zeros(outputs))
        self.register_buffer("spread", torch.ones(outputs))

    def likeness(self) -> Likeness:
        """The likeness of tags and labels that it learned with."""
        names, middle, mean, spread = (each.cpu().numpy() for each in (self.names, self.middle, self.mean, self.spread))
        return Likeness(names, middle, mean, spread)

    def compare_by(self, likeness: Likeness) -> None:
        """Keep a likeness of tags and labels."""
        for name in ("names", "middle", "mean", "spread"):
            getattr(self, name).copy_(torch.from_numpy(getattr(likeness, name)))

    def found(self, vectors: Tensor) -> Tensor:
        """Apply the layers to tags ``(N, words)``: ``(N, outputs)``, 0 for pictures without any."""
        found: Tensor = self.layers(_GAIN * vectors) * vectors.any(dim=1, keepdim=True)
        return found

    def agreement(self, seen: Tensor, told: Tensor) -> Tensor:
        """Return how much likelier tags that would add `told` are beside calibrated logits `seen`: ``(N, 1)``."""
        factor = torch.expm1(told.clamp(-_MOST_TOLD, _MOST_TOLD))
        likelier = torch.log1p(torch.sigmoid(seen) * factor) - torch.log1p(self.usual * factor)
        return likelier.sum(dim=1, keepdim=True)

    def told(self, found: Tensor, alike: Tensor, said: Tensor) -> Tensor:
        """Return what tags would add, were they trusted; all arrays ``(N, outputs)``."""
        weights = self.weights
        return weights[0] * found + weights[1] * alike + weights[2] * said

    def weighed(self, seen: Tensor, told: Tensor) -> Tensor:
        """Return the evidence: what the tags add as far as they are trusted, ``(N, outputs)``."""
        return told * torch.sigmoid(self.trust[0] * self.agreement(seen, told) + self.trust[1])

    def forward(self, seen: Tensor, vectors: Tensor, alike: Tensor, said: Tensor) -> Tensor:
        """Return the evidence added to calibrated logits, ``(N, outputs)``.

        vectors: ``(N, words)``.  alike: the likeness of tags and labels.  said: the labels that a tag says, 0 or 1.
        """
        return self.weighed(seen, self.told(self.found(vectors), alike, said))


class MultimodalNetwork(nn.Module):
    """All of it; the backbone's first five stages stay those of its package."""

    frozen = ("backbone.stem.", *(f"backbone.stages.{stage}." for stage in range(COARSE)))

    def __init__(self, heads: Mapping[str, Sequence[str]], words: int, hidden: int, dropout: float = 0.3) -> None:
        """words: length of the tags' vector; 0 for a network that reads no tags.  hidden: width of the tags' layers."""
        super().__init__()
        outputs = sum(map(len, heads.values()))
        self.backbone: EfficientNetLite = load_imagenet("lite2")
        fold_normalization(self.backbone)
        del self.backbone.classifier
        self.fusion = Fusion()
        self.head = SeenHead(outputs, len(heads), _COUNTING, dropout)
        self.tags = TagBranch(words, hidden, outputs, dropout) if words else None
        self.to(memory_format=torch.channels_last)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The maps of the two finer scales; input as for `EfficientNetLite`."""
        fine = self.backbone.lower(x, FINE)
        coarse: Tensor = self.backbone.stages[FINE:COARSE](fine)
        return fine, coarse

    def features(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """The fused, pooled feature ``(N, 1280)``."""
        added: Tensor = self.fusion(fine, coarse)
        return self.backbone.upper(coarse, COARSE) + added

    def forward(self, fine: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of what is seen alone: logits ``(N, outputs)``, counts ``(N, heads)``, features ``(N, 1280)``."""
        features = self.features(fine, coarse)
        return *self.head(features), features

    def upper(self) -> list[nn.Parameter]:
        """The parameters of the backbone that are tuned."""
        return [*self.backbone.stages[COARSE:].parameters(), *self.backbone.head.parameters()]

    def start_from_everyday(self, heads: Mapping[str, Sequence[str]]) -> None:
        """Take everyday's tuned stages, and its weights of labels that both know; raises `ModelError` if it cannot."""
        label = self.head.label
        start_from_everyday(self.state_dict(), label.weight, label.bias, heads)
