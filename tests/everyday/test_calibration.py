"""Fusion of heads, calibration and thresholds, on numbers whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.checkpoint import Checkpoint, Head
from imsearch.plugins.everyday.judged import Judged
from imsearch.plugins.everyday.tagging import Tagger, evidence, make_source
from imsearch.training.calibration import best_threshold
from imsearch.training.fusion import Rule, fit_offset, fit_rule, from_header, to_header
from imsearch.training.probabilities import sigmoid

LEXICON = Lexicon(
    kinds={"beagle": ("dog",), "pug": ("dog",)},
    labels={
        "corel5k": {"dogs": "dog", "puppy": "dog", "sky": "sky"},
        "imagenet": {"n1": "beagle", "n2": "pug", "n3": "cup"},
    },
)
FAR = np.full(1, -np.inf, dtype=np.float32)
"""One picture that is like none that any head has seen."""
HEADS = {"corel5k": Head(("dogs", "puppy", "sky")), "imagenet": Head(("n1", "n2", "n3"))}
RULES = {
    "corel5k": Rule((2.0,), -1.0),
    "corel5k+imagenet": Rule((1.0, 0.5), 0.25),
    "imagenet": Rule((1.0,), 0.0),
}


def test_several_labels_of_one_tag_count_as_the_strongest() -> None:
    source = make_source("corel5k", HEADS["corel5k"].labels, LEXICON)
    assert source.tags == ("dog", "sky")
    assert evidence(source, np.array([[-1, 3, 0.5]], dtype=np.float32)).tolist() == [[3, 0.5]]


def test_classes_that_exclude_one_another_are_summed_for_a_kind() -> None:
    source = make_source("imagenet", HEADS["imagenet"].labels, LEXICON)
    assert source.tags == ("beagle", "dog", "pug", "cup")
    logits = np.log(np.array([[0.3, 0.5, 0.2]], dtype=np.float32))
    assert sigmoid(evidence(source, logits))[0] == pytest.approx([0.3, 0.8, 0.5, 0.2], abs=1e-5)


def test_tags_are_fused_by_the_rule_of_the_heads_that_know_them() -> None:
    tagger = Tagger(Checkpoint("1", HEADS, RULES), LEXICON)
    logits = {
        "corel5k": np.array([[-1, 3, 0.5]], dtype=np.float32),
        "imagenet": np.log(np.array([[0.3, 0.5, 0.2]], dtype=np.float32)),
    }
    found = dict(zip(tagger.tags, tagger.probabilities(logits, FAR)[0].tolist(), strict=True))
    odds = 1.0 * 3 + 0.5 * np.log(0.8 / 0.2) + 0.25
    assert found["dog"] == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-5)
    assert found["sky"] == pytest.approx(1 / (1 + np.exp(-(2 * 0.5 - 1))), abs=1e-5)
    assert found["pug"] == pytest.approx(0.5, abs=1e-5)


def test_a_kind_of_many_classes_loses_what_smoothed_labels_leave_to_each() -> None:
    labels = [f"n{number}" for number in range(200)]
    names = {label: f"breed {label}" if number < 100 else label for number, label in enumerate(labels)}
    lexicon = Lexicon(kinds={name: ("dog",) for name in names.values() if " " in name}, labels={"imagenet": names})
    source = make_source("imagenet", labels, lexicon)
    logits = np.zeros((2, 200), dtype=np.float32)
    logits[0, 150], logits[1, :8] = 6.0, 6.0  # surely no dog; one of eight breeds
    found = dict(zip(source.tags, sigmoid(evidence(source, logits)).T, strict=True))
    assert 100 / (199 + np.exp(6)) > 0.15  # what the softmax itself says of dogs
    sharp = np.exp(1.45 * 6)
    assert found["dog"] == pytest.approx([100 / (199 + sharp), (8 * sharp + 92) / (192 + 8 * sharp)], abs=1e-4)
    assert found["breed n3"][1] == pytest.approx(np.exp(6) / (192 + 8 * np.exp(6)), abs=1e-4)  # a class: as it is


def test_a_class_that_imagenet_alone_knows_is_no_likelier_than_a_trusted_kind_above_it() -> None:
    labels = {"photos": {}, "imagenet": {"n1": "polar bear", "n2": "samoyed", "n3": "cup"}}
    lexicon = Lexicon(kinds={"polar bear": ("bear",), "samoyed": ("dog",)}, labels=labels)
    heads = {"photos": Head(("bear", "dog")), "imagenet": Head(("n1", "n2", "n3"))}
    rules = {"photos+imagenet": Rule((1.0, 0.0), 0.0), "imagenet": Rule((1.0,), 0.0)}
    logits = {
        "photos": np.array([[-3, 3]], dtype=np.float32),
        "imagenet": np.log(np.array([[0.7, 0.2, 0.1]], dtype=np.float32)),
    }
    for trusted, expected in (((), 0.7), (("bear",), 1 / (1 + np.exp(3)))):
        tagger = Tagger(Checkpoint("2", heads, rules, trusted=trusted), lexicon)
        found = dict(zip(tagger.tags, tagger.probabilities(logits, FAR)[0].tolist(), strict=True))
        assert found["polar bear"] == pytest.approx(expected, abs=1e-5)
        assert found["dog"] == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-5)
        assert found["samoyed"] == pytest.approx(0.2, abs=1e-5)


def test_a_picture_of_its_kind_is_judged_by_corels_head() -> None:
    tagger = Tagger(Checkpoint("2", HEADS, RULES, offsets={"sky": 2.0}), LEXICON)
    logits = {
        "corel5k": np.array([[-1, 3, 0.5]] * 3, dtype=np.float32),
        "imagenet": np.log(np.array([[0.3, 0.5, 0.2]] * 3, dtype=np.float32)),
    }
    near, half, far = tagger.logits(logits, np.array([99, 0, -99], dtype=np.float32))[:, tagger.tags.index("sky")]
    assert (near, far) == (pytest.approx(0.5), pytest.approx(2 * 0.5 - 1 + 2))
    assert half == pytest.approx((near + far) / 2)


def test_an_offset_moves_one_tag_only() -> None:
    logits = {
        "corel5k": np.zeros((1, 3), dtype=np.float32),
        "imagenet": np.log(np.array([[0.3, 0.5, 0.2]], dtype=np.float32)),
    }
    before, after = (
        Tagger(Checkpoint("2", HEADS, RULES, offsets=offsets), LEXICON).logits(logits, FAR)
        for offsets in ({}, {"sky": 1.5})
    )
    moved = Tagger(Checkpoint("2", HEADS, RULES), LEXICON).tags.index("sky")
    assert after[0, moved] - before[0, moved] == pytest.approx(1.5)
    assert np.delete(after - before, moved).tolist() == [0] * (before.size - 1)


def test_a_rule_finds_the_probabilities_that_made_the_data() -> None:
    random = np.random.default_rng(0)
    x = random.normal(0, 2, (20_000, 2))
    truth = random.random(20_000) < 1 / (1 + np.exp(-(1.5 * x[:, 0] + 0.5 * x[:, 1] - 1)))
    rule = fit_rule(x, truth, np.ones(20_000), Rule((1.0, 1.0), 0.0))
    assert (*rule.weights, rule.offset) == pytest.approx((1.5, 0.5, -1), abs=0.1)


def test_a_head_that_would_count_against_a_tag_is_left_out() -> None:
    random = np.random.default_rng(0)
    x = random.normal(0, 2, (5_000, 2))
    truth = random.random(5_000) < 1 / (1 + np.exp(-(x[:, 0] - x[:, 1])))
    rule = fit_rule(x, truth, np.ones(5_000), Rule((0.5, 0.5), 0.0))
    assert rule.weights[1] == 0 and rule.weights[0] > 0.3


def test_an_offset_makes_probabilities_right_on_average() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(-2, 1, 20_000)
    truth = random.random(20_000) < 1 / (1 + np.exp(-(logits + 1.5)))
    assert fit_offset(logits, truth, np.ones(20_000)) == pytest.approx(1.5, abs=0.1)
    assert 0 < fit_offset(logits[:4], np.ones(4, dtype=bool), np.ones(4)) < 3  # few pairs: drawn towards 0


def test_the_header_round_trip() -> None:
    assert from_header(to_header({"a+b": Rule((1.5, 0.75), -0.95)})) == {"a+b": Rule((1.5, 0.75), -0.95)}


def test_the_best_threshold_prefers_precision() -> None:
    values = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], dtype=np.float32)
    truth = np.array([True, True, True, False, False, True])
    # F with beta one half: 3 of 3 found gives .94 at .7; all six give .71.
    assert best_threshold(values, truth) == pytest.approx(0.7)


def test_the_columns_of_judged_pairs_are_those_that_both_know() -> None:
    rows, none = np.empty(0, dtype=np.intp), np.empty((0, 2), dtype=np.float32)
    judged = Judged(rows, rows, rows, ("sea", "sky"), none > 0, none)
    here, there = judged.columns(("sky", "tree", "sea"))
    assert (here.tolist(), there.tolist()) == ([0, 1], [2, 0])
    assert [part.tolist() for part in judged.columns(("tree",))] == [[], []]
