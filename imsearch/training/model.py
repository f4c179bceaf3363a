"""The annotator that every model with a `Checkpoint` shares: pixels in, calibrated tags and a vector out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.annotator import Annotator
from imsearch.pictures.picture import Picture
from imsearch.records import Annotation, Tag
from imsearch.system.stages import stage
from imsearch.training.calibration import calibrated
from imsearch.training.checkpoint import Checkpoint, load_weights, read_checkpoint
from imsearch.training.device import autocast, choose_device, to_device
from imsearch.training.knn import Memory
from imsearch.training.probabilities import Floats, sigmoid, strongest
from imsearch.training.runtime import Runtime

MOST_TAGS = 48
LEAST_PROBABILITY = 0.002


class _Seeing(nn.Module):
    """`ModelAnnotator.see` as a network, whose outputs are the features, if there are any, and the logits."""

    def __init__(self, network: nn.Module, see: Callable[..., tuple[Tensor | None, Tensor]]) -> None:
        super().__init__()
        self.network, self._see = network, see

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        features, logits = self._see(*inputs)
        return (logits,) if features is None else (features, logits)


class ModelAnnotator(Annotator):
    """Runs the network of a weights file.  A model sets `model` and `version` and implements `build` and `see`.

    Outputs of one tag (the same word learned from two datasets) are shown with the mean of their probabilities.
    `most_tags` is how many tags of a picture are told.
    """

    model: ClassVar[str]
    version: ClassVar[str]
    most_tags: int = MOST_TAGS

    def __init__(self, weights: Path, sha256: str | None = None, device: str = "cpu") -> None:
        self.checkpoint = read_checkpoint(weights, self.model, self.version, sha256)
        self.device = choose_device(device)
        network = self.build(self.checkpoint)
        self.extra = self.fill(network, weights)
        self.memory = restore_memory(self.extra, self.checkpoint)
        self.network = network.eval().requires_grad_(False).to(self.device)
        sees = type(self).look is ModelAnnotator.look
        self._run = Runtime(_Seeing(self.network, self.see), self.device, self.model) if sees else None
        self.side = int(self.checkpoint.preprocessing["side"])
        self.batch_size = 128 if self.device.type == "cuda" else 16
        self.tags = tuple(dict.fromkeys(self.checkpoint.tags))
        column = {tag: index for index, tag in enumerate(self.tags)}
        self._share = np.zeros((self.checkpoint.outputs, len(self.tags)), dtype=np.float32)
        for row, tag in enumerate(self.checkpoint.tags):
            self._share[row, column[tag]] = 1
        self._share /= self._share.sum(axis=0, keepdims=True)

    @abstractmethod
    def build(self, checkpoint: Checkpoint) -> nn.Module:
        """The network that the checkpoint's state fits, with a frozen backbone's weights already in it."""

    def fill(self, network: nn.Module, weights: Path) -> dict[str, Tensor]:
        """Give the network its state; the extra tensors of the weights file, as `load_weights`."""
        return load_weights(weights, network)

    def see(self, *inputs: Tensor) -> tuple[Tensor | None, Tensor]:
        """Features ``(N, vector length)`` or None, and logits ``(N, outputs)``, of `inputs` on the device, in one pass.

        Only operations on tensors: OpenVINO may run it.  Otherwise it is called in inference mode, in half precision
        where the device has it.
        """
        raise NotImplementedError(f"{type(self).__name__} implements neither see nor look")

    def look(self, batch: Sequence[Any]) -> tuple[Tensor | None, Tensor]:
        """As `see`, of prepared pictures.  A model with other operations implements this; PyTorch always runs it."""
        return self.see(*(to_device(each, self.device) for each in self.inputs(batch)))

    def inputs(self, batch: Sequence[Any]) -> tuple[NDArray[np.generic], ...]:
        """The arguments of `see` for prepared pictures, each with the pictures first; uint8 pixels by default."""
        return (np.stack(batch),)

    def prepare(self, picture: Picture) -> Any:
        """uint8 ``(side, side, 3)``: the whole picture squashed to a square, so that nothing at its edges is lost."""
        return picture.array(self.side, self.side)

    def pixels(self, batch: Sequence[NDArray[np.uint8]]) -> Tensor:
        """uint8 ``(N, side, side, 3)`` on the device."""
        with stage("prepare"):
            return to_device(np.stack(batch), self.device)

    def forward(self, batch: Sequence[Any]) -> tuple[Floats | None, Floats]:
        """Features and calibrated logits ``(N, outputs)``."""
        vectors, logits = self._looked(batch)
        with stage("post"):
            return vectors, calibrated(logits, self.checkpoint, self.memory, vectors)

    def _looked(self, batch: Sequence[Any]) -> tuple[Floats | None, Floats]:
        if self._run is not None:
            *vectors, logits = self._run(*self.inputs(batch))
            return (vectors[0] if vectors else None), logits
        with torch.inference_mode(), autocast(self.device):
            features, outputs = self.look(batch)
        return None if features is None else features.float().cpu().numpy(), outputs.float().cpu().numpy()

    def annotate(self, batch: Sequence[Any]) -> list[Annotation]:
        """One forward pass gives the tags and the vector."""
        return self.finish(self.begin(batch))

    def begin(self, batch: Sequence[Any]) -> tuple[Floats | None, Floats]:
        """As `forward`."""
        return self.forward(batch)

    def finish(self, begun: tuple[Floats | None, Floats]) -> list[Annotation]:
        """Annotations of features and calibrated logits."""
        features, logits = begun
        rows = self.tag_probabilities(features, logits)
        chosen = [strongest(self.tags, row, self.most_tags, LEAST_PROBABILITY) for row in rows]
        return [
            Annotation(
                tuple(Tag(name, min(p, 1.0)) for name, p in likeliest),
                None if features is None else features[index],
            )
            for index, likeliest in enumerate(chosen)
        ]

    def tag_probabilities(self, features: Floats | None, logits: Floats) -> Floats:
        """Of the tags ``(N, tags)``, from what `forward` gives."""
        return self.join(sigmoid(logits))

    def join(self, probabilities: Floats) -> Floats:
        """Of outputs ``(N, outputs)`` those of the tags ``(N, tags)``: the mean over a tag's outputs."""
        return np.asarray(probabilities @ self._share)

    @property
    def heads(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of each dataset it was trained on."""
        return self.checkpoint.heads

    def label_scores(self, batch: Sequence[Any]) -> Mapping[str, Floats]:
        """The calibrated probabilities ``(N, labels)`` of each head's own labels, by which a dataset is judged."""
        probabilities = sigmoid(self.forward(batch)[1])
        return {name: probabilities[:, columns] for name, columns in self.checkpoint.slices.items()}


def restore_memory(extra: Mapping[str, Tensor], checkpoint: Checkpoint) -> Memory | None:
    """The memory among a weights file's extra tensors, if it has one."""
    tensors = {name: value.numpy() for name, value in extra.items() if name.startswith("memory.")}
    return Memory.restore(tensors, checkpoint.heads) if tensors else None
