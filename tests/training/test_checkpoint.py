"""Weights files: all of them comes back, and each way in which one cannot be used has its message."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.training.checkpoint import (
    Checkpoint,
    head_slices,
    load_weights,
    own_state,
    read_checkpoint,
    save_checkpoint,
    write_summary,
)

SAID = Checkpoint(
    model="tiny",
    version="2",
    heads={"corel5k": ("sea", "sky"), "coco": ("boat",)},
    tags=("sea", "sky", "sea"),
    network={"width": 4},
    preprocessing={"side": 32},
    calibration={"corel5k": (0.5, -1.0)},
    threshold=0.4,
    thresholds={"sky": 0.6},
    frequency=(0.25, 0.5, 0.125),
    recipe={"epochs": 3},
    data={"corel5k:set": 10},
    figures={"held back": {"mAP": 0.5}},
)


class Network(nn.Module):
    frozen = ("backbone.",)

    def __init__(self, outputs: int = 3) -> None:
        super().__init__()
        self.backbone = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)
        self.label = nn.Linear(4, outputs)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.label(self.norm(self.backbone(x)))
        return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "weights.safetensors", Network(), SAID, {"memory": torch.arange(3, dtype=torch.int8)})
    return tmp_path / "weights.safetensors"


def test_everything_comes_back(path: Path) -> None:
    assert read_checkpoint(path, "tiny", "2", hashlib.sha256(path.read_bytes()).hexdigest()) == SAID
    torch.manual_seed(0)
    before, after = Network(), Network()
    extra = load_weights(path, after)
    assert extra["memory"].tolist() == [0, 1, 2] and extra["memory"].dtype == torch.int8
    for name, value in own_state(before).items():
        assert torch.equal(own_state(after)[name], value.half() if value.is_floating_point() else value), name


def test_columns_of_each_head() -> None:
    assert SAID.outputs == 3
    assert SAID.slices == head_slices(SAID.heads) == {"corel5k": slice(0, 2), "coco": slice(2, 3)}


def test_what_comes_from_a_package_is_not_stored(path: Path) -> None:
    assert not any(name.startswith("backbone") for name in load_file(path))
    network = Network()
    untouched = network.backbone.weight.detach().clone()
    load_weights(path, network)
    assert network.backbone.weight.equal(untouched)


def test_floats_are_stored_in_half_where_they_fit(tmp_path: Path) -> None:
    network = Network()
    network.norm.running_var.fill_(1e6)  # type: ignore[union-attr]
    save_checkpoint(tmp_path / "w.safetensors", network, SAID)
    stored = load_file(tmp_path / "w.safetensors")
    assert stored["label.weight"].dtype == torch.float16
    assert stored["norm.running_var"].tolist() == [1e6] * 4
    other = Network()
    load_weights(tmp_path / "w.safetensors", other)
    assert other.norm.running_var.tolist() == [1e6] * 4  # type: ignore[union-attr]


def test_the_summary_can_be_read_without_torch(path: Path) -> None:
    summary = json.loads(write_summary(path, SAID, 4, 32).read_text())
    assert summary["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert summary["vocabulary"] == ["sea", "sky"]
    assert summary["heads"] == {"corel5k": 2, "coco": 1}
    told = {name: summary[name] for name in ("version", "threshold", "thresholds", "vector_length", "input_size")}
    assert told == {"version": "2", "threshold": 0.4, "thresholds": {"sky": 0.6}, "vector_length": 4, "input_size": 32}


@pytest.mark.parametrize(
    ("model", "version", "sha256", "message"),
    [
        ("other", "2", None, "is a checkpoint of tiny, not of other"),
        ("tiny", "3", None, "was written by version 2 of tiny, and this is version 3. Train it again"),
        ("tiny", "2", "0" * 64, "damaged or changed: their hash is not the expected one"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    path: Path, model: str, version: str, sha256: str | None, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        read_checkpoint(path, model, version, sha256)


def test_a_missing_file_is_told_as_missing(tmp_path: Path) -> None:
    for sha256 in (None, "0" * 64):
        with pytest.raises(ModelError, match=r"nowhere.safetensors are missing.*train tiny"):
            read_checkpoint(tmp_path / "nowhere.safetensors", "tiny", "2", sha256)


@pytest.mark.parametrize("content", [b"", b"nonsense and more nonsense", None])
def test_a_damaged_file_is_refused(path: Path, content: bytes | None) -> None:
    path.write_bytes(path.read_bytes()[:300] if content is None else content)
    with pytest.raises(ModelError, match="is not a checkpoint of tiny"):
        read_checkpoint(path, "tiny", "2")
    with pytest.raises(ModelError, match="do not fit their network"):
        load_weights(path, Network())


@pytest.mark.parametrize("header", [None, {}, {"imsearch": "{"}, {"imsearch": "[]"}, {"imsearch": '{"model": "tiny"}'}])
def test_tensors_of_another_program_are_refused(tmp_path: Path, header: dict[str, str] | None) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors", header)
    with pytest.raises(ModelError, match="is not a checkpoint of tiny"):
        read_checkpoint(tmp_path / "x.safetensors", "tiny", "2")


@pytest.mark.parametrize("wrong", [{"tags": ("sea",)}, {"calibration": {"voc": (1.0, 0.0)}}])
def test_a_header_that_contradicts_itself_is_refused(path: Path, wrong: dict[str, object]) -> None:
    said = asdict(SAID) | wrong
    save_file({"x": torch.zeros(1)}, path, {"imsearch": json.dumps(said)})
    with pytest.raises(ModelError, match="contradicts itself"):
        read_checkpoint(path, "tiny", "2")


def test_another_vocabulary_is_refused(path: Path) -> None:
    with pytest.raises(ModelError, match=r"network or vocabulary: label.weight is \(3, 4\), wanted \(5, 4\)"):
        load_weights(path, Network(outputs=5))


def test_missing_and_surplus_tensors_are_named(path: Path) -> None:
    tensors = load_file(path)
    weight = tensors.pop("label.weight")
    save_file(tensors, path)
    with pytest.raises(ModelError, match=r"label.weight is missing"):
        load_weights(path, Network())
    save_file({**tensors, "label.weight": weight, "more": weight.clone()}, path)
    with pytest.raises(ModelError, match="more is too much"):
        load_weights(path, Network())


def test_an_interrupted_save_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("imsearch.training.checkpoint.save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, Network(), replace(SAID, version="3"))
    assert path.read_bytes() == before
