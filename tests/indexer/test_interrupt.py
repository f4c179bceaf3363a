"""Ctrl-C, and stages that break: what is annotated is stored, and the library is consistent."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from imsearch.engine.engine import Engine
from imsearch.errors import LibraryError
from imsearch.indexer.pipeline import index
from imsearch.indexer.report import SilentObserver
from imsearch.languages.lexicon import Lexicon
from imsearch.records import Failure
from tests.fakes import Calls, colour_spec
from tests.make_pictures import plain

SLOW = 0.1
"""Seconds for a picture: what is to be left undone would take so long that even a busy machine stops before."""


@pytest.fixture
def many(tmp_path: Path) -> Path:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        plain(folder / f"{number:02}.png", seed=number + 1)
    return folder


class InterruptAfter(SilentObserver):
    """Presses Ctrl-C when so many files are stored."""

    def __init__(self, files: int) -> None:
        self.left, self.presses = files, 1

    def done(self, files: int, size: int) -> None:
        self.left -= files
        if self.left <= 0 and self.presses:
            self.presses -= 1
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_keeps_what_is_annotated(tmp_path: Path, many: Path) -> None:
    (many / "gone.png").write_bytes((many / "00.png").read_bytes())
    calls = Calls()
    spec = colour_spec(calls, seconds=SLOW)
    before = set(threading.enumerate())
    with Engine.open(tmp_path / "library", Lexicon(), write=True, create=True) as engine:
        with pytest.raises(KeyboardInterrupt):
            index([many], engine, [spec], observer=InterruptAfter(8))
        known = engine.catalog.known_files(many)
        assert 8 <= len(known) < 60
        assert len(known) - 1 <= calls.annotated <= len(known)  # one of them is a copy
        assert calls.closed == 1
        assert len(engine.finder.search("red", limit=100).hits) >= len(known) - 1
    assert set(threading.enumerate()) <= before
    with Engine.open(tmp_path / "library", Lexicon(), write=True) as engine:
        index([many], engine, [colour_spec(calls)])
        assert calls.annotated == 60  # nothing twice
        assert len(engine.catalog.known_files(many)) == 61


def test_an_interrupted_run_forgets_nothing(engine: Engine, many: Path) -> None:
    index([many], engine, [colour_spec()])
    (many / "00.png").unlink()
    for number in range(60):
        plain(many / f"new{number:02}.png", seed=number + 100)
    with pytest.raises(KeyboardInterrupt):
        index([many], engine, [colour_spec(seconds=SLOW)], observer=InterruptAfter(4))
    assert str(many / "00.png") in engine.catalog.known_files(many)


def test_a_full_disk_stops_the_run_with_its_message(
    engine: Engine, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = engine.record
    calls = Calls()

    def full(readings: Sequence[Any], failures: Sequence[Failure] = ()) -> None:
        if len(engine.catalog.known_files(many)) >= 8:
            raise LibraryError("the disk is full; make room and index again")
        record(readings, failures)

    monkeypatch.setattr(engine, "record", full)
    with pytest.raises(LibraryError, match="the disk is full"):
        index([many], engine, [colour_spec(calls, seconds=SLOW)])
    assert calls.annotated < 60
    monkeypatch.undo()
    index([many], engine, [colour_spec(calls)])
    assert len(engine.catalog.known_files(many)) == 60
    assert len(engine.finder.search("red", limit=100).hits) == 60


def test_an_observer_that_breaks_stops_the_run(engine: Engine, many: Path) -> None:
    class Broken(SilentObserver):
        def done(self, files: int, size: int) -> None:
            raise RuntimeError("the window was closed")

    with pytest.raises(RuntimeError, match="the window was closed"):
        index([many], engine, [colour_spec()], observer=Broken())
    assert len(engine.catalog.known_files(many)) >= 4
