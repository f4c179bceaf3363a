"""The pooling, convolutions and soft maximum by hand; the whole recipe on a handful of generated pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from imsearch.errors import ModelError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.multikernel.annotator import MultikernelAnnotator
from imsearch.plugins.multikernel.maps import POOLED, Stack, stage_outputs
from imsearch.plugins.multikernel.network import (
    SHARPNESS,
    AsymmetricConvolution,
    MultikernelHead,
    MultikernelNetwork,
    Shape,
    multi_kernel_pool,
    shape_of,
    soft_maximum,
)
from imsearch.plugins.multikernel.recipe import DEFAULTS, make_inputs, make_loss, repeat_objects, train
from imsearch.plugins.multikernel.small import SMALL_OBJECTS
from imsearch.specs import AnnotatorSpec
from imsearch.training.corpus import gather
from imsearch.training.data.datasets import Dataset
from imsearch.training.efficientnet_lite import fold_normalization, load_imagenet, to_input
from imsearch.training.losses import asymmetric, binary_cross_entropy
from imsearch.training.run import Run
from tests.models.conftest import MakeDataset, StopAfter, tensors

OPTIONS = {"epochs": "3", "batch_size": "6", "width": "8", "fused": "16", "kernels": "1,3", "average": "0.5"}
MAP = torch.tensor([[[[1.0, 0, 0, 0], [0, 0, 0, 5], [0, 0, 2, 0], [3, 0, 0, 4]]]])


def test_each_kernel_sees_its_window() -> None:
    pooled = multi_kernel_pool(MAP, 1, (1, 2, 3))
    assert pooled.shape == (1, 3, 4, 4)
    assert torch.equal(pooled[:, :1], MAP)
    # Two by two: a cell with its right and lower neighbours; beyond the edge there is nothing.
    assert pooled[0, 1].tolist() == [[1, 0, 5, 5], [0, 2, 5, 5], [3, 2, 4, 4], [3, 0, 4, 4]]
    # Three by three: a cell with all its neighbours.
    assert pooled[0, 2].tolist() == [[1, 1, 5, 5], [1, 2, 5, 5], [3, 3, 5, 5], [3, 3, 4, 4]]


def test_a_finer_level_is_pooled_onto_the_same_grid() -> None:
    assert multi_kernel_pool(MAP, 2, (1,))[0, 0].tolist() == [[1, 5], [3, 4]]
    # Odd sides keep what sticks out, as the backbone's strides do: 9, 17 and 33 all meet in 9.
    for side, step in ((9, 1), (17, 2), (33, 4), (65, 8)):
        assert multi_kernel_pool(torch.zeros(1, 2, side, side), step, (1, 2, 3, 5)).shape == (1, 8, 9, 9)


def test_an_asymmetric_convolution_is_a_row_then_a_column() -> None:
    layer = AsymmetricConvolution(1, 3)
    with torch.no_grad():
        for conv in (layer.along, layer.across):
            for parameter, value in zip(conv.parameters(), (1, 0), strict=True):
                parameter.fill_(value)
        x = torch.zeros(1, 1, 5, 5)
        x[0, 0, 2, 2] = 1
        found = layer(x)[0, 0]
    expected = torch.zeros(5, 5)
    expected[1:4, 1:4] = 1  # a cross of a row and a column fills the square
    expected[2, 2] = 2  # and what came in is added
    assert torch.equal(found, expected)
    assert layer.along.weight.shape == (1, 1, 1, 3) and layer.across.weight.shape == (1, 1, 3, 1)


def test_the_soft_maximum_lies_between_mean_and_maximum() -> None:
    scores = torch.tensor([[[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [4.0, 1.0]]])  # four places, two labels
    found = soft_maximum(scores)[0]
    by_hand = np.log((3 + np.exp(4 * SHARPNESS)) / 4) / SHARPNESS
    assert found[0].item() == pytest.approx(by_hand, abs=1e-5)
    assert 1 < found[0].item() < 4
    assert found[1].item() == pytest.approx(1, abs=1e-5)


def test_one_place_of_many_can_speak_for_a_label() -> None:
    """A small thing changes the logit nearly as much as one that fills the picture."""
    scores = torch.full((2, 81, 1), -3.0)
    scores[0, 40], scores[1] = 3, 3
    small, whole = soft_maximum(scores)[:, 0].tolist()
    assert whole == pytest.approx(3, abs=1e-5)
    assert small > 2 > scores[0].mean().item()


def test_words_for_small_objects_are_labels() -> None:
    assert {name: len(set(words)) == len(words) for name, words in SMALL_OBJECTS.items()} == dict.fromkeys(
        ("coco", "corel5k", "flickr8k"), True
    )
    assert "sports ball" in SMALL_OBJECTS["coco"] and "ball" in SMALL_OBJECTS["flickr8k"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"levels": "5,9"}, "levels wants stages"),
        ({"levels": "5,x"}, "levels wants numbers such as 5,7"),
        ({"levels": "7", "asymmetric": "5"}, "stage 5 needs that stage among the levels"),
        ({"kernels": "0,3"}, "kernels wants whole numbers"),
        ({"kernels": ""}, "kernels wants whole numbers"),
        ({"length": "4"}, "odd number"),
        ({"level": "5"}, "no setting 'level'"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    make_dataset: MakeDataset, tmp_path: Path, options: dict[str, str], told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        train(Run(tmp_path, [make_dataset()], options=options))


def test_without_levels_only_the_whole_picture_counts() -> None:
    head = MultikernelHead(3, replace(shape_of(DEFAULTS), levels=(), asymmetric=()))
    features = torch.rand(2, 1280)
    assert torch.equal(head(features), head.whole(features))


def test_the_parts_of_a_head_are_those_of_its_shape() -> None:
    shape = Shape(levels=(3, 5, 7), kernels=(1, 2, 5), asymmetric=(5,), length=7, width=4, fused=6)
    head = MultikernelHead(2, shape)
    assert [isinstance(level.refine, AsymmetricConvolution) for level in head.levels] == [False, True, False]
    assert head.fuse[0].weight.shape == (6, 3 * 3 * 4, 1, 1)
    maps = [torch.randn(1, channels, side, side) for channels, side in ((48, 33), (120, 17), (352, 9))]
    assert head(torch.rand(1, 1280), *maps).shape == (1, 2)


def test_rows_come_in_the_order_asked_for_from_all_parts() -> None:
    stack = Stack([np.arange(3, dtype=np.float16)[:, None], np.arange(10, 12, dtype=np.float16)[:, None]])
    assert stack.take(np.array([4, 0, 3, 2, 0]))[:, 0].tolist() == [11, 0, 10, 2, 0]


@pytest.fixture(scope="module")
def datasets(make_dataset: MakeDataset) -> list[Dataset]:
    """Two sets, of which one has objects of COCO."""
    return [
        make_dataset("jsonl", 12),
        make_dataset("coco", 12, words={"sky": ["kite"], "grass": ["dog"], "snow": ["skis"]}),
    ]


@pytest.fixture(scope="module")
def trained(datasets: list[Dataset], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), datasets, options=OPTIONS, shared=_maps(tmp_path_factory)))


def _maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of kept maps for all runs of these tests."""
    return tmp_path_factory.getbasetemp() / "maps"


