"""The whole recipe on a handful of generated pictures: it learns, resumes, and what it writes can be used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from PIL import Image

from imsearch import RANKING_ONLY
from imsearch.errors import DatasetError, ModelError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.everyday.annotator import EverydayAnnotator
from imsearch.plugins.everyday.colours import ColourModel
from imsearch.plugins.everyday.files import WEIGHTS
from imsearch.plugins.everyday.recipe import train
from imsearch.training.data.datasets import Dataset, Sample, hold_out, load_dataset
from imsearch.training.run import Run
from tests.models.conftest import StopAfter, tensors

COLOURS = {"sky": (90, 150, 240), "grass": (40, 160, 40), "snow": (245, 245, 250)}
WORDS = {
    "corel5k": {"sky": ["sky"], "grass": ["grass"], "snow": ["snow"]},
    "flickr8k": {"sky": ["beach"], "grass": ["dog", "grass"], "snow": ["snow"]},
    "coco": {"sky": ["kite"], "grass": ["dog"], "snow": ["skis"]},
}
OPTIONS = {"epochs": "3", "batch_size": "6", "photos_epochs": "2", "photos_least": "2"}


def file_names() -> list[str]:
    """Nine that every recipe learns from, then three that it holds back."""
    kept, held = hold_out([Sample(Path(f"{number}.png"), ()) for number in range(200)], 20)
    return [sample.file.name for sample in (*kept[:9], *held[:3])]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> list[Dataset]:
    """Twelve noisy one-coloured pictures for each of the three kinds."""
    random = np.random.default_rng(0)
    loaded = []
    for kind, words in WORDS.items():
        folder = tmp_path_factory.mktemp(kind)
        lines, teacher = [], []
        for number, name in enumerate(file_names()):
            colour = list(COLOURS)[number % 3]
            pixels = np.clip(np.array(COLOURS[colour]) + random.normal(0, 25, (48, 64, 3)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
            split = "dev" if kind == "flickr8k" and number >= 9 else "train"
            lines.append({"file": name, "labels": words[colour], "split": split})
            teacher.append({"file": name, "objects": dict.fromkeys(WORDS["coco"][colour], 0.9)})
        (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)))
        (folder / "objects_teacher.jsonl").write_text("\n".join(map(json.dumps, teacher)))
        loaded.append(load_dataset(f"{kind}:{folder}"))
    return loaded


@pytest.fixture(scope="module")
def trained(datasets: list[Dataset], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), datasets, options=OPTIONS))


def test_the_loss_falls(trained: Path) -> None:
    history = json.loads((trained.parent / "history.json").read_text())
    assert len(history) == 3
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    assert {"corel5k mAP", "flickr8k mAP", "coco mAP"} <= set(history[-1])
    assert (trained.parent / "loss.png").exists() and (trained.parent / "scores.png").exists()


def test_a_stopped_run_ends_with_the_same_weights(datasets: list[Dataset], trained: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path, datasets, options=OPTIONS, reporter=StopAfter(1)))
    assert not (tmp_path / "weights.safetensors").exists()
    again = train(Run(tmp_path, datasets, options=OPTIONS))
    assert tensors(again) == tensors(trained)


def test_the_summary_describes_the_weights(trained: Path) -> None:
    summary = json.loads(trained.with_suffix(".json").read_text())
    annotator = EverydayAnnotator(trained, summary["sha256"])
    assert tuple(summary["vocabulary"]) == (*annotator.tagger.tags, *ColourModel.load().tags)
    assert summary["thresholds"] == dict.fromkeys(annotator.checkpoint.hidden, RANKING_ONLY)
    assert len(set(summary["vocabulary"])) == len(summary["vocabulary"]) > 1000
    assert 0.3 <= summary["threshold"] <= 0.7


def test_heads_alone_are_trained_on_the_shipped_stages(datasets: list[Dataset], tmp_path: Path) -> None:
    path = train(Run(tmp_path, datasets, options={**OPTIONS, "start": "everyday"}))
    ours, shipped = (safetensors.numpy.load_file(each) for each in (path, WEIGHTS))
    stages = [name for name in shipped if name.startswith(("backbone.", "heads."))]
    assert len(stages) > 10 and all(np.array_equal(ours[name], shipped[name]) for name in stages)
    assert ours["photos.weight"].shape[1] == 2560
    with pytest.raises(ModelError, match="start wants one of imagenet, everyday"):
        train(Run(tmp_path / "other", datasets, options={**OPTIONS, "start": "zebra"}))


def test_the_annotator_gives_tags_and_vector_from_one_pass(
    datasets: list[Dataset], trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotator = EverydayAnnotator(trained, None)
    backbone = annotator.network.backbone
    lower, passes = backbone.lower, []

    def counted(x: torch.Tensor, stages: int) -> torch.Tensor:
        passes.append(len(x))
        return lower(x, stages)

    monkeypatch.setattr(backbone, "lower", counted)
    pictures = [read_picture(sample.file, 260) for sample in datasets[0].samples[:3]]
    annotations = annotator.annotate([annotator.prepare(picture) for picture in pictures])
    assert passes == [3]
    for annotation in annotations:
        names = [tag.name for tag in annotation.tags]
        assert len(names) == len(set(names)) > 5
        assert all(0 <= tag.probability <= 1 for tag in annotation.tags)
        assert annotation.vector is not None and annotation.vector.shape == (1280,)


def test_weights_that_changed_are_refused(trained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "weights.safetensors"
    data = bytearray(trained.read_bytes())
    data[-1] ^= 1
    copy.write_bytes(data)
    with pytest.raises(ModelError, match="damaged or changed"):
        EverydayAnnotator(copy, json.loads(trained.with_suffix(".json").read_text())["sha256"])
    copy.write_bytes(data[:1000])
    with pytest.raises(ModelError, match="not a checkpoint of everyday"):
        EverydayAnnotator(copy, None)


def test_a_missing_dataset_is_named(datasets: list[Dataset], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="--dataset coco:PATH"):
        train(Run(tmp_path, datasets[:2], options=OPTIONS))


@pytest.mark.parametrize("options", [{"epoch": "3"}, {"epochs": "three"}])
def test_a_setting_that_cannot_be_used_is_named(
    datasets: list[Dataset], tmp_path: Path, options: dict[str, str]
) -> None:
    with pytest.raises(ModelError, match="epoch"):
        train(Run(tmp_path, datasets, options=options))


def test_labels_that_the_lexicon_does_not_know_are_named(datasets: list[Dataset], tmp_path: Path) -> None:
    odd = datasets[0].samples[0]
    stranger = datasets[0].choose([type(odd)(odd.file, ("quux",), "train")])
    with pytest.raises(DatasetError, match="'quux'"):
        train(Run(tmp_path, [stranger, *datasets[1:]], options=OPTIONS))
