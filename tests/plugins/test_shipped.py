"""What a model's folder offers before and after it is trained, and that none of it runs unless it is named."""

from __future__ import annotations

import json
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from imsearch.errors import ImsearchError
from imsearch.plugins.entries import spec_problem
from imsearch.plugins.manager import make_manager
from imsearch.plugins.shipped import ShippedModel
from tests.fakes import ColourAnnotator
from tests.make_plugins import Plugins

SUMMARY = {
    "version": "3",
    "sha256": "0123456789abcdef" * 4,
    "vocabulary": ["red", "green"],
    "threshold": 0.4,
    "thresholds": {"red": 0.6},
    "vector_length": None,
    "input_size": 32,
}


@pytest.fixture
def model(tmp_path: Path) -> ShippedModel:
    return ShippedModel(
        "shades",
        tmp_path,
        "a model",
        "its recipe",
        annotator="shipped_code:Shades",
        train="shipped_code:train",
        datasets=("corel5k",),
        inputs=frozenset({"social_tags"}),
    )


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module with a class and a recipe that tell what they were called with."""
    (tmp_path / "shipped_code.py").write_text(
        "def Shades(weights, sha256, device): return (weights.name, sha256, device)\n"
        "def train(run): return run / 'weights.safetensors'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shipped_code", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def test_without_weights_there_is_a_recipe_and_no_annotator(model: ShippedModel, code: None, tmp_path: Path) -> None:
    assert model.annotators() == []
    (recipe,) = model.recipes()
    assert (recipe.name, recipe.description, recipe.datasets) == ("shades", "its recipe", ("corel5k",))
    assert "shipped_code" not in sys.modules  # nothing of the model is imported for being listed
    assert recipe.run(tmp_path) == tmp_path / "weights.safetensors"
    assert recipe.annotator is not None
    built: object = recipe.annotator(Path("mine.safetensors"), "cpu")
    assert built == ("mine.safetensors", None, "cpu")


def test_the_summary_becomes_the_spec(model: ShippedModel, code: None, tmp_path: Path) -> None:
    (tmp_path / "weights.json").write_text(json.dumps(SUMMARY))
    (spec,) = model.annotators()
    assert (spec.name, spec.vocabulary, spec.vector_length, spec.input_size) == ("shades", ("red", "green"), None, 32)
    assert not spec.shows("red", 0.5) and spec.shows("green", 0.5)
    assert spec.inputs == {"social_tags"} and spec.weights_sha256 == SUMMARY["sha256"]
    assert not spec.default
    assert "shipped_code" not in sys.modules
    built: object = spec.factory("cuda:1")
    assert built == ("weights.safetensors", SUMMARY["sha256"], "cuda:1")


def test_other_weights_are_another_version(model: ShippedModel, tmp_path: Path) -> None:
    versions = []
    for sha256 in (SUMMARY["sha256"], "f" * 64):
        (tmp_path / "weights.json").write_text(json.dumps({**SUMMARY, "sha256": sha256}))
        versions.append(model.annotators()[0].version)
    assert versions == ["3+01234567", "3+ffffffff"]


PLUGIN = """
from dataclasses import replace
from imsearch import hookimpl
from tests.fakes import colour_spec

@hookimpl
def imsearch_annotators():
    return [replace(colour_spec(name={name!r}), default={default})]
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    return Plugins(tmp_path / "plugins", monkeypatch)


def test_an_annotator_that_is_no_default_runs_only_when_it_is_named(plugins: Plugins) -> None:
    plugins.add("one", PLUGIN.format(name="usual", default=True))
    plugins.add("two", PLUGIN.format(name="special", default=False))
    manager = make_manager()
    assert [spec.name for spec in manager.choose(())] == ["usual"]
    assert [spec.name for spec in manager.choose(["special"])] == ["special"]
    assert [spec.name for spec in manager.choose(["special", "usual"])] == ["special", "usual"]
    assert [spec.name for spec in manager.offered()] == ["special", "usual"]


def test_a_damaged_summary_breaks_its_plugin_only(plugins: Plugins, tmp_path: Path) -> None:
    plugins.add("good", PLUGIN.format(name="usual", default=True))
    plugins.add(
        "bad",
        "from pathlib import Path\nfrom imsearch import hookimpl\nfrom imsearch.plugins.shipped import ShippedModel\n"
        "@hookimpl\ndef imsearch_annotators():\n"
        f"    return ShippedModel('bad', Path({str(tmp_path)!r}), '', '', 'a:b', 'a:c').annotators()\n",
    )
    (tmp_path / "weights.json").write_text('{"version": "1"}')
    manager = make_manager()
    assert [spec.name for spec in manager.choose(())] == ["usual"]
    told = {plugin.name: plugin.error or "" for plugin in manager.plugins()}
    assert "imsearch_annotators failed" in told["bad"] and "KeyError: 'sha256'" in told["bad"]
    with pytest.raises(ImsearchError, match="no annotator named 'bad'"):
        manager.choose(["bad"])


def test_the_fake_is_what_these_plugins_offer(plugins: Plugins) -> None:
    plugins.add("one", PLUGIN.format(name="usual", default=True))
    assert isinstance(make_manager().choose(())[0].factory("cpu"), ColourAnnotator)


def test_our_own_specs_need_no_check_when_they_are_loaded() -> None:
    offered = make_manager(entry_points(group="imsearch")).offered()
    assert {"everyday", "multimodal"} <= {spec.name for spec in offered}
    assert [(spec.name, problem) for spec in offered if (problem := spec_problem(spec))] == []
