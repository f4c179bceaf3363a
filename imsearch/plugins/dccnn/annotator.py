"""The annotator: pixels in, tags and a vector out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from imsearch.plugins.dccnn.network import DccnnNetwork
from imsearch.training.checkpoint import Checkpoint
from imsearch.training.model import ModelAnnotator


class DccnnAnnotator(ModelAnnotator):
    """The vector is what CNN0's second fully connected layer says, which CNN1's features enter too."""

    model = "dccnn"
    version = "1"

    def build(self, checkpoint: Checkpoint) -> nn.Module:
        return DccnnNetwork(checkpoint.outputs, **checkpoint.network)

    def look(self, batch: Sequence[Any]) -> tuple[Tensor | None, Tensor]:
        network = self.network
        assert isinstance(network, DccnnNetwork)
        vectors, output = network.judge(network.to_input(self.pixels(batch)))
        return vectors, output.logits
