"""A library that version 0.1.0 made opens, is sound, and answers what that version answered.

scripts/make_old_library.py made it and wrote the answers down; the pictures are not there any more.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from imsearch.cli import main
from imsearch.engine.engine import Engine
from imsearch.engine.stores.embedded.home import FILE_NAME
from imsearch.languages.lexicon import Lexicon
from imsearch.library import Library
from imsearch.settings import load_settings
from imsearch.webui.app import create_app
from tests.engine.older import back_to_0005, back_to_0006

FIXTURE = Path(__file__).parents[1] / "fixtures" / "library-0.1.0"
ANSWERS: dict[str, Any] = {
    each["question"]: each["answer"] for each in json.loads((FIXTURE / "answers.json").read_text("utf-8"))["answers"]
}


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the old library, which the settings name; they are those it was made with."""
    folder = tmp_path / "library"
    shutil.copytree(FIXTURE / "library", folder)
    monkeypatch.delenv("IMSEARCH_LANGUAGES", raising=False)
    monkeypatch.setenv("IMSEARCH_CONFIG", str(FIXTURE / "config.toml"))
    monkeypatch.setenv("IMSEARCH_LIBRARY", str(folder))
    return folder


@pytest.fixture(params=[False, True], ids=["reader", "writer"])
def opened(request: pytest.FixtureRequest, library: Path) -> Iterator[Library]:
    with Library.open(settings=load_settings(), write=request.param) as opened:
        yield opened


def set_back(library: Path, change: Callable[[sqlite3.Connection], None]) -> None:
    with closing(sqlite3.connect(library / FILE_NAME)) as connection:
        change(connection)
        connection.commit()


def ask(library: Library) -> dict[str, Any]:
    """What this version answers to the questions, by the JSON API."""
    with TestClient(create_app(library), base_url="http://localhost:8000") as client:
        return {question: client.get(question).raise_for_status().json() for question in ANSWERS}


def compare(found: dict[str, Any]) -> None:
    for question, before in ANSWERS.items():
        assert_same(found[question], before, question)


def assert_same(found: Any, before: Any, where: str) -> None:
    """All that was told before is told now, and alike; lists in the same order, numbers within 1e-4.

    There may be more: an answer may have got new members since.
    """
    if isinstance(before, dict):
        for name, value in before.items():
            assert name in found or name == "shown", f"{where}: {name} is missing"
            now = shown(found) if name == "shown" and isinstance(value, list) else found[name]
            assert_same(now, value, f"{where}, {name}")
    elif isinstance(before, list):
        assert len(found) == len(before), f"{where}: {found} was {before}"
        for number, (one, other) in enumerate(zip(found, before, strict=True)):
            assert_same(one, other, f"{where} {number}")
    elif isinstance(before, float):
        assert found == pytest.approx(before, abs=1e-4), where
    else:
        assert found == before, where


def shown(hit: dict[str, Any]) -> list[str]:
    """The names of the shown tags, which is what was kept of a hit's tags."""
    return [tag["name"] for tag in hit["tags"] if tag["shown"]]


def test_there_are_at_least_fifty_queries_and_most_find_something() -> None:
    totals = [answer["total"] for question, answer in ANSWERS.items() if question.startswith("/api/search")]
    assert len(totals) >= 50
    assert sum(total > 0 for total in totals) >= 50


def test_all_is_answered_as_before_and_the_library_is_sound(opened: Library) -> None:
    compare(ask(opened))
    assert main(["verify"]) == 0


def test_the_command_line_calls_it_sound(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 0
    told = "The text index was missing, or of another version or catalog, and has been made anew.\n"
    assert capfd.readouterr() == ("", f"{told}The library is sound.\n")
    assert main(["verify"]) == 0
    assert capfd.readouterr() == ("", "The library is sound.\n")


def test_indexes_made_anew_answer_the_same(library: Path) -> None:
    assert main(["rebuild"]) == 0
    with Library.open(settings=load_settings()) as opened:
        compare(ask(opened))


def test_one_of_the_version_before_is_migrated(library: Path) -> None:
    set_back(library, back_to_0006)
    with Library.open(settings=load_settings(), write=True) as opened:
        compare(ask(opened))
    assert main(["verify"]) == 0
    assert len(list((library / "backups").iterdir())) == 1


def test_one_of_two_versions_before_gets_its_places_back(library: Path) -> None:
    set_back(library, back_to_0005)
    with Engine.open(library, Lexicon.load(), write=True) as engine:
        assert engine.locate() > 0
    with Library.open(settings=load_settings()) as opened:
        compare(ask(opened))
