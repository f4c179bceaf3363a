"""Colours of pictures painted here, and what captions say of colours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.colour_learning import THINGS, colours_in, learn_colours, things_in
from imsearch.plugins.everyday.colour_pixels import (
    colour_histograms,
    grey_probability,
    lab_basis,
    whole_histograms,
)
from imsearch.plugins.everyday.colours import (
    BLACK_AND_WHITE,
    MOST,
    NAMES,
    Colourist,
    ColourModel,
    colour_tags,
    gather_evidence,
)
from imsearch.plugins.everyday.picture_colours import COLOURS, PictureColours

SIDE = 260
PAINTS = {"red": (200, 20, 30), "blue": (30, 60, 190), "green": (40, 140, 50), "white": (245, 245, 245)}
FEATURES = 8
HEAD = np.eye(FEATURES, dtype=np.float32)[:, :2]
"""Two things, each seen by a feature of its own."""


def painted(colour: str, background: str) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A square of a colour in the middle, and a map whose first feature fires there and the second around it."""
    pixels = np.full((SIDE, SIDE, 3), PAINTS[background], dtype=np.uint8)
    pixels[80:180, 80:180] = PAINTS[colour]
    maps = np.zeros((9, 9, FEATURES), dtype=np.float32)
    maps[..., 1] = 1
    maps[3:6, 3:6] = [1, *[0] * (FEATURES - 1)]
    return pixels, maps


@pytest.fixture(scope="module")
def model() -> ColourModel:
    """Learned from painted squares alone."""
    evidence, things, colours = [], [], []
    for colour in PAINTS:
        for background in PAINTS:
            pixels, maps = painted(colour, background)
            features = maps.reshape(81, FEATURES)
            evidence.append(gather_evidence(colour_histograms(pixels[None])[0], features, HEAD))
            things += ["car", "flag"]
            colours += [{colour}, {background}]
    return learn_colours(
        np.repeat(np.concatenate(evidence), 4, axis=0), things * 4, [c for c in colours for _ in range(4)]
    )


def names(tags: tuple[object, ...]) -> list[str]:
    return [str(getattr(tag, "name", "")) for tag in tags]


@pytest.mark.parametrize(("colour", "background"), [("red", "blue"), ("blue", "green"), ("white", "red")])
def test_a_thing_has_the_colour_of_where_its_head_fires(model: ColourModel, colour: str, background: str) -> None:
    pixels, maps = painted(colour, background)
    (tags,) = colour_tags(pixels[None], maps[None], HEAD, ("car", "unicorn"), np.array([[0.9, 0.9]], np.float32), model)
    assert tags[0].name == f"{colour} car"
    assert 0.3 < tags[0].probability < 0.9
    assert len(tags) <= MOST
    assert not [name for name in names(tags) if "unicorn" in name]


def test_an_unlikely_thing_has_no_colour(model: ColourModel) -> None:
    pixels, maps = painted("red", "blue")
    assert colour_tags(
        pixels[None], maps[None], HEAD, ("car", "flag"), np.array([[0.05, 0.02]], np.float32), model
    ) == [()]


def test_a_head_that_fires_nowhere_gives_finite_probabilities(model: ColourModel) -> None:
    pixels, maps = painted("red", "blue")
    for heads in (-HEAD, 0 * HEAD):
        evidence = gather_evidence(colour_histograms(pixels[None])[0], maps.reshape(81, FEATURES), heads)
        assert np.isfinite(model.probabilities(evidence, ("car", "flag"))).all()


def test_pictures_without_colours_are_black_and_white() -> None:
    random = np.random.default_rng(1)
    grey = np.repeat(random.integers(0, 256, (SIDE, SIDE, 1), dtype=np.uint8), 3, axis=2)
    sepia = (grey * np.array([1, 0.85, 0.65])).astype(np.uint8)
    spotted = grey.copy()
    spotted[40:80, 40:80] = PAINTS["red"]
    colourful = random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    likely = grey_probability(np.stack([grey, sepia, spotted, colourful]))
    assert likely[0] > 0.99
    assert (likely[1:] < 0.01).all()


def test_black_and_white_pictures_have_no_red_cars(model: ColourModel) -> None:
    pixels, maps = painted("red", "white")
    grey = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    (tags,) = colour_tags(grey[None], maps[None], HEAD, ("car", "flag"), np.array([[0.9, 0.9]], np.float32), model)
    assert tags[0].name == BLACK_AND_WHITE
    assert tags[0].probability > 0.99
    assert {name.split(" ")[0] for name in names(tags)} <= {"black", "white", "grey"}


