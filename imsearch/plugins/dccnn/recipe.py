"""The training recipe of dccnn: ``imsearch train dccnn --dataset ... --dataset ...``.

The two channels are trained one after the other, from random weights, each with its own sampler, optimizer and
checkpoint: CNN0 on all pictures, CNN1 on those with a low-frequency word.  ``--set teacher=everyday`` is a recipe of
our own: the words are that annotator's tags, and the targets its probabilities.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from imsearch.errors import ModelError
from imsearch.plugins.dccnn.annotator import DccnnAnnotator
from imsearch.plugins.dccnn.frequency import low_rows, low_words
from imsearch.plugins.dccnn.network import Branch, DccnnNetwork
from imsearch.plugins.dccnn.pixels import Changes, Views
from imsearch.training.corpus import Corpus, gather
from imsearch.training.finish import finish
from imsearch.training.fit import Fit, Plan, one_cycle, predict
from imsearch.training.identity import begin
from imsearch.training.losses import asymmetric, binary_cross_entropy, masked
from imsearch.training.plots import plot_history
from imsearch.training.run import Epoch, Run, Setting
from imsearch.training.samplers import equalized, shuffled
from imsearch.training.teacher import HEAD, Teacher, taught

DEFAULTS: dict[str, Setting] = {
    "teacher": "",
    "least_shown": 40,
    "epochs": 30,
    "epochs_cnn1": 30,
    "batch_size": 8,
    "optimizer": "sgd",
    "learning_rate": 0.001,
    "momentum": 0.9,
    "weight_decay": 0.0,
    "schedule": "cosine",
    "side": 224,
    "crop": 210,
    "scale": 0.6,
    "mirror": True,
    "colour": 0.2,
    "width": 512,
    "dropout": 0.5,
    "norm": False,
    "channels": 2,
    "fusion": "none",
    "loss": "bce",
    "average": 0.995,
    "half": False,
}
"""`crop` is the network's input, from pictures squashed to `side`; 210 is the least with maps as large as at 224.

least_shown: with a teacher, the minimum number of training pictures that must show a tag for it to be learned.
half: train in bfloat16, which is faster on processors with instructions for it.
"""
TAUGHT: dict[str, Setting] = {
    **DEFAULTS,
    "epochs": 34,
    "epochs_cnn1": 4,
    "batch_size": 64,
    "optimizer": "adamw",
    "learning_rate": 0.003,
    "weight_decay": 0.05,
    "schedule": "one-cycle",
    "dropout": 0.1,
    "norm": True,
}
"""The defaults with a teacher."""
NAMES = ("cnn0", "cnn1")
LOSSES = {"bce": binary_cross_entropy, "asymmetric": asymmetric}
_NETWORK = ("width", "dropout", "channels", "fusion", "norm")


def train(run: Run) -> Path:
    """Train, calibrate on the held-out pictures, and write ``weights.safetensors`` into the run's folder."""
    settings = run.settings(TAUGHT if run.options.get("teacher") else DEFAULTS)
    corpus = gather(run)
    if settings["teacher"]:
        corpus = taught(run, _teacher(run, settings["teacher"]), corpus, settings["least_shown"])
    channels = prepare(run, corpus, settings)
    history = channels.fit()
    logits = predict(channels.network, channels.views, corpus.held, run.device)
    return finish(
        run,
        DccnnAnnotator.model,
        DccnnAnnotator.version,
        channels.network,
        corpus,
        logits,
        side=settings["side"],
        vector_length=settings["width"],
        settings=settings,
        network_settings=_network_settings(settings),
        history=history,
        tags=corpus.heads[HEAD] if settings["teacher"] else None,
    )


