"""The frozen convolutions: from a folder, and what is said when they cannot be had.  Nothing is downloaded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torchvision.models import VGG16_Weights, vgg16

from imsearch.errors import ModelError
from imsearch.system.weights_folder import FOLDER_VARIABLE
from imsearch.training.vgg16 import CHANNELS, FILE, _layers, load_vgg16_features, to_vgg_input


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """Generated weights, laid out as the real ones."""
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in vgg16(weights=None).features.state_dict().items()}
    random = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=random) / 50 for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def folder(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    save_file({name: value.half() for name, value in state.items()}, folder / FILE)
    return folder


def test_the_weights_of_a_folder_are_used_and_frozen(
    folder: Path, state: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    network = load_vgg16_features()
    assert all(torch.equal(value, state[name].half().float()) for name, value in network.state_dict().items())
    assert not network.training and not any(parameter.requires_grad for parameter in network.parameters())
    assert network(torch.zeros(1, 3, 64, 96)).shape == (1, CHANNELS, 2, 3)


def test_a_folder_without_the_file_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match=f"{tmp_path}.*{FILE}.*unset {FOLDER_VARIABLE}"):
        load_vgg16_features()


@pytest.mark.parametrize("keep", [0, 100, 1_000_000])
def test_a_file_that_was_cut_short_is_refused(
    keep: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / FILE).write_bytes((folder / FILE).read_bytes()[:keep])
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match="cannot be read"):
        load_vgg16_features()


@pytest.mark.parametrize("change", ["missing", "shape", "stranger"])
def test_a_file_with_other_layers_is_refused(
    change: str, state: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = dict(state)
    if change == "missing":
        del other["28.weight"]
    elif change == "shape":
        other["0.weight"] = torch.zeros(64, 1, 3, 3)
    else:
        other["classifier.0.bias"] = torch.zeros(3)
    save_file(other, tmp_path / FILE)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match=r"not the layers of VGG-16"):
        load_vgg16_features()


def test_without_a_folder_torchvision_is_asked(state: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def download(weights: object, **how: Any) -> dict[str, Tensor]:
        asked.append(weights)
        rest = {"classifier.0.bias": torch.zeros(3)}
        return {f"features.{name}": value for name, value in state.items()} | rest

    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(VGG16_Weights, "get_state_dict", download)
    network = load_vgg16_features()
    assert asked == [VGG16_Weights.IMAGENET1K_FEATURES]
    assert torch.equal(network.state_dict()["0.bias"], state["0.bias"])


def test_no_network_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(weights: object, **how: Any) -> None:
        raise URLError("no route to host")

    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(VGG16_Weights, "get_state_dict", fail)
    with pytest.raises(ModelError, match=f"no route to host.*{FOLDER_VARIABLE}"):
        load_vgg16_features()


def test_the_input_is_the_one_torchvision_makes_for_these_weights() -> None:
    pixels = torch.randint(0, 256, (2, 224, 224, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    theirs = VGG16_Weights.IMAGENET1K_FEATURES.transforms(crop_size=224, resize_size=224)
    expected = theirs(pixels.permute(0, 3, 1, 2))
    assert torch.allclose(to_vgg_input(pixels, torch.device("cpu")), expected, atol=1e-3)


def test_the_layers_are_those_of_torchvision() -> None:
    with torch.device("meta"):
        theirs = vgg16(weights=None).features
    assert repr(_layers()) == repr(theirs)


def test_without_torchvision_it_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(ModelError, match=f"downloaded by torchvision.*{FOLDER_VARIABLE}"):
        load_vgg16_features()
