"""The network: EfficientNet-Lite2 with its stages on a common grid, each cell of which scores every label.

A stage's map is reduced by a 1x1 convolution, may pass an asymmetric convolution (1xn, then nx1), and is max-pooled
by several kernels side by side.  The pooled maps of all levels have the grid of the last stage, where a 1x1 convolution
fuses them.  Every cell of the grid scores every label; log-sum-exp, a soft maximum, aggregates the scores, so that a
small object needs a high score in one cell only.  The scores of the picture as a whole are added.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from imsearch.errors import ModelError
from imsearch.training.efficientnet_lite import FEATURES, EfficientNetLite, fold_normalization, load_imagenet

LAST = 7
CHANNELS = {2: 24, 3: 48, 4: 88, 5: 120, 6: 208, 7: 352}
"""Channels of the output of this many stages of Lite2."""
STEPS = {2: 8, 3: 4, 4: 2, 5: 2, 6: 1, 7: 1}
"""Cells of that output per cell of the last stage's grid."""
SHARPNESS = 5.0
"""Sharpness of the log-sum-exp (Pinheiro and Collobert 2015, https://arxiv.org/abs/1411.6228): 0 is the mean, infinity
the maximum.
"""


@dataclass(frozen=True)
class Shape:
    """The hyperparameters of the architecture.

    levels: the stages whose outputs are fused; none leaves the global scores alone.
    kernels: sides of the pooling windows, in cells of the common grid.
    asymmetric: the levels with an asymmetric convolution.  length: its n.
    width: channels of a level.  fused: channels of the common grid.
    """

    levels: tuple[int, ...] = (5, 7)
    kernels: tuple[int, ...] = (1, 2, 3, 5)
    asymmetric: tuple[int, ...] = (5, 7)
    length: int = 3
    width: int = 32
    fused: int = 96

    def __post_init__(self) -> None:
        """Raise `ModelError` for an impossible architecture."""
        known = ", ".join(map(str, CHANNELS))
        for name, levels in (("levels", self.levels), ("asymmetric", self.asymmetric)):
            if unknown := set(levels) - CHANNELS.keys():
                raise ModelError(f"The setting {name} wants stages of {known}, not {min(unknown)}")
        if missing := set(self.asymmetric) - set(self.levels):
            raise ModelError(f"An asymmetric convolution at stage {min(missing)} needs that stage among the levels")
        if self.levels and (not self.kernels or min(self.kernels) < 1):
            raise ModelError("The setting kernels wants whole numbers of 1 and more, such as 1,2,3,5")
        if self.length < 3 or self.length % 2 == 0:
            raise ModelError(f"The setting length wants an odd number of 3 and more, not {self.length}")


def shape_of(settings: Mapping[str, Any]) -> Shape:
    """Return the shape in a recipe's settings or a checkpoint; lists of numbers are texts such as "5,7".

    Raises `ModelError` for an invalid one.
    """
    found: dict[str, Any] = {}
    for field in fields(Shape):
        value = settings[field.name]
        try:
            if isinstance(value, str):
                value = tuple(int(part) for part in value.split(",") if part)
        except ValueError as error:
            raise ModelError(f"The setting {field.name} wants numbers such as 5,7, not {value!r}") from error
        found[field.name] = value
    return Shape(**found)


