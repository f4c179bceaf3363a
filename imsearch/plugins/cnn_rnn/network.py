"""The network: EfficientNet-Lite2 with tuned upper stages, features of chosen layers, linear head and decoders.

The lower stages are those of the backbone's package, unchanged.  Batch normalization is folded into the convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.plugins.cnn_rnn.head import SequenceHead, Shape
from imsearch.plugins.everyday.start import start_from_everyday
from imsearch.training.efficientnet_lite import EfficientNetLite, fold_normalization, load_imagenet
from imsearch.training.fusion import Rule

FROZEN_STAGES = 5
STARTS = ("everyday", "imagenet")
LAYERS = ("5", "6", "7", "head")
"""Layers that can be pooled: the output of a stage by its number, and of the last convolution."""
_SCALE = {"5": 0.2, "6": 0.2, "7": 0.25, "head": 1.0}
"""Stages end without an activation and with larger values; this gives all layers about the same spread."""
_BOTH = Rule((0.5, 0.5), 0.0)


def chosen_layers(text: str) -> tuple[str, ...]:
    """Parse layers from a text such as ``5+head``; raises `ModelError` for one that is not in `LAYERS`."""
    layers = tuple(text.split("+"))
    if unknown := [layer for layer in layers if layer not in LAYERS]:
        raise ModelError(f"Features cannot be taken from {unknown[0]!r}; choose of {', '.join(LAYERS)}, joined with +")
    return layers


class CnnRnnNetwork(nn.Module):
    """`rules` fuse the linear head and the decoders, head by head; without a rule they have equal weight."""

    frozen = ("backbone.stem.", *(f"backbone.stages.{stage}." for stage in range(FROZEN_STAGES)))

    def __init__(
        self,
        heads: Mapping[str, Sequence[str]],
        shape: Shape,
        layers: str = "5+head",
        rules: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        self.backbone: EfficientNetLite = load_imagenet("lite2")
        fold_normalization(self.backbone)
        del self.backbone.classifier
        self.layers = chosen_layers(layers)
        self.rules = {name: Rule(tuple(numbers[:-1]), numbers[-1]) for name, numbers in (rules or {}).items()}
        with torch.inference_mode():
            widths = [each.shape[1] for each in self._pooled(torch.zeros(1, 120, 2, 2)).values()]
        self.head = SequenceHead(sum(widths), heads, shape)
        self.vector_length = widths[-1]
        self.to(memory_format=torch.channels_last)

    def start_from_everyday(self, heads: Mapping[str, Sequence[str]]) -> None:
        """Copy everyday's tuned stages, and its weights of common labels; raises `ModelError` if that fails."""
        if self.layers[-1] != "head":
            raise ModelError("A start from everyday wants features that end with its own: --set layers=head")
        linear = self.head.linear
        with torch.no_grad():  # other layers contribute nothing at first
            linear.weight[:, : -self.vector_length] = 0
        start_from_everyday(self.state_dict(), linear.weight[:, -self.vector_length :], linear.bias, heads)

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments with which `from_settings` builds the same network."""
        rules = {name: [*rule.weights, rule.offset] for name, rule in self.rules.items()}
        return {"shape": asdict(self.head.shape), "layers": "+".join(self.layers), "rules": rules}

    @classmethod
    def from_settings(cls, heads: Mapping[str, Sequence[str]], settings: Mapping[str, Any]) -> CnnRnnNetwork:
        """Build a network from `settings`.  Raises `ModelError` for settings of another network."""
        try:
            return cls(heads, Shape(**settings["shape"]), settings["layers"], settings["rules"])
        except (KeyError, TypeError) as error:
            raise ModelError(f"These are not the settings of a CNN-RNN: {error}") from error

    def forward(
        self, maps: Tensor, sequences: Tensor | None = None, heads: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run the network on the output of the frozen stages, ``(N, 120, H, W)``.

        With sequences, for training: returns the linear head's logits and the decoders' loss (`SequenceHead.teach`).
        Without:
        the logits of both (`SequenceHead.forward`).
        """
        features = self.features(maps)
        if sequences is None or heads is None:
            found: tuple[Tensor, Tensor] = self.head(features)
            return found
        return self.head.teach(features, sequences, heads)

    def features(self, maps: Tensor) -> Tensor:
        """Return the pooled outputs of the chosen layers, concatenated: ``(N, width)``."""
        return torch.cat(list(self._pooled(maps).values()), dim=1)

    def vectors(self, features: Tensor) -> Tensor:
        """Return the last of the chosen layers alone, which is the picture's vector: ``(N, vector_length)``."""
        return features[:, -self.vector_length :]

    def fused(self, linear: Tensor, told: Tensor) -> Tensor:
        """Fuse both into one logit, ``(N, outputs)``."""
        parts = []
        for name, columns in self.head.slices.items():
            rule = self.rules.get(name, _BOTH)
            parts.append(rule.weights[0] * linear[:, columns] + rule.weights[1] * told[:, columns] + rule.offset)
        return torch.cat(parts, dim=1)

    def upper(self) -> list[nn.Parameter]:
        """Return the parameters of the tuned stages."""
        return [*self.backbone.stages[FROZEN_STAGES:].parameters(), *self.backbone.head.parameters()]

    def _pooled(self, x: Tensor) -> dict[str, Tensor]:
        found = {"5": x.mean(dim=(2, 3))}
        for number, stage in enumerate(self.backbone.stages[FROZEN_STAGES:], FROZEN_STAGES + 1):
            x = stage(x)
            found[str(number)] = x.mean(dim=(2, 3))
        found["head"] = self.backbone.head(x).mean(dim=(2, 3))
        return {layer: found[layer] * _SCALE[layer] for layer in self.layers}
