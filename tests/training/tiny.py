"""A corpus and a network small enough to check by hand; no picture is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from imsearch.training.corpus import Corpus
from imsearch.training.data.datasets import Dataset, Sample
from imsearch.training.fit import Inputs, Rows
from imsearch.training.run import Silent

FEATURES = 4
WORDS = ("blue", "green", "red")


def dataset(rows: Sequence[tuple[str, Sequence[str], str]], kind: str = "jsonl", folder: str = "set") -> Dataset:
    """Of file names, labels and splits; the files need not be there."""
    samples = tuple(Sample(Path(folder) / name, tuple(labels), split) for name, labels, split in rows)
    return Dataset(kind, Path(folder), samples, tuple(sorted({label for _, labels, _ in rows for label in labels})))


def random_features(count: int = 48) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(5).normal(size=(count, FEATURES)).astype(np.float32)


def corpus(count: int = 48) -> Corpus:
    """One head "jsonl" whose word i is true where feature i is positive; every fourth row is held back."""
    targets = (random_features(count)[:, : len(WORDS)] > 0).astype(np.float32)
    rows = [
        (f"{row}.png", [w for w, true in zip(WORDS, targets[row], strict=True) if true], "train")
        for row in range(count)
    ]
    held = np.arange(count) % 4 == 3
    mask = np.ones_like(targets)
    return Corpus(
        [dataset(rows)], {"jsonl": WORDS}, targets, mask, np.flatnonzero(~held), np.flatnonzero(held)
    )  # fmt: skip


def noisy_inputs(count: int = 48) -> Inputs:
    """The features, with noise from the generator where there is one."""
    features = random_features(count)

    def inputs(rows: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        noise = 0 if generator is None else generator.normal(0, 0.1, (len(rows), FEATURES))
        return (torch.from_numpy((features[rows] + noise).astype(np.float32)),)

    return inputs


class Layers(nn.Module):
    """A lower and an upper layer with dropout between, so that every kind of chance is in play."""

    def __init__(self, outputs: int = len(WORDS)) -> None:
        super().__init__()
        self.lower = nn.Linear(FEATURES, 8)
        self.norm = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.2)
        self.upper = nn.Linear(8, outputs)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.upper(self.drop(torch.relu(self.norm(self.lower(x)))))
        return found


class StopAtStep(Silent):
    """Interrupts a run after this many steps, as Ctrl-C would."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def advance(self, steps: int, **figures: float) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


class Notes(Silent):
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def weights(network: nn.Module) -> dict[str, bytes]:
    """The bytes of every parameter and buffer, to compare two networks."""
    return {name: value.cpu().numpy().tobytes() for name, value in network.state_dict().items()}
