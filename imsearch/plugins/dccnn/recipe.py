"""How the weights of dccnn are made: ``imsearch train dccnn --dataset ... --dataset ...``.

Both channels learn at once, from random weights: of each batch, CNN0 learns from all pictures and CNN1 from those
with a low-frequency word.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from imsearch.errors import ModelError
from imsearch.plugins.dccnn.annotator import DccnnAnnotator
from imsearch.plugins.dccnn.frequency import low_rows
from imsearch.plugins.dccnn.network import DccnnNetwork, Output
from imsearch.plugins.dccnn.pixels import Views
from imsearch.training.corpus import Corpus, gather
from imsearch.training.finish import finish
from imsearch.training.fit import Fit, Loss, Plan, predict
from imsearch.training.losses import asymmetric, binary_cross_entropy, masked
from imsearch.training.run import Run, Setting

DEFAULTS: dict[str, Setting] = {
    "epochs": 5,
    "batch_size": 8,
    "learning_rate": 0.001,
    "momentum": 0.9,
    "side": 224,
    "crop": 210,
    "mirror": True,
    "width": 512,
    "dropout": 0.5,
    "channels": 2,
    "fusion": True,
    "loss": "bce",
    "average": 0.995,
}
"""`crop` is what the network sees of pictures squashed to `side`; 210 is the least with maps as large as at 224."""

LOSSES = {"bce": binary_cross_entropy, "asymmetric": asymmetric}
_NETWORK = ("width", "dropout", "channels", "fusion")


def train(run: Run) -> Path:
    """Trains, calibrates on the held-back pictures, and writes ``weights.safetensors`` into the run's folder."""
    settings = run.settings(DEFAULTS)
    corpus = gather(run)
    fit = prepare(run, corpus, settings)
    network = fit.fit()
    logits = predict(network, fit.inputs, corpus.held, run.device)
    return finish(
        run,
        DccnnAnnotator.model,
        DccnnAnnotator.version,
        network,
        corpus,
        logits,
        side=settings["side"],
        vector_length=settings["width"],
        settings=settings,
        network_settings=_network_settings(settings),
        history=fit.history,
    )


def prepare(run: Run, corpus: Corpus, settings: Mapping[str, Any], steps: int | None = None) -> Fit:
    """A network of random weights and everything to train it; `steps` of an epoch, None for each picture once."""
    if settings["loss"] not in LOSSES:
        raise ModelError(f"The setting loss is one of {', '.join(LOSSES)}, not {settings['loss']!r}")
    if settings["crop"] > settings["side"]:
        raise ModelError(f"A crop of {settings['crop']} pixels does not fit pictures of {settings['side']}")
    run.seed_everything(0)
    outputs = corpus.targets.shape[1]
    network = DccnnNetwork(outputs, **_network_settings(settings), frequency=corpus.frequency)
    learns = low_rows(corpus) if settings["channels"] == 2 else None
    views = Views(run, corpus, settings["side"], settings["crop"], settings["mirror"], learns)
    plan = Plan(
        [{"params": list(network.parameters()), "lr": settings["learning_rate"]}],
        settings["epochs"],
        settings["batch_size"],
        dual_loss(masked(LOSSES[settings["loss"]])),
        optimizer=lambda groups: torch.optim.SGD(list(groups), momentum=settings["momentum"]),
        schedule=_constant,
        average=settings["average"],
        steps=steps,
    )
    return Fit(run, corpus, network, views, plan)


def dual_loss(loss: Loss) -> Loss:
    """The sum of both channels' losses, each a mean over the pictures that the channel learns from."""

    def total(output: Output, targets: Tensor, mask: Tensor) -> Tensor:
        found = loss(output.first.float(), targets, mask)
        if output.second is not None and output.learns is not None and len(output.second):
            found = found + loss(output.second.float(), targets[output.learns], mask[output.learns])
        return found

    return total


def _network_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"side": settings["crop"], **{name: settings[name] for name in _NETWORK}}


def _constant(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """The paper names one learning rate."""
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
