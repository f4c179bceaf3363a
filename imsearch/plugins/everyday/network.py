"""The network: one EfficientNet-Lite2 pass whose upper stages exist twice.

The lower stages are those of the backbone's package, unchanged, and run once.  Their output goes through a copy of the
upper stages that was tuned here, under the linear heads of our own labels, and through the original ones under the
original ImageNet classifier: tuning one copy for both cost the classes that the training pictures hardly show.
Batch normalization is folded into the convolutions.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from imsearch.training.efficientnet_lite import FEATURES, EfficientNetLite, fold_normalization, load_imagenet

FROZEN_STAGES = 5
IMAGENET = "imagenet"
_TRAINED = (*(f"backbone.stages.{stage}." for stage in range(FROZEN_STAGES, 7)), "backbone.head.", "heads.")


class EverydayNetwork(nn.Module):
    """`heads` maps a head's name to its number of labels; ``imagenet`` is always there and never trained."""

    def __init__(self, heads: Mapping[str, int]) -> None:
        super().__init__()
        self.backbone: EfficientNetLite = load_imagenet("lite2")
        fold_normalization(self.backbone)
        self.classifier = nn.Sequential(
            *copy.deepcopy(self.backbone.stages[FROZEN_STAGES:]),
            copy.deepcopy(self.backbone.head),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            self.backbone.classifier,
        )
        del self.backbone.classifier
        self.heads = nn.ModuleDict()
        for name, labels in heads.items():
            if name != IMAGENET:
                head = nn.Linear(FEATURES, labels)
                nn.init.normal_(head.weight, std=0.01)
                nn.init.constant_(head.bias, -3.0)  # rare labels: start near their frequency, not at one half
                self.heads[name] = head
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Features ``(N, 1280)`` and logits ``(N, labels)`` of each head; input as for `EfficientNetLite`."""
        return self.judge(self.backbone.lower(x, FROZEN_STAGES))

    def judge(self, maps: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The same from the output of the frozen stages, ``(N, 120, H, W)``."""
        features = self.tuned(maps)
        return features, {**self.label(features), IMAGENET: self.classifier(maps)}

    def tuned(self, maps: Tensor) -> Tensor:
        """Features ``(N, 1280)`` by the tuned stages."""
        return self.backbone.upper(maps, FROZEN_STAGES)

    def label(self, features: Tensor) -> dict[str, Tensor]:
        """Logits of the heads that are trained."""
        return {name: head(features) for name, head in self.heads.items()}

    def trained(self) -> dict[str, nn.Parameter]:
        """The parameters that training changes, by name."""
        return {name: value for name, value in self.named_parameters() if name.startswith(_TRAINED)}
