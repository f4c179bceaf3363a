"""Ctrl-C while something hangs: the first lets what is in hand be finished, the second leaves and says what hangs."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.processes import Commands
from tests.make_pictures import BLUE, plain
from tests.patience import PATIENCE, wait_until

HANG = "print('HANGS', file=sys.stderr, flush=True); time.sleep(600)"
NATIVE = (
    "threading.Timer(1, print, ['HANGS'], {'file': sys.stderr, 'flush': True}).start()\n"  # when it surely does
    "        libc, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(128)\n"
    "        libc.pthread_mutex_lock(mutex); libc.pthread_mutex_lock(mutex)"
)
AFTER_FOUR = (
    "self.seen = getattr(self, 'seen', 0) + len(batch)\n"
    "        if self.seen > 4:\n"
    "            print('HANGS', file=sys.stderr, flush=True); time.sleep(600)"
)


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


def read_until(process: subprocess.Popen[bytes], word: bytes) -> bytes:
    """What a process prints on stderr until it says this; fails when it ends before."""
    assert process.stderr is not None
    said = b""
    while word not in said:
        ready, _, _ = select.select([process.stderr], [], [], PATIENCE)
        assert ready, said
        piece = os.read(process.stderr.fileno(), 4096)
        assert piece, said
        said += piece
    return said


def press_twice(process: subprocess.Popen[bytes]) -> str:
    """Press Ctrl-C, wait for an answer, press it again; what is said then."""
    process.send_signal(signal.SIGINT)
    read_until(process, b"press Ctrl-C again to leave at once")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert out == b""
    return err.decode()


def state(commands: Commands) -> tuple[str, int, object]:
    """How the last run ended, how many pictures there are, and the run that is on."""
    told = json.loads(commands.run("status", "--format", "json").stdout)
    return told["last_run"]["outcome"], told["images"], told["indexing"]


def test_the_second_ctrl_c_leaves_and_says_what_hangs(commands: Commands, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        plain(folder / f"{number:02}.png", BLUE, seed=number + 1)
    commands.plugin(annotated=AFTER_FOUR)
    process = commands.start("index", folder, "--annotator", "odd", "--json")
    read_until(process, b"HANGS")
    told = press_twice(process)
    assert process.returncode == 130
    assert "Left at once" in told
    assert "the annotator odd looks at" in told
    assert "04.png and 3 more" in told
    assert state(commands) == ("stopped", 4, None)
    commands.plugin()
    done = commands.run("index", folder, "--annotator", "odd", "--json")
    assert (done.returncode, json.loads(done.stdout)["annotated"]) == (0, 8)
    assert commands.run("verify").returncode == 0


@pytest.mark.parametrize(
    ("places", "hangs"),
    [
        ({"built": HANG}, "the annotator odd is being built"),
        ({"prepared": HANG}, "red.png is being read or prepared"),
        ({"closed": HANG}, "the annotator odd is being closed"),
        ({"annotated": NATIVE}, "the annotator odd looks at"),
    ],
)
def test_wherever_it_hangs(commands: Commands, photos: Path, places: dict[str, str], hangs: str) -> None:
    commands.plugin(**places)
    process = commands.start("index", photos / "red.png", "--annotator", "odd")
    read_until(process, b"HANGS")
    told = press_twice(process)
    assert process.returncode == 130
    assert hangs in told


@pytest.mark.parametrize("places", [{"prepared": HANG}, {"built": HANG}, {"annotated": NATIVE}])
def test_a_command_that_stores_nothing_leaves_at_once(commands: Commands, photos: Path, places: dict[str, str]) -> None:
    commands.plugin(**places)
    process = commands.start("annotate", photos / "red.png", "--annotator", "odd", "--format", "json")
    read_until(process, b"HANGS")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Stopped" in err


def test_the_second_leaves_where_native_code_keeps_the_first_from_being_heard(commands: Commands, photos: Path) -> None:
    commands.plugin(annotated=NATIVE)
    process = commands.start("plugins", "check", "odd", stdout=subprocess.DEVNULL)
    read_until(process, b"HANGS")

    def press() -> None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)  # those that are heard at about the same time count as one

    wait_until(lambda: process.poll() is not None, pause=press)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Left at once. In progress: the annotator odd is being checked" in err


def test_a_closed_terminal_stops_as_sigterm_does(commands: Commands, photos: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    waiting = (
        "print('WORKS', file=sys.stderr, flush=True)\n"
        f"        while not os.path.exists({str(gate)!r}): time.sleep(0.01)"
    )
    commands.plugin(annotated=waiting)
    process = commands.start("index", photos, "--annotator", "odd", "--batch-size", "1")
    read_until(process, b"WORKS")
    process.send_signal(signal.SIGHUP)
    read_until(process, b"Stopping after the pictures in hand.\n")
    gate.touch()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    outcome, images, running = state(commands)
    assert (outcome, running) == ("stopped", None)
    assert 1 <= images < 3
