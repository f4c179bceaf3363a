"""OpenVINO gives what PyTorch gives, its conversions are kept, and PyTorch steps in where it fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.training import openvino_model
from imsearch.training.probabilities import Floats
from imsearch.training.runtime import Runtime

pytestmark = pytest.mark.skipif(not openvino_model.is_installed(), reason="the extra cpu is not installed")

CPU = torch.device("cpu")
BATCH = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)


class Small(nn.Module):
    """Two outputs of a convolution, from pixels."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.conv = nn.Conv2d(3, 8, 3, stride=2)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.conv(pixels.permute(0, 3, 1, 2).float() / 255).relu()
        return maps.mean(dim=(2, 3)), maps


class Sorting(Small):
    """Has an operation that OpenVINO does not know."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        pooled, maps = super().forward(pixels)
        return torch.special.i1(pooled), maps


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of conversions, empty; the setting is ``auto``."""
    monkeypatch.setattr(openvino_model, "_folder", lambda: tmp_path)
    monkeypatch.setenv("IMSEARCH_CPU_RUNTIME", "auto")
    yield tmp_path


def by_torch(network: nn.Module, batch: NDArray[np.uint8] = BATCH) -> list[Floats]:
    with torch.inference_mode():
        return [each.numpy() for each in network(torch.from_numpy(batch))]


def assert_equal(found: list[Floats], expected: list[Floats]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_any_number_of_pictures_gives_what_pytorch_gives() -> None:
    network = Small()
    run = Runtime(network, CPU, "small")
    for count in (3, 1, 5):
        assert_equal(run(BATCH[:count]), by_torch(network, BATCH[:count]))
    assert not run.is_torch


def test_a_conversion_is_kept_and_replaced_when_the_weights_change(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Runtime(Small(), CPU, "small")(BATCH)
    (first,) = kept.glob("*.xml")
    other = Small(seed=1)
    assert_equal(Runtime(other, CPU, "small")(BATCH), by_torch(other))
    (second,) = kept.glob("*.xml")
    assert first != second
    assert sorted(each.suffix for each in kept.iterdir()) == [".bin", ".xml"]
    monkeypatch.setattr(openvino_model, "_converted", lambda *arguments: pytest.fail("converted again"))
    assert_equal(Runtime(other, CPU, "small")(BATCH), by_torch(other))


@pytest.mark.parametrize("content", [b"", b"<net/>", None], ids=["empty", "no model", "another model"])
def test_a_kept_file_that_does_not_serve_is_made_anew(kept: Path, content: bytes | None) -> None:
    network = Small()
    Runtime(network, CPU, "small")(BATCH)
    (file,) = kept.glob("*.xml")
    if content is None:
        binary = file.with_suffix(".bin")
        binary.write_bytes(bytes(binary.stat().st_size))
    else:
        file.write_bytes(content)
    run = Runtime(network, CPU, "small")
    assert_equal(run(BATCH), by_torch(network))
    assert not run.is_torch


def test_a_network_that_cannot_be_converted_runs_by_pytorch_with_one_note(caplog: pytest.LogCaptureFixture) -> None:
    network = Sorting()
    run = Runtime(network, CPU, "sorting")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            found = run(BATCH)
    assert [each.shape for each in found] == [each.shape for each in by_torch(network)]
    (note,) = caplog.messages
    assert note.startswith("sorting runs by PyTorch, which is slower, as OpenVINO cannot be used: ")
    assert run.is_torch


def test_outputs_that_differ_are_not_used(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    compiled = openvino_model._compiled
    monkeypatch.setattr(
        openvino_model,
        "_compiled",
        lambda *arguments: lambda inputs: [1.01 * each for each in compiled(*arguments)(inputs)],
    )
    run = Runtime(Small(), CPU, "small")
    run(BATCH)
    assert run.is_torch
    assert "differ from PyTorch's" in caplog.text


@pytest.mark.parametrize("why", ["chosen", "not installed"])
def test_pytorch_runs_without_a_note(
    why: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if why == "chosen":
        monkeypatch.setenv("IMSEARCH_CPU_RUNTIME", "torch")
    else:
        monkeypatch.setattr(openvino_model, "is_installed", lambda: False)
    run = Runtime(Small(), CPU, "small")
    run(BATCH)
    assert run.is_torch
    assert not caplog.messages


def test_a_folder_that_cannot_be_written_loses_nothing(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept / "file").write_bytes(b"")
    monkeypatch.setattr(openvino_model, "_folder", lambda: kept / "file")
    network = Small()
    run = Runtime(network, CPU, "small")
    assert_equal(run(BATCH), by_torch(network))
    assert not run.is_torch


def test_nothing_is_reported_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    telemetry = pytest.importorskip("openvino_telemetry")
    monkeypatch.setattr(telemetry.Telemetry, "init", lambda *arguments, **options: pytest.fail("telemetry is started"))
    assert not Runtime(Small(), CPU, "small").is_torch
    Runtime(Small(seed=2), CPU, "small")(BATCH)
