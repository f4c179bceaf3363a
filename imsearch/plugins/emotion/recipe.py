"""The training recipe: ``imsearch train emotion --dataset ratings:PATH``.

Backbone and hand-made features are fixed, so both are computed once; only the small network that joins
them is trained.  Each picture trains the head of its own set: ratings by squared error, and by the cross-entropy of the
labels on either side of their cut-offs, which fits the confidence; labels by the cross-entropy of their head's softmax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from imsearch.errors import DatasetError
from imsearch.plugins.emotion.features import SQUARE, Floats, corpus_features
from imsearch.plugins.emotion.network import EmotionNetwork, Joint
from imsearch.training.corpus import Corpus, gather
from imsearch.training.data.rated_sets import MIDDLE, RATINGS, SCALES, ratings_of
from imsearch.training.finish import finish
from imsearch.training.fit import Fit, Inputs, Loss, Plan, Rows, predict
from imsearch.training.losses import binary_cross_entropy, masked
from imsearch.training.run import Run, Setting

MODEL = "emotion"
VERSION = "1"
EMOTION = "emotion"
KINDS = (RATINGS, "sentiment", EMOTION, "folders", "csv", "jsonl")

DEFAULTS: dict[str, Setting] = {
    "epochs": 30,
    "batch_size": 32,
    "learning_rate": 1e-3,
    "weight_decay": 0.05,
    "dropout": 0.5,
    "backbone_width": 128,
    "handmade_width": 64,
    "average": 0.98,
    "neither": 1.0,
    "rating": 1.0,
    "shown": 0.7,
}


def train(run: Run) -> Path:
    """Train on the datasets of the run; return the path of the weights."""
    settings = run.settings(DEFAULTS)
    for dataset in run.datasets:
        if dataset.kind not in KINDS:
            raise DatasetError(f"emotion learns from sets of kind {', '.join(KINDS)}; not {dataset.kind}")
        if dataset.kind != RATINGS and (sample := next((s for s in dataset.samples if len(s.labels) > 1), None)):
            raise DatasetError(
                f"{sample.file} has {len(sample.labels)} labels; the emotions of a set exclude one another. "
                "Give each picture one emotion, or none."
            )
    corpus = gather(run)
    add_neither(corpus, settings["neither"])
    features = corpus_features(run, corpus)
    widths = (settings["backbone_width"], settings["handmade_width"])
    fit, inputs = prepare(run, corpus, features, widths, settings)
    joint = cast("Taught", fit.fit()).joint
    network = EmotionNetwork(joint)
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
        least_shown={f"{MODEL}:{label}": settings["shown"] for label in corpus.heads.get(RATINGS, ())},
    )


def add_neither(corpus: Corpus, weight: float) -> None:
    """Use pictures of the other set, with this `weight`, as examples of neither happy nor angry.

    The emotion set contains faces, babies and eyes only.  A model trained on it alone calls brick walls angry.
    """
    if EMOTION in corpus.heads:
        columns = corpus.slices[EMOTION]
        others = corpus.mask[:, columns].max(axis=1) == 0
        corpus.mask[others, columns] = weight


def prepare(
    run: Run, corpus: Corpus, features: Sequence[Floats], widths: Sequence[int], settings: Mapping[str, Any]
) -> tuple[Fit, Inputs]:
    """Return a training of the small network on these features, each ``(2, rows, length)``: original and mirrored."""
    run.seed_everything()
    joint = Joint(
        {name: len(labels) for name, labels in corpus.heads.items()},
        [values.shape[2] for values in features],
        widths,
        settings["dropout"],
        corpus.heads.get(RATINGS, ()),
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
        # Each dataset trains one head, and its labels share the loss of one decision.
        loss=_loss(corpus.targets.shape[1], settings["rating"]),
        average=settings["average"],
    )
    return Fit(run, with_ratings(corpus), Taught(joint), inputs, plan), inputs


class Taught(nn.Module):
    """Returns the ratings along with the log-odds in training."""

    def __init__(self, joint: Joint) -> None:
        super().__init__()
        self.joint = joint

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the same as `Joint.told`."""
        return self.joint.told(*inputs)


def with_ratings(corpus: Corpus) -> Corpus:
    """Return the corpus with further columns after those of its heads: the ratings, minus the scale's middle."""
    if RATINGS not in corpus.heads:
        return corpus
    values = np.zeros((len(corpus.samples), len(SCALES)), np.float32)
    known = np.zeros_like(values)
    rated = [sample for part in corpus.parts for sample in part.samples if part.kind == RATINGS]
    rows = [row for row, kind in enumerate(kinds_of(corpus)) if kind == RATINGS]
    values[rows] = np.array([ratings_of(sample) for sample in rated], np.float32) - MIDDLE
    known[rows] = 1
    targets, mask = np.hstack([corpus.targets, values]), np.hstack([corpus.mask, known])
    return replace(corpus, targets=targets, mask=mask)


def kinds_of(corpus: Corpus) -> list[str]:
    """Return the kind of dataset of each row."""
    return [part.kind for part in corpus.parts for _ in part.samples]


def _loss(columns: int, weight: float) -> Loss:
    labels, ratings = masked(binary_cross_entropy), masked(_squared_error)

    def loss(output: tuple[Tensor, Tensor], targets: Tensor, mask: Tensor) -> Tensor:
        found = labels(output[0], targets[:, :columns], mask[:, :columns])
        if output[1].shape[1]:
            found = found + weight * ratings(output[1], targets[:, columns:], mask[:, columns:])
        return found

    return loss


def _squared_error(ratings: Tensor, targets: Tensor) -> Tensor:
    return ((ratings - targets) ** 2).sum(dim=1)


def _groups(joint: nn.Module, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return parameter groups: weights with decay, biases without."""
    named = list(joint.named_parameters())
    weights = [value for name, value in named if name.endswith("weight")]
    offsets = [value for name, value in named if not name.endswith("weight")]
    rate = settings["learning_rate"]
    return [
        {"params": weights, "lr": rate, "weight_decay": settings["weight_decay"]},
        {"params": offsets, "lr": rate, "weight_decay": 0.0},
    ]
