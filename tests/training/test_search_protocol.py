from __future__ import annotations

import pytest

from imsearch.training.search_protocol import judge_search, make_queries

IMAGES = [("sea", "sky"), ("sea", "sky", "sun"), ("sky",), ("sun",), ("rare", "sky")]


def test_queries_are_all_sets_that_some_image_has_in_full() -> None:
    queries = make_queries(IMAGES)
    assert queries == {
        ("sea",): {0, 1},
        ("sea", "sky"): {0, 1},
        ("sea", "sky", "sun"): {1},
        ("sea", "sun"): {1},
        ("sky",): {0, 1, 2, 4},
        ("sky", "sun"): {1},
        ("sun",): {1, 3},
    }


def test_search_is_judged_by_group() -> None:
    queries = make_queries(IMAGES)
    scores = judge_search(queries, lambda query: [1, 0, 2, 3, 4])
    assert scores.queries == {"All": 7, "Single": 3, "Multi": 4, "Easy": 1, "Hard": 6}
    # sea: hits at 1, 2; sky: at 1, 2, 3, 5; sun: at 1, 4.
    sky = (1 + 1 + 1 + 4 / 5) / 4
    assert scores.map["Single"] == pytest.approx((1 + sky + (1 + 2 / 4) / 2) / 3)
    assert scores.map["Easy"] == pytest.approx(sky)
    assert scores.bep["Easy"] == pytest.approx(3 / 4)


def test_what_search_leaves_out_counts_as_not_found() -> None:
    scores = judge_search({("sea",): frozenset({0, 1})}, lambda query: [0])
    assert scores.map["All"] == 0.5
