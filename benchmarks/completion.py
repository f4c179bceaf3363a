"""Facets and completion over a library of 100,000 synthetic images: the first time, after changes, and once warm.

    python -m benchmarks.completion [--images 100000] [--json]

"changed" reads the facts and tags of that many images again, as happens after each batch while pictures are indexed.
Completions are of the beginnings, one to five letters long, of the 300 most frequent tags, and of some keys and values.
"CPU" is the time of the processor, which other busy programs lengthen less than the time on the clock.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.pictures import report
from benchmarks.query_latency import synthetic_library
from imsearch.engine.engine import Engine
from imsearch.languages.lexicon import Lexicon

VALUES = ("date:2", "date:2015-", "camera:c", "by:", "folder:1", "sort:", "is:", "tag:a", "autom", "traffic li")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        synthetic_library(Path(folder) / "library", options.images)
        with Engine.open(Path(folder) / "library", Lexicon.load()) as engine:
            rows = measure(engine, options.images)
    report(f"Facets and completion, {options.images:,} images", rows, options.json)


def measure(engine: Engine, images: int) -> list[dict[str, object]]:
    every = np.arange(1, images + 1)
    rows = [_timed("values of all images", [lambda: engine.finder.facets.table()])]
    table = engine.finder.facets.table()
    for count in (1, 32, 1000):
        parts = [list(range(start, start + count)) for start in range(1, 10 * count, count)]
        again = [partial(engine.finder.facets.reread, table, part, table.state) for part in parts]
        rows.append(_timed(f"{count:,} images changed", again))
    rows.append(_timed(f"facets of {images:,} results", [lambda: engine.finder.facets.of(every)] * 20))
    rows.append(_timed("first completion", [lambda: engine.finder.completer.complete("ca", 2, 8)]))
    typed = _typed([name for name, _ in table.top("tag", 300)])
    rows.append(_timed("completion", [partial(engine.finder.completer.complete, text, len(text), 8) for text in typed]))
    return rows


def _typed(tags: Iterable[str]) -> list[str]:
    beginnings = [tag[:length] for tag in tags for length in range(1, min(5, len(tag)) + 1)]
    found = [*beginnings, *VALUES * 10]
    random.Random(1).shuffle(found)
    return found


def _timed(name: str, calls: Iterable[Callable[[], object]]) -> dict[str, object]:
    clock, cpu = [], []
    for call in calls:
        start, used = time.perf_counter(), time.process_time()
        call()
        clock.append((time.perf_counter() - start) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    p50, p95 = np.percentile(clock, [50, 95]).tolist()
    return {"": name, "times": len(clock), "p50 ms": p50, "p95 ms": p95, "CPU p50 ms": float(np.median(cpu))}


if __name__ == "__main__":
    main()
