"""The network: one EfficientNet-Lite2 pass, several linear heads.

The lower stages are those of the backbone's package, unchanged; the upper ones and the heads are trained here and
kept in ``weights.safetensors``.  Batch normalization is folded into the convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from imsearch.training.efficientnet_lite import FEATURES, EfficientNetLite, fold_normalization, load_imagenet

FROZEN_STAGES = 5
IMAGENET = "imagenet"
_TRAINED = (*(f"backbone.stages.{stage}." for stage in range(FROZEN_STAGES, 7)), "backbone.head.", "heads.")


class EverydayNetwork(nn.Module):
    """`heads` maps a head's name to its number of labels; ``imagenet`` starts from the backbone's classifier."""

    def __init__(self, heads: Mapping[str, int]) -> None:
        super().__init__()
        self.backbone: EfficientNetLite = load_imagenet("lite2")
        fold_normalization(self.backbone)
        self.heads = nn.ModuleDict()
        for name, labels in heads.items():
            head = self.backbone.classifier if name == IMAGENET else nn.Linear(FEATURES, labels)
            if name != IMAGENET:
                nn.init.normal_(head.weight, std=0.01)
                nn.init.constant_(head.bias, -3.0)  # rare labels: start near their frequency, not at one half
            self.heads[name] = head
        del self.backbone.classifier  # it is one of the heads now
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Features ``(N, 1280)`` and logits ``(N, labels)`` of each head; input as for `EfficientNetLite`."""
        return self.judge(self.backbone.lower(x, FROZEN_STAGES))

    def judge(self, maps: Tensor, dropout: float = 0.0) -> tuple[Tensor, dict[str, Tensor]]:
        """The same from the output of the frozen stages, ``(N, 120, H, W)``."""
        features = self.backbone.upper(maps, FROZEN_STAGES)
        dropped = nn.functional.dropout(features, dropout, training=dropout > 0)
        return features, {name: head(dropped) for name, head in self.heads.items()}

    def trained(self) -> dict[str, nn.Parameter]:
        """The parameters that training changes, by name."""
        return {name: value for name, value in self.named_parameters() if name.startswith(_TRAINED)}
