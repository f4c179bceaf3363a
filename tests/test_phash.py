"""The perceptual hash: what leaves it alone, what changes it, and how it turns with the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from imsearch.pictures.phash import FLAT, perceptual_hash, turned_hashes
from tests.make_pictures import noise

TURNS = (
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.ROTATE_180,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
)


@pytest.fixture
def photo(tmp_path: Path) -> Image.Image:
    return Image.open(noise(tmp_path / "noise.jpg", (256, 192), seed=1)).convert("RGB")


def bits(one: int, other: int) -> int:
    """In how many bits two hashes differ."""
    return ((one ^ other) & (2**64 - 1)).bit_count()


def test_scaling_compressing_and_recolouring_change_few_bits(photo: Image.Image, tmp_path: Path) -> None:
    photo.save(tmp_path / "small.jpg", quality=30)
    changed = [
        photo.resize((64, 48)),
        Image.open(tmp_path / "small.jpg"),
        photo.convert("L"),
        ImageEnhance.Brightness(photo).enhance(0.7),
    ]
    assert max(bits(perceptual_hash(photo), perceptual_hash(each)) for each in changed) <= 8


def test_another_picture_has_another_hash(photo: Image.Image, tmp_path: Path) -> None:
    other = Image.open(noise(tmp_path / "other.jpg", (256, 192), seed=2))
    assert bits(perceptual_hash(photo), perceptual_hash(other)) > 16


def test_the_hash_of_a_turned_picture_follows_from_the_hash(photo: Image.Image) -> None:
    turned = turned_hashes(np.array([perceptual_hash(photo)]).view(np.uint64)).view(np.int64)[:, 0]
    expected = [perceptual_hash(photo if turn is None else photo.transpose(turn)) for turn in TURNS]
    assert [bits(*pair) <= 2 for pair in zip(turned.tolist(), expected, strict=True)] == [True] * 8


def test_pictures_without_structure_have_no_hash() -> None:
    assert perceptual_hash(Image.new("RGB", (40, 30), "red")) == FLAT
    assert perceptual_hash(Image.new("RGB", (1, 1), "white")) == FLAT
