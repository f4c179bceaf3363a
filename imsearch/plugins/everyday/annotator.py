"""The annotator: pixels in, tags and a vector out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from imsearch.annotator import Annotator
from imsearch.errors import ModelError
from imsearch.lexicon import Lexicon
from imsearch.pictures.picture import Picture
from imsearch.plugins.everyday import MOST_TAGS
from imsearch.plugins.everyday.checkpoint import load_model, read_checkpoint
from imsearch.plugins.everyday.network import IMAGENET, PHOTOS
from imsearch.plugins.everyday.tagging import Tagger, Witnesses, calibrated
from imsearch.records import Annotation, Tag
from imsearch.training.device import autocast, choose_device, to_device
from imsearch.training.efficientnet_lite import to_input
from imsearch.training.probabilities import sigmoid, strongest

LEAST_PROBABILITY = 0.002


class EverydayAnnotator(Annotator):
    """Runs the network of `weights`; refuses a file whose hash is not `sha256`."""

    def __init__(self, weights: Path, sha256: str | None, device: str = "cpu") -> None:
        if sha256 is not None and hashlib.sha256(weights.read_bytes()).hexdigest() != sha256:
            raise ModelError(f"The weights in {weights} are damaged or changed. Install imsearch again.")
        self.checkpoint = read_checkpoint(weights)
        self.device = choose_device(device)
        network, memory = load_model(weights, self.checkpoint)
        self.network = network.to(self.device)
        self.side = self.network.backbone.size
        lexicon = Lexicon.load()
        self.tagger = Tagger(self.checkpoint, lexicon)
        labels = {name: head.labels for name, head in self.checkpoint.heads.items()}
        self.witnesses = Witnesses(labels, memory, lexicon)
        self.batch_size = 128 if self.device.type == "cuda" else 16

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """uint8 ``(side, side, 3)``: the whole picture squashed to a square, so that nothing at its edges is lost."""
        return picture.array(self.side, self.side)

    def forward(self, batch: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
        """Features ``(N, 1280)`` and calibrated logits ``(N, labels)`` of each head."""
        with torch.inference_mode(), autocast(self.device):
            seen = self.network(to_input(to_device(np.stack(batch), self.device), self.device))
        vectors = seen.features.float().cpu().numpy()
        raw = {name: value.float().cpu().numpy() for name, value in seen.logits.items()}
        return vectors, calibrated(self.checkpoint.heads, self.witnesses(raw, vectors))

    def annotate(self, batch: Sequence[NDArray[np.uint8]]) -> list[Annotation]:
        """One forward pass gives the tags of all heads and the pooled feature as the vector."""
        features, logits = self.forward(batch)
        rows = self.tagger.probabilities(logits)
        return [
            Annotation(tuple(Tag(name, p) for name, p in self._strongest(row)), vector)
            for row, vector in zip(rows, features, strict=True)
        ]

    def _strongest(self, row: NDArray[np.float32]) -> Sequence[tuple[str, float]]:
        return strongest(self.tagger.tags, row, MOST_TAGS, LEAST_PROBABILITY)

    @property
    def heads(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of each head that was trained on a dataset of that name."""
        return {name: head.labels for name, head in self.checkpoint.heads.items() if name not in (IMAGENET, PHOTOS)}

    def label_scores(self, batch: Sequence[NDArray[np.uint8]]) -> Mapping[str, NDArray[np.float32]]:
        """The calibrated probabilities ``(N, labels)`` of each head's own labels, by which a dataset is judged."""
        logits = self.forward(batch)[1]
        return {name: sigmoid(logits[name]) for name in self.heads}
