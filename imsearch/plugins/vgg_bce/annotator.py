"""The annotator: VGG-16 over the whole picture, then the linear layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from imsearch.plugins.vgg_bce.kinds import Mixture
from imsearch.plugins.vgg_bce.network import MODEL, VERSION, VggBce
from imsearch.training.checkpoint import Checkpoint
from imsearch.training.model import ModelAnnotator
from imsearch.training.probabilities import Floats
from imsearch.training.vgg16 import load_vgg16_features, to_vgg_input

_MOST_TAGS = 96
"""Of several heads: with the 48 of one, the words of other heads crowd out those by which a picture is found.  Chosen
by search over the 189 held-back pictures of Corel5k."""


class VggBceAnnotator(ModelAnnotator):
    """Tags, and the pooled maps as the vector.  Raises `ModelError` where VGG-16's weights cannot be had.

    Heads of several datasets that were trained apart count by how like each dataset a picture is.
    """

    model, version = MODEL, VERSION
    network: VggBce

    def __init__(self, weights: Path, sha256: str | None = None, device: str = "cpu") -> None:
        super().__init__(weights, sha256, device)
        far = self.checkpoint.network.get("far")
        self.mixture = Mixture(self.checkpoint.heads, self.checkpoint.tags, far) if far else None
        if far:
            self.most_tags = _MOST_TAGS

    def build(self, checkpoint: Checkpoint) -> VggBce:
        return VggBce(**checkpoint.network, outputs=checkpoint.outputs, features=load_vgg16_features())

    def look(self, batch: Sequence[Any]) -> tuple[Tensor, Tensor]:
        features = self.network.look(to_vgg_input(self.pixels(batch), self.device))
        return features, self.network(features)

    def tag_probabilities(self, features: Floats | None, logits: Floats) -> Floats:
        """Of the tags ``(N, tags)``, from the pooled maps and the calibrated logits."""
        if self.mixture is None:
            return super().tag_probabilities(features, logits)
        assert features is not None, "look returns features"
        with torch.inference_mode():
            kinds = self.network.likely_kinds(torch.from_numpy(features).to(self.device))
        return self.mixture(logits, kinds.float().cpu().numpy())
