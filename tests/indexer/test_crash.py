"""Killed at any moment and run again, indexing ends in the state of a run that nobody disturbed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.make_pictures import BLUE, GREEN, RED, broken_pictures, noise, plain
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks processes to kill them")

ENGINE = "imsearch.engine.engine"
RECORDER = "imsearch.engine.stores.sql.recorder"
TEXT = "imsearch.engine.stores.local.text_arrays"
VECTORS = "imsearch.engine.stores.local.vectors_faiss"

MOMENTS = [
    # The n-th transaction of the catalog: not begun, written but not committed, committed.
    (RECORDER, "Recorder.record", "before", 2),
    (RECORDER, "_mark_changed", "after", 1),
    (RECORDER, "_mark_changed", "after", 3),
    (RECORDER, "Recorder.record", "after", 1),
    (RECORDER, "Recorder.record", "after", 3),
    # Committed, and the text index not yet, half, or wholly written.
    (TEXT, "ArrayTextIndex.apply", "before", 1),
    (TEXT, "ArrayTextIndex.apply", "before", 2),
    (TEXT, "write_documents", "before", 2),
    (TEXT, "write_documents", "after", 2),
    (TEXT, "ArrayTextIndex._clean", "before", 1),
    (TEXT, "write_state", "before", 1),
    (TEXT, "write_state", "after", 2),
    # While the vectors are saved: before, between the file and its state, after.
    (VECTORS, "faiss.write_index", "before", 1),
    (VECTORS, "write_state", "before", 1),
    (VECTORS, "FaissVectorIndex.save", "after", 1),
    # While deleted files are removed.
    (RECORDER, "Recorder.forget", "before", 1),
    (RECORDER, "Recorder.forget", "after", 1),
]


class Child:
    """The other end of `crash_child`."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.indexer.crash_child"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )

    def order(self, **order: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order, default=str) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=PATIENCE)


class Disturbed:
    """A library in use whose folder has changed since: new, moved, deleted and broken files, a newer annotator."""

    def __init__(self, folder: Path, child: Child) -> None:
        self.photos, self.before, self._child = folder / "photos", folder / "before", child
        self._folder = folder
        self.photos.mkdir()
        for number in range(8):
            plain(self.photos / f"old{number}.png", (RED, GREEN, BLUE)[number % 3], seed=number + 1)
        assert child.order(library=self.before, photos=self.photos, version="1") == "done"
        (self.photos / "old0.png").unlink()
        (self.photos / "old1.png").rename(self.photos / "moved.png")
        for number in range(12):
            noise(self.photos / f"new{number:02}.jpg", (64, 48), seed=number)
        (self.photos / "broken.jpg").write_bytes(broken_pictures()["truncated.jpg"])
        library = self.library("undisturbed")
        assert self.index(library) == "done"
        self.expected = self.dump(library)

    def library(self, name: str) -> Path:
        """A copy of the library as it was before the folder changed."""
        return Path(shutil.copytree(self.before, self._folder / name))

    def index(self, library: Path, **order: Any) -> Any:
        return self._child.order(library=library, photos=self.photos, version="2", **order)

    def dump(self, library: Path) -> Any:
        return self._child.order(library=library, dump=True)


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disturbed]:
    child = Child()
    yield Disturbed(tmp_path_factory.mktemp("crash"), child)
    child.close()


def test_the_undisturbed_state_is_the_expected_one(disturbed: Disturbed) -> None:
    expected = disturbed.expected
    assert expected["problems"] == []
    assert len(expected["files"]) == 7 + 12 + 1
    assert [Path(path).name for path, _ in expected["failures"]] == ["broken.jpg"]
    assert len(expected["tags"]) == len(expected["vectors"]) == 19
    assert [len(neighbours) for neighbours in expected["near"].values()] == [18] * 4
    assert {Path(path).name for (path,), score in expected["found"]["red"] if score == 1} == {"old3.png", "old6.png"}


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment[2]}-{moment[1]}-{moment[3]}")
def test_a_killed_run_is_completed_by_the_next(disturbed: Disturbed, moment: tuple[str, str, str, int]) -> None:
    library = disturbed.library("-".join(map(str, moment)))
    assert disturbed.index(library, kill=moment) == "killed"
    assert disturbed.index(library) == "done"
    assert disturbed.dump(library) == disturbed.expected


@pytest.mark.parametrize("milliseconds", [30, 90, 200])
def test_a_run_killed_at_some_time_is_completed_by_the_next(disturbed: Disturbed, milliseconds: int) -> None:
    library = disturbed.library(f"after {milliseconds} ms")
    assert disturbed.index(library, seconds=milliseconds / 1000) in ("killed", "done")
    assert disturbed.index(library) == "done"
    assert disturbed.dump(library) == disturbed.expected


def test_a_library_killed_while_it_is_made_is_made_by_the_next_run(disturbed: Disturbed, tmp_path: Path) -> None:
    for number, seconds in enumerate((0.02, 0.1, 0.2)):
        library = tmp_path / str(number)
        assert disturbed.index(library, seconds=seconds) in ("killed", "done")
        assert disturbed.index(library) == "done"
        assert disturbed.dump(library)["found"] == disturbed.expected["found"]


def test_what_was_indexed_before_the_kill_is_found_without_another_run(disturbed: Disturbed) -> None:
    library = disturbed.library("reader only")
    kill = (TEXT, "ArrayTextIndex.apply", "before", 2)  # the catalog is ahead of the text index
    assert disturbed.index(library, kill=kill) == "killed"
    state = disturbed.dump(library)
    assert state["problems"] == []
    assert {path for paths, _ in state["found"]["red OR green OR blue"] for path in paths} == set(state["tags"])
    assert len(state["tags"]) > 8
    assert 0 < len(state["near"]) < len(state["tags"])  # the old pictures still wait for the newer annotator
