"""The weights file of a model: what training made, and everything that is needed to use it.

A safetensors file whose header holds a `Checkpoint` as JSON.  Parts of a network that come from a package (a frozen
backbone) are not stored: a network names them in `frozen`.
"""

from __future__ import annotations

import hashlib
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
from imsearch.training.header import KEY, SUMMARY
from imsearch.training.header import WEIGHTS as WEIGHTS


@dataclass(frozen=True)
class Checkpoint:
    """Everything of a weights file but its tensors.

    model, version: whose it is; another model's, or another version's, is refused.
    heads: the labels of each dataset it learned from, in the order of the network's outputs.
    tags: the name under which each output is shown, as many as outputs; outputs of one name are one tag.
    network: the settings its network is built with.
    preprocessing: what happens to pixels before the network, such as the side in pixels.
    calibration: for each head the weight of the network's logit, that of the memory's where there is one, and the
    offset; together they make a calibrated logit.
    threshold, thresholds: from which probability a tag is shown; `thresholds` holds the exceptions by tag.
    frequency: the share of training pictures with each output's label, in the order of the outputs.
    recipe, data, figures: how and on what it was trained, and what came out on held-back pictures.
    """

    model: str
    version: str
    heads: Mapping[str, tuple[str, ...]]
    tags: tuple[str, ...]
    network: Mapping[str, Any] = field(default_factory=dict)
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    threshold: float = 0.5
    thresholds: Mapping[str, float] = field(default_factory=dict)
    frequency: tuple[float, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def slices(self) -> dict[str, slice]:
        """The slice of each head's outputs."""
        return head_slices(self.heads)

    @property
    def outputs(self) -> int:
        """The total number of outputs."""
        return sum(map(len, self.heads.values()))


def head_slices(heads: Mapping[str, tuple[str, ...]]) -> dict[str, slice]:
    """Return the slice of each head's labels when those of all heads are concatenated."""
    found, start = {}, 0
    for name, labels in heads.items():
        found[name] = slice(start, start + len(labels))
        start += len(labels)
    return found


def own_state(network: nn.Module) -> dict[str, Tensor]:
    """The parameters and buffers that are the network's own, without those of `network.frozen` (prefixes of names)."""
    frozen = tuple(getattr(network, "frozen", ()))
    return {name: value for name, value in network.state_dict().items() if not frozen or not name.startswith(frozen)}


def save_checkpoint(
    path: Path, network: nn.Module, checkpoint: Checkpoint, extra: Mapping[str, Tensor] | None = None
) -> None:
    """Writes the network's own state, floats as float16 where they fit, and `extra` tensors as they are."""
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in own_state(network).items()}
    tensors = {name: _small(value) for name, value in tensors.items()}
    tensors.update({f"extra.{name}": value.contiguous() for name, value in (extra or {}).items()})
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={KEY: json.dumps(asdict(checkpoint))})
    partial.chmod(0o644)  # safetensors writes for the owner alone
    partial.replace(path)


def _small(value: Tensor) -> Tensor:
    """As float16, unless that would make infinity of a number (such as the variance of large activations)."""
    if not value.is_floating_point():
        return value
    half = value.half()
    return half if torch.equal(half.isfinite(), value.isfinite()) else value


def write_summary(path: Path, checkpoint: Checkpoint, vector_length: int | None, input_size: int) -> Path:
    """Writes ``weights.json`` beside the weights: what a plugin's spec needs, readable without torch."""
    summary = {
        "version": checkpoint.version,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "vocabulary": list(dict.fromkeys(checkpoint.tags)),
        "threshold": checkpoint.threshold,
        "thresholds": dict(checkpoint.thresholds),
        "vector_length": vector_length,
        "input_size": input_size,
        "heads": {name: len(labels) for name, labels in checkpoint.heads.items()},
        "recipe": dict(checkpoint.recipe),
        "data": dict(checkpoint.data),
        "figures": dict(checkpoint.figures),
    }
    target = path.with_name(SUMMARY)
    target.write_text(json.dumps(summary, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    return target


def read_checkpoint(path: Path, model: str, version: str, sha256: str | None = None) -> Checkpoint:
    """Only the header of the file is read, and the hash where one is expected.

    Raises `ModelError` when the file is missing, damaged, of another hash, model or version.
    """
    try:
        if sha256 is not None and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise ModelError(f"The weights in {path} are damaged or changed: their hash is not the expected one.")
        with safe_open(path, framework="numpy") as file:
            said = json.loads((file.metadata() or {})[KEY])
        if said["model"] != model:
            raise ModelError(f"{path} is a checkpoint of {said['model']}, not of {model}.")
        if said["version"] != version:
            raise ModelError(
                f"{path} was written by version {said['version']} of {model}, and this is version {version}. "
                "Train it again."
            )
        said["heads"] = {name: tuple(labels) for name, labels in said["heads"].items()}
        said["calibration"] = {name: tuple(pair) for name, pair in said["calibration"].items()}
        checkpoint = Checkpoint(**{**said, "tags": tuple(said["tags"]), "frequency": tuple(said["frequency"])})
    except FileNotFoundError as error:
        raise ModelError(f"The weights {path} are missing. Install them again, or train {model}.") from error
    except (OSError, SafetensorError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelError(f"{path} is not a checkpoint of {model} ({error or type(error).__name__}).") from error
    if len(checkpoint.tags) != checkpoint.outputs or checkpoint.calibration.keys() - checkpoint.heads.keys():
        raise ModelError(f"{path} contradicts itself: its tags or calibration do not fit its heads.")
    return checkpoint


def load_weights(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """Fills the network's own state from `path`; returns the extra tensors, their names without "extra.".

    Raises `ModelError` when the file's vocabulary or layers do not fit the network.
    """
    own = own_state(network)
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        extra = {name[6:]: tensors.pop(name) for name in list(tensors) if name.startswith("extra.")}
        if missing := own.keys() - tensors.keys():
            raise ValueError(f"{min(missing)} is missing")
        if foreign := tensors.keys() - own.keys():
            raise ValueError(f"{min(foreign)} is too much")
        with torch.no_grad():
            for name, value in own.items():
                if value.shape != tensors[name].shape:
                    raise ValueError(f"{name} is {tuple(tensors[name].shape)}, wanted {tuple(value.shape)}")
                value.copy_(tensors[name])
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise ModelError(f"The weights in {path} do not fit their network or vocabulary: {error}.") from error
    return extra
