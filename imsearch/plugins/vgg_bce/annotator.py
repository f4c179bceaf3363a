"""The annotator: VGG-16 over the whole picture, then the linear layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from imsearch.plugins.vgg_bce.network import MODEL, VERSION, VggBce
from imsearch.training.checkpoint import Checkpoint
from imsearch.training.model import ModelAnnotator
from imsearch.training.vgg16 import load_vgg16_features, to_vgg_input


class VggBceAnnotator(ModelAnnotator):
    """Tags, and the pooled maps as the vector.  Raises `ModelError` where VGG-16's weights cannot be had."""

    model, version = MODEL, VERSION
    network: VggBce

    def build(self, checkpoint: Checkpoint) -> VggBce:
        return VggBce(**checkpoint.network, outputs=checkpoint.outputs, features=load_vgg16_features())

    def look(self, batch: Sequence[Any]) -> tuple[Tensor, Tensor]:
        features = self.network.look(to_vgg_input(self.pixels(batch), self.device))
        return features, self.network(features)
