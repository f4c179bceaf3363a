"""How long the query language takes in a library of 100,000 synthetic images: parsing and resolving, then the search.

    python -m benchmarks.query_conditions [--images 100000] [--library DIR] [--json]

The library is that of `benchmarks.query_latency`, with dates, cameras, places and file names drawn at random.  Each
query is asked once before it is timed; the figures are medians of 11.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import bindparam, update

from benchmarks.pictures import report
from benchmarks.query_latency import synthetic_library
from imsearch.engine.engine import Engine
from imsearch.engine.query.grammar import parse
from imsearch.engine.search.filters import Filters
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.words.resolving import resolve
from imsearch.languages.lexicon import Lexicon
from tests.engine.support import tables

QUERIES = (
    *("dog beach person", "dgo beach person", "gras~ beach", "gr* beach", "dog by:user", "dog by:synthetic"),
    *("tag:dog>0.8", "has:people", "date:2015", "date:2015 camera:canon", "iso:>800 -dog", "near:48.1,11.6,50"),
    *("path:IMG_12", "is:untagged", "by:synthetic", "has:text", "sort:-date"),
)
TIMES = 11


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--library", type=Path, help="keep the library there, or use the one that is there")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = options.library or Path(folder) / "library"
        if not library.exists():
            synthetic_library(library, options.images)
            with Engine.open(library, Lexicon.load(), write=True) as engine:
                draw_facts(engine)
        with Engine.open(library, Lexicon.load()) as engine:
            rows = [measure(engine, query) for query in QUERIES]
    report(f"Queries with conditions, median of {TIMES}", rows, options.json)


def draw_facts(engine: Engine) -> None:
    """Dates of thirty years, cameras, sensitivities and places over Europe."""
    random = np.random.default_rng(0)
    images = engine.catalog.changed_since(0)
    start = datetime(1995, 1, 1)
    rows = [
        {
            "which": image,
            "taken_at": start + timedelta(seconds=int(random.integers(30 * 365 * 86400))),
            "camera": f"{random.choice(['Canon', 'Nikon', 'Google'])} {random.integers(20)}",
            "iso": int(random.choice([100, 200, 400, 800, 1600, 3200])),
            "latitude": float(random.uniform(36, 60)),
            "longitude": float(random.uniform(-9, 30)),
            "metadata": {"camera": "the same again, as JSON", "exposure": "1/250", "software": "synthetic 1.0"},
        }
        for image in images
    ]
    with tables(engine).engine.begin() as connection:
        connection.execute(
            update(s.images)
            .where(s.images.c.id == bindparam("which"))
            .values({name: bindparam(name) for name in rows[0] if name != "which"}),
            rows,
        )


def measure(engine: Engine, query: str) -> dict[str, object]:
    """Milliseconds of understanding a query, and of all of it."""
    words = engine.finder.current_words()

    def understand() -> None:
        resolve(
            words,
            parse(query).tree,
            Filters(engine.catalog, lambda tag: engine.indexes.with_text(lambda index: index.postings(tag)), words),
        )

    found = engine.finder.search(query).total
    return {
        "query": query,
        "found": found,
        "parsed and resolved, ms": median(understand),
        "searched, ms": median(lambda: engine.finder.search(query)),
    }


def median(do: Callable[[], object]) -> float:
    seconds = []
    for _ in range(TIMES):
        start = time.perf_counter()
        do()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1000


if __name__ == "__main__":
    main()
