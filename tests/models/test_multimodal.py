"""The multi-modal multi-scale model: its fused scales, its social tags, its counting, and its recipe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from imsearch.errors import ModelError
from imsearch.pictures.picture import Picture, read_picture
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.everyday.checkpoint import read_checkpoint as read_everyday
from imsearch.plugins.everyday.files import WEIGHTS as EVERYDAY
from imsearch.plugins.multimodal import MODEL
from imsearch.plugins.multimodal.annotator import MultimodalAnnotator
from imsearch.plugins.multimodal.counting import limited, within_counts
from imsearch.plugins.multimodal.inputs import make_inputs
from imsearch.plugins.multimodal.network import MultimodalNetwork, fusion_block
from imsearch.plugins.multimodal.recipe import DEFAULTS, learn_counts, make_loss, mean_counts, train
from imsearch.training.corpus import Corpus, gather
from imsearch.training.data.datasets import Dataset
from imsearch.training.losses import asymmetric, masked
from imsearch.training.probabilities import sigmoid
from imsearch.training.run import Run

from .conftest import MakeDataset, StopAfter, tensors

OPTIONS = {"epochs": "2", "further_epochs": "2", "tag_epochs": "2", "learning_rate": "3e-4", "batch_size": "3"}
TAGS = {"sky": {"text_tags": ["windy", "clouds"]}, "grass": {"text_tags": ["picnic"]}, "snow": {"text_tags": ["cold"]}}


@pytest.fixture(scope="module")
def dataset(make_dataset: MakeDataset) -> Dataset:
    return make_dataset(count=12, more=TAGS)


@pytest.fixture(scope="module")
def trained(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), [dataset], options=OPTIONS))


@pytest.fixture(scope="module")
def annotator(trained: Path) -> MultimodalAnnotator:
    return MultimodalAnnotator(trained)


def picture(tags: Sequence[str] = ()) -> Picture:
    pixels = np.random.default_rng(1).integers(0, 255, (90, 120, 3), np.uint8)
    return Picture(Path("a.png"), "0" * 64, 120, 90, "PNG", {}, tuple(tags), Image.fromarray(pixels))


def test_a_fusion_block_halves_the_map_and_gives_it_the_next_channels() -> None:
    block = fusion_block(1, 2, 1.0).eval()
    with torch.no_grad():
        weights = dict(block.named_parameters())
        weights["0.weight"].fill_(1.0)
        weights["3.weight"].copy_(torch.tensor([2.0, -1.0]).view(2, 1, 1, 1))
        found = block(torch.ones(1, 1, 5, 5))
        below = block(-torch.ones(1, 1, 5, 5))
    # A 3x3 window at a corner sees 4 ones, at an edge 6, in the middle 9.
    seen = torch.tensor([[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]])
    torch.testing.assert_close(found[0], torch.stack([2 * seen, -seen]), rtol=1e-4, atol=1e-4)
    assert not below.any()


def test_scales_are_chained_and_added_before_pooling() -> None:
    torch.manual_seed(0)
    network = MultimodalNetwork({"a": ("x",)}, 0, 8).eval()
    fine, coarse = torch.rand(1, 48, 13, 13), torch.rand(1, 120, 7, 7)
    plain = network.backbone.upper(coarse, 5)
    torch.testing.assert_close(network.features(fine, coarse), plain)  # it starts from the backbone as it is
    torch.nn.init.constant_(network.get_parameter("fusion.coarse.4.weight"), 0.3)
    top = network.backbone.head(network.backbone.stages[5:](coarse))
    fused = top + network.fusion.coarse(coarse + network.fusion.fine(fine))
    assert top.shape == fused.shape == (1, 1280, 4, 4)
    torch.testing.assert_close(network.features(fine, coarse), fused.mean(dim=(2, 3)))
    assert not torch.allclose(network.features(fine, coarse), plain)


def test_the_likeliest_are_kept_up_to_each_heads_count() -> None:
    p = np.array([[0.9, 0.8, 0.7, 0.6, 0.95]], dtype=np.float32)
    columns = [slice(0, 3), slice(3, 5)]
    assert within_counts(p, np.array([[2.4, 0.0]]), columns).tolist() == [[True, True, False, False, True]]
    assert within_counts(p, np.array([[-1.0, 2.6]]), columns).tolist() == [[True, False, False, True, True]]


def test_what_is_beyond_the_count_stays_under_its_threshold_in_order() -> None:
    p = np.array([[0.9, 0.8, 0.6, 0.3]], dtype=np.float32)
    allowed = np.array([[True, False, False, False]])
    found = limited(p, allowed, np.array([0.5, 0.5, 0.5, 0.5], dtype=np.float32))
    np.testing.assert_allclose(found, [[0.9, 0.5 * (0.95 + 0.032), 0.5 * (0.95 + 0.024), 0.3]], rtol=1e-6)


def test_the_loss_counts_only_what_is_known() -> None:
    targets = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    mask = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    logits, counts = torch.zeros(2, 3), torch.tensor([[1.0, 7.0], [9.0, 0.5]])
    slices = {"a": slice(0, 2), "b": slice(2, 3)}
    found = make_loss(slices, 2.0)((logits, counts), targets, mask)
    # Of head a: (1 - 2)^2; of head b: (0.5 - 1)^2; the mean over the two pictures, times 2.
    torch.testing.assert_close(found - masked(asymmetric)(logits, targets, mask), torch.tensor(2 * (1 + 0.25) / 2))


def small_corpus(dataset: Dataset) -> Corpus:
    return gather(Run(Path(), [dataset]))


def test_both_scales_are_cropped_in_step(dataset: Dataset) -> None:
    corpus, rows = small_corpus(dataset), np.arange(12)
    fine = np.add.outer(np.arange(33) * 40, np.arange(33))[None, :, :, None] + np.zeros((12, 1, 1, 1))
    maps = [[fine.astype(np.float16)], [fine[:, ::2, ::2].astype(np.float16)]]
    inputs = make_inputs(corpus, maps, {"smallest_crop": 5})
    sides = set()
    for seed in range(30):
        small, large = inputs(rows, np.random.default_rng(seed))
        torch.testing.assert_close(small[:, :, ::2, ::2], large)
        sides.add(large.shape[-1])
    assert min(sides) >= 5 and len(sides) > 5
    small, large = inputs(rows, None)
    assert large.shape[-1] == 17 and small.shape[-1] == 33


def test_counts_learn_on_and_leave_alone_what_features_say(dataset: Dataset, tmp_path: Path) -> None:
    torch.manual_seed(0)
    corpus = small_corpus(dataset)
    head = MultimodalNetwork(corpus.heads, 0, 8).head
    names = ("label.weight", "count.0.weight")
    features = np.random.default_rng(0).random((12, 1280), np.float32)
    settings = {"head_learning_rate": 0.01, "further_epochs": 2, "batch_size": 3, "count_weight": 0.1, "average": 0.5}
    before = [head.get_parameter(name).detach().clone() for name in names]
    learned = learn_counts(Run(tmp_path, [dataset]), corpus, head, features, settings)
    after = [learned.get_parameter(name) for name in names]
    torch.testing.assert_close(after[0], before[0], rtol=0, atol=0)
    assert not torch.allclose(after[1], before[1], atol=1e-3)


def test_labels_start_from_what_everyday_knows_of_them() -> None:
    network = MultimodalNetwork({"mine": ("sky",), "corel5k": ("sky", "nonsense")}, 3, 8)
    network.start_from_everyday({"mine": ("sky",), "corel5k": ("sky", "nonsense")})
    place = read_everyday(EVERYDAY).heads["corel5k"].labels.index("sky")
    with safe_open(EVERYDAY, framework="pt") as file:
        weight, upper = file.get_tensor("heads.corel5k.weight"), file.get_tensor("backbone.head.0.weight")
    torch.testing.assert_close(network.head.label.weight[1, :1280], weight[place].float())
    torch.testing.assert_close(network.get_parameter("backbone.head.0.weight"), upper.float())
    assert not torch.allclose(network.head.label.weight[0, :1280], weight[place].float())
    assert network.head.label.bias[2] == -3


def test_counts_start_at_the_mean(dataset: Dataset) -> None:
    corpus = small_corpus(dataset)
    means = mean_counts(corpus)
    np.testing.assert_allclose(means, [5 / 3])  # two of the three colours have two labels
    network = MultimodalNetwork(corpus.heads, 0, 8)
    network.head.start_counts(means)
    assert network.get_parameter("head.count.2.bias").tolist() == pytest.approx([5 / 3])


def test_the_loss_falls(trained: Path) -> None:
    history = json.loads((trained.parent / "history.json").read_text())
    assert history[-1]["loss"] < 0.9 * history[0]["loss"]
    figures = json.loads(trained.with_suffix(".json").read_text())["figures"]["last epoch"]
    assert {"jsonl count error", "jsonl mAP", "jsonl mAP with tags"} <= figures.keys()


def test_a_stopped_run_ends_with_the_same_weights(dataset: Dataset, trained: Path, tmp_path: Path) -> None:
    shared = trained.parent / "maps"
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path, [dataset], options=OPTIONS, reporter=StopAfter(1), shared=shared))
    assert tensors(train(Run(tmp_path, [dataset], options=OPTIONS, shared=shared))) == tensors(trained)


def test_saved_weights_give_what_the_trained_network_gives(dataset: Dataset, annotator: MultimodalAnnotator) -> None:
    samples = dataset.samples[:3]
    pictures = [read_picture(sample.file, 260) for sample in samples]
    features, logits = annotator.look([annotator.prepare(each) for each in pictures])
    network = annotator.network
    pixels = np.stack([each.array(260, 260) for each in pictures])
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        maps = network.maps((x - 127) / 128)
        found, _, seen = network(*maps)
    torch.testing.assert_close(features, seen, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(logits, found, rtol=1e-3, atol=1e-4)


def test_no_more_tags_are_shown_than_predicted(annotator: MultimodalAnnotator, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = [annotator.prepare(picture())]
    monkeypatch.setattr(annotator, "limits", np.full(len(annotator.tags), 0.001, dtype=np.float32))
    for count in (1, 2):
        monkeypatch.setattr(annotator, "counts", lambda features, count=count: np.full((1, 1), float(count)))
        tags = annotator.annotate(prepared)[0].tags
        assert sum(tag.probability >= 0.001 for tag in tags) == count
    everything = dict(zip(annotator.tags, sigmoid(annotator.forward(prepared)[1])[0].tolist(), strict=True))
    monkeypatch.setattr(annotator, "counts", lambda features: np.full((1, 1), 4.0))
    shown = {tag.name: tag.probability for tag in annotator.annotate(prepared)[0].tags}
    assert shown == pytest.approx({name: p for name, p in everything.items() if p >= 0.002}, rel=1e-5)


def test_the_contract_holds(trained: Path) -> None:
    (spec,) = replace(MODEL, folder=trained.parent).annotators()
    assert spec.inputs == {"social_tags"}
    assert [check for check in check_annotator(spec) if not check.passed] == []


def test_other_checkpoints_and_settings_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="multimodal"):
        MultimodalAnnotator(EVERYDAY)
    with pytest.raises(ModelError, match="start wants one of everyday, imagenet, or a weights file"):
        train(Run(tmp_path, [dataset], options={"start": "nothing"}))
    with pytest.raises(ModelError, match="no setting 'epoch'"):
        train(Run(tmp_path, [dataset], options={"epoch": "1"}))
    assert set(DEFAULTS) >= OPTIONS.keys()


def test_a_checkpoint_without_its_settings_or_of_another_text_encoder_is_refused(
    annotator: MultimodalAnnotator,
) -> None:
    with pytest.raises(ModelError, match="words"):
        annotator.build(replace(annotator.checkpoint, network={"hidden": 8}))
    other = {**annotator.checkpoint.network, "text": "0123456789abcdef"}
    with pytest.raises(ModelError, match=r"text encoder 0123456789abcdef, .* imsearch train multimodal"):
        annotator.build(replace(annotator.checkpoint, network=other))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_it_trains_and_annotates_on_cuda(dataset: Dataset, tmp_path: Path) -> None:
    weights = train(Run(tmp_path, [dataset], torch.device("cuda"), options=OPTIONS))
    annotator = MultimodalAnnotator(weights, device="cuda")
    (annotation,) = annotator.annotate([annotator.prepare(picture(["picnic"]))])
    assert annotation.vector is not None and annotation.vector.shape == (1280,)
