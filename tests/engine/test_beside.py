"""Corrections beside a process that writes, and by several threads: nothing waits, nothing is lost."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores import follow
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.embedded import home
from imsearch.engine.stores.embedded.home import Home
from imsearch.engine.stores.local.lock import WriteLock
from imsearch.errors import ImsearchError, LibraryError, LibraryLocked, UndoConflict
from tests.engine.support import LEXICON, reading, spec
from tests.patience import PATIENCE, wait_until


@pytest.fixture
def library(folder: Path) -> Path:
    """A closed library of thirty cats with vectors."""
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(number, {"cat": 0.9}, vector=(1, number)) for number in range(30)])
    return folder


@pytest.fixture
def reader(library: Path) -> Iterator[Engine]:
    with Engine.open(library, LEXICON) as engine:
        yield engine


def add(engine: Engine, image: int, tag: str) -> int | None:
    return engine.corrections.correct([image], [tag], Verdict.ADD).number


def total(engine: Engine, text: str) -> int:
    return engine.finder.search(text, limit=100).total


def test_two_processes_invent_the_same_tag(library: Path, reader: Engine) -> None:
    with Engine.open(library, LEXICON, write=True) as writer:
        writer.use_annotators([spec()])
        writer.record([reading(30, {"dog": 0.9})])  # it knows the ids of all tags by now
        add(reader, 1, "beach")
        writer.record([reading(31, {"beach": 0.9})])
        add(reader, 2, "mountain")
        add(writer, 3, "mountain")
    assert (total(reader, "beach"), total(reader, "mountain")) == (2, 2)
    assert reader.verify() == []


def test_what_one_transaction_rolled_back_is_not_remembered(library: Path, reader: Engine) -> None:
    with pytest.raises(ImsearchError, match="no image 99"):
        reader.corrections.correct([1, 99], ["beach"], Verdict.ADD)
    add(reader, 1, "beach")
    assert total(reader, "beach") == 1
    assert reader.verify() == []


def test_threads_correct_with_one_engine(reader: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda image: add(reader, image % 30 + 1, f"tag {image % 7}"), range(60)))
    assert len(set(numbers)) == 60
    assert sorted(change.number for change in reader.catalog.history()) == list(range(1, 61))
    assert sum(total(reader, f'tag:"tag {number}"') for number in range(7)) == 60
    assert reader.verify() == []


def test_a_run_that_has_not_caught_up_is_no_problem_of_the_library(library: Path, reader: Engine) -> None:
    run = WriteLock(library)
    add(reader, 1, "beach")
    with pytest.raises(LibraryLocked, match=r"being written to.*Check again"):
        reader.verify()
    run.release()
    assert reader.verify() == []


def test_read_only_media_are_told_of(reader: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(LibraryError, match="can only be read here, so no tags can be corrected"):
        add(reader, 1, "beach")
    monkeypatch.undo()
    assert add(reader, 1, "beach") == 1


def test_corrections_need_no_lock_and_are_found_once_it_is_free(
    library: Path, reader: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "_LOOK_SECONDS", 0.0)
    lock = WriteLock(library)  # a run that will end without another look at the catalog
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: pytest.fail("it waits for the lock"))
    monkeypatch.setattr("imsearch.engine.stores.local.lock.time", clock)
    add(reader, 1, "beach")
    assert total(reader, "beach") == 0  # the index is behind, and the search did not wait for it
    monkeypatch.undo()
    monkeypatch.setattr(follow, "_LOOK_SECONDS", 0.0)
    assert {tag.name for tag in reader.catalog.tags_of([1])[1]} == {"beach", "cat"}
    lock.release()
    assert total(reader, "beach") == 1
    assert reader.verify() == []


def test_a_search_looks_for_what_is_behind_only_now_and_then(
    library: Path, reader: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(follow.Indexes, "heal", lambda self: looks.append(1))
    monkeypatch.setattr(follow, "_LOOK_SECONDS", 10 * PATIENCE)
    for _ in range(5):
        total(reader, "cat")
    assert looks == []  # it was opened just now
    monkeypatch.setattr(follow, "_LOOK_SECONDS", -1.0)
    total(reader, "cat")
    assert looks == [1]


def test_an_index_that_cannot_be_written_does_not_hinder_searching(
    library: Path, reader: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object) -> None:
        raise LibraryError("the disk is full")

    monkeypatch.setattr(follow, "_LOOK_SECONDS", -1.0)
    monkeypatch.setattr(follow.Indexes, "heal", full)
    assert (total(reader, "cat"), total(reader, "cat")) == (30, 30)
    assert reader.notes == ["the disk is full"]


def test_a_writer_lets_the_index_follow_while_it_does_nothing(library: Path, reader: Engine) -> None:
    with Engine.open(library, LEXICON, write=True) as writer:
        writer.keep_up()
        add(reader, 1, "beach")
        wait_until(lambda: total(reader, "beach"))
    assert reader.verify() == []


def test_a_run_waits_for_somebody_who_is_done_in_a_moment(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = WriteLock(library, brief=True)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            lock.release()

    monkeypatch.setattr(home, "_PATIENCE", PATIENCE)
    monkeypatch.setattr("imsearch.engine.stores.local.lock.time", SimpleNamespace(monotonic=time.monotonic, sleep=wait))
    with Engine.open(library, LEXICON, write=True) as engine:
        assert engine.running() == os.getpid()
        with pytest.raises(LibraryLocked, match=f"process {os.getpid()}"):
            WriteLock(library, wait=PATIENCE)  # a run is not waited for
    assert len(waits) == 3
    assert Home(library).running() is None


def test_a_killed_run_does_not_count_as_running(library: Path, reader: Engine) -> None:
    (library / "lock.pid").write_text("12345\n")
    assert reader.running() is None
    assert not (library / "lock.pid").exists()


def test_corrections_leave_the_vectors_alone(library: Path, reader: Engine) -> None:
    file = library / "vectors" / "fake.faiss"
    before = file.stat().st_mtime_ns
    add(reader, 1, "beach")
    assert reader.finder.similar(1).total == 29
    with Engine.open(library, LEXICON, write=True) as writer:
        add(writer, 2, "beach")
        assert writer.finder.similar(np.array([1, 0], np.float32)).total == 30
    assert file.stat().st_mtime_ns == before
    with Engine.open(library, LEXICON, write=True) as writer:
        writer.use_annotators([spec()])
        writer.record([reading(1, {"cat": 0.9}, vector=(5, 5)), reading(40, {"cat": 0.9}, vector=(0, 1))])
        add(writer, 3, "beach")
        writer.forget([Path("/photos/2.jpg")])
    assert file.stat().st_mtime_ns > before
    with Engine.open(library, LEXICON) as fresh:
        assert fresh.finder.similar(np.array([1, 1], np.float32)).hits[0].image.sha256.endswith("1")
        assert fresh.finder.similar(np.array([1, 1], np.float32), limit=100).total == 30
        assert fresh.verify() == []


# -- undoing one change


def test_only_the_last_change_is_undone_by_its_number(reader: Engine) -> None:
    first, second = add(reader, 1, "beach"), add(reader, 1, "sea")
    assert (first, second) == (1, 2)
    with pytest.raises(UndoConflict, match="Change 1 is no longer the last one"):
        reader.corrections.undo(1)
    assert reader.corrections.undo(2).tags == ("sea",)
    with pytest.raises(UndoConflict, match="Change 2 was undone already"):
        reader.corrections.undo(2)
    with pytest.raises(ImsearchError, match="no change 7"):
        reader.corrections.undo(7)
    assert reader.corrections.undo(1).tags == ("beach",)
    renamed = reader.corrections.rename("cat", "puss")
    assert renamed.number == 3
    assert reader.corrections.undo(renamed.number).name == "puss"
    assert reader.corrections.merge(["beach"], "cat").number == 4
    assert reader.corrections.merge(["beach"], "cat").number is None
