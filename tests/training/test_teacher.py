"""A teacher: its probabilities over pictures, kept, and a corpus made of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imsearch.errors import DatasetError, ModelError
from imsearch.records import RANKING_ONLY
from imsearch.training.corpus import gather
from imsearch.training.data.datasets import Dataset, load_dataset
from imsearch.training.run import Run
from imsearch.training.teacher import HEAD, Teacher, taught
from tests.fakes import Calls, colour_spec


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Ten red pictures and five blue ones, of labels that tell nothing; every fifth is held back."""
    for number in range(15):
        colour = (200, 20, 20) if number < 10 else (20, 20, 200)
        folder = tmp_path / "set" / ("val" if number % 5 == 4 else "train") / "thing"
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32 + number, 24), colour).save(folder / f"{number:02}.png")
    return load_dataset(f"folders:{tmp_path / 'set'}")


def test_what_it_says_is_kept(dataset: Dataset, tmp_path: Path) -> None:
    calls = Calls()
    teacher = Teacher.named("colours", [colour_spec(calls)])
    files = [sample.file for sample in dataset.samples]
    found = teacher.probabilities(files, tmp_path / "kept")
    assert teacher.tags == ("red", "green", "blue") and found.shape == (15, 3)
    reds = [200 / 255 if int(file.stem) < 10 else 20 / 255 for file in files]
    assert found[:, 0] == pytest.approx(np.array(reds), abs=0.01)
    assert calls.annotated == 15
    again = Calls()
    kept = Teacher.named("colours", [colour_spec(again)]).probabilities(files, tmp_path / "kept")
    assert np.array_equal(kept, found) and not again.built, "not even built for what is known"
    newer = Calls()
    Teacher.named("colours", [colour_spec(newer, version="2")]).probabilities(files, tmp_path / "kept")
    assert newer.annotated == 15, "another version may say something else"


def test_its_tags_become_the_labels(dataset: Dataset, tmp_path: Path) -> None:
    run = Run(tmp_path / "run", [dataset])
    corpus = gather(run)
    teacher = Teacher.named("colours", [colour_spec()])
    found = taught(run, teacher, corpus, 5)
    assert found.heads == {HEAD: ("red",)}, "blue is shown in 4 pictures to learn from, green in none"
    assert (found.train == corpus.train).all() and (found.held == corpus.held).all()
    assert found.targets.shape == (15, 1) and (found.mask == 1).all()
    assert sorted({round(float(value), 1) for value in found.targets[:, 0]}) == [0.1, 0.8]
    assert taught(run, teacher, corpus, 4).heads == {HEAD: ("red", "blue")}
    with pytest.raises(DatasetError, match=r"shows no tag in 100 pictures.*least_shown"):
        taught(run, teacher, corpus, 100)


def test_what_it_never_shows_is_not_learned(dataset: Dataset) -> None:
    hiding = replace(colour_spec(), thresholds={"red": RANKING_ONLY})
    assert Teacher.named("colours", [hiding]).tags == ("green", "blue")


def test_who_cannot_teach() -> None:
    spec = colour_spec()
    with pytest.raises(ModelError, match="no annotator 'nobody' to learn from; there are: colours"):
        Teacher.named("nobody", [spec])
    with pytest.raises(ModelError, match="does not say which tags it has"):
        Teacher.named("colours", [replace(spec, vocabulary=())])
    with pytest.raises(ModelError, match="also looks at social_tags"):
        Teacher.named("colours", [replace(spec, inputs=frozenset({"social_tags"}))])


def test_a_picture_that_cannot_be_read(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"broken\.jpg cannot be used"):
        Teacher.named("colours", [colour_spec()]).probabilities([broken], tmp_path / "kept")
