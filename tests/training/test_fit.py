"""The trainer: it learns, resumes to the bit, and changes nothing that it was not given."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from imsearch.errors import DatasetError, ModelError
from imsearch.training import device, fit
from imsearch.training.fit import Fit, Plan, one_cycle, predict
from imsearch.training.losses import asymmetric, binary_cross_entropy, masked
from imsearch.training.run import Epoch, Reporter, Run, Silent
from imsearch.training.samplers import only
from tests.training.tiny import FEATURES, Layers, StopAtStep, corpus, noisy_inputs, weights

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take longer than the training."""
    monkeypatch.setattr("imsearch.training.run.plot_history", lambda history, folder: None)


def sgd(groups: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(list(groups))


def constant(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)


def new_network(run: Run, outputs: int = 3) -> Layers:
    run.seed_everything(0)
    return Layers(outputs)


def new_fit(
    folder: Path,
    epochs: int = 4,
    *,
    seed: int = 0,
    where: torch.device = CPU,
    reporter: Reporter | None = None,
    network: nn.Module | None = None,
    **plan: Any,
) -> Fit:
    folder.mkdir(exist_ok=True)
    run = Run(folder, device=where, seed=seed, reporter=reporter or Silent())
    network = network or new_network(run)
    plan = {"batch_size": 6, "average": 0.9, "groups": [{"params": list(network.parameters()), "lr": 0.02}], **plan}
    return Fit(run, corpus(), network, noisy_inputs(), Plan(epochs=epochs, **plan))


def test_the_loss_falls_and_what_is_held_back_is_judged(tmp_path: Path) -> None:
    trainer = new_fit(tmp_path, 12)
    network = trainer.fit()
    assert trainer.history[-1]["loss"] < 0.5 * trainer.history[0]["loss"]
    assert trainer.history[-1]["jsonl mAP"] > 0.95 > trainer.history[0]["jsonl mAP"]
    assert trainer.history[-1].keys() == {"loss", "jsonl mAP"}, "five words say nothing of four labels"
    assert json.loads((tmp_path / "history.json").read_text()) == trainer.history
    assert not network.training


def test_the_figures_are_of_what_is_kept(tmp_path: Path) -> None:
    trainer = new_fit(tmp_path, 2, held_loss=True)
    network = trainer.fit()
    held = trainer.corpus.held
    logits = predict(network, noisy_inputs(), held, CPU, batch_size=5)
    truth = torch.from_numpy(trainer.corpus.targets[held])
    expected = masked(asymmetric)(torch.from_numpy(logits), truth, torch.ones_like(truth)).item()
    assert trainer.history[-1]["loss held"] == pytest.approx(expected, rel=1e-5)


# 36 rows to learn from make 6 steps an epoch: in the first epoch, in the middle of the third, and right after one.
@pytest.mark.parametrize("steps", [2, 15, 18, 19])
@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_stopped_run_ends_with_the_same_bits(tmp_path: Path, steps: int, average: float) -> None:
    whole = new_fit(tmp_path / "whole", average=average)
    expected = weights(whole.fit())
    with pytest.raises(KeyboardInterrupt):
        new_fit(tmp_path / "stopped", average=average, reporter=StopAtStep(steps)).fit()
    again = new_fit(tmp_path / "stopped", average=average)
    assert weights(again.fit()) == expected
    assert again.history == whole.history


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(tmp_path: Path) -> None:
    first, second, third = (weights(new_fit(tmp_path / str(n), seed=n // 2).fit()) for n in range(3))
    assert first == second != third


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    expected = weights(new_fit(tmp_path).fit())
    assert weights(new_fit(tmp_path, reporter=StopAtStep(1)).fit()) == expected


def test_a_run_goes_on_only_as_it_was_begun(tmp_path: Path) -> None:
    new_fit(tmp_path, 2).fit()
    with pytest.raises(ModelError, match=r"begun with other settings \(epochs 2, now 3\).*--output"):
        new_fit(tmp_path, 3).fit()
    with pytest.raises(ModelError, match=r"\(seed 0, now 1\)"):
        new_fit(tmp_path, 2, seed=1).fit()
    with pytest.raises(ModelError, match=r"\(steps 6, now 9\)"):
        new_fit(tmp_path, 2, batch_size=4).fit()


def test_only_the_groups_are_trained(tmp_path: Path) -> None:
    network = new_network(Run(tmp_path))
    before = weights(network)
    trainer = new_fit(tmp_path, 2, network=network, groups=[{"params": [network.upper.weight], "lr": 0.1}])
    after = weights(trainer.fit())
    changed = {name for name in before if before[name] != after[name]}
    # The normalization's running figures are no parameters: they follow what the network sees.
    assert changed == {"upper.weight", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"}
    assert [name for name, value in network.named_parameters() if value.requires_grad] == ["upper.weight"]


def test_an_output_that_no_picture_teaches_stays_as_it_was(tmp_path: Path) -> None:
    network = new_network(Run(tmp_path))
    before = network.upper.weight.detach().clone()
    trainer = new_fit(tmp_path, 2, network=network, average=0.0, optimizer=sgd)
    trainer.corpus.mask[:, 1] = 0
    trainer.fit()
    same = (network.upper.weight.detach() == before).all(dim=1)
    assert same.tolist() == [False, True, False]


def test_one_step_by_hand(tmp_path: Path) -> None:
    network = nn.Linear(FEATURES, 3)
    nn.init.zeros_(network.weight)
    nn.init.zeros_(network.bias)
    group = {"params": list(network.parameters()), "lr": 0.5}
    plan: dict[str, Any] = {"groups": [group], "optimizer": sgd, "schedule": constant, "average": 0.0, "clip": 0.0}
    trainer = new_fit(tmp_path, 1, network=network, batch_size=36, loss=masked(binary_cross_entropy), **plan)
    trained = trainer.fit()
    # At probability one half the gradient of the bias is the mean of 1/2 - target.
    expected = -0.5 * (0.5 - trainer.corpus.targets[trainer.corpus.train]).mean(axis=0)
    assert trained.get_parameter("bias").tolist() == pytest.approx(
        expected.tolist(), rel=4e-3
    )  # in half precision where that is fast
    assert trainer.history[0]["loss"] == pytest.approx(3 * np.log(2))


def test_the_average_of_the_weights_by_hand(tmp_path: Path) -> None:
    trainer = new_fit(tmp_path, 3, average=0.75, steps=1)
    seen: list[Tensor] = []

    def watch(steps: int) -> Epoch:
        seen.append(trainer.network.get_parameter("upper.bias").detach().clone())
        return {"steps": steps}

    kept = trainer.fit(watch).get_parameter("upper.bias")
    expected = 0.75 * (0.75 * seen[0] + 0.25 * seen[1]) + 0.25 * seen[2]
    assert kept.tolist() == pytest.approx(expected.tolist(), rel=1e-5)
    assert [epoch["steps"] for epoch in trainer.history] == [1, 2, 3]


def test_an_averaged_network_normalizes_by_the_newest_figures(tmp_path: Path) -> None:
    trainer = new_fit(tmp_path, 1)
    kept = trainer.fit()
    assert kept.get_buffer("norm.running_mean").equal(trainer.network.get_buffer("norm.running_mean"))


def test_gradients_are_clipped(tmp_path: Path) -> None:
    network = nn.Linear(FEATURES, 3)
    before = torch.cat([value.detach().flatten() for value in network.parameters()])
    group = {"params": list(network.parameters()), "lr": 1.0}
    plan: dict[str, Any] = {"groups": [group], "optimizer": sgd, "schedule": constant, "average": 0.0, "clip": 0.01}
    trained = new_fit(tmp_path, 1, network=network, steps=1, **plan).fit()
    after = torch.cat([value.detach().flatten() for value in trained.parameters()])
    assert torch.linalg.vector_norm(after - before).item() == pytest.approx(0.01, rel=1e-3)


def test_one_cycle_warms_up_and_anneals_each_group() -> None:
    layers = Layers()
    groups: list[dict[str, Any]] = [
        {"params": [layers.lower.weight], "lr": 0.1},
        {"params": [layers.upper.weight], "lr": 0.4},
    ]
    optimizer = torch.optim.SGD(groups)
    schedule = one_cycle(optimizer, 40)
    rates = [schedule.get_last_lr()]
    for _ in range(40):
        optimizer.step()
        schedule.step()
        rates.append(schedule.get_last_lr())
    assert rates[0] == pytest.approx([0.01, 0.04])
    assert max(rate[0] for rate in rates) == pytest.approx(0.1, rel=0.02)
    assert rates[-1][1] < 1e-4 < rates[20][1] < 0.4


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="No picture is left to learn from"):
        new_fit(tmp_path, sampler=only(np.array([3])))


@pytest.mark.parametrize(("epochs", "size"), [(0, 6), (3, 0)])
def test_a_training_of_nothing_is_refused(tmp_path: Path, epochs: int, size: int) -> None:
    with pytest.raises(ModelError, match=f"at least 1 epoch of batches of 1, not {epochs} of {size}"):
        new_fit(tmp_path, epochs, batch_size=size)


def test_too_few_pictures_for_a_batch_are_shown_again(tmp_path: Path) -> None:
    trainer = new_fit(tmp_path, 1, batch_size=100)
    assert trainer.steps == 1
    trainer.fit()


def test_predictions_do_not_depend_on_the_batch(tmp_path: Path) -> None:
    network = new_network(Run(tmp_path))
    rows = np.arange(20)
    whole = predict(network, noisy_inputs(), rows, CPU)
    assert whole.shape == (20, 3) and whole.dtype == np.float32
    parts = predict(network, noisy_inputs(), rows, CPU, batch_size=7)
    assert np.allclose(whole, parts, atol=1e-6)


def in_half_precision(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype) -> None:
    for module in (device, fit):
        monkeypatch.setattr(module, "half_precision", lambda where: dtype)


def test_half_precision_on_the_processor_learns_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_half_precision(monkeypatch, torch.bfloat16)
    trainer = new_fit(tmp_path, 12)
    assert not trainer.scaler.is_enabled()
    trainer.fit()
    assert trainer.history[-1]["jsonl mAP"] > 0.95


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_on_cuda_learns_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    in_half_precision(monkeypatch, dtype)
    cuda = torch.device("cuda")
    whole = new_fit(tmp_path / "whole", 12, where=cuda)
    assert whole.scaler.is_enabled() == (dtype is torch.float16)
    expected = whole.fit()
    assert whole.history[-1]["jsonl mAP"] > 0.95
    with pytest.raises(KeyboardInterrupt):
        new_fit(tmp_path / "stopped", 12, where=cuda, reporter=StopAtStep(45)).fit()
    again = new_fit(tmp_path / "stopped", 12, where=cuda).fit()
    for name, value in expected.state_dict().items():
        assert torch.allclose(value.float(), again.state_dict()[name].float(), atol=1e-4), name


def test_the_corpus_is_left_as_it_was(tmp_path: Path) -> None:
    trainer = new_fit(tmp_path, 1)
    before = replace(trainer.corpus, targets=trainer.corpus.targets.copy(), mask=trainer.corpus.mask.copy())
    trainer.fit()
    assert (trainer.corpus.targets == before.targets).all() and (trainer.corpus.mask == before.mask).all()
