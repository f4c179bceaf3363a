"""The loop of epochs on a model small enough to train in a moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from imsearch.errors import ModelError
from imsearch.training.identity import keep
from imsearch.training.run import Epoch, Run, Setting, State, train_epochs


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
        other.train(1)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 cut short"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    line = Line(tmp_path)
    keep(tmp_path, line.run.identity)
    (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(ModelError, match=r"checkpoint.pt does not fit this recipe \([^\n]+\). Delete it"):
        line.train(1)


def test_a_run_goes_on_with_the_settings_it_was_begun_with(tmp_path: Path) -> None:
    Line(tmp_path).train(1)
    other = Line(tmp_path)
    other.run.options = {"rate": "2"}
    with pytest.raises(
        ModelError, match=r"begun with other settings \(options {}, now {'rate': '2'}; epochs 1, now 2\)"
    ):
        other.train(2)


@pytest.mark.parametrize(
    ("text", "value"), [("epochs=3", 3), ("rate=1e-3", 0.001), ("flip=no", False), ("order=rare", "rare")]
)
def test_settings_take_the_type_of_their_default(tmp_path: Path, text: str, value: object) -> None:
    name, _, said = text.partition("=")
    defaults: dict[str, Setting] = {"epochs": 5, "rate": 0.1, "flip": True, "order": "frequent"}
    assert Run(tmp_path, options={name: said}).settings(defaults) == {**defaults, name: value}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epoch": "3"}, "no setting 'epoch'; it has: epochs, rate, flip"),
        ({"epochs": "2.5"}, "epochs wants a whole number, not '2.5'"),
        ({"rate": "fast"}, "rate wants a number, not 'fast'"),
        ({"flip": "perhaps"}, "flip wants yes or no, not 'perhaps'"),
    ],
)
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Run(tmp_path, options=options).settings({"epochs": 5, "rate": 0.1, "flip": True})


def test_a_missing_dataset_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="--dataset coco:PATH"):
        Run(tmp_path).dataset("coco")
