"""vgg-bce, with convolutions made up for the test; those of VGG-16 are too large to run often, and not always there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from imsearch.errors import ModelError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.vgg_bce import annotator, recipe
from imsearch.plugins.vgg_bce.annotator import VggBceAnnotator
from imsearch.plugins.vgg_bce.network import VggBce, pooled
from imsearch.plugins.vgg_bce.recipe import check, make_loss, train
from imsearch.specs import AnnotatorSpec
from imsearch.system.weights_folder import FOLDER_VARIABLE
from imsearch.training.checkpoint import own_state
from imsearch.training.corpus import gather
from imsearch.training.data.datasets import Dataset
from imsearch.training.run import Run
from imsearch.training.vgg16 import FILE
from tests.models.conftest import MakeDataset, StopAfter, tensors
from tests.models.tiny_vgg import tiny_features

OPTIONS = {"epochs": "4", "batch_size": "6", "learning_rate": "0.01", "views": "1"}


@pytest.fixture(scope="module", autouse=True)
def made_up_features() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (recipe, annotator):
            patch.setattr(module, "load_vgg16_features", tiny_features)
        yield


@pytest.fixture(scope="module")
def dataset(make_dataset: MakeDataset) -> Dataset:
    return make_dataset()


@pytest.fixture(scope="module")
def trained(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), [dataset], options=OPTIONS))


def test_pooling_by_hand() -> None:
    maps = torch.tensor([[[[0.0, 1.0], [2.0, 5.0]], [[4.0, 4.0], [4.0, 0.0]]]])
    assert pooled(maps, "average").tolist() == [[2.0, 3.0]]
    assert pooled(maps, "root").tolist() == [[pytest.approx(2**0.5), pytest.approx(3**0.5)]]
    assert pooled(maps, "max").tolist() == [[5.0, 4.0]]
    assert pooled(maps, "both").tolist() == [[2.0, 3.0, 5.0, 4.0]]


def test_before_training_every_picture_gets_the_frequencies_and_inputs_are_standardized() -> None:
    network = VggBce("average", 2)
    inputs = np.zeros((4, 512), dtype=np.float32)
    inputs[:, 0] = [1, 1, 5, 5]  # mean 3, spread 2
    network.begin(inputs, np.array([0.25, 0.5], dtype=np.float32))
    nn.init.zeros_(network.linear.weight)
    assert torch.sigmoid(network(torch.from_numpy(inputs))).detach().numpy() == pytest.approx(
        np.array([[0.25, 0.5]] * 4)
    )
    network.linear.weight.data[1, 0] = 1
    assert network(torch.from_numpy(inputs))[:, 1].tolist() == pytest.approx([-1, -1, 1, 1])


def test_a_channel_that_never_answered_cannot_shout() -> None:
    network = VggBce("average", 1)
    inputs = np.random.default_rng(0).normal(size=(50, 512)).astype(np.float32)
    inputs[:, 7] = 0
    network.begin(inputs, np.array([0.5], dtype=np.float32))
    assert network.scale[7] == pytest.approx(10, rel=0.1), "a tenth of the mean spread, which is about 1"


def test_it_is_one_linear_layer() -> None:
    network = VggBce("both", 5)
    network.begin(np.random.default_rng(0).random((9, 1024), dtype=np.float32), np.full(5, 0.1, dtype=np.float32))
    a, b = torch.rand(2, 1024)
    with torch.no_grad():
        assert torch.allclose(network((a + b) / 2), (network(a) + network(b)) / 2, atol=1e-4)


def test_the_weighted_loss_by_hand(dataset: Dataset, tmp_path: Path) -> None:
    corpus = gather(Run(tmp_path, [dataset]))
    corpus.targets[:] = 0
    corpus.targets[corpus.train[:3], 0] = 1  # 3 of 18: negatives are 5 times as many
    weights = torch.zeros(1, corpus.targets.shape[1])
    target, mask = weights.clone(), torch.ones_like(weights)
    target[0, 0] = 1
    plain, weighted = (float(make_loss(name, corpus)(weights, target, mask)) for name in ("bce", "weighted"))
    half = float(np.log(2))
    assert plain == pytest.approx(half * mask.numel())
    assert weighted == pytest.approx(half * (mask.numel() + 4))
    mask[0, 0] = 0
    assert float(make_loss("weighted", corpus)(weights, target, mask)) == pytest.approx(half * (mask.numel() - 1))


def test_the_loss_falls_and_all_plots_are_there(trained: Path) -> None:
    history = json.loads((trained.parent / "history.json").read_text())
    assert len(history) == 4
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    assert history[-1]["loss held"] < history[0]["loss held"]
    assert history[-1]["jsonl mAP"] > 0.9
    assert {"micro P", "micro R", "micro F1"} <= set(history[-1]) and "jsonl P" not in history[-1]
    assert history[-1]["micro F1"] > 0.9
    assert all((trained.parent / f"{name}.png").exists() for name in ("loss", "scores", "result"))


def test_only_the_linear_layer_is_stored_and_trained(trained: Path, dataset: Dataset) -> None:
    assert set(tensors(trained)) == {"mean", "scale", "linear.weight", "linear.bias"}
    whole = VggBce("root", 4, tiny_features())
    assert set(own_state(whole)) == set(tensors(trained))
    summary = json.loads(trained.with_suffix(".json").read_text())
    assert (summary["input_size"], summary["vector_length"], summary["recipe"]["views"]) == (224, 512, 1)


def test_the_threshold_decides_precision_and_recall(dataset: Dataset, tmp_path: Path) -> None:
    found = []
    for threshold in ("0.0001", "0.9999"):
        folder = tmp_path / threshold
        folder.mkdir()
        train(Run(folder, [dataset], options={**OPTIONS, "epochs": "1", "views": "0", "threshold": threshold}))
        found.append(json.loads((folder / "history.json").read_text())[0])
    assert found[0]["micro R"] == 1 > found[1]["micro R"] and found[0]["jsonl mAP"] == found[1]["jsonl mAP"]


def test_the_whole_network_can_be_trained(dataset: Dataset, tmp_path: Path) -> None:
    options = {**OPTIONS, "frozen": "no", "backbone_learning_rate": "0.001", "weight_decay": "0.0001"}
    weights = train(Run(tmp_path, [dataset], options=options))
    history = json.loads((tmp_path / "history.json").read_text())
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    learned = load_file(weights)["features.1.weight"]
    assert not torch.allclose(learned.float(), tiny_features()[1].weight, atol=1e-3), "the convolutions learned"  # type: ignore[index]
    spec = spec_of(weights)
    assert [check.problems for check in check_annotator(spec) if not check.passed] == []
    assert torch.allclose(VggBceAnnotator(weights).network.features[1].weight, learned.float())  # type: ignore[index]
    (tmp_path / "again").mkdir()
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path / "again", [dataset], options=options, reporter=StopAfter(2)))
    assert tensors(train(Run(tmp_path / "again", [dataset], options=options))) == tensors(weights)


@pytest.mark.parametrize("loss", ["weighted", "focal", "asl"])
def test_every_loss_can_be_learned_from(loss: str, dataset: Dataset, tmp_path: Path) -> None:
    train(Run(tmp_path, [dataset], options={**OPTIONS, "views": "0", "loss": loss}))
    history = json.loads((tmp_path / "history.json").read_text())
    assert history[-1]["loss"] < 0.9 * history[0]["loss"]
    assert history[-1]["jsonl mAP"] > 0.9


def test_the_learning_rate_falls_by_steps(dataset: Dataset, tmp_path: Path) -> None:
    run = Run(tmp_path, [dataset])
    corpus = gather(run)
    settings = recipe.DEFAULTS | {"epochs": 5, "batch_size": 6, "step_size": 2, "gamma": 0.1, "learning_rate": 1.0}
    fit = recipe.make_fit(run, corpus, np.ones((1, len(corpus.targets), 512), dtype=np.float32), settings)
    assert fit.steps == 3  # 18 pictures
    rates = []
    for _ in range(5):
        rates.append(fit.optimizer.param_groups[0]["lr"])
        for _ in range(fit.steps):
            fit.optimizer.step()
            fit.schedule.step()
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_a_stopped_run_ends_with_the_same_weights(dataset: Dataset, trained: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path, [dataset], options=OPTIONS, reporter=StopAfter(2)))
    assert not (tmp_path / "weights.safetensors").exists()
    assert tensors(train(Run(tmp_path, [dataset], options=OPTIONS))) == tensors(trained)


def spec_of(weights: Path) -> AnnotatorSpec:
    summary = json.loads(weights.with_suffix(".json").read_text())
    return AnnotatorSpec(
        "vgg-bce",
        summary["version"],
        lambda device: VggBceAnnotator(weights, summary["sha256"], device),
        vocabulary=tuple(summary["vocabulary"]),
        vector_length=summary["vector_length"],
        input_size=summary["input_size"],
        threshold=summary["threshold"],
        thresholds=summary["thresholds"],
    )


def test_the_saved_weights_tag_as_the_trained_network_did_and_keep_the_contract(
    trained: Path, dataset: Dataset
) -> None:
    spec = spec_of(trained)
    assert [check.problems for check in check_annotator(spec) if not check.passed] == []
    model = VggBceAnnotator(trained)
    held = dataset.split("dev").samples
    batch = [model.prepare(read_picture(sample.file, spec.input_size)) for sample in held]
    for sample, annotation in zip(held, model.annotate(batch), strict=True):
        likely = {tag.name for tag in annotation.tags if tag.probability > 0.5}
        assert likely == {"cloud" if label == "clouds" else label for label in sample.labels}
        assert annotation.vector is not None and annotation.vector.shape == (512,)


def test_without_the_weights_of_vgg16_it_says_what_to_do(
    trained: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imsearch.training.vgg16 import load_vgg16_features

    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    for module in (recipe, annotator):
        monkeypatch.setattr(module, "load_vgg16_features", load_vgg16_features)
    with pytest.raises(ModelError, match=f"{FOLDER_VARIABLE} names .*{FILE} cannot be read there"):
        VggBceAnnotator(trained)
    with pytest.raises(ModelError, match=FOLDER_VARIABLE):
        train(Run(tmp_path / "run", [dataset], options=OPTIONS))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pooling", "median"),
        ("loss", "hinge"),
        ("epochs", "0"),
        ("views", "-1"),
        ("step_size", "0"),
        ("threshold", "1.5"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"The setting {name} is .* not .*{value}"):
        check(Run(tmp_path, options={name: value}).settings(recipe.DEFAULTS))


def test_a_checkpoint_of_another_model_is_refused(trained: Path, tmp_path: Path) -> None:
    data = trained.read_bytes()
    other = tmp_path / "weights.safetensors"
    other.write_bytes(data.replace(b'\\"model\\": \\"vgg-bce\\"', b'\\"model\\": \\"vgg-xyz\\"'))
    with pytest.raises(ModelError, match="a checkpoint of vgg-xyz, not of vgg-bce"):
        VggBceAnnotator(other)
    other.write_bytes(data.replace(b'\\"pooling\\": \\"root\\"', b'\\"pooling\\": \\"both\\"'))
    with pytest.raises(ModelError, match="do not fit"):
        VggBceAnnotator(other)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_it_learns_and_tags_alike(dataset: Dataset, tmp_path: Path) -> None:
    weights = train(Run(tmp_path, [dataset], torch.device("cuda"), options=OPTIONS))
    history = json.loads((tmp_path / "history.json").read_text())
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    batch = [VggBceAnnotator(weights).prepare(read_picture(dataset.samples[0].file, 224))]
    (cpu,), (cuda,) = (VggBceAnnotator(weights, None, device).forward(batch)[1] for device in ("cpu", "cuda"))
    assert cuda == pytest.approx(cpu, abs=0.1)