@dataclass
class Channels:
    """A network with random weights and everything to train its channels, one by one."""

    run: Run
    corpus: Corpus
    network: DccnnNetwork
    views: Views
    plans: Mapping[int, Plan]
    half: bool = False

    def branch(self, number: int) -> Fit:
        """Return the training of channel `number`, in a folder of its own; its source of features is trained first."""
        run = replace(self.run, folder=self.run.folder / NAMES[number])
        run.folder.mkdir(parents=True, exist_ok=True)
        return Fit(run, self.corpus, Branch(self.network, number, self.half), self.views, self.plans[number])

    def fit(self) -> list[Epoch]:
        """Train all channels, which leaves the network with the final weights; return CNN0's history."""
        begin(self.run.folder, self.run.identity, self.run.fresh)
        histories: dict[int, list[Epoch]] = {}
        for number in self.network.order:
            self.run.reporter.note(f"{NAMES[number].upper()}:")
            fit = self.branch(number)
            self.take(number, fit.fit())
            histories[number] = fit.history
        (self.run.folder / "history.json").write_text(json.dumps(histories[0], indent=1))
        plot_history(histories[0], self.run.folder)
        self.network.eval()
        return histories[0]

    def take(self, number: int, learned: nn.Module) -> None:
        """Copy the result of training channel `number` into the network."""
        assert isinstance(learned, Branch)
        self.network.channels[number].load_state_dict(learned.channel.state_dict())


def prepare(run: Run, corpus: Corpus, settings: Mapping[str, Any], steps: int | None = None) -> Channels:
    """Return a network with random weights and the plans of its channels; `steps` per epoch, None for one pass."""
    for name, known in (("loss", LOSSES), ("optimizer", _OPTIMIZERS), ("schedule", _SCHEDULES)):
        if settings[name] not in known:
            raise ModelError(f"The setting {name} is one of {', '.join(known)}, not {settings[name]!r}")
    if settings["crop"] > settings["side"]:
        raise ModelError(f"A crop of {settings['crop']} pixels does not fit pictures of {settings['side']}")
    if settings["norm"] and settings["batch_size"] < 2:
        raise ModelError("Normalizing (norm) needs batches of at least 2 pictures: set another batch_size")
    changes = Changes(settings["crop"], settings["scale"], settings["mirror"], settings["colour"])
    run.seed_everything(0)
    network = DccnnNetwork(corpus.targets.shape[1], **_network_settings(settings), frequency=corpus.frequency)
    if settings["channels"] == 2:
        low_rows(corpus)  # fails before CNN0 trains for hours if CNN1 would have no data
    views = Views(run, corpus, settings["side"], changes)
    plans = {number: _plan(network, number, corpus, settings, steps) for number in network.order}
    return Channels(run, corpus, network, views, plans, settings["half"])


def _plan(network: DccnnNetwork, number: int, corpus: Corpus, settings: Mapping[str, Any], steps: int | None) -> Plan:
    channel = network.channels[number]
    # No weight decay for biases and normalization.
    groups = [
        {"params": [p for p in channel.parameters() if p.ndim > 1], "weight_decay": settings["weight_decay"]},
        {"params": [p for p in channel.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    return Plan(
        [{**group, "lr": settings["learning_rate"]} for group in groups],
        settings["epochs_cnn1" if number else "epochs"],
        settings["batch_size"],
        masked(LOSSES[settings["loss"]]),
        optimizer=lambda groups: _OPTIMIZERS[settings["optimizer"]](list(groups), settings["momentum"]),
        schedule=_SCHEDULES[settings["schedule"]],
        sampler=equalized(corpus.targets, low_words(corpus)) if number else shuffled,
        average=settings["average"],
        steps=steps,
    )


def _teacher(run: Run, name: str) -> Teacher:
    from imsearch.plugins.manager import make_manager

    return Teacher.named(name, make_manager().offered(), str(run.device))


def _network_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"side": settings["crop"], **{name: settings[name] for name in _NETWORK}}


def _sgd(groups: list[dict[str, Any]], momentum: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(groups, momentum=momentum)


def _adamw(groups: list[dict[str, Any]], momentum: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups, betas=(momentum, 0.999))


def _constant(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """The paper names one learning rate."""
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)


def _cosine(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)


_OPTIMIZERS = {"sgd": _sgd, "adamw": _adamw}
_SCHEDULES = {"constant": _constant, "cosine": _cosine, "one-cycle": one_cycle}
