"""The loop of epochs on a model small enough to train in a moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from imsearch.errors import ModelError
from imsearch.training.run import Epoch, Run, State, train_epochs


class Line:
    """Fits y = 2x with noisy steps drawn from the epoch's generator."""

    def __init__(self, folder: Path, stop_in_epoch: int | None = None) -> None:
        self.model = torch.nn.Linear(1, 1)
        torch.nn.init.zeros_(self.model.weight)
        torch.nn.init.zeros_(self.model.bias)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.1)
        self.run = Run(folder, seed=3)
        self.epoch, self.stop_in_epoch = 0, stop_in_epoch

    def steps(self, generator: np.random.Generator) -> Iterator[Callable[[], Epoch]]:
        self.epoch += 1
        for number in range(5):
            if self.epoch == self.stop_in_epoch and number == 3:
                raise KeyboardInterrupt
            x = torch.from_numpy(generator.random((8, 1), dtype=np.float32))
            yield lambda x=x: self.step(x)  # type: ignore[misc]

    def step(self, x: torch.Tensor) -> Epoch:
        loss = (self.model(x) - 2 * x).square().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.item()}

    def train(self, epochs: int) -> list[Epoch]:
        state = State({"model": self.model, "optimizer": self.optimizer})
        return train_epochs(self.run, state, epochs, self.steps, 5, lambda: {"slope": self.model.weight.item()})


def test_the_loss_falls_and_history_and_plots_are_kept(tmp_path: Path) -> None:
    history = Line(tmp_path).train(6)
    assert len(history) == 6
    assert history[-1]["loss"] < history[0]["loss"] / 4
    assert json.loads((tmp_path / "history.json").read_text()) == history
    assert (tmp_path / "loss.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "scores.png").exists()


def test_a_run_stopped_in_an_epoch_ends_like_one_that_was_not(tmp_path: Path) -> None:
    whole = Line(tmp_path / "whole")
    whole.run.folder.mkdir()
    expected = whole.train(4)
    (tmp_path / "stopped").mkdir()
    with pytest.raises(KeyboardInterrupt):
        Line(tmp_path / "stopped", stop_in_epoch=3).train(4)
    again = Line(tmp_path / "stopped")
    assert again.train(4) == expected
    assert again.model.weight.item() == whole.model.weight.item()


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    Line(tmp_path).train(1)
    other = Line(tmp_path)
    other.model = torch.nn.Linear(2, 1)
    other.optimizer = torch.optim.Adam(other.model.parameters())
    with pytest.raises(ModelError, match="does not fit this recipe"):
        other.train(2)


def test_a_missing_dataset_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="--dataset coco:PATH"):
        Run(tmp_path).dataset("coco")
