"""Globs of the settings, of a run and of ``.imsearchignore`` files leave out what the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.errors import ImsearchError
from imsearch.indexer.exclusions import IGNORE_NAME, Exclusions
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.pipeline import index
from imsearch.indexer.scan import Scanner
from tests.fakes import colour_spec
from tests.indexer.test_left_out import names, put


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    put(tmp_path, "a.jpg", "b.png", "drafts/a.jpg", "trip/drafts/c.jpg", "trip/d.jpg", "trip/e.png")
    return tmp_path


def taken(
    folder: Path, settings: Sequence[str] = (), options: Sequence[str] = (), notes: list[str] | None = None
) -> str:
    scanner = Scanner(Exclusions(settings, options), (notes if notes is not None else []).append)
    list(scanner.scan([folder]))
    return " ".join(names(scanner.found, folder))


ALL = "a.jpg b.png drafts/a.jpg trip/d.jpg trip/drafts/c.jpg trip/e.png"


@pytest.mark.parametrize(
    ("globs", "left"),
    [
        ([], ALL),
        (["*.png"], "a.jpg drafts/a.jpg trip/d.jpg trip/drafts/c.jpg"),
        (["drafts"], "a.jpg b.png trip/d.jpg trip/e.png"),
        (["drafts/"], "a.jpg b.png trip/d.jpg trip/e.png"),
        (["/drafts"], "a.jpg b.png trip/d.jpg trip/drafts/c.jpg trip/e.png"),
        (["./drafts"], "a.jpg b.png trip/d.jpg trip/drafts/c.jpg trip/e.png"),
        (["trip/drafts"], "a.jpg b.png drafts/a.jpg trip/d.jpg trip/e.png"),
        (["trip/*", "!trip/e.png"], "a.jpg b.png drafts/a.jpg trip/e.png"),
        (["**/d.*"], "a.jpg b.png drafts/a.jpg trip/drafts/c.jpg trip/e.png"),
        (["DRAFTS"], ALL),
        (["a.jpg/"], ALL),
    ],
)
def test_globs_read_as_in_gitignore(tree: Path, globs: list[str], left: str) -> None:
    assert taken(tree, settings=globs) == left
    assert taken(tree, options=globs) == left
    (tree / IGNORE_NAME).write_text("\n".join(["# by hand", "", *globs]))
    assert taken(tree) == (ALL if globs == ["./drafts"] else left)


def test_a_whole_path_counts_below_its_root(tree: Path) -> None:
    assert taken(tree, [str(tree / "trip" / "drafts")]) == "a.jpg b.png drafts/a.jpg trip/d.jpg trip/e.png"
    assert taken(tree, [str(tree.parent / "elsewhere" / "trip")]) == ALL


def test_a_number_sign_is_part_of_a_name(tree: Path) -> None:
    put(tree, "#private/1.jpg")
    assert taken(tree, ["#private"]) == ALL


def test_files_deeper_down_win_and_the_run_wins_over_all(tree: Path) -> None:
    (tree / IGNORE_NAME).write_text("*.jpg\n")
    (tree / "trip" / IGNORE_NAME).write_bytes(b"\xef\xbb\xbf!d.jpg\r\ndrafts/\r\n")
    assert taken(tree) == "b.png trip/d.jpg trip/e.png"
    assert taken(tree, options=["d.jpg"]) == "b.png trip/e.png"
    assert taken(tree, options=["!*.jpg"]) == "a.jpg b.png drafts/a.jpg trip/d.jpg trip/e.png"
    assert taken(tree, settings=["!*.jpg", "*.png"]) == "trip/d.jpg"


def test_what_is_left_out_by_default_can_be_taken_in(tree: Path) -> None:
    put(tree, "#recycle/1.jpg", ".hidden/2.jpg")
    assert taken(tree, ["!#recycle"]) == f"#recycle/1.jpg {ALL}"
    assert taken(tree, ["!.hidden/"]) == f".hidden/2.jpg {ALL}"


def test_a_file_above_the_root_counts_unless_it_names_the_root(tree: Path) -> None:
    (tree / IGNORE_NAME).write_text("drafts/\n*.png\n")
    assert taken(tree / "trip") == "d.jpg"
    assert taken(tree / "trip" / "drafts") == "c.jpg"


@pytest.mark.parametrize("glob", ["", " ", "!", "\\", "[z-a]", "a\nb"])
def test_a_glob_that_cannot_be_used_is_refused(glob: str) -> None:
    with pytest.raises(ImsearchError, match="cannot be used"):
        Exclusions([glob])


def test_a_bad_line_of_a_file_is_told_and_the_others_count(tree: Path) -> None:
    notes: list[str] = []
    (tree / IGNORE_NAME).write_bytes(b"[z-a]\n*.png\ncaf\xe9/\n")
    assert "b.png" not in taken(tree, notes=notes)
    assert len(notes) == 1 and "'[z-a]'" in notes[0]


def test_a_folder_of_that_name_is_no_list(tree: Path) -> None:
    (tree / IGNORE_NAME).mkdir()
    assert taken(tree) == ALL


def test_known_pictures_are_forgotten_and_cost_nothing_when_they_come_back(engine: Engine, photos: Path) -> None:
    index([photos], engine, [colour_spec()])
    report = index([photos], engine, [colour_spec()], IndexOptions(exclusions=Exclusions(["sub/"])))
    assert (report.unchanged, report.removed, report.excluded) == (2, 1, 1)
    assert engine.finder.search("blue", min_score=0.5).total == 0
    report = index([photos], engine, [colour_spec()])
    assert (report.unchanged, report.annotated) == (2, 0)
    assert engine.finder.search("blue", min_score=0.5).total == 1


def test_a_file_that_is_named_is_taken_whatever_the_globs_say(engine: Engine, photos: Path) -> None:
    one = Exclusions(["*.png"])
    assert index([photos, photos / "red.png"], engine, [colour_spec()], IndexOptions(exclusions=one)).new == 1
    assert index([photos / "sub"], engine, [colour_spec()], IndexOptions(exclusions=Exclusions(["sub"]))).new == 1
