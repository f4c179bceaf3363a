"""The annotator: pixels in, calibrated tags and the picture's feature out."""

from __future__ import annotations

from torch import Tensor

from imsearch.plugins.multikernel.network import MultikernelNetwork, shape_of
from imsearch.training.checkpoint import Checkpoint
from imsearch.training.efficientnet_lite import to_input
from imsearch.training.model import ModelAnnotator

NAME = "multikernel"
VERSION = "1"


class MultikernelAnnotator(ModelAnnotator):
    """Runs the network of a weights file."""

    model = NAME
    version = VERSION
    network: MultikernelNetwork

    def build(self, checkpoint: Checkpoint) -> MultikernelNetwork:
        """Build the network with the checkpoint's shape."""
        return MultikernelNetwork(checkpoint.outputs, shape_of(checkpoint.network))

    def see(self, *inputs: Tensor) -> tuple[Tensor | None, Tensor]:
        """Return features ``(N, 1280)`` and logits, in one pass."""
        logits, features = self.network.look(to_input(inputs[0], self.device))
        return features, logits
