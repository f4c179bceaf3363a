"""Judging the lists of single words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.engine.search.cut import Cut, FixedCut
from imsearch.errors import DatasetError
from imsearch.evaluation.lists import Asked, ask, best_listed, caption_truth, halves, judge_lists, label_truth
from imsearch.languages.lexicon import Lexicon
from imsearch.training.data.datasets import Sample

LEXICON = Lexicon({"kitty": "cat"}, tags=("cat", "dog", "glass", "run"), irregular={"running": ["run"], "ran": ["run"]})


def captioned(*captions: str) -> Sample:
    return Sample(Path("a.jpg"), ("cat", "dog") if len(captions) > 1 else ("cat",), extra={"captions": list(captions)})


def asked() -> Asked:
    truth = np.array([[True, True, False, False], [False, False, False, True]])
    return Asked(("cat", "dog"), truth, np.array([[0.9, 0.2, 0.4, 0], [0.1, 0.3, 0, 0]], np.float32))


def test_captions_tell_which_pictures_a_word_is_right_for() -> None:
    samples = [captioned("A dog is running", "two cats"), captioned("dogs ran"), captioned("glasses of grass, a cat")]
    truth = {word: each.tolist() for word, each in caption_truth(samples, LEXICON, 1).items()}
    assert truth.pop("cat", truth.pop("cats", None)) == [True, False, True]
    assert truth.pop("dog", truth.pop("dogs", None)) == [True, True, False]
    assert truth.pop("ran", truth.pop("running", None)) == [True, True, False]
    assert truth == {"glasses": [False, False, True]}  # nobody knows grass, and fillers are no words
    assert len(caption_truth(samples, LEXICON, 2)) == 3


def test_pictures_without_captions_cannot_be_judged() -> None:
    with pytest.raises(DatasetError, match="no captions"):
        caption_truth([Sample(Path("a.jpg"), ("cat",))], LEXICON, 1)


def test_labels_come_by_frequency() -> None:
    samples = [captioned("a"), captioned("a", "b"), captioned("a")]
    assert list(label_truth(samples)) == ["cat", "dog"]
    assert list(label_truth(samples, 2)) == ["cat"]


def test_words_are_asked_as_they_are_typed() -> None:
    queries = []

    def find(text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        queries.append(text)
        return np.array([7], np.int64), np.array([0.5], np.float32)

    truth = {"cat": np.array([True, False]), "hot dog": np.array([False, True])}
    found = ask(truth, {4: 0, 7: 1}, find)
    assert queries == ["cat", '"hot dog"']
    assert found.scores.tolist() == [[0, 0.5], [0, 0.5]]


def test_the_figures_of_lists() -> None:
    listed = asked().listed(FixedCut(0.15))
    assert listed.tolist() == [[True, True, True, False], [False, True, False, False]]
    scores = judge_lists(listed, asked().truth)
    assert (scores.words, scores.length, scores.empty) == (2, 2.0, 0)
    assert scores.precision == pytest.approx((2 / 3 + 0) / 2)
    assert scores.recall == pytest.approx((1 + 0) / 2)
    assert scores.f1 == pytest.approx((0.8 + 0) / 2)
    assert judge_lists(asked().listed(FixedCut(1.0)), asked().truth).empty == 2


def test_what_is_not_found_is_not_listed() -> None:
    assert not asked().listed(FixedCut(0.0))[1, 3]
    assert asked().listed(Cut())[0, 0]


def test_the_best_list_is_at_least_as_good_as_any() -> None:
    best = judge_lists(best_listed(asked()), asked().truth).f1
    assert best >= max(judge_lists(asked().listed(FixedCut(end)), asked().truth).f1 for end in (0.0, 0.15, 0.35, 0.95))


def test_halves_share_nothing() -> None:
    one, other = halves(asked())
    assert (one.words, other.words) == (("cat",), ("dog",))
    assert one.truth.tolist() == [[True, True]] and other.truth.tolist() == [[False, True]]
    # A word that none of the pictures is right for cannot be judged.
    assert asked().choose(np.array([0, 1]), np.array([0, 1])).words == ("cat",)
