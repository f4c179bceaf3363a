"""What commands tell of tags that are not shown: that they are not, and never among those that are."""

from __future__ import annotations

from pathlib import Path

import pytest

from imsearch import RANKING_ONLY
from tests.cli.conftest import Run
from tests.make_pictures import plain
from tests.make_plugins import Plugins

HIDING = f"""
from dataclasses import replace
from imsearch import hookimpl
from imsearch.plugins.vgg_bce import imsearch_commands
from tests.fakes import colour_spec

@hookimpl
def imsearch_annotators():
    return [replace(colour_spec(), thresholds={{"green": {RANKING_ONLY}}})]
"""


@pytest.fixture
def orange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """A picture that is .6 red, .8 green (which is never shown) and .4 blue; indexed, in the current folder."""
    plugins = Plugins(tmp_path / "plugins", monkeypatch)
    plugins.add("hiding", HIDING)
    folder = tmp_path / "photos"
    folder.mkdir()
    monkeypatch.chdir(folder)
    plain(folder / "orange.png", (153, 204, 102))
    assert run("index", folder).code == 0
    return folder / "orange.png"


def test_show_sets_apart_what_is_not_shown(run: Run, orange: Path) -> None:
    lines = run("show", orange).out.splitlines()
    head = next(number for number, line in enumerate(lines) if line.split() == ["probability", "tag", "source"])
    assert [line.split() for line in lines[head + 2 :]] == [
        ["██████", "0.60", "red", "colours"],
        [],
        ["Not", "shown", "elsewhere:", "too", "unlikely,", "or", "only", "for", "ranking"],
        ["0.80", "green", "colours"],
        ["0.40", "blue", "colours"],
    ]
    assert {line.index("colours") for line in lines[head + 2 :] if "colours" in line} == {lines[head].index("source")}


def test_show_says_so_where_there_is_no_tag(run: Run, orange: Path) -> None:
    plain(orange.parent / "black.png", (0, 0, 0))
    assert run("index", orange.parent).code == 0
    assert run("show", orange.parent / "black.png").out.endswith("\nNo tags\n")


def test_show_says_so_where_none_is_shown(run: Run, orange: Path) -> None:
    run("tag", "reject", orange, "red")
    out = run("show", orange).out
    assert "No tag is shown: too unlikely, or only for ranking\n" in out
    assert "█" not in out


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (("show", "orange.png"), ()),
        (("query", "red"), ("hits", 0)),
        (("annotate", "orange.png"), ("images", 0)),
    ],
)
def test_json_says_of_each_tag_whether_it_is_shown(
    run: Run, orange: Path, command: tuple[str, ...], place: tuple[str | int, ...]
) -> None:
    record = run(*command, "--format", "json").json
    for step in place:
        record = record[step]
    found = {tag["name"]: tag["shown"] for tag in record["tags"]}
    assert found.pop("red") is True
    assert not any(found.values())
    assert all(list(tag) == ["name", "score", "source", "shown"] for tag in record["tags"])


def test_tables_never_mix_guesses_with_what_is_shown(run: Run, orange: Path) -> None:
    assert "green" not in run("annotate", orange).out
    assert run("query", "red").out.splitlines()[-1].split()[-1] == "red"
    assert run("query", "green").out.splitlines()[-1].split()[-2:] == ["red,", "green?"]
    assert "green: green 0.80 (colours, not shown)" in run("query", "green", "--explain").out
    assert "not shown" not in run("query", "red", "--explain").out


def test_what_is_never_shown_is_neither_listed_nor_asked_about_nor_drawn(run: Run, orange: Path) -> None:
    assert [tag["name"] for tag in run("tags", "--format", "json").json["tags"]] == ["red"]
    assert {each["tag"]["name"] for each in run("tag", "review", "--format", "json").json["tags"]} == {"red", "blue"}
    assert run("tag", "review", "green").err == (
        "green is not asked about: the annotators never show it. It only helps ranking.\n"
    )
    assert run("wordcloud", orange, "--output", "cloud.svg").code == 0
    drawn = Path("cloud.svg").read_text(encoding="utf-8")
    assert ">red<" in drawn and ">blue<" in drawn and "green" not in drawn


def test_plugins_count_what_can_be_shown(run: Run, orange: Path) -> None:
    (annotator,) = run("plugins", "--json").json["annotators"]
    assert (annotator["vocabulary"], annotator["ranking_only"]) == (3, 1)
    row = next(line for line in run("plugins").out.splitlines() if line.startswith("colours"))
    assert row.split()[2] == "2"
