"""DCCNN: map sizes, both fusions, which pictures teach which channel, and the recipe on a handful of pictures."""

from __future__ import annotations

import json
import math
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from imsearch.errors import DatasetError, ModelError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.dccnn import MODEL
from imsearch.plugins.dccnn.annotator import DccnnAnnotator
from imsearch.plugins.dccnn.frequency import low_rows, low_words, middle_mean
from imsearch.plugins.dccnn.network import CNN0, CNN1, DccnnNetwork, Output, fuse, map_sizes
from imsearch.plugins.dccnn.pixels import Views, cached_pixels
from imsearch.plugins.dccnn.recipe import dual_loss, train
from imsearch.training.corpus import Corpus, gather
from imsearch.training.datasets import Dataset
from imsearch.training.losses import binary_cross_entropy, masked
from imsearch.training.run import Run
from tests.models.conftest import MakeDataset, StopAfter, tensors

OPTIONS = {
    "epochs": "3",
    "batch_size": "6",
    "side": "176",
    "crop": "172",
    "width": "16",
    "average": "0",
    "dropout": "0",
    "learning_rate": "0.01",
}
"""172 pixels are the least that CNN1 can take."""
WORDS = {"sky": ["sky", "clouds"], "grass": ["grass"], "snow": ["snow", "sky", "clouds"]}
"""Of 18 pictures to learn from: clouds 12, grass 6, sky 12, snow 6; the mean of the middle two is 9."""


@pytest.fixture(scope="module")
def dataset(make_dataset: MakeDataset) -> Dataset:
    return make_dataset(words=WORDS)


@pytest.fixture(scope="module")
def trained(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), [dataset], options=OPTIONS))


def small(**settings: object) -> DccnnNetwork:
    torch.manual_seed(0)
    return DccnnNetwork(3, side=172, width=8, **settings).eval()  # type: ignore[arg-type]


def pictures(count: int = 4, side: int = 172) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, side, side, 3), generator=generator, dtype=torch.uint8)


def test_the_layers_arithmetic() -> None:
    assert map_sizes(CNN0, 224) == [54, 26, 11, 5, 3]
    assert map_sizes(CNN1, 224) == [107, 26, 22, 10, 7, 2]
    # 210 is the least side with maps as large in the end.
    assert map_sizes(CNN0, 210)[-1] == 3 and map_sizes(CNN1, 210)[-1] == 2
    assert map_sizes(CNN0, 209)[-1] == 2


def test_each_layer_is_as_wide_as_the_arithmetic_says() -> None:
    network = DccnnNetwork(3, side=224, width=8)
    for channel, layers in ((network.first, CNN0), (network.second, CNN1)):
        assert channel is not None
        x, sizes = torch.zeros(1, 3, 224, 224), list[int]()
        for module in channel.maps:
            x = module(x)
            if not isinstance(module, torch.nn.ReLU):
                sizes.append(x.shape[-1])
        assert sizes == map_sizes(layers, 224)
        assert x.shape[1] == 60 and channel.one.in_features == 60 * sizes[-1] ** 2
    assert network.first.two.in_features == 16, "its own features and those of CNN1"
    assert network.second is not None and network.second.two.in_features == 8


def test_pictures_too_small_for_the_layers_are_refused() -> None:
    assert map_sizes(CNN1, 172)[-1] == 1
    with pytest.raises(ModelError, match="171 pixels are too small: the max-pooling of 4 in layer 6"):
        DccnnNetwork(3, side=171)


def test_decisions_are_fused_two_to_one() -> None:
    first, second = torch.tensor([[0.0, math.log(3), -200.0]]), torch.tensor([[math.log(4), 0.0, 200.0]])
    # (2 * .5 + .8) / 3 = .6; (2 * .75 + .5) / 3 = 2/3; (0 + 1) / 3.
    assert torch.sigmoid(fuse(first, second)) == pytest.approx(torch.tensor([[0.6, 2 / 3, 1 / 3]]))


def test_the_features_of_cnn1_enter_cnn0() -> None:
    with torch.no_grad():
        for fusion in (True, False):
            network = small(fusion=fusion)
            assert network.second is not None
            before = network(pictures())
            network.second.one.bias.add_(1.0)
            after = network(pictures())
            assert torch.equal(before.first, after.first) is not fusion
            assert not torch.equal(before.second, after.second)


