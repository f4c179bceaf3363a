"""The weights file: trained tensors, and everything needed to use them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from imsearch.errors import ModelError
from imsearch.plugins.everyday.network import PHOTOS, EverydayNetwork
from imsearch.training.fusion import Rule, from_header, to_header
from imsearch.training.header import KEY
from imsearch.training.knn import Memory

VERSION = "2"


@dataclass(frozen=True)
class Head:
    """A head's labels, in the order of its outputs, and the rule that calibrates its logits.

    The rule weights the network's logit, the evidence of its `Memory` if the head remembers pictures, and
    that of ``photos`` for the same tag; fitted on held-out pictures of the head's own dataset.
    """

    labels: tuple[str, ...]
    rule: Rule = field(default_factory=lambda: Rule((1.0,), 0.0))


@dataclass(frozen=True)
class Checkpoint:
    """Everything in a weights file but its tensors.

    `rules` fuse the heads' evidence into logits of tags, by the set of heads that know a tag; `offsets` are added for
    single tags.  attended: the labels of ``photos`` with spatial attention (`EverydayNetwork`).  trusted: the tags
    that bound those below them that only ImageNet's classifier knows.  hidden: tags for ranking only.
    """

    version: str
    heads: Mapping[str, Head]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)
    attended: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    threshold: float = 0.5
    recipe: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(path: Path, network: EverydayNetwork, memory: Memory, checkpoint: Checkpoint) -> None:
    """Write the trained part in float16, the memory in bytes, and the rest as JSON in the header."""
    tensors = {name: value.detach().cpu().half().contiguous() for name, value in network.trained().items()}
    tensors.update((name, torch.from_numpy(value)) for name, value in memory.tensors().items())
    own = to_header({name: head.rule for name, head in checkpoint.heads.items()})
    header = {"model": "everyday", **asdict(checkpoint), "rules": to_header(checkpoint.rules)}
    header["heads"] = {name: {"labels": head.labels, "rule": own[name]} for name, head in checkpoint.heads.items()}
    save_file(tensors, path, metadata={KEY: json.dumps(header)})
    path.chmod(0o644)  # safetensors creates it readable by the owner alone


def read_checkpoint(path: Path) -> Checkpoint:
    """Read only the header of the file.  Raises `ModelError` when it is not a checkpoint of this model."""
    try:
        with safe_open(path, framework="numpy") as file:
            said = json.loads((file.metadata() or {})[KEY])
        said.pop("model", None)
        heads = said.pop("heads")
        own = from_header({name: head["rule"] for name, head in heads.items()})
        return Checkpoint(
            heads={name: Head(tuple(head["labels"]), own[name]) for name, head in heads.items()},
            rules=from_header(said.pop("rules")),
            attended=tuple(said.pop("attended")),
            trusted=tuple(said.pop("trusted")),
            hidden=tuple(said.pop("hidden")),
            **said,
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is not a checkpoint of everyday ({error}). Install imsearch again.") from error


def build_network(checkpoint: Checkpoint) -> EverydayNetwork:
    """Return the network that a checkpoint describes, without its own weights."""
    position = {label: index for index, label in enumerate(checkpoint.heads[PHOTOS].labels)}
    attended = [position[label] for label in checkpoint.attended]
    return EverydayNetwork({name: len(head.labels) for name, head in checkpoint.heads.items()}, attended)


def load_model(path: Path, checkpoint: Checkpoint) -> tuple[EverydayNetwork, Memory]:
    """Return the network with the weights of `path`, in evaluation mode, and the remembered pictures."""
    network = build_network(checkpoint)
    ours = network.trained()
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        with torch.no_grad():
            for name, parameter in ours.items():
                parameter.copy_(tensors.pop(name))
    except (OSError, SafetensorError, RuntimeError, KeyError) as error:
        raise ModelError(f"The weights in {path} do not fit everyday ({error}). Install imsearch again.") from error
    labels = {name: head.labels for name, head in checkpoint.heads.items()}
    return network.eval(), Memory.restore({name: value.numpy() for name, value in tensors.items()}, labels)
