"""How long ``imsearch --help`` and commands on a small library take, from the start of the process to its end.

Python's bytecode is there, as after an installation from a wheel.

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
        rows = []
        for arguments in COMMANDS:
            seconds = [run(arguments, library) for _ in range(options.rounds + 1)][1:]  # the first fills the caches
            row = {"command": "imsearch " + " ".join(arguments), "median s": statistics.median(seconds)}
            rows.append(row | {"slowest s": max(seconds)})
        seconds = [run_python(["-c", "pass"], library) for _ in range(options.rounds)]
        rows.append({"command": "python alone", "median s": statistics.median(seconds), "slowest s": max(seconds)})
    report(f"Start-up, library of {IMAGES:,} images", rows, options.json)


def run(arguments: list[str], library: Path) -> float:
    return run_python(["-m", "imsearch", *arguments], library)


def run_python(arguments: list[str], library: Path) -> float:
    environment = os.environ | {"IMSEARCH_LIBRARY": str(library)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # set by some test environments, but by no user
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False)
    if done.returncode == 2:
        raise RuntimeError(done.stderr.decode())
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
