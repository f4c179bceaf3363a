"""The training recipe of everyday: ``imsearch train everyday --dataset ... --dataset ...``.

The frozen stages run once on every picture and its mirror image; the upper stages and the heads are then trained on
crops of those maps.  Each picture trains the heads it has labels for:

- corel5k, flickr8k: their own words, asymmetric loss;
- coco: the 80 objects where they are labelled; everywhere else the probabilities of a teacher (two detectors), as
  soft labels with binary cross-entropy;

A further head, used in training only, reproduces the untouched ImageNet classifier's output for each picture (learning
without forgetting, Li and Hoiem 2016), which keeps the tuned features from specializing on the few labels.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.checkpoint import load_model, read_checkpoint
from imsearch.plugins.everyday.corpus import Corpus, gather
from imsearch.plugins.everyday.files import WEIGHTS
from imsearch.plugins.everyday.finish import finish, judge_all, to_maps
from imsearch.plugins.everyday.network import FROZEN_STAGES, IMAGENET, EverydayNetwork
from imsearch.training.cache import picture_rows
from imsearch.training.features import cached_maps
from imsearch.training.identity import begin
from imsearch.training.losses import asymmetric, binary_cross_entropy, soft_cross_entropy
from imsearch.training.metrics import mean_average_precision
from imsearch.training.run import Epoch, Run, Setting, State, train_epochs

DEFAULTS: dict[str, Setting] = {
    "start": "imagenet",
    "epochs": 7.0,
    "batch_size": 32.0,
    "learning_rate": 3e-4,
    "head_learning_rate": 2e-3,
    "weight_decay": 0.02,
    "dropout": 0.3,
    "smallest_crop": 13.0,
    "average": 0.995,
    "imagenet_weight": 0.5,
    "tuned": 1.0,
    "photos_epochs": 12,
    "photos_least": 8,
    "photos_learning_rate": 2e-3,
}
"""start: ``imagenet`` tunes the upper stages anew; ``everyday`` keeps those of the shipped weights with their heads,
and trains only the head on both branches.  photos_least: minimum number of training pictures for a label of ``photos``.
`tuned` 0 leaves the backbone unchanged and trains linear heads only: the baseline to beat.
"""
STARTS = ("imagenet", "everyday")


def train(run: Run) -> Path:
    """Train, calibrate on the judged pictures, and write ``weights.safetensors`` into the run's folder."""
    settings = run.settings(DEFAULTS)
    if settings["start"] not in STARTS:
        raise ModelError(f"start wants one of {', '.join(STARTS)}, not {settings['start']!r}")
    torch.use_deterministic_algorithms(True, warn_only=True)
    run.seed_everything(0)
    corpus = gather(run, Lexicon.load())
    if settings["start"] == "everyday":
        begin(run.folder, run.identity, run.fresh)
        return finish(run, _shipped(corpus).to(run.device), corpus, settings, [])
    network = EverydayNetwork({name: len(labels) for name, labels in corpus.labels.items()}).to(run.device)
    views = [_maps(run, network, corpus.parts, mirror) for mirror in (False, True)]
    corpus.targets[IMAGENET] = _imagenet_opinion(run, network, corpus.files, views[0])
    trainer = _Trainer(run, network, corpus, views, settings)
    history = trainer.fit()
    return finish(run, trainer.averaged(), corpus, settings, history)


def _shipped(corpus: Corpus) -> EverydayNetwork:
    """Return the network of the shipped weights.

    Raises `ModelError` if its heads have other labels than the corpus.
    """
    checkpoint = read_checkpoint(WEIGHTS)
    for name, labels in corpus.labels.items():
        if checkpoint.heads[name].labels != labels:
            raise ModelError(f"The shipped weights know other labels of {name} than the lexicon; try start=imagenet")
    return load_model(WEIGHTS, checkpoint)[0]


def _maps(run: Run, network: EverydayNetwork, parts: Sequence[Sequence[Path]], mirror: bool) -> NDArray[np.float16]:
    """Return one view of all pictures, in memory: about 70 kB each."""
    run.reporter.stage("mirrored pictures" if mirror else "pictures", sum(map(len, parts)))
    return np.concatenate([
        cached_maps(files, network.backbone, FROZEN_STAGES, run.cache, mirror, run.reporter.advance) for files in parts
    ])  # fmt: skip


def _imagenet_opinion(
    run: Run, network: EverydayNetwork, files: Sequence[Path], maps: NDArray[np.float16]
) -> NDArray[np.float32]:
    """Return the untouched network's softmax over the 1,000 classes, for every picture."""
    run.reporter.stage("what ImageNet's classifier says", len(files))

    def compute(start: int, stop: int) -> NDArray[np.float16]:
        logits = judge_all(run, network, maps, np.arange(start, stop))[1][IMAGENET]
        return np.asarray(torch.softmax(torch.from_numpy(logits), dim=1).half().numpy())

    # As stored on disk, so that a resumed run gets the same numbers; batches as in `judge_all`.
    rows = picture_rows(run.cache, "imagenet", (FROZEN_STAGES,), files, compute, 64, run.reporter.advance)
    return rows.astype(np.float32)


