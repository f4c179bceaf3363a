"""The head ``photos``: one linear layer on the features of both branches, whose labels are tags.

It is trained on all sets at once.  Unknown targets are masked per picture and tag, so that a
kitchen is no negative for people and a Corel keyword none for what its annotator left out.  If a teacher
(two detectors) has seen the picture, its probabilities are the targets for COCO's objects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn

from imsearch.plugins.everyday.network import BOTH
from imsearch.training.data.datasets import Dataset, Sample
from imsearch.training.run import Run

Floats = NDArray[np.float32]

TEACHER_WEIGHT = 1.0
TRUE_OBJECTS = 2.0
"""Weight of COCO's true object labels, which are few beside the teacher's."""
CUT_VALUE = 0.01
"""The target for objects under the teacher's cut-off of .03, which its files leave out."""
FOLDS = 4
_BATCH = 512
_DROPOUT = 0.3
_WEIGHT_DECAY = 2e-3


@dataclass(frozen=True)
class Teaching:
    """Targets for tags: arrays ``(rows, labels)``.

    targets: probabilities that a tag is present.  weights: of each target; 0 if unknown.
    """

    labels: tuple[str, ...]
    targets: NDArray[np.float16]
    weights: NDArray[np.float16]


def add_teacher(
    there: Floats,
    weights: Floats,
    tags: Sequence[str],
    rows: Sequence[tuple[Dataset, Sample]],
    objects: Mapping[str, str],
) -> tuple[Floats, Floats]:
    """Return targets and weights ``(rows, tags)`` that combine human labels and the teacher's by their weights.

    there, weights: targets of human labels (`Sources.targets`).  objects: the teacher's labels -> tags.
    """
    targets, total = there.copy(), weights.copy()
    column = {tag: index for index, tag in enumerate(tags)}
    places = np.array([column[tag] for tag in objects.values()], dtype=np.intp)
    position = {label: index for index, label in enumerate(objects)}
    for row, (dataset, sample) in enumerate(rows):
        if dataset.kind == "coco":
            total[row, places] *= TRUE_OBJECTS
        elif sample.soft is not None:
            soft = np.full(len(places), CUT_VALUE, dtype=np.float32)
            soft[[position[label] for label in sample.soft]] = list(sample.soft.values())
            people = total[row, places]
            targets[row, places] = (people * targets[row, places] + TEACHER_WEIGHT * soft) / (people + TEACHER_WEIGHT)
            total[row, places] = people + TEACHER_WEIGHT
    return targets, total


def choose_labels(
    targets: Floats, weights: Floats, tags: Sequence[str], train: NDArray[np.intp], least: float
) -> Teaching:
    """Return the tags that at least `least` of the rows `train` show; arrays over all rows."""
    count = (targets[train] * np.minimum(weights[train], 1)).sum(axis=0)
    kept = np.flatnonzero(count >= least)
    return Teaching(
        tuple(tags[int(index)] for index in kept),
        targets[:, kept].astype(np.float16),
        weights[:, kept].astype(np.float16),
    )


@dataclass(frozen=True)
class Layer:
    """A trained head: weight ``(labels, 2560)`` and bias ``(labels,)``."""

    weight: Floats
    bias: Floats

    def __call__(self, features: NDArray[np.floating]) -> Floats:
        """Return logits ``(N, labels)``."""
        return np.asarray(features @ self.weight.T + self.bias, dtype=np.float32)


def fit_layer(
    run: Run,
    name: str,
    views: Mapping[str, NDArray[np.floating]],
    shares: Mapping[str, float],
    teaching: Teaching,
    rows: NDArray[np.intp],
    settings: Mapping[str, Any],
) -> Layer:
    """Train the head on `rows`; results of an interrupted run are read back from its folder by `name`.

    views: features ``(all rows, 2560)`` of every view; a picture that lacks one has a zero row there, and its plain
    view is
    used.  shares: how often each view but the plain one is drawn.
    """
    path = run.folder / f"{name}.safetensors"
    run.reporter.stage(name.replace("-", " "), epochs := int(settings["photos_epochs"]))
    if path.exists() and not run.fresh:
        kept = load_file(path)
        run.reporter.advance(epochs)
        return Layer(kept["weight"].numpy(), kept["bias"].numpy())
    generator = run.seed_everything(100)
    head = nn.Linear(BOTH, len(teaching.labels))
    nn.init.normal_(head.weight, std=0.01)
    nn.init.constant_(head.bias, -3.0)
    head.to(run.device)
    rate, steps = settings["photos_learning_rate"], -(-len(rows) // _BATCH)
    optimizer = torch.optim.AdamW(head.parameters(), lr=rate, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps * epochs + 1, pct_start=0.15)
    for _ in range(epochs):
        total = 0.0
        for batch in np.array_split(generator.permutation(rows), steps):
            batch = np.sort(batch)
            x = torch.from_numpy(_draw(views, shares, batch, generator)).to(run.device)
            y, w = (torch.from_numpy(each[batch].astype(np.float32)).to(run.device)
                    for each in (teaching.targets, teaching.weights))  # fmt: skip
            each = nn.functional.binary_cross_entropy_with_logits(
                head(nn.functional.dropout(x, _DROPOUT)), y, reduction="none"
            )
            loss = (each * w).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item()
        run.reporter.advance(1, loss=total / steps)
    _keep(path, head)
    return Layer(head.weight.detach().cpu().numpy(), head.bias.detach().cpu().numpy())


def _draw(
    views: Mapping[str, NDArray[np.floating]],
    shares: Mapping[str, float],
    batch: NDArray[np.intp],
    generator: np.random.Generator,
) -> Floats:
    x = np.array(views["plain"][batch], dtype=np.float32)
    chance = generator.random(len(batch))
    start = 0.0
    for name, share in shares.items():
        other = np.flatnonzero((chance >= start) & (chance < start + share))
        drawn = np.asarray(views[name][batch[other]], dtype=np.float32)
        there = drawn.any(axis=1)
        x[other[there]] = drawn[there]
        start += share
    return x


def _keep(path: Path, head: nn.Linear) -> None:
    partial = path.with_suffix(".partial")
    save_file({name: value.detach().cpu().contiguous() for name, value in head.state_dict().items()}, partial)
    partial.replace(path)


def fold_of(files: Sequence[Path]) -> NDArray[np.intp]:
    """Return a fold for each picture, by the hash of its name: always the same."""
    return np.array([hashlib.sha256(file.name.encode()).digest()[9] % FOLDS for file in files], dtype=np.intp)
