"""`imsearch annotators`, and what `status` says of one that is not installed any more."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import FAKE, Run
from tests.make_plugins import Plugins

OTHER = FAKE.replace("colour_spec(calls)", 'colour_spec(calls, name="old", words=("ruby", "emerald", "sapphire"))')


@pytest.fixture
def gone(run: Run, plugins: Plugins, photos: Path) -> Path:
    """A library with the tags of "colours" and of "old", whose package was removed."""
    plugins.add("other", OTHER)
    assert run("index", photos).code == 0
    plugins.remove("other")
    return photos


def test_status_tells_of_one_that_is_not_installed(run: Run, gone: Path) -> None:
    status = run("status")
    assert status.code == 0
    assert 'old is no longer installed; its tags stay. "imsearch annotators forget old"' in status.err
    found = {each["name"]: each for each in run("status", "--format", "json").json["annotators"]}
    assert (found["old"]["installed"], found["colours"]["installed"]) == (False, True)


def test_the_annotators_of_the_library_are_listed(run: Run, gone: Path) -> None:
    found = {each["name"]: each for each in run("annotators", "--format", "json").json["annotators"]}
    assert found["old"] == {
        "name": "old",
        "version": "1",
        "installed": False,
        "current": True,
        "forgotten": False,
        "images": 3,
        "tags": 3,
        "vector_length": 4,
    }
    assert "not installed" in next(line for line in run("annotators").out.splitlines() if line.startswith("old"))


def test_without_a_terminal_it_asks_for_yes(run: Run, gone: Path) -> None:
    refused = run("annotators", "forget", "old")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert run("query", "shows:ruby").code == 0


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_on_a_terminal_it_asks(run: Run, gone: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert run("annotators", "forget", "old").code == code
    assert run("query", "shows:ruby").code == (1 if code == 0 else 0)


class Terminal(io.StringIO):
    """Standard input with somebody in front of it who types one line."""

    def isatty(self) -> bool:
        return True


def test_forgotten_restored_and_removed(run: Run, gone: Path) -> None:
    assert run("query", "shows:ruby").code == 0
    forgotten = run("annotators", "forget", "old", "--yes")
    assert (forgotten.code, forgotten.out) == (0, "")
    assert "3 pictures" in forgotten.err
    assert "restore old" in forgotten.err
    assert run("query", "shows:ruby").code == 1
    assert "old" not in run("tags", "--format", "json").out
    assert "no longer installed" not in run("status").err
    assert run("annotators", "restore", "old").code == 0
    assert run("query", "shows:ruby").code == 0
    run("annotators", "forget", "old", "--yes")
    assert run("index", gone).code == 0
    assert [each["name"] for each in run("annotators", "--format", "json").json["annotators"]] == ["colours"]
    late = run("annotators", "restore", "old")
    assert late.code == 2
    assert "no annotator 'old'" in late.err


def test_one_that_runs_by_default_comes_back(run: Run, indexed: Path) -> None:
    assert "a run that uses it restores it" in run("annotators", "forget", "colours", "--yes").err
    assert run("query", "shows:red").code == 1
    assert run("index", indexed).code == 0
    assert run("query", "shows:red").code == 0


def test_an_unknown_name_is_refused(run: Run, indexed: Path) -> None:
    unknown = run("annotators", "forget", "nobody", "--yes")
    assert unknown.code == 2
    assert "but: colours" in unknown.err
