"""The training recipe: ``imsearch train cnn-rnn --dataset corel5k:PATH --dataset flickr8k:PATH``.

The backbone is initialized from everyday's.  If it is tuned further (``epochs`` above 0), the frozen stages run once on
every picture and its mirror image, and the upper stages, the linear head (asymmetric loss) and the decoders
(cross-entropy of each next label) are trained together on random crops of those maps.  Then the linear head and the
decoders are trained on the fixed features of whole pictures.  Last, a logistic regression on held-out
pictures determines the weights of the linear head and the decoders in each head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.errors import ModelError
from imsearch.plugins.cnn_rnn.annotator import NAME, VERSION
from imsearch.plugins.cnn_rnn.features import whole_features
from imsearch.plugins.cnn_rnn.further import learn_further, make_plan
from imsearch.plugins.cnn_rnn.head import Shape
from imsearch.plugins.cnn_rnn.network import FROZEN_STAGES, STARTS, CnnRnnNetwork
from imsearch.plugins.cnn_rnn.sequences import RANDOM, check_order, priorities, to_sequences
from imsearch.training.corpus import Corpus, gather
from imsearch.training.features import cached_maps
from imsearch.training.finish import finish
from imsearch.training.fit import Fit, Inputs, Rows
from imsearch.training.fusion import Rule, fit_rule
from imsearch.training.run import Epoch, Run, Setting

DEFAULTS: dict[str, Setting] = {
    "epochs": 0,
    "further_epochs": 10,
    "batch_size": 32,
    "learning_rate": 5e-5,
    "head_learning_rate": 1e-3,
    "linear_learning_rate": 3e-4,
    "weight_decay": 0.02,
    "smallest_crop": 11,
    "average": 0.995,
    "order": "learned",
    "both": True,
    "semantic": True,
    "hidden": 128,
    "embedding": 128,
    "dropout": 0.3,
    "beams": 3,
    "layers": "head",
    "sequence_weight": 1.0,
    "memory": True,
    "start": "everyday",
}
"""epochs: in which the upper stages are tuned.  further_epochs: of the linear head and decoders, on fixed features.
learning_rate: of the upper stages; linear_learning_rate: of a linear head initialized from everyday's;
head_learning_rate: of all new layers.  order: of `sequences.ORDERS`.  both: a decoder for each direction.  semantic:
the decoders get the linear head's logits.  memory: the training pictures are remembered.  layers: those pooled,
of `network.LAYERS`.  smallest_crop: of the maps' side of 17.  start: the source of the initial upper stages and label
weights, everyday's, or ImageNet's, which need some epochs of tuning.
"""

HELD_ONE_IN = {"coco": 4}
"""Held out as by everyday: a start from its weights would otherwise be evaluated on pictures they were trained on."""


def train(run: Run) -> Path:
    """Train, fuse and calibrate on the held-out pictures, and write the weights into the run's folder."""
    settings = run.settings(DEFAULTS)
    check_order(settings["order"])
    if settings["start"] not in STARTS:
        raise ModelError(f"The setting start wants one of {', '.join(STARTS)}, not {settings['start']!r}")
    if settings["epochs"] + settings["further_epochs"] < 1:
        raise ModelError("Nothing would be learned: epochs and further_epochs are both 0")
    torch.use_deterministic_algorithms(True, warn_only=True)
    run.seed_everything(0)
    corpus = gather(run, HELD_ONE_IN)
    network = CnnRnnNetwork(corpus.heads, _shape(corpus, settings), settings["layers"])
    if settings["start"] == "everyday":
        network.start_from_everyday(corpus.heads)
    history: list[Epoch] = []
    if settings["epochs"]:
        network, history = _tune(run, network, corpus, settings)
    features = whole_features(run, network, corpus, settings["epochs"] == 0)
    if settings["further_epochs"]:
        sequences = sequence_source(corpus, settings["order"])
        network.head, further = learn_further(run, corpus, network.head, features, sequences, settings)
        history = [*history, *further]
    return write(run, network, corpus, features, settings, history)


def _tune(
    run: Run, network: CnnRnnNetwork, corpus: Corpus, settings: dict[str, Any]
) -> tuple[CnnRnnNetwork, list[Epoch]]:
    """Return the network with its upper stages tuned on crops of the frozen stages' maps, and the epochs' metrics."""
    views = [_maps(run, network, corpus, mirror) for mirror in (False, True)]
    inputs = make_inputs(corpus, views, settings["order"], settings["smallest_crop"])
    groups = [
        {"params": network.upper(), "lr": settings["learning_rate"]},
        {"params": list(network.head.parameters()), "lr": settings["head_learning_rate"]},
    ]
    plan = make_plan(groups, settings["epochs"], settings)
    fit = Fit(run, corpus, network, inputs, plan)
    trained = fit.fit()
    assert isinstance(trained, CnnRnnNetwork)
    return trained, fit.history


def _shape(corpus: Corpus, settings: dict[str, object]) -> Shape:
    """Return the head's shape: from the settings of the same names, and the most labels of a training picture."""
    counts = (corpus.targets[corpus.train] >= 0.5) & (corpus.mask[corpus.train] > 0)
    longest = {name: max(int(counts[:, columns].sum(axis=1).max()), 1) for name, columns in corpus.slices.items()}
    names = [field.name for field in fields(Shape) if field.name in settings]
    return Shape(longest, **{name: settings[name] for name in names})  # type: ignore[arg-type]


