"""Social tags of the multi-modal model with the shipped weights: they raise the words they tell of, and no others."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import copy

import numpy as np
import pytest

from imsearch.pictures.picture import read_picture
from imsearch.plugins.multimodal import MODEL
from imsearch.plugins.multimodal.annotator import MultimodalAnnotator
from imsearch.plugins.multimodal.social import text_hash, text_tags
from imsearch.training.data.datasets import load_dataset
from imsearch.training.probabilities import sigmoid

DATA = Path(os.environ.get("IMSEARCH_DATA", "../shared/data"))


@pytest.fixture(scope="module")
def shipped() -> MultimodalAnnotator:
    annotator = MultimodalAnnotator(MODEL.folder / "weights.safetensors")
    if annotator.network.tags is None:
        pytest.skip("the shipped weights are of version 1, which read no tags now")
    return annotator


def test_the_shipped_weights_read_tags_by_the_shipped_text_encoder(shipped: MultimodalAnnotator) -> None:
    assert shipped.checkpoint.network["text"] == text_hash()


def tagged(annotator: MultimodalAnnotator, path: Path, keywords: str) -> dict[str, float]:
    """The probabilities of all tags, with these keywords in a file beside the picture."""
    path.with_suffix(".txt").write_text(keywords)
    picture = read_picture(path, annotator.side, social_tags=True)
    found = annotator.join(sigmoid(annotator.forward([annotator.prepare(picture)])[1]))[0]
    return dict(zip(annotator.tags, found.tolist(), strict=True))


@pytest.fixture(scope="module")
def surfers(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Photos of surfing that nobody learned from."""
    if not (DATA / "flickr8k_224").is_dir():
        pytest.skip(f"needs flickr8k_224 in {DATA}")
    samples = load_dataset(f"flickr8k:{DATA / 'flickr8k_224'}").split("dev").samples
    folder = tmp_path_factory.mktemp("surfers")
    return [Path(copy(each.file, folder)) for each in samples if "surf" in each.labels][:10]


def test_a_sidecar_about_surfing_raises_words_of_surfing(shipped: MultimodalAnnotator, surfers: list[Path]) -> None:
    bare = [tagged(shipped, path, "") for path in surfers]
    told = [tagged(shipped, path, "wave, ocean, surfer") for path in surfers]
    for word in ("surfing", "ocean", "wave"):
        before, after = (np.mean([each[word] for each in several]) for several in (bare, told))
        assert after > before + 0.02, word
    others = ("snow", "dog", "street")
    assert all(now[word] < 0.3 for now in told for word in others)


def test_words_that_say_no_label_count(shipped: MultimodalAnnotator, surfers: list[Path]) -> None:
    assert not any(map(shipped.reader.said, ("wetsuit", "barrel")))
    before, after = (
        np.mean([tagged(shipped, path, words)["surfing"] for path in surfers]) for words in ("", "wetsuit, barrel")
    )
    assert after > before + 0.02


def test_a_sidecar_about_a_wedding_raises_words_of_weddings(shipped: MultimodalAnnotator, tmp_path: Path) -> None:
    if not (DATA / "flickr8k_224").is_dir():
        pytest.skip(f"needs flickr8k_224 in {DATA}")
    several = load_dataset(f"flickr8k:{DATA / 'flickr8k_224'}").split("dev", "unused").samples
    chosen = [each for each in several if {"bride", "groom"} & set(text_tags(each))]
    photos = [Path(copy(each.file, tmp_path)) for each in chosen]
    assert len(photos) >= 3
    none, right, wrong = (
        {word: np.mean([each[word] for each in found]) for word in ("dress", "church", "ceremony")}
        for found in (
            [tagged(shipped, p, words) for p in photos] for words in ("", "paris, wedding", "wave, ocean, surfer")
        )
    )
    assert all(right[word] > none[word] > 0.95 * wrong[word] for word in none)


def test_wrong_tags_do_not_take_away_what_is_seen(shipped: MultimodalAnnotator, surfers: list[Path]) -> None:
    bare = [tagged(shipped, path, "") for path in surfers]
    fooled = [tagged(shipped, path, "paris, wedding, office") for path in surfers]
    sure = [(before, after) for before, after in zip(bare, fooled, strict=True) if before["surfing"] > 0.6]
    assert len(sure) >= 5 and all(after["surfing"] > 0.9 * before["surfing"] for before, after in sure)
    assert all(after[word] < 0.3 for after in fooled for word in ("street", "building", "dress", "church"))