class AsymmetricConvolution(nn.Module):
    """1xn, then nx1, with a residual connection: the reach of an nxn convolution for 2/n of its work.

    (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, section 3.2.)
    """

    def __init__(self, channels: int, length: int) -> None:
        super().__init__()
        pad = length // 2
        self.along = nn.Conv2d(channels, channels, (1, length), padding=(0, pad))
        self.across = nn.Conv2d(channels, channels, (length, 1), padding=(pad, 0))

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape; non-negative."""
        return torch.relu(x + self.across(torch.relu(self.along(x))))


def multi_kernel_pool(x: Tensor, step: int, kernels: Sequence[int]) -> Tensor:
    """Max-pool a non-negative map onto a grid `step` times as coarse: ``(N, kernels * C, H', W')``.

    A kernel k covers k x k cells of the grid, its own among them; cells beyond the edge are 0.  The maximum of maxima
    is a maximum, so the finest pooling is done once and serves all.
    """
    if step > 1:
        x = functional.max_pool2d(x, step, ceil_mode=True)
    pooled = []
    for kernel in kernels:
        before, after = (kernel - 1) // 2, kernel // 2
        padded = functional.pad(x, (before, after, before, after))
        pooled.append(functional.max_pool2d(padded, kernel, 1) if kernel > 1 else x)
    return torch.cat(pooled, dim=1)


def soft_maximum(scores: Tensor) -> Tensor:
    """Reduce by log-sum-exp over places: ``(N, places, labels)`` to ``(N, labels)``, between mean and maximum."""
    return (torch.logsumexp(scores.float() * SHARPNESS, dim=1) - math.log(scores.shape[1])) / SHARPNESS


class Level(nn.Module):
    """The layers from one stage to the common grid."""

    def __init__(self, stage: int, shape: Shape) -> None:
        super().__init__()
        self.step, self.kernels = STEPS[stage], shape.kernels
        self.reduce = nn.Conv2d(CHANNELS[stage], shape.width, 1, bias=False)
        self.norm = nn.BatchNorm2d(shape.width)
        asymmetric = stage in shape.asymmetric
        self.refine = AsymmetricConvolution(shape.width, shape.length) if asymmetric else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(N, kernels * width, H', W')``."""
        return multi_kernel_pool(self.refine(torch.relu(self.norm(self.reduce(x)))), self.step, self.kernels)


class MultikernelHead(nn.Module):
    """Scores of labels from the maps of the levels and the pooled feature of the whole picture."""

    def __init__(self, outputs: int, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.levels = nn.ModuleList(Level(stage, shape) for stage in shape.levels)
        self.whole = nn.Linear(FEATURES, outputs)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.whole.weight, std=0.01)
        nn.init.constant_(self.whole.bias, -3.0)  # rare labels: start near their frequency, not at one half
        if shape.levels:
            inputs = len(shape.levels) * len(shape.kernels) * shape.width
            self.fuse = nn.Sequential(
                nn.Conv2d(inputs, shape.fused, 1, bias=False), nn.BatchNorm2d(shape.fused), nn.ReLU(inplace=True)
            )
            self.places = nn.Linear(shape.fused, outputs)
            nn.init.normal_(self.places.weight, std=0.01)
            nn.init.zeros_(self.places.bias)
        self.to(memory_format=torch.channels_last)

    def forward(self, features: Tensor, *maps: Tensor) -> Tensor:
        """Return logits ``(N, outputs)`` for features ``(N, 1280)`` and one map ``(N, C, H, W)`` for each level."""
        logits: Tensor = self.whole(self.dropout(features))
        if not maps:
            return logits
        pooled = torch.cat([level(x) for level, x in zip(self.levels, maps, strict=True)], dim=1)
        places = self.dropout(self.fuse(pooled)).flatten(2).transpose(1, 2)
        return logits + soft_maximum(self.places(places))


class MultikernelNetwork(nn.Module):
    """The backbone, with its last stage and last convolution to be tuned, and the head."""

    frozen = ("backbone.stem.", *(f"backbone.stages.{stage}." for stage in range(LAST - 1)))

    def __init__(self, outputs: int, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.backbone: EfficientNetLite = load_imagenet("lite2")
        fold_normalization(self.backbone)
        del self.backbone.classifier
        self.levels = shape.levels
        self.head = MultikernelHead(outputs, shape, dropout)
        self.to(memory_format=torch.channels_last)

    def tuned(self) -> list[nn.Parameter]:
        """Return the parameters of the backbone that training changes."""
        return [*self.backbone.stages[LAST - 1].parameters(), *self.backbone.head.parameters()]

    def forward(self, last: Tensor, *maps: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits ``(N, outputs)`` and features ``(N, 1280)``.

        last: the map of the stage before the last one.  maps: those of the levels below the last stage.
        """
        top = self.backbone.stages[LAST - 1](last)
        features = self.backbone.head(top).mean(dim=(2, 3))
        chosen = (*maps, top) if LAST in self.levels else maps
        return self.head(features, *chosen), features

    def look(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the same from pixels; input as for `EfficientNetLite`."""
        maps = {}
        x = self.backbone.stem(x)
        for stage, layers in enumerate(self.backbone.stages[: LAST - 1], 1):
            maps[stage] = x = layers(x)
        found: tuple[Tensor, Tensor] = self(x, *(maps[stage] for stage in self.levels if stage < LAST))
        return found
