"""CNN-RNN: the whole recipe on a handful of generated pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from imsearch.errors import ModelError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.cnn_rnn.annotator import CnnRnnAnnotator
from imsearch.plugins.cnn_rnn.head import Shape
from imsearch.plugins.cnn_rnn.network import CnnRnnNetwork
from imsearch.plugins.cnn_rnn.recipe import HELD_ONE_IN, train
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.everyday import corpus as everyday
from imsearch.plugins.everyday.checkpoint import read_checkpoint
from imsearch.plugins.everyday.files import WEIGHTS as EVERYDAY
from imsearch.specs import AnnotatorSpec
from imsearch.training.data.datasets import Dataset
from imsearch.training.run import Run
from tests.models.conftest import MakeDataset, StopAfter, tensors

OPTIONS = {
    "further_epochs": "6",
    "head_learning_rate": "0.01",
    "linear_learning_rate": "0.01",
    "batch_size": "4",
    "hidden": "16",
    "embedding": "8",
    "beams": "2",
}


@pytest.fixture(scope="module")
def dataset(make_dataset: MakeDataset) -> Dataset:
    return make_dataset(count=16)


@pytest.fixture(scope="module")
def trained(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), [dataset], options=OPTIONS))


def test_the_loss_falls(trained: Path) -> None:
    history = json.loads((trained.parent / "report.json").read_text())["epochs"]
    assert len(history) == 6
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]


def test_a_stopped_run_ends_with_the_same_weights(dataset: Dataset, trained: Path, tmp_path: Path) -> None:
    maps = trained.parent / "maps"
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path, [dataset], options=OPTIONS, reporter=StopAfter(1), shared=maps))
    again = train(Run(tmp_path, [dataset], options=OPTIONS, shared=maps))
    assert tensors(again) == tensors(trained)


def test_the_annotator_keeps_the_contract(dataset: Dataset, trained: Path) -> None:
    summary = json.loads(trained.with_suffix(".json").read_text())
    spec = AnnotatorSpec(
        name="cnn-rnn",
        version=summary["version"],
        factory=lambda device: CnnRnnAnnotator(trained, summary["sha256"], device),
        vocabulary=tuple(summary["vocabulary"]),
        vector_length=summary["vector_length"],
        input_size=summary["input_size"],
    )
    assert [check for check in check_annotator(spec) if not check.passed] == []
    annotator = CnnRnnAnnotator(trained)
    pictures = [annotator.prepare(read_picture(sample.file, 260)) for sample in dataset.samples[:4]]
    together, alone = annotator.label_scores(pictures)["jsonl"], annotator.label_scores(pictures[:1])["jsonl"]
    assert together[0].tolist() == pytest.approx(alone[0].tolist(), abs=1e-4)
    assert {tag.name for tag in annotator.annotate(pictures)[0].tags} <= set(summary["vocabulary"])


def test_the_backbone_can_be_tuned_first(dataset: Dataset, tmp_path: Path) -> None:
    options = OPTIONS | {"epochs": "1", "further_epochs": "1", "start": "imagenet"}
    weights = train(Run(tmp_path, [dataset], options=options))
    assert len(json.loads((tmp_path / "report.json").read_text())["epochs"]) == 2
    stages = {name: value for name, value in tensors(weights).items() if name.startswith("backbone.stages.6")}
    assert stages and len(list(tmp_path.glob("further-*/checkpoint.pt"))) == 1
    again = train(Run(tmp_path, [dataset], options=options))
    assert tensors(again) == tensors(weights)


def test_it_starts_as_everyday(trained: Path) -> None:
    """Stages that nothing tuned are those of the default annotator."""
    theirs = load_file(EVERYDAY)
    same = [name for name in theirs if name.startswith("backbone.")]
    mine = load_file(trained)
    assert same and all(torch.equal(mine[name], theirs[name]) for name in same)


def test_labels_that_everyday_knows_start_as_its_own() -> None:
    heads = {"corel5k": ("water", "no such label", "sky")}
    network = CnnRnnNetwork(heads, Shape({"corel5k": 2}, hidden=4, embedding=4))
    before = network.head.linear.weight.detach().clone()
    network.start_from_everyday(heads)
    weight, bias = network.head.linear.weight, network.head.linear.bias
    labels = read_checkpoint(EVERYDAY).heads["corel5k"].labels
    theirs = load_file(EVERYDAY)
    for row, label in ((0, "water"), (2, "sky")):
        assert torch.equal(weight[row, 120:], theirs["heads.corel5k.weight"][labels.index(label)].float())
        assert bias[row] == theirs["heads.corel5k.bias"][labels.index(label)].float()
    assert torch.equal(weight[1, 120:], before[1, 120:]) and not weight[:, :120].any()
    with pytest.raises(ModelError, match="layers=head"):
        CnnRnnNetwork(heads, Shape({"corel5k": 2}, hidden=4, embedding=4), "head+5").start_from_everyday(heads)


def test_it_holds_back_what_everyday_did() -> None:
    assert all(everyday.HELD_ONE_IN[kind] == one_in for kind, one_in in HELD_ONE_IN.items())
    assert "coco" in HELD_ONE_IN


def test_bad_settings_and_foreign_weights_are_refused(dataset: Dataset, trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no label order 'backwards'"):
        train(Run(tmp_path, [dataset], options={"order": "backwards"}))
    with pytest.raises(ModelError, match="start wants one of everyday, imagenet"):
        train(Run(tmp_path, [dataset], options={"start": "zero"}))
    with pytest.raises(ModelError, match="both 0"):
        train(Run(tmp_path, [dataset], options={"epochs": "0", "further_epochs": "0"}))
    with pytest.raises(ModelError, match="damaged or changed"):
        CnnRnnAnnotator(trained, "0" * 64)

    class Other(CnnRnnAnnotator):
        model = "other"

    with pytest.raises(ModelError, match="is a checkpoint of cnn-rnn, not of other"):
        Other(trained)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda(dataset: Dataset, trained: Path) -> None:
    pictures = [read_picture(sample.file, 260) for sample in dataset.samples[:4]]
    scores = []
    for device in ("cpu", "cuda"):
        annotator = CnnRnnAnnotator(trained, None, device)
        scores.append(annotator.label_scores([annotator.prepare(picture) for picture in pictures])["jsonl"])
    assert np.abs(scores[0] - scores[1]).max() < 0.05