def _maps(run: Run, network: CnnRnnNetwork, corpus: Corpus, mirror: bool) -> list[NDArray[np.float16]]:
    """Return one view of all pictures: the memory-mapped outputs of the frozen stages, dataset by dataset."""
    run.reporter.stage("mirrored pictures" if mirror else "pictures", len(corpus.files))
    network.to(run.device)
    return [
        cached_maps(
            [sample.file for sample in part.samples],
            network.backbone,
            FROZEN_STAGES,
            run.cache,
            mirror,
            run.reporter.advance,
        )
        for part in corpus.parts
    ]


def sequence_source(corpus: Corpus, order: str) -> Callable[[Rows, np.random.Generator], tuple[Tensor, Tensor]]:
    """Return a function from rows to their label sequences ``(N, longest)`` and the indices of their heads ``(N,)``."""
    labels = tuple(label for several in corpus.heads.values() for label in several)
    priority = priorities(order, corpus.frequency, labels)
    positive = (corpus.targets >= 0.5) & (corpus.mask > 0)
    known = np.stack([corpus.mask[:, columns].max(axis=1) for columns in corpus.slices.values()], axis=1)

    def source(rows: Rows, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        drawn = generator if order == RANDOM else None
        return to_sequences(positive[rows], priority, drawn), torch.from_numpy(known[rows].argmax(axis=1))

    return source


def make_inputs(corpus: Corpus, views: Sequence[Sequence[NDArray[np.float16]]], order: str, smallest: int) -> Inputs:
    """Return the inputs: whole maps to evaluate; to train, random squares of random views, sequences and heads."""
    sequences = sequence_source(corpus, order)
    starts = np.cumsum([0, *(len(part.samples) for part in corpus.parts)])

    def take(view: Sequence[NDArray[np.float16]], rows: Rows, top: int, left: int, side: int) -> Tensor:
        found = np.empty((len(rows), side, side, view[0].shape[3]), dtype=np.float16)
        for part, first, beyond in zip(view, starts[:-1], starts[1:], strict=True):
            places = np.flatnonzero((rows >= first) & (rows < beyond))
            found[places] = part[rows[places] - first, top : top + side, left : left + side]
        return torch.from_numpy(found).float().permute(0, 3, 1, 2)

    def inputs(rows: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        whole = views[0][0].shape[1]
        if generator is None:
            return (take(views[0], rows, 0, 0, whole),)
        view = views[int(generator.integers(len(views)))]
        side = int(generator.integers(min(smallest, whole), whole + 1))
        top, left = (int(value) for value in generator.integers(0, whole - side + 1, size=2))
        return take(view, rows, top, left, side), *sequences(rows, generator)

    return inputs


def fit_rules(corpus: Corpus, linear: NDArray[np.float32], told: NDArray[np.float32]) -> dict[str, Rule]:
    """Return the weights of the linear head and the decoders, by logistic regression on the held-out pictures."""
    rules = {}
    for name, columns in corpus.slices.items():
        places, truth = corpus.judged(name, corpus.held)
        pairs = np.stack([each[places][:, columns].ravel() for each in (linear, told)], axis=1).astype(np.float64)
        known = corpus.known(name, corpus.held[places]).ravel().astype(np.float64)
        rules[name] = fit_rule(pairs, truth.ravel(), known, Rule((0.5, 0.5), 0.0))
    return rules


def write(
    run: Run,
    network: CnnRnnNetwork,
    corpus: Corpus,
    features: NDArray[np.float32],
    settings: dict[str, Any],
    history: Sequence[Epoch],
) -> Path:
    """Fit the rules, remember the training pictures if that pays, and write weights, summary and report.

    features: ``(pictures, width)`` of whole pictures.
    """
    linear, told = judge(network, features[corpus.held], run.device)
    network.rules = fit_rules(corpus, linear, told)
    for name, rule in network.rules.items():
        run.reporter.note(f"{name}: logit = {rule.weights[0]} linear {rule.weights[1]:+} decoders {rule.offset:+}")
    logits = network.fused(torch.from_numpy(linear), torch.from_numpy(told)).numpy()
    vectors = features[:, -network.vector_length :]
    return finish(
        run,
        NAME,
        VERSION,
        network,
        corpus,
        logits,
        side=network.backbone.size,
        vector_length=network.vector_length,
        settings=settings,
        network_settings=network.settings,
        history=history,
        train_features=vectors[corpus.train] if settings["memory"] else None,
        held_features=vectors[corpus.held] if settings["memory"] else None,
    )


def judge(
    network: CnnRnnNetwork, features: NDArray[np.float32], device: torch.device
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the logits of the linear head and of the decoders for these pictures: ``(N, outputs)`` each."""
    head = network.head.to(device).eval()
    parts = []
    for start in range(0, len(features), 64):
        with torch.inference_mode():
            found = head(torch.from_numpy(features[start : start + 64]).to(device))
        parts.append([each.float().cpu().numpy() for each in found])
    linear, told = (np.concatenate(each) for each in zip(*parts, strict=True))
    return linear, told