def test_each_channel_learns_from_its_own_pictures_only() -> None:
    network, learns = small(), torch.tensor([True, False, False, True])
    assert network.second is not None
    output = network(pictures(), learns)
    assert output.second.shape == (2, 3)
    output.first.sum().backward()
    assert all(parameter.grad is None for parameter in network.second.parameters()), "CNN0 does not teach CNN1"
    assert all(parameter.grad is not None for parameter in network.first.parameters())
    # What CNN0 is told of the pictures that do not teach CNN1 is the same as in use.
    whole = network(pictures())
    torch.testing.assert_close(output.first, whole.first)
    torch.testing.assert_close(output.second, whole.second[learns])


def test_a_batch_without_rare_words_teaches_cnn0_only() -> None:
    network = small()
    output = network(pictures(2), torch.tensor([False, False]))
    assert output.second.shape == (0, 3)
    dual_loss(masked(binary_cross_entropy))(output, torch.zeros(2, 3), torch.ones(2, 3)).backward()  # type: ignore[no-untyped-call]
    assert network.second is not None
    assert all(parameter.grad is None for parameter in network.second.parameters())


def test_the_loss_is_the_sum_of_both_channels_means() -> None:
    targets, mask = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    first, second = torch.zeros(2, 2), torch.tensor([[0.0, math.log(3)]])
    output = Output(first, first, second, torch.tensor([True, False]))
    # CNN0: (log 2 * 2 + log 2) / 2 pictures.  CNN1, on the first picture alone: log 2, and -log(1 - .75) = log 4.
    wanted = 1.5 * math.log(2) + 3 * math.log(2)
    assert dual_loss(masked(binary_cross_entropy))(output, targets, mask).item() == pytest.approx(wanted)


def test_one_channel_alone() -> None:
    network = small(channels=1)
    assert network.second is None and network.first.two.in_features == 8
    assert network(pictures()).second is None
    with pytest.raises(ModelError, match="channels is 1 or 2, not 3"):
        small(channels=3)


def test_low_frequency_is_below_the_mean_without_the_extremes() -> None:
    assert middle_mean(np.array([100, 1, 4, 6, 2])) == 4
    assert middle_mean(np.array([1, 3])) == 2


def test_each_head_has_its_own_mean(make_dataset: MakeDataset, dataset: Dataset, tmp_path: Path) -> None:
    rare = {"sky": ["day"], "grass": ["day"], "snow": ["day", "cold"]}
    other = make_dataset(kind="corel5k", words=rare)  # cold 6, day 18: the mean is 12
    corpus = gather(Run(tmp_path, [dataset, other]))
    assert corpus.heads == {"jsonl": ("clouds", "grass", "sky", "snow"), "corel5k": ("cold", "day")}
    assert low_words(corpus).tolist() == [False, True, False, True, True, False]
    # Grass and snow of the first set, snow of the second.
    assert low_rows(corpus).tolist() == [row % 3 > 0 for row in range(24)] + [row % 3 == 2 for row in range(24)]


def test_without_rare_words_there_is_nothing_for_cnn1(make_dataset: MakeDataset, tmp_path: Path) -> None:
    even = make_dataset(words={"sky": ["sky"], "grass": ["grass"], "snow": ["snow"]})
    with pytest.raises(DatasetError, match="--set channels=1"):
        train(Run(tmp_path, [even], options=OPTIONS))
    assert train(Run(tmp_path, [even], options={**OPTIONS, "epochs": "1", "channels": "1"})).exists()


def test_views(dataset: Dataset, tmp_path: Path) -> None:
    run, rows = Run(tmp_path, [dataset]), np.array([0, 5, 23])
    corpus: Corpus = gather(run)
    views = Views(run, corpus, 20, 16, True, low_rows(corpus))
    (whole,) = views(rows, None)
    assert whole.shape == (3, 20, 20, 3)
    pixels, learns = views(rows, np.random.default_rng(3))
    assert learns.tolist() == [False, True, True]
    for picture, view in zip(whole, pixels, strict=True):
        crops = [picture[top : top + 16, left : left + 16] for top in range(5) for left in range(5)]
        assert any(torch.equal(view, crop) or torch.equal(view, crop.flip(1)) for crop in crops)
    again = Views(run, corpus, 20, 16, True, None)
    assert torch.equal(again(rows, None)[0], whole), "read back from the cache"


