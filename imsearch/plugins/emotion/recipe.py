"""How the weights are made: ``imsearch train emotion --dataset sentiment:PATH --dataset emotion:PATH``.

Backbone and hand-made features are fixed, so both are computed once; what is learned is the small network that joins
them.  Each picture teaches the head of its own set, by the cross-entropy of that head's softmax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from imsearch.errors import DatasetError
from imsearch.plugins.emotion.features import SQUARE, Floats, corpus_features
from imsearch.plugins.emotion.network import EmotionNetwork, Joint
from imsearch.training.corpus import Corpus, gather
from imsearch.training.finish import finish
from imsearch.training.fit import Fit, Inputs, Plan, Rows, predict
from imsearch.training.losses import binary_cross_entropy, masked
from imsearch.training.run import Run, Setting

MODEL = "emotion"
VERSION = "1"
EMOTION = "emotion"
KINDS = ("sentiment", EMOTION)

DEFAULTS: dict[str, Setting] = {
    "epochs": 12,
    "batch_size": 32,
    "learning_rate": 3e-4,
    "weight_decay": 0.05,
    "dropout": 0.5,
    "backbone_width": 128,
    "handmade_width": 64,
    "average": 0.98,
    "neither": 1.0,
}


def train(run: Run) -> Path:
    """Trains on the datasets of the run; the path of the weights."""
    settings = run.settings(DEFAULTS)
    for dataset in run.datasets:
        if dataset.kind not in KINDS:
            raise DatasetError(f"emotion learns from sets of kind {' and '.join(KINDS)}, not {dataset.kind}")
    corpus = gather(run)
    add_neither(corpus, settings["neither"])
    features = corpus_features(run, corpus)
    widths = (settings["backbone_width"], settings["handmade_width"])
    fit, inputs = prepare(run, corpus, features, widths, settings)
    joint = fit.fit()
    network = EmotionNetwork(joint)  # type: ignore[arg-type]
    return finish(
        run,
        MODEL,
        VERSION,
        network,
        corpus,
        predict(joint, inputs, corpus.held, run.device),
        side=SQUARE,
        vector_length=None,
        settings=settings,
        network_settings={"lengths": [values.shape[2] for values in features], "widths": list(widths)},
        history=fit.history,
        tags=[f"{MODEL}:{label}" for labels in corpus.heads.values() for label in labels],
    )


def add_neither(corpus: Corpus, weight: float) -> None:
    """Lets pictures of the other set count, by `weight`, as neither happy nor angry.

    The emotion set shows faces, babies and eyes only.  What learns from it alone calls brick walls angry.
    """
    if EMOTION in corpus.heads:
        columns = corpus.slices[EMOTION]
        others = corpus.mask[:, columns].max(axis=1) == 0
        corpus.mask[others, columns] = weight


def prepare(
    run: Run, corpus: Corpus, features: Sequence[Floats], widths: Sequence[int], settings: Mapping[str, Any]
) -> tuple[Fit, Inputs]:
    """A training of the small network on these features, each ``(2, rows, length)``: as they are, and mirrored."""
    run.seed_everything()
    joint = Joint(
        {name: len(labels) for name, labels in corpus.heads.items()},
        [values.shape[2] for values in features],
        widths,
        settings["dropout"],
    )
    for branch, values in zip(joint.branches, features, strict=True):
        branch.standardize(torch.from_numpy(values[:, corpus.train].reshape(-1, values.shape[2])))  # type: ignore[operator]

    def inputs(rows: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        view = np.zeros(len(rows), dtype=np.intp) if generator is None else generator.integers(0, 2, len(rows))
        return tuple(torch.from_numpy(values[view, rows]) for values in features)

    plan = Plan(
        _groups(joint, settings),
        settings["epochs"],
        batch_size=settings["batch_size"],
        # One dataset's pictures teach one head each, and its labels share the loss of one decision.
        loss=masked(binary_cross_entropy),
        average=settings["average"],
    )
    return Fit(run, corpus, joint, inputs, plan), inputs


def _groups(joint: nn.Module, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Weights decay, offsets do not."""
    named = list(joint.named_parameters())
    weights = [value for name, value in named if name.endswith("weight")]
    offsets = [value for name, value in named if not name.endswith("weight")]
    rate = settings["learning_rate"]
    return [
        {"params": weights, "lr": rate, "weight_decay": settings["weight_decay"]},
        {"params": offsets, "lr": rate, "weight_decay": 0.0},
    ]
