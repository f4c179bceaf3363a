"""How many people and dogs: what captions say, and the heads learned from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.caption_counts import DOGS, MANY, PEOPLE, Thing, count_in, count_of
from benchmarks.counts import average_precision, learn
from imsearch.errors import ModelError
from imsearch.plugins.everyday import imsearch_annotators
from imsearch.plugins.everyday.counts import read_heads, write_heads


@pytest.mark.parametrize(
    ("caption", "thing", "count"),
    [
        ("A dog runs .", DOGS, 1),
        ("Two brown dogs play in the snow .", DOGS, 2),
        ("A black dog and a spotted dog are fighting", DOGS, 2),
        ("Dogs play .", DOGS, None),
        ("Several small dogs", DOGS, MANY),
        ("A man with two dogs", PEOPLE, 1),
        ("A man with two dogs", DOGS, 2),
        ("A couple sits on a bench", PEOPLE, 2),
        ("A couple of girls", PEOPLE, 2),
        ("A group of people", PEOPLE, MANY),
        ("Five men and a woman", PEOPLE, MANY),
        ("A mountain", PEOPLE, 0),
    ],
)
def test_a_caption_is_counted(caption: str, thing: Thing, count: int | None) -> None:
    assert count_in(caption, thing) == count


def test_captions_must_agree() -> None:
    assert count_of(["two dogs", "2 dogs", "a dog"], DOGS) == 2
    assert count_of(["two dogs", "a dog"], DOGS) is None
    assert count_of(["two dogs", "two dogs", "a dog", "the dog"], DOGS) is None


def test_everyday_counts_people_and_dogs_without_its_weights() -> None:
    (spec,) = imsearch_annotators()
    assert spec.counts is not None
    heads = spec.counts()
    assert set(heads) == {"person", "dog"}
    for head in heads.values():
        assert head.weights.shape == (3, spec.vector_length) and head.bias.shape == (3,)


def test_numbers_are_learned_and_kept(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    counts = random.integers(0, 4, 6000)
    vectors = (np.eye(4, 16)[counts] + random.normal(0, 0.1, (6000, 16))).astype(np.float32)
    head = learn(vectors, [None, *counts[1:].tolist()])
    write_heads({"cat": head}, tmp_path / "counts.npz")
    read = read_heads(tmp_path / "counts.npz")["cat"]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    logits = unit @ read.weights.T + read.bias
    some = counts > 0
    assert (logits[some].argmax(axis=1) + 1 == counts[some]).mean() > 0.95
    with pytest.raises(ModelError):
        read_heads(tmp_path / "nothing.npz")


def test_average_precision_leaves_out_what_is_not_judged() -> None:
    assert average_precision([9, 1, 8, 2], {1: 2, 2: 2, 3: 1}, 2) == 1.0
    assert average_precision([3, 1], {1: 2, 2: 2, 3: 1}, 2) == pytest.approx((1 / 2 + 2 / 3) / 2)
