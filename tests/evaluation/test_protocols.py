"""What labels tell of tags, which tags are surely false, and how an annotator is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imsearch.annotator import Annotator
from imsearch.evaluation import false_tags
from imsearch.evaluation.answers import Answers, ask
from imsearch.evaluation.labelled import objects, scene_sets, stuff, top_1, without_overlaps
from imsearch.evaluation.measures import Part
from imsearch.languages.lexicon import Lexicon
from imsearch.specs import AnnotatorSpec
from imsearch.training.data.datasets import Dataset, Sample
from tests.fakes import Calls, ColourAnnotator


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


def build(device: str) -> Annotator:
    raise AssertionError("no model is needed")


def sample(name: str, *labels: str, **extra: Any) -> Sample:
    return Sample(Path(name), labels, extra=extra)


def answers(tags: dict[str, dict[str, float]], threshold: float = 0.5) -> Answers:
    return Answers(
        AnnotatorSpec("fake", "1", build, threshold=threshold), {Path(name): said for name, said in tags.items()}
    )


def known(judged: Any, row: int) -> set[str]:
    return {tag for tag, kept in zip(judged.labels, judged.known[row], strict=True) if kept}


def true(judged: Any, row: int) -> set[str]:
    return {tag for tag, there in zip(judged.labels, judged.truth[row], strict=True) if there}


SCENES = [
    sample("a", "street", set="intel", complete=False),
    sample("b", "building", set="intel", complete=False),
    sample("c", "sea", set="intel", complete=False),
    sample("d", "kitchen", set="rooms", complete=False),
    sample("e", "sky", "car", set="camvid", complete=True),
]


def judged_by_set(samples: Sequence[Sample]) -> list[Sample]:
    """As `read_scenes` reads them."""
    words: dict[str, set[str]] = {}
    for each in samples:
        words.setdefault(each.extra["set"], set()).update(each.labels)
    return [replace(each, judged=tuple(sorted(words[each.extra["set"]]))) for each in samples]


def test_scenes_are_judged_by_the_words_of_their_own_set(lexicon: Lexicon) -> None:
    camvid, intel, rooms = scene_sets(judged_by_set(SCENES), lexicon)
    assert (camvid.labels, intel.labels, rooms.labels) == (("car", "sky"), ("building", "sea", "street"), ("kitchen",))
    assert [true(intel, row) for row in range(3)] == [{"street"}, {"building"}, {"sea"}]
    assert intel.known.all()
    assert (intel.single, camvid.single) == (True, False)


def test_words_that_may_be_true_together_can_be_left_out(lexicon: Lexicon) -> None:
    _, intel, _ = scene_sets(judged_by_set(SCENES), lexicon)
    clear = without_overlaps(intel)
    assert known(clear, 0) == {"street", "sea"}
    assert known(clear, 2) == {"building", "sea", "street"}


def test_the_likeliest_word_leaves_out_words_for_whole_groups(lexicon: Lexicon) -> None:
    dishes = [
        sample(name, "food", name, set="food", complete=False)
        for name in ("bibimbap", "apple pie", "baklava")
    ]  # fmt: skip
    (judged,) = scene_sets(judged_by_set(dishes), lexicon)
    scores = np.zeros((3, 4), np.float32)
    scores[:, judged.labels.index("food")] = 1
    scores[:, judged.labels.index("apple pie")] = 0.5
    assert top_1(judged, scores) == (1, 3)


def test_stuff_is_judged_by_what_a_picture_says_in_full() -> None:
    samples = [
        replace(sample("a", "sky", "wall"), judged=("sky", "wall", "sea")),
        replace(sample("b", "sea"), judged=("sea",)),
    ]
    judged = stuff("stuff", Dataset("stuff", Path(), tuple(samples), ("sea", "sky", "wall")))
    assert [known(judged, row) for row in range(2)] == [{"sky", "wall", "sea"}, {"sea"}]
    assert [true(judged, row) for row in range(2)] == [{"sky", "wall"}, {"sea"}]


def test_a_row_counts_what_is_shown(lexicon: Lexicon) -> None:
    samples = [sample("a", "dog"), sample("b", "cat")]
    part = Part(tuple(samples), (objects("pets", samples, ["cat", "dog"], lexicon),))
    said = answers({"a": {"dog": 0.9, "cat": 0.6}, "b": {"dog": 0.4, "cat": 0.4}})
    (row,) = part.rows(said)
    assert (row.pictures, row.words, row.precision, row.recall) == (2, 2, 0.5, 0.5)
    assert row.top_1 is None


def test_objects_that_are_not_there_are_false_with_all_below_them(lexicon: Lexicon) -> None:
    family = false_tags.missing_objects([sample("a", "dog")], lexicon)
    said = answers({"a": {"pug": 0.9, "dog": 0.9, "tabby cat": 0.8, "cat": 0.7, "sky": 0.9, "bus": 0.1}})
    found = false_tags.count(family, said)
    assert (found.pictures, found.wrong, found.share) == (1, 1, 1.0)
    assert found.tags == {"cat": 1, "tabby cat": 1}


def test_stuff_that_is_not_there_is_false_where_it_is_judged() -> None:
    picture = replace(sample("a", "grass"), judged=("sky", "sea", "grass"))
    family = false_tags.missing_stuff(stuff("x", Dataset("stuff", Path(), (picture,), ("grass", "sea", "sky"))))
    assert family.false[Path("a")] == {"sky", "sea"}


def test_rooms_are_false_outdoors_and_the_other_way_round() -> None:
    inside, outside = false_tags.wrong_places([sample("a", "kitchen"), sample("b", "forest"), sample("c", "pizza")])
    said = answers({"a": {"sea": 0.9, "oven": 0.9}, "b": {"oven": 0.9, "sea": 0.9}, "c": {"oven": 0.9}})
    assert false_tags.count(inside, said).tags == {"sea": 1}
    assert false_tags.count(outside, said).tags == {"oven": 1}


def test_other_animals_are_false_on_dogs_unless_a_caption_names_them(lexicon: Lexicon) -> None:
    dogs = [
        sample("a", "dog", captions=["A dog runs ."]),
        sample("b", "dog", captions=["A dog chases two sheep ."]),
        sample("c", "boy", captions=["A boy runs ."]),
    ]
    family = false_tags.other_animals(dogs, lexicon)
    said = {"polar bear": 0.9, "pug": 0.9, "sheep": 0.9, "animal": 0.9}
    found = false_tags.count(family, answers({"a": said, "b": said, "c": said}))
    assert (found.pictures, found.tags) == (2, {"polar bear": 2, "sheep": 1})


def test_animals_are_false_on_landscapes(lexicon: Lexicon) -> None:
    family = false_tags.animals_in_landscapes([sample("a", "glacier"), sample("b", "glacier", "person")], lexicon)
    assert false_tags.count(family, answers({"a": {"animal": 0.9, "snow": 0.9}})).tags == {"animal": 1}


def test_the_likeliest_shown_tag_comes_first() -> None:
    said = answers({"a": {"cat": 0.6, "dog": 0.9, "sky": 0.2}})
    assert list(said.shown_tags(Path("a"))) == ["dog", "cat"]
    assert said.probabilities([Path("a")], ["sky", "sea"]).tolist() == [[pytest.approx(0.2), 0.0]]
    assert said.shown([Path("a")], ["cat", "sky"]).tolist() == [[True, False]]
    assert said.shown([], ["cat", "sky"]).shape == (0, 2)


def test_each_picture_is_annotated_once(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.png" for name in ("red", "green", "blue")]
    for file in files:
        Image.new("RGB", (8, 8), file.stem).save(file)
    calls = Calls()
    annotator = ColourAnnotator(calls, batch_size=2)
    done: list[int] = []
    twice: Sequence[Sample] = [Sample(file, ()) for file in (*files, *files)]
    said = ask(AnnotatorSpec("fake", "1", build, input_size=8), annotator, twice, done.append)
    assert calls.batches == done == [2, 1]
    assert said.tags[files[0]]["red"] == pytest.approx(1.0, abs=0.01)
    assert list(said.shown_tags(files[2])) == ["blue"]
    assert ask(said.spec, annotator, []).tags == {}
