"""Pipes that close, disks that are full, streams that are not there, and terminals of other encodings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from imsearch.cli.output import terminal_width
from tests.cli.conftest import Run
from tests.cli.processes import Commands
from tests.patience import PATIENCE

FULL = Path("/dev/full")
NAMES = ("Müller.png", "cake \U0001f382.png", "naïve.png")


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


@pytest.fixture
def library(run: Run, indexed: Path) -> Path:
    """A library with names that not every terminal can show."""
    for old, new in zip(("red.png", "green.png", "sub/blue.png"), NAMES, strict=True):
        (indexed / old).rename(indexed / new)
    assert run("index", indexed).code == 0
    return indexed


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-16", "utf-8"])
def test_json_is_json_and_tables_are_shown_in_any_encoding(commands: Commands, library: Path, encoding: str) -> None:
    environment = {"PYTHONIOENCODING": encoding, "COLUMNS": "200"}
    done = commands.run("query", "sort:name", "--format", "json", environment=environment)
    assert {Path(hit["path"]).name for hit in json.loads(done.stdout.decode("utf-8"))["hits"]} == set(NAMES)
    done = commands.run("query", "sort:name", environment=environment)
    assert (done.returncode, len(done.stdout.decode(encoding).splitlines())) == (0, 5)
    done = commands.run("show", library / NAMES[1], environment=environment)
    told = done.stdout.decode(encoding)
    assert done.returncode == 0
    if encoding == "ascii":
        assert "\\U0001f382" in told
        assert "##########" in told
    done = commands.run("show", "\U0001f382", environment=environment)  # named in a message
    assert done.returncode == 2
    assert b"is not in the library" in done.stderr.replace(b"\0", b"")


READERS = [
    ("query", "sort:name"),
    ("query", "sort:name", "--format", "json"),
    ("query", "sort:name", "-0"),
    ("tags",),
    ("status",),
    ("plugins", "--json"),
    ("--help",),
    ("query", "--help"),
    ("--version",),
]


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_nobody_need_read_to_the_end(commands: Commands, library: Path, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = commands.run(*arguments, stdout=writer)
    assert (done.returncode, done.stderr) == (0, b"")
    # The messages go the same way.
    assert commands.run(*arguments, stdout=writer, stderr=writer).returncode == 0
    os.close(writer)
    if FULL.exists():
        with FULL.open("wb") as full:
            done = commands.run(*arguments, stdout=full)
        assert (done.returncode, done.stderr) == (
            2,
            b"imsearch: The results cannot be written: No space left on device.\n",
        )


def test_a_run_goes_on_when_its_messages_cannot_be_written(commands: Commands, library: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    commands.plugin(annotated="print('NOISE')")
    done = commands.run("index", library, "--annotator", "odd", "--json", stderr=writer)
    assert (done.returncode, json.loads(done.stdout)["annotated"]) == (0, 3)
    os.close(writer)


@pytest.mark.skipif(os.name == "nt", reason="a shell's way to close streams")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_streams_may_be_closed(commands: Commands, library: Path, closed: str) -> None:
    for arguments in ("query sort:name --format json", f"index '{library}' --annotator odd --json", "status"):
        commands.plugin(annotated="print('NOISE'); os.write(1, b'NOISE'); os.write(2, b'NOISE')")
        line = f"{sys.executable} -m imsearch {arguments} {closed}"
        done = subprocess.run(["bash", "-c", line], env=commands.environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        if ">&-" not in closed.replace("2>&-", "") and "json" in arguments:
            assert json.loads(done.stdout)
    assert commands.run("verify").returncode == 0
    line = f"{sys.executable} -m imsearch tag add -0 pet {closed}"
    done = subprocess.run(["bash", "-c", line], env=commands.environment, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr


def test_a_terminal_without_a_width(run: Run, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in ("0", "1", "-5", "wide", "99999999"):
        monkeypatch.setenv("COLUMNS", columns)
        assert terminal_width() >= 20
        assert run("query", "sort:name").code == 0
        assert run("status").code == 0


def test_a_pipe_that_does_not_block_is_waited_for(commands: Commands, library: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.write(writer, b" " * 65536)  # as much as fits
    process = commands.start("query", "sort:name", "--format", "json", stdout=writer)
    os.close(writer)
    with pytest.raises(subprocess.TimeoutExpired):  # it waits; were it to give up, most machines would notice by then
        process.wait(2)
    with os.fdopen(reader, "rb") as file:
        assert json.loads(file.read())["total"] == 3
    assert process.communicate(timeout=PATIENCE)[1] == b""
    assert process.returncode == 0
