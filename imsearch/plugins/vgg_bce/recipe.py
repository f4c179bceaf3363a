"""Recipe of vgg-bce's weights: ``imsearch train vgg-bce --dataset corel5k:PATH --dataset flickr8k:PATH``.

The convolutions run once over every picture and, for each augmented view, once more over those to learn from.  The
linear layer then learns from the pooled maps; in every epoch each picture is shown in one of its views, drawn by lot.
The heads of several datasets are trained one after another, each as if it were the only one (`apart`), and believed
as far as a picture is like those of their own dataset (`kinds`).
With ``--set frozen=no`` the whole network learns instead, from the pixels, as in the article's script (`whole`).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.vgg_bce.apart import fit_apart
from imsearch.plugins.vgg_bce.kinds import fit_far, fit_kinds, kinds_of, near
from imsearch.plugins.vgg_bce.network import MODEL, POOLINGS, VERSION, VggBce, pooled
from imsearch.plugins.vgg_bce.views import PLAIN, SIDE, cached_view
from imsearch.plugins.vgg_bce.whole import pixel_inputs, some_pooled
from imsearch.training.corpus import Corpus, gather, tag_names
from imsearch.training.finish import finish
from imsearch.training.fit import Fit, Inputs, Loss, Plan, predict
from imsearch.training.identity import begin
from imsearch.training.losses import asymmetric, binary_cross_entropy, focal, masked
from imsearch.training.run import Epoch, Run, Setting
from imsearch.training.vgg16 import load_vgg16_features

DEFAULTS: dict[str, Setting] = {
    "epochs": 20,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "step_size": 8,
    "gamma": 0.3,
    "weight_decay": 0.0,
    "views": 1,
    "pooling": "root",
    "loss": "bce",
    "threshold": 0.5,
    "frozen": True,
    "backbone_learning_rate": 1e-5,
    "half": False,
}
"""step_size: in epochs.  views: the augmented ones besides the plain one.  threshold: of the precision, recall and F1
of each epoch.  frozen: no trains the convolutions too, with the learning rate backbone_learning_rate.  half: bfloat16
for the frozen convolutions, faster where a processor has it; their maps then differ a little."""
LOSSES = ("bce", "weighted", "focal", "asl")
_MOST_WEIGHT = 30.0
_CHUNK = 256


def train(run: Run) -> Path:
    """Trains, calibrates on the held-back pictures, and writes ``weights.safetensors`` into the run's folder."""
    settings = run.settings(DEFAULTS)
    check(settings)
    corpus = gather(run)
    far: dict[str, float] = {}
    network: nn.Module
    if settings["frozen"] and len(corpus.heads) > 1:
        network, history, logits, far = _train_apart(run, corpus, settings)
    else:
        views = pooled_views(run, corpus, settings) if settings["frozen"] else None
        fit = whole_fit(run, corpus, settings) if views is None else make_fit(run, corpus, views, settings)
        network, history = fit.fit(), fit.history
        logits = predict(network, fit.inputs, corpus.held, run.device)
    return finish(
        run,
        MODEL,
        VERSION,
        network,
        corpus,
        logits,
        side=SIDE,
        vector_length=POOLINGS[settings["pooling"]],
        settings=settings,
        network_settings={
            "pooling": settings["pooling"],
            **({} if settings["frozen"] else {"tuned": True}),
            **({"far": far} if far else {}),
        },
        history=history,
    )


def _train_apart(
    run: Run, corpus: Corpus, settings: dict[str, Any]
) -> tuple[VggBce, list[Epoch], NDArray[np.float32], dict[str, float]]:
    """The heads of several datasets, what they told of each epoch, their logits of the held-back pictures, and what
    is added to each head's on pictures of other kinds.
    """
    begin(run.folder, run.identity, run.fresh)
    views = pooled_views(run, corpus, settings)
    network, history = fit_apart(run, corpus, views, DEFAULTS, partial(make_fit, settings=settings))
    logits = predict(network.to(run.device), make_inputs(views), corpus.held, run.device)
    tags = tag_names(corpus.heads, Lexicon.load())
    far = fit_far(corpus, tags, near(corpus, logits))
    for head, offset in far.items():
        run.reporter.note(f"{head} on other kinds of pictures: logit {offset:+}")
    rows, kinds = kinds_of(corpus)
    network.cpu().kinds = fit_kinds(network.scaled(torch.from_numpy(views[PLAIN, rows])), kinds)
    return network, history, logits, far


def check(settings: dict[str, Any]) -> None:
    """Raises `ModelError` for settings that make no sense, before any picture is read."""
    for name, known in (("pooling", tuple(POOLINGS)), ("loss", LOSSES)):
        if settings[name] not in known:
            raise ModelError(f"The setting {name} is one of {', '.join(known)}, not {settings[name]!r}")
    for name, least in (("epochs", 1), ("batch_size", 1), ("step_size", 1), ("views", 0), ("weight_decay", 0)):
        if settings[name] < least:
            raise ModelError(f"The setting {name} is at least {least}, not {settings[name]}")
    if not 0 < settings["threshold"] < 1:
        raise ModelError(f"The setting threshold is between 0 and 1, not {settings['threshold']}")


