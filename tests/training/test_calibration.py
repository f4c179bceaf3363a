"""Calibrated probabilities and thresholds, by hand and on made-up scores whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imsearch.training import calibration as c
from imsearch.training.checkpoint import Checkpoint
from imsearch.training.corpus import Corpus
from imsearch.training.knn import Memory
from imsearch.training.metrics import calibration_error
from imsearch.training.probabilities import sigmoid
from tests.training.tiny import dataset

RANDOM = np.random.default_rng(3)
TWO = Checkpoint("tiny", "1", {"one": ("a", "b"), "two": ("a",)}, ("a", "b", "a"))


def drawn(true_logits: c.Floats) -> c.Bools:
    """Truth that these logits are right about."""
    return np.asarray(RANDOM.random(true_logits.shape) < sigmoid(true_logits))


def test_platt_finds_the_slope_and_offset_of_overconfident_logits() -> None:
    right = RANDOM.normal(-1.5, 2, (2000, 5)).astype(np.float32)
    overconfident = 3 * right + 1
    slope, offset = c.fit_platt([overconfident], drawn(right))
    assert slope == pytest.approx(1 / 3, rel=0.05)
    assert offset == pytest.approx(-1 / 3, abs=0.08)


def test_platt_agrees_with_scikit_learn() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    logits = RANDOM.normal(-1, 2, (4000, 2)).astype(np.float32)
    truth = drawn(0.5 * logits - 0.3)
    slope, offset = c.fit_platt([logits], truth)
    plain = linear.LogisticRegression(C=1e6).fit(logits.reshape(-1, 1), truth.ravel())
    assert slope == pytest.approx(plain.coef_[0, 0], rel=0.02)
    assert offset == pytest.approx(plain.intercept_[0], rel=0.02)


def test_platt_learns_from_what_a_calibrated_teacher_finds_likely() -> None:
    right = RANDOM.normal(-1.5, 2, (500, 5)).astype(np.float32)
    slope, offset = c.fit_platt([2 * right + 1], sigmoid(right))
    assert slope == pytest.approx(0.5, abs=0.01)
    assert offset == pytest.approx(-0.5, abs=0.02)


def test_with_few_pairs_platt_stays_near_where_it_was() -> None:
    slope, offset = c.fit_platt([np.array([[2.0]], dtype=np.float32)], np.array([[False]]))
    # The least of log(1 + exp(2 slope + offset)) + (slope - 1)^2 + offset^2, with s the sigmoid there.
    s = -2 * offset
    assert slope == pytest.approx(1 - s, abs=1e-3)
    assert s == pytest.approx(1 / (1 + np.exp(-(2 - 2.5 * s))), abs=1e-3)


def test_evidence_that_would_count_against_a_label_is_left_out() -> None:
    one, other = (RANDOM.normal(0, 2, (3000, 1)).astype(np.float32) for _ in range(2))
    truth = drawn(one - 0.3 * other)
    first, second, offset = c.fit_platt([one, other], truth)
    assert second == 0
    assert (first, offset) == c.fit_platt([one], truth)


def test_each_head_is_calibrated_by_its_own_rule() -> None:
    checkpoint = Checkpoint("tiny", "1", TWO.heads, TWO.tags, calibration={"one": (2.0, 1.0)})
    logits = np.array([[1.0, -1.0, 3.0]], dtype=np.float32)
    assert c.calibrated(logits, checkpoint).tolist() == [[3.0, -1.0, 3.0]]
    assert logits.tolist() == [[1.0, -1.0, 3.0]]  # the caller's are left as they were


def test_the_memory_speaks_for_the_heads_that_it_knows() -> None:
    features = np.eye(4, dtype=np.float32)
    memory = Memory.build({"one": features}, {"one": np.array([[1, 0], [0, 1], [0, 0], [0, 0]], dtype=bool)})
    checkpoint = Checkpoint("tiny", "1", TWO.heads, TWO.tags, calibration={"one": (1.0, 2.0, 0.5)})
    logits = np.zeros((4, 3), dtype=np.float32)
    found = c.calibrated(logits, checkpoint, memory, features)
    assert found[:, :2] == pytest.approx(2 * memory.evidence("one", features) + 0.5)
    assert (found[:, 2] == 0).all()
    assert found[0, 0] > 0 > found[0, 1]


def test_the_best_threshold_by_hand() -> None:
    values = np.array([0.9, 0.8, 0.7, 0.6, 0.1], dtype=np.float32)
    truth = np.array([True, True, False, True, False])
    # F with beta 1/2 is 1.25 hits / (chosen + .25 * 3): .71, .91, .67, .79, .65 after 1 to 5.
    assert c.best_threshold(values, truth) == pytest.approx(0.8)
    assert c.best_threshold(values[::-1].copy(), truth[::-1]) == pytest.approx(0.8)


def test_thresholds_stay_in_a_range_and_near_the_common_one() -> None:
    assert [c.within(value) for value in (0.01, 0.5, 0.99)] == [c.LEAST_SHOWN, 0.5, c.MOST_SHOWN]
    values = np.concatenate([np.full(20, 0.6), np.full(30, 0.2)]).astype(np.float32)
    truth = np.arange(50) < 20
    # Its own threshold would be .6; with 20 positives it goes half the way there.
    assert c.steadied(0.4, values, truth) == pytest.approx(0.5)
    assert c.steadied(0.4, values, np.arange(50) < c.LEAST_POSITIVES - 1) is None


def judged_corpus(truth: c.Bools) -> Corpus:
    """One head "one" (a, b) whose held-back rows are known; a head "two" (a) without any true label there."""
    count = len(truth)
    targets = np.concatenate([truth, np.zeros((count, 1))], axis=1).astype(np.float32)
    mask = np.tile(np.array([1, 1, 0], dtype=np.float32), (count, 1))
    rows = np.arange(count)
    parts = [dataset([(f"{row}.jpg", [], "") for row in rows])]
    return Corpus(parts, dict(TWO.heads), targets, mask, rows, rows)


def test_the_finished_checkpoint_means_what_it_says() -> None:
    right = RANDOM.normal(-1, 2, (1500, 2)).astype(np.float32)
    truth = drawn(right)
    logits = np.concatenate([3 * right, np.zeros((1500, 1), dtype=np.float32)], axis=1)
    done = c.finish_checkpoint(TWO, judged_corpus(truth), logits)
    assert set(done.calibration) == {"one"}  # nothing is known of the other
    probabilities = sigmoid(c.calibrated(logits, done))
    assert calibration_error(truth.ravel(), sigmoid(logits[:, :2]).ravel()) > 0.08
    assert calibration_error(truth.ravel(), probabilities[:, :2].ravel()) < 0.03
    assert (probabilities[:, 2] == 0.5).all()
    assert c.LEAST_SHOWN <= done.threshold <= c.MOST_SHOWN
    assert set(done.thresholds) == {"a", "b"}
    figures = done.figures["held back"]["one"]
    assert figures["pictures"] == 1500 and figures["calibration error"] < 0.05 and figures["mAP"] > 0.6
    assert done.frequency[:2] == pytest.approx(truth.mean(axis=0).tolist(), abs=1e-6) and done.frequency[2] == 0


def test_outputs_of_one_tag_share_a_threshold() -> None:
    right = RANDOM.normal(0, 3, (400, 2)).astype(np.float32)
    truth = drawn(right)
    named = Checkpoint("tiny", "1", TWO.heads, ("same", "same", "other"))
    logits = np.concatenate([right, right[:, :1]], axis=1)
    done = c.finish_checkpoint(named, judged_corpus(truth), logits)
    assert set(done.thresholds) == {"same"}


def test_without_anything_to_judge_by_probabilities_stay_as_they_are() -> None:
    corpus = judged_corpus(np.zeros((10, 2), dtype=bool))
    done = c.finish_checkpoint(TWO, corpus, np.zeros((10, 3), dtype=np.float32))
    assert (done.calibration, done.threshold, done.thresholds) == ({}, 0.5, {})
    assert done.figures == {"held back": {}}
    assert Path(done.model) == Path("tiny")
