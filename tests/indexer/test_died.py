"""Pictures that end the program, or take forever: found out, recorded, left alone, and nothing else is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imsearch.engine.engine import Engine
from imsearch.indexer.in_hand import InHand
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.pipeline import index
from imsearch.indexer.trial import try_alone
from imsearch.pictures.decoders import DecoderDiedError
from tests.fakes import colour_spec
from tests.make_pictures import GREEN, RED, WHITE, plain
from tests.patience import wait_until

PLUGIN = """
import ctypes, os, time
from imsearch import Annotation, Annotator, AnnotatorSpec, Tag, hookimpl

class Fragile(Annotator):
    def prepare(self, picture):
        if "prepare" in picture.path.name:
            ctypes.string_at(0)
        return picture.path.name

    def annotate(self, batch):
        for name in batch:
            if "annotate" in name:
                os.abort()
            if "hang" in name:
                open(os.environ["HANGS"], "x").close()
                time.sleep(1000)
        return [Annotation((Tag("fine", 0.9),)) for _ in batch]

@hookimpl
def imsearch_annotators():
    return [AnnotatorSpec(name="fragile", version="1", factory=lambda device: Fragile(), vocabulary=("fine",),
                          input_size=16)]
"""


@pytest.fixture
def fragile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The annotator "fragile", installed for other processes; returns the folder of a library."""
    folder = tmp_path / "plugins"
    metadata = folder / "imsearch_fragile-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "fragile_plugin.py").write_text(PLUGIN)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: imsearch-fragile\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[imsearch]\nfragile = fragile_plugin\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))
    monkeypatch.setenv("IMSEARCH_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("HANGS", str(tmp_path / "hangs"))
    monkeypatch.syspath_prepend(folder)
    return tmp_path / "library"


def pictures(folder: Path, names: Sequence[str]) -> Path:
    """A folder of pictures, each of other bytes."""
    folder.mkdir()
    for number, name in enumerate(names):
        plain(folder / name, RED, seed=number + 1)
    return folder


def run(*words: str | Path, library: Path) -> tuple[int, dict[str, Any], str]:
    """Run a command in a process of its own: exit code, JSON, messages."""
    command = [sys.executable, "-m", "imsearch", *map(str, words), "--library", str(library)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def test_what_ends_the_program_is_found_out_by_the_next_run(fragile: Path, tmp_path: Path) -> None:
    names = ["1.png", "2-prepare.png", "3.png", "4-annotate.png", "5.png", "6.png"]
    photos = pictures(tmp_path / "photos", names)
    ordinary = ("index", photos, "--annotator", "fragile", "--device", "cpu", "--batch-size", "2", "--json")
    code, report, messages = run(*ordinary, library=fragile)
    assert code in (-signal.SIGSEGV, -signal.SIGABRT)
    for _ in names[2:]:  # the second one that ends it may not have been in hand yet when the first one did
        if code < 0:
            code, report, messages = run(*ordinary, library=fragile)
    assert code == 1, messages
    failures = {Path(each["path"]).name: each["reason"] for each in report["failures"]}
    assert {name: reason.split(";")[0] for name, reason in failures.items()} == {
        "2-prepare.png": "annotating it ends the program (Segmentation fault)",
        "4-annotate.png": "annotating it ends the program (Aborted)",
    }
    assert report["new"] + report["unchanged"] == 4
    assert "The last run was broken off. Trying" in messages
    assert not (fragile / "in-hand.jsonl").exists()

    code, report, messages = run(*ordinary, library=fragile)
    assert code == 1
    assert (report["unchanged"], report["failed"], report["annotated"]) == (4, 2, 0)
    assert all("left alone until it changes" in each["reason"] for each in report["failures"])
    assert "broken off" not in messages

    plain(photos / "2-prepare.png", WHITE)  # other bytes: tried again, and again it ends the program
    assert run(*ordinary, library=fragile)[0] == -signal.SIGSEGV
    (photos / "2-prepare.png").rename(photos / "2.png")
    code, report, _ = run(*ordinary, library=fragile)
    assert (code, report["new"], report["failed"]) == (1, 1, 1)


class OnceItHangs(threading.Timer):
    """A clock that goes off when the annotator hangs, however long that takes."""

    def run(self) -> None:
        while not self.finished.wait(0.01):
            if Path(os.environ["HANGS"]).exists():
                self.function()
                return


def test_what_was_in_hand_when_the_program_was_killed_is_not_to_blame(
    fragile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = pictures(tmp_path / "photos", ["1.png", "2.png", "3-hang.png"])
    command = [sys.executable, "-m", "imsearch", "index", photos, "--annotator", "fragile", "--device", "cpu"]
    with subprocess.Popen([*map(str, command), "--library", str(fragile)], stderr=subprocess.DEVNULL) as process:
        wait_until((tmp_path / "hangs").exists)
        process.kill()
    (tmp_path / "hangs").unlink()
    monkeypatch.setattr("imsearch.indexer.trial.threading", SimpleNamespace(Event=threading.Event, Timer=OnceItHangs))
    assert sorted(path.name for path in InHand(fragile).left()) == ["1.png", "2.png", "3-hang.png"]
    guilty = try_alone(InHand(fragile).left(), ["fragile"], "cpu", seconds=5.0)
    assert {path.name: reason for path, reason in guilty.items()} == {
        "3-hang.png": "annotating it takes longer than 5 seconds"
    }


def test_nobody_is_to_blame_where_the_annotators_are_not_installed(photos: Path) -> None:
    assert try_alone([photos / "red.png"], ["colours"], "cpu") == {}


def test_files_in_hand_outlive_the_process(tmp_path: Path, photos: Path) -> None:
    running = InHand(tmp_path)
    running.take(photos / "red.png")
    running.take(photos / "caf\udce9\n.png")
    running.take(photos / "green.png")
    running.let_go([photos / "green.png", photos / "never taken.png"])
    assert InHand(tmp_path).left() == [photos / "red.png", photos / "caf\udce9\n.png"]
    with (tmp_path / "in-hand.jsonl").open("a") as file:
        file.write('[1, "half a li')
    assert len(InHand(tmp_path).left()) == 2
    running.close()
    assert InHand(tmp_path).left() == []


def test_what_is_noted_of_a_long_run_stays_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsearch.indexer.in_hand._MOST_BYTES", 1000)
    running = InHand(tmp_path)
    running.take(Path("/held"))
    for number in range(500):
        running.take(Path(f"/{number}"))
        running.let_go([Path(f"/{number}")])
    assert (tmp_path / "in-hand.jsonl").stat().st_size < 2000
    assert InHand(tmp_path).left() == [Path("/held")]
    running.close()


def test_a_file_that_failed_for_good_is_left_alone_until_it_is_another_or_named(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []

    class Dying:
        def call(self, work: Any, path: Path, *arguments: Any, **options: Any) -> Any:
            decoded.append(path.name)
            if path.name == "green.png":
                raise DecoderDiedError("decoding it takes too long")
            return work(path, *arguments, **options)

        def warm_up(self) -> None: ...

        def close(self) -> None: ...

    def again(*named: Path) -> tuple[int, int, list[str]]:
        decoded.clear()
        report = index([photos, *named], engine, [colour_spec()], decoding=Dying())
        return report.new, report.failed, list(decoded)

    assert again()[:2] == (2, 1)
    assert again() == (0, 1, [])
    assert [failure.reason for failure in engine.catalog.failures()] == ["decoding it takes too long"]
    assert index([photos / "green.png"], engine, [colour_spec()], decoding=Dying()).failed == 1
    assert decoded == ["green.png"]
    plain(photos / "green.png", GREEN, seed=9)
    assert again() == (0, 1, ["green.png"])
    assert index([photos], engine, [colour_spec()]).failed == 1  # left alone, whatever could decode it now
    plain(photos / "green.png", GREEN, seed=10)
    assert index([photos], engine, [colour_spec()]).new == 1
    assert engine.catalog.failures() == ()


def test_those_to_blame_are_recorded_and_not_tried(engine: Engine, photos: Path, tmp_path: Path) -> None:
    before = InHand(tmp_path)
    before.take(photos / "red.png")
    before.take(photos / "gone.png")
    assert before._file is not None
    before._file.close()  # as when its process dies
    tried: list[Path] = []

    def blame(paths: Sequence[Path]) -> Mapping[Path, str]:
        tried.extend(paths)
        return dict.fromkeys(paths, "it ends the program")

    report = index([photos], engine, [colour_spec()], IndexOptions(in_hand=InHand(tmp_path), try_alone=blame))
    assert tried == [photos / "red.png"]
    assert (report.new, [failure.path.name for failure in report.failures]) == (2, ["red.png"])
    assert InHand(tmp_path).left() == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk_does_not_matter_to_what_is_in_hand(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "in-hand.jsonl").symlink_to("/dev/full")
    running = InHand(tmp_path)
    running.take(photos / "red.png")
    running.let_go([photos / "red.png"])
    running.close()
    assert not (tmp_path / "in-hand.jsonl").is_symlink()
