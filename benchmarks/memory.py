"""Peak memory of ``imsearch index`` over 1,000 and 10,000 pictures: it must not grow with their number.

python -m benchmarks.memory [--annotator everyday] [--counts 1000 10000] [--json]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.pictures import SIZES, report, write_jpegs

PROGRAM = """
import resource, sys
from imsearch.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""
"""Runs a command and prints the greatest amount of memory it ever held, in kilobytes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--annotator", default="everyday")
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for count in options.counts:
            pictures = Path(folder) / str(count)
            write_jpegs(pictures, SIZES["VGA"], count)
            start = time.perf_counter()
            peak = peak_memory(pictures, Path(folder) / f"library {count}", options.annotator)
            rows.append({"pictures": count, "peak MB": peak, "seconds": time.perf_counter() - start})
    report(f"Memory while indexing VGA pictures with {options.annotator}", rows, options.json)


def peak_memory(pictures: Path, library: Path, annotator: str) -> float:
    """Index in a process of its own; megabytes."""
    command = [sys.executable, "-c", PROGRAM, "index", str(pictures), "--annotator", annotator]
    environment = os.environ | {"IMSEARCH_LIBRARY": str(library)}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024


if __name__ == "__main__":
    main()
