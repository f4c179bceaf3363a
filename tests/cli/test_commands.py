"""Every command through `main`, with the fake annotator: what it prints, in which shape, and its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.make_plugins import Plugins


def test_index_counts_what_it_did(run: Run, plugins: Plugins, photos: Path) -> None:
    first = run("index", photos)
    assert (first.code, first.out) == (0, "")
    assert "3 new; 3 annotated in" in first.err
    again = run("index", photos, "--json")
    assert (again.json["new"], again.json["unchanged"], again.json["annotated"]) == (0, 3, 0)
    assert again.json["failures"] == []


def test_index_names_what_failed_and_exits_with_1(run: Run, plugins: Plugins, photos: Path) -> None:
    (photos / "broken.jpg").write_text("no picture")
    ran = run("index", photos, "--json")
    assert ran.code == 1
    assert [Path(each["path"]).name for each in ran.json["failures"]] == ["broken.jpg"]
    assert "broken.jpg: it is not a picture" in ran.err
    listed = run("status", "--failures")
    assert listed.code == 0
    assert "broken.jpg: it is not a picture" in listed.out


def test_annotate_needs_no_library(run: Run, plugins: Plugins, photos: Path, tmp_path: Path) -> None:
    (photos / "broken.jpg").write_text("no picture")
    ran = run("annotate", photos / "red.png", photos / "broken.jpg", "--format", "json")
    assert ran.code == 1
    good, bad = ran.json["images"]
    assert good["tags"][0]["name"] == "red"
    assert len(good["tags"]) == 3
    assert good["error"] is None
    assert (bad["tags"], "not a picture" in bad["error"]) == ([], True)
    assert not (tmp_path / "library").exists()
    table = run("annotate", photos / "red.png")
    assert table.code == 0
    assert "red.png" in table.out


def test_show_by_path_and_by_id(run: Run, indexed: Path) -> None:
    shown = run("show", indexed / "red.png", "--format", "json").json
    assert shown["files"] == [str(indexed / "red.png")]
    assert (shown["width"], shown["height"], shown["format"]) == (32, 24, "PNG")
    assert (shown["tags"][0]["name"], shown["tags"][0]["shown"]) == ("red", True)
    assert run("show", str(shown["id"]), "--format", "json").json == shown
    assert run("show", indexed / "elsewhere" / ".." / "red.png", "--format", "json").json == shown
    assert "red" in run("show", indexed / "red.png").out
    absent = run("show", indexed / "absent.png")
    assert absent.code == 2
    assert "is not in the library" in absent.err


def test_tags(run: Run, indexed: Path) -> None:
    assert {tag["name"]: tag["images"] for tag in run("tags", "--format", "json").json["tags"]} == {
        "red": 1,
        "green": 1,
        "blue": 1,
    }
    assert [tag["name"] for tag in run("tags", "gr", "--format", "json").json["tags"]] == ["green"]
    assert "green" in run("tags").out
    assert "No tag begins with 'x'" in run("tags", "x").err


def test_status_verify_rebuild(run: Run, indexed: Path) -> None:
    status = run("status", "--format", "json").json
    assert (status["images"], status["files"], status["failures"]) == (3, 3, [])
    known = {"name": "colours", "version": "1", "images": 3, "current": True, "installed": True, "forgotten": False}
    assert status["annotators"] == [known]
    assert "colours" in run("status").out
    assert run("verify").code == 0
    assert run("rebuild").code == 0
    assert run("query", "red").code == 0


def test_without_a_library(run: Run, tmp_path: Path) -> None:
    for command in (["query", "red"], ["status"], ["verify"], ["rebuild"], ["tags"], ["show", "a.png"]):
        ran = run(*command)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("imsearch: ")
        assert "imsearch index" in ran.err
    assert not (tmp_path / "library").exists()


def test_a_path_that_does_not_exist_changes_nothing(run: Run, indexed: Path) -> None:
    ran = run("index", indexed, indexed / "absent")
    assert ran.code == 2
    assert "absent does not exist" in ran.err


def test_mistakes_do_not_leave_an_empty_library(run: Run, plugins: Plugins, photos: Path, tmp_path: Path) -> None:
    unknown = run("index", photos, "--annotator", "shapes")
    assert unknown.code == 2
    assert "no annotator named 'shapes'; installed: colours" in unknown.err
    absent = run("index", photos, tmp_path / "absent")
    assert absent.code == 2
    assert "absent does not exist" in absent.err
    assert not (tmp_path / "library").exists()


def test_a_library_elsewhere(run: Run, indexed: Path, tmp_path: Path) -> None:
    assert run("query", "red", "--library", tmp_path / "other").code == 2
    assert run("index", indexed, "--library", tmp_path / "other").code == 0
    assert run("query", "red", "--library", tmp_path / "other").code == 0


@pytest.mark.parametrize("command", [["query", "red"], ["index", "."], ["status"], ["serve", "--port", "0"]])
def test_an_address_that_nothing_opens_makes_no_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    address = "mysql://somebody:secret@server/photos"
    (tmp_path / "config.toml").write_text("")
    before = sorted(tmp_path.rglob("*"))
    told = [run(*command, "--library", address)]
    monkeypatch.setenv("IMSEARCH_LIBRARY", address)
    told.append(run(*command))
    monkeypatch.delenv("IMSEARCH_LIBRARY")
    (tmp_path / "config.toml").write_text(f'library = "{address}"')
    told.append(run(*command))
    for ran in told:
        assert (ran.code, ran.out) == (2, "") and "No library can be opened at mysql:// here" in ran.err
        assert "secret" not in ran.err
    assert sorted(tmp_path.rglob("*")) == before
