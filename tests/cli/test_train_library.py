"""``--dataset library:``: what the user said of the pictures of a library, as a recipe gets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.make_pictures import plain
from tests.make_plugins import Plugins

RECIPE = """
import json
from imsearch import RecipeSpec, hookimpl

def train(run):
    run.settings({"epochs": 1})
    weights = run.folder / "weights.safetensors"
    (dataset,) = run.datasets
    told = {s.file.name: [s.labels, sorted(s.judged)] for s in dataset.samples}
    weights.write_text(json.dumps({"kind": dataset.kind, "labels": dataset.labels, "samples": told}))
    return weights

@hookimpl
def imsearch_recipes():
    return [RecipeSpec("told", run=train, version=lambda: "1")]
"""
RED, BLUE = range(6), range(6, 12)


@pytest.fixture
def pictures(run: Run, plugins: Plugins, tmp_path: Path) -> list[Path]:
    """Six reddish and six bluish pictures, indexed: the annotator shows red and blue on them."""
    plugins.add("told", RECIPE)
    (folder := tmp_path / "photos").mkdir()
    colours = [(250 - i, 0, 0) for i in RED] + [(0, 0, 255 - i) for i in BLUE]
    files = [plain(folder / f"{i:02}.png", colour) for i, colour in enumerate(colours)]
    assert run("index", folder).code == 0
    return files


def trained(run: Run, tmp_path: Path, *more: str | Path) -> dict[str, object]:
    ran = run("train", "told", "--dataset", "library:", "--output", tmp_path / "run", *more)
    assert ran.code == 0, ran.err
    found: dict[str, object] = json.loads((tmp_path / "run" / "weights.safetensors").read_text())
    return found


def say(run: Run, action: str, tag: str, files: list[Path]) -> None:
    assert run("tag", action, *files, tag, "--exact").code == 0


def test_given_tags_are_true_rejected_ones_false_and_unjudged_ones_unknown(
    run: Run, pictures: list[Path], tmp_path: Path
) -> None:
    say(run, "add", "grandma", pictures[:6])
    say(run, "add", "garden", pictures[6:])
    say(run, "accept", "red", pictures[:5])
    say(run, "reject", "red", pictures[6:])
    told = trained(run, tmp_path)
    assert told["kind"] == "library" and told["labels"] == ["garden", "grandma", "red"]
    samples = told["samples"]
    assert isinstance(samples, dict)
    assert samples["00.png"] == [["grandma", "red"], ["garden", "grandma", "red"]]
    assert samples["05.png"] == [["grandma"], ["garden", "grandma"]], "the annotator shows red, and nobody judged it"
    assert samples["06.png"] == [["garden"], ["garden", "grandma", "red"]]


def test_more_rejections_are_another_dataset(run: Run, pictures: list[Path], tmp_path: Path) -> None:
    say(run, "add", "grandma", pictures[:6])
    say(run, "add", "garden", pictures[6:])
    trained(run, tmp_path)
    say(run, "reject", "grandma", pictures[6:8])
    ran = run("train", "told", "--dataset", "library:", "--output", tmp_path / "run")
    assert ran.code == 2 and "2 pictures with other fields" in ran.err and "--fresh" in ran.err
    trained(run, tmp_path, "--fresh")


def test_too_few_tags_are_told_with_what_to_do(run: Run, pictures: list[Path], tmp_path: Path) -> None:
    ran = run("train", "told", "--dataset", "library:")
    assert ran.code == 2 and "You have not given any picture" in ran.err and "imsearch tag add" in ran.err
    say(run, "add", "grandma", pictures[:7])
    ran = run("train", "told", "--dataset", "library:")
    assert ran.code == 2 and "with and without each: grandma (7 and 0)" in ran.err
    say(run, "reject", "grandma", pictures[7:])
    say(run, "add", "cake", pictures[:2])
    ran = run("train", "told", "--dataset", "library:", "--output", tmp_path / "run")
    assert ran.code == 0 and "left out: cake" in ran.err and "To learn: grandma (7)" in ran.err


def test_pictures_that_are_gone_are_left_out_and_told(run: Run, pictures: list[Path], tmp_path: Path) -> None:
    say(run, "add", "grandma", pictures[:6])
    say(run, "add", "garden", pictures[6:])
    pictures[0].unlink()
    ran = run("train", "told", "--dataset", "library:", "--output", tmp_path / "run")
    assert ran.code == 0 and f"1 picture that you tagged cannot be found; the first is {pictures[0]}" in ran.err
    for picture in pictures[1:]:
        picture.unlink()
    ran = run("train", "told", "--dataset", "library:", "--output", tmp_path / "other")
    assert ran.code == 2 and "Is a disk missing?" in ran.err


def test_another_library_is_named_by_its_folder(run: Run, pictures: list[Path], tmp_path: Path) -> None:
    say(run, "add", "grandma", pictures[:6])
    say(run, "add", "garden", pictures[6:])
    here, empty = tmp_path / "library", tmp_path / "nothing"
    call = ("train", "told", "--output", tmp_path / "run", "--dataset")
    assert run(*call, f"library:{here}", "--library", empty).code == 0
    assert run(*call, "library:", "--library", here).code == 0
    refused = run(*call, f"library:{empty}")
    assert refused.code == 2 and str(empty) in refused.err
