"""How long ``imsearch --help`` and a query on a small library take, from the start of the process to its end.

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        synthetic_library(library, IMAGES)
        rows = []
        for arguments in (["--help"], ["query", "animal", "water"], ["query", "animal", "--format", "json"]):
            seconds = [run(arguments, library) for _ in range(options.rounds + 1)][1:]  # the first fills the caches
            row = {"command": "imsearch " + " ".join(arguments), "median s": statistics.median(seconds)}
            rows.append(row | {"slowest s": max(seconds)})
        seconds = [run_python("pass", library) for _ in range(options.rounds)]
        rows.append({"command": "python alone", "median s": statistics.median(seconds), "slowest s": max(seconds)})
    report(f"Start-up, library of {IMAGES:,} images", rows, options.json)


def run(arguments: list[str], library: Path) -> float:
    return run_python(f"import sys; from imsearch.cli import main; sys.exit(main({arguments!r}))", library)


def run_python(program: str, library: Path) -> float:
    start = time.perf_counter()
    environment = os.environ | {"IMSEARCH_LIBRARY": str(library)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    if done.returncode == 2:
        raise RuntimeError(done.stderr.decode())
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
