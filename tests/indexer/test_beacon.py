"""What others see of a run while it goes on and after it has ended."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from imsearch.indexer.progress_file import LAST_NAME, PROGRESS_NAME, Beacon, bury, read_last_run, read_progress
from imsearch.indexer.report import Report, SilentObserver
from imsearch.indexer.runs import Outcome, Phase
from imsearch.records import Failure
from imsearch.views.run_words import duration, tell_last_run, tell_progress


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("imsearch.indexer.progress_file.time", SimpleNamespace(monotonic=lambda: self.now))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def make(folder: Path) -> Beacon:
    return Beacon(SilentObserver(), folder, [Path("/photos")], ["colours"])


def test_phases_counts_and_the_rate_of_late(tmp_path: Path, clock: Clock) -> None:
    with make(tmp_path) as beacon:
        scanning = read_progress(tmp_path)
        assert scanning is not None and scanning.phase is Phase.SCANNING
        clock.now += 1
        beacon.scanned(50)
        assert read_progress(tmp_path).found == 50  # type: ignore[union-attr]
        beacon.planned(1000, 10_000)
        for _ in range(100):  # 10 a second
            clock.now += 1
            beacon.done(10, 100)
            beacon.failed(Failure(Path("/photos/a.jpg"), "it is damaged"))
            if beacon._progress.done == 500:
                break
        clock.now += 1
        beacon.done(0, 0)
        for _ in range(40):  # slower: 5 a second
            clock.now += 1
            beacon.done(5, 50)
        run = read_progress(tmp_path)
        assert run is not None
        assert (run.phase, run.planned, run.done, run.bytes_done, run.failures) == (Phase.INDEXING, 1000, 700, 7000, 50)
        assert run.rate == pytest.approx(5)
        assert run.remaining == pytest.approx(60)
        assert tell_progress(run) == "700 of 1,000 pictures, 5.0 a second, about 1 minute left, 50 failures"
        beacon.finish(Report(new=690, failed=10))
        assert read_progress(tmp_path).phase is Phase.FINISHING  # type: ignore[union-attr]
    assert read_progress(tmp_path) is None
    last = read_last_run(tmp_path)
    assert last is not None
    assert (last.outcome, last.done, last.failures, last.folders) == (Outcome.DONE, 700, 50, (Path("/photos"),))
    assert tell_last_run(last).startswith("690 new, 10 failed; 20")


def test_files_are_written_twice_a_second_at_most(tmp_path: Path, clock: Clock) -> None:
    with make(tmp_path) as beacon:
        beacon.planned(1000, 10_000)
        for _ in range(10):
            clock.now += 0.1
            beacon.done(1, 1)
        assert read_progress(tmp_path).done in (9, 10)  # type: ignore[union-attr]
        clock.now += 0.1
        before = (tmp_path / PROGRESS_NAME).stat().st_ino
        beacon.done(1, 1)
        assert (tmp_path / PROGRESS_NAME).stat().st_ino == before


@pytest.mark.parametrize(
    ("error", "outcome", "told"),
    [
        (KeyboardInterrupt(), Outcome.STOPPED, "stopped, 3 pictures stored; 20"),
        (OSError("the disk is gone"), Outcome.FAILED, "failed (the disk is gone), 3 pictures stored; 20"),
    ],
)
def test_how_a_run_ended(tmp_path: Path, error: BaseException, outcome: Outcome, told: str) -> None:
    with pytest.raises(type(error)), make(tmp_path) as beacon:
        beacon.planned(10, 10)
        beacon.done(3, 3)
        raise error
    last = read_last_run(tmp_path)
    assert last is not None and last.outcome is outcome
    assert tell_last_run(last).startswith(told)
    assert [path.name for path in tmp_path.iterdir()] == [LAST_NAME]


def test_a_run_that_was_killed_is_told_by_whoever_comes_next(tmp_path: Path) -> None:
    make(tmp_path).planned(10, 10)
    bury(tmp_path)
    assert read_last_run(tmp_path).outcome is Outcome.KILLED  # type: ignore[union-attr]
    make(tmp_path).planned(20, 10)
    with make(tmp_path):
        assert read_last_run(tmp_path).outcome is Outcome.KILLED  # type: ignore[union-attr]
    assert read_last_run(tmp_path).outcome is Outcome.DONE  # type: ignore[union-attr]


@pytest.mark.parametrize("content", ["", "{}", "[]", "3", '{"pid": "x"}', json.dumps({"pid": 1, "started": 3})])
def test_files_of_another_make_are_ignored(tmp_path: Path, content: str) -> None:
    for name in (PROGRESS_NAME, LAST_NAME):
        (tmp_path / name).write_text(content)
    assert read_progress(tmp_path) is None
    assert read_last_run(tmp_path) is None
    bury(tmp_path)
    assert not (tmp_path / PROGRESS_NAME).exists()


def test_a_folder_name_that_is_no_text(tmp_path: Path) -> None:
    path = Path("/photos/\udcff")
    with Beacon(SilentObserver(), tmp_path, [path], []):
        assert read_progress(tmp_path).folders == (path,)  # type: ignore[union-attr]


def test_a_run_goes_on_when_its_progress_cannot_be_written(tmp_path: Path) -> None:
    notes: list[str] = []

    class Noting(SilentObserver):
        def note(self, text: str) -> None:
            notes.append(text)

    with Beacon(Noting(), tmp_path / "absent", [], []) as beacon:
        beacon.planned(10, 10)
        beacon.done(10, 10)
    assert len(notes) == 1 and notes[0].startswith("Other programs cannot see the progress of this run")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "5 seconds"),
        (12, "10 seconds"),
        (54, "55 seconds"),
        (58, "1 minute"),
        (200, "3 minutes"),
        (7500, "2 hours 5 minutes"),
        (3600, "1 hour"),
        (90_000, "25 hours"),
    ],
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told
