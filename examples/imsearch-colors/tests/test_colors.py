"""The plugin keeps imsearch's contract, and its colors are those a person would name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from imsearch_colors import COLORS, RATIO, RATIOS, ColorAnnotator, ColorWords, color_shares, usual_ratio

from imsearch.keys import BadValue, Compare


def test_contract(check_annotator: Callable[[str], None]) -> None:
    check_annotator("colors")  # a fixture that comes with imsearch


@pytest.mark.parametrize(
    ("rgb", "color"),
    [
        ((10, 10, 10), "black"),
        ((128, 128, 128), "gray"),
        ((250, 250, 250), "white"),
        ((220, 20, 30), "red"),
        ((220, 20, 60), "red"),
        ((110, 60, 20), "brown"),
        ((250, 140, 20), "orange"),
        ((240, 230, 40), "yellow"),
        ((40, 160, 60), "green"),
        ((20, 200, 220), "cyan"),
        ((30, 60, 200), "blue"),
        ((120, 40, 200), "purple"),
        ((250, 100, 180), "pink"),
    ],
)
def test_a_plain_picture_has_one_color(rgb: tuple[int, int, int], color: str) -> None:
    shares = color_shares(np.full((1, 4, 4, 3), rgb, np.uint8))[0]
    assert dict(zip(COLORS, shares.tolist(), strict=True)) == {name: float(name == color) for name in COLORS}


def test_probabilities_grow_with_the_share() -> None:
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[:2] = (0, 0, 255)
    (annotation,) = ColorAnnotator().annotate([pixels])
    assert {tag.name: pytest.approx(tag.probability) for tag in annotation.tags} == {"black": 1.0, "blue": 0.5}


def test_a_text_points_to_pictures_of_its_colors() -> None:
    half_red = np.full((1, 4, 4, 3), (220, 20, 30), np.uint8)
    half_red[:, :2] = (30, 60, 200)
    vector = np.sqrt(color_shares(half_red)[0])
    cosines = ColorWords().encode(["red", "a red car by the blue sea", "green", "qwertz"]) @ vector
    assert cosines.tolist() == pytest.approx([np.sqrt(0.5), 1, 0, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("text", "fits", "fails"),
    [
        ("3:2", (6000, 4000), (6000, 4500)),
        ("3:2", (5184, 3456), (4000, 6000)),
        ("1.5", (3008, 2000), (3100, 2000)),
        (">16:9", (4000, 2000), (1920, 1080)),
        ("2:3..3:4", (3000, 4000), (4000, 4000)),
    ],
)
def test_a_ratio_is_met_nearly(text: str, fits: tuple[int, int], fails: tuple[int, int]) -> None:
    asked = RATIO.read(text)
    assert RATIO.predicate(asked) == Compare("width", asked, times="height")
    least, most = asked.low or 0, asked.high or float("inf")
    assert least * fits[1] <= fits[0] <= most * fits[1]
    assert not least * fails[1] <= fails[0] <= most * fails[1]


def test_every_usual_ratio_is_counted_as_it_is_asked_for() -> None:
    for name in RATIOS:
        width, height = (1000 * int(side) for side in name.split(":"))
        assert usual_ratio(width, height) == name
    assert usual_ratio(1000, 1234) is None


@pytest.mark.parametrize("text", ["wide", "3:0", "-2", "3:2:1", "nan", ""])
def test_what_is_no_ratio_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="width and height"):
        RATIO.read(text)
