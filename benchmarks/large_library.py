"""A library of a million synthetic images: queries, conditions, facets, corrections, whole processes, and their memory.

    python -m benchmarks.large_library [--images 1000000] [--library DIR|URL] [--only PART]... [--json]

The images are those of `benchmarks.query_latency` with dates, cameras and places as in `benchmarks.query_conditions`,
and vectors of 32 numbers.  Each part is measured in a process of its own, which reads from disk what it needs at first
use; 200 queries are asked of each length.  A library that is kept (`--library`) is filled once and can be measured
again; "tag add" adds the tag "benchmarked" to the first image and takes it back.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.pictures import report
from benchmarks.query_conditions import draw_facts
from benchmarks.query_latency import _peak, _vocabulary, synthetic_library, timed
from imsearch.engine.engine import Engine
from imsearch.languages.lexicon import Lexicon
from imsearch.locations import Location, located

LENGTH = 32
CONDITIONS = ("path:IMG_12", "is:untagged", "sort:-date", "date:2015", "near:48.1,11.6,50", "has:people")
SOURCES = ("dog by:synthetic", "dog by:user", "by:synthetic")
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--library", help="keep the library there, or measure the one that is there")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part alone; may be given again")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where = located(options.library) if options.library else Path(folder) / "library"
        if isinstance(where, str) or not where.exists():
            report(
                f"Filling a library with {options.images:,} images", list(_filled(where, options.images)), options.json
            )
        for part in options.only or PARTS:
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                report(f"{options.images:,} images: {part}", pool.submit(PARTS[part], where).result(), options.json)


def _filled(where: Location, images: int) -> Iterator[dict[str, object]]:
    """Fill it and draw facts; yields how long it took and what it weighs."""
    start = time.perf_counter()
    synthetic_library(where, images, LENGTH)
    yield {"what": f"{images:,} images", "s": time.perf_counter() - start, "MB": "-"}
    with Engine.open(where, Lexicon.load(), write=True) as engine:
        draw_facts(engine)
    if isinstance(where, Path):
        for each in sorted(where.iterdir()):
            held = sum(
                file.stat().st_size for file in (each.rglob("*") if each.is_dir() else (each,)) if file.is_file()
            )
            if held > 1e6:
                yield {"what": each.name, "s": "-", "MB": held / 1e6}


def words(where: Location) -> list[dict[str, object]]:
    """Queries of one to three words, read from disk at first use, and once more."""
    lexicon = Lexicon.load()
    vocabulary, odds = _vocabulary(lexicon)
    rows: list[dict[str, object]] = []
    with Engine.open(where, lexicon) as engine:
        rows += [{"what": f"{n} words", **timed(engine, vocabulary, odds, n, False)} for n in (1, 2, 3)]
    return [{**row, "peak MB": _peak()} for row in rows]


def facets(where: Location) -> list[dict[str, object]]:
    """Facets of the results of one word: the first time, and of 200 others."""
    lexicon = Lexicon.load()
    vocabulary, odds = _vocabulary(lexicon)
    with Engine.open(where, lexicon) as engine:
        first = _seconds(lambda: engine.finder.search(str(vocabulary[0]), facets=True))
        timed(engine, vocabulary, odds, 1, False)  # postings are read, so that the rest is facets
        later = timed(engine, vocabulary, odds, 1, True)
        typed = [str(word)[:length] for word in vocabulary[:100] for length in (1, 2, 3)]
        begun = _seconds(lambda: engine.finder.completer.complete("ca", 2, 8))
        completions = [_seconds(partial(engine.finder.completer.complete, text, len(text), 8)) for text in typed]
    p95 = 1000 * float(np.percentile(completions, 95))
    return [
        {"what": "facets", "first ms": 1000 * first, "later p95 ms": later["p95 ms"], "peak MB": _peak()},
        {"what": "completion", "first ms": 1000 * begun, "later p95 ms": p95, "peak MB": _peak()},
    ]


def conditions(where: Location) -> list[dict[str, object]]:
    """Each condition once in an open library, after a query of one word."""
    rows: list[dict[str, object]] = []
    with Engine.open(where, Lexicon.load()) as engine:
        engine.finder.search("dog")
        for query in (*CONDITIONS, *SOURCES):
            start = time.perf_counter()
            found = engine.finder.search(query).total
            rows.append({"what": query, "ms": 1000 * (time.perf_counter() - start), "found": found})
        rows.append({"what": "status", "ms": 1000 * _seconds(engine.status), "found": "-"})
    return [{**row, "peak MB": _peak()} for row in rows]


def processes(where: Location) -> list[dict[str, object]]:
    """Whole processes: queries, status, a correction."""
    rows: list[dict[str, object]] = []
    for arguments in (["query", "dog", "beach", "--format", "paths"], ["query", "dog", "--format", "json"], ["status"]):
        seconds = [_seconds(partial(_run, where, arguments)) for _ in range(ROUNDS + 1)]
        rows.append(
            {
                "what": f"imsearch {' '.join(arguments)}",
                "s": statistics.median(seconds[1:]),
                "slowest s": max(seconds[1:]),
            }
        )
    added, removed = [], []
    for _ in range(ROUNDS):
        added.append(_seconds(lambda: _run(where, ["tag", "add", "1", "benchmarked"])))
        removed.append(_seconds(lambda: _run(where, ["tag", "undo"])))
    rows.append({"what": "imsearch tag add", "s": statistics.median(added), "slowest s": max(added)})
    rows.append({"what": "imsearch tag undo", "s": statistics.median(removed), "slowest s": max(removed)})
    return rows


PARTS: dict[str, Callable[[Location], list[dict[str, object]]]] = {
    "words": words,
    "facets": facets,
    "conditions": conditions,
    "processes": processes,
}


def _run(where: Location, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "imsearch", *arguments],
        env=os.environ | {"IMSEARCH_LIBRARY": str(where)},
        capture_output=True,
        check=False,
    )
    if done.returncode == 2 or b"Traceback" in done.stderr:
        raise RuntimeError(done.stderr.decode())


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
