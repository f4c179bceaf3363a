"""docs/training.md is right: its model trains, resumes, ships and keeps the contract; its tables are complete."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from imsearch.errors import PluginError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.manager import PluginManager, make_manager
from imsearch.training.data.datasets import LIBRARY, READERS
from imsearch.training.run import Run
from tests.models.conftest import MakeDataset, StopAfter, tensors

PAGE = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
FILES = dict(re.findall(r"`(imsearch_shades/\w+\.py)`:\n\n```python\n(.*?)```", PAGE, re.DOTALL))


def table(head: str) -> list[str]:
    """The first column of a table of the page, without its quotes."""
    rows = PAGE.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [row.split("|")[1].strip().strip("`") for row in rows]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package of the page, importable for one test."""
    for name, source in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in [name for name in sys.modules if name.startswith("imsearch_shades")]:
        monkeypatch.delitem(sys.modules, name)
    importlib.invalidate_caches()
    return tmp_path / "imsearch_shades"


def manager() -> PluginManager:
    return make_manager([EntryPoint("shades", "imsearch_shades", "imsearch")])


def test_the_model_of_the_page_is_whole(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"__init__.py", "network.py", "annotator.py", "recipe.py"}


def test_it_trains_ships_and_keeps_the_contract(folder: Path, make_dataset: MakeDataset, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="no annotator named 'shades'"):
        manager().choose(["shades"])
    dataset = make_dataset(words={"sky": ["sky", "sea"], "grass": ["grass"], "snow": ["snow", "sky"]})
    output = tmp_path / "run"
    output.mkdir()
    weights = manager().recipe("shades").run(Run(output, [dataset], options={"epochs": "40"}))
    history = json.loads((output / "history.json").read_text())
    assert history[-1]["loss"] < 0.5 * history[0]["loss"]
    others = {"prf.png", "result.png"}  # of more labels, and of recipes with a threshold
    assert others < set(table("file"))
    assert sorted(path.name for path in output.iterdir()) == sorted(set(table("file")) - others)

    for name in ("weights.safetensors", "weights.json"):
        shutil.copy(weights.with_name(name), folder)
    (spec,) = manager().choose(["shades"])
    assert spec.vocabulary == ("grass", "sea", "sky", "snow")
    assert [check.problems for check in check_annotator(spec) if not check.passed] == []
    annotator = spec.factory("cpu")
    for sample in dataset.split("dev").samples:
        (answer,) = annotator.annotate([annotator.prepare(read_picture(sample.file, spec.input_size))])
        likeliest = [tag.name for tag in answer.tags[: len(sample.labels)]]
        assert set(likeliest) == set(sample.labels)


def test_a_stopped_run_of_the_page_ends_like_one_that_was_not(
    folder: Path, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    dataset, train = make_dataset(), manager().recipe("shades").run
    options = {"epochs": "4"}
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    with pytest.raises(KeyboardInterrupt):
        train(Run(tmp_path / "stopped", [dataset], options=options, reporter=StopAfter(2)))
    again = train(Run(tmp_path / "stopped", [dataset], options=options))
    assert tensors(again) == tensors(train(Run(tmp_path / "whole", [dataset], options=options)))


def test_every_kind_of_dataset_is_on_the_page() -> None:
    assert set(table("kind")) == {*READERS, LIBRARY}
