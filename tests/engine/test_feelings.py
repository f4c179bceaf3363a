"""Emotions in the library: the orders by valence and arousal, and the facet."""

from __future__ import annotations

from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.changes import Verdict
from tests.engine.support import LEXICON, correct, tagged_library

PICTURES = {
    1: {"emotion:positive": 0.9, "emotion:negative": 0.02, "emotion:calm": 0.3, "beach": 0.7},
    2: {"emotion:positive": 0.1, "emotion:negative": 0.6, "emotion:exciting": 0.8, "beach": 0.9},
    3: {"emotion:positive": 0.2, "emotion:negative": 0.2, "emotion:calm": 0.8, "beach": 0.8},
    4: {"beach": 0.95},
}


@pytest.fixture
def library(tmp_path: Path) -> Engine:
    return tagged_library(tmp_path / "library", LEXICON, PICTURES)


def found(library: Engine, text: str) -> list[int]:
    return [hit.image.id for hit in library.finder.search(text, everything=True).hits]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("beach sort:-valence", [1, 3, 2, 4]),
        ("beach sort:valence", [2, 3, 1, 4]),  # what has no emotion comes last, either way
        ("beach sort:-arousal", [2, 1, 3, 4]),
        ("sort:arousal", [3, 1, 2, 4]),
        ("emotion:calm beach", [3, 1]),
    ],
)
def test_pictures_are_ordered_by_what_they_make_one_feel(library: Engine, text: str, ids: list[int]) -> None:
    assert found(library, text)[: len(ids)] == ids


def test_what_the_user_said_of_a_feeling_counts(library: Engine) -> None:
    correct(library, Verdict.ADD, [3], "emotion:positive")
    correct(library, Verdict.REJECT, [1], "emotion:positive")
    library.catch_up()
    assert found(library, "beach sort:-valence") == [3, 2, 1, 4]


def test_emotions_are_a_facet(library: Engine) -> None:
    facets = library.finder.search("beach", everything=True, facets=True).facets
    assert facets["emotion"] == (
        ("emotion:calm", 1),
        ("emotion:exciting", 1),
        ("emotion:negative", 1),
        ("emotion:positive", 1),
    )
    assert found(library, "shows:emotion:calm") == [3]
