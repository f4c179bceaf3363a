"""One training run: its folder, seed and device, what it reports, and how it goes on after a stop."""

from __future__ import annotations

import json
import math
import pickle
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from imsearch.errors import ModelError
from imsearch.training.data.datasets import Dataset
from imsearch.training.identity import begin, describe, refuse_other
from imsearch.training.plots import plot_history

Epoch = dict[str, float]
Setting = float | int | str | bool
PLOT_SECONDS = 5.0
"""Plots are drawn no more often than this, and at the end: an epoch on kept features takes less time than its plots."""
_UNREADABLE = (OSError, EOFError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, pickle.UnpicklingError)
"""Exceptions of torch for files that are damaged or hold something else."""
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Reporter(Protocol):
    """Hears how a run goes; the command line shows it."""

    def stage(self, title: str, total: int) -> None:
        """A new stage of `total` steps begins."""

    def advance(self, steps: int, **figures: float) -> None:
        """Steps of the stage are done; `figures` are the newest ones, such as the loss."""

    def note(self, text: str) -> None:
        """A line worth keeping on the screen."""


class Silent:
    """A reporter for tests and scripts."""

    def stage(self, title: str, total: int) -> None: ...

    def advance(self, steps: int, **figures: float) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass
class Run:
    """The input of a recipe.

    The samples of `datasets` are put in the order of their paths.
    `options` are the recipe's own settings by name, from ``--set NAME=VALUE``.  `shared` is a folder for what other
    runs can use too, from ``--cache``.  `recipe` and `version` say whose run it is, and `fresh` that it does not go on
    with what is in its folder, from ``--fresh``.  `effective` holds the settings once `settings` was asked for them.
    """

    folder: Path
    datasets: Sequence[Dataset] = ()
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    seed: int = 0
    options: Mapping[str, str] = field(default_factory=dict)
    reporter: Reporter = field(default_factory=Silent)
    shared: Path | None = None
    recipe: str = ""
    version: str = ""
    fresh: bool = False
    effective: dict[str, Setting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Chance is drawn by row: the same lines in another order are the same run.
        self.datasets = tuple(dataset.in_order() for dataset in self.datasets)

    @cached_property
    def data(self) -> list[dict[str, Any]]:
        """The contents of the datasets at the first access, as in ``run.json``."""
        return [describe(dataset) for dataset in self.datasets]

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides what the run learns; see `imsearch.training.identity`."""
        return {
            "recipe": self.recipe,
            "version": self.version,
            "seed": self.seed,
            "settings": dict(self.effective),
            "datasets": self.data,
        }

    @property
    def cache(self) -> Path:
        """The folder for the outputs of frozen layers."""
        return self.shared or self.folder / "maps"

    def settings(self, defaults: Mapping[str, Setting]) -> dict[str, Any]:
        """The recipe's `defaults`, changed by `options`, each of its default's type.

        Raises `ModelError` for a setting that does not exist or is of another type, and when the folder holds a run
        that was begun otherwise.
        """
        found: dict[str, Any] = dict(defaults)
        for name, text in self.options.items():
            if name not in defaults:
                raise ModelError(f"This recipe has no setting {name!r}; it has: {', '.join(defaults)}")
            wanted = type(defaults[name])
            try:
                found[name] = _YES_NO[text.lower()] if wanted is bool else wanted(text)
            except (ValueError, KeyError) as error:
                kinds = {int: "a whole number", float: "a number", bool: "yes or no"}
                raise ModelError(f"The setting {name} wants {kinds[wanted]}, not {text!r}") from error
        self.effective.update(found)
        if not self.fresh:
            refuse_other(self.folder, self.identity)
        return found

    def dataset(self, kind: str) -> Dataset:
        """The dataset of this kind.  Raises `ModelError` when the call named none."""
        for dataset in self.datasets:
            if dataset.kind == kind:
                return dataset
        raise ModelError(f"This recipe needs a dataset of kind {kind}: add --dataset {kind}:PATH")

    def seed_everything(self, *more: int) -> np.random.Generator:
        """Seeds torch and Python, and returns a NumPy generator; the same for the same seed and `more`."""
        sequence = np.random.SeedSequence((self.seed, *more))
        number = int(sequence.generate_state(1)[0])
        torch.manual_seed(number)
        random.seed(number)
        return np.random.default_rng(sequence)


@dataclass
class State:
    """Everything that changes while training: modules, optimizer, schedule, average weights."""

    parts: dict[str, Any]

    def save(self, path: Path, done: int, history: Sequence[Epoch], begun: Mapping[str, Any] | None = None) -> None:
        """Writes a checkpoint that is either whole or not there; `begun` is what a later load has to begin with."""
        state = {name: part.state_dict() for name, part in self.parts.items()}
        partial = path.with_suffix(".partial")
        torch.save({"done": done, "history": list(history), "state": state, "begun": dict(begun or {})}, partial)
        partial.replace(path)

    def load(self, path: Path, begun: Mapping[str, Any] | None = None) -> tuple[int, list[Epoch]]:
        """Restores a checkpoint; the number of epochs done and their figures.

        Raises `ModelError` when it is damaged, of another recipe, or of a run that was begun otherwise.
        """
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
            before = {**(begun or {}), **saved.get("begun", {})}
            done, history = int(saved["done"]), list(saved["history"])
            if not (changed := [name for name, value in (begun or {}).items() if before[name] != value]):
                for name, part in self.parts.items():
                    part.load_state_dict(saved["state"][name])
        except _UNREADABLE as error:
            # torch's own words about damaged files advise to open them without care.
            why = "it is damaged" if isinstance(error, pickle.UnpicklingError | EOFError) else error
            message = f"The checkpoint {path} does not fit this recipe ({why}). Delete it to start afresh."
            raise ModelError(message) from error
        if changed:
            told = "; ".join(f"{name} {before[name]}, now {(begun or {})[name]}" for name in changed)
            raise ModelError(
                f"The run in {path.parent} was begun with other settings ({told}). Go on with the same ones, or start "
                f"afresh in another folder (--output), or delete {path.name}."
            )
        return done, history


def train_epochs(
    run: Run,
    state: State,
    epochs: int,
    steps_of: Callable[[np.random.Generator], Iterable[Callable[[], Epoch]]],
    steps: int,
    judge: Callable[[], Epoch],
) -> list[Epoch]:
    """Trains for `epochs`, from the last checkpoint of `run.folder` where there is one.

    Raises `ModelError` when that is of a run on other pictures, labels or splits, or with other settings.

    `steps_of` yields the `steps` steps of an epoch, each a call that updates the weights and returns its figures;
    `judge` measures on held-back data after each epoch.  Every epoch draws from a generator of its own, so that a run
    that was stopped ends like one that was not.
    """
    checkpoint = run.folder / "checkpoint.pt"
    begin(run.folder, run.identity, run.fresh)
    begun = {"seed": run.seed, "options": dict(run.effective or run.options), "epochs": epochs, "steps": steps}
    done, history = state.load(checkpoint, begun) if checkpoint.exists() else (0, [])
    if done:
        run.reporter.note(f"Going on after epoch {done} of {epochs}")
    drawn = -math.inf
    for epoch in range(done, epochs):
        generator = run.seed_everything(epoch + 1)
        run.reporter.stage(f"epoch {epoch + 1}/{epochs}", steps)
        sums: dict[str, float] = {}
        for count, step in enumerate(steps_of(generator), 1):
            for name, value in step().items():
                sums[name] = sums.get(name, 0.0) + value
            run.reporter.advance(1, **{name: value / count for name, value in sums.items()})
        figures = {name: value / steps for name, value in sums.items()} | judge()
        history.append(figures)
        state.save(checkpoint, epoch + 1, history, begun)
        (run.folder / "history.json").write_text(json.dumps(history, indent=1))
        if epoch + 1 == epochs or time.monotonic() - drawn >= PLOT_SECONDS:
            plot_history(history, run.folder)
            drawn = time.monotonic()
        run.reporter.note(f"epoch {epoch + 1}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items()))
    return history
