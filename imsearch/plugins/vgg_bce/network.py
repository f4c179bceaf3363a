"""Frozen VGG-16 convolutions, pooled, and one linear layer over them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.training.vgg16 import CHANNELS

MODEL, VERSION = "vgg-bce", "1"
POOLINGS = {"average": CHANNELS, "root": CHANNELS, "max": CHANNELS, "both": 2 * CHANNELS}
"""Length of the pooled maps by way of pooling.  "root" is the square root of the averages (as Perronnin et
al. 2010 do with Fisher vectors, https://doi.org/10.1007/978-3-642-15561-1_11), which makes a few large ones count less.
"both" are the averages, then the maxima."""
_RARE = 1e-4
_LEAST_SPREAD = 0.1
"""Of the mean spread: a channel that hardly ever answers must not decide everything when it once does."""


def pooled(maps: Tensor, pooling: str) -> Tensor:
    """``(N, 512, H, W)``, nowhere negative, to ``(N, POOLINGS[pooling])``."""
    if pooling == "max":
        return maps.amax(dim=(2, 3))
    average = maps.mean(dim=(2, 3))
    if pooling == "both":
        return torch.cat([average, maps.amax(dim=(2, 3))], dim=1)
    return average.sqrt() if pooling == "root" else average


class VggBce(nn.Module):
    """The linear layer, fed with pooled maps ``(N, width)``, or with pictures; gives logits ``(N, outputs)``.

    The inputs' mean and spread over the training pictures are constants, so all together is one linear layer.
    `features`, the convolutions, are needed for pictures only; where they stay frozen, training reads their output from
    disk.  tuned: they are trained too, and belong to the weights that are stored.  far: where the heads of several
    datasets were trained apart, what is added to the logits of each on pictures of other kinds; the layer `kinds` tells
    which dataset a picture is like (`imsearch.plugins.vgg_bce.kinds`).
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        pooling: str,
        outputs: int,
        features: nn.Module | None = None,
        tuned: bool = False,
        far: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.frozen = () if tuned else ("features.",)
        if pooling not in POOLINGS:
            raise ModelError(f"The pooling is one of {', '.join(POOLINGS)}, not {pooling!r}")
        self.pooling, self.features = pooling, features
        self.register_buffer("mean", torch.zeros(POOLINGS[pooling]))
        self.register_buffer("scale", torch.ones(POOLINGS[pooling]))
        self.linear = nn.Linear(POOLINGS[pooling], outputs)
        self.kinds = nn.Linear(POOLINGS[pooling], len(far)) if far else None

    def begin(self, inputs: NDArray[np.float32], frequency: NDArray[np.float32]) -> None:
        """Sets the constants from the training pictures ``(N, width)``, and each label's offset to its log-odds.

        Without that the first epochs would learn little but that most labels are rare.
        """
        spread = inputs.std(axis=0)
        spread = np.maximum(spread, _LEAST_SPREAD * max(float(spread.mean()), _RARE))
        chance = np.clip(frequency, _RARE, 1 - _RARE)
        with torch.no_grad():
            self.mean.copy_(torch.from_numpy(inputs.mean(axis=0)))
            self.scale.copy_(torch.from_numpy(1 / spread))
            self.linear.bias.copy_(torch.from_numpy(np.log(chance / (1 - chance))))

    def look(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W)`` as `imsearch.training.vgg16.to_vgg_input` makes it, to pooled maps."""
        assert self.features is not None, "built without the convolutions"
        return pooled(self.features(x), self.pooling)

    def scaled(self, inputs: Tensor) -> Tensor:
        """Pooled maps ``(N, width)`` as the linear layers take them."""
        return (inputs - self.mean) * self.scale

    def likely_kinds(self, inputs: Tensor) -> Tensor:
        """Return the probability of each dataset's kind, from pooled maps: ``(N, heads)``, each row's sum 1."""
        assert self.kinds is not None, "one dataset only"
        likely: Tensor = self.kinds(self.scaled(inputs)).softmax(dim=1)
        return likely

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs: pooled maps, or pictures ``(N, 3, H, W)`` as `look` takes them."""
        if inputs.dim() == 4:
            inputs = self.look(inputs)
        logits: Tensor = self.linear(self.scaled(inputs))
        return logits
