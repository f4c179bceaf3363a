"""Scores of words that are kept for the next query."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.engine.engine import Engine
from imsearch.engine.search import scoring
from imsearch.engine.search.scoring import KnownTerms, Leaves, Scored
from imsearch.engine.words.resolved import Term
from tests.engine.support import LEXICON, reading, spec

QUERIES = ("animal", "cat dog", "-dog animal", "cat OR car", "+animal beach", "animal by:user", "dog~", "animal")


def scored(size: int) -> Scored:
    nowhere = np.zeros(size, np.bool_)
    return Scored(np.zeros(size, np.float32), nowhere, nowhere, nowhere)


@pytest.fixture
def engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(scoring, "_MANY_POSTINGS", 0)
    engine = Engine.open(folder, LEXICON, create=True)
    engine.use_annotators([spec()])
    tags = ("cat", "dog", "car", "beach")
    engine.record([reading(n, {tags[n % 4]: 0.9, tags[n % 3]: 0.1 + n / 100}) for n in range(1, 41)])
    engine.catch_up()
    return engine


def found(engine: Engine, query: str) -> list[tuple[int, float]]:
    results = engine.finder.search(query, limit=100, everything=True)
    return [(hit.image.id, round(hit.score, 6)) for hit in results.hits]


def test_queries_find_the_same_with_what_earlier_ones_have_left(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine:
        warm = [found(engine, query) for query in QUERIES]
        calls: list[str] = []
        anew = Leaves._scored_anew

        def noted(self: Leaves, term: Term) -> tuple[Scored, NDArray[np.bool_], int]:
            calls.append(term.word)
            return anew(self, term)

        monkeypatch.setattr(Leaves, "_scored_anew", noted)
        assert found(engine, "dog cat") == warm[1]  # another query of the same words
        assert calls == []
        for query, expected in zip(QUERIES, warm, strict=True):
            with Engine.open(Path(engine.place), LEXICON) as fresh:
                assert found(fresh, query) == expected


def test_they_are_forgotten_when_the_library_changes(engine: Engine) -> None:
    with engine:
        assert len(found(engine, "animal")) > 1
        before = dict(found(engine, "dog"))
        image = next(image for image, score in before.items() if score < 0.9)
        engine.correct(image, "dog", 1)
        assert dict(found(engine, "dog"))[image] == 1
        engine.correct(image, "dog", -1)
        assert image not in dict(found(engine, "dog"))


def test_the_oldest_go_when_there_are_too_many_bytes() -> None:
    terms = KnownTerms(most=3 * 8 * 100)
    nowhere = np.zeros(100, np.bool_)
    for number in range(5):
        assert terms.get("now", number) is None
        terms.keep("now", number, scored(100), nowhere)
        terms.get("now", 0)
    assert [terms.get("now", number) is not None for number in range(5)] == [True, False, False, True, True]
    assert terms.get("later", 0) is None and terms.get("later", 4) is None
    terms.keep("now", 6, scored(100), nowhere)  # by a query that began before
    assert terms.get("later", 6) is None
