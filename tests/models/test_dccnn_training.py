"""DCCNN: the recipe on a handful of pictures, its annotator, and a teacher."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from imsearch.errors import ModelError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.dccnn import MODEL
from imsearch.plugins.dccnn.annotator import DccnnAnnotator
from imsearch.plugins.dccnn.network import FUSIONS, DccnnNetwork
from imsearch.plugins.dccnn.recipe import train
from imsearch.training.data.datasets import Dataset
from imsearch.training.run import Run
from imsearch.training.teacher import HEAD
from tests.fakes import colour_spec
from tests.models.conftest import MakeDataset, StopAfter, tensors

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


@pytest.fixture(scope="module")
def trained(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), [dataset], options=OPTIONS))


def test_the_loss_falls(trained: Path) -> None:
    history = json.loads((trained.parent / "history.json").read_text())
    assert len(history) == 3 and history[-1]["loss"] < 0.95 * history[0]["loss"]


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
    assert annotator.label_scores(batch)["jsonl"] == pytest.approx(wanted.numpy(), abs=4e-3)  # half precision
    for annotation in annotator.annotate(batch):
        assert {tag.name for tag in annotation.tags} <= set(annotator.tags)
        assert annotation.vector is not None and annotation.vector.shape == (16,)


def test_the_trained_annotator_keeps_the_contract(trained: Path) -> None:
    (spec,) = replace(MODEL, folder=trained.parent).annotators()
    assert (spec.name, spec.vector_length, spec.input_size) == ("dccnn", 16, 176)
    assert [check.problems for check in check_annotator(spec) if not check.passed] == []


@pytest.mark.parametrize("stop", [1, 4])
def test_a_run_goes_on_in_either_channel(dataset: Dataset, trained: Path, tmp_path: Path, stop: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path, [dataset], options=OPTIONS, reporter=StopAfter(stop)))
    assert (tmp_path / "cnn1").exists() is (stop == 4)
    assert tensors(train(Run(tmp_path, [dataset], options=OPTIONS))) == tensors(trained)


def test_how_long_one_channel_learns_is_nothing_to_the_other(dataset: Dataset, trained: Path, tmp_path: Path) -> None:
    longer = tensors(train(Run(tmp_path, [dataset], options={**OPTIONS, "epochs_cnn1": "1"})))
    before = tensors(trained)
    assert {name for name in before if longer[name] != before[name]} == {n for n in before if n.startswith("second.")}


@pytest.mark.parametrize("fusion", ["cnn1-to-cnn0", "cnn0-to-cnn1"])
def test_training_with_either_feature_fusion(dataset: Dataset, tmp_path: Path, fusion: str) -> None:
    annotator = DccnnAnnotator(train(Run(tmp_path, [dataset], options={**OPTIONS, "epochs": "1", "fusion": fusion})))
    assert isinstance(annotator.network, DccnnNetwork) and annotator.network.giver == FUSIONS[fusion]


def test_the_tags_of_a_teacher_are_learned(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = colour_spec(name="painter")
    monkeypatch.setattr("imsearch.plugins.manager.PluginManager.offered", lambda self, plugin=None: (spec,))
    # Of 18 pictures to learn from it calls 18 green, 12 blue, and 6 red.
    weights = train(Run(tmp_path, [dataset], options={**OPTIONS, "teacher": "painter", "least_shown": "7"}))
    annotator = DccnnAnnotator(weights)
    assert annotator.heads == {HEAD: ("green", "blue")} and annotator.tags == ("green", "blue")
    recipe = annotator.checkpoint.recipe
    assert (recipe["teacher"], recipe["norm"], recipe["optimizer"]) == ("painter", True, "adamw")
    assert annotator.checkpoint.preprocessing["side"] == 176, "what is set goes before the defaults with a teacher"


def test_a_teacher_that_is_not_there(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no annotator 'nobody' to learn from"):
        train(Run(tmp_path, [dataset], options={**OPTIONS, "teacher": "nobody"}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "focal"}, "loss is one of bce, asymmetric"),
        ({"optimizer": "adam"}, "optimizer is one of sgd, adamw"),
        ({"schedule": "steps"}, "schedule is one of constant, cosine, one-cycle"),
        ({"fusion": "both"}, "fusion is one of none, cnn1-to-cnn0, cnn0-to-cnn1"),
        ({"crop": "200"}, "does not fit pictures of 176"),
        ({"crop": "100"}, "too small"),
        ({"channels": "0"}, "channels is 1 or 2"),
        ({"norm": "yes", "batch_size": "1"}, "batches of at least 2"),
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