def test_the_colourist_takes_heads_and_probabilities_by_name(model: ColourModel) -> None:
    labels = {"first": ("rocks", "flags"), "second": ("cars", "flags")}
    weights = {"first": np.zeros((2, FEATURES), np.float32), "second": HEAD.T}
    meanings = {"first": {"rocks": "rock", "flags": "flag"}, "second": {"cars": "car", "flags": "flag"}}
    colourist = Colourist(model, labels, weights, meanings, ("rock", "flag", "car"))
    pixels, maps = painted("red", "blue")
    (tags,) = colourist(pixels[None], maps[None], np.array([[0.9, 0, 0.8]], np.float32))
    assert tags[0].name == "red car"
    (tags,) = colourist(pixels[None], maps[None], np.array([[0.9, 0.9, 0]], np.float32))
    assert tags[0].name == "blue flag"


def test_shares_of_colours_sum_to_one() -> None:
    pixels, _ = painted("red", "blue")
    histogram = colour_histograms(pixels[None])
    assert histogram.shape == (1, 81, 512)
    assert histogram.sum(axis=-1) == pytest.approx(np.ones((1, 81)))
    assert lab_basis().sum(axis=1) == pytest.approx(np.ones(512), abs=1e-5)


def test_the_whole_picture_has_the_colours_of_its_cells() -> None:
    pixels, _ = painted("red", "blue")
    assert whole_histograms(pixels[None])[0].sum() == pytest.approx(1)
    cells = colour_histograms(pixels[None])[0].mean(axis=0)
    assert whole_histograms(pixels[None])[0] == pytest.approx(cells, abs=0.03)


def test_pixels_lift_the_colours_they_show_and_leave_other_tags_alone() -> None:
    rules = PictureColours.load()
    pixels = np.stack([painted("red", "red")[0], painted("green", "green")[0]])
    tags = ("dog", "red", "blue", "black")
    joined = rules.join(pixels, tags, np.full((2, 4), 0.2, np.float32))
    assert joined[:, [0, 3]] == pytest.approx(0.2)
    assert joined[0, 1] > 0.4 > joined[1, 1]
    assert joined[0, 1] > joined[0, 2]
    assert ((joined >= 0) & (joined <= 1)).all()
    same = np.full((2, 1), 0.2, np.float32)
    assert rules.join(pixels, ("dog",), same) is same
    assert set(COLOURS) <= set(NAMES)


def test_rules_are_read_as_they_were_written(tmp_path: Path) -> None:
    rules = PictureColours.load()
    rules.save(tmp_path / "rules.npz")
    assert np.array_equal(PictureColours.load(tmp_path / "rules.npz").weight, rules.weight)
    (tmp_path / "rules.npz").write_bytes(b"")
    with pytest.raises(ModelError, match="Install imsearch again"):
        PictureColours.load(tmp_path / "rules.npz")


def test_a_model_is_read_as_it_was_written(model: ColourModel, tmp_path: Path) -> None:
    model.save(tmp_path / "colours.npz")
    again = ColourModel.load(tmp_path / "colours.npz")
    assert again.things == model.things
    assert again.weight == pytest.approx(model.weight, abs=0.01)


def test_a_damaged_model_says_what_to_do(tmp_path: Path) -> None:
    for content in (b"", b"no archive", b"PK\x03\x04"):
        (tmp_path / "colours.npz").write_bytes(content)
        with pytest.raises(ModelError, match="Install imsearch again"):
            ColourModel.load(tmp_path / "colours.npz")


def test_the_committed_model_knows_the_things_of_captions_and_the_lexicon_knows_them() -> None:
    committed, lexicon = ColourModel.load(), Lexicon.load()
    assert set(committed.things) == set(THINGS) <= set(lexicon.tags)
    assert len(committed.tags) == 1 + len(NAMES) * len(THINGS) == len(set(committed.tags))
    assert BLACK_AND_WHITE in lexicon.tags
    # A name of the lexicon's own, such as "red fox", would mean two things.
    assert not [tag for tag in committed.tags[1:] if lexicon.senses(tag)]


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("A black dog runs .", {"dog": {"black"}}),
        ("Two black and white dogs .", {"dog": {"black", "white"}}),
        ("A girl in a pink winter jacket and a gray hat", {"jacket": {"pink"}, "hat": {"grey"}}),
        ("a white shirt and dark jacket", {"shirt": {"white"}}),
        ("The car is next to a blue wall", {}),
        ("A red brick house with a car", {}),
        ("a dog with a green ball", {"ball": {"green"}}),
    ],
)
def test_captions_name_colours_of_things(caption: str, said: dict[str, set[str]]) -> None:
    assert colours_in([caption]) == said


def test_captions_name_things_without_colours() -> None:
    assert things_in(["Two puppies and a bike", "A cap"]) == {"dog", "bicycle", "hat"}


def test_colours_are_found_without_pytorch() -> None:
    modules = "imsearch.plugins.everyday.colours, imsearch.plugins.everyday.colour_learning"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
