"""Which rooms of the program may reach into which, where import-linter, which sees imports alone, cannot tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

import imsearch
from imsearch.library import Library
from scripts.rooms import circles

ROOT = Path(imsearch.__file__).parent
ABOVE_THE_LIBRARY = ("cli", "webui", "views", "evaluation")


def modules(room: str) -> Iterator[tuple[Path, ast.Module]]:
    """The files of a room, parsed."""
    for path in sorted((ROOT / room).rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def places(room: str, wanted: type[ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    """The expressions of a kind in a room, and where each stands."""
    for path, tree in modules(room):
        for node in ast.walk(tree):
            if isinstance(node, wanted):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


@pytest.mark.parametrize("room", ABOVE_THE_LIBRARY)
def test_nothing_above_the_library_reaches_the_engine(room: str) -> None:
    """They ask its parts: `library.search`, `library.tags` ..."""
    found = list(places(room, ast.Attribute))
    assert found, "the room is empty"
    assert [
        place for place, node in found if isinstance(node, ast.Attribute) and node.attr in ("engine", "catalog")
    ] == []


@pytest.mark.parametrize(
    "file", ["library/library.py", "library/opened.py", "engine/engine.py", "engine/search/finder.py"]
)
def test_nothing_is_assigned_to_a_part_after_it_is_made(file: str) -> None:
    """What a part needs, its constructor takes; only an object itself changes its attributes."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    stored = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
    assert [
        ast.unparse(node) for node in stored if not (isinstance(node.value, ast.Name) and node.value.id == "self")
    ] == []


def test_the_library_is_composed_of_plain_classes(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library", create=True) as library:
        parts = (library.search, library.tags, library.facts, library.runs, library.annotators, library.health)
        assert {type(part).__bases__ for part in (library, library.engine, library.engine.finder, *parts)} == {
            (object,)
        }
        assert not library.search.opens_files


def test_no_modules_import_one_another_in_a_circle() -> None:
    """Not even inside a model's folder, or for type checkers alone."""
    assert circles(grimp.build_graph("imsearch")) == []
