"""Figures over judged pairs, on arrays that can be computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imsearch.annotator import Annotator
from imsearch.evaluation.shown import mean_ap, never_shown, order_of, recall_at_precision, reliability, shown_shares
from imsearch.specs import AnnotatorSpec

TRUTH = np.array([[1, 0], [0, 1], [1, 0], [0, 0]], dtype=bool)
SCORES = np.array([[0.9, 0.1], [0.8, 0.7], [0.6, 0.2], [0.3, 0.0]], dtype=np.float32)
ALL = np.ones_like(TRUTH)


def build(device: str) -> Annotator:
    raise AssertionError("no model is needed")


def spec(threshold: float = 0.5, **thresholds: float) -> AnnotatorSpec:
    return AnnotatorSpec(
        "fake", "1", build, vocabulary=("cat", "dog", "pet"), threshold=threshold, thresholds=thresholds
    )


def test_each_tag_ranks_the_pictures_that_are_judged_by_it() -> None:
    value, words = mean_ap(TRUTH, SCORES, ALL)
    assert words == 2
    assert value == pytest.approx(((1 + 2 / 3) / 2 + 1) / 2)
    without_second = ALL.copy()
    without_second[1, 0] = False
    assert mean_ap(TRUTH, SCORES, without_second)[0] == pytest.approx(1.0)


def test_rare_tags_are_left_out_of_the_mean() -> None:
    value, words = mean_ap(TRUTH, SCORES, ALL, least=2)
    assert words == 1
    assert value == pytest.approx((1 + 2 / 3) / 2)
    assert math.isnan(mean_ap(TRUTH, SCORES, ALL, least=3)[0])


def test_precision_and_recall_count_judged_pairs_alone() -> None:
    shown = SCORES >= 0.5
    shares = shown_shares(TRUTH, shown, ALL)
    assert (shares.precision, shares.recall) == (0.75, 1.0)
    known = ALL.copy()
    known[1, 0] = False
    assert shown_shares(TRUTH, shown, known).precision == 1.0


def test_nothing_shown_has_no_precision() -> None:
    shares = shown_shares(TRUTH, np.zeros_like(TRUTH), ALL)
    assert math.isnan(shares.precision)
    assert shares.recall == 0.0


def test_recall_is_taken_at_the_lowest_probability_with_enough_precision() -> None:
    # In order: .9 true, .8 false, .7 true, .6 true, .3 false ...: precision 3/4 at .6, and 3/5 at .3.
    assert recall_at_precision(TRUTH, SCORES, ALL, 0.75) == 1.0
    assert recall_at_precision(TRUTH, SCORES, ALL, 0.9) == pytest.approx(1 / 3)
    assert recall_at_precision(~TRUTH, SCORES, ALL, 0.9) == 0.0


def test_equal_probabilities_go_together_and_0_is_never_reached() -> None:
    truth, scores = np.array([True, False, False, True]), np.array([0.5, 0.5, 0.5, 0.0], dtype=np.float32)
    assert recall_at_precision(truth, scores, np.ones(4, bool), 0.9) == 0.0
    assert recall_at_precision(truth, scores, np.ones(4, bool), 0.3) == 0.5


def test_the_calibration_curve_counts_pairs_by_probability() -> None:
    low, high = reliability([(TRUTH, SCORES, SCORES >= 0.5), (TRUTH, SCORES, np.isclose(SCORES, 0.3))], (0, 0.5, 1))
    assert (low.count, low.right) == (1, 0.0)
    assert (high.count, high.right) == (4, 0.75)
    assert [low.mean, high.mean] == pytest.approx([0.3, 0.75])
    assert reliability([]) == []


def test_order_tells_unshown_tags_above_shown_ones() -> None:
    pictures = [
        {"cat": 0.6, "dog": 0.4},  # as it should be
        {"cat": 0.6, "dog": 0.7},  # the dog's own threshold hides it
        {"cat": 0.6, "pet": 0.9},  # never shown
        {"dog": 0.7},  # nothing is shown, so nothing is out of order
    ]
    found = order_of(spec(dog=0.8, pet=2.0), pictures)
    assert (found.pictures, found.any, found.showable) == (4, 0.5, 0.25)


def test_tags_that_nothing_shows() -> None:
    assert never_shown(spec(dog=1.0, pet=2.0)) == ["pet"]
