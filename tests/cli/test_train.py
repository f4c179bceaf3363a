"""``imsearch train`` never gives back weights of other pictures, labels or settings."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.make_pictures import BLUE, GREEN, RED, plain
from tests.make_plugins import Plugins

RECIPE = """
from imsearch import RecipeSpec, hookimpl

def train(run):
    settings = run.settings({"epochs": 3})
    weights = run.folder / "weights.safetensors"
    with (run.folder / "trained.txt").open("a") as log:
        log.write("trained\\n")
    weights.write_bytes(b"".join(s.file.read_bytes() for d in run.datasets for s in d.samples))
    return weights

@hookimpl
def imsearch_recipes():
    return [RecipeSpec("joined", run=train, version=lambda: "1")]
"""


@pytest.fixture
def dataset(plugins: Plugins, tmp_path: Path) -> Path:
    """Three labelled pictures, and a recipe that has no checkpoint of its own."""
    plugins.add("joined", RECIPE)
    (folder := tmp_path / "set").mkdir()
    rows = [
        {"file": plain(folder / f"{name}.bmp", colour).name, "labels": [name]}
        for name, colour in (("red", RED), ("green", GREEN), ("blue", BLUE))
    ]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def test_a_finished_run_is_given_again_only_for_the_same_pictures(run: Run, dataset: Path, tmp_path: Path) -> None:
    call = ("train", "joined", "--dataset", f"jsonl:{dataset}", "--output", tmp_path / "run")
    assert run(*call).code == 0 and run(*call).code == 0
    weights = (tmp_path / "run" / "weights.safetensors").read_bytes()
    before = (dataset / "red.bmp").stat()
    plain(dataset / "red.bmp", GREEN)
    os.utime(dataset / "red.bmp", ns=(before.st_atime_ns, before.st_mtime_ns))
    refused = run(*call)
    assert refused.code == 2 and "changed: 1 picture with other contents" in refused.err and "--fresh" in refused.err
    assert (tmp_path / "run" / "weights.safetensors").read_bytes() == weights
    assert run(*call, "--fresh").code == 0 and run(*call).code == 0
    assert (tmp_path / "run" / "weights.safetensors").read_bytes() != weights


def test_lines_in_another_order_are_the_same_run(run: Run, dataset: Path, tmp_path: Path) -> None:
    call = ("train", "joined", "--dataset", f"jsonl:{dataset}", "--output", tmp_path / "run")
    assert run(*call).code == 0
    weights = (tmp_path / "run" / "weights.safetensors").read_bytes()
    listed = dataset / "labels.jsonl"
    listed.write_text("\n".join(listed.read_text().splitlines()[::-1]))
    assert run(*call).code == 0 and (tmp_path / "run" / "weights.safetensors").read_bytes() == weights


def test_weights_of_an_older_version_are_not_overwritten(run: Run, dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "weights.safetensors").write_bytes(b"older")
    ran = run("train", "joined", "--dataset", f"jsonl:{dataset}", "--output", tmp_path / "run")
    assert ran.code == 2 and "does not say which pictures and labels it learned from" in ran.err
    assert (tmp_path / "run" / "weights.safetensors").read_bytes() == b"older"


def test_other_settings_are_refused(run: Run, dataset: Path, tmp_path: Path) -> None:
    call = ("train", "joined", "--dataset", f"jsonl:{dataset}", "--output", tmp_path / "run")
    assert run(*call, "--set", "epochs=3").code == 0
    assert run(*call).code == 0, "three is what it takes anyway"
    refused = run(*call, "--set", "epochs=4")
    assert refused.code == 2 and "(epochs 3, now 4)" in refused.err
    assert "seed 0, now 1" in run(*call, "--seed", "1").err
    assert (tmp_path / "run" / "trained.txt").read_text().count("trained") == 2
