"""The views of vgg-bce: what is drawn, and the maps that are kept of them."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from imsearch.errors import ModelError
from imsearch.plugins.vgg_bce import views
from imsearch.plugins.vgg_bce.recipe import make_inputs
from imsearch.plugins.vgg_bce.views import augmented, cached_view
from imsearch.training.data.datasets import Dataset
from tests.models.conftest import MakeDataset
from tests.models.tiny_vgg import tiny_features


@pytest.fixture(scope="module")
def dataset(make_dataset: MakeDataset) -> Dataset:
    return make_dataset()


def test_training_draws_among_the_views_and_use_sees_the_plain_one() -> None:
    views = np.stack([np.full((40, 2), view, dtype=np.float32) for view in range(3)])
    inputs, rows = make_inputs(views), np.arange(40)
    assert set(inputs(rows, np.random.default_rng(0))[0][:, 0].tolist()) == {0, 1, 2}
    assert set(inputs(rows, None)[0].flatten().tolist()) == {0}


def test_without_torchvision_augmented_views_tell_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    views._transforms.cache_clear()
    monkeypatch.setitem(sys.modules, "torchvision.transforms", None)
    with pytest.raises(ModelError, match="--set views=0"):
        cached_view([tmp_path / "a.png"], torch.nn.Identity(), 1, tmp_path, torch.device("cpu"))


def test_a_view_is_a_crop_of_its_own_that_is_always_the_same() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    before = torch.get_rng_state()
    first = augmented(pixels, Path("a.png"), 1)
    assert first.shape == (224, 224, 3) and first.dtype == np.uint8
    assert np.array_equal(first, augmented(pixels, Path("elsewhere/a.png"), 1))
    assert not np.array_equal(first, augmented(pixels, Path("a.png"), 2))
    assert not np.array_equal(first, augmented(pixels, Path("b.png"), 1))
    assert torch.equal(torch.get_rng_state(), before), "the run's own random numbers go on as if nothing happened"


def test_kept_maps_are_not_computed_again(dataset: Dataset, tmp_path: Path) -> None:
    files, device = [sample.file for sample in dataset.samples[:5]], torch.device("cpu")
    first = cached_view(files, tiny_features(), 0, tmp_path, device)
    assert first.shape == (5, 7, 7, 512) and first.dtype == np.float16
    counted, seen = tiny_features(), list[int]()
    counted.register_forward_hook(lambda module, arguments, found: seen.append(len(found)))
    again = cached_view(files, counted, 0, tmp_path, device)
    assert np.array_equal(first, again) and not seen
    with torch.no_grad():
        next(counted.parameters()).mul_(2)
    assert not np.array_equal(first, cached_view(files, counted, 0, tmp_path, device)), "of other weights"
    assert not np.array_equal(first, cached_view(files, tiny_features(), 1, tmp_path, device))
    others = [tmp_path / file.name for file in files]
    for file in others:
        Image.new("RGB", (8, 8)).save(file)
    assert not np.array_equal(first, cached_view(others, tiny_features(), 0, tmp_path, device)), "only the same names"


def test_maps_in_bfloat16_are_nearly_the_same(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "autocast", lambda device: nullcontext())  # bfloat16 too where a processor has it
    files, device = [sample.file for sample in dataset.samples[:5]], torch.device("cpu")
    exact = cached_view(files, tiny_features(), 0, tmp_path, device)
    rough = cached_view(files, tiny_features(), 0, tmp_path, device, bfloat16=True)
    assert 0 < np.abs(exact - rough).mean() < 0.02 * np.abs(exact).mean()
