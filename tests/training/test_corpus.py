"""Which picture teaches which output, on sets small enough to see at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imsearch.errors import DatasetError
from imsearch.languages.lexicon import Lexicon
from imsearch.training.corpus import Corpus, gather, tag_names
from imsearch.training.data.datasets import Dataset, hold_out
from imsearch.training.run import Run
from tests.training.tiny import Notes, dataset

COREL = dataset(
    [
        ("0.jpg", ["sea", "sky"], "train"),
        ("1.jpg", ["sky"], "train"),
        ("2.jpg", ["snow"], "test"),
        ("3.jpg", ["sea"], "val"),
    ],
    "corel5k",
    "corel",
)
CARS = dataset(
    [("a.jpg", ["car"], "train"), ("b.jpg", [], "train"), ("c.jpg", ["car"], "dev"), ("d.jpg", ["car"], "unused")],
    "voc",
    "cars",
)


def build(*datasets: Dataset, notes: Notes | None = None, **options: object) -> Corpus:
    return gather(Run(Path("run"), datasets, reporter=notes or Notes()), **options)  # type: ignore[arg-type]


def test_each_picture_teaches_the_outputs_of_its_own_set() -> None:
    corpus = build(COREL, CARS)
    assert corpus.heads == {"corel5k": ("sea", "sky"), "voc": ("car",)}
    assert corpus.slices == {"corel5k": slice(0, 2), "voc": slice(2, 3)}
    assert [file.name for file in corpus.files] == [
        "0.jpg",
        "1.jpg",
        "2.jpg",
        "3.jpg",
        "a.jpg",
        "b.jpg",
        "c.jpg",
        "d.jpg",
    ]
    assert corpus.targets.tolist() == [
        [1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 1], [0, 0, 1],
    ]  # fmt: skip
    assert corpus.mask.tolist() == 4 * [[1, 1, 0]] + 4 * [[0, 0, 1]]
    assert corpus.train.tolist() == [0, 1, 4, 5]
    assert corpus.held.tolist() == [3, 6]
    assert corpus.data == {"corel5k:corel": 2, "voc:cars": 2}
    # Of the two pictures of each set to learn from: sea 1, sky 2, car 1.
    assert corpus.frequency.tolist() == [0.5, 1.0, 0.5]


def test_pictures_are_judged_by_the_labels_of_their_own_set() -> None:
    corpus = build(COREL, CARS)
    places, truth = corpus.judged("voc", corpus.held)
    assert places.tolist() == [1] and truth.tolist() == [[True]]
    places, truth = corpus.judged("corel5k", np.array([4, 1, 0]))
    assert places.tolist() == [1, 2] and truth.tolist() == [[False, True], [True, True]]


def test_a_label_without_a_picture_to_learn_from_is_left_out_and_named() -> None:
    notes = Notes()
    corpus = build(COREL, notes=notes)
    assert corpus.heads == {"corel5k": ("sea", "sky")}
    assert notes.said == ["corel: 1 labels have no picture to learn from and are left out: snow"]
    many = replace(CARS, labels=("car", *(f"x{n}" for n in range(9))))
    notes = Notes()
    build(many, notes=notes)
    assert notes.said[0].endswith(
        "9 labels have no picture to learn from and are left out: x0, x1, x2, x3, x4, x5, x6, x7 ..."
    )


def numbered(count: int, split: str = "") -> Dataset:
    return dataset([(f"{n}.jpg", ["even" if n % 2 == 0 else "odd"], split) for n in range(count)])


@pytest.mark.parametrize(
    ("count", "asked", "one_in"),
    [(100, None, 5), (4000, None, 20), (100, 10, 10), (100, {"jsonl": 4}, 4), (100, {"coco": 4}, 5)],
)
def test_without_a_development_split_some_are_held_back_by_their_names(
    count: int, asked: int | dict[str, int] | None, one_in: int
) -> None:
    whole = numbered(count).in_order()
    corpus = build(whole, held_one_in=asked)
    kept, held = hold_out(whole.samples, one_in)
    assert [corpus.samples[row] for row in corpus.held] == held
    assert [corpus.samples[row] for row in corpus.train] == kept


def test_sets_of_one_kind_share_their_outputs() -> None:
    more = replace(dataset([("x.jpg", ["van"], "train"), ("y.jpg", ["car"], "dev")], "voc", "vans"))
    corpus = build(CARS, more)
    assert corpus.heads == {"voc": ("car", "van")}
    assert corpus.mask.min() == 1
    assert corpus.data == {"voc:cars": 2, "voc:vans": 1}


def test_a_file_of_two_sets_is_used_by_each_as_that_set_says() -> None:
    one = dataset([("0.jpg", ["a"], "train"), ("1.jpg", ["a"], "dev")], "jsonl", "shared")
    other = dataset([("0.jpg", ["b"], "test"), ("1.jpg", ["b"], "train"), ("2.jpg", [], "dev")], "csv", "shared")
    corpus = build(one, other)
    assert corpus.train.tolist() == [0, 3]
    assert corpus.held.tolist() == [1, 4]


def test_a_teacher_speaks_of_the_pictures_that_have_no_true_objects() -> None:
    def taught(part: Dataset, soft: Sequence[dict[str, float] | None]) -> Dataset:
        return part.choose(replace(s, soft=each) for s, each in zip(part.samples, soft, strict=True))

    objects = dataset([("x.jpg", ["boat"], "train"), ("y.jpg", ["car"], "dev")], "coco", "coco")
    taught_coco = taught(objects, [{"car": 0.9}, {"boat": 0.9}])
    corpus = build(taught(COREL, [{"boat": 0.7}, {}, None, {"car": 0.2}]), taught_coco, teacher=True)
    assert corpus.heads == {"corel5k": ("sea", "sky"), "coco": ("boat", "car")}
    columns = corpus.slices["coco"]
    small = pytest.approx(0.01)
    assert corpus.targets[:, columns].tolist() == [
        [pytest.approx(0.7), small], [small, small], [0, 0], [small, pytest.approx(0.2)], [1, 0], [0, 1],
    ]  # fmt: skip
    assert corpus.mask[:, columns].tolist() == [[0.5, 0.5], [0.5, 0.5], [0, 0], [0.5, 0.5], [1, 1], [1, 1]]
    # Soft labels are no truth to be judged by.
    assert corpus.judged("coco", corpus.held)[0].tolist() == [1]


@pytest.mark.parametrize(
    ("datasets", "message"),
    [
        ([], "name a dataset with --dataset"),
        ([numbered(9, "test")], "set has no pictures to learn from"),
        ([numbered(1, "train")], "set is too small"),
        ([dataset([("0.jpg", [], "train"), ("1.jpg", [], "dev")])], "No picture of the datasets has a label"),
        ([dataset([("0.jpg", [], "train"), ("1.jpg", ["a"], "dev")])], "No picture of the datasets has a label"),
    ],
)
def test_what_cannot_teach_is_named(datasets: list[Dataset], message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        build(*datasets)


def test_outputs_are_shown_by_the_lexicons_names() -> None:
    lexicon = Lexicon.load()
    names = tag_names({"folders": ("polar_bear", "Sky", "Quux_2"), "coco": ("tv",)}, lexicon)
    assert names == ("polar bear", "sky", "quux 2", lexicon.labels("coco")["tv"])


def test_words_that_are_not_judged_in_a_picture_teach_nothing() -> None:
    asked = COREL.choose(replace(sample, judged=("sky",)) for sample in COREL.samples)
    corpus = build(asked)
    assert corpus.mask.tolist() == [[1, 1], [0, 1], [0, 1], [1, 1]]
    places, truth = corpus.judged("corel5k", corpus.train)
    assert places.tolist() == [0, 1] and truth.tolist() == [[True, True], [False, True]]
    assert corpus.known("corel5k", corpus.train).tolist() == [[True, True], [False, True]]
    scores = np.array([[0.1, 0.2], [0.9, 0.3]])
    assert corpus.asked("corel5k", corpus.train, scores).tolist() == [[0.1, 0.2], [-1, 0.3]]
