"""Searching three pictures whose scores can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imsearch.engine.engine import Engine
from imsearch.errors import ImsearchError, QueryError
from tests.engine.support import reading


def found(engine: Engine, text: str, min_score: float = 0.0) -> list[tuple[int, float]]:
    """Ids and rounded scores."""
    results = engine.finder.search(text, min_score=min_score)
    assert results.total == len(results.hits)
    return [(hit.image.id, round(hit.score, 4)) for hit in results.hits]


TABLE = [
    ("cat", [(1, 0.9), (3, 0.05)]),
    ("CATS", [(1, 0.9), (3, 0.05)]),
    ("automobile", [(3, 0.7)]),
    ("animal", [(1, 0.9), (2, 0.8), (3, 0.05)]),
    ("animals", [(1, 0.9), (2, 0.8), (3, 0.05)]),
    ("tag:animal", []),
    ("tag:cat", [(1, 0.9), (3, 0.05)]),
    ("tag:cats", []),
    ("cat dog", [(1, round(math.sqrt(0.9 * 0.2), 4)), (2, round(math.sqrt(0.8e-3), 4)), (3, 0.0071)]),
    ("cat AND dog", [(1, 0.4243), (2, 0.0283), (3, 0.0071)]),
    ("cat OR dog", [(1, 0.9), (2, 0.8), (3, 0.05)]),
    ("car OR cat dog", [(3, 0.7), (1, 0.4243), (2, 0.0283)]),
    ("+dog animal", [(2, 0.8)]),
    ("+cat", [(1, 0.9)]),
    ("-cat", [(2, 1.0), (3, 0.95)]),
    ("-cat -car", [(2, 1.0)]),
    ("dog -cat", [(2, 0.8)]),
    ("dog -car", [(2, 0.8), (1, 0.2)]),
    ("animal -dog", [(1, round(0.9 * (1 - 0.2), 4)), (3, 0.05)]),
    ("-(cat OR dog)", [(3, 0.95)]),
    ("car OR -animal", [(3, 0.95)]),
    ("traffic light", [(2, 0.6)]),
    ("traffic lights", [(2, 0.6)]),
    ("dog traffic light", [(2, round(math.sqrt(0.48), 4)), (1, round(math.sqrt(0.2e-3), 4))]),
    ('"traffic light', [(2, 0.6)]),
    ("pictures of a cat", [(1, 0.9), (3, 0.05)]),
    ("unicorn cat", [(1, 0.9), (3, 0.05)]),
    ("+unicorn cat", [(1, 0.9), (3, 0.05)]),  # nothing fits, so that is left out
    ("-unicorn cat", [(1, 0.9), (3, 0.05)]),
    ("unicorn", []),
    ("beach", []),
]


@pytest.mark.parametrize(("text", "expected"), TABLE, ids=[text for text, _ in TABLE])
def test_scores(pets: Engine, text: str, expected: list[tuple[int, float]]) -> None:
    got = found(pets, text)
    assert [image for image, _ in got] == [image for image, _ in expected]
    assert [score for _, score in got] == pytest.approx([score for _, score in expected], abs=2e-4)


def test_a_hit_says_why_it_was_found(pets: Engine) -> None:
    hit = pets.finder.search("automobile animal -dog", min_score=0).hits[0]
    assert hit.image.id == 3
    assert {word: (tag.name, tag.probability) for word, tag in hit.why.items()} == {
        "automobile": ("car", 0.7),
        "animal": ("cat", 0.05),
    }


def test_hits_carry_image_and_tags(pets: Engine) -> None:
    (hit,) = pets.finder.search("tag:car").hits
    assert str(hit.image.path) == "/photos/3.jpg"
    assert [(tag.name, tag.probability, tag.source, tag.shown) for tag in hit.tags] == [
        ("car", 0.7, "fake", True),
        ("cat", 0.05, "fake", False),
    ]


def test_words_nobody_knows_are_named(pets: Engine) -> None:
    assert pets.finder.search("unicorn cat griffin").unknown == ("unicorn", "griffin")
    assert pets.finder.search("beach").unknown == ()


def test_the_cut_and_the_page(pets: Engine) -> None:
    assert found(pets, "cat", min_score=0.1) == [(1, 0.9)]
    page = pets.finder.search("animal", min_score=0, limit=1, offset=1)
    assert page.total == 3
    assert [hit.image.id for hit in page.hits] == [2]
    assert pets.finder.search("animal", limit=5, offset=10).hits == ()


def test_equal_scores_come_in_order_of_id(engine: Engine) -> None:
    engine.record([reading(number, {"cat": 0.5}) for number in (5, 3, 9)])
    engine.catch_up()
    ids = [hit.image.id for hit in engine.finder.search("cat").hits]
    assert ids == sorted(ids)


def test_an_empty_library_has_no_results(engine: Engine) -> None:
    assert engine.finder.search("cat").total == 0
    assert engine.finder.search("-cat").total == 0
    with pytest.raises(QueryError):
        engine.finder.search(" ")


def test_similar_by_image_and_by_vector(pets: Engine) -> None:
    results = pets.finder.similar(1)
    assert [(hit.image.id, round(hit.score, 3)) for hit in results.hits] == [(2, 0.6), (3, 0.0)]
    assert results.total == 2
    results = pets.finder.similar(np.array([0, 1], np.float32), limit=2)
    assert [(hit.image.id, round(hit.score, 3)) for hit in results.hits] == [(3, 1.0), (2, 0.8)]
    assert results.total == 3


def test_similar_without_vectors_says_so(pets: Engine) -> None:
    with pytest.raises(ImsearchError, match="makes no vectors"):
        pets.finder.similar(1, annotator="other")
    with pytest.raises(ImsearchError, match="has not looked at image 77"):
        pets.finder.similar(77)