def test_in_use_the_middle_is_looked_at() -> None:
    network, wide = small(), pictures(side=180)
    torch.testing.assert_close(network(wide).logits, network(wide[:, 4:176, 4:176]).logits)


def test_the_loss_falls(trained: Path) -> None:
    history = json.loads((trained.parent / "history.json").read_text())
    assert len(history) == 3 and history[-1]["loss"] < 0.95 * history[0]["loss"]


def test_a_stopped_run_ends_with_the_same_weights(dataset: Dataset, trained: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path, [dataset], options=OPTIONS, reporter=StopAfter(1)))
    assert tensors(train(Run(tmp_path, [dataset], options=OPTIONS))) == tensors(trained)


def test_the_annotator_says_what_the_network_says(dataset: Dataset, trained: Path) -> None:
    annotator = DccnnAnnotator(trained, json.loads(trained.with_suffix(".json").read_text())["sha256"])
    batch = [annotator.prepare(read_picture(sample.file, 176)) for sample in dataset.samples[:3]]
    network = annotator.network
    assert isinstance(network, DccnnNetwork)
    with torch.inference_mode():
        output = network(torch.from_numpy(np.stack(batch)))
    slope, offset = annotator.checkpoint.calibration["jsonl"]
    assert output.second is not None
    wanted = (2 * torch.sigmoid(output.first) + torch.sigmoid(output.second)) / 3
    wanted = torch.sigmoid(slope * torch.logit(wanted) + offset)
    assert annotator.label_scores(batch)["jsonl"] == pytest.approx(wanted.numpy(), abs=1e-4)
    for annotation in annotator.annotate(batch):
        assert {tag.name for tag in annotation.tags} <= set(annotator.tags)
        assert annotation.vector is not None and annotation.vector.shape == (16,)


def test_the_trained_annotator_keeps_the_contract(trained: Path) -> None:
    (spec,) = replace(MODEL, folder=trained.parent).annotators()
    assert (spec.name, spec.vector_length, spec.input_size) == ("dccnn", 16, 176)
    assert [check.problems for check in check_annotator(spec) if not check.passed] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "focal"}, "loss is one of bce, asymmetric"),
        ({"crop": "200"}, "does not fit pictures of 176"),
        ({"crop": "100"}, "too small"),
        ({"channels": "0"}, "channels is 1 or 2"),
        ({"depth": "3"}, "no setting 'depth'"),
    ],
)
def test_settings_that_cannot_be_used(dataset: Dataset, tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        train(Run(tmp_path, [dataset], options={**OPTIONS, **options}))


def test_weights_of_another_model_are_refused(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DccnnAnnotator, "version", "2")
    with pytest.raises(ModelError, match="written by version 1 of dccnn"):
        DccnnAnnotator(trained)
    monkeypatch.setattr(DccnnAnnotator, "model", "other")
    with pytest.raises(ModelError, match="a checkpoint of dccnn, not of other"):
        DccnnAnnotator(trained)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_it_learns_on_cuda(dataset: Dataset, tmp_path: Path) -> None:
    weights = train(Run(tmp_path, [dataset], torch.device("cuda"), options=OPTIONS))
    history = json.loads((tmp_path / "history.json").read_text())
    assert history[-1]["loss"] < history[0]["loss"]
    annotator = DccnnAnnotator(weights, device="cuda")
    picture = annotator.prepare(read_picture(dataset.samples[0].file, 176))
    cpu = DccnnAnnotator(weights).label_scores([picture])["jsonl"]
    assert annotator.label_scores([picture])["jsonl"] == pytest.approx(cpu, abs=0.02)


def test_kept_pixels_go_by_the_bytes_of_the_files(dataset: Dataset, tmp_path: Path) -> None:
    files = [Path(shutil.copy(sample.file, tmp_path)) for sample in dataset.samples[:3]]
    first = cached_pixels(files, 20, tmp_path / "kept", lambda count: None)
    before = files[1].stat()
    shutil.copy(files[2], files[1])
    os.utime(files[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    second = cached_pixels(files, 20, tmp_path / "kept", lambda count: None)
    assert np.array_equal(second[1], first[2]) and not np.array_equal(first[1], first[2])
