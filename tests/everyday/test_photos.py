"""The head on both branches: what it is taught, what it learns, where it looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from imsearch.plugins.everyday.network import ATTENTION, BOTH, FROZEN_STAGES, PHOTOS, EverydayNetwork
from imsearch.plugins.everyday.photos import Teaching, add_teacher, choose_labels, fit_layer, fold_of
from imsearch.plugins.everyday.views import grey_copy
from imsearch.training.data.datasets import Dataset, Sample
from imsearch.training.run import Run

SETTINGS = {"photos_epochs": 60, "photos_learning_rate": 5e-3}


def rows_of(kind: str, *soft: dict[str, float] | None) -> list[tuple[Dataset, Sample]]:
    samples = tuple(Sample(Path(f"{number}.jpg"), (), soft=each) for number, each in enumerate(soft))
    return [(Dataset(kind, Path(), samples, ()), sample) for sample in samples]


def test_people_and_teacher_speak_by_their_weights() -> None:
    rows = rows_of("flickr8k", {"dog": 0.8}, {"cup": 0.4}, None)
    there = np.array([[1, 0], [0, 0], [0, 0]], dtype=np.float32)
    weights = np.array([[1, 0], [0.5, 0], [0, 0]], dtype=np.float32)
    targets, total = add_teacher(there, weights, ["dog", "cup"], rows, {"dog": "dog", "cup": "cup"})
    assert targets[0] == pytest.approx([0.9, 0.01])
    assert targets[1] == pytest.approx([(0.5 * 0 + 0.01) / 1.5, 0.4])
    assert total.tolist() == [[2, 1], [1.5, 1], [0, 0]]


def test_true_objects_count_twice_and_need_no_teacher() -> None:
    there, weights = np.ones((1, 2), dtype=np.float32), np.ones((1, 2), dtype=np.float32)
    targets, total = add_teacher(there, weights, ["dog", "sky"], rows_of("coco", {"dog": 0.1}), {"dog": "dog"})
    assert targets.tolist() == [[1, 1]]
    assert total.tolist() == [[2, 1]]


def test_labels_are_the_tags_that_enough_training_pictures_show() -> None:
    targets = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 1, 1]], dtype=np.float32)
    weights = np.ones((4, 3), dtype=np.float32)
    weights[0, 0] = 0.4
    teaching = choose_labels(targets, weights, ["dog", "sky", "sea"], np.array([0, 1, 2]), least=2)
    assert teaching.labels == ("dog",)
    assert teaching.targets.shape == teaching.weights.shape == (4, 1)
    assert teaching.weights[0, 0] == pytest.approx(0.4, abs=1e-3)


def test_what_is_not_known_teaches_nothing(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    features = random.random((600, BOTH)).astype(np.float32)
    features[:, 0] = random.integers(0, 2, 600) * 8
    truth = (features[:, :1] > 4).astype(np.float16)
    # Half of the pictures lie about both labels; of the first label only the others are known.
    targets = np.concatenate([truth, truth], axis=1)
    targets[::2] = 1 - targets[::2]
    weights = np.ones_like(targets)
    weights[::2, 0] = 0
    run = Run(tmp_path)
    teaching = Teaching(("masked", "told"), targets, weights)
    layer = fit_layer(run, "photos", {"plain": features}, {}, teaching, np.arange(600), SETTINGS)
    said = layer(features)
    right = ((said > said.mean(axis=0)) == (truth > 0.5)).mean(axis=0)
    assert right[0] > 0.95
    assert right[1] < 0.8
    again = fit_layer(run, "photos", {"plain": features[:0]}, {}, teaching, np.arange(600), SETTINGS)
    np.testing.assert_array_equal(again.weight, layer.weight)  # finished, so read back


def test_a_view_that_a_picture_lacks_is_its_plain_one(tmp_path: Path) -> None:
    features = np.ones((40, BOTH), dtype=np.float32)
    teaching = Teaching(("all",), np.ones((40, 1), dtype=np.float16), np.ones((40, 1), dtype=np.float16))
    rows = np.arange(40)
    plain, none = (
        fit_layer(Run(tmp_path), name, {"plain": features, "grey": grey}, {"grey": 1.0}, teaching, rows, SETTINGS)
        for name, grey in (("a", features), ("b", np.zeros_like(features)))
    )
    np.testing.assert_array_equal(plain.weight, none.weight)


def test_grey_copies_keep_brightness_and_lose_colour() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3), dtype=np.uint8)
    grey = grey_copy(pixels)
    assert grey.shape == pixels.shape and grey.dtype == np.uint8
    assert (grey == grey[..., :1]).all()
    assert grey_copy(np.full((1, 1, 1, 3), 77, dtype=np.uint8)).tolist() == [[[[77, 77, 77]]]]


def test_folds_go_by_the_name_of_the_file() -> None:
    files = [Path(f"a/{number}.jpg") for number in range(200)]
    folds = fold_of(files)
    assert sorted(set(folds.tolist())) == [0, 1, 2, 3]
    np.testing.assert_array_equal(folds, fold_of([Path("b") / file.name for file in files]))


def test_attended_labels_look_where_they_are_likeliest() -> None:
    torch.manual_seed(0)
    network = EverydayNetwork({PHOTOS: 3}, attended=[1]).eval()
    assert network.photos is not None
    torch.nn.init.normal_(network.photos.weight, std=0.05)
    with torch.inference_mode():
        maps = network.backbone.lower(torch.randn(2, 3, 260, 260), FROZEN_STAGES)
        tuned, original = network.branches(maps)
        seen = network.judge(maps)
        both = torch.cat([tuned, original], dim=1)
        places = torch.einsum("nchw,kc->nkhw", both, network.photos.weight) + network.photos.bias[:, None, None]
        mean = places.mean(dim=(2, 3))
        flat = places[:, 1].flatten(1)
        most = (flat.softmax(dim=1) * flat).sum(dim=1)
    torch.testing.assert_close(seen.logits[PHOTOS][:, [0, 2]], mean[:, [0, 2]], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(seen.logits[PHOTOS][:, 1], mean[:, 1] + ATTENTION * most, rtol=1e-3, atol=1e-3)
    assert seen.maps.shape == (2, 1280, 9, 9) and seen.kind.shape == (2,)
