"""How long a query takes in an open library of 10,000 and of 100,000 synthetic images with 20 weighted tags and a
vector each: by words only, with visual evidence, with facets of the whole result, and by nearest vectors.

    python -m benchmarks.query_latency [--images 10000 100000] [--json]

Tags are drawn from the lexicon, frequent ones more often (Zipf); queries are drawn the same way, so that common words
come up as often as people type them.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.pictures import report
from imsearch.engine.engine import Engine
from imsearch.engine.search.feedback import Feedback
from imsearch.engine.search.options import SearchOptions
from imsearch.engine.search.ranking import Ranking
from imsearch.engine.stores.batch import FileSeen, ImageFacts, Reading
from imsearch.languages.lexicon import Lexicon
from imsearch.locations import Location
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec

Words: TypeAlias = NDArray[np.str_]
Odds: TypeAlias = NDArray[np.float64]

TAGS = 20
BATCH = 1000
QUERIES = 200
LENGTH = 1280
"""Of a vector, as the default annotator's."""
NEIGHBOURS = "nearest vectors"
WAYS: dict[str, tuple[Ranking, bool]] = {
    "words only": (Ranking(), False),
    "visual evidence": (Ranking(feedback=Feedback()), False),
    "facets": (Ranking(), True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for count in options.images:
        with tempfile.TemporaryDirectory() as folder:
            rows += measure(Path(folder) / "library", count)
    report(f"Query latency, {TAGS} weighted tags an image, {QUERIES} queries of each length", rows, options.json)


def measure(folder: Path, count: int) -> list[dict[str, object]]:
    """Fill a library, then ask it in each way, in a process for each, so that each has its own peak of memory."""
    start = time.perf_counter()
    synthetic_library(folder, count)
    filled = time.perf_counter() - start
    rows: list[dict[str, object]] = []
    for way in (*WAYS, NEIGHBOURS):
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            rows += [
                {"images": count, **row, "filled in s": filled} for row in pool.submit(_asked, folder, way).result()
            ]
    return rows


def _asked(folder: Path, way: str) -> list[dict[str, object]]:
    """Open the library for reading and time one way of asking."""
    lexicon = Lexicon.load()
    words, odds = _vocabulary(lexicon)
    rows: list[dict[str, object]] = []
    ranking, facets = WAYS.get(way, (None, False))
    with Engine.open(folder, lexicon, options=SearchOptions(ranking=ranking)) as engine:
        if way == NEIGHBOURS:
            rows.append({"asked for": way, "words": "-", **_nearest(engine)})
        else:
            rows += [
                {"asked for": way, "words": length, **timed(engine, words, odds, length, facets)}
                for length in (1, 2, 3)
            ]
    return [{**row, "peak MB": _peak()} for row in rows]


def _peak() -> float:
    """The most memory this process ever held, in MB; what `resource` tells counts that of the parent, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def timed(engine: Engine, words: Words, odds: Odds, length: int, facets: bool) -> dict[str, object]:
    """Ask queries of so many words."""
    random = np.random.default_rng(length)
    seconds, found = [], 0
    for _ in range(QUERIES):
        chosen = random.choice(words, length, replace=False, p=odds)
        text = " ".join(f'"{word}"' for word in chosen)
        start = time.perf_counter()
        found += engine.finder.search(text, facets=facets).total
        seconds.append(time.perf_counter() - start)
    return _told(seconds) | {"mean hits": found / QUERIES}


def _nearest(engine: Engine) -> dict[str, object]:
    """The 20 nearest vectors of one; the search in the index alone, without reading what the results show."""
    name, index = engine.indexes.vectors.of(None)
    seconds = []
    for image in np.random.default_rng(0).choice(len(index), QUERIES, replace=False) + 1:
        vector = engine.catalog.vector(int(image), name)
        assert vector is not None, "every image of the library has a vector"
        start = time.perf_counter()
        index.nearest(vector, 20)
        seconds.append(time.perf_counter() - start)
    return _told(seconds) | {"mean hits": 20.0}


def _told(seconds: Sequence[float]) -> dict[str, object]:
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95]).tolist()
    return {"p50 ms": p50, "p95 ms": p95, "first ms": seconds[0] * 1000}


def _vocabulary(lexicon: Lexicon) -> tuple[Words, Odds]:
    """The tags, and how often each occurs: as 1 over its rank."""
    words = np.array(lexicon.tags)
    odds = 1 / np.arange(1, len(words) + 1)
    return words, odds / odds.sum()


def synthetic_library(folder: Location, count: int, length: int = LENGTH) -> tuple[Lexicon, Words, Odds]:
    """Make a library of so many images with vectors of this length.

    Returns the lexicon, its tags and how often each occurs.
    """
    lexicon = Lexicon.load()
    words, odds = _vocabulary(lexicon)
    with Engine.open(folder, lexicon, write=True, create=True) as engine:
        engine.use_annotators([AnnotatorSpec("synthetic", "1", factory=never, vector_length=length)])
        for batch in synthetic(count, words, odds, length=length):
            engine.record(batch)
    return lexicon, words, odds


def synthetic(count: int, words: Words, odds: Odds, first: int = 0, length: int = LENGTH) -> Iterator[list[Reading]]:
    """Batches of images that were never files; probabilities fall from the first tag to the last.

    first: the number of the first one, so that others can follow.
    """
    random = np.random.default_rng(first)
    facts = ImageFacts(640, 480, "JPEG")
    for start in range(first, first + count, BATCH):
        batch = []
        vectors = random.random((BATCH, length), np.float32)
        for number in range(start, min(start + BATCH, first + count)):
            chosen = random.choice(words, TAGS, replace=False, p=odds)
            falling = np.sort(random.beta(0.6, 2.0, TAGS))[::-1]
            tags = tuple(Tag(str(word), float(p)) for word, p in zip(chosen, falling, strict=True))
            sha256 = hashlib.sha256(str(number).encode()).hexdigest()
            file = FileSeen(Path(f"/synthetic/{number // 1000}/{number}.jpg"), 1000, number)
            batch.append(Reading(file, sha256, facts, {"synthetic": Annotation(tags, vectors[number - start])}))
        yield batch


def never(device: str) -> NoReturn:
    raise AssertionError("nothing is annotated here")


if __name__ == "__main__":
    main()