def test_squares_of_all_levels_show_the_same_part(
    datasets: list[Dataset], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A square's corner lies at the same place of the picture on every level, and reaches equally far."""
    grid = np.arange(9 * 9, dtype=np.float16).reshape(1, 9, 9, 1)
    fine = np.repeat(np.repeat(grid, 4, axis=1), 4, axis=2)[:, :33, :33]
    inputs = make_inputs({6: Stack([grid]), 3: Stack([fine])}, [3], 3)
    for seed in range(4):
        coarse, detail = inputs(np.array([0]), np.random.default_rng(seed))
        side = coarse.shape[2]
        assert detail.shape[2] == 4 * (side - 1) + 1
        assert torch.equal(detail[:, :, ::4, ::4], coarse)
    assert [each.shape[2] for each in inputs(np.array([0]), None)] == [9, 33]


def test_kept_maps_give_what_pixels_give(datasets: list[Dataset], tmp_path_factory: pytest.TempPathFactory) -> None:
    """The last stage from the kept maps, and from the picture itself."""
    run = Run(tmp_path_factory.mktemp("run"), datasets, shared=_maps(tmp_path_factory))
    corpus = gather(run)
    backbone = load_imagenet("lite2")
    fold_normalization(backbone)
    kept = stage_outputs(run, corpus, backbone, (3, 5, 6, 7, POOLED))
    rows = np.array([1, 15])
    network = MultikernelNetwork(4, Shape(levels=(3, 7), asymmetric=())).eval()
    with torch.inference_mode():
        pixels = np.stack([read_picture(corpus.files[row], 260).array(260, 260) for row in rows])
        logits, features = network.look(to_input(torch.from_numpy(pixels), torch.device("cpu")))
        again, same = network(kept[6].take(rows), kept[3].take(rows))
    torch.testing.assert_close(same, features, atol=0.02, rtol=0.02)
    torch.testing.assert_close(kept[POOLED].take(rows), features, atol=0.02, rtol=0.02)
    torch.testing.assert_close(again, logits, atol=0.05, rtol=0.02)
    assert kept[7].take(rows).shape == (2, 352, 9, 9)


def test_objects_are_shown_more_often_and_learn_from_probabilities(datasets: list[Dataset], tmp_path: Path) -> None:
    corpus = gather(Run(tmp_path, datasets), teacher=True)
    shown = repeat_objects(corpus, 3)(np.random.default_rng(0), corpus.train)
    assert len(shown) == 9 + 3 * 9
    assert (np.bincount(shown)[corpus.train] == np.repeat([1, 3], 9)).all()
    outputs = sum(map(len, corpus.heads.values()))
    logits, targets = torch.randn(2, outputs), torch.rand(2, outputs)
    objects = corpus.slices["coco"]
    others = corpus.slices["jsonl"]
    by_hand = binary_cross_entropy(logits[:, objects], targets[:, objects])
    by_hand = by_hand + asymmetric(logits[:, others], targets[:, others])
    found = make_loss(corpus.slices)(logits, targets, torch.ones(2, outputs))
    assert found.item() == pytest.approx(by_hand.mean().item(), rel=1e-5)


def test_the_loss_falls(trained: Path) -> None:
    history = json.loads((trained.parent / "history.json").read_text())
    assert len(history) == 3
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    assert {"jsonl mAP", "coco mAP"} <= set(history[-1])


def test_a_stopped_run_ends_with_the_same_weights(
    datasets: list[Dataset], trained: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shared = _maps(tmp_path_factory)
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path, datasets, options=OPTIONS, reporter=StopAfter(1), shared=shared))
    assert not (tmp_path / "weights.safetensors").exists()
    again = train(Run(tmp_path, datasets, options=OPTIONS, shared=shared))
    assert tensors(again) == tensors(trained)


