"""The trainer that the recipes of multi-label networks share.

A recipe says what a network eats (`inputs`), what its loss is and how long it learns; this file does the rest:
batches, half precision, schedule, averaged weights, judging on held-back pictures, and going on after a stop.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.errors import DatasetError, ModelError
from imsearch.training.corpus import Corpus
from imsearch.training.device import autocast, half_precision
from imsearch.training.losses import asymmetric, masked
from imsearch.training.metrics import FIVE, five_words, mean_average_precision, micro_scores
from imsearch.training.probabilities import sigmoid
from imsearch.training.run import Epoch, Run, State, train_epochs
from imsearch.training.samplers import Sampler, shuffled

Rows = NDArray[np.intp]
Inputs = Callable[[Rows, "np.random.Generator | None"], tuple[Tensor, ...]]
"""From rows to the network's arguments, on any device; with a generator augmented, without one as in use."""
Loss = Callable[[Any, Tensor, Tensor], Tensor]
"""From the network's output, targets and mask, both ``(N, columns)``, to a scalar."""


@dataclass
class Plan:
    """The training plan of a network.

    groups: parameter groups for the optimizer, each with its ``lr``; what is in none of them is not trained.
    optimizer: builds it from the groups.  schedule: builds it from the optimizer and the number of all steps; it is
    advanced after each step.  average: decay of the moving average of the weights, which is what is judged and kept;
    0 keeps the last weights.  logits: from the network's output to logits ``(N, columns)`` (default: the output, or
    its first member).  steps: of an epoch; None for one showing of what the sampler gives.  held_loss: tell the loss on
    held-back pictures too; the loss must then take what the network gives in evaluation mode.  threshold: tell
    micro-averaged precision, recall and F1 of probabilities from here on, instead of those of five words.
    """

    groups: Sequence[dict[str, Any]]
    epochs: int
    batch_size: int = 32
    loss: Loss = field(default_factory=lambda: masked(asymmetric))
    optimizer: Callable[[Sequence[dict[str, Any]]], torch.optim.Optimizer] = lambda groups: torch.optim.AdamW(
        list(groups), weight_decay=0.02
    )
    schedule: Callable[[torch.optim.Optimizer, int], torch.optim.lr_scheduler.LRScheduler] | None = None
    sampler: Sampler = shuffled
    average: float = 0.0
    clip: float = 5.0
    steps: int | None = None
    logits: Callable[[Any], Tensor] = lambda output: output[0] if isinstance(output, tuple) else output
    held_loss: bool = False
    threshold: float | None = None


def one_cycle(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """Warm up over 15 % of the steps to each group's rate, then anneal (Smith and Topin 2019)."""
    rates = [group["lr"] for group in optimizer.param_groups]
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=steps + 1, pct_start=0.15, div_factor=10)


