"""The words that the shipped lexicon knows for what a picture makes people feel."""

from __future__ import annotations

from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.errors import QueryError
from imsearch.languages.lexicon import Lexicon
from tests.engine.support import ids, tagged_library

PICTURES = {
    1: {"beach": 0.9, "emotion:calm": 0.2, "emotion:positive": 0.5},
    2: {"beach": 0.8, "emotion:calm": 0.9, "emotion:exciting": 0.1},
    3: {"beach": 0.7, "emotion:exciting": 0.8, "emotion:negative": 0.8},
}


@pytest.fixture
def library(tmp_path: Path) -> Engine:
    return tagged_library(tmp_path / "library", Lexicon.load(), PICTURES)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("emotion:calm beach", 2),
        ("mood:calm beach", 2),
        ("emotion:peaceful beach", 2),
        ("serene beach", 2),
        ("emotion:thrilling", 3),
        ("mood:unpleasant", 3),
        ("emotion:pleasant", 1),
    ],
)
def test_other_words_for_a_feeling(library: Engine, text: str, first: int) -> None:
    assert ids(library, text)[0] == first


def test_an_order_that_is_spelled_wrongly_is_told(library: Engine) -> None:
    with pytest.raises(QueryError, match="Did you mean valence"):
        library.finder.search("sort:valense")
