"""The claim of the multi-kernel pooling: what its tables compare, and which pictures have the last word."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from benchmarks.claims.multikernel import for_choices, main, variants
from imsearch.errors import ModelError
from imsearch.plugins.multikernel.network import Shape
from imsearch.training.corpus import gather
from imsearch.training.data.datasets import load_dataset
from imsearch.training.run import Run

WORDS = {"kite": (90, 150, 240), "dog": (40, 160, 40)}


def test_the_parts_are_taken_away_from_the_chosen_shape() -> None:
    chosen = Shape(levels=(5, 6, 7), kernels=(1, 3), asymmetric=(6,))
    parts = variants("parts", chosen)
    assert parts["with both"] == chosen
    assert parts["pooled feature alone"].levels == ()
    assert parts["with multi-kernel pooling"].kernels == (1, 3) and not parts["with multi-kernel pooling"].asymmetric
    assert parts["with asymmetric convolutions"].kernels == (1,)
    assert {shape.levels for name, shape in parts.items() if name != "pooled feature alone"} == {(5, 6, 7)}


def test_levels_and_asymmetric_levels_are_those_asked_for() -> None:
    chosen = Shape(levels=(5, 7), asymmetric=(5,))
    assert [shape.levels for shape in variants("levels", chosen, [(7,), (6, 7)]).values()] == [(), (7,), (6, 7)]
    assert {name: shape.asymmetric for name, shape in variants("asymmetric", chosen).items()} == {
        "none": (),
        "at stages 5": (5,),
        "at stages 7": (7,),
        "at stages 5,7": (5, 7),
    }
    assert list(variants("asymmetric", Shape(levels=(7,), asymmetric=()))) == ["none", "at stages 7"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty small photos of two objects, none of a split of its own."""
    folder = tmp_path_factory.mktemp("coco")
    random = np.random.default_rng(0)
    lines = []
    for number in range(30):
        word = list(WORDS)[number % 2]
        pixels = np.clip(np.array(WORDS[word]) + random.normal(0, 25, (48, 64, 3)), 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02}.png")
        lines.append(json.dumps({"file": f"{number:02}.png", "labels": [word]}))
    (folder / "labels.jsonl").write_text("\n".join(lines))
    return folder


def test_choices_never_see_the_photos_that_judge_the_claim(photos: Path, tmp_path: Path) -> None:
    corpus = gather(Run(tmp_path, [load_dataset(f"coco:{photos}")]), 4, teacher=True)
    choices = for_choices(corpus)
    assert not set(choices.held) & set(corpus.held)
    assert sorted([*choices.held, *choices.train]) == sorted(corpus.train)
    assert len(choices.held) and len(choices.train)


def test_photos_alone_are_judged_at_another_side(photos: Path, tmp_path: Path) -> None:
    for vary, rows in (("levels", 2), ("parts", 5)):
        output = tmp_path / f"{vary}.json"
        told = ["--dataset", f"coco:{photos}", "--cache", str(tmp_path / "kept"), "--seeds", "1", "--epochs", "1"]
        told += ["--vary", vary, "--try", "7", "--side", "96", "--output", str(output)]
        found = CliRunner().invoke(main, told, catch_exceptions=False)
        assert found.exit_code == 0, found.output
        table = json.loads(output.read_text())["variants"]
        assert len(table) == rows
        assert all(0 <= figures["coco, small"] <= 1 for (figures,) in table.values())
    sides = {np.load(file, mmap_mode="r").shape[1] for file in (tmp_path / "kept").glob("maps-plain-*.npy")}
    assert sides == {6}  # stage 5 at 96 pixels; 17 at the backbone's own 260


def test_levels_that_do_not_exist_are_told(photos: Path, tmp_path: Path) -> None:
    told = ["--dataset", f"coco:{photos}", "--cache", str(tmp_path), "--levels", "9", "--asymmetric", "9"]
    with pytest.raises(ModelError, match="levels wants stages"):
        CliRunner().invoke(main, told, catch_exceptions=False)
