"""The emotion model: colour and texture by hand-computed values, the exclusive heads, and the whole recipe."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2lab

from imsearch.errors import DatasetError, ModelError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.emotion import MODEL, handmade
from imsearch.plugins.emotion.annotator import EmotionAnnotator
from imsearch.plugins.emotion.features import handmade_features
from imsearch.plugins.emotion.network import Branch, Joint, exclusive
from imsearch.plugins.emotion.recipe import add_neither, train
from imsearch.plugins.shipped import ShippedModel
from imsearch.training.corpus import gather
from imsearch.training.data.datasets import Dataset
from imsearch.training.run import Run
from tests.models.conftest import MakeDataset, StopAfter, tensors

OPTIONS = {"epochs": "8", "batch_size": "6", "backbone_width": "8", "handmade_width": "8", "learning_rate": "0.01"}
OPTIONS |= {"average": "0.5", "dropout": "0.1", "neither": "0"}  # both tiny sets have the same pictures


def plain(*colour: int) -> handmade.Pixels:
    return np.full((handmade.SIDE, handmade.SIDE, 3), colour, np.uint8)


def waves(period: float) -> handmade.Pixels:
    """Grey columns, `period` pixels from bright to bright."""
    columns = 128 + 100 * np.cos(2 * np.pi * np.arange(handmade.SIDE) / period)
    return np.tile(columns.astype(np.uint8), (handmade.SIDE, 1))


# ---- colour and texture


def test_the_histogram_counts_hue_saturation_and_value() -> None:
    pixels = plain(255, 0, 0)  # hue 0, full saturation and value: the last of the first hue's 3 x 3 bins
    pixels[:, : handmade.SIDE // 4] = 0  # black: the first bin of all
    found = handmade.colour_histogram(pixels)
    assert np.flatnonzero(found).tolist() == [0, 8]
    assert found[[0, 8]] == pytest.approx([0.5, 0.75**0.5])


def test_the_moments_of_two_colours() -> None:
    # Three in four pixels 0, the others 4: mean 1, variance 3, third moment (3 * -1 + 27) / 4 = 6.
    channel = np.zeros((8, 8, 3))
    channel[:2] = 4
    assert handmade.moments(channel) == pytest.approx([1] * 3 + [3**0.5] * 3 + [6 ** (1 / 3)] * 3)


def test_cells_say_where_the_light_is() -> None:
    pixels = plain(0, 0, 0)
    pixels[: handmade.SIDE // 3] = 255
    lightness = handmade.cell_moments(rgb2lab(pixels)).reshape(3, 3, 6)[:, :, 0]
    assert lightness[0] == pytest.approx(100, abs=3)  # 128 rows do not divide by three
    assert lightness[1:] == pytest.approx(0, abs=3)


def test_a_flat_picture_has_one_local_pattern() -> None:
    found = handmade.local_patterns(plain(90, 90, 90)[:, :, 0])
    assert found.shape == (28,)
    # No neighbour is darker: all 8 (16) points are set.  Beyond the edge all is black, so the edge differs.
    inner = [(1 - 2 * radius / handmade.SIDE) ** 2 for radius in (1, 2)]
    assert found[[8, 10 + 16]] == pytest.approx(inner, abs=1e-3)


def test_cooccurrence_of_columns() -> None:
    # Columns of two pixels, black (level 0) and white (31).  One pixel across or aslant every second pair differs,
    # along the columns none.  Four pixels across none does; aslant the step rounds to (3, 3), and every second does.
    columns = np.arange(handmade.SIDE) // 2 % 2 * 255
    grey = np.tile(columns.astype(np.uint8), (handmade.SIDE, 1))
    mean, span = handmade.cooccurrence(grey).reshape(2, 5, 2)[:, 0]
    half = 31**2 / 2
    assert mean == pytest.approx([half * 3 / 4, half * 2 / 4], rel=0.02)
    assert span == pytest.approx([half, half], rel=0.02)


@pytest.mark.parametrize(("period", "scale"), [(10, 0), (5, 1), (2.5, 2)])
def test_gabor_filters_find_the_scale_and_the_direction(period: float, scale: int) -> None:
    directions = 6
    energy = handmade.gabor_energy(waves(period))[: 3 * directions]
    assert divmod(int(energy.argmax()), directions) == (scale, 0)
    turned = handmade.gabor_energy(np.ascontiguousarray(waves(period).T))[: 3 * directions]
    assert divmod(int(turned.argmax()), directions) == (scale, 3)


def test_any_square_is_described_by_finite_numbers() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (260, 260, 3), np.uint8)
    for square in (plain(0, 0, 0), plain(255, 255, 255), noise, noise[:1, :1]):
        found = handmade.describe(square)
        assert found.shape == (handmade.COLOUR + handmade.TEXTURE,) and found.dtype == np.float32
        assert np.isfinite(found).all()
    assert np.array_equal(handmade.describe(noise), handmade.describe(noise.copy()))


# ---- the network


def test_labels_of_a_head_exclude_one_another_and_none_of_them_is_silent() -> None:
    scores = torch.tensor([[1.0, 3.0, 0.0, 2.0, 5.0]])  # two labels and none of them; one label and its absence
    found = torch.sigmoid(exclusive(scores, (2, 1)))
    assert torch.allclose(found[:, :2], scores[:, :3].softmax(1)[:, :2])
    assert torch.allclose(found[:, 2:], scores[:, 3:].softmax(1)[:, :1])


def test_pictures_of_the_other_set_are_neither_happy_nor_angry(datasets: list[Dataset], tmp_path: Path) -> None:
    corpus = gather(Run(tmp_path, datasets))
    add_neither(corpus, 0.5)
    first, second = corpus.slices["sentiment"], corpus.slices["emotion"]
    assert corpus.mask[0, first].tolist() == [1, 1] and corpus.mask[0, second].tolist() == [0.5, 0.5]
    assert corpus.targets[0, second].tolist() == [0, 0]
    assert corpus.mask[-1, first].tolist() == [0, 0] and corpus.mask[-1, second].tolist() == [1, 1]


def test_inputs_are_standardized_and_bounded() -> None:
    branch = Branch(2, 2, dropout=0.5).eval()
    branch.standardize(torch.tensor([[1.0, 7.0], [3.0, 7.0]]))  # mean 2, deviation sqrt(2); the second never changes
    with torch.no_grad():
        branch.layers[1].weight.copy_(torch.eye(2))  # type: ignore[operator]
        branch.layers[1].bias.zero_()  # type: ignore[operator]
        assert branch(torch.tensor([[4.0, 7.0]])).tolist()[0] == pytest.approx([2**0.5, 0])
        assert branch(torch.tensor([[99.0, 8.0]])).tolist()[0] == pytest.approx([5, 5])


# ---- the recipe


@pytest.fixture(scope="module")
def datasets(make_dataset: MakeDataset) -> list[Dataset]:
    feelings = {"sky": "happy", "grass": "angry", "snow": "happy"}
    return [
        make_dataset("sentiment", 12, {"sky": ["positive"], "grass": ["negative"], "snow": ["positive"]}),
        make_dataset(
            "emotion",
            12,
            {"sky": ["face"], "grass": ["face"], "snow": ["baby"]},
            {colour: {"emotions": [feeling]} for colour, feeling in feelings.items()},
        ),
    ]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def trained(datasets: list[Dataset], cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), datasets, options=OPTIONS, shared=cache))


def test_the_loss_falls(trained: Path) -> None:
    history = json.loads((trained.parent / "history.json").read_text())
    assert len(history) == 8
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    assert {"sentiment mAP", "emotion mAP"} <= set(history[-1])


def test_a_stopped_run_ends_with_the_same_weights(
    datasets: list[Dataset], cache: Path, trained: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path, datasets, options=OPTIONS, reporter=StopAfter(3), shared=cache))
    assert not (tmp_path / "weights.safetensors").exists()
    assert tensors(train(Run(tmp_path, datasets, options=OPTIONS, shared=cache))) == tensors(trained)


def test_saved_weights_give_exclusive_tags(datasets: list[Dataset], trained: Path) -> None:
    annotator = EmotionAnnotator(trained)
    pictures = [read_picture(sample.file, annotator.side) for sample in datasets[0].samples[:3]]
    annotations = annotator.annotate([annotator.prepare(picture) for picture in pictures])
    said = [{tag.name: tag.probability for tag in annotation.tags} for annotation in annotations]
    for each in said:
        assert each.get("emotion:positive", 0) + each.get("emotion:negative", 0) <= 1.01
        assert each.get("emotion:happy", 0) + each.get("emotion:angry", 0) <= 1.01
    sky, grass, snow = said
    assert sky["emotion:positive"] > grass.get("emotion:positive", 0) < snow["emotion:positive"]
    assert sky["emotion:happy"] > grass.get("emotion:happy", 0) < snow["emotion:happy"]
    assert all(annotation.vector is None for annotation in annotations)
    stored = tensors(trained)
    assert not any(name.startswith("backbone") for name in stored)
    assert annotator.heads == {"sentiment": ("negative", "positive"), "emotion": ("angry", "happy")}


def test_the_contract_holds(trained: Path) -> None:
    model = ShippedModel(**{**vars(MODEL), "folder": trained.parent})
    (spec,) = model.annotators()
    assert [check.problems for check in check_annotator(spec) if not check.passed] == []
    assert set(spec.vocabulary) == {"emotion:happy", "emotion:angry", "emotion:positive", "emotion:negative"}


def test_one_set_alone_makes_one_head(datasets: list[Dataset], cache: Path, tmp_path: Path) -> None:
    weights = train(Run(tmp_path, datasets[:1], options=OPTIONS, shared=cache))
    assert EmotionAnnotator(weights).tags == ("emotion:negative", "emotion:positive")


def test_what_cannot_be_used_is_told(datasets: list[Dataset], trained: Path, tmp_path: Path) -> None:
    other = replace(datasets[0], kind="stuff")
    with pytest.raises(DatasetError, match=r"of kind ratings, sentiment, .*; not stuff"):
        train(Run(tmp_path, [other], options=OPTIONS))
    several = tuple(replace(sample, labels=("positive", "negative")) for sample in datasets[0].samples)
    with pytest.raises(DatasetError, match=r"00.png has 2 labels; .* Give each picture one emotion"):
        train(Run(tmp_path, [replace(datasets[0], samples=several)], options=OPTIONS))
    with pytest.raises(DatasetError, match="name a dataset"):
        train(Run(tmp_path, [], options=OPTIONS))
    with pytest.raises(ModelError, match="no setting 'epoch'"):
        train(Run(tmp_path, datasets, options={"epoch": "3"}))

    class Later(EmotionAnnotator):
        version = "2"

    with pytest.raises(ModelError, match="written by version 1 of emotion"):
        Later(trained)


def test_weights_of_another_network_are_refused(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(heads: Mapping[str, int], *_: object, **__: object) -> Joint:
        return Joint(heads, (1280, 3), (8, 8))

    monkeypatch.setattr("imsearch.plugins.emotion.annotator.Joint", other)
    with pytest.raises(ModelError, match="do not fit"):
        EmotionAnnotator(trained)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_training_and_tagging_on_a_gpu(datasets: list[Dataset], tmp_path: Path) -> None:
    weights = train(Run(tmp_path, datasets, options=OPTIONS, device=torch.device("cuda")))
    picture = read_picture(datasets[0].samples[0].file, 260)
    said = []
    for device in ("cpu", "cuda"):
        annotator = EmotionAnnotator(weights, device=device)
        said.append({tag.name: tag.probability for tag in annotator.annotate([annotator.prepare(picture)])[0].tags})
    assert said[0] == pytest.approx(said[1], abs=0.05)


def test_kept_features_go_by_the_bytes_of_the_files(tmp_path: Path) -> None:
    files = [tmp_path / "red.png", tmp_path / "blue.png"]
    for file, colour in zip(files, ((200, 30, 30), (30, 30, 200)), strict=True):
        Image.new("RGB", (40, 40), colour).save(file)
    first = handmade_features(files, 40, tmp_path / "kept", False, lambda count: None)
    shutil.copy(files[1], files[0])
    second = handmade_features(files, 40, tmp_path / "kept", False, lambda count: None)
    assert np.array_equal(second[0], first[1]) and not np.array_equal(first[0], first[1])
