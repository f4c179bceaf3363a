"""The annotator: pixels, colour and texture in, tags such as ``emotion:happy`` out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.pictures.picture import Picture
from imsearch.plugins.emotion.handmade import describe
from imsearch.plugins.emotion.network import EmotionNetwork, Joint
from imsearch.training.checkpoint import Checkpoint
from imsearch.training.data.rated_sets import RATINGS
from imsearch.training.efficientnet_lite import to_input
from imsearch.training.model import ModelAnnotator


class EmotionAnnotator(ModelAnnotator):
    """Makes no vectors: it is trained on too few pictures for meaningful similarities."""

    model = "emotion"
    version = "1"

    def build(self, checkpoint: Checkpoint) -> nn.Module:
        heads = {name: len(labels) for name, labels in checkpoint.heads.items()}
        rated = checkpoint.heads.get(RATINGS, ())
        return EmotionNetwork(Joint(heads, checkpoint.network["lengths"], checkpoint.network["widths"], rated=rated))

    def prepare(self, picture: Picture) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return the backbone's square and its hand-made features, which are computed on the reader threads."""
        square = picture.array(self.side, self.side)
        return square, describe(square)

    def inputs(self, batch: Sequence[Any]) -> tuple[NDArray[np.generic], ...]:
        """The squares, and their hand-made features."""
        squares, described = zip(*batch, strict=True)
        return np.stack(squares), np.stack(described).astype(np.float32)

    def see(self, *inputs: Tensor) -> tuple[Tensor | None, Tensor]:
        pixels, handmade = inputs
        return None, self.network(to_input(pixels, self.device), handmade)
