"""The network: two plain convolutional channels of different kernels, joined twice.

Cao, Wu, Chen, Cui and Feng 2019 (https://doi.org/10.1155/2019/2060796).  CNN0 learns from all pictures, CNN1 from
those with a low-frequency word.  What CNN1's first fully connected layer says also enters the second one of CNN0
(feature fusion), and the probabilities of the two are averaged 2 : 1 (decision fusion).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from imsearch.errors import ModelError


class Layer(NamedTuple):
    """A convolution to `channels` channels, or a max-pooling where there are none; no padding."""

    kernel: int
    stride: int
    channels: int = 0


CNN0 = (Layer(10, 4, 20), Layer(3, 2), Layer(5, 2, 40), Layer(3, 2), Layer(3, 1, 60))
CNN1 = (Layer(12, 2, 20), Layer(5, 4), Layer(5, 1, 40), Layer(4, 2), Layer(4, 1, 60), Layer(4, 2))
CHANNELS = (CNN0, CNN1)
SHARES = (2.0, 1.0)
"""The weights of CNN0 and CNN1 in the decision."""


class Output(NamedTuple):
    """logits: of the fused probabilities; first, second: of CNN0 and of CNN1, None without it.

    learns: the rows that `second` is about while training (then it has no others, and `logits` are those of CNN0).
    """

    logits: Tensor
    first: Tensor
    second: Tensor | None = None
    learns: Tensor | None = None


def map_sizes(layers: Sequence[Layer], side: int) -> list[int]:
    """The side of the maps after each layer.  Raises `ModelError` when a kernel does not fit."""
    sizes = [side]
    for number, layer in enumerate(layers, 1):
        if sizes[-1] < layer.kernel:
            what = "convolution" if layer.channels else "max-pooling"
            raise ModelError(
                f"Pictures of {side} pixels are too small: the {what} of {layer.kernel} in layer {number} gets maps "
                f"of {sizes[-1]}"
            )
        sizes.append((sizes[-1] - layer.kernel) // layer.stride + 1)
    return sizes[1:]


def fuse(first: Tensor, second: Tensor) -> Tensor:
    """The logits of the mean, by `SHARES`, of the two channels' probabilities."""
    a, b = (np.log(share) for share in SHARES)
    first, second = first.float(), second.float()
    present = torch.logaddexp(functional.logsigmoid(first) + a, functional.logsigmoid(second) + b)
    absent = torch.logaddexp(functional.logsigmoid(-first) + a, functional.logsigmoid(-second) + b)
    return present - absent


class Channel(nn.Module):
    """Convolutions, then three fully connected layers; `extra` further features enter the second one."""

    def __init__(self, layers: Sequence[Layer], side: int, width: int, outputs: int, dropout: float, extra: int = 0):
        super().__init__()
        self.maps, depth = nn.Sequential(), 3
        for layer in layers:
            if layer.channels:
                self.maps.extend([nn.Conv2d(depth, layer.channels, layer.kernel, layer.stride), nn.ReLU()])
                depth = layer.channels
            else:
                self.maps.append(nn.MaxPool2d(layer.kernel, layer.stride))
        self.one = nn.Linear(depth * map_sizes(layers, side)[-1] ** 2, width)
        self.two = nn.Linear(width + extra, width)
        self.three = nn.Linear(width, outputs)
        self.dropout = nn.Dropout(dropout)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                # Made for ReLU: torch's own start loses half of the signal in each of the six layers.
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.constant_(module.get_parameter("bias"), 0.0)
        nn.init.normal_(self.three.weight, std=0.01)

    def features(self, x: Tensor) -> Tensor:
        """What the first fully connected layer says: ``(N, width)``."""
        out: Tensor = self.dropout(functional.relu(self.one(self.maps(x).flatten(1))))
        return out

    def hidden(self, features: Tensor) -> Tensor:
        """What the second one says of that: ``(N, width)``."""
        out: Tensor = self.dropout(functional.relu(self.two(features)))
        return out


class DccnnNetwork(nn.Module):
    """`channels` 1 is CNN0 alone; `fusion` no leaves out the way from CNN1's features into CNN0.

    frequency: the share of training pictures with each output's label, from which the outputs start.
    """

    frozen = ()

    def __init__(
        self,
        outputs: int,
        side: int = 210,
        width: int = 512,
        channels: int = 2,
        fusion: bool = True,
        dropout: float = 0.5,
        frequency: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__()
        if channels not in (1, 2):
            raise ModelError(f"The setting channels is 1 or 2, not {channels}")
        self.side, self.fusion = side, fusion and channels == 2
        self.first = Channel(CNN0, side, width, outputs, dropout, width if self.fusion else 0)
        self.second = Channel(CNN1, side, width, outputs, dropout) if channels == 2 else None
        if frequency is not None:
            share = torch.from_numpy(np.clip(frequency, 1e-4, 0.5))
            for channel in (self.first, self.second):
                if channel is not None:
                    channel.three.bias.data.copy_(torch.logit(share))

    def forward(self, pixels: Tensor, learns: Tensor | None = None) -> Output:
        """pixels: uint8 ``(N, H, W, 3)``, of which the middle is looked at; learns: the rows that teach CNN1."""
        return self.judge(self.to_input(pixels), learns)[1]

    def to_input(self, pixels: Tensor) -> Tensor:
        """float ``(N, 3, side, side)`` around 0."""
        top, left = ((size - self.side) // 2 for size in pixels.shape[1:3])
        middle = pixels[:, top : top + self.side, left : left + self.side]
        # Turned while they are bytes: a quarter of the memory to move.
        return middle.permute(0, 3, 1, 2).contiguous().float().sub_(127).div_(64)

    def judge(self, x: Tensor, learns: Tensor | None = None) -> tuple[Tensor, Output]:
        """The vectors of the pictures, CNN0's second fully connected layer ``(N, width)``, and the logits."""
        features = self.first.features(x)
        if self.second is None:
            hidden = self.first.hidden(features)
            first = self.first.three(hidden)
            return hidden, Output(first, first)
        teaching = self.second.features(x if learns is None else x[learns])
        if self.fusion:
            # Detached: through CNN0 the second channel would learn from all pictures after all.
            features = torch.cat([features, self._of_all(x, teaching.detach(), learns)], dim=1)
        hidden = self.first.hidden(features)
        first, second = self.first.three(hidden), self.second.three(self.second.hidden(teaching))
        return hidden, Output(fuse(first, second) if learns is None else first, first, second, learns)

    def _of_all(self, x: Tensor, teaching: Tensor, learns: Tensor | None) -> Tensor:
        """CNN1's features of every row: those at hand, and the others without what a backward pass needs."""
        assert self.second is not None
        if learns is None:
            return teaching
        every = teaching.new_empty((len(x), teaching.shape[1]))
        every[learns] = teaching
        with torch.no_grad():
            every[~learns] = self.second.features(x[~learns])
        return every
