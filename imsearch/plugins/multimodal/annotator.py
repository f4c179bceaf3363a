"""The annotator: pixels and social tags in, tags cut at the predicted number of labels and a vector out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.pictures.picture import Picture
from imsearch.plugins.multimodal.counting import limited, within_counts
from imsearch.plugins.multimodal.network import MultimodalNetwork
from imsearch.plugins.multimodal.social import SocialWords
from imsearch.records import Annotation, Tag
from imsearch.training.checkpoint import Checkpoint
from imsearch.training.efficientnet_lite import to_input
from imsearch.training.model import LEAST_PROBABILITY, MOST_TAGS, ModelAnnotator
from imsearch.training.probabilities import Floats, sigmoid, strongest

NAME, VERSION = "multimodal", "1"


class Prepared(NamedTuple):
    """Input of the network for one picture."""

    pixels: NDArray[np.uint8]
    words: NDArray[np.uint8]


class MultimodalAnnotator(ModelAnnotator):
    """A picture without social tags has a tag vector of zeros, as half of the pictures had in training."""

    model, version = NAME, VERSION
    network: MultimodalNetwork

    def __init__(self, weights: Path, sha256: str | None = None, device: str = "cpu") -> None:
        super().__init__(weights, sha256, device)
        self.social = SocialWords(self.checkpoint.network["words"], Lexicon.load())
        own = self.checkpoint.thresholds
        self.limits = np.array([own.get(tag, self.checkpoint.threshold) for tag in self.tags], dtype=np.float32)

    def build(self, checkpoint: Checkpoint) -> MultimodalNetwork:
        """The network of the checkpoint's settings."""
        try:
            words, hidden = len(checkpoint.network["words"]), int(checkpoint.network["hidden"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"This checkpoint of {NAME} lacks a setting of its network ({error}).") from error
        return MultimodalNetwork(checkpoint.heads, words, hidden)

    def prepare(self, picture: Picture) -> Prepared:
        """The picture squashed to a square, and the vector of its social tags."""
        return Prepared(picture.array(self.side, self.side), self.social.vector(picture.social_tags))

    def look(self, batch: Sequence[Any]) -> tuple[Tensor, Tensor]:
        """The fused, pooled feature, and the logits of features and social tags together."""
        pixels = to_input(self.pixels([item.pixels for item in batch]), self.device)
        features = self.network.features(*self.network.maps(pixels))
        return features, self.network.head(features, self._words(batch))[0]

    def counts(self, features: Floats, batch: Sequence[Prepared]) -> Floats:
        """Return the predicted number of labels of each head: ``(N, heads)``."""
        with torch.inference_mode():
            seen = torch.from_numpy(features).to(self.device)
            counts: Floats = self.network.head(seen, self._words(batch))[1].cpu().numpy()
        return counts

    def annotate(self, batch: Sequence[Any]) -> list[Annotation]:
        """As of every model, then cut: a tag that is not among the k likeliest of a head stays under its threshold."""
        features, logits = self.forward(batch)
        assert features is not None, "look returns features"
        probabilities = sigmoid(logits)
        chosen = within_counts(probabilities, self.counts(features, batch), self.checkpoint.slices.values())
        rows = limited(probabilities @ self._share, chosen @ (self._share > 0), self.limits)
        return [
            Annotation(
                tuple(Tag(name, min(p, 1.0)) for name, p in strongest(self.tags, row, MOST_TAGS, LEAST_PROBABILITY)),
                vector,
            )
            for row, vector in zip(rows, features, strict=True)
        ]

    def _words(self, batch: Sequence[Prepared]) -> Tensor:
        return torch.from_numpy(np.stack([item.words for item in batch])).to(self.device).float()
