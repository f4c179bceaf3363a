"""Every model that is shipped with weights: they are the ones that are described, and they keep the contract."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from pathlib import Path

import pytest

import imsearch.plugins
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.manager import make_manager
from imsearch.specs import AnnotatorSpec

FOLDERS = sorted(path.parent for path in Path(imsearch.plugins.__file__).parent.glob("*/weights.json"))
NAMES = [folder.name.replace("_", "-") for folder in FOLDERS]
MOST_BYTES = 60_000_000
"""Of all weights together: what everybody downloads who installs imsearch."""

each_model = pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)


def spec_of(folder: Path) -> AnnotatorSpec:
    module = importlib.import_module(f"imsearch.plugins.{folder.name}")
    (spec,) = module.imsearch_annotators()
    assert isinstance(spec, AnnotatorSpec)
    return spec


def skip_without_backbone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """VGG-16's layers are downloaded by users and lie beside the project for tests."""
    if folder.name != "vgg_bce" or os.environ.get("IMSEARCH_WEIGHTS"):
        return
    beside = Path(__file__).parents[3] / "shared" / "weights"
    if not (beside / "vgg16-features.safetensors").exists():
        pytest.skip("needs the layers of VGG-16: set IMSEARCH_WEIGHTS to the folder with vgg16-features.safetensors")
    monkeypatch.setenv("IMSEARCH_WEIGHTS", str(beside))


def test_there_are_shipped_models() -> None:
    assert "everyday" in NAMES


def test_all_weights_together_stay_small() -> None:
    sizes = {folder.name: (folder / "weights.safetensors").stat().st_size for folder in FOLDERS}
    assert sum(sizes.values()) < MOST_BYTES, sizes


@each_model
def test_the_weights_are_those_that_are_described(folder: Path) -> None:
    summary = json.loads((folder / "weights.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    assert digest == summary["sha256"] == spec_of(folder).weights_sha256
    assert "imsearch train" in (folder / "README.md").read_text(encoding="utf-8")


@each_model
def test_the_spec_is_complete(folder: Path) -> None:
    spec = spec_of(folder)
    assert spec.name == folder.name.replace("_", "-")
    assert spec.license and spec.weights_license and spec.description
    assert spec.vocabulary and len(set(spec.vocabulary)) == len(spec.vocabulary)
    assert [word for word in spec.vocabulary if word != " ".join(word.lower().split())] == []
    assert spec.thresholds.keys() <= set(spec.vocabulary)
    assert spec.default == (spec.name == "everyday")


@each_model
def test_it_is_installed_with_its_recipe(folder: Path) -> None:
    name = folder.name.replace("_", "-")
    manager = make_manager()
    assert [spec.name for spec in manager.choose([name])] == [name]
    assert manager.recipe(name).annotator is not None
    assert [str(plugin.error) for plugin in manager.plugins() if plugin.name == name and plugin.error] == []


@each_model
def test_it_keeps_the_contract(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skip_without_backbone(folder, monkeypatch)
    spec = spec_of(folder)
    assert [check.problems for check in check_annotator(spec) if not check.passed] == []
