"""Retry the pictures that an earlier run was processing when it died, each in a process that may crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from imsearch.system import processes

SECONDS = 120.0
"""Timeout per picture, including the loading of models."""


def try_alone(
    paths: Sequence[Path], annotators: Sequence[str], device: str, seconds: float = SECONDS
) -> dict[Path, str]:
    """Return the pictures that crash the process that reads and annotates them, with the reason.

    annotators: names of installed ones; if they cannot be built, nothing is tried and no picture is blamed.
    """
    guilty: dict[Path, str] = {}
    left = list(paths)
    while left:
        done, reason = _try(left, annotators, device, seconds)
        if reason and done < len(left):
            guilty[left[done]] = reason
        elif done < len(left):
            break
        left = left[done + 1 :]
    return guilty


def _try(paths: Sequence[Path], annotators: Sequence[str], device: str, seconds: float) -> tuple[int, str]:
    """Return the number of pictures one process survived, and why it died of the next one; "" if no picture is at
    fault."""
    process = processes.start(
        __name__, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    )
    assert process.stdin is not None and process.stdout is not None
    job = {"paths": [os.fspath(path) for path in paths], "annotators": list(annotators), "device": device}
    late = threading.Event()
    done, begun = 0, False

    def end() -> None:
        late.set()
        process.kill()

    with process:
        try:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.close()
        except OSError:
            pass  # it died at once; reported below
        while True:
            clock = threading.Timer(seconds, end)
            clock.daemon = True
            clock.start()
            line = process.stdout.readline()
            clock.cancel()
            if line == b"begin\n":
                begun = True
            elif line == b"end\n":
                done, begun = done + 1, False
            else:
                break
        process.kill()
    return done, _reason(process.returncode, late.is_set(), seconds) if begun else ""


def _reason(code: int, late: bool, seconds: float) -> str:
    if late:
        return f"annotating it takes longer than {seconds:g} seconds"
    try:
        name = signal.strsignal(-code) or f"exit code {code}"
    except ValueError:
        name = f"exit code {code}"
    return f"annotating it ends the program ({name})"


def main() -> None:
    """Run as the process that may crash; receives its task as a line of JSON, and reports its progress."""
    with os.fdopen(os.dup(1), "wb", buffering=0) as answers:
        os.dup2(2, 1)  # output of annotators must not mix with the messages
        _work(json.loads(sys.stdin.readline()), answers)


def _work(job: Mapping[str, Any], answers: IO[bytes]) -> None:
    from imsearch.errors import PluginError
    from imsearch.indexer.annotator_pool import Crew
    from imsearch.indexer.item import Item
    from imsearch.indexer.read import decode, read_bytes
    from imsearch.pictures.decoders import Decoders
    from imsearch.plugins.manager import make_manager

    try:
        specs = make_manager().choose(job["annotators"])
    except PluginError:
        return  # known to the calling process only
    crew = Crew(specs, job["device"], batch_size=1)
    wanted = tuple(name for name in crew.names if crew.has(name))
    decoding = Decoders(1)
    for path in job["paths"]:
        answers.write(b"begin\n")
        item = Item(Path(path), 0, 0, decode=True, wanted=wanted)
        decode(read_bytes(item, decoding), crew.ready, decoding)
        crew.annotate([item])
        answers.write(b"end\n")
    decoding.close()
    crew.close()
