from __future__ import annotations

import numpy as np
import pytest

from imsearch.training.samplers import equalized, only, repeat_factor, shuffled

ROWS = np.array([3, 5, 7, 9])


def test_shuffling_shows_every_picture_once_in_an_order_of_the_generator() -> None:
    first = shuffled(np.random.default_rng(1), ROWS)
    assert sorted(first) == ROWS.tolist()
    assert (shuffled(np.random.default_rng(1), ROWS) == first).all()
    assert any((shuffled(np.random.default_rng(seed), ROWS) != first).any() for seed in range(2, 9))


def test_only_some_of_the_rows() -> None:
    sampler = only(np.array([5, 9, 11, 5]))
    assert sorted(sampler(np.random.default_rng(0), ROWS)) == [5, 9]


def test_repeats_by_hand() -> None:
    # Of four pictures: word 0 has three (f = 3/4), word 1 one (f = 1/4). The threshold 1 asks for sqrt(4/3) = 1.15
    # showings of word 0 and sqrt(4) = 2 of word 1; a picture without words is shown once.
    targets = np.zeros((10, 2))
    targets[[3, 5, 7], 0] = 1
    targets[7, 1] = 1
    sampler = repeat_factor(targets, 1.0)
    generator = np.random.default_rng(0)
    counts = np.mean([np.bincount(sampler(generator, ROWS), minlength=10) for _ in range(2000)], axis=0)
    assert counts[7] == 2 and counts[9] == 1
    assert counts[3] == pytest.approx(np.sqrt(4 / 3), abs=0.03)
    assert counts[5] == pytest.approx(np.sqrt(4 / 3), abs=0.03)
    assert counts[[0, 1, 2, 4, 6, 8]].sum() == 0


def test_frequent_words_are_not_shown_less() -> None:
    sampler = repeat_factor(np.ones((10, 1)), 0.01)
    assert sorted(sampler(np.random.default_rng(0), ROWS)) == ROWS.tolist()


def test_equalized_words_come_about_equally_often() -> None:
    # Word 0 has 90 pictures, word 1 has 10, word 2 is not asked for, word 3 has none.
    targets = np.zeros((200, 4))
    targets[:90, 0] = targets[90:100, 1] = targets[:, 2] = 1
    sampler = equalized(targets, np.array([True, True, False, True]))
    drawn = sampler(np.random.default_rng(0), np.arange(150))
    assert len(drawn) == 100 and drawn.max() < 100
    assert 30 < (drawn < 90).sum() < 70
    assert (sampler(np.random.default_rng(0), np.arange(150)) == drawn).all()
    assert set(sampler(np.random.default_rng(1), np.arange(95, 150))) <= set(range(95, 100)), (
        "only of the rows asked for"
    )


def test_without_any_of_the_words_nothing_is_shown() -> None:
    assert not len(equalized(np.zeros((10, 2)), np.array([True, True]))(np.random.default_rng(0), ROWS))
