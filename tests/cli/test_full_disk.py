"""Commands whose writes are refused: one sentence, exit code 2, no traceback, nothing lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from imsearch.errors import WriteRefused
from tests.cli.conftest import Run

resource = pytest.importorskip("resource")


def limited(size: int) -> Callable[[], None]:
    """What a child does first: no file of it may grow beyond so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def imsearch(*arguments: object, size: int, stdout: object = subprocess.PIPE) -> tuple[int, str]:
    """The exit code and messages of a command in a process of its own."""
    assert stdout is None or isinstance(stdout, int)
    done = subprocess.run(
        [sys.executable, "-m", "imsearch", *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        preexec_fn=limited(size),
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("size", [1000, 60_000, 150_000])
def test_a_limit_of_file_sizes_is_named(run: Run, photos: Path, size: int) -> None:
    code, told = imsearch("index", photos, size=size)
    assert code == 2
    last = told.strip().splitlines()[-1]
    assert "larger than is allowed" in last
    assert "damaged" not in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "command",
    [
        ("query", "red"),
        ("status",),
        ("tags",),
        ("duplicates",),
        ("annotators",),
        ("verify",),
        ("tag", "add", "IMAGE", "boat"),
        ("annotators", "forget", "colours", "--yes"),
        ("rebuild",),
    ],
)
def test_a_library_of_old_answers_or_says_what_is_so(run: Run, indexed: Path, command: tuple[str, ...]) -> None:
    arguments = [indexed / "red.png" if each == "IMAGE" else each for each in command]
    code, told = imsearch(*arguments, size=2000)
    assert "Traceback" not in told
    assert "damaged" not in told
    writes = command[0] in ("tag", "rebuild") or "forget" in command
    assert code == 2 if writes else code in (0, 1), told
    assert ("larger than is allowed" in told) == writes
    found = run("verify")
    assert (found.code, found.out) == (0, "")
    assert run("query", "shows:red").code == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no device that is always full")  # noqa: PTH110
def test_results_that_go_to_a_full_disk(run: Run, indexed: Path) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        code, told = imsearch("query", "red", "--format", "json", size=1 << 30, stdout=full.fileno())
    assert code == 2
    assert told == "imsearch: The results cannot be written: No space left on device.\n"
    assert "Traceback" not in told
    assert "Exception" not in told


@pytest.mark.parametrize("full", [True, False])
def test_training_names_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool) -> None:
    """What writes tensors only says that it failed."""
    train = import_module("imsearch.cli.train")  # the package has the command under that name
    monkeypatch.setattr(train, "what_refuses", lambda path: errno.ENOSPC if full else None)
    expected = (
        pytest.raises(WriteRefused, match="disk is full") if full else pytest.raises(RuntimeError, match="writer")
    )
    with expected, train._refusals_told(tmp_path):
        raise RuntimeError("PytorchStreamWriter failed: the writer")
