"""The network: one EfficientNet-Lite2 pass, several linear heads.

The lower stages are those of the backbone's package, unchanged; the upper ones and the heads are trained here and
kept in ``weights.safetensors``.  Batch normalization is folded into the convolutions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.plugins.everyday.fusion import Rule, from_header, to_header
from imsearch.training.efficientnet_lite import FEATURES, EfficientNetLite, fold_normalization, load_imagenet

FROZEN_STAGES = 5
IMAGENET = "imagenet"
_TRAINED = (*(f"backbone.stages.{stage}." for stage in range(FROZEN_STAGES, 7)), "backbone.head.", "heads.")


class EverydayNetwork(nn.Module):
    """`heads` maps a head's name to its number of labels; ``imagenet`` starts from the backbone's classifier."""

    def __init__(self, heads: Mapping[str, int]) -> None:
        super().__init__()
        self.backbone: EfficientNetLite = load_imagenet("lite2")
        fold_normalization(self.backbone)
        self.heads = nn.ModuleDict()
        for name, labels in heads.items():
            head = self.backbone.classifier if name == IMAGENET else nn.Linear(FEATURES, labels)
            if name != IMAGENET:
                nn.init.normal_(head.weight, std=0.01)
                nn.init.constant_(head.bias, -3.0)  # rare labels: start near their frequency, not at one half
            self.heads[name] = head
        del self.backbone.classifier  # it is one of the heads now
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Features ``(N, 1280)`` and logits ``(N, labels)`` of each head; input as for `EfficientNetLite`."""
        return self.judge(self.backbone.lower(x, FROZEN_STAGES))

    def judge(self, maps: Tensor, dropout: float = 0.0) -> tuple[Tensor, dict[str, Tensor]]:
        """The same from the output of the frozen stages, ``(N, 120, H, W)``."""
        features = self.backbone.upper(maps, FROZEN_STAGES)
        dropped = nn.functional.dropout(features, dropout, training=dropout > 0)
        return features, {name: head(dropped) for name, head in self.heads.items()}

    def trained(self) -> dict[str, nn.Parameter]:
        """The parameters that training changes, by name."""
        return {name: value for name, value in self.named_parameters() if name.startswith(_TRAINED)}


@dataclass(frozen=True)
class Head:
    """A head's labels, in the order of its outputs, and what makes its logits probabilities of these labels.

    probability = sigmoid(slope * logit + offset), fitted on held-back pictures of the head's own dataset (Platt 1999);
    unused for ``imagenet``, whose classes exclude one another.
    """

    labels: tuple[str, ...]
    slope: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Checkpoint:
    """Everything of a weights file but its tensors.

    `rules` fuse the heads' evidence into probabilities of tags, by the set of heads that know a tag.
    """

    version: str
    heads: Mapping[str, Head]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    threshold: float = 0.5
    recipe: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(path: Path, network: EverydayNetwork, checkpoint: Checkpoint) -> None:
    """Writes the trained part in float16."""
    tensors = {name: value.detach().cpu().half().contiguous() for name, value in network.trained().items()}
    header = {**asdict(checkpoint), "rules": to_header(checkpoint.rules)}
    save_file(tensors, path, metadata={"imsearch": json.dumps(header)})


def read_checkpoint(path: Path) -> Checkpoint:
    """Only the header of the file is read.  Raises `ModelError` when it is no checkpoint of this model."""
    try:
        with safe_open(path, framework="numpy") as file:
            said = json.loads((file.metadata() or {})["imsearch"])
        heads = {name: Head(tuple(h["labels"]), h["slope"], h["offset"]) for name, h in said.pop("heads").items()}
        return Checkpoint(heads=heads, rules=from_header(said.pop("rules")), **said)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is not a checkpoint of everyday ({error}). Install imsearch again.") from error


def load_network(path: Path, checkpoint: Checkpoint) -> EverydayNetwork:
    """The network with the weights of `path`, in evaluation mode."""
    network = EverydayNetwork({name: len(head.labels) for name, head in checkpoint.heads.items()})
    ours = network.trained()
    try:
        with safe_open(path, framework="pt") as file, torch.no_grad():
            for name, parameter in ours.items():
                parameter.copy_(file.get_tensor(name))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"The weights in {path} do not fit everyday ({error}). Install imsearch again.") from error
    return network.eval()
