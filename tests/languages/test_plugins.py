"""Languages that plugins bring, and the examples of docs/languages.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from imsearch.engine.query.grammar import parse
from imsearch.engine.query.tree import And, Word
from imsearch.engine.words.words import Words
from imsearch.languages.language import Language
from imsearch.languages.lexicon import Lexicon
from imsearch.languages.table import read_table
from imsearch.library import Library
from imsearch.plugins.manager import make_manager
from imsearch.settings import Settings
from tests.make_plugins import Plugins

PAGE = (Path(__file__).parents[2] / "docs" / "languages.md").read_text(encoding="utf-8")


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    return Plugins(tmp_path / "plugins", monkeypatch)


def tables() -> Iterator[str]:
    """The files of words that the page shows."""
    return (block for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "[tags]" in block)


def test_the_language_of_the_page_is_read(tmp_path: Path) -> None:
    (text,) = tables()
    path = tmp_path / "nds.toml"
    path.write_text(text, encoding="utf-8")
    assert read_table(path).name == "Plattdüütsch"
    words = Words(Lexicon(kinds={"dog": ()}, languages=[Language("nds", path)]), ["dog"])
    assert words.translate(parse("twee Hunnen siet güstern").tree) == And(
        (
            Word("two", said="twee"),
            Word("dog", said="hunnen"),
            Word("since", said="siet"),
            Word("yesterday", said="güstern"),
        )
    )


def test_the_plugin_of_the_page_brings_its_language(plugins: Plugins, tmp_path: Path) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (text,) = tables()
    plugins.add("nds", source)
    (tmp_path / "plugins" / "nds.toml").write_text(text, encoding="utf-8")
    settings = replace(Settings(), library=tmp_path / "library", languages=("nds",))
    with Library.open(settings=settings, create=True, plugins=make_manager()) as library:
        assert library.search.languages() == {"en": "English", "nds": "Plattdüütsch"}


def test_a_language_that_two_plugins_bring_stays_with_the_first(plugins: Plugins) -> None:
    source = """
from pathlib import Path
from imsearch import LanguageSpec, hookimpl

@hookimpl
def imsearch_languages():
    return [LanguageSpec("nds", Path({path!r}))]
"""
    plugins.add("first", source.format(path="/first.toml"))
    plugins.add("second", source.format(path="/second.toml"))
    manager = make_manager()
    assert [spec.path for spec in manager.languages()] == [Path("/first.toml")]
    assert [bool(plugin.error) for plugin in manager.plugins()] == [False, True]
