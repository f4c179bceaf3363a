"""The network: two plain convolutional channels with different kernels and decision fusion.

Cao, Wu, Chen, Cui and Feng 2019 (https://doi.org/10.1155/2019/2060796).  CNN0 is trained on all pictures, CNN1 on
those with a low-frequency word, separately; at inference their probabilities are averaged 2 : 1 (decision fusion).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from imsearch.errors import ModelError


class Layer(NamedTuple):
    """A convolution to `channels` channels, or max-pooling if there are none; no padding."""

    kernel: int
    stride: int
    channels: int = 0


CNN0 = (Layer(10, 4, 20), Layer(3, 2), Layer(5, 2, 40), Layer(3, 2), Layer(3, 1, 60))
CNN1 = (Layer(12, 2, 20), Layer(5, 4), Layer(5, 1, 40), Layer(4, 2), Layer(4, 1, 60), Layer(4, 2))
CHANNELS = (CNN0, CNN1)
SHARES = (2.0, 1.0)
"""The weights of CNN0 and CNN1 in the decision."""
FUSIONS = {"none": None, "cnn1-to-cnn0": 1, "cnn0-to-cnn1": 0}
"""The ways of feature fusion, and the index of the channel that passes its features to the other."""
_EARLIER: dict[str | bool, str] = {True: "cnn1-to-cnn0", False: "none", "yes": "cnn1-to-cnn0", "no": "none"}
"""Values of earlier versions, when the setting was yes or no; weights files still contain them."""


class Output(NamedTuple):
    """Logits ``(N, outputs)``: of the fused probabilities, of CNN0, and of CNN1 if there is one."""

    logits: Tensor
    first: Tensor
    second: Tensor | None = None


def map_sizes(layers: Sequence[Layer], side: int) -> list[int]:
    """Return the side of the maps after each layer.  Raises `ModelError` when a kernel does not fit."""
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
    """Return the logits of the weighted mean, by `SHARES`, of the two channels' probabilities."""
    a, b = (np.log(share) for share in SHARES)
    first, second = first.float(), second.float()
    present = torch.logaddexp(functional.logsigmoid(first) + a, functional.logsigmoid(second) + b)
    absent = torch.logaddexp(functional.logsigmoid(-first) + a, functional.logsigmoid(-second) + b)
    return present - absent