class _Trainer:
    """The optimizer, its schedule and the averaged weights of one run."""

    def __init__(
        self,
        run: Run,
        network: EverydayNetwork,
        corpus: Corpus,
        views: Sequence[NDArray[np.float16]],
        settings: dict[str, Any],
    ) -> None:
        self.run, self.network, self.corpus, self.views, self.settings = run, network, corpus, views, settings
        self.rows = np.repeat(corpus.tuning, corpus.repeats[corpus.tuning])
        self.batch = int(settings["batch_size"])
        self.steps = max(len(self.rows) // self.batch, 1)
        trained = network.trained()
        upper = [value for name, value in trained.items() if not name.startswith("heads.")]
        self.opinion = copy.deepcopy(network.classifier)
        heads = [value for name, value in trained.items() if name.startswith("heads.")] + [*self.opinion.parameters()]
        tuned = settings["tuned"] > 0
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self.learned = [*(upper if tuned else ()), *heads]
        for parameter in self.learned:
            parameter.requires_grad_(True)
        rates = [settings["learning_rate"]] * tuned + [settings["head_learning_rate"]]
        groups = [{"params": upper}] * tuned + [{"params": heads}]
        self.optimizer = torch.optim.AdamW(groups, lr=rates[0], weight_decay=settings["weight_decay"])
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, rates, total_steps=self.steps * int(settings["epochs"]) + 1, pct_start=0.15, div_factor=10
        )
        self.average = torch.optim.swa_utils.AveragedModel(
            network,
            multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(settings["average"]),  # type: ignore[no-untyped-call]
        )

    def fit(self) -> list[Epoch]:
        """Run all epochs."""
        parts = {
            "network": self.network,
            "opinion": self.opinion,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "mean": self.average,
        }
        epochs = int(self.settings["epochs"])
        return train_epochs(self.run, State(parts), epochs, self._epoch, self.steps, self._judge)

    def averaged(self) -> EverydayNetwork:
        """Return the network with the averaged weights."""
        return copy.deepcopy(self.average.module).eval()  # type: ignore[return-value]

    def _epoch(self, generator: np.random.Generator) -> Iterator[Callable[[], Epoch]]:
        order = generator.permutation(self.rows)
        for rows in np.array_split(order, self.steps):
            view = self.views[int(generator.integers(len(self.views)))]
            side = view.shape[1]
            crop = int(generator.integers(min(int(self.settings["smallest_crop"]), side), side + 1))
            top, left = (int(value) for value in generator.integers(0, side - crop + 1, size=2))
            rows = np.sort(rows)  # neighbours on disk are read together
            maps = view[rows, top : top + crop, left : left + crop]
            yield lambda maps=maps, rows=rows: self._step(maps, rows)  # type: ignore[misc]

    def _step(self, maps: NDArray[np.float16], rows: NDArray[np.intp]) -> Epoch:
        features = self.network.tuned(to_maps(maps, self.run.device))
        features = nn.functional.dropout(features, self.settings["dropout"])
        losses = self.losses({**self.network.label(features), IMAGENET: self.opinion(features)}, rows)
        total = torch.stack(list(losses.values())).sum()
        self.optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.learned, 5.0)
        self.optimizer.step()
        self.schedule.step()
        self.average.update_parameters(self.network)
        return {"loss": total.item(), **{f"loss {name}": value.item() for name, value in losses.items()}}

    def losses(self, logits: dict[str, Tensor], rows: NDArray[np.intp]) -> dict[str, Tensor]:
        """Return each head's mean loss over the batch; pictures without labels for a head contribute nothing to it."""
        found = {}
        for name, values in logits.items():
            target = torch.from_numpy(self.corpus.targets[name][rows].astype(np.float32)).to(values.device)
            weight = torch.from_numpy(self.corpus.weights[name][rows]).to(values.device)
            if name == IMAGENET:
                each = soft_cross_entropy(values, target) * self.settings["imagenet_weight"]
            else:
                each = (binary_cross_entropy if name == "coco" else asymmetric)(values, target)
            found[name] = (each * weight).mean()
        return found

    def _judge(self) -> Epoch:
        """Return the mAP of each labelled head on the held-out pictures, with the averaged weights."""
        network = self.averaged()
        figures = {}
        for name, rows in self.corpus.held.items():
            logits = judge_all(self.run, network, self.views[0], rows)[1][name]
            figures[f"{name} mAP"] = mean_average_precision(self.corpus.targets[name][rows] >= 0.5, logits)
        return figures
