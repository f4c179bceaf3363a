"""How long ``imsearch --help`` and commands on a small library take, from the start of the process to its end.

Python's bytecode is there, as after an installation from a wheel.  "CPU" is the time of the processor (not on Windows),
which other busy programs lengthen less than the time on the clock.

python -m benchmarks.startup [--rounds 20] [--json]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.pictures import report
from benchmarks.query_latency import synthetic_library

IMAGES = 1000
COMMANDS = (
    ["--help"],
    ["query", "animal", "water"],
    ["query", "animal", "--format", "json"],
    ["query", "red car at night"],
    ["tags"],
    ["status"],
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        synthetic_library(library, IMAGES)
        rows = [
            row("imsearch " + " ".join(arguments), ["-m", "imsearch", *arguments], library, options.rounds)
            for arguments in COMMANDS
        ]
        rows.append(row("python alone", ["-c", "pass"], library, options.rounds))
    report(f"Start-up, library of {IMAGES:,} images", rows, options.json)


def row(command: str, arguments: list[str], library: Path, rounds: int) -> dict[str, object]:
    """Run a command so often, and tell how long it took."""
    run(arguments, library)  # fills the caches
    wall, cpu = zip(*(run(arguments, library) for _ in range(rounds)), strict=True)
    return {
        "command": command,
        "median s": statistics.median(wall),
        "slowest s": max(wall),
        "median CPU s": statistics.median(cpu),
    }


def run(arguments: list[str], library: Path) -> tuple[float, float]:
    """Run Python with these arguments; returns the seconds on the clock and those of the processor."""
    environment = os.environ | {"IMSEARCH_LIBRARY": str(library)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # set by some test environments, but by no user
    start, before = time.perf_counter(), os.times()
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False)
    wall, after = time.perf_counter() - start, os.times()
    if done.returncode == 2:
        raise RuntimeError(done.stderr.decode())
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, used


if __name__ == "__main__":
    main()
