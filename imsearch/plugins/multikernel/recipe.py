"""The training recipe: ``imsearch train multikernel --dataset KIND:PATH ...``.

The first six stages run once on every picture.  The last stage, the last convolution and the head are then trained on
random squares of the cached maps, cut at the same place of every level.  The words of the datasets use asymmetric
loss; the objects of COCO, most of whose targets are a teacher's probabilities, binary cross-entropy.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from imsearch.plugins.multikernel.annotator import NAME, VERSION
from imsearch.plugins.multikernel.maps import Stack, stage_outputs
from imsearch.plugins.multikernel.network import LAST, STEPS, MultikernelNetwork, Shape, shape_of
from imsearch.training.corpus import TEACHER_HEAD, Corpus, gather
from imsearch.training.efficientnet_lite import FEATURES
from imsearch.training.finish import finish
from imsearch.training.fit import Fit, Inputs, Loss, Plan, Rows, predict
from imsearch.training.losses import asymmetric, binary_cross_entropy, masked
from imsearch.training.run import Run, Setting
from imsearch.training.samplers import Sampler

DEFAULTS: dict[str, Setting] = {
    "levels": "5,7",
    "kernels": "1,2,3,5",
    "asymmetric": "5",
    "length": 3,
    "width": 32,
    "fused": 96,
    "epochs": 3,
    "batch_size": 32,
    "learning_rate": 3e-4,
    "head_learning_rate": 3e-3,
    "weight_decay": 0.02,
    "dropout": 0.3,
    "smallest_crop": 7,
    "average": 0.99,
    "object_repeats": 3,
}
"""levels to fused: see `Shape`.  smallest_crop: of the last stage's side of 9.  object_repeats: how often an epoch
contains the few pictures with true COCO labels.
"""
HELD_ONE_IN = {"corel5k": 20, TEACHER_HEAD: 4}
"""The same held-out pictures as for the default annotator, so that both can be evaluated on them."""


def train(run: Run) -> Path:
    """Train, calibrate on the held-out pictures, and write ``weights.safetensors`` into the run's folder."""
    settings = run.settings(DEFAULTS)
    shape = shape_of(settings)
    torch.use_deterministic_algorithms(True, warn_only=True)
    run.seed_everything(0)
    corpus = gather(run, HELD_ONE_IN, teacher=True)
    outputs = sum(map(len, corpus.heads.values()))
    network = MultikernelNetwork(outputs, shape, settings["dropout"]).to(run.device)
    below = [stage for stage in shape.levels if stage < LAST]
    kept = stage_outputs(run, corpus, network.backbone, [*below, LAST - 1])
    inputs = make_inputs(kept, below, settings["smallest_crop"])
    groups = [
        {"params": network.tuned(), "lr": settings["learning_rate"]},
        {"params": list(network.head.parameters()), "lr": settings["head_learning_rate"]},
    ]
    plan = Plan(
        groups,
        settings["epochs"],
        settings["batch_size"],
        make_loss(corpus.slices),
        lambda groups: torch.optim.AdamW(list(groups), weight_decay=settings["weight_decay"]),
        sampler=repeat_objects(corpus, settings["object_repeats"]),
        average=settings["average"],
    )
    fit = Fit(run, corpus, network, inputs, plan)
    trained = fit.fit()
    both = predict(trained, inputs, corpus.held, run.device, lambda output: torch.cat(output, dim=1))
    return finish(
        run,
        NAME,
        VERSION,
        trained,
        corpus,
        both[:, :outputs],
        side=network.backbone.size,
        vector_length=FEATURES,
        settings=settings,
        network_settings={name: settings[name] for name in Shape.__dataclass_fields__},
        history=fit.history,
        train_features=predict(trained, inputs, corpus.train, run.device, lambda output: output[1]),
        held_features=both[:, outputs:],
    )


def make_inputs(kept: Mapping[int, Stack], below: list[int], smallest: int) -> Inputs:
    """Return the network's arguments: whole maps for evaluation, a random square of each for training."""
    last = kept[LAST - 1]
    whole = last.parts[0].shape[1]

    def inputs(rows: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        if generator is None:
            return last.take(rows), *(kept[stage].take(rows) for stage in below)
        side = int(generator.integers(min(smallest, whole), whole + 1))
        top, left = (int(value) for value in generator.integers(0, whole - side + 1, size=2))
        maps = []
        for stage in (LAST - 1, *below):
            step = STEPS[stage]
            maps.append(kept[stage].window(rows, top * step, left * step, (side - 1) * step + 1))
        return tuple(maps)

    return inputs


def make_loss(slices: Mapping[str, slice]) -> Loss:
    """Return asymmetric loss where targets are labels, binary cross-entropy where they are probabilities."""
    hard, soft = masked(asymmetric), masked(binary_cross_entropy)

    def loss(output: Tensor | tuple[Tensor, Tensor], targets: Tensor, mask: Tensor) -> Tensor:
        logits = output[0] if isinstance(output, tuple) else output
        parts = []
        for name, columns in slices.items():
            chosen = soft if name == TEACHER_HEAD else hard
            parts.append(chosen(logits[:, columns].float(), targets[:, columns], mask[:, columns]))
        return torch.stack(parts).sum()

    return loss


def repeat_objects(corpus: Corpus, times: int) -> Sampler:
    """Sample every picture once, those with true COCO labels `times` times."""
    kinds = np.repeat([part.kind for part in corpus.parts], [len(part.samples) for part in corpus.parts])

    def sample(generator: np.random.Generator, rows: Rows) -> Rows:
        return generator.permutation(np.repeat(rows, np.where(kinds[rows] == TEACHER_HEAD, times, 1)))

    return sample
