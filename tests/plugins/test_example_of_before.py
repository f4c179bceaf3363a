"""The example plugin as it was with version 0.1.0 loads unchanged, keeps the contract, and works."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from imsearch.cli import main
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.manager import make_manager
from tests.make_pictures import BLUE, RED, plain
from tests.make_plugins import Plugins

EXAMPLE = Path(__file__).parents[1] / "fixtures" / "example-0.1.0"
"""A copy that must never be changed: it stands for the plugins of other people."""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    """The example, installed by the entry point of its own pyproject.toml, and no other plugin."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    installed = Plugins(tmp_path / "plugins", monkeypatch)
    for name, module in project["entry-points"]["imsearch"].items():
        installed.add(name, (EXAMPLE / f"{module}.py").read_text("utf-8"), project["name"])
    return installed


def test_it_loads_and_keeps_the_contract(plugins: Plugins) -> None:
    manager = make_manager()
    assert [(each.name, each.package, each.error) for each in manager.plugins()] == [
        ("colors", "imsearch-colors", None)
    ]
    (spec,) = manager.choose(["colors"])
    assert [problem for check in check_annotator(spec) for problem in check.problems] == []


def test_it_indexes_and_its_words_find(
    plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMSEARCH_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("IMSEARCH_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "photos").mkdir()
    red, blue = plain(tmp_path / "photos" / "a.png", RED), plain(tmp_path / "photos" / "b.png", BLUE)
    assert main(["index", str(tmp_path / "photos")]) == 0
    capfd.readouterr()
    for words, found in (("red", red), ("blue", blue)):
        assert main(["query", words, "--format", "paths"]) == 0
        assert capfd.readouterr().out == f"{found}\n"
