"""The network: one EfficientNet-Lite2 pass whose upper stages exist twice.

The lower stages are those of the backbone's package, unchanged, and run once.  Their output goes through two branches:
a copy of the upper stages that was tuned here, and the original ones.  The linear heads of the datasets' own labels
use the tuned branch, the original ImageNet classifier the untouched one: tuning one copy for both degraded the
classes that are rare in the training pictures.  The head ``photos``, whose labels are tags, uses both, concatenated.
Batch normalization is folded into the convolutions.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from imsearch.training.efficientnet_lite import FEATURES, EfficientNetLite, fold_normalization, load_imagenet

FROZEN_STAGES = 5
IMAGENET = "imagenet"
PHOTOS = "photos"
BOTH = 2 * FEATURES
"""The length of the concatenated pooled features of the two branches, the tuned one first."""
ATTENTION = 0.2
"""The weight of the attended logit beside the mean one (lambda of Zhu and Wu 2021), with a temperature of 1; of the
weights .05 to .8 the best on the held-out photos of COCO and VOC 2012.
"""
_TUNED = (*(f"backbone.stages.{stage}." for stage in range(FROZEN_STAGES, 7)), "backbone.head.")
_TRAINED = (*_TUNED, "heads.", "photos.", "kind.")


class Seen(NamedTuple):
    """The outputs for N pictures.

    features: ``(N, 1280)`` of the tuned branch, the mean of maps: ``(N, 1280, H, W)``.  logits: ``(N, labels)`` of each
    head.  kind: ``(N,)``, the logit that a picture is of Corel5k's kind.
    """

    features: Tensor
    logits: dict[str, Tensor]
    kind: Tensor
    maps: Tensor


class EverydayNetwork(nn.Module):
    """`heads` maps a head's name to its number of labels; ``imagenet`` is always there and never trained.

    attended: the positions of those labels of ``photos`` whose logit also attends to the places where they are most
    likely (class-specific residual attention, Zhu and Wu 2021, https://arxiv.org/abs/2108.02456, equations 2 to 5 with
    one head): small objects vanish in a mean over all places.
    """

    def __init__(self, heads: Mapping[str, int], attended: Sequence[int] = ()) -> None:
        super().__init__()
        self.backbone: EfficientNetLite = load_imagenet("lite2")
        fold_normalization(self.backbone)
        self.original = nn.Sequential(
            *copy.deepcopy(self.backbone.stages[FROZEN_STAGES:]), copy.deepcopy(self.backbone.head)
        )
        self.classifier = self.backbone.classifier
        del self.backbone.classifier
        self.heads = nn.ModuleDict()
        for name, labels in heads.items():
            if name not in (IMAGENET, PHOTOS):
                self.heads[name] = _linear(FEATURES, labels)
        self.photos = _linear(BOTH, heads[PHOTOS]) if PHOTOS in heads else None
        self.kind = _linear(BOTH, 1)
        self.attended = torch.tensor(list(attended), dtype=torch.long)
        self.to(memory_format=torch.channels_last)

    @property
    def labelled(self) -> tuple[str, ...]:
        """The heads, in the order of the logits."""
        return (*self.heads, IMAGENET, *((PHOTOS,) if self.photos is not None else ()))

    def forward(self, x: Tensor) -> Seen:
        """Run on pictures; input as for `EfficientNetLite`."""
        return self.judge(self.backbone.lower(x, FROZEN_STAGES))

    def judge(self, maps: Tensor) -> Seen:
        """Run on the output of the frozen stages, ``(N, 120, H, W)``."""
        tuned, original = self.branches(maps)
        features, untouched = tuned.mean(dim=(2, 3)), original.mean(dim=(2, 3))
        logits = {**self.label(features), IMAGENET: self.classifier(untouched)}
        both = torch.cat([features, untouched], dim=1)
        if self.photos is not None:
            logits[PHOTOS] = self._attend(self.photos(both), tuned, original)
        return Seen(features, logits, self.kind(both)[:, 0], tuned)

    def branches(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last maps ``(N, 1280, H, W)`` of the tuned and of the untouched branch."""
        tuned = maps
        for stage in self.backbone.stages[FROZEN_STAGES:]:
            tuned = stage(tuned)
        return self.backbone.head(tuned), self.original(maps)

    def pooled(self, x: Tensor) -> Tensor:
        """Return the features ``(N, 2560)`` of both branches, the input of ``photos``; input as for `forward`."""
        tuned, original = self.branches(self.backbone.lower(x, FROZEN_STAGES))
        return torch.cat([tuned.mean(dim=(2, 3)), original.mean(dim=(2, 3))], dim=1)

    def tuned(self, maps: Tensor) -> Tensor:
        """Return features ``(N, 1280)`` of the tuned stages."""
        return self.backbone.upper(maps, FROZEN_STAGES)

    def label(self, features: Tensor) -> dict[str, Tensor]:
        """Return logits of the heads on the tuned branch."""
        return {name: head(features) for name, head in self.heads.items()}

    def trained(self) -> dict[str, nn.Parameter]:
        """Return the parameters that training changes, by name."""
        return {name: value for name, value in self.named_parameters() if name.startswith(_TRAINED)}

    def tuned_stages(self) -> dict[str, nn.Parameter]:
        """Return the parameters of the tuned branch alone, by name."""
        return {name: value for name, value in self.named_parameters() if name.startswith(_TUNED)}

    def _attend(self, mean: Tensor, tuned: Tensor, original: Tensor) -> Tensor:
        """Return the logits `mean`, with attended labels raised by their scores at their likeliest places."""
        if self.photos is None or not len(self.attended):
            return mean
        weight, bias = self.photos.weight[self.attended], self.photos.bias[self.attended]
        first, second = (part[:, :, None, None] for part in (weight[:, :FEATURES], weight[:, FEATURES:]))
        # The logit of each place: the class activation maps (Zhou et al. 2016) of both branches.
        places = (nn.functional.conv2d(tuned, first, bias) + nn.functional.conv2d(original, second)).flatten(2)
        most = (places.softmax(dim=2) * places).sum(dim=2)
        return mean.index_add(1, self.attended.to(mean.device), ATTENTION * most.to(mean.dtype))


def _linear(inputs: int, labels: int) -> nn.Linear:
    head = nn.Linear(inputs, labels)
    nn.init.normal_(head.weight, std=0.01)
    nn.init.constant_(head.bias, -3.0)  # rare labels: start near their frequency, not at one half
    return head
