"""DCCNN: map sizes, both fusions, and which pictures teach which channel."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from imsearch.errors import DatasetError, ModelError
from imsearch.plugins.dccnn.frequency import low_rows, low_words, middle_mean
from imsearch.plugins.dccnn.network import CNN0, CNN1, FUSIONS, Branch, DccnnNetwork, fuse, map_sizes
from imsearch.plugins.dccnn.pixels import Changes, Views, cached_pixels
from imsearch.plugins.dccnn.recipe import train
from imsearch.training.corpus import Corpus, gather
from imsearch.training.data.datasets import Dataset
from imsearch.training.run import Run
from tests.models.conftest import MakeDataset

OPTIONS = {
    "epochs": "3",
    "epochs_cnn1": "2",
    "batch_size": "6",
    "side": "176",
    "crop": "172",
    "width": "16",
    "average": "0",
    "dropout": "0",
    "learning_rate": "0.01",
    "schedule": "constant",
    "scale": "0",
    "colour": "0",
}
"""172 pixels are the least that CNN1 can take."""
WORDS = {"sky": ["sky", "clouds"], "grass": ["grass"], "snow": ["snow", "sky", "clouds"]}
"""Of 18 pictures to learn from: clouds 12, grass 6, sky 12, snow 6; the mean of the middle two is 9."""


@pytest.fixture(scope="module")
def dataset(make_dataset: MakeDataset) -> Dataset:
    return make_dataset(words=WORDS)


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
    assert network.second is not None
    assert network.first.two.in_features == network.second.two.in_features == 8


def test_pictures_too_small_for_the_layers_are_refused() -> None:
    assert map_sizes(CNN1, 172)[-1] == 1
    with pytest.raises(ModelError, match="171 pixels are too small: the max-pooling of 4 in layer 6"):
        DccnnNetwork(3, side=171)


def test_decisions_are_fused_two_to_one() -> None:
    first, second = torch.tensor([[0.0, math.log(3), -200.0]]), torch.tensor([[math.log(4), 0.0, 200.0]])
    # (2 * .5 + .8) / 3 = .6; (2 * .75 + .5) / 3 = 2/3; (0 + 1) / 3.
    assert torch.sigmoid(fuse(first, second)) == pytest.approx(torch.tensor([[0.6, 2 / 3, 1 / 3]]))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_features_of_one_channel_enter_the_other(fusion: str) -> None:
    network = small(fusion=fusion)
    with torch.no_grad():
        before = network(pictures())
        for giver, channel in enumerate(network.channels):
            channel.one.bias.add_(1.0)
            after = network(pictures())
            told = [torch.equal(getattr(before, name), getattr(after, name)) for name in ("first", "second")]
            assert told[giver] is False
            assert told[1 - giver] is (FUSIONS[fusion] != giver)
            channel.one.bias.sub_(1.0)


@pytest.mark.parametrize(("fusion", "order"), [("none", (0, 1)), ("cnn1-to-cnn0", (1, 0)), ("cnn0-to-cnn1", (0, 1))])
def test_who_gives_features_learns_first(fusion: str, order: tuple[int, ...]) -> None:
    assert small(fusion=fusion).order == order


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_branch_is_its_channel_and_teaches_no_other(fusion: str) -> None:
    network = small(fusion=fusion)
    whole = network(pictures())
    for number, wanted in enumerate((whole.first, whole.second)):
        branch = Branch(network, number).eval()
        torch.testing.assert_close(branch(pictures()), wanted)
        network.zero_grad()
        network.requires_grad_(True)
        branch(pictures()).sum().backward()
        assert all(parameter.grad is not None for parameter in network.channels[number].parameters())
        assert all(parameter.grad is None for parameter in network.channels[1 - number].parameters())


def test_a_giving_channel_stays_as_in_use_while_the_other_learns() -> None:
    network = small(fusion="cnn1-to-cnn0", norm=True)
    branch = Branch(network, 0).train()
    before = {name: value.clone() for name, value in network.second.state_dict().items()}  # type: ignore[union-attr]
    branch(pictures())
    assert branch.channel.training and branch.giver is not None and not branch.giver.training
    assert all(torch.equal(value, before[name]) for name, value in branch.giver.state_dict().items())


def test_in_half_precision_a_branch_says_nearly_the_same() -> None:
    network = small(norm=True)
    torch.testing.assert_close(
        Branch(network, 0, half=True).eval()(pictures()).float(), network(pictures()).first, atol=0.02, rtol=0.05
    )


@pytest.mark.parametrize(("said", "giver"), [(True, 1), (False, None), ("yes", 1), ("no", None)])
def test_the_setting_of_earlier_weights_files_and_commands(said: bool | str, giver: int | None) -> None:
    assert small(fusion=said).giver == giver


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
    assert not (tmp_path / "cnn0").exists(), "CNN0 did not learn in vain"
    assert train(Run(tmp_path, [even], options={**OPTIONS, "epochs": "1", "channels": "1"})).exists()


def test_views_as_they_are(dataset: Dataset, tmp_path: Path) -> None:
    run, rows = Run(tmp_path, [dataset]), np.array([0, 5, 23])
    corpus: Corpus = gather(run)
    views = Views(run, corpus, 20, Changes(16))
    (whole,) = views(rows, None)
    assert whole.shape == (3, 20, 20, 3)
    (pixels,) = views(rows, np.random.default_rng(3))
    for picture, view in zip(whole, pixels, strict=True):
        crops = [picture[top : top + 16, left : left + 16] for top in range(5) for left in range(5)]
        assert any(torch.equal(view, crop) or torch.equal(view, crop.flip(1)) for crop in crops)
    again = Views(run, corpus, 20, Changes(16))
    assert torch.equal(again(rows, None)[0], whole), "read back from the cache"


def test_views_in_other_sizes_and_colours(dataset: Dataset, tmp_path: Path) -> None:
    run, rows = Run(tmp_path, [dataset]), np.array([0] * 40)
    views = Views(run, gather(run), 40, Changes(32, scale=0.5, mirror=False, colour=0.3))
    (whole,) = views(rows[:1], None)
    (pixels,) = views(rows, np.random.default_rng(3))
    assert pixels.shape == (40, 32, 32, 3) and pixels.dtype == torch.uint8
    lights = pixels.float().mean(dim=(1, 2)) / whole[0].float().mean(dim=(0, 1))
    # A sky of (90, 150, 240): its red is never cut off, so it tells by how much it was multiplied.
    assert 0.6 < lights[:, 0].min() < 0.85 and 1.15 < lights[:, 0].max() < 1.45
    same = Views(run, gather(run), 40, Changes(32, scale=0.5, mirror=False))
    (plain,) = same(rows, np.random.default_rng(3))
    assert plain.float().mean(dim=(1, 2)).std(dim=0).max() < 3


@pytest.mark.parametrize(
    ("changes", "message"), [({"scale": 1.5}, "a share of the picture"), ({"colour": 1.0}, "below 1")]
)
def test_changes_that_make_no_sense(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Changes(16, **changes)  # type: ignore[arg-type]


def test_in_use_the_middle_is_looked_at() -> None:
    network, wide = small(), pictures(side=180)
    torch.testing.assert_close(network(wide).logits, network(wide[:, 4:176, 4:176]).logits)


def test_kept_pixels_go_by_the_bytes_of_the_files(dataset: Dataset, tmp_path: Path) -> None:
    files = [Path(shutil.copy(sample.file, tmp_path)) for sample in dataset.samples[:3]]
    first = cached_pixels(files, 20, tmp_path / "kept", lambda count: None)
    before = files[1].stat()
    shutil.copy(files[2], files[1])
    os.utime(files[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    second = cached_pixels(files, 20, tmp_path / "kept", lambda count: None)
    assert np.array_equal(second[1], first[2]) and not np.array_equal(first[1], first[2])
