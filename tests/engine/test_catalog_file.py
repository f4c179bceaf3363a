"""The catalog's file while it is open: who may open it beside, and what happens when it is taken away."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.embedded.home import FILE_NAME
from imsearch.errors import LibraryError
from tests.engine.support import LEXICON, reading, spec

GONE = "removed or replaced while it was open"


@pytest.fixture
def library(folder: Path) -> Path:
    """A closed library with two pictures."""
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9}), reading(2, {"dog": 0.8})])
    return folder


@pytest.mark.parametrize("write", [False, True])
def test_opening_twice_keeps_the_log_from_being_removed(library: Path, write: bool) -> None:
    """Opening the catalog's file beside SQLite would drop this process's locks on it (see `database.check_file`)."""
    catalog = str(library / FILE_NAME)
    code = f"import sqlite3; c = sqlite3.connect({catalog!r}); c.execute('SELECT 1 FROM images'); c.close()"
    with Engine.open(library, LEXICON, write=write) as first:
        first.status()
        with Engine.open(library, LEXICON) as second:
            second.corrections.correct([1], ["new"], Verdict.ADD)
            log = library / f"{FILE_NAME}-wal"
            size = log.stat().st_size
            assert size > 0
            subprocess.run([sys.executable, "-c", code], check=True)
            assert log.stat().st_size == size


@pytest.mark.parametrize("replaced", [False, True])
def test_a_library_that_is_removed_while_it_is_open(library: Path, tmp_path: Path, replaced: bool) -> None:
    """A removed file can still be read and written by who has it open; neither would be what the user wants."""
    with Engine.open(library, LEXICON) as engine:
        assert engine.finder.search("cat").total == 1
        remove(library, replaced, tmp_path)
        uses: list[Callable[[], object]] = [
            engine.status,
            lambda: engine.finder.search("cat"),
            lambda: add_mountain(engine),
        ]
        for use in uses:
            with pytest.raises(LibraryError, match=GONE):
                use()


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_to_a_removed_library(library: Path, tmp_path: Path, replaced: bool) -> None:
    engine = Engine.open(library, LEXICON, write=True)
    add_mountain(engine)
    remove(library, replaced, tmp_path)
    before = sorted(library.rglob("*"))
    more = [reading(3, {"cat": 0.9})]
    uses: list[Callable[[], object]] = [lambda: add_mountain(engine), lambda: engine.record(more), engine.close]
    for use in uses:
        with pytest.raises(LibraryError, match=GONE):
            use()
    assert {path.name for path in set(before) ^ set(library.rglob("*"))} <= {"lock", "lock.pid"}


def remove(library: Path, replaced: bool, tmp_path: Path) -> None:
    shutil.copy(library / FILE_NAME, tmp_path / "copy")
    (library / FILE_NAME).unlink()
    if replaced:
        shutil.copy(tmp_path / "copy", library / FILE_NAME)


def add_mountain(engine: Engine) -> object:
    return engine.corrections.correct([1], ["mountain"], Verdict.ADD)
