"""The network: EfficientNet-Lite2 with fused scales, social tags beside it, and a head that counts labels.

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
from imsearch.training.efficientnet_lite import FEATURES, EfficientNetLite, fold_normalization, load_imagenet

FINE, COARSE = 3, 5
"""After how many stages the fused maps are taken: 8 and 16 pixels a cell.  The last one has 32."""
_CHANNELS = {FINE: 48, COARSE: 120}
_COUNTING = 64
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


class JointHead(nn.Module):
    """Labels and their number from the visual feature and the vector of social tags.

    outputs: labels of all datasets.  heads: how many datasets; each has a count of its own.  words: length of the tag
    vector; 0 for none.  hidden, counting: width of the tags' and of the counts' hidden layers.
    """

    def __init__(
        self, outputs: int, heads: int, words: int, hidden: int = 256, counting: int = 256, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.words = (
            nn.Sequential(
                nn.Linear(words, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.ReLU()
            )
            if words
            else None
        )
        joint = FEATURES + (hidden if words else 0)
        self.dropout = nn.Dropout(dropout)
        self.label = nn.Linear(joint, outputs)
        nn.init.normal_(self.label.weight, std=0.01)
        nn.init.constant_(self.label.bias, -3.0)  # rare labels: start near their frequency, not at one half
        last = nn.Linear(counting, heads)
        self.count = nn.Sequential(nn.Linear(joint, counting), nn.ReLU(), last)

    def start_counts(self, means: NDArray[np.float32]) -> None:
        """Lets the counts begin at these means, one for each dataset."""
        with torch.no_grad():
            next(reversed(list(self.count.parameters()))).copy_(torch.from_numpy(means))

    def join(self, features: Tensor, tags: Tensor) -> Tensor:
        """Features and the tags' hidden layer side by side."""
        features = self.dropout(features)
        return features if self.words is None else torch.cat([features, self.words(tags)], dim=1)

    def forward(self, features: Tensor, tags: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(N, outputs)`` and counts ``(N, heads)``."""
        joint = self.join(features, tags)
        return self.label(joint), self.count(joint)


class MultimodalNetwork(nn.Module):
    """All of it; the backbone's first five stages stay those of its package."""

    frozen = ("backbone.stem.", *(f"backbone.stages.{stage}." for stage in range(COARSE)))

    def __init__(self, heads: Mapping[str, Sequence[str]], words: int, hidden: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.backbone: EfficientNetLite = load_imagenet("lite2")
        fold_normalization(self.backbone)
        del self.backbone.classifier
        self.fusion = Fusion()
        self.head = JointHead(sum(map(len, heads.values())), len(heads), words, hidden, _COUNTING, dropout)
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

    def forward(self, fine: Tensor, coarse: Tensor, tags: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits ``(N, outputs)``, counts ``(N, heads)``, features ``(N, 1280)``."""
        features = self.features(fine, coarse)
        return *self.head(features, tags), features

    def upper(self) -> list[nn.Parameter]:
        """The parameters of the backbone that are tuned."""
        return [*self.backbone.stages[COARSE:].parameters(), *self.backbone.head.parameters()]

    def start_from_everyday(self, heads: Mapping[str, Sequence[str]]) -> None:
        """Take everyday's tuned stages, and its weights of labels that both know; raises `ModelError` if it cannot."""
        label = self.head.label
        start_from_everyday(self.state_dict(), label.weight[:, :FEATURES], label.bias, heads)
