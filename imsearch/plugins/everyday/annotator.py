"""The annotator: pixels in, tags and a vector out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.annotator import Annotator
from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.pictures.picture import Picture
from imsearch.plugins.everyday.checkpoint import load_model, read_checkpoint
from imsearch.plugins.everyday.colours import HEADS, Colourist, ColourModel
from imsearch.plugins.everyday.files import MOST_HIDDEN, MOST_TAGS, NAME
from imsearch.plugins.everyday.network import IMAGENET, PHOTOS, EverydayNetwork
from imsearch.plugins.everyday.picture_colours import PictureColours
from imsearch.plugins.everyday.tagging import Tagger, Witnesses, calibrated
from imsearch.records import Annotation, Tag
from imsearch.system.stages import stage
from imsearch.training.device import choose_device
from imsearch.training.efficientnet_lite import to_input
from imsearch.training.probabilities import sigmoid, strongest
from imsearch.training.runtime import Runtime

LEAST_PROBABILITY = 0.002
LEAST_HIDDEN = 0.01
"""Minimum probability of tags for ranking only."""


class Looked(NamedTuple):
    """The results of a forward pass over N pictures.

    pixels: uint8 ``(N, side, side, 3)``.  features: ``(N, 1280)``.  logits: calibrated ones of each head, ``(N,
    labels)``.  kind: ``(N,)``, see `Seen`.  maps: the tuned feature map ``(N, H, W, 1280)``.
    """

    pixels: NDArray[np.uint8]
    features: NDArray[np.float32]
    logits: dict[str, NDArray[np.float32]]
    kind: NDArray[np.float32]
    maps: NDArray[np.float32]


class Begun(NamedTuple):
    """A forward pass that may still be under way.

    outputs: waits for features, kind, maps and the logits of `heads`, not calibrated; otherwise as of `Looked`.
    """

    pixels: NDArray[np.uint8]
    heads: tuple[str, ...]
    outputs: Callable[[], list[NDArray[np.float32]]]


class _Outputs(nn.Module):
    """The network from pixels, uint8 ``(N, side, side, 3)``, to features, kind, maps as of `Looked`, and all logits."""

    def __init__(self, network: EverydayNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Run on pixels; logits in the order of the network's `labelled`."""
        seen = self.network(to_input(pixels, pixels.device))
        return seen.features, seen.kind, seen.maps.permute(0, 2, 3, 1), *seen.logits.values()


class EverydayAnnotator(Annotator):
    """Runs the network of `weights`; rejects a file whose hash is not `sha256`."""

    def __init__(self, weights: Path, sha256: str | None, device: str = "cpu") -> None:
        if sha256 is not None and hashlib.sha256(weights.read_bytes()).hexdigest() != sha256:
            raise ModelError(f"The weights in {weights} are damaged or changed. Install imsearch again.")
        self.checkpoint = read_checkpoint(weights)
        self.device = choose_device(device)
        network, memory = load_model(weights, self.checkpoint)
        self.network = network.to(self.device)
        self._run = Runtime(_Outputs(self.network), self.device, NAME)
        self.side = self.network.backbone.size
        lexicon = Lexicon.load()
        self.tagger = Tagger(self.checkpoint, lexicon)
        labels = {name: head.labels for name, head in self.checkpoint.heads.items()}
        self.witnesses = Witnesses(labels, memory, lexicon)
        hidden = frozenset(self.checkpoint.hidden)
        self._hidden = np.array([tag in hidden for tag in self.tagger.tags])
        weights_of = {
            name: self.network.get_parameter(f"heads.{name}.weight").detach().float().cpu().numpy() for name in HEADS
        }
        meanings = {name: lexicon.labels(name) for name in HEADS}
        self.colours = Colourist(ColourModel.load(), labels, weights_of, meanings, self.tagger.tags)
        self.picture_colours = PictureColours.load()
        self.batch_size = 128 if self.device.type == "cuda" else 16

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """Return uint8 ``(side, side, 3)``: the whole picture squashed to a square, to lose nothing at its edges."""
        return picture.array(self.side, self.side)

    def begin(self, batch: Sequence[NDArray[np.uint8]]) -> Begun:
        """Let the network run on prepared pictures."""
        with stage("prepare"):
            pixels = np.stack(batch)
        return Begun(pixels, tuple(self.network.labelled), self._run.start(pixels))

    def _looked(self, begun: Begun) -> Looked:
        with stage("forward"):
            vectors, kind, maps, *values = begun.outputs()
        raw = dict(zip(begun.heads, values, strict=True))
        logits = calibrated(self.checkpoint.heads, self.witnesses(raw, vectors))
        return Looked(begun.pixels, vectors, logits, kind, maps)

    def forward(self, batch: Sequence[NDArray[np.uint8]]) -> Looked:
        """Run the network on prepared pictures."""
        return self._looked(self.begin(batch))

    def annotate(self, batch: Sequence[NDArray[np.uint8]]) -> list[Annotation]:
        """Return the tags of all heads, the colours of things, and the pooled feature as vector: one forward pass."""
        return self.finish(self.begin(batch))

    def finish(self, begun: Begun) -> list[Annotation]:
        """Make annotations of what the network sees."""
        looked = self._looked(begun)
        rows = self.tagger.probabilities(looked.logits, looked.kind)
        rows = self.picture_colours.join(looked.pixels, self.tagger.tags, rows)
        colours = self.colours(looked.pixels, looked.maps, rows)
        return [
            Annotation((*(Tag(name, p) for name, p in self._strongest(row)), *coloured), vector)
            for row, vector, coloured in zip(rows, looked.features, colours, strict=True)
        ]

    def _strongest(self, row: NDArray[np.float32]) -> Sequence[tuple[str, float]]:
        shown = strongest(self.tagger.tags, np.where(self._hidden, 0, row), MOST_TAGS, LEAST_PROBABILITY)
        # Ranking-only tags stay below the threshold: a tag that is not shown must not look likelier than a shown one.
        ranking = np.where(self._hidden, self.checkpoint.threshold * row, 0)
        return shown + strongest(self.tagger.tags, ranking, MOST_HIDDEN, LEAST_HIDDEN)

    @property
    def heads(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of each head that was trained on a dataset of that name."""
        return {name: head.labels for name, head in self.checkpoint.heads.items() if name not in (IMAGENET, PHOTOS)}

    def label_scores(self, batch: Sequence[NDArray[np.uint8]]) -> Mapping[str, NDArray[np.float32]]:
        """Return the calibrated probabilities ``(N, labels)`` of each head's own labels, to evaluate on a dataset."""
        logits = self.forward(batch).logits
        return {name: sigmoid(logits[name]) for name in self.heads}
