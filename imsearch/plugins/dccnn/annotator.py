"""The annotator: pixels in, tags and a vector out."""

from __future__ import annotations

from torch import Tensor, nn

from imsearch.plugins.dccnn.network import DccnnNetwork, to_input
from imsearch.training.checkpoint import Checkpoint
from imsearch.training.model import ModelAnnotator


class DccnnAnnotator(ModelAnnotator):
    """The vector is the output of CNN0's second fully connected layer."""

    model = "dccnn"
    version = "1"

    def build(self, checkpoint: Checkpoint) -> nn.Module:
        return DccnnNetwork(checkpoint.outputs, **checkpoint.network)

    def see(self, *inputs: Tensor) -> tuple[Tensor | None, Tensor]:
        network = self.network
        assert isinstance(network, DccnnNetwork)
        vectors, output = network.judge(to_input(inputs[0], network.side))
        return vectors, output.logits
