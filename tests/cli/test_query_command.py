"""The commands query and similar, with the fake annotator: output, explanations, order, and exit codes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.make_pictures import plain
from tests.make_plugins import Plugins


def test_query_json(run: Run, indexed: Path) -> None:
    found = run("query", "red", "--format", "json")
    assert found.code == 0
    (hit,) = found.json["hits"]
    assert found.json["query"] == "red"
    assert found.json["total"] == 1
    assert hit["path"] == str(indexed / "red.png")
    assert hit["score"] == pytest.approx(0.8, abs=0.2)
    assert hit["tags"][0] == {"name": "red", "score": hit["score"], "source": "colours", "shown": True}
    assert hit["why"]["red"]["name"] == "red"


def test_query_table_and_paths(run: Run, indexed: Path) -> None:
    table = run("query", "blue").out
    assert "blue.png" in table
    assert all(len(line) <= 80 for line in table.splitlines())
    assert run("query", "blue", "--format", "paths").out == f"{indexed}/sub/blue.png\n"
    assert run("query", "blue", "-0").out == f"{indexed}/sub/blue.png\0"


def test_query_explains_and_counts(run: Run, indexed: Path) -> None:
    ran = run("query", "red", "--explain", "--facets")
    assert "red: red" in ran.out and "(colours)" in ran.out
    assert "tag: red 1" in ran.out.splitlines()
    assert ran.out.splitlines()[-1].startswith("folder: ") and ran.out.endswith(" 1\n")
    facets = run("query", "red", "--facets", "--format", "json").json["facets"]
    told = {"tag": "red", "type": "png", "annotator": "colours", "folder": str(indexed)}
    assert facets == {kind: [{"name": name, "images": 1}] for kind, name in told.items()}
    every = run("query", "sort:name", "--facet-values", "2", "--format", "json").json["facets"]
    assert len(every["tag"]) == 2


def test_all_tells_how_many_are_relevant(run: Run, indexed: Path) -> None:
    plain(indexed / "dim.png", (40, 0, 0))
    run("index", indexed)
    few = run("query", "red", "--format", "json").json
    everything = run("query", "red", "--all", "--format", "json").json
    assert few["total"] == few["relevant"] == everything["relevant"] == 1
    assert everything["total"] == len(everything["hits"]) == 2


def test_a_picture_is_found_by_its_name(run: Run, plugins: Plugins, photos: Path) -> None:
    (photos / "red.png").rename(photos / "rex.png")
    run("index", photos)
    (hit,) = run("query", "rex", "--format", "json").json["hits"]
    assert hit["why"] == {"rex": {"name": "rex", "score": 0.55, "source": "name", "shown": True}}
    assert "rex: rex 0.55 (name)" in run("query", "rex", "--explain").out


def test_all_wins_over_any_least_score(run: Run, plugins: Plugins, photos: Path) -> None:
    (photos / "red.png").rename(photos / "rex.png")
    run("index", photos)
    assert run("query", "rex", "--min-score", "0.9").code == 1
    assert run("query", "rex", "--min-score", "0.9", "--all", "--format", "paths").out == f"{photos}/rex.png\n"


def test_words_may_begin_with_a_minus(run: Run, indexed: Path) -> None:
    found = run("query", "red", "OR", "blue", "-blue", "--format", "paths")
    assert found.out == f"{indexed}/red.png\n"
    assert run("query", "red OR blue", "-tag:blue", "-n", "5", "--format", "paths").out == found.out


def test_nothing_found_exits_with_1_and_says_what_to_do(run: Run, indexed: Path) -> None:
    ran = run("query", "zebra")
    assert (ran.code, ran.out) == (1, "")
    assert "imsearch tags" in ran.err
    assert run("query", "zebra", "--format", "json").json == {
        "query": "zebra",
        "total": 0,
        "relevant": 0,
        "order": "score",
        "hits": [],
        "unknown": [],
        "suggestions": {},
        "understood": [],
    }


def test_where_nothing_fits_all_of_it_some_is_left_out_and_told(run: Run, indexed: Path) -> None:
    ran = run("query", "red", "date:1999", "--format", "json")
    assert (ran.code, ran.err) == (0, "Nothing for red with date:1999; 1 for red.\n")
    assert ran.json["relaxed"] == {"asked": ["red", "date:1999"], "left_out": ["date:1999"]}
    assert [Path(hit["path"]).name for hit in ran.json["hits"]] == ["red.png"]
    table = run("query", "red", "date:1999")
    assert (table.code, table.err.splitlines()[0]) == (0, "Nothing for red with date:1999; 1 for red.")
    assert "red.png" in table.out


def test_what_goes_to_another_program_fits_the_whole_query(run: Run, indexed: Path) -> None:
    for form in (("-0",), ("--format", "paths")):
        ran = run("query", "red", "date:1999", *form)
        assert (ran.code, ran.out) == (1, "")
        assert "Nothing found" in ran.err


def test_what_is_less_likely_is_counted(run: Run, plugins: Plugins, photos: Path) -> None:
    for level in (10, 20, 250):
        plain(photos / f"{level}.png", (level, 0, 0))
    run("index", photos)
    ran = run("query", "red")
    assert (ran.code, ran.err) == (0, "2 less likely; --all shows them.\n")
    assert run("query", "red", "--all").err == ""
    assert run("query", "red", "--format", "json").err == run("query", "red", "-0").err == ""
    assert run("query", "red", "-n", "1").err == (
        "1 to 1 of 2 pictures; -n prints more. 2 less likely; --all shows them.\n"
    )
    (photos / "250.png").unlink()
    (photos / "red.png").unlink()
    run("index", photos)
    nothing = run("query", "red", "--min-score", "0.9")
    assert (nothing.code, nothing.out) == (1, "")
    assert nothing.err == "No picture is likely to show 'red'. 2 less likely; --all shows them.\n"


def test_what_was_understood_is_told(run: Run, indexed: Path) -> None:
    ran = run("query", "png", "without", "blue", "--format", "json")
    understood = [{"typed": "png", "meaning": "type:png"}, {"typed": "without blue", "meaning": "-blue"}]
    assert ran.json["understood"] == understood
    assert "Understood: png (type:png), without blue (-blue)." in ran.err
    years = {f"date:{date.today().year - 1}"}
    (told,) = run("query", "last", "year", "--format", "json").json["understood"]
    assert told["meaning"] in years | {f"date:{date.today().year - 1}"}  # it may be New Year just now
    assert run("query", "green", "png", "--format", "paths").out == f"{indexed}/green.png\n"


def test_a_query_that_cannot_be_understood_exits_with_2(run: Run, indexed: Path) -> None:
    ran = run("query", "blue", "(red")
    assert ran.code == 2
    assert ran.err.splitlines() == ["imsearch: A parenthesis is not closed.", "  blue (red", "           ^"]


@pytest.mark.parametrize(
    ("words", "shown", "column"),
    [
        (("red", "date:2023-15"), "red date:2023-15", 14),
        (("\u72ac", "iso:x"), "\u72ac iso:x", 7),  # a character that takes two columns
        (("red\ton", "has:x"), "red\\ton has:x", 12),  # a tab is printed as an escape
    ],
)
def test_the_caret_stands_under_the_mistake(
    run: Run, indexed: Path, words: tuple[str, ...], shown: str, column: int
) -> None:
    ran = run("query", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[1:] == [f"  {shown}", f"  {' ' * column}^"]


def test_unknown_words_come_with_words_that_find_something(run: Run, indexed: Path) -> None:
    ran = run("query", "gren", "camra:canon", "--format", "json")
    assert ran.json["unknown"] == ["gren", "camra:canon"]
    assert ran.json["suggestions"] == {"gren": ["green"], "camra:canon": ["camera:canon"]}
    assert "known for: gren, camra:canon. Did you mean green, camera:canon?" in ran.err


def test_limit_and_offset(run: Run, indexed: Path) -> None:
    def paths(*arguments: str) -> list[str]:
        return run("query", "red OR green OR blue", "--format", "paths", *arguments).out.splitlines()

    everything = paths()
    assert len(everything) == 3
    assert paths("-n", "1", "--offset", "1") == everything[1:2]
    assert "1 to 2 of 3 pictures" in run("query", "red OR green OR blue", "-n2").err
    assert "only 3 pictures" in run("query", "red OR green OR blue", "--offset", "9").err


def test_similar_in_the_library_and_outside(run: Run, indexed: Path, tmp_path: Path) -> None:
    inside = run("similar", indexed / "red.png", "--format", "json").json
    assert inside["query"] == str(indexed / "red.png")
    assert {Path(hit["path"]).name for hit in inside["hits"]} == {"green.png", "blue.png"}
    outside = plain(tmp_path / "other.png", (250, 30, 10))
    assert run("similar", outside, "-n", "1", "--format", "paths").out == f"{indexed}/red.png\n"


def test_similar_with_words(run: Run, indexed: Path, tmp_path: Path) -> None:
    # Both look as much like red; of the others the word decides.
    ran = run("similar", indexed / "red.png", "blue", "-green", "--format", "json")
    assert ran.json["query"] == f"{indexed / 'red.png'} blue -green"
    assert Path(ran.json["hits"][0]["path"]).name == "blue.png"
    outside = plain(tmp_path / 'odd "name" (1).png', (250, 30, 10))
    assert run("similar", outside, "red", "-n", "1", "--format", "paths").out == f"{indexed}/red.png\n"
    wrong = run("similar", indexed / "red.png", "date:2023-15")
    assert wrong.code == 2 and "There is no month 15" in wrong.err and "^" in wrong.err
    assert "no word known for: qwertz" in run("similar", indexed / "red.png", "qwertz").err


def test_similar_to_something_unreadable_exits_with_2(run: Run, indexed: Path) -> None:
    ran = run("similar", indexed / "absent.png")
    assert ran.code == 2
    assert "absent.png: it cannot be opened" in ran.err


def test_query_says_which_words_nobody_knows(run: Run, indexed: Path) -> None:
    ran = run("query", "red", "xyzzy", "--format", "paths")
    assert (ran.code, ran.out) == (0, f"{indexed / 'red.png'}\n")
    assert "no word known for: xyzzy" in ran.err
    assert run("query", "xyzzy").code == 1
