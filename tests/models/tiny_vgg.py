"""Convolutions made up for tests of vgg-bce; those of VGG-16 are too large to run often, and not always there."""

from __future__ import annotations

import torch
from torch import nn


def tiny_features() -> nn.Module:
    """Colours in, 512 channels of 7 x 7 out: always the same random mixtures."""
    mixture = nn.Conv2d(3, 512, 1, bias=False)
    with torch.no_grad():
        mixture.weight.copy_(torch.randn(mixture.weight.shape, generator=torch.Generator().manual_seed(0)) / 50)
    return nn.Sequential(nn.AvgPool2d(32), mixture, nn.ReLU()).eval().requires_grad_(False)