def test_the_annotator_keeps_the_contract(trained: Path, tmp_path: Path) -> None:
    summary = json.loads(trained.with_suffix(".json").read_text())
    assert not any(name.startswith(("backbone.stem", "backbone.stages.5")) for name in tensors(trained))
    spec = AnnotatorSpec(
        name="multikernel",
        version=summary["version"],
        factory=lambda device: MultikernelAnnotator(trained, summary["sha256"], device),
        description="of a test",
        vocabulary=tuple(summary["vocabulary"]),
        vector_length=summary["vector_length"],
        input_size=summary["input_size"],
        threshold=summary["threshold"],
        thresholds=summary["thresholds"],
    )
    assert not [each for each in check_annotator(spec) if not each.passed]


def test_saved_weights_tag_as_the_trained_network(datasets: list[Dataset], trained: Path) -> None:
    annotator = MultikernelAnnotator(trained)
    pictures = [read_picture(sample.file, 260) for sample in datasets[0].samples[:3]]
    scores = annotator.label_scores([annotator.prepare(picture) for picture in pictures])["jsonl"]
    best = [annotator.heads["jsonl"][column] for column in scores.argmax(axis=1)]
    assert best[0] in ("sky", "clouds") and best[1] == "grass" and best[2] in ("snow", "sky")
    vectors = [annotation.vector for annotation in annotator.annotate([annotator.prepare(p) for p in pictures])]
    assert all(vector is not None and vector.shape == (1280,) for vector in vectors)


def test_weights_of_another_shape_or_version_are_refused(trained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "weights.safetensors"
    copy.write_bytes(trained.read_bytes().replace(rb"\"version\": \"1\"", rb"\"version\": \"0\"", 1))
    with pytest.raises(ModelError, match="version 0 of multikernel, and this is version 1"):
        MultikernelAnnotator(copy)
    copy.write_bytes(trained.read_bytes().replace(rb"\"width\": 8", rb"\"width\": 9", 1))
    with pytest.raises(ModelError, match="do not fit"):
        MultikernelAnnotator(copy)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_graphics_card_gives_the_same_probabilities(trained: Path) -> None:
    pixels = np.asarray(Image.new("RGB", (260, 260), (90, 150, 240)))
    here, there = (
        MultikernelAnnotator(trained, None, device).label_scores([pixels])["jsonl"] for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(here, there, atol=0.03)