class Fit:
    """One training of `network` on `corpus`; the same seed and settings give the same weights on the same device."""

    def __init__(self, run: Run, corpus: Corpus, network: nn.Module, inputs: Inputs, plan: Plan) -> None:
        if plan.epochs < 1 or plan.batch_size < 1:
            raise ModelError(
                f"A training needs at least 1 epoch of batches of 1, not {plan.epochs} of {plan.batch_size}"
            )
        self.run, self.corpus, self.inputs, self.plan = run, corpus, inputs, plan
        self.network = network.to(run.device)
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self.learned = [parameter for group in plan.groups for parameter in group["params"]]
        for parameter in self.learned:
            parameter.requires_grad_(True)
        probe = plan.sampler(np.random.default_rng(0), corpus.train)
        if not len(probe):
            raise DatasetError(
                "No picture is left to learn from: none of the dataset has the labels this network wants"
            )
        self.steps = plan.steps or max(len(probe) // plan.batch_size, 1)
        self.optimizer = plan.optimizer(plan.groups)
        self.schedule = (plan.schedule or one_cycle)(self.optimizer, self.steps * plan.epochs)
        # float16 needs its small gradients scaled up; bfloat16 and float32 do not.
        self.scaler = torch.amp.GradScaler(run.device.type, enabled=half_precision(run.device) is torch.float16)
        decay = torch.optim.swa_utils.get_ema_multi_avg_fn(plan.average)  # type: ignore[no-untyped-call]
        self.mean = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=decay) if plan.average else None
        self.history: list[Epoch] = []

    def fit(self, watch: Callable[[int], Epoch] | None = None) -> nn.Module:
        """All epochs, from the last checkpoint where there is one; the trained network, in evaluation mode.

        `watch` is called with the number of finished steps after each epoch and may return further figures.
        """
        parts: dict[str, Any] = {"network": self.network, "optimizer": self.optimizer, "schedule": self.schedule}
        parts["scaler"] = self.scaler
        if self.mean is not None:
            parts["mean"] = self.mean

        def judge() -> Epoch:
            figures = self.judge()
            if watch is not None:
                figures |= watch(int(self.schedule.last_epoch))
            return figures

        self.history = train_epochs(self.run, State(parts), self.plan.epochs, self._epoch, self.steps, judge)
        return self.trained()

    def trained(self) -> nn.Module:
        """A copy of the network with the weights to keep, in evaluation mode."""
        chosen: nn.Module = self.network if self.mean is None else self.mean.module
        return copy.deepcopy(chosen).eval()

    def _epoch(self, generator: np.random.Generator) -> Iterator[Callable[[], Epoch]]:
        order = self.plan.sampler(generator, self.corpus.train)
        while len(order) < self.steps * self.plan.batch_size:
            order = np.concatenate([order, self.plan.sampler(generator, self.corpus.train)])
        self.network.train()
        for step in range(self.steps):
            size = self.plan.batch_size
            rows = np.sort(order[step * size : (step + 1) * size])  # neighbours on disk are read together
            yield lambda rows=rows: self._step(rows, generator)  # type: ignore[misc]

    def _step(self, rows: Rows, generator: np.random.Generator) -> Epoch:
        device = self.run.device
        inputs = tuple(each.to(device) for each in self.inputs(rows, generator))
        targets, mask = self._known(rows)
        with autocast(device):
            output = self.network(*inputs)
        loss = self.plan.loss(output, targets, mask)
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.scaler.unscale_(self.optimizer)
        if self.plan.clip:
            nn.utils.clip_grad_norm_(self.learned, self.plan.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.schedule.step()
        if self.mean is not None:
            self.mean.update_parameters(self.network)
        return {"loss": loss.item()}

    def _known(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Targets and mask of these rows."""
        targets, mask = self.corpus.targets[rows], self.corpus.mask[rows]
        return torch.from_numpy(targets).to(self.run.device), torch.from_numpy(mask).to(self.run.device)

    def judge(self) -> Epoch:
        """Of each head on the held-back pictures: mAP, and the other figures that the plan asks for.

        Without a threshold, precision, recall and F1 of five words; not of heads with so few labels that five say
        nothing.  With one, precision, recall and F1 over all labels of all heads together.
        """
        parts, losses = [], []

        def keep(rows: Rows, output: Any) -> None:
            parts.append(self.plan.logits(output).float().cpu().numpy())
            if self.plan.held_loss:
                losses.append(self.plan.loss(output, *self._known(rows)).item() * len(rows))

        _show(self.trained(), self.inputs, self.corpus.held, self.run.device, keep)
        logits = np.concatenate(parts)
        figures = {"loss held": sum(losses) / len(logits)} if losses else {}
        pairs = []
        for name, columns in self.corpus.slices.items():
            places, truth = self.corpus.judged(name, self.corpus.held)
            if truth.any():
                known = self.corpus.known(name, self.corpus.held[places])
                scores = self.corpus.asked(name, self.corpus.held[places], logits[places][:, columns])
                pairs.append((truth[known], scores[known]))
                figures[f"{name} mAP"] = mean_average_precision(truth, scores)
                if self.plan.threshold is None and truth.shape[1] > FIVE:
                    five = five_words(truth, scores)
                    figures |= {f"{name} P": five.precision, f"{name} R": five.recall, f"{name} F1": five.f1}
        if self.plan.threshold is not None and pairs:
            truth, scores = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
            micro = micro_scores(truth, sigmoid(scores) >= self.plan.threshold)
            figures |= dict(zip(("micro P", "micro R", "micro F1"), micro, strict=True))
        return figures


def predict(
    network: nn.Module,
    inputs: Inputs,
    rows: Rows,
    device: torch.device,
    logits: Callable[[Any], Tensor] = lambda output: output[0] if isinstance(output, tuple) else output,
    batch_size: int = 64,
) -> NDArray[np.float32]:
    """Logits ``(rows, columns)`` of these rows as they are, without augmentation, in evaluation mode."""
    parts: list[NDArray[np.float32]] = []

    def keep(_: Rows, output: Any) -> None:
        parts.append(logits(output).float().cpu().numpy())

    _show(network, inputs, rows, device, keep, batch_size)
    return np.concatenate(parts)


def _show(
    network: nn.Module,
    inputs: Inputs,
    rows: Rows,
    device: torch.device,
    keep: Callable[[Rows, Any], None],
    batch_size: int = 64,
) -> None:
    """Hands `keep` the rows of each batch and what the network gives for them as they are, in evaluation mode."""
    network = network.to(device).eval()
    for start in range(0, len(rows), batch_size):
        some = rows[start : start + batch_size]
        chosen = tuple(each.to(device) for each in inputs(some, None))
        with torch.inference_mode(), autocast(device):
            keep(some, network(*chosen))
