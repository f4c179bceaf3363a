"""Going on from weights of this model: what is seen stays as it is, and only social tags are learned anew.

Weights of version 1 read 544 words of tags in layers beside the feature; a picture without tags had zeros there.  What
these layers make of zeros is the same for every picture, so it goes into the biases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from imsearch.errors import ModelError
from imsearch.plugins.multimodal.network import MultimodalNetwork
from imsearch.training.checkpoint import Checkpoint, read_checkpoint
from imsearch.training.efficientnet_lite import FEATURES
from imsearch.training.header import read_header

MODEL = "multimodal"
_EXTRA = "extra."
_SEEING = ("backbone.", "fusion.", "head.")
_JOINT = ("head.label", "head.count.0")
"""Layers that saw features and tags side by side in version 1."""


def take_sight(
    network: MultimodalNetwork, weights: Path, heads: Mapping[str, Sequence[str]]
) -> tuple[Checkpoint, dict[str, Tensor]]:
    """Copy what sees from a weights file of the same labels; what its header says, and its memory.

    Raises `ModelError` for another file.
    """
    said = read_checkpoint(weights, MODEL, str(read_header(weights)["version"]))
    if dict(said.heads) != dict(heads):
        raise ModelError(f"{weights} is no start here: it learned other labels than these datasets have")
    try:
        everything = load_file(weights)
        tensors = {name: value for name, value in everything.items() if name.startswith(_SEEING)}
        if "head.words.0.bias" in tensors:
            tensors = _without_words({name: value.float() for name, value in tensors.items()})
        own = {name: value for name, value in network.state_dict().items() if name in tensors}
        if own.keys() != tensors.keys():
            raise ValueError(f"{min(own.keys() ^ tensors.keys())} has no place")
        with torch.no_grad():
            for name, value in own.items():
                value.copy_(tensors[name])
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError) as error:
        raise ModelError(f"The weights in {weights} are no start here: {error}") from error
    extra = {name.removeprefix(_EXTRA): value for name, value in everything.items() if name.startswith(_EXTRA)}
    return said, extra


def _without_words(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    hidden = torch.relu(tensors["head.words.0.bias"])
    hidden = torch.relu(tensors["head.words.3.weight"] @ hidden + tensors["head.words.3.bias"])
    found = {name: value for name, value in tensors.items() if not name.startswith("head.words.")}
    for layer in _JOINT:
        weight = found[f"{layer}.weight"]
        found[f"{layer}.weight"] = weight[:, :FEATURES]
        found[f"{layer}.bias"] = found[f"{layer}.bias"] + weight[:, FEATURES:] @ hidden
    return found
