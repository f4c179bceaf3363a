"""Where a list ends, and what must not lengthen it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.engine.engine import Engine
from imsearch.engine.search.cut import Cut, FixedCut, ShareCut, set_back
from imsearch.engine.words.resolved import All, AnyOf, Demanded, Filter, Like, Negated, Resolved, Term, words_in
from imsearch.records import RANKING_ONLY
from tests.engine.support import reading, spec


def scores(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def listed(values: NDArray[np.float32], cut: Cut | None = None, words: int = 1) -> int:
    return int((values >= np.float32((cut or Cut()).at(values, words))).sum())


@pytest.mark.parametrize("seed", range(5))
def test_the_list_has_the_greatest_expected_f1(seed: int) -> None:
    values = np.sort(np.random.default_rng(seed).random(50).astype(np.float32) ** 3)
    plain = Cut(power=1.0, least=0.0)
    certain = values / values.max()
    expected = [2 * certain[-k:].sum() / (k + certain.sum()) for k in range(1, 51)]
    assert listed(values, plain) == 1 + int(np.argmax(expected))


@pytest.mark.parametrize(
    ("values", "most"),
    [
        (scores(0.9, 0.85, 0.1, 0.05, 0.02), 2),  # a gap
        (scores(0.3, 0.28, 0.25, 0.2, 0.03), 4),  # a word whose probabilities are all low
        (scores(1.0, 0.4, 0.38), 3),  # the user's own say hides none that is likely
        (scores(0.9), 1),
        (scores(0.04, 0.03), 0),  # nothing is worth showing
        (scores(), 0),
    ],
)
def test_a_list_ends_where_the_evidence_does(values: NDArray[np.float32], most: int) -> None:
    assert listed(values) == most


def test_the_order_of_scores_does_not_matter_and_equals_stay_together() -> None:
    values = scores(0.2, 0.9, 0.2, 0.2, 0.9, 0.01)
    end = Cut().at(values)
    assert end == Cut().at(values[::-1])
    assert np.unique((values >= np.float32(end))[values == np.float32(0.2)]).size == 1


def test_nothing_near_the_best_is_left_out() -> None:
    values = np.concatenate([np.full(500, 1.0), np.full(3, 0.43)]).astype(np.float32)
    assert listed(values) == 503


def test_several_words_end_earlier_since_all_must_be_true() -> None:
    values = scores(0.8, 0.5, 0.45, 0.4)
    assert listed(values, words=1) == 4
    assert listed(values, words=3) == 1


def test_several_words_list_nothing_where_one_of_them_alone_is_likely() -> None:
    values = scores(0.13, 0.12)  # the mean of .9 and .02
    assert listed(values, words=1) == 2
    assert listed(values, words=2) == 0


def test_what_is_no_probability_of_a_word_ends_at_a_share() -> None:
    values = scores(0.95, 0.5, 0.31, 0.29)
    assert Cut().at(values, 0) == ShareCut().at(values) == pytest.approx(0.3)
    assert ShareCut().at(scores(0.4)) == pytest.approx(0.24)
    assert FixedCut(0.2).at(values) == 0.2


def test_what_is_set_back_comes_next_after_the_list() -> None:
    values, back = scores(0.9, 0.8, 0.7, 0.19, 0.3), np.array([False, True, True, False, False])
    moved = set_back(values, back, 0.2)
    assert np.argsort(-moved).tolist() == [0, 4, 1, 2, 3]
    assert (moved >= np.float32(0.2)).tolist() == [True, False, False, False, True]
    assert moved[1] > moved[2] > moved[3]


CAT, DOG = Term("cat", ("cat",)), Term("dog", ("dog",))
NOWHERE = np.zeros(0, np.int64)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (CAT, 1),
        (All((CAT, DOG)), 2),
        (All((CAT, Negated(DOG), Filter("date:2023", NOWHERE))), 1),
        (AnyOf((CAT, Filter("type:png", NOWHERE))), 1),
        (AnyOf((CAT, All((CAT, DOG)))), 1),
        (Demanded(All((CAT, DOG))), 2),
        (Like("like:1", NOWHERE, NOWHERE.astype(np.float32)), 0),
        (All((CAT, Like("like:1", NOWHERE, NOWHERE.astype(np.float32)))), 2),
        (All((Negated(DOG), Filter("date:2023", NOWHERE))), 0),
    ],
)
def test_the_words_of_a_query_are_counted(query: Resolved, words: int) -> None:
    assert words_in(query) == words


def test_conditions_do_not_move_the_end(engine: Engine) -> None:
    engine.record([reading(1, {"cat": 0.9}), reading(2, {"cat": 0.1}), reading(3, {"cat": 0.08})])
    engine.catch_up()
    assert found(engine, "cat") == found(engine, "cat name:1") == [1]
    results = engine.finder.search("cat name:2", relax=False)
    assert (results.relevant, results.hits) == (0, ())
    assert found(engine, "name:2") == [2]


# ---- tags that rank only


@pytest.fixture
def vehicles(engine: Engine) -> Engine:
    """1 and 2 are cars, 3 is surely some vehicle, which this annotator never shows, and 4 hardly a car."""
    engine.use_annotators([replace(spec(), version="2", thresholds={"vehicle": RANKING_ONLY})])
    engine.record(
        [
            reading(1, {"car": 0.9, "vehicle": 0.45}),
            reading(2, {"car": 0.6, "vehicle": 0.4}),
            reading(3, {"vehicle": 0.5, "car": 0.01}),
            reading(4, {"car": 0.1, "vehicle": 0.42}),
            reading(5, {"cat": 0.9}),
        ]
    )
    engine.catch_up()
    return engine


def found(engine: Engine, text: str, *, everything: bool = False) -> list[int]:
    return [hit.image.id for hit in engine.finder.search(text, everything=everything).hits]


def test_a_hidden_tag_lists_nothing_beside_what_is_shown(vehicles: Engine) -> None:
    assert found(vehicles, "vehicle") == [1, 2]
    assert found(vehicles, "vehicle", everything=True) == [1, 2, 3, 4]
    results = vehicles.finder.search("vehicle")
    assert (results.relevant, results.total) == (2, 2)


def test_a_hidden_tag_lists_where_nothing_else_does(vehicles: Engine) -> None:
    assert found(vehicles, "tag:vehicle") == [3, 1, 4, 2]
    vehicles.correct(1, "car", -1)
    vehicles.correct(2, "car", -1)
    assert set(found(vehicles, "vehicle")) == {1, 2, 3, 4}


def test_a_hidden_tag_that_the_user_gave_counts_in_full(vehicles: Engine) -> None:
    vehicles.correct(3, "vehicle", 1)
    assert found(vehicles, "vehicle") == [3, 1, 2]


def test_conditions_change_nothing_about_it(vehicles: Engine) -> None:
    assert found(vehicles, "vehicle name:.jpg") == [1, 2]
    assert vehicles.finder.search("vehicle name:3", relax=False).relevant == 0


def test_several_words_vouch_for_each_other(vehicles: Engine) -> None:
    assert 3 in found(vehicles, "vehicle car", everything=True)
