"""The annotator all models share, with a network whose answers can be computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.pictures.picture import Picture
from imsearch.plugins.contract import check_annotator
from imsearch.specs import AnnotatorSpec
from imsearch.training.checkpoint import Checkpoint, save_checkpoint
from imsearch.training.evaluate import HasHeads
from imsearch.training.model import LEAST_PROBABILITY, MOST_TAGS, ModelAnnotator

HEADS = {"corel5k": ("sea", "sky"), "flickr8k": ("ocean", "dog")}
SAID = Checkpoint("light", "1", HEADS, ("sea", "sky", "sea", "dog"), preprocessing={"side": 8})


class Bias(nn.Module):
    """Logits are a bias, whatever the picture; features are the mean of its colours."""

    def __init__(self, logits: Sequence[float]) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.tensor(logits))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        colours = pixels.float().mean(dim=(1, 2)) / 255
        return colours, self.bias.expand(len(pixels), -1)


class Light(ModelAnnotator):
    model, version = "light", "1"

    def build(self, checkpoint: Checkpoint) -> nn.Module:
        return Bias([0.0] * checkpoint.outputs)

    def look(self, batch: Sequence[Any]) -> tuple[Tensor | None, Tensor]:
        features, logits = self.network(self.pixels(batch))
        return features, logits


class Blind(Light):
    def look(self, batch: Sequence[Any]) -> tuple[Tensor | None, Tensor]:
        return None, super().look(batch)[1]


def weights(folder: Path, logits: Sequence[float], said: Checkpoint = SAID) -> Path:
    save_checkpoint(folder / "weights.safetensors", Bias(logits), said)
    return folder / "weights.safetensors"


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def picture(colour: tuple[int, int, int] = (255, 0, 0)) -> Picture:
    return Picture(Path("a.png"), "0" * 64, 8, 8, "PNG", {}, (), Image.new("RGB", (12, 8), colour))


def test_outputs_of_one_tag_are_one_tag_with_their_mean_probability(tmp_path: Path) -> None:
    annotator = Light(weights(tmp_path, [logit(0.9), logit(0.3), logit(0.5), logit(0.2)]))
    (answer,) = annotator.annotate([annotator.prepare(picture())])
    assert [tag.name for tag in answer.tags] == ["sea", "sky", "dog"]
    assert [tag.probability for tag in answer.tags] == pytest.approx([0.7, 0.3, 0.2], abs=1e-3)


def test_each_dataset_is_judged_by_its_own_outputs(tmp_path: Path) -> None:
    annotator = Light(weights(tmp_path, [logit(0.9), logit(0.3), logit(0.5), logit(0.2)]))
    assert isinstance(annotator, HasHeads) and annotator.heads == HEADS
    scores = annotator.label_scores([annotator.prepare(picture())] * 2)
    assert scores["corel5k"] == pytest.approx(np.array([[0.9, 0.3]] * 2), abs=1e-3)
    assert scores["flickr8k"] == pytest.approx(np.array([[0.5, 0.2]] * 2), abs=1e-3)


def test_probabilities_are_calibrated(tmp_path: Path) -> None:
    said = Checkpoint("light", "1", HEADS, SAID.tags, preprocessing={"side": 8}, calibration={"flickr8k": (0.5, 1.0)})
    annotator = Light(weights(tmp_path, [0.0, 0.0, 2.0, -2.0], said))
    scores = annotator.label_scores([annotator.prepare(picture())])
    assert scores["corel5k"].tolist() == [[0.5, 0.5]]
    assert scores["flickr8k"] == pytest.approx(1 / (1 + np.exp([[-2.0, 0.0]])), abs=1e-4)


def test_the_vector_is_of_the_same_pass(tmp_path: Path) -> None:
    path = weights(tmp_path, [0.0] * 4)
    annotator = Light(path)
    answers = annotator.annotate([annotator.prepare(picture(colour)) for colour in ((255, 0, 0), (0, 0, 255))])
    vectors = [answer.vector for answer in answers]
    assert [None if vector is None else vector.tolist() for vector in vectors] == [[1, 0, 0], [0, 0, 1]]
    blind = Blind(path)
    assert blind.annotate([blind.prepare(picture())])[0].vector is None


def test_it_keeps_the_contract(tmp_path: Path) -> None:
    path = weights(tmp_path, [logit(p) for p in (0.9, 0.3, 0.5, 0.2)])
    spec = AnnotatorSpec("light", "1", lambda device: Light(path, None, device), "", ("sea", "sky", "dog"), 3, 8)
    assert [check.problems for check in check_annotator(spec) if not check.passed] == []


def test_only_the_likeliest_tags_are_said(tmp_path: Path) -> None:
    labels = tuple(f"w{number:03}" for number in range(100))
    said = Checkpoint("light", "1", {"jsonl": labels}, labels, preprocessing={"side": 8})
    annotator = Light(weights(tmp_path, [3 - 0.05 * number for number in range(100)], said))
    (answer,) = annotator.annotate([annotator.prepare(picture())])
    assert [tag.name for tag in answer.tags] == list(labels[:MOST_TAGS])
    few = Light(weights(tmp_path, [1.0] + [logit(LEAST_PROBABILITY / 2)] * 99, said))
    assert [tag.name for tag in few.annotate([few.prepare(picture())])[0].tags] == ["w000"]


def test_pictures_are_squashed_to_the_side_of_the_checkpoint(tmp_path: Path) -> None:
    annotator = Light(weights(tmp_path, [0.0] * 4))
    assert annotator.prepare(picture()).shape == (8, 8, 3)


@pytest.mark.parametrize(("model", "version"), [("light", "2"), ("heavy", "1")])
def test_weights_of_another_model_or_version_are_refused(tmp_path: Path, model: str, version: str) -> None:
    other = Checkpoint(model, version, HEADS, SAID.tags, preprocessing={"side": 8})
    with pytest.raises(ModelError, match=r"light"):
        Light(weights(tmp_path, [0.0] * 4, other))


def test_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no device 'toaster'"):
        Light(weights(tmp_path, [0.0] * 4), None, "toaster")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_same_tags(tmp_path: Path) -> None:
    path = weights(tmp_path, [logit(p) for p in (0.9, 0.3, 0.5, 0.2)])
    here, there = (Light(path, None, device) for device in ("cpu", "cuda"))
    answers = [each.annotate([each.prepare(picture())])[0] for each in (here, there)]
    assert [t.name for t in answers[0].tags] == [t.name for t in answers[1].tags]
    assert [t.probability for t in answers[0].tags] == pytest.approx([t.probability for t in answers[1].tags], abs=0.01)
