"""The annotator: pixels and social tags in, tags cut at the predicted number of labels and a vector out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.pictures.picture import Picture
from imsearch.plugins.multimodal.counting import limited, within_counts
from imsearch.plugins.multimodal.network import MultimodalNetwork
from imsearch.plugins.multimodal.sight import take_sight
from imsearch.plugins.multimodal.social import TagReader, Told, text_hash
from imsearch.records import Annotation, Tag
from imsearch.training.checkpoint import Checkpoint
from imsearch.training.efficientnet_lite import to_input
from imsearch.training.header import read_header
from imsearch.training.model import LEAST_PROBABILITY, MOST_TAGS, ModelAnnotator
from imsearch.training.probabilities import Floats, sigmoid, strongest

NAME, VERSION = "multimodal", "2"
BEFORE = "1"
"""The version whose weights read 544 words in other layers."""


class Prepared(NamedTuple):
    """Input of the network for one picture."""

    pixels: NDArray[np.uint8]
    told: Told | None


class MultimodalAnnotator(ModelAnnotator):
    """The annotator; the evidence of social tags is added to calibrated logits, none for a picture without tags."""

    model, version = NAME, VERSION
    network: MultimodalNetwork

    def __init__(self, weights: Path, sha256: str | None = None, device: str = "cpu") -> None:
        if weights.is_file() and read_header(weights).get("version") == BEFORE:
            self.version = BEFORE  # type: ignore[misc]
        super().__init__(weights, sha256, device)
        labels = [label for several in self.checkpoint.heads.values() for label in several]
        self.reader = TagReader(labels, Lexicon.load())
        self.likeness = None if self.network.tags is None else self.network.tags.likeness()
        own = self.checkpoint.thresholds
        self.limits = np.array([own.get(tag, self.checkpoint.threshold) for tag in self.tags], dtype=np.float32)

    def build(self, checkpoint: Checkpoint) -> MultimodalNetwork:
        """The network of the checkpoint's settings; refuses one that reads tags by another text encoder than ours."""
        if checkpoint.version == BEFORE:
            return MultimodalNetwork(checkpoint.heads, 0, 1)
        try:
            words, hidden = int(checkpoint.network["words"]), int(checkpoint.network["hidden"])
            text = str(checkpoint.network["text"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"This checkpoint of {NAME} lacks a setting of its network ({error}).") from error
        if words and text != (installed := text_hash()):
            raise ModelError(
                f"These weights of {NAME} read social tags by the text encoder {text}, and everyday has {installed}. "
                f"Install the version of imsearch that they were made for, or train them again: imsearch train {NAME}"
            )
        return MultimodalNetwork(checkpoint.heads, words, hidden)

    def fill(self, network: nn.Module, weights: Path) -> dict[str, Tensor]:
        """As of every model; weights of version 1 see as ever, and read no tags."""
        if self.version != BEFORE:
            return super().fill(network, weights)
        assert isinstance(network, MultimodalNetwork)
        return take_sight(network, weights, self.checkpoint.heads)[1]

    def prepare(self, picture: Picture) -> Prepared:
        """The picture squashed to a square, and what its social tags tell."""
        told = None if self.likeness is None else self.reader.read(picture.social_tags, self.likeness)
        return Prepared(picture.array(self.side, self.side), told)

    def inputs(self, batch: Sequence[Any]) -> tuple[NDArray[np.generic], ...]:
        """The pixels."""
        return (np.stack([item.pixels for item in batch]),)

    def see(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """The fused, pooled feature, and the logits of what is seen."""
        features = self.network.features(*self.network.maps(to_input(inputs[0], self.device)))
        return features, self.network.head(features)[0]

    def forward(self, batch: Sequence[Any]) -> tuple[Floats | None, Floats]:
        """Features, and calibrated logits of what is seen and told ``(N, outputs)``."""
        features, logits = super().forward(batch)
        return features, logits + self.added(logits, [item.told for item in batch])

    def added(self, seen: Floats, several: Sequence[Told | None]) -> Floats:
        """Return the evidence of the pictures' tags, added to the calibrated logits: ``(N, outputs)``."""
        branch = self.network.tags
        if branch is None or not any(told is not None and (told.vector.any() or told.said.any()) for told in several):
            return np.zeros((len(several), self.checkpoint.outputs), np.float32)
        told = (np.stack(parts) for parts in zip(*(each for each in several if each is not None), strict=True))
        tensors = (torch.from_numpy(each).to(self.device).float() for each in (seen, *told))
        with torch.inference_mode():
            found: Floats = branch(*tensors).cpu().numpy()
        return found

    def counts(self, features: Floats) -> Floats:
        """Return the predicted number of labels of each head: ``(N, heads)``."""
        with torch.inference_mode():
            seen = torch.from_numpy(features).to(self.device)
            counts: Floats = self.network.head(seen)[1].cpu().numpy()
        return counts

    def finish(self, begun: tuple[Floats | None, Floats]) -> list[Annotation]:
        """As of every model, then cut: a tag that is not among the k likeliest of a head stays under its threshold."""
        features, logits = begun
        assert features is not None, "look returns features"
        probabilities = sigmoid(logits)
        chosen = within_counts(probabilities, self.counts(features), self.checkpoint.slices.values())
        rows = limited(probabilities @ self._share, chosen @ (self._share > 0), self.limits)
        return [
            Annotation(
                tuple(Tag(name, min(p, 1.0)) for name, p in strongest(self.tags, row, MOST_TAGS, LEAST_PROBABILITY)),
                vector,
            )
            for row, vector in zip(rows, features, strict=True)
        ]
