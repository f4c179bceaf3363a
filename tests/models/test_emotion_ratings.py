"""The emotion model on pictures that people rated: the reader, the regressed head, the tags, sets of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from imsearch.errors import DatasetError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.emotion.annotator import EmotionAnnotator
from imsearch.plugins.emotion.network import Joint
from imsearch.plugins.emotion.recipe import train, with_ratings
from imsearch.training.checkpoint import read_checkpoint
from imsearch.training.corpus import gather
from imsearch.training.data.datasets import Dataset, load_dataset
from imsearch.training.data.rated_sets import RATINGS, read_ratings
from imsearch.training.run import Run
from tests.models.conftest import MakeDataset

OPTIONS = {"epochs": "8", "batch_size": "6", "backbone_width": "8", "handmade_width": "8", "learning_rate": "0.01"}
OPTIONS |= {"average": "0.5", "dropout": "0.1"}
RATED = {"sky": (6.0, 2.5), "grass": (2.0, 5.0), "snow": (4.0, 3.6)}


@pytest.fixture(scope="module")
def rated(make_dataset: MakeDataset) -> Dataset:
    """Blue pictures are pleasant and calm, green ones unpleasant and exciting, white ones nothing."""
    colours: dict[str, list[str]] = {"sky": ["x"], "grass": ["x"], "snow": ["x"]}
    extra = {colour: {"valence": v, "arousal": a} for colour, (v, a) in RATED.items()}
    made = make_dataset("jsonl", 12, colours, extra)
    return load_dataset(f"{RATINGS}:{made.folder}")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def trained(rated: Dataset, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), [rated], options=OPTIONS, shared=cache))


def listed(folder: Path, **values: object) -> Path:
    (folder / "labels.jsonl").write_text(json.dumps({"file": "a.jpg", "labels": ["neutral"], **values}) + "\n")
    return folder


@pytest.mark.parametrize(
    ("valence", "arousal", "labels"),
    [
        (4.0, 3.5, ()),
        (5, 3, ("calm", "positive")),
        (3.0, 4.2, ("exciting", "negative")),
        (3.1, 7, ("exciting",)),
    ],
)
def test_labels_are_what_lies_beyond_a_cut_off(
    valence: float, arousal: float, labels: tuple[str, ...], tmp_path: Path
) -> None:
    (sample,) = read_ratings(listed(tmp_path, valence=valence, arousal=arousal))
    assert sample.labels == labels
    assert sample.extra["valence"] == valence


@pytest.mark.parametrize("wrong", [None, "5", True, 0.9, 8])
def test_a_rating_is_a_number_from_1_to_7(wrong: object, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r'line 1: a.jpg needs a "arousal" from 1 to 7'):
        read_ratings(listed(tmp_path, valence=4, arousal=wrong))


def test_ratings_are_taught_beside_the_labels_of_other_sets(
    rated: Dataset, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    other = make_dataset("sentiment", 12, {"sky": ["positive"], "grass": ["negative"], "snow": []})
    corpus = gather(Run(tmp_path, [other, rated]))
    wide = with_ratings(corpus)
    columns = corpus.targets.shape[1]
    assert wide.targets.shape[1] == columns + 2
    row = next(row for row, sample in enumerate(corpus.samples) if sample.extra.get("valence") == 6.0)
    assert wide.targets[row, columns:].tolist() == [2.0, -1.5] and wide.mask[row, columns:].tolist() == [1, 1]
    assert not wide.mask[: len(other.samples), columns:].any()
    assert np.array_equal(wide.targets[:, :columns], corpus.targets)


def test_log_odds_are_distances_from_the_cut_offs() -> None:
    joint = Joint({"other": 1, RATINGS: 2}, [2], [2], rated=("calm", "positive")).eval()
    with torch.no_grad():
        joint.head[1].weight.zero_()  # type: ignore[operator]
        joint.head[1].bias.copy_(torch.tensor([0.3, 0.1, 2.0, -1.5]))  # type: ignore[operator]  # valence 6, arousal 2.5
        odds, ratings = joint.told(torch.zeros(1, 2))
    assert ratings.tolist()[0] == pytest.approx([2.0, -1.5])
    assert odds.tolist()[0] == pytest.approx([0.2, 0.5, 1.0])


def test_pleasant_pictures_are_positive_and_the_others_are_not(rated: Dataset, trained: Path) -> None:
    annotator = EmotionAnnotator(trained)
    assert annotator.tags == ("emotion:calm", "emotion:exciting", "emotion:negative", "emotion:positive")
    assert annotator.heads == {RATINGS: ("calm", "exciting", "negative", "positive")}
    said = []
    for valence in (6.0, 2.0, 4.0):
        file = next(sample.file for sample in rated.samples if sample.extra["valence"] == valence)
        batch = [annotator.prepare(read_picture(file, annotator.side))]
        said.append({tag.name: tag.probability for tag in annotator.annotate(batch)[0].tags})
    sky, grass, snow = ({name: each.get(name, 0) for name in annotator.tags} for each in said)
    assert sky["emotion:positive"] > snow["emotion:positive"] > grass["emotion:positive"]
    assert grass["emotion:exciting"] > snow["emotion:exciting"] > sky["emotion:exciting"]
    assert grass["emotion:negative"] > sky["emotion:negative"]


def test_a_feeling_is_shown_where_it_is_likely(trained: Path) -> None:
    checkpoint = read_checkpoint(trained, "emotion", "1")
    assert all(checkpoint.thresholds[tag] >= 0.7 for tag in checkpoint.tags)


Relist = Callable[[Dataset, Path], str]


def as_folders(rated: Dataset, folder: Path) -> str:
    for sample in rated.samples:
        feeling = {6.0: "joy", 2.0: "fear"}.get(sample.extra["valence"])
        if feeling:
            target = folder / {"dev": "val"}.get(sample.split, sample.split) / feeling
            target.mkdir(parents=True, exist_ok=True)
            (target / sample.file.name).write_bytes(sample.file.read_bytes())
    return f"folders:{folder}"


def as_csv(rated: Dataset, folder: Path) -> str:
    feeling = {6.0: "joy", 2.0: "fear", 4.0: ""}
    lines = [f"{each.file.resolve()},{feeling[each.extra['valence']]},{each.split}" for each in rated.samples]
    (folder / "labels.csv").write_text("\n".join(["file,labels,split", *lines]) + "\n")
    return f"csv:{folder}"


@pytest.mark.parametrize("relist", [as_folders, as_csv])
def test_emotions_of_ones_own(relist: Relist, rated: Dataset, cache: Path, tmp_path: Path) -> None:
    for name in ("set", "run"):
        (tmp_path / name).mkdir()
    own = load_dataset(relist(rated, tmp_path / "set"))
    weights = train(Run(tmp_path / "run", [own], options=OPTIONS, shared=cache))
    annotator = EmotionAnnotator(weights)
    assert annotator.tags == ("emotion:fear", "emotion:joy")
    file = next(sample.file for sample in rated.samples if sample.extra["valence"] == 6.0)
    scores = annotator.label_scores([annotator.prepare(read_picture(file, annotator.side))])[own.kind][0]
    assert scores[1] > scores[0]