def to_input(pixels: Tensor, side: int) -> Tensor:
    """Convert the centre of uint8 ``(N, H, W, 3)`` to zero-centred float ``(N, 3, side, side)``, channels last."""
    top, left = ((size - side) // 2 for size in pixels.shape[1:3])
    middle = pixels[:, top : top + side, left : left + side]
    return middle.permute(0, 3, 1, 2).float().sub_(127).div_(64)


class Channel(nn.Module):
    """Convolutions, then three fully connected layers; `extra` further features enter the second one.

    norm: batch normalization (Ioffe and Szegedy 2015) before each ReLU.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        side: int,
        width: int,
        outputs: int,
        dropout: float,
        extra: int = 0,
        norm: bool = False,
    ) -> None:
        super().__init__()
        self.maps, depth = nn.Sequential(), 3
        for layer in layers:
            if layer.channels:
                self.maps.append(nn.Conv2d(depth, layer.channels, layer.kernel, layer.stride))
                if norm:
                    self.maps.append(nn.BatchNorm2d(layer.channels))
                self.maps.append(nn.ReLU())
                depth = layer.channels
            else:
                self.maps.append(nn.MaxPool2d(layer.kernel, layer.stride))
        self.one = nn.Linear(depth * map_sizes(layers, side)[-1] ** 2, width)
        self.two = nn.Linear(width + extra, width)
        self.three = nn.Linear(width, outputs)
        self.norm_one = nn.BatchNorm1d(width) if norm else nn.Identity()
        self.norm_two = nn.BatchNorm1d(width) if norm else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                # Initialized for ReLU: torch's default loses half of the signal in each of the six layers.
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.constant_(module.get_parameter("bias"), 0.0)
        nn.init.normal_(self.three.weight, std=0.01)
        self.to(memory_format=torch.channels_last)

    def features(self, x: Tensor) -> Tensor:
        """Return the output of the first fully connected layer: ``(N, width)``."""
        out: Tensor = self.dropout(functional.relu(self.norm_one(self.one(self.maps(x).flatten(1)))))
        return out

    def hidden(self, features: Tensor) -> Tensor:
        """Return the output of the second one for these features: ``(N, width)``."""
        out: Tensor = self.dropout(functional.relu(self.norm_two(self.two(features))))
        return out


class DccnnNetwork(nn.Module):
    """Both channels at inference; `channels` 1 is CNN0 alone.

    fusion: one of `FUSIONS`; the first fully connected layer of the source channel then also enters the second one of
    the
    other.  frequency: the share of training pictures with each output's label, for the initial biases.
    Raises `ModelError` for a value that none of these have.
    """

    frozen = ()

    def __init__(
        self,
        outputs: int,
        side: int = 210,
        width: int = 512,
        channels: int = 2,
        fusion: str | bool = "none",
        dropout: float = 0.5,
        norm: bool = False,
        frequency: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__()
        if channels not in (1, 2):
            raise ModelError(f"The setting channels is 1 or 2, not {channels}")
        fusion = _EARLIER.get(fusion, fusion)
        if fusion not in FUSIONS:
            raise ModelError(f"The setting fusion is one of {', '.join(FUSIONS)}, not {fusion!r}")
        self.side = side
        self.giver = FUSIONS[fusion] if channels == 2 else None
        extra = [width if self.giver == 1 else 0, width if self.giver == 0 else 0]
        self.first = Channel(CNN0, side, width, outputs, dropout, extra[0], norm)
        self.second = Channel(CNN1, side, width, outputs, dropout, extra[1], norm) if channels == 2 else None
        if frequency is not None:
            share = torch.from_numpy(np.clip(frequency, 1e-4, 0.5))
            for channel in self.channels:
                channel.three.bias.data.copy_(torch.logit(share))

    @property
    def channels(self) -> tuple[Channel, ...]:
        """CNN0 and, where there is one, CNN1."""
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def order(self) -> tuple[int, ...]:
        """The indices of the channels in training order: one that passes its features on comes first."""
        return tuple(sorted(range(len(self.channels)), key=lambda number: number != self.giver))

    def forward(self, pixels: Tensor) -> Output:
        """pixels: uint8 ``(N, H, W, 3)``, of which the centre is used."""
        return self.judge(to_input(pixels, self.side))[1]

    def judge(self, x: Tensor) -> tuple[Tensor, Output]:
        """Return the pictures' vectors, CNN0's second fully connected layer ``(N, width)``, and the logits."""
        features = [channel.features(x) for channel in self.channels]
        if self.giver is not None:
            other = 1 - self.giver
            features[other] = torch.cat([features[other], features[self.giver]], dim=1)
        hidden = [channel.hidden(each) for channel, each in zip(self.channels, features, strict=True)]
        logits = [channel.three(each) for channel, each in zip(self.channels, hidden, strict=True)]
        fused = logits[0] if len(logits) == 1 else fuse(*logits)
        return hidden[0], Output(fused, *logits)


class Branch(nn.Module):
    """One channel of a `DccnnNetwork` in training: on its own, with the source channel's features frozen.

    half: compute in bfloat16 where float32 is not needed, whatever the device.
    """

    def __init__(self, network: DccnnNetwork, number: int, half: bool = False) -> None:
        super().__init__()
        self.channel = network.channels[number]
        gives = network.giver is not None and network.giver != number
        self.giver = (
            network.channels[network.giver].requires_grad_(False) if gives and network.giver is not None else None
        )
        self.side, self.in_half = network.side, half

    def train(self, mode: bool = True) -> Branch:
        """Keep the source channel in evaluation mode."""
        super().train(mode)
        if self.giver is not None:
            self.giver.eval()
        return self

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits ``(N, outputs)`` for uint8 ``(N, H, W, 3)``."""
        x = to_input(pixels, self.side)
        with torch.autocast(x.device.type, torch.bfloat16) if self.in_half else nullcontext():
            features = self.channel.features(x)
            if self.giver is not None:
                with torch.no_grad():
                    given = self.giver.features(x)
                features = torch.cat([features, given], dim=1)
            logits: Tensor = self.channel.three(self.channel.hidden(features))
        return logits
