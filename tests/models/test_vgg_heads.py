"""Heads of several datasets in vgg-bce: trained apart, and put together by the kind of picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from imsearch.errors import ModelError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.vgg_bce import annotator, recipe
from imsearch.plugins.vgg_bce.annotator import VggBceAnnotator
from imsearch.plugins.vgg_bce.apart import joined, part_of, together
from imsearch.plugins.vgg_bce.kinds import UNKNOWN, Mixture, fit_far, fit_kinds, kinds_of
from imsearch.plugins.vgg_bce.network import VggBce
from imsearch.plugins.vgg_bce.recipe import train
from imsearch.training.corpus import gather
from imsearch.training.datasets import Dataset
from imsearch.training.probabilities import logit, sigmoid
from imsearch.training.run import Run
from tests.models.conftest import MakeDataset, StopAfter, tensors
from tests.models.test_vgg_bce import OPTIONS as WITH_VIEWS
from tests.models.test_vgg_bce import spec_of
from tests.models.tiny_vgg import tiny_features

OPTIONS = {**WITH_VIEWS, "views": "0"}


@pytest.fixture(scope="module", autouse=True)
def made_up_features() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (recipe, annotator):
            patch.setattr(module, "load_vgg16_features", tiny_features)
        yield


@pytest.fixture(scope="module")
def datasets(make_dataset: MakeDataset) -> list[Dataset]:
    """Three kinds that share the words grass and snow, of which each knows others besides."""
    return [
        make_dataset(),
        make_dataset("corel5k", 48, {"sky": ["water"], "grass": ["grass"], "snow": ["snow", "water"]}),
        make_dataset("flickr8k", 36, {"sky": ["water"], "grass": ["dog", "grass"], "snow": ["snow"]}),
    ]


@pytest.fixture(scope="module")
def trained(datasets: list[Dataset], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), datasets, options=OPTIONS))


def test_more_datasets_leave_a_head_as_it_was(trained: Path, datasets: list[Dataset], tmp_path: Path) -> None:
    alone = train(Run(tmp_path, datasets[:1], options=OPTIONS))
    for name in ("mean", "scale"):
        assert tensors(alone)[name] == tensors(trained)[name]
    for name in ("linear.weight", "linear.bias"):
        first = tensors(alone)[name]
        assert tensors(trained)[name][: len(first)] == first
    one, several = (VggBceAnnotator(weights) for weights in (alone, trained))
    batch = [one.prepare(read_picture(sample.file, 224)) for sample in datasets[0].samples[:6]]
    assert np.array_equal(one.label_scores(batch)["jsonl"], several.label_scores(batch)["jsonl"])


def test_a_later_head_says_what_it_says_alone(trained: Path, datasets: list[Dataset], tmp_path: Path) -> None:
    alone, several = VggBceAnnotator(train(Run(tmp_path, datasets[2:], options=OPTIONS))), VggBceAnnotator(trained)
    batch = [alone.prepare(read_picture(sample.file, 224)) for sample in datasets[2].samples[:9]]
    own, found = (each.label_scores(batch)["flickr8k"] for each in (alone, several))
    assert found == pytest.approx(own, abs=0.01), "but for the rounding of another scale"
    assert own.std() > 0.2


def test_it_keeps_the_contract_and_tells_of_every_head(trained: Path) -> None:
    spec = spec_of(trained)
    assert [check.problems for check in check_annotator(spec) if not check.passed] == []
    summary = json.loads(trained.with_suffix(".json").read_text())
    assert list(summary["heads"]) == ["corel5k", "flickr8k", "jsonl"] and summary["vector_length"] == 512
    assert {"corel5k mAP", "flickr8k mAP", "jsonl mAP", "jsonl loss"} <= summary["figures"]["last epoch"].keys()


def test_a_stopped_run_ends_with_the_same_weights(trained: Path, datasets: list[Dataset], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path, datasets, options=OPTIONS, reporter=StopAfter(6)))
    assert not (tmp_path / "weights.safetensors").exists()
    assert (tmp_path / "jsonl" / "history.json").exists() and (tmp_path / "corel5k" / "history.json").exists()
    with pytest.raises(ModelError, match=r"learning_rate 0\.01, now 0\.02"):
        train(Run(tmp_path, datasets, options={**OPTIONS, "learning_rate": "0.02"}))
    assert tensors(train(Run(tmp_path, datasets, options=OPTIONS))) == tensors(trained)


def test_a_part_is_what_a_run_on_it_alone_gathers(datasets: list[Dataset], tmp_path: Path) -> None:
    whole, alone = gather(Run(tmp_path, datasets)), gather(Run(tmp_path, datasets[1:2]))
    rows, part = part_of(whole, "corel5k")
    assert [whole.files[row] for row in rows] == alone.files == part.files
    assert (part.heads, part.train.tolist(), part.held.tolist()) == (
        alone.heads,
        alone.train.tolist(),
        alone.held.tolist(),
    )
    assert np.array_equal(part.targets, alone.targets) and np.array_equal(part.mask, alone.mask)


def test_joined_heads_are_linear_in_the_features_of_the_first(datasets: list[Dataset], tmp_path: Path) -> None:
    corpus = gather(Run(tmp_path, datasets[:2]))
    random = np.random.default_rng(0)
    networks = {}
    for head, labels in corpus.heads.items():
        networks[head] = VggBce("root", len(labels))
        frequency = np.full(len(labels), 0.2, np.float32)
        networks[head].begin(random.random((9, 512), np.float32) * len(networks), frequency)
    inputs = torch.from_numpy(random.random((5, 512), np.float32))
    with torch.no_grad():
        expected = torch.cat([network(inputs) for network in networks.values()], dim=1)
        assert joined(networks, corpus)(inputs).numpy() == pytest.approx(expected.numpy(), abs=1e-3)


def test_histories_are_told_together() -> None:
    told = together({"a": [{"loss": 3.0, "a mAP": 0.5}], "b": [{"loss": 4.0, "b mAP": 0.6}]})
    assert told == [{"a loss": 3.0, "a mAP": 0.5, "b loss": 4.0, "b mAP": 0.6}]


def test_kinds_of_pictures_are_told_apart_each_dataset_counting_alike() -> None:
    inputs = torch.tensor([[-1.0]] * 90 + [[1.0]] * 10)
    layer = fit_kinds(inputs, torch.tensor([0] * 90 + [1] * 10))
    with torch.no_grad():
        likely = layer(torch.tensor([[-1.0], [0.0], [1.0]])).softmax(dim=1)[:, 1]
    assert likely[0] < 0.1 and likely[2] > 0.9
    assert likely[1] == pytest.approx(0.5, abs=0.01), "in spite of nine times as many of the first"


def test_kinds_follow_the_rows_to_learn_from(datasets: list[Dataset], tmp_path: Path) -> None:
    corpus = gather(Run(tmp_path, datasets))
    rows, kinds = kinds_of(corpus)
    assert rows.tolist() == corpus.train.tolist()
    assert torch.bincount(kinds).tolist() == [18, 36, 27]


def test_far_rules_are_learned_on_the_other_datasets(datasets: list[Dataset], tmp_path: Path) -> None:
    corpus = gather(Run(tmp_path, datasets[:2]))
    tags = tuple(label for labels in corpus.heads.values() for label in labels)
    right = np.zeros((len(corpus.held), len(tags)), dtype=np.float32)
    for head, other in (("jsonl", "corel5k"), ("corel5k", "jsonl")):
        mine, theirs = corpus.slices[head], corpus.slices[other]
        for index, tag in enumerate(tags[mine]):
            if tag in tags[theirs]:
                truth = corpus.targets[corpus.held, theirs.start + tags[theirs].index(tag)]
                right[:, mine.start + index] = np.where(truth > 0, 2, -4)
    good, bad = (fit_far(corpus, tags, sign * right)["jsonl"] for sign in (1, -1))
    assert good == 0 > bad, "never more than on its own kind of picture"
    strangers = tuple(f"{tag} {place}" for place, tag in enumerate(tags))
    assert set(fit_far(corpus, strangers, right).values()) == {UNKNOWN}


def test_the_mixture_by_hand() -> None:
    mixture = Mixture({"a": ("sky", "dog"), "b": ("dog",)}, ("sky", "dog", "dog"), {"a": -1.0, "b": -3.0})
    logits = logit(np.array([[0.8, 0.6, 0.2]], dtype=np.float32))
    far = float(sigmoid(logit(np.float32(0.8)) - 1))  # type: ignore[arg-type]
    for kind in (0.0, 0.25, 1.0):
        kinds = np.array([[kind, 1 - kind]], dtype=np.float32)
        sky, dog = mixture(logits, kinds)[0]
        assert sky == pytest.approx(kind * 0.8 + (1 - kind) * far)
        assert dog == pytest.approx(kind * 0.6 + (1 - kind) * 0.2), "both kinds have a head that knows it"


def test_labels_of_one_head_with_one_tag_are_averaged() -> None:
    mixture = Mixture(
        {"a": ("cloud", "clouds"), "b": ("dog",)}, ("cloud", "cloud", "dog"), {"a": UNKNOWN, "b": UNKNOWN}
    )
    logits = logit(np.array([[0.8, 0.6, 0.5]], dtype=np.float32))
    assert mixture(logits, np.array([[1.0, 0.0]], dtype=np.float32))[0, 0] == pytest.approx(0.7)


def test_the_annotator_believes_the_head_of_the_kind_of_picture(trained: Path, datasets: list[Dataset]) -> None:
    model = VggBceAnnotator(trained)
    batch = [model.prepare(read_picture(datasets[0].samples[0].file, 224))]
    features, logits = model.forward(batch)
    assert model.mixture is not None and features is not None
    kinds = np.asarray(model.network.likely_kinds(torch.from_numpy(features)).detach())
    found = dict(zip(model.tags, model.mixture(logits, kinds)[0], strict=True))
    said = {tag.name: tag.probability for tag in model.annotate(batch)[0].tags}
    assert said == pytest.approx({tag: value for tag, value in found.items() if value >= 0.002})
    assert kinds.shape == (1, 3) and kinds.sum() == pytest.approx(1)
    assert model.most_tags == 96, "more than of one head"