def pooled_views(run: Run, corpus: Corpus, settings: dict[str, Any]) -> NDArray[np.float32]:
    """``(1 + views, rows, width)``: the plain view of all pictures, the augmented ones of those to learn from."""
    views, pooling = settings["views"], settings["pooling"]
    features = load_vgg16_features().to(run.device)
    found = np.zeros((1 + views, len(corpus.targets), POOLINGS[pooling]), dtype=np.float32)
    start = 0
    for part in corpus.parts:
        rows = np.arange(start, start + len(part.samples))
        start += len(rows)
        for view in range(1 + views):
            chosen = rows if view == PLAIN else np.intersect1d(rows, corpus.train)
            files = [part.samples[row - rows[0]].file for row in chosen]
            title = "pictures" if view == PLAIN else f"augmented pictures {view}"
            run.reporter.stage(f"{title} of {part.folder.name}", len(files))
            maps = cached_view(files, features, view, run.cache, run.device, run.reporter.advance, settings["half"])
            found[view, chosen] = _pool(maps, pooling)
    return found


def _pool(maps: NDArray[np.float16], pooling: str) -> NDArray[np.float32]:
    """Maps ``(N, H, W, 512)`` as they are on disk, pooled chunk by chunk."""
    chunks = (torch.from_numpy(maps[i : i + _CHUNK].astype(np.float32)) for i in range(0, len(maps), _CHUNK))
    return np.concatenate([pooled(chunk.permute(0, 3, 1, 2), pooling).numpy() for chunk in chunks])


def make_fit(run: Run, corpus: Corpus, views: NDArray[np.float32], settings: dict[str, Any]) -> Fit:
    """The training of the linear layer on what the frozen convolutions say."""
    run.seed_everything(0)
    network = VggBce(settings["pooling"], corpus.targets.shape[1])
    network.begin(views[PLAIN, corpus.train], corpus.frequency)
    groups = [{"params": list(network.parameters()), "lr": settings["learning_rate"]}]
    return Fit(run, corpus, network, make_inputs(views), make_plan(corpus, groups, settings))


def whole_fit(run: Run, corpus: Corpus, settings: dict[str, Any]) -> Fit:
    """The training of all layers, from the pixels."""
    run.seed_everything(0)
    network = VggBce(settings["pooling"], corpus.targets.shape[1], load_vgg16_features(), tuned=True)
    inputs = pixel_inputs(corpus)
    network.to(run.device)
    network.begin(some_pooled(network, corpus, inputs, run.device), corpus.frequency)
    assert network.features is not None
    groups = [
        {"params": list(network.features.parameters()), "lr": settings["backbone_learning_rate"]},
        {"params": list(network.linear.parameters()), "lr": settings["learning_rate"]},
    ]
    return Fit(run, corpus, network, inputs, make_plan(corpus, groups, settings))


def make_plan(corpus: Corpus, groups: list[dict[str, Any]], settings: dict[str, Any]) -> Plan:
    """Adam with weight decay, and learning rates that fall by steps."""
    epochs, every, gamma = settings["epochs"], settings["step_size"], settings["gamma"]
    return Plan(
        groups,
        epochs,
        settings["batch_size"],
        loss=make_loss(settings["loss"], corpus),
        optimizer=lambda groups: torch.optim.Adam(list(groups), weight_decay=settings["weight_decay"]),
        schedule=lambda optimizer, steps: torch.optim.lr_scheduler.StepLR(optimizer, every * steps // epochs, gamma),
        clip=0.0,
        held_loss=True,
        threshold=settings["threshold"],
    )


def make_inputs(views: NDArray[np.float32]) -> Inputs:
    """In training one of a picture's views, drawn by lot; otherwise the plain one."""

    def inputs(rows: NDArray[np.intp], generator: np.random.Generator | None) -> tuple[Tensor]:
        view = PLAIN if generator is None else generator.integers(len(views), size=len(rows))
        return (torch.from_numpy(views[view, rows]),)

    return inputs


def make_loss(name: str, corpus: Corpus) -> Loss:
    """One of `LOSSES`."""
    if name == "weighted":
        return _weighted(corpus.frequency)
    return masked({"bce": binary_cross_entropy, "focal": focal, "asl": asymmetric}[name])


def _weighted(frequency: NDArray[np.float32]) -> Loss:
    """BCE in which a label's positives count as often as would balance them with its negatives, but with a limit.

    Without one, a label of a single picture would count 4,000 times there.
    """
    weight = np.clip((1 - frequency) / np.maximum(frequency, 1e-6), 1, _MOST_WEIGHT)
    positive = torch.from_numpy(weight.astype(np.float32))

    def loss(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        each = nn.functional.binary_cross_entropy_with_logits(
            logits, targets, reduction="none", pos_weight=positive.to(logits.device)
        )
        return (each * mask).sum() / len(logits)

    return loss
