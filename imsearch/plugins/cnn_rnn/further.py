"""The final training of the linear head and the decoders, on fixed features of whole pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.plugins.cnn_rnn.head import SequenceHead
from imsearch.training.corpus import Corpus
from imsearch.training.fit import Fit, Loss, Plan, Rows
from imsearch.training.losses import asymmetric, masked
from imsearch.training.run import Epoch, Run

Sequences = Callable[[Rows, np.random.Generator], tuple[Tensor, Tensor]]


class Teaching(nn.Module):
    """A `SequenceHead` that returns a loss when sequences are passed along with the features."""

    def __init__(self, head: SequenceHead) -> None:
        super().__init__()
        self.head = head

    def forward(
        self, features: Tensor, sequences: Tensor | None = None, heads: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        if sequences is None or heads is None:
            found: tuple[Tensor, Tensor] = self.head(features)
            return found
        return self.head.teach(features, sequences, heads)


def learn_further(
    run: Run,
    corpus: Corpus,
    head: SequenceHead,
    features: NDArray[np.float32],
    sequences: Sequences,
    settings: Mapping[str, Any],
) -> tuple[SequenceHead, list[Epoch]]:
    """Return the head after `further_epochs`, and the metrics of each epoch.

    features: ``(pictures, width)``.  A linear head initialized from everyday's learns more slowly than new layers.
    """
    linear = list(head.linear.parameters())
    new = [value for name, value in head.named_parameters() if not name.startswith("linear.")]
    slow = settings["linear_learning_rate" if settings["start"] == "everyday" else "head_learning_rate"]
    groups = [{"params": linear, "lr": slow}, {"params": new, "lr": settings["head_learning_rate"]}]

    def inputs(rows: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        seen = torch.from_numpy(features[rows])
        return (seen,) if generator is None else (seen, *sequences(rows, generator))

    folder = run.folder
    if settings["epochs"]:
        # The name includes the features, so that it never resumes a checkpoint trained on those of other weights.
        folder = run.folder / f"further-{hashlib.sha256(features.tobytes()).hexdigest()[:12]}"
        folder.mkdir(exist_ok=True)
    plan = make_plan(groups, settings["further_epochs"], settings)
    fit = Fit(replace(run, folder=folder, shared=run.cache), corpus, Teaching(head), inputs, plan)
    trained = fit.fit()
    assert isinstance(trained, Teaching)
    return trained.head, fit.history


def make_plan(groups: Sequence[dict[str, Any]], epochs: int, settings: Mapping[str, Any]) -> Plan:
    """Return the training plan of either stage; groups: parameters, each with its rate."""
    return Plan(
        groups,
        epochs,
        settings["batch_size"],
        make_loss(settings["sequence_weight"]),
        lambda groups: torch.optim.AdamW(list(groups), weight_decay=settings["weight_decay"]),
        average=settings["average"],
        logits=lambda output: (output[0] + output[1]) / 2,
    )


def make_loss(weight: float) -> Loss:
    """Return the asymmetric loss of the linear head, plus `weight` times the decoders' loss."""
    labels = masked(asymmetric)

    def loss(output: tuple[Tensor, Tensor], targets: Tensor, mask: Tensor) -> Tensor:
        return labels(output[0], targets, mask) + weight * output[1]

    return loss
