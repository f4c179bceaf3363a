"""``imsearch tags define``: tags that stand for a phrase, and free text on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.make_pictures import plain
from tests.make_plugins import Plugins

SEEING = """
from dataclasses import replace
from imsearch import hookimpl
from tests.fakes import ColourTexts, colour_spec

@hookimpl
def imsearch_annotators():
    return [replace(colour_spec(name="seeing"), text_encoder=ColourTexts)]
"""


@pytest.fixture
def seen(run: Run, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Plugins(tmp_path / "plugins", monkeypatch).add("seeing", SEEING)
    assert run("index", photos).code == 0
    return photos


def test_a_phrase_is_defined_listed_found_and_forgotten(run: Run, seen: Path) -> None:
    told = run("tags", "define", "Fire Engine", "--as", "something crimson")
    assert told.err == "fire engine: shown on 1 picture.\n"
    assert run("query", 'tag:"fire engine"', "--format", "paths").out == f"{seen}/red.png\n"
    assert run("tags", "--by", "defined", "--format", "json").json == {"tags": [{"name": "fire engine", "images": 1}]}
    assert run("tags", "define", "--format", "json").json["definitions"] == [
        {"name": "fire engine", "text": "something crimson", "space": "seeing 1", "shown": 1, "perhaps": 0}
    ]
    assert "something crimson" in run("tags", "define").out
    plain(seen / "new.png", (250, 0, 0))
    run("index", seen)
    assert run("tags", "fire").out.split()[-1] == "2"
    assert run("annotators", "--format", "json").json["annotators"][0]["name"] == "seeing"
    assert "no longer installed" not in run("status").err
    assert run("tags", "undefine", "fire engine").err == "fire engine is no longer defined; 2 pictures showed it.\n"
    assert run("query", 'tag:"fire engine"').code == 1
    assert run("tags", "define").err == "No tag is defined by a phrase yet.\n"


def test_what_cannot_be_defined_is_refused(run: Run, seen: Path) -> None:
    told = run("tags", "define", "qwertz")
    assert told.code == 2 and "Nothing is known of 'qwertz'" in told.err and "--as" in told.err
    assert run("tags", "define", " ").code == 2
    assert run("tags", "undefine", "qwertz").code == 2


def test_listing_tags_takes_words_and_options_in_any_order(run: Run, seen: Path) -> None:
    listed = run("tags", "re", "--by", "seeing", "--format", "json").json
    assert listed == {"tags": [{"name": "red", "images": 1}]}
    assert run("tags", "--by", "seeing", "re", "--format", "json").json == listed
    assert run("tags", "red", "green").code == 2


def test_free_text_finds_what_no_tag_is_called(run: Run, seen: Path) -> None:
    ran = run("query", "crimson", "--format", "json")
    assert [Path(hit["path"]).name for hit in ran.json["hits"]] == ["red.png"]
    assert "The sense of 'crimson' counts instead." in ran.err
    assert "compared by seeing 1" in run("status").out
    assert run("status", "--format", "json").json["free_text"] == "compared by seeing 1"


def test_a_broken_text_encoder_hurts_no_query(run: Run, seen: Path, tmp_path: Path) -> None:
    (module,) = (tmp_path / "plugins").glob("plugin_*.py")
    module.write_text(SEEING.replace("ColourTexts)", "lambda: 1 / 0)"))
    sys.modules.pop(module.stem, None)
    assert run("query", "red", "--format", "paths").out == f"{seen}/red.png\n"
    assert "seeing cannot read it: ZeroDivisionError" in run("status", "--format", "json").json["free_text"]
