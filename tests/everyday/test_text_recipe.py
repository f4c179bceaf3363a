"""The recipe of the text encoder, on a world of three kinds of pictures whose vectors tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.errors import DatasetError
from imsearch.plugins.everyday import text_recipe
from imsearch.plugins.everyday.text_encoder import EverydayText
from imsearch.plugins.everyday.text_network import SENTENCE_LENGTH
from imsearch.training.data.datasets import Dataset, Sample
from imsearch.training.run import Run

THINGS = ("dog", "beach", "car")
OPTIONS = {"epochs": "6", "batch_size": "12", "words": "60", "tag_texts": "48", "learning_rate": "0.01"}


def vector_of(thing: str, number: int) -> NDArray[np.float32]:
    vector = np.full(1280, 0.02, np.float32)
    vector[THINGS.index(thing) :: 3] += 0.02
    vector += np.random.default_rng(number).normal(0, 0.003, 1280).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for the models that look at pictures and read sentences, which have tests of their own."""

    def seen(run: Run, pictures: object) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[str, ...]]:
        samples: Sequence[Sample] = pictures.samples  # type: ignore[attr-defined]
        things = [sample.labels[0] for sample in samples]
        vectors = np.stack([vector_of(thing, number) for number, thing in enumerate(things)])
        said = np.array([[0.9 if thing == tag else 0.01 for tag in THINGS] for thing in things], np.float32)
        return vectors, said, THINGS

    def sentences(run: Run, texts: Sequence[str]) -> NDArray[np.float32]:
        found = np.zeros((len(texts), SENTENCE_LENGTH), np.float32)
        for row, text in enumerate(texts):
            found[row, [THINGS.index(thing) for thing in THINGS if thing in text] or [9]] = 1
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    monkeypatch.setattr(text_recipe, "_seen", seen)
    monkeypatch.setattr(text_recipe, "_sentences", sentences)
    monkeypatch.setattr(
        text_recipe,
        "first_vectors",
        lambda words: np.random.default_rng(0).normal(size=(len(words), 16)).astype(np.float32),
    )


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    samples = []
    for number in range(48):
        thing, file = THINGS[number % 3], tmp_path / f"{number:02}.jpg"
        file.write_bytes(bytes([number]))
        captions = [f"a {thing} number {word} of some kind" for word in ("one", "two", "three", "four", "five")]
        split = "dev" if number < 12 else "train"
        samples.append(Sample(file, (thing,), split, extra={"captions": captions}))
    return Dataset("flickr8k", tmp_path, tuple(samples), THINGS)


def run_in(folder: Path, dataset: Dataset, **options: str) -> Run:
    folder.mkdir(exist_ok=True)
    return Run(folder, [dataset], options={**OPTIONS, **options}, recipe="everyday-text")


def test_it_learns_where_pictures_lie(tmp_path: Path, dataset: Dataset) -> None:
    encoder = EverydayText.load(text_recipe.train(run_in(tmp_path / "run", dataset)))
    pictures = encoder.pictures(np.stack([vector_of(thing, 1000) for thing in THINGS]))
    for texts in (THINGS, [f"a {thing} of some kind" for thing in THINGS]):
        assert (encoder.encode(texts) @ pictures.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_a_stopped_run_ends_like_one_that_was_not(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = text_recipe.train(run_in(tmp_path / "whole", dataset))
    judge = text_recipe._Trainer._judge
    judged = []

    def stop(self: text_recipe._Trainer) -> dict[str, float]:
        judged.append(1)
        if len(judged) == 3:
            raise KeyboardInterrupt
        return judge(self)

    monkeypatch.setattr(text_recipe._Trainer, "_judge", stop)
    with pytest.raises(KeyboardInterrupt):
        text_recipe.train(run_in(tmp_path / "stopped", dataset))
    monkeypatch.setattr(text_recipe._Trainer, "_judge", judge)
    again = text_recipe.train(run_in(tmp_path / "stopped", dataset))
    assert again.read_bytes() == whole.read_bytes()


def test_without_captions_it_says_what_is_missing(tmp_path: Path, dataset: Dataset) -> None:
    bare = dataset.choose(Sample(each.file, each.labels, each.split) for each in dataset.samples)
    with pytest.raises(DatasetError, match="--dataset flickr8k:PATH"):
        text_recipe.train(run_in(tmp_path / "run", bare))
